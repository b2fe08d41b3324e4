"""Cboe's delayed quotes as JSON: ``{"timestamp", "symbol", "data": {"current_price", "options": [...]}}``.

The quotes are those of the last trade of the underlying, which the reply gives in New York's time; its own
``timestamp``, in UTC, comes a quarter of an hour later, or in the evening.
"""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues._formats import PRICING, Format, Pick
from hedging.venues._opening import QuoteFile
from hedging.venues._times import stamps
from hedging.venues._us import ZONE, Seen, at_or_session_end, named, only_asset, us_chain

__all__ = ["DELAYED"]


def _data(content: Any) -> dict[str, Any]:
    """The part of a reply that holds the options; ``{}`` of any other file."""
    data = content.get("data") if isinstance(content, dict) else None
    options = data.get("options") if isinstance(data, dict) else None
    if not (isinstance(data, dict) and isinstance(options, list) and options):
        return {}
    return data if all(isinstance(row, dict) for row in options) and "option" in options[0] else {}


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    data = _data(file.content)
    rows = named(pd.DataFrame(data["options"]).rename(columns={"option": "symbol"}))
    asset = only_asset(rows["asset"].dropna().unique().tolist(), pick, file.name)
    when, closed, notes = at_or_session_end(pick, _time(data, file), file.name)
    spot = float(pd.to_numeric(pd.Series([data.get("current_price")]), errors="coerce").iloc[0])
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    return us_chain(mine, file, pick, Seen(asset, when, spot, closed=closed, notes=notes))


def _time(data: dict[str, Any], file: QuoteFile) -> pd.Timestamp:
    for place, name, zone in ((data, "last_trade_time", ZONE), (file.content, "timestamp", "UTC")):
        if place.get(name):
            moment: pd.Timestamp = stamps(pd.Series([place[name]], name=name), file.name, zone).iloc[0]
            return moment
    raise ChainError(f"{file.name} has neither 'last_trade_time' nor 'timestamp'; pass at= (--at).")


DELAYED: Final = Format("cboe-delayed", lambda file: bool(_data(file.content)), _read, heeds=PRICING)

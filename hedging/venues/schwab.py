"""Option chains of Charles Schwab's API, TD Ameritrade's before it: maps of expiries and strikes for calls and puts.

Vols are in per cent, of the vendor's own making, and -999 or "NaN" is none; they are read only where neither side is
quoted. ``interestRate`` is in per cent too, and is taken where no call stands beside a put.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues._formats import PRICING, Format, Pick, given_time
from hedging.venues._opening import QuoteFile
from hedging.venues._times import epoch
from hedging.venues._us import Seen, at_or_session_end, settled_at, us_chain

__all__ = ["REPLY"]

_MAPS: Final = ("callExpDateMap", "putExpDateMap")
_THEIRS: Final = {
    "bidSize": "bid_size",
    "askSize": "ask_size",
    "openInterest": "open_interest",
    "totalVolume": "volume",
}


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    content = file.content
    asset = str(content["symbol"]).lstrip("$").partition(".")[0]
    if pick.asset not in (None, asset):
        raise ChainError(f"{file.name} holds options on {asset}, not {pick.asset}.")
    rows = _rows(content, file.name)
    when, closed, notes = at_or_session_end(pick, _time(rows, pick, file.name), file.name)
    rate = _number(content.get("interestRate")) / 100.0
    seen = Seen(
        asset,
        when,
        _number(content.get("underlyingPrice")),
        rate if np.isfinite(rate) else None,
        closed,
        notes,
    )
    return us_chain(rows, file, pick, seen)


def _rows(content: dict[str, Any], name: str) -> pd.DataFrame:
    """One row a contract, with our names."""
    found = [
        (day, row | {"strike": row.get("strikePrice", strike)})
        for side in _MAPS
        for day, strikes in (content.get(side) or {}).items()
        for strike, entries in strikes.items()
        for row in entries
    ]
    if not found:
        raise ChainError(f"{name} holds no option.")
    rows = pd.DataFrame([row for _, row in found]).rename(columns=_THEIRS)
    day = pd.to_datetime(pd.Series([day[:10] for day, _ in found]), format="%Y-%m-%d", errors="coerce")
    root = rows["symbol"].astype(str).str.extract(r"^([A-Z]+\d?)")[0]
    kind = rows["settlementType"] if "settlementType" in rows.columns else pd.Series("", index=rows.index)
    vol = _column(rows, "volatility") / 100.0
    quoted = (_column(rows, "bid") > 0) | (_column(rows, "ask") > 0)
    return rows.assign(
        root=root,
        flag=rows["putCall"].astype(str).str.lower().map({"call": "c", "put": "p"}),
        expiry=settled_at(day, root.where(kind.astype(str) == "A", "")),
        strike=pd.to_numeric(rows["strike"], errors="coerce"),
        mark_vol=vol.where((vol > 0) & ~quoted),
        mark=_column(rows, "mark").where(lambda mark: mark > 0).where(quoted),
    )


def _column(rows: pd.DataFrame, name: str) -> pd.Series:
    if name not in rows.columns:
        return pd.Series(np.nan, index=rows.index)
    return pd.to_numeric(rows[name], errors="coerce")


def _number(value: Any) -> float:
    return (
        float(pd.to_numeric(value, errors="coerce")) if isinstance(value, int | float | str) else float("nan")
    )


def _time(rows: pd.DataFrame, pick: Pick, name: str) -> pd.Timestamp:
    """Time of the latest quote."""
    column = next((each for each in ("quoteTimeInLong", "quoteTime") if each in rows.columns), None)
    if column is None:
        return given_time(pick, name)
    counts = rows[column].where(_column(rows, column) > 0).dropna()
    if counts.empty:
        return given_time(pick, name)
    latest: pd.Timestamp = epoch(counts, "ms", name).max()
    return latest


REPLY: Final = Format(
    "schwab",
    lambda file: (
        isinstance(file.content, dict)
        and "underlyingPrice" in file.content
        and bool({*_MAPS} & {*file.content})
    ),
    _read,
    heeds=PRICING,
)

"""The ``options_chain`` files of tardis.dev: every ticker update of a day, one line each.

Times are in microseconds, vols in per cent, prices as the exchange quotes them, empty cells mean none. A chain
is the last line of each contract up to the time asked for.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.units import utc
from hedging.venues import okx
from hedging.venues._formats import Pick, known_by_columns, own_time, pick_asset
from hedging.venues._opening import QuoteFile
from hedging.venues._times import epoch
from hedging.venues.deribit.names import named
from hedging.venues.deribit.rows import API_COLUMNS, chain_from_rows

__all__ = ["OPTIONS_CHAIN"]

_COLUMNS: Final = API_COLUMNS | {"symbol": "symbol"}
_EXCHANGES: Final = ("deribit", "okex-options")
# Sizes are contracts there, and open interest too: it is left out, as is volume.
_OKX: Final = {
    ours: theirs for ours, theirs in _COLUMNS.items() if ours not in ("index", "open_interest", "volume")
}


def _times(file: QuoteFile) -> pd.Series:
    return epoch(file.content["timestamp"], "us", file.name)


def _exchange(file: QuoteFile) -> str:
    """The one exchange of a file."""
    names = {"no exchange" if pd.isna(name) else str(name) for name in file.content["exchange"].unique()}
    if len(names) != 1 or (strange := sorted(names - set(_EXCHANGES))):
        shown = ", ".join(strange if len(names) == 1 else sorted(names))
        raise ChainError(
            f"{file.name} holds options of {shown}; read here is a file of one of {', '.join(_EXCHANGES)}."
        )
    return names.pop()


def _named(file: QuoteFile, pick: Pick) -> tuple[pd.DataFrame, str]:
    """Return the rows with what their names say, and the asset to read."""
    if _exchange(file) == "okex-options":
        rows = okx.okx_names(file.content, "symbol")
        return rows, okx.pick_pair(rows["asset"], pick, file.name)
    rows = named(file.content, "symbol")
    return rows, pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name)


def _updates(file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of all rows, once the file is known to hold the asset."""
    _named(file, pick)
    return _times(file)


def _moment(times: pd.Series, pick: Pick, name: str) -> pd.Timestamp:
    """The time asked for, the last one of the day asked for, or the last of all."""
    last: pd.Timestamp = times.max()
    if pick.of_day:
        of_day = [times[pick.on_day(pd.DatetimeIndex(times), zone)] for zone in pick.zones]
        return next((each.max() for each in of_day if len(each)), last)
    if pick.at is not None and utc(pick.at, "at") <= last:
        return utc(pick.at, "at")
    return own_time(pick, last, name)


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    rows, asset = _named(file, pick)
    times = _times(file)
    # Without a time the last state of the file is read, which is what a file of one moment holds.
    when = _moment(times, pick, file.name)
    seen = rows.assign(timestamp=times)[times <= when].sort_values("timestamp", kind="stable")
    if seen.empty:
        raise ChainError(f"{file.name} starts at {times.min():%Y-%m-%d %H:%M:%S} UTC, after {when}.")
    rows = seen.drop_duplicates("symbol", keep="last")
    if _exchange(file) == "okex-options":
        return okx.chain_of(
            rows, file, pick, pair=asset, as_of=when, columns=_OKX, vol="percent"
        )  # tardis.dev brings all vols to per cent
    return chain_from_rows(
        rows,
        asset=asset,
        as_of=when,
        columns=_COLUMNS,
        terms=pick.terms,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


OPTIONS_CHAIN: Final = known_by_columns(
    "tardis-options-chain",
    ("exchange", "symbol", "local_timestamp", "strike_price", "mark_iv"),
    _read,
    _updates,
    running=True,
)

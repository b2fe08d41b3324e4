"""Plain tables of end-of-day quotes of US options: date, expiry, type, strike, bid, ask, and nothing else.

The underlying is not in the file and must be given. Dates without a time are closes in New York; whether a day or a
month stands first shows where one is above 12, and is refused where it does not. Spot and forwards are what the
quotes say.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues._formats import PRICING, Format, Pick, pick_snapshot
from hedging.venues._opening import QuoteFile
from hedging.venues._us import ZONE, Seen, settled_at, us_chain

__all__ = ["TABLE"]

_DATES: Final = ("Effective Date", "Quote Date")
_EXPIRY: Final = "Expiry Date"
_CLOSE: Final = pd.Timedelta(hours=16)
_THEIRS: Final = {
    "Strike": "strike",
    "Bid": "bid",
    "Ask": "ask",
    "Volume": "volume",
    "Open Interest": "open_interest",
}


def _date_column(file: QuoteFile) -> str:
    return next((name for name in _DATES if name in file.columns), "")


def _times(file: QuoteFile, pick: Pick) -> pd.Series:
    del pick  # all rows are of the one underlying
    name = _date_column(file)
    day = _days(file.content[name], _order(file), file.name)
    closes: pd.Series = (day.dt.tz_localize(ZONE) + _CLOSE).dt.tz_convert("UTC")
    return closes


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    if pick.asset is None:
        raise ChainError(f"{file.name} does not name its underlying; pass asset= (--asset), as 'SPX'.")
    times = _times(file, pick)
    when = pick_snapshot(times, pick, file.name)
    mine = file.content[times == when].rename(columns=_THEIRS)
    day = _days(mine[_EXPIRY], _order(file), file.name)
    rows = mine.assign(
        flag=mine["Option Type"].astype(str).str.strip().str.lower().str[:1],
        expiry=settled_at(day, pd.Series("", index=mine.index)),
    )
    return us_chain(rows, file, pick, Seen(pick.asset, when))


def _order(file: QuoteFile) -> str:
    """The form of the dates in a file, told by a part above 12."""
    both = pd.concat([file.content[_date_column(file)], file.content[_EXPIRY]]).astype(str).str.strip()
    if both.str.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}").all():
        return "%Y-%m-%d"
    parts = both.str.extract(r"^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})$")
    if parts.isna().any(axis=None):
        odd = both[parts.isna().any(axis=1)].iloc[0]
        raise ChainError(
            f"{file.name}: dates must all be written alike, as 2026-02-06 or 02-06-2026; got {odd!r}."
        )
    first, second = pd.to_numeric(parts[0]).max(), pd.to_numeric(parts[2]).max()
    if (first > 12) == (second > 12):
        raise ChainError(
            f"{file.name}: no date such as {both.iloc[0]} shows whether its day or its month stands first."
        )
    sign = parts[1].iloc[0]
    return f"%d{sign}%m{sign}%Y" if first > 12 else f"%m{sign}%d{sign}%Y"


def _days(column: pd.Series, form: str, name: str) -> pd.Series:
    try:
        return pd.to_datetime(column.astype(str).str.strip(), format=form)
    except ValueError as error:
        raise ChainError(f"{name}: column {column.name!r} holds something that is no day: {error}") from error


def _matches(file: QuoteFile) -> bool:
    return {*_COLUMNS} <= file.columns and bool(_date_column(file))


_COLUMNS: Final = (_EXPIRY, "Option Type", "Strike", "Bid", "Ask")
TABLE: Final = Format("end-of-day", _matches, _read, _times, heeds=PRICING, silent=True, columns=_COLUMNS)

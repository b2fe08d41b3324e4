"""What a Deribit contract's name says.

``BTC-5MAR26-70000-P`` settles in coin; ``XRP_USDC-21SEP26-1d325-C`` in USDC, ``d`` being the decimal point.
The day has no leading zero; every expiry is at 08:00 UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import pandas as pd

from hedging._ground.names import MONTHS
from hedging.market._cleaning import distinct

__all__ = ["Name", "named", "parse_name"]

_NAME: Final = re.compile(
    r"(?P<base>[A-Z0-9]+)(?:_(?P<quote>[A-Z]+))?"
    r"-(?:PERPETUAL|(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d{2})"
    r"(?:-(?P<strike>\d+(?:[d.]\d+)?)-(?P<flag>[CP]))?)"
)


class Name(NamedTuple):
    """What a name says.

    Attributes
    ----------
    asset : str
        ``BTC``, or ``XRP_USDC`` where it settles in USDC.
    expiry : Timestamp
        08:00 UTC of the day; NaT for a perpetual.
    strike : float
        NaN for a future.
    flag : str
        ``'c'`` or ``'p'``; ``""`` for a future.
    """

    asset: str
    expiry: pd.Timestamp
    strike: float
    flag: str


def parse_name(symbol: str) -> Name | None:
    """Read the name of an option, future or perpetual; None if it is none of Deribit's.

    Examples
    --------
    >>> parse_name("XRP_USDC-21SEP26-1d325-C")
    Name(asset='XRP_USDC', expiry=Timestamp('2026-09-21 08:00:00+0000', tz='UTC'), strike=1.325, flag='c')
    >>> parse_name("BTC-PERPETUAL")
    Name(asset='BTC', expiry=NaT, strike=nan, flag='')
    >>> parse_name("AAPL") is None
    True
    """
    match = _NAME.fullmatch(symbol)
    if match is None:
        return None
    asset = f"{match['base']}_{match['quote']}" if match["quote"] else match["base"]
    strike = float(match["strike"].replace("d", ".")) if match["strike"] else float("nan")
    flag = (match["flag"] or "").lower()
    if match["day"] is None:
        return Name(asset, pd.NaT, strike, flag)  # type: ignore[arg-type]
    if match["month"] not in MONTHS:
        return None
    year, month, day = 2000 + int(match["year"]), MONTHS.index(match["month"]) + 1, int(match["day"])
    try:
        expiry = pd.Timestamp(year=year, month=month, day=day, hour=8, tz="UTC")
    except ValueError:  # 31 June
        return None
    return Name(asset, expiry, strike, flag)


_NO_NAME: Final = (None, pd.NaT, float("nan"), "")


def named(rows: pd.DataFrame, column: str = "instrument_name") -> pd.DataFrame:
    """Add what the names say.

    Parameters
    ----------
    rows : DataFrame
        One row an instrument.
    column : str
        Which column holds the names.

    Returns
    -------
    DataFrame
        With columns ``asset, expiry, strike, flag`` as the names say them (asset None where a name says
        nothing), and ``contradiction``: the reason to reject a row whose own strike, type or day differs from
        its name's, else ``""``.
    """
    codes, symbols = distinct(rows[column])
    parsed = [parse_name(str(symbol)) or _NO_NAME for symbol in symbols]
    names = pd.DataFrame(parsed, columns=Name._fields)
    expiry = pd.to_datetime(names["expiry"], utc=True).astype("datetime64[ns, UTC]")
    names = names.assign(expiry=expiry, strike=names["strike"].astype(float))
    names = names.iloc[codes].set_axis(rows.index)
    return rows.assign(**names, contradiction=_contradictions(rows, names))


def _contradictions(rows: pd.DataFrame, names: pd.DataFrame) -> pd.Series:
    """Name the first of a row's own columns that says something else than its name."""
    found = pd.Series("", index=rows.index, dtype=object)
    option = names["flag"] != ""
    if "strike" in rows.columns:
        other = pd.to_numeric(rows["strike"], errors="coerce")
        found[option & ((other / names["strike"] - 1.0).abs() > 1e-9)] = "name and strike differ"
    if "option_type" in rows.columns:
        other = _of_each(
            rows["option_type"], lambda kind: kind.map(lambda each: str(each).strip().lower()[:1])
        )
        found[option & (found == "") & (other != names["flag"])] = "name and type differ"
    for column in {"expiry", "expiry_datetime", "expiry_date"} & set(rows.columns):
        other = _of_each(rows[column], _as_times)
        differs = other.dt.normalize() != names["expiry"].dt.normalize()
        found[option & (found == "") & other.notna() & differs] = "name and expiry differ"
    return found


def _as_times(column: pd.Series) -> pd.Series:
    return pd.to_datetime(column.map(str), utc=True, errors="coerce", format="ISO8601")


def _of_each(column: pd.Series, read: Callable[[pd.Series], pd.Series]) -> pd.Series:
    """What `read` makes of a column, each distinct cell read once."""
    codes, cells = distinct(column)
    found: pd.Series = read(cells).iloc[codes].set_axis(column.index)
    return found

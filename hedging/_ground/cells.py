"""Words of single values: numbers without exponents, shares in per cent, dates, days, and what a cell of a table says."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of

__all__ = [
    "DIGITS",
    "MOST_DECIMALS",
    "NOTHING",
    "SHARE",
    "SIGNED",
    "SIGNED_SHARE",
    "amount",
    "cell",
    "date",
    "figure",
    "formatted",
    "listed",
    "on_day",
    "per_cent",
    "share_text",
    "stamp",
    "true_minus",
    "when",
]

NOTHING: Final = "-"
SHARE, SIGNED_SHARE, SIGNED = "share", "signed share", "signed"
"""Kinds of columns that need more than their unit: decimals read in per cent, and numbers with their sign."""
DIGITS: Final = 6
MOST_DECIMALS: Final = 12
_HYPHEN = re.compile(r"(?:(?<=[\s(,;:])|^)-(?=\.?\d)")
_EXPIRY_HOUR = 8  # of Deribit; a date says it all
_LIST_SHOWN = 4


def figure(value: float, digits: int = DIGITS) -> str:
    """A number to so many digits, in whole units where it has more before the point: never 1.2e+06.

    Examples
    --------
    >>> figure(1_234_567.8, 3), figure(119.6, 2), figure(0.01234, 2), figure(0.0000034567, 3)
    ('1,234,568', '120', '0.012', '0.00000346')
    """
    if not math.isfinite(value):
        return NOTHING if math.isnan(value) else ("unbounded" if value > 0 else "-unbounded")
    if abs(value) >= 10.0**digits:
        return f"{value:,.0f}"
    if value == 0.0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{float(f'{value:.{digits}g}'):,.{min(decimals, MOST_DECIMALS + digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: float, unit: str = "") -> str:
    """Money as it is read: whole above a thousand, else to five digits, thousands apart.

    Examples
    --------
    >>> amount(1_750_000.4, "USD"), amount(0.0284, "BTC"), amount(-1990.69)
    ('1,750,000 USD', '0.0284 BTC', '-1,991')
    """
    return f"{figure(value, 3 if abs(value) >= 1000 else 5)} {unit}".rstrip()


def formatted(value: float, form: str, unit: str = "") -> str:
    """A number in a form of its own with its unit, or the sign for nothing where there is none.

    Examples
    --------
    >>> formatted(0.0123, "+.1%"), formatted(1750.2, ",.0f", " USD"), formatted(float("nan"), ",.0f", " USD")
    ('+1.2%', '1,750 USD', '-')
    """
    return NOTHING if math.isnan(value) else f"{value:{form}}{unit}"


def per_cent(share: float, decimals: int = 1) -> str:
    """A share in per cent; what rounds to nothing has no sign."""
    return f"{round(share, decimals + 2) + 0.0:.{decimals}%}"


def date(when: Any) -> str:
    """A time as a date; the hour only where it is neither midnight nor that of an expiry.

    Examples
    --------
    >>> date(pd.Timestamp("2026-03-27T08:00Z")), date(pd.Timestamp("2026-03-02T12:00Z"))
    ('2026-03-27', '2026-03-02 12:00')
    """
    at: Any = pd.Timestamp(when)
    if pd.isna(at):
        return NOTHING
    bare = at.minute == at.second == 0 and at.hour in (0, _EXPIRY_HOUR)
    return f"{at:%Y-%m-%d}" if bare else f"{at:%Y-%m-%d %H:%M}"


def on_day(as_of: Any, day: float) -> str:
    """The date so many days after `as_of`, or ``day 49.1`` where nobody knows what day it was.

    Examples
    --------
    >>> on_day(pd.Timestamp("2026-03-02T12:00Z"), 49.1), on_day(None, 49.1), on_day(None, 0)
    ('2026-04-20', 'day 49.1', 'today')
    >>> on_day(pd.Timestamp("2026-03-02T12:00Z"), 4e6)
    'day 4e+06'
    """
    if as_of is None:
        return "today" if day == 0 else f"day {day:.3g}"
    try:
        return f"{pd.Timestamp(as_of) + pd.Timedelta(days=float(day)):%Y-%m-%d}"
    except (ValueError, OverflowError, NotImplementedError):  # beyond the years that a calendar has
        return f"day {day:.3g}"


def when(as_of: Any, day: float) -> str:
    """The date of a day, as a sentence has it: `on_day` with its preposition.

    Examples
    --------
    >>> when(pd.Timestamp("2026-03-02T12:00Z"), 30.0), when(None, 30.0), when(None, 0)
    ('on 2026-04-01', 'day 30', 'today')
    """
    if day == 0:
        return "today"
    return on_day(as_of, day) if as_of is None else f"on {on_day(as_of, day)}"


def stamp(time: pd.Timestamp) -> str:
    """A time to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def share_text(value: float, *, signed: bool) -> str:
    """A share in per cent, with two digits where one decimal would be nothing.

    Examples
    --------
    >>> share_text(0.1234, signed=False), share_text(0.0, signed=True), share_text(-0.00021, signed=True)
    ('12.3%', '0.0%', '-0.021%')
    """
    if not math.isfinite(value):
        return figure(value)
    if 0.0 < abs(value) < 0.001:
        return ("+" if signed and value > 0 else "") + f"{figure(100.0 * value, 2)}%"
    return f"{round(value, 3) + 0.0:{'+' if signed and round(value, 3) else ''}.1%}"


def cell(value: Any, unit: str = "") -> str:
    """One value as it is read."""
    simple = value is None or isinstance(value, float | np.floating | type(pd.NaT) | type(pd.NA))
    if simple and (value is None or pd.isna(value)):
        return NOTHING
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        if unit in (SHARE, SIGNED_SHARE):
            return share_text(float(value), signed=unit == SIGNED_SHARE)
        return ("+" if unit == SIGNED and value > 0 else "") + figure(float(value))
    return _words(value, unit)


def _words(value: Any, unit: str) -> str:
    if isinstance(value, pd.Timestamp):
        return date(value)
    if isinstance(value, pd.DatetimeIndex):
        return (
            f"{number_of(len(value), 'time')}, {date(value[0])} .. {date(value[-1])}"
            if len(value)
            else "none"
        )
    if isinstance(value, np.ndarray):
        if value.ndim == 1 and value.size <= _LIST_SHOWN:
            return ", ".join(cell(each, unit) for each in value) or "none"
        return " x ".join(map(str, value.shape)) + " numbers"
    if isinstance(value, pd.Series | pd.DataFrame):
        return f"table of {number_of(len(value), 'row')}"
    if isinstance(value, Mapping):
        return listed(f"{key} {cell(each, unit)}" for key, each in value.items())
    if isinstance(value, tuple | list | frozenset | set):
        if len(value) == 2 and all(each is None or isinstance(each, int | float) for each in value):
            return " .. ".join("" if each is None else cell(each, unit) for each in value).strip()
        return listed(cell(each, unit) for each in value)
    symbol = getattr(value, "symbol", None)
    if isinstance(symbol, str):
        return symbol
    if dataclasses.is_dataclass(value) and type(value).__str__ is object.__str__:
        return type(value).__name__
    return str(value).partition("\n")[0]


def listed(texts: Iterable[str]) -> str:
    """The first of some texts, and how many more there are.

    Examples
    --------
    >>> listed("abc"), listed("abcdefg"), listed("")
    ('a, b, c', 'a, b, c, d and 3 more', 'none')
    """
    items = list(texts)
    more = f" and {len(items) - _LIST_SHOWN:,} more" if len(items) > _LIST_SHOWN else ""
    return (", ".join(items[:_LIST_SHOWN]) + more) or "none"


def true_minus(text: str) -> str:
    """A text with typographic minus signs; names of contracts, dates and ranges keep their hyphens.

    Examples
    --------
    >>> true_minus("-69.1 % (-2 %/day) of BTC-27FEB26-84000-P on 2026-01-31")
    '−69.1 % (−2 %/day) of BTC-27FEB26-84000-P on 2026-01-31'
    """
    return _HYPHEN.sub("−", text)

"""Numbers as a reader of the page sees them: thousands, true minus signs, shares in per cent, a dash for nothing."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from hedging._ground.cells import cell, stamp, true_minus

__all__ = [
    "NOTHING",
    "amount",
    "day_name",
    "exact",
    "per_cent",
    "places",
    "read",
    "signed",
    "stamp",
    "typeset",
]

NOTHING = "–"
DUST = 1e-12  # what arithmetic leaves of nothing
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?\+00:00")
_LONG_NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d{6,}(?![\w.])")
MINUS = "−"
_PER_CENT = re.compile(r"(?<=\d) ?%(?!\w)")
HARD_SPACE = "\N{NO-BREAK SPACE}"


def amount(value: float | None, digits: int = 0) -> str:
    """A number with thousands; what rounds to nothing has no sign.

    Examples
    --------
    >>> amount(-1234.5), amount(-0.2), amount(None), amount(0.12345, 4)
    ('−1,234', '0', '–', '0.1235')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", MINUS)


def signed(value: float | None, digits: int = 0) -> str:
    """The same with its sign, which 0 has not.

    Examples
    --------
    >>> signed(1234.6), signed(-3.0), signed(0.4)
    ('+1,235', '−3', '0')
    """
    text = amount(value, digits)
    return f"+{text}" if value is not None and round(value, digits) > 0 else text


def exact(value: float | None, digits: int = 5) -> str:
    """A number to so many digits, as Greeks are read; never 1.2e+06.

    Examples
    --------
    >>> exact(1_234_567.8), exact(-0.00048431), exact(25.0)
    ('1,234,568', '−0.00048431', '25')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    if abs(value) < DUST:
        return "0"
    if abs(value) >= 10.0**digits:
        return amount(value)
    rounded = float(f"{value:.{digits}g}") + 0.0
    places = 0 if rounded == 0.0 else max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{places}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def read(value: object) -> str:
    """Any value in a cell: numbers to five digits, times to the minute, texts with the long numbers in them shortened.

    Examples
    --------
    >>> read(194.29900097411053), read(1.8e-15), read("at 2026-05-14 08:00:00+00:00, mark 0.02433477")
    ('194.3', '0', 'at 2026-05-14 08:00 UTC, mark 0.024335')
    """
    if value is None or isinstance(value, str):
        text = _STAMP.sub(r"\1 \2 UTC", value or NOTHING)
        return _LONG_NUMBER.sub(lambda found: exact(float(found[0])).replace(",", ""), text)
    if isinstance(value, pd.Timestamp):
        return stamp(value)
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        return cell(value)
    return exact(float(value))


def typeset(text: str) -> str:
    """A sentence of another room with the page's minus signs and shares, which no line ends within.

    Examples
    --------
    >>> typeset("-69.1% (-2 %/day) of BTC-27FEB26-84000-P").replace(HARD_SPACE, " ")
    '−69.1 % (−2 %/day) of BTC-27FEB26-84000-P'
    """
    return _PER_CENT.sub(f"{HARD_SPACE}%", true_minus(text))


def places(size: float) -> int:
    """Digits behind the point that sums in a book of some size are worth showing with."""
    return 0 if abs(size) >= 10_000 else 2 if abs(size) >= 100 else 4


def per_cent(share: float | None, decimals: int = 1, *, sign: bool = False) -> str:
    """A share in per cent, which no line ends within.

    Examples
    --------
    >>> per_cent(-0.149) == "−14.9" + HARD_SPACE + "%", per_cent(0.2, 0, sign=True)[:3], per_cent(0.0)[:3]
    (True, '+20', '0.0')
    """
    if share is None or not math.isfinite(share):
        return NOTHING
    return f"{(signed if sign else amount)(100.0 * share, decimals)}{HARD_SPACE}%"


def day_name(as_of: pd.Timestamp, day: float) -> str:
    """The date that lies so many days ahead, which no line ends within; today is called so."""
    return "today" if day == 0.0 else f"{as_of + pd.Timedelta(days=day):%d{HARD_SPACE}%b{HARD_SPACE}%Y}"

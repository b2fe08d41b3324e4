"""Tidier spellings of a value that was refused: its own reader says which of them was meant.

A spelling changes no meaning: what may be thousands to one reader and a fraction to the next, a day or a month,
or an amount in another currency is left to whoever typed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, Final

from hedging._ground.names import MONTHS
from hedging._ground.numbers import SPANS, TIMES
from hedging.errors import InputError

__all__ = ["decimal_point", "form_meant", "iso_days", "literal", "spellings", "tidy"]

_MOST_DIGITS: Final = 17  # of a number that a float keeps
_SIGNS: Final = str.maketrans("−‐‑–—\u00a0\u2009\u202f’", "-----   '")
_NUMBER: Final = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_END: Final = r"[+-]?[\w.%][\w.%-]*"
_LEAST: Final = r"(?:>=?|≥|(?:min(?:imum)?|at least|from|above|over)\s)"
_MOST: Final = r"(?:<=?|≤|(?:max(?:imum)?|at most|up to|to|below|under)\s)"
_DAYS: Final = (
    (r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})", "ymd"),
    (r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})", "dmy"),
    (r"(?P<d>\d{1,2})[-/](?P<m>\d{1,2})[-/](?P<y>\d{4}|\d{2})", "either"),
    (r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[ -]?(?P<m>[A-Za-z]{3,9})\.?[ ,-]*(?P<y>\d{4}|\d{2})", "named"),
    (r"(?P<m>[A-Za-z]{3,9})\.?[ -]?(?P<d>\d{1,2})(?:st|nd|rd|th)?,? ?-?(?P<y>\d{4})", "named"),
    (r"(?P<y>20\d{2})(?P<m>\d{2})(?P<d>\d{2})", "ymd"),
)


def form_meant(
    text: str,
    read: Callable[[str], Any],
    *,
    units: Collection[str] = (),
    days: bool = False,
) -> str:
    """The first tidier spelling that a reader takes; empty where it takes none.

    Parameters
    ----------
    text : str
    read : callable
        Raises where it takes a text not.
    units : collection of str
        What the value is in anyhow, in upper case: its name changes nothing.
    days : bool
        Whether a letter behind a number is a span of days, and not thousands or millions.

    Examples
    --------
    >>> form_meant("1,000.5 USD", float, units=("USD",)), form_meant("1k", float), form_meant("24/04/26", str)
    ('1000.5', '1000', '2026-04-24')
    """
    for spelling in spellings(text, units, days=days):
        with suppress(InputError, ValueError):
            read(spelling)
            return spelling
    return ""


def iso_days(text: str) -> str:
    """A text with every day of the calendar in it as ISO 8601 has them, where it can be no other day.

    Examples
    --------
    >>> iso_days("24 Apr 2026"), iso_days("04/24/26 to 1.5.2026"), iso_days("04/05/2026")
    ('2026-04-24', '2026-04-24 to 2026-05-01', '04/05/2026')
    """
    for pattern, order in _DAYS:
        text = re.sub(rf"(?<![\w.]){pattern}(?![\w]|\.\d)", partial(_iso, order=order), text)
    return text


def _iso(day: re.Match[str], order: str) -> str:
    first, second, year = day["d"], day["m"], int(day["y"])
    if order == "named":
        if second[:3].upper() not in MONTHS:
            return day[0]
        second = str(MONTHS.index(second[:3].upper()) + 1)
    elif order == "either":
        if int(first) <= 12 and int(second) <= 12 and first != second:  # a day or a month
            return day[0]
        first, second = (second, first) if int(second) > 12 else (first, second)
    try:
        return date(year + 2000 * (year < 100), int(second), int(first)).isoformat()
    except ValueError:
        return day[0]


def spellings(text: str, units: Collection[str] = (), *, days: bool = False) -> Iterator[str]:
    """Tidier spellings of a text, the nearest first; see `form_meant`."""
    plain = _without(tidy(text), units)
    sized = _in_full(plain, SPANS if days else TIMES)
    found = [
        text,
        plain,
        _money(sized),
        sized,
        decimal_point(sized),
        _money(decimal_point(sized)),
        iso_days(plain),
        _timed(iso_days(plain)),
    ]
    found += [_contract(plain), *map(_ranged, (sized, decimal_point(sized), iso_days(plain)))]
    tried = {text}
    for spelling in found:
        if spelling not in tried:
            tried.add(spelling)
            yield spelling


def tidy(text: str) -> str:
    """Signs and separators as a keyboard has them, thousands without any."""
    plain = re.sub(r"(?i)^minus\s+", "-", text.translate(_SIGNS).strip().strip("\"'").rstrip(";, "))
    plain = re.sub(r"(?i)\s*(?:per ?cent|pct|%)(?!\w)", "%", plain)
    plain = re.sub(
        r"(?<![\w.,])\d{1,3}(?:[ '_]\d{3})+(?![\d_'])", lambda all_: re.sub(r"[ '_]", "", all_[0]), plain
    )
    plain = re.sub(
        r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?=\.\d)|(?<![\w.,])\d{1,3}(?:,\d{3}){2,}(?![\d,])", _bare, plain
    )
    dotted = r"(?<![\w.,])\d{1,3}(?:\.\d{3})+,\d+(?![\d.,])"
    plain = re.sub(dotted, lambda all_: all_[0].replace(".", "").replace(",", "."), plain)
    plain = re.sub(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\d.,])", _bare, plain)
    return re.sub(r"\s*([:=])\s*", r"\1", plain)


def _bare(found: re.Match[str]) -> str:
    return re.sub(r"[.,]", "", found[0])


def decimal_point(text: str) -> str:
    """Commas before a fraction as points."""
    return re.sub(
        r"(?<![\d.,])(0,\d+|\d+,(?:\d{1,2}|\d{4,}))(?![\d.,])", lambda found: found[0].replace(",", "."), text
    )


def _without(text: str, units: Collection[str]) -> str:
    if not units:
        return text
    known = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    return re.sub(rf"(?i)(?<![A-Za-z])\s*(?:{known})\s*(?![A-Za-z])", "", text).strip()


def _in_full(text: str, sizes: Mapping[str, float]) -> str:
    """Numbers with a size behind them, 5k or 2 weeks, in full."""
    known = "|".join(sorted(sizes, key=len, reverse=True))
    pattern = rf"(?i)(?<![\w.])({_NUMBER})\s*({known})s?(?=$|[^\w]|[A-Z]{{3,4}}\b)"
    return re.sub(pattern, lambda found: f"{float(found[1]) * sizes[found[2].lower()]:.15g}", text)


def _money(text: str) -> str:
    """An amount with its currency behind it."""
    text = re.sub(rf"({_NUMBER}) ([A-Za-z]{{3,5}})$", r"\1\2", text)
    found = re.fullmatch(rf"(?i)([+-]?)\s*(?:us)?\$\s*({_NUMBER})|({_NUMBER})\s*(?:us\$|\$|dollars?)", text)
    return f"{found[1] or ''}{found[2] or found[3]}USD" if found else text


def _timed(text: str) -> str:
    """A time in UTC as ISO 8601 has it."""
    return re.sub(r"(?i)^(\d{4}-\d{2}-\d{2})[ T](\d{1,2}:\d{2}(?::\d{2})?)\s*(?:UTC|GMT|Z)$", r"\1T\2Z", text)


def _contract(text: str) -> str:
    """The parts of a contract's name joined as exchanges join them."""
    return "-".join(re.split(r"[\s_/-]+", text)).upper() if re.match(r"[A-Za-z]+[\s/_-]+\d", text) else text


def _ranged(text: str) -> str:
    """Two ends, one, or a value with its tolerance as bands and windows have them; of an asset with its name."""
    if found := re.fullmatch(rf"({_END})\s*(?:\+/-|±|\+-)\s*({_END})", text):
        return f"{found[1]}+-{found[2]}"
    if found := re.fullmatch(rf"(?i){_LEAST}\s*({_END})|({_END})\s*(?:\+|or more|and more)", text):
        return f"{found[1] or found[2]}:"
    if found := re.fullmatch(rf"(?i){_MOST}\s*({_END})|({_END})\s*(?:or less|and less)", text):
        return f":{found[1] or found[2]}"
    if found := re.fullmatch(
        r"([A-Za-z]{2,10})[:\s]\s*(\S*\d:\S*|\S*:\d\S*)|(\S*\d:\S*|\S*:\d\S*)\s+([A-Za-z]{2,10})", text
    ):
        return f"{(found[1] or found[4]).upper()}={found[2] or found[3]}"
    parts = r"\s*(?:\.\.+|;|:)\s*|,(?:\s+|(?=[1-9]\d))|\s+(?:-|to|and|until|till)\s+|\s+"
    ends = re.split(parts, re.sub(r"(?i)^between\s+", "", text.strip("[](){} ")))
    if len(ends) == 1:  # one word: 8-12, and not 2026-03-01
        ends = re.findall(rf"^({_NUMBER}%?)-({_NUMBER}%?)$", text) and re.split(r"(?<=[\d%])-", text)
    return (
        ":".join(ends) if ends and len(ends) == 2 and all(re.fullmatch(_END, end) for end in ends) else text
    )


def literal(value: str) -> str:
    """A value as TOML has it: a number as it stands, other text in quotes.

    Examples
    --------
    >>> literal("88000.0"), literal("1e4"), literal("0.05"), literal("8:12")
    ('88_000', '10_000', '0.05', '"8:12"')
    """
    if not re.fullmatch(_NUMBER, value) or len(value) > _MOST_DIGITS:
        return f'"{value}"'
    number = float(value)
    return f"{int(number):_}" if number.is_integer() and abs(number) < 1e15 else repr(number)

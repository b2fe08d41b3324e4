"""How what is asked is written, on the command line and in a book's file: shares, bands, windows, money, dates.

It stands on the ground, and loads no library, as the command's help names these forms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from hedging._ground.names import MONTHS, check_name
from hedging._ground.nearest import meant
from hedging._ground.numbers import (
    as_number,
    count,
    days,
    days_left,
    is_number,
    number,
    positive,
    seconds,
    whole,
)
from hedging._ground.shares import Money, loss, share, spend, velocity
from hedging.errors import InputError

__all__ = [
    "Dates",
    "Money",
    "as_band",
    "asset",
    "band",
    "bands",
    "by_name",
    "count",
    "days",
    "days_left",
    "days_window",
    "delta",
    "flag",
    "floor",
    "funding",
    "in_words",
    "loss",
    "meant",
    "names",
    "number",
    "one_of",
    "positive",
    "seconds",
    "share",
    "spend",
    "velocity",
    "whole",
    "window",
    "written",
]

_TICKER: Final = re.compile(r"[A-Za-z0-9_.$^/-]+")
_DAY: Final = r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[A-Za-z]{3}\d{2})"


class Dates(NamedTuple):
    """A window of UTC days, both included; who knows the time of the quotes makes days of it."""

    first: date | None
    last: date | None

    def __str__(self) -> str:
        return f"{self.first or ''}:{self.last or ''}"


def asset(text: str) -> str:
    """An asset's name as exchanges write it; one of mixed case, such as kPEPE, or no ticker is left as it is.

    Examples
    --------
    >>> asset("btc"), asset("Eth"), asset("xrp_usdc"), asset("kPEPE"), asset("<b>my coin</b>")
    ('BTC', 'ETH', 'XRP_USDC', 'kPEPE', '<b>my coin</b>')
    """
    text = check_name("", text.strip())
    one_case = text in (text.lower(), text.title(), text.capitalize())
    return text.upper() if one_case and _TICKER.fullmatch(text) else text


def moment(text: str) -> str:
    """A day or a time, which is read where files are; what begins with no day of ISO 8601 is neither."""
    if not re.match(r"\d{4}-\d{2}-\d{2}", text.strip()):
        raise InputError(
            f"must be a time in UTC, such as 2026-02-06T04:30Z, or a day, 2026-02-06; got {text!r}"
        )
    return text


def band(text: str) -> tuple[float | None, float | None]:
    """A band written as ``8:12``, ``8:`` or ``:12``, or a value with its tolerance, ``10+-2``."""
    value, sign, tolerance = text.replace("±", "+-").partition("+-")
    if sign:
        middle, around = number(value), number(tolerance)
        if around < 0.0:
            raise InputError(
                f"must be a value with a tolerance >= 0, such as 10+-2; got {text!r}: the tolerance is below 0"
            )
        return middle - around, middle + around
    low, colon, high = text.partition(":")
    if not colon or not (low or high):
        raise InputError(
            f"must be a band LO:HI, LO: or :HI, or VALUE+-TOLERANCE; got {text!r}{as_band(text)}{_around(text)}"
        )
    ends = tuple(_plain(end, text) if end else None for end in (low, high))
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise InputError(f"must have the low end first; got {text!r}: write {high.strip()}:{low.strip()}")
    return ends[0], ends[1]


def _around(text: str) -> str:
    return f", {text}+-TOLERANCE for about that" if re.fullmatch(r"-?\d+(\.\d+)?", text) else ""


def _plain(end: str, text: str) -> float:
    """One end of a band, in its unit: a percentage is a share of nothing here."""
    if end.endswith("%"):
        near = text.replace("%", "")
        raise InputError(
            f"must be a band in units such as 8:12, not in per cent; got {text!r}: such as {near}, if that is meant"
        )
    try:
        return number(end)
    except InputError as error:
        if "finite" in str(error) or "at most" in str(error):
            raise
        ends = [as_number(each).removeprefix(": write ") or each for each in text.split(":")]
        near = ":".join(ends) if ":" in text and not any(" or " in each for each in ends) else text
        how = f": write {near}" if near != text else ""
        raise InputError(f"must be a band of numbers such as 8:12; got {text!r}{how}") from None


def as_band(text: str) -> str:
    """How a band that was written in another way is written here."""
    two = re.fullmatch(
        r"\s*[\[(]?\s*(-?[\d.]+)\s*(?:-|,|;|–|\.\.+|to|\s)\s*(-?[\d.]+)\s*[\])]?\s*", text.replace("_", "")
    )
    if two and is_number(two[1]) and is_number(two[2]) and float(two[1]) <= float(two[2]):
        return f": write {two[1].strip('.')}:{two[2].strip('.')}"
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return f": write {text}: for at least that, :{text} for at most that"
    bound = re.fullmatch(r"([<>]=?)\s*(-?\d+(?:\.\d+)?)", text)
    if bound:
        return f": write {f':{bound[2]}' if bound[1][0] == '<' else f'{bound[2]}:'}"
    return ""


def in_words(low: float, high: float | None) -> str:
    """A window as a message says it.

    Examples
    --------
    >>> in_words(7.0, None), in_words(0.05, 0.6)
    ('from 7', '0.05 to 0.6')
    """
    return f"from {low:g}" if high is None or high == float("inf") else f"{low:g} to {high:g}"


def window(text: str) -> tuple[float, float] | Dates:
    """A window of days, ``20:100``, or of dates, ``2026-03-01:2026-06-01`` or ``26JUN26``; one date is that day."""
    if re.search(_DAY, text):
        return _dates(text)
    rule = "must be DAYS:DAYS such as 20:100, or dates such as 2026-03-01:2026-06-01"
    low, colon, high = text.partition(":")
    try:
        first = number(low) if low else 0.0
        last = number(high) if high else float("inf")
    except InputError:
        near = as_band(text) or as_band(re.sub(r"(?<=\d)\s*d(ays?)?\b", "", text).replace(":", "-"))
        raise InputError(f"{rule}; got {text!r}{near}") from None
    if not colon or not (low or high):
        raise InputError(f"{rule}; got {text!r}{as_band(text)}")
    if not 0.0 <= first <= last:
        turned = f": write {high}:{low}" if 0.0 <= last < first else ""
        raise InputError(f"{rule}, both >= 0, the first not after the last; got {text!r}{turned}")
    return first, last


def _dates(text: str) -> Dates:
    rule = "must be dates as 2026-03-01:2026-06-01, or one"
    match = re.fullmatch(rf"({_DAY})?(:?)({_DAY})?", text.strip())
    if match is None:
        raise InputError(f"{rule}; got {text!r}")
    try:
        first, last = (_date(day) if day else None for day in (match[1], match[3]))
    except ValueError:
        raise InputError(f"{rule}; got {text!r}, which is no day of the calendar") from None
    if not match[2]:
        return Dates(first, first)
    if first and last and first > last:
        raise InputError(f"{rule}; got {text!r}: write {last}:{first}")
    return Dates(first, last)


def _date(text: str) -> date:
    """A day written as ``2026-06-26``, or as contracts have it, ``26JUN26``."""
    if match := re.fullmatch(r"(\d{1,2})([A-Za-z]{3})(\d{2})", text):
        return date(2000 + int(match[3]), MONTHS.index(match[2].upper()) + 1, int(match[1]))
    return date.fromisoformat(text)


def days_window(text: str) -> tuple[float, float]:
    """A window of days alone, ``20:45``."""
    found = window(text)
    if isinstance(found, Dates):
        raise InputError(f"must be DAYS:DAYS such as 20:45; got {text!r}")
    return found


def by_name(text: str, key: Callable[[str], Any], value: Callable[[str], Any], sign: str = "=") -> Any:
    """Values by name, ``BTC=8:12,ETH=50:80``, each part read by its own reader."""
    parts = [part.partition(sign) for part in text.split(",")]
    if not all(re.search(r"\w", name) and found and rest for name, found, rest in parts):
        raise InputError(f"must be NAME{sign}VALUE, several with commas; got {text!r}")
    pairs = [(key(name.strip()), value(rest.strip())) for name, _, rest in parts]
    if len(dict(pairs)) < len(pairs):
        raise InputError(f"names one thing twice; got {text!r}")
    return dict(pairs)


def bands(text: str) -> Any:
    """A band ``8:12`` for every asset, or bands by asset, ``BTC=8:12,ETH=50:80``."""
    return band(text) if "=" not in text or text[0] in "<>" else by_name(text, asset, band)


def floor(text: str) -> Any:
    """A loss for all dates, or losses by day, ``7:-8%,30:-15%``."""
    if ":" not in text:
        return loss(text)
    rule = "must be a loss like -15%, or losses by day like 7:-8%,30:-15%"
    if not re.match(r"\d[\d.]*:", text):
        raise InputError(f"{rule}; got {text!r}")
    try:
        return by_name(text, days, loss, sign=":")
    except InputError as error:
        turned = re.sub(r":\+?(?=[\d.])", ":-", re.sub(r"\s", "", text))
        told = str(error).removesuffix(f"; got {text!r}")
        near = f": write {turned}" if "must be a loss" in told else f": a part {told}"
        raise InputError(f"{rule}; got {text!r}{near}") from None


def funding(text: str) -> Any:
    """A rate per 8 hours for every asset, or rates by asset, ``BTC=0.01%,ETH=0.02%``."""
    return share(text) if "=" not in text else by_name(text, asset, share)


def names(text: str) -> tuple[str, ...]:
    """One or several words with commas."""
    return tuple(part.strip() for part in text.split(","))


def written(value: Any, sign: str = "=") -> str:
    """A value of a TOML file in the form of the command line; `sign` stands between a name and its value.

    Examples
    --------
    >>> written([8, 12]), written({"BTC": "8:12", "ETH": [50, 80]}), written(["perpetual", "future"])
    ('8:12', 'BTC=8:12,ETH=50:80', 'perpetual,future')
    """
    if isinstance(value, Mapping):
        return ",".join(f"{name}{sign}{written(part)}" for name, part in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        words = any(isinstance(part, str) and not re.match(r"-?\.?\d", part) for part in value)
        return ("," if words else ":").join(map(written, value))
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def flag(text: str) -> bool:
    """Yes or no, ``true`` or ``false``."""
    if text not in ("true", "false"):
        raise InputError(f"must be true or false; got {text!r}")
    return text == "true"


def delta(text: str) -> float:
    """A delta as option tables have it, ``.25`` or ``25%``."""
    value = share(text) if text.endswith("%") else number(text)
    if 2.0 <= abs(value) <= 100.0 and "%" not in text:
        raise InputError(f"must be a delta between 0 and 1; got {text}: write {abs(value) / 100.0:g}")
    if -1.0 <= value < 0.0:  # as puts have it
        raise InputError(
            f"must be a delta between 0 and 1; got {text}: write {text.lstrip().removeprefix('-')}"
        )
    return value


def one_of(*known: str) -> Callable[[str], str]:
    """A reader of one of some words."""

    def chosen(text: str) -> str:
        if text not in known:
            raise InputError(f"must be one of {', '.join(known)}; got {text!r}{meant(text, known)}")
        return text

    return chosen

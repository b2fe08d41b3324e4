"""How a number is written, on the command line and in a book's file: counts, days, times, and what nearly is one."""

from __future__ import annotations

import re
from typing import Final

from hedging._ground.bounds import LARGEST, MOST_DAYS, MOST_SECONDS
from hedging.errors import InputError

__all__ = [
    "SPANS",
    "TIMES",
    "as_number",
    "count",
    "days",
    "days_left",
    "in_digits",
    "is_number",
    "number",
    "positive",
    "seconds",
    "whole",
]

_MOST_DIGITS: Final = 18  # of a whole number that counts something
SPANS: Final = {"d": 1, "day": 1, "w": 7, "week": 7, "m": 30, "mo": 30, "month": 30, "y": 365, "year": 365}
TIMES: Final = {"k": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "b": 1e9, "bn": 1e9}
_SECONDS: Final = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600}
_DATE: Final = r"\d{4}-\d{2}-\d{2}|\d{1,2}[A-Za-z]{3}\d{2}"


def number(text: str) -> float:
    """A finite number, no larger than anything has."""
    value = _finite(text)
    if abs(value) > LARGEST:
        raise InputError(f"must be a number of at most {in_digits(LARGEST)}, of either sign; got {text!r}")
    return value


def is_number(text: str) -> bool:
    """Whether a text is a finite number as it stands."""
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _finite(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise InputError(f"must be a number; got {text!r}{as_number(text)}") from None
    if not abs(value) < float("inf"):
        raise InputError(f"must be a finite number; got {text!r}")
    return value


def in_digits(value: float) -> str:
    """A bound as people write it.

    Examples
    --------
    >>> in_digits(1e15), in_digits(0.5)
    ('1e15', '0.5')
    """
    return f"{value:g}".replace("e+", "e")


def as_number(text: str) -> str:
    """How a number that was written in another way is written here."""
    plain = text.strip().strip("$").replace("_", "").lower()
    if match := re.fullmatch(r"([+-]?\d+(?:\.\d+)?)([a-z]+)", plain):
        times = 1.0 if match[2] in ("usd", "usdt", "usdc") else TIMES.get(match[2])
        return f": write {float(match[1]) * times:.15g}" if times else ""
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", plain):
        decimal = f" or {plain.replace(',', '.')}" if plain.count(",") == 1 else ""
        return f": write {plain.replace(',', '')}{decimal}"
    if re.fullmatch(r"[+-]?\d+,\d+", plain):
        return f": write {plain.replace(',', '.')}"
    return f": write {plain.replace('.', '')}" if re.fullmatch(r"[+-]?\d{1,3}(\.\d{3}){2,}", plain) else ""


def whole(text: str) -> int:
    """A whole number >= 0."""
    return _counted(text, 0)


def _counted(text: str, least: int) -> int:
    digits = text.replace("_", "")
    if not (digits.isdecimal() and digits.isascii()) or int(digits[:20]) < least:
        near = as_number(text)
        if is_number(text) and least <= (value := float(text)) < 10.0**_MOST_DIGITS and value.is_integer():
            near = f": write {value:.0f}"  # 1e4
        raise InputError(f"must be a whole number >= {least}; got {text!r}{near}")
    if len(digits.lstrip("0")) > _MOST_DIGITS:
        raise InputError(f"must be a whole number of {_MOST_DIGITS} digits at most; got {text!r}")
    return int(digits)


def positive(text: str) -> float:
    """A number > 0."""
    value = number(text)
    if value <= 0.0:
        raise InputError(f"must be a number > 0; got {text!r}")
    return value


def seconds(text: str) -> float:
    """A time > 0: in none nothing is found, which says nothing of what there is."""
    rule = f"must be a number of seconds > 0, {MOST_SECONDS:,} at most; got {text!r}"
    if span := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h)[a-z]*", text.strip().lower()):
        raise InputError(f"{rule}: write {float(span[1]) * _SECONDS[span[2]]:.10g}")
    if not is_number(text) or not 0.0 < (value := float(text)) <= MOST_SECONDS:
        raise InputError(rule)
    return value


def days(text: str) -> float:
    """Days from now, > 0 and no more than any path has."""
    return _days(text, "must be a number of days > 0", above=True)


def days_left(text: str) -> float:
    """Days to an expiry, >= 0."""
    return _days(text, "must be days to expiry >= 0", above=False)


def _days(text: str, rule: str, *, above: bool) -> float:
    try:
        value = _finite(text)
    except InputError:
        raise InputError(f"{rule}, such as 30; got {text!r}{_as_days(text)}") from None
    if value < 0.0 or (above and value == 0.0):
        raise InputError(f"{rule}, such as 30; got {text!r}")
    if value > MOST_DAYS:
        raise InputError(f"{rule}, {MOST_DAYS:,} at most; got {text!r}")
    return value


def _as_days(text: str) -> str:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+?)s?", text.strip().lower())
    if match and match[2] in SPANS:
        return f": write {float(match[1]) * SPANS[match[2]]:.10g}"
    return ": count the days from the quotes to it" if re.fullmatch(_DATE, text.strip()) else ""


def count(text: str) -> int:
    """A whole number >= 1."""
    return _counted(text, 1)

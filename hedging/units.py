"""Time and units: ACT/365 in UTC, and the one table of the units that Greeks are reported in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.kinds import guarded as _guarded
from hedging._ground.spellings import iso_days
from hedging.errors import InputError

__all__ = [
    "DAYS_PER_YEAR",
    "GREEK_UNITS",
    "RATE_POINT",
    "SECONDS_PER_DAY",
    "SECONDS_PER_YEAR",
    "VOL_POINT",
    "GreekUnit",
    "days",
    "days_apart",
    "utc",
    "years",
]

DAYS_PER_YEAR: Final = 365.0
SECONDS_PER_DAY: Final = 86_400.0
SECONDS_PER_YEAR: Final = DAYS_PER_YEAR * SECONDS_PER_DAY
VOL_POINT: Final = 0.01
RATE_POINT: Final = 0.01


@dataclass(frozen=True, slots=True)
class GreekUnit:
    """How one Greek is reported: ``market value = raw derivative * scale``.

    Attributes
    ----------
    scale : float
        Factor from the raw mathematical derivative (per 1.00 of each variable, per year).
    per_unit : str
        Unit of the Greek of one unit of underlying.
    position : str
        Unit of the same Greek of a position; money is the quote currency.
    """

    scale: float
    per_unit: str
    position: str


# The units py_vollib and Deribit print. Raw derivatives live in `_numerics` only.
GREEK_UNITS: Final[dict[str, GreekUnit]] = {
    "price": GreekUnit(1.0, "money", "money"),
    "delta": GreekUnit(1.0, "price per 1.00 of spot", "units of underlying"),
    "gamma": GreekUnit(1.0, "delta per 1.00 of spot", "units of underlying per 1.00 of spot"),
    "vega": GreekUnit(VOL_POINT, "price per vol point", "money per vol point"),
    "theta": GreekUnit(1.0 / DAYS_PER_YEAR, "price per calendar day", "money per calendar day"),
    "rho": GreekUnit(RATE_POINT, "price per 1 % of rate", "money per 1 % of rate"),
    "rho_yield": GreekUnit(RATE_POINT, "price per 1 % of yield", "money per 1 % of yield"),
    "vanna": GreekUnit(VOL_POINT, "delta per vol point", "units of underlying per vol point"),
    "volga": GreekUnit(VOL_POINT**2, "vega per vol point", "money per vol point squared"),
    "charm": GreekUnit(1.0 / DAYS_PER_YEAR, "delta per calendar day", "units of underlying per calendar day"),
    "veta": GreekUnit(VOL_POINT / DAYS_PER_YEAR, "vega per calendar day", "money per vol point and day"),
    "speed": GreekUnit(1.0, "gamma per 1.00 of spot", "units of underlying per 1.00 of spot squared"),
    "zomma": GreekUnit(
        VOL_POINT, "gamma per vol point", "units of underlying per 1.00 of spot and vol point"
    ),
    "color": GreekUnit(
        1.0 / DAYS_PER_YEAR, "gamma per calendar day", "units of underlying per 1.00 of spot and day"
    ),
    "ultima": GreekUnit(VOL_POINT**3, "volga per vol point", "money per vol point cubed"),
    "dual_delta": GreekUnit(1.0, "price per 1.00 of strike", "units of underlying"),
    "dual_gamma": GreekUnit(1.0, "dual delta per 1.00 of strike", "units of underlying per 1.00 of strike"),
}


_FIRST_YEAR, _LAST_YEAR = 1900, 2200  # of anything that was ever quoted; nanoseconds end in 2262


def utc(value: str | datetime | pd.Timestamp, name: str = "time") -> pd.Timestamp:
    """Return `value` as a UTC timestamp; a bare date or a time without a zone is refused.

    Raises
    ------
    InputError
        If it is no time, none that a quote can have, or carries no time zone: a guessed zone moves every option by
        hours.
    """
    how = "Write it as 2026-02-06T04:30:00Z."
    # pandas reads "June" as a day in the year 1: only ISO dates are taken from text.
    if isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}", value):
        raise InputError(f"{name} must be a time; got {value!r}. {how}")
    try:
        stamp = pd.Timestamp(value)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} must be a time; got {value!r}. {how}") from error
    if pd.isna(stamp):
        raise InputError(f"{name} must be a time; got {value!r}. {how}")
    if stamp.tzinfo is None:
        raise InputError(
            f"{name} must carry a time zone; got {value!r}. Write it as {stamp.isoformat()}Z if it is UTC."
        )
    if not _FIRST_YEAR <= stamp.year < _LAST_YEAR:
        raise InputError(f"{name} must lie between {_FIRST_YEAR} and {_LAST_YEAR}; got {value!r}.")
    return stamp.tz_convert("UTC")


def utc_day(value: str, name: str = "day") -> pd.Timestamp:
    """Return the beginning of a UTC day, written as ``2026-02-06`` or, as contracts have it, ``6FEB26``.

    Raises
    ------
    InputError
        If it is no day of the calendar.
    """
    text = value.strip()
    words = re.fullmatch(r"(\d{1,2})([A-Za-z]{3})(\d{2})", text)
    try:
        iso = f"{pd.to_datetime(text, format='%d%b%y'):%Y-%m-%d}" if words else text
        return utc(f"{iso}T00:00Z", name)
    except ValueError as error:
        near = iso_days(text)
        how = f": write {near}" if near != text else ""
        raise InputError(
            f"{name} must be a day of the calendar, as 2026-02-06; got {value!r}{how}."
        ) from error


def years(start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Time from `start` to `end` in years, ACT/365 to the nanosecond; negative if `end` lies before."""
    return (end - start) / pd.Timedelta(seconds=SECONDS_PER_YEAR)


def days(start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Time from `start` to `end` in days of 24 hours."""
    return (end - start) / pd.Timedelta(seconds=SECONDS_PER_DAY)


def days_apart(times: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
    """Time from each of some times to the next in days of 24 hours, whatever unit their index counts in."""
    return np.asarray((times[1:] - times[:-1]) / pd.Timedelta(seconds=SECONDS_PER_DAY), dtype=float)


def __dir__() -> list[str]:
    return [*__all__]


_guarded(globals())

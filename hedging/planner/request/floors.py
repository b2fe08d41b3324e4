"""Floors by date: one share for all dates of the scenarios, or one for each of some days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from hedging._numerics.types import Array, Rows
from hedging.errors import InputError
from hedging.planner.request.limit import FLOOR, Limit

__all__ = [
    "Floor",
    "check_dates",
    "checked_floor",
    "dates_of",
    "days_left",
    "days_of",
    "floors_of",
    "no_later",
]

Floor: TypeAlias = float | Mapping[float, float]
"""A share for all dates, or shares by day. [1], [days]"""

SAME_DAY: Final = 1e-6  # days apart that two dates are one


def floors_of(floor: Floor | None, least: Limit | None) -> dict[Limit, float | None]:
    """The floors that a target holds, each with its share; None where the worst loss is minimised."""
    if isinstance(floor, Mapping):
        return {Limit("floor", day=day): share for day, share in floor.items()}
    return {} if floor is None and least != FLOOR else {FLOOR: floor}


def dates_of(limit: Limit, days: Array) -> Rows:
    """Which of some days a floor is judged on."""
    here = np.ones(days.size, dtype=bool) if limit.day is None else np.abs(days - limit.day) <= SAME_DAY
    return np.flatnonzero(here)


def days_of(floor: Floor | None) -> tuple[float, ...]:
    """The days that a floor names; none where it holds on all dates."""
    return tuple(floor) if isinstance(floor, Mapping) else ()


def check_dates(floor: Floor | None, days: Array) -> None:
    """Refuse scenarios that a floor by day cannot be judged on.

    Raises
    ------
    InputError
        If they have no such date.
    """
    absent = [day for day in days_of(floor) if not dates_of(Limit("floor", day=day), days).size]
    if absent:
        raise InputError(
            f"the floor of day {absent[0]:g} cannot be judged: the scenarios have days "
            f"{', '.join(f'{day:g}' for day in days)}. Give scenarios with that date, or leave them to the "
            "planner."
        )


def no_later(floor: Floor | None, end: float) -> Floor | None:
    """The floor with days behind an end counted as that, the strictest where several are.

    Between an expiry that counts as the horizon and the horizon nothing turns, and so nothing is judged.
    """
    if not isinstance(floor, Mapping):
        return floor
    behind = [day for day in floor if day > end]
    if not behind:
        return floor
    counted = max(share for day, share in floor.items() if day >= end)
    return {day: share for day, share in floor.items() if day < end} | {end: counted}


def days_left(floor: Floor | None, elapsed: float) -> Floor | None:
    """The floor after some days: those by day come so much earlier, and those that are over are gone."""
    if not isinstance(floor, Mapping):
        return floor
    return {day - elapsed: share for day, share in floor.items() if day > elapsed} or None


def checked_floor(floor: Any, share: Any) -> Any:
    """A floor as it is kept; `share` checks one share by the name it is given."""
    if not isinstance(floor, Mapping):
        return share("floor", floor)
    days = {_day(day): share(f"floor of day {day}", least) for day, least in floor.items()}
    if not days or None in days.values():
        raise InputError(f"floor must be a share, or {{day: share}} of one day at least; got {floor!r}.")
    return {day: days[day] for day in sorted(days)}


def _day(day: Any) -> float:
    try:
        value = float(day)
    except (TypeError, ValueError):
        value = float("nan")
    if isinstance(day, bool) or not 0.0 < value < float("inf"):
        raise InputError(f"a floor by day takes days > 0 from now, such as {{30: -0.15}}; got {day!r}.")
    return value

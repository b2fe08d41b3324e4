"""Floors by date: one share for all dates of the scenarios, or one for each of some days."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.paths.paths import Paths
    from hedging.planner.request.target import Target

__all__ = [
    "Floor",
    "checked_floor",
    "dates_of",
    "days_left",
    "days_of",
    "floors_of",
    "is_floor",
    "with_dates",
]

Floor: TypeAlias = float | Mapping[float, float]
"""A share for all dates, or shares by day. [1], [days]"""

EVERY_DATE = "floor"


def floors_of(target: Target) -> dict[str, float | None]:
    """The floors that a target holds, by what they are called; None where the worst loss is minimised."""
    if isinstance(target.floor, Mapping):
        return {_name(day): share for day, share in target.floor.items()}
    if target.floor is None and target.least != EVERY_DATE:
        return {}
    return {EVERY_DATE: target.floor}


def is_floor(limit: str) -> bool:
    """Whether a limit of some name is a floor."""
    return limit.partition(" ")[0] == EVERY_DATE


def dates_of(limit: str, days: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Which of some days the floor of a name is judged on."""
    return np.array([i for i, day in enumerate(days) if limit in (EVERY_DATE, _name(day))], dtype=np.intp)


def days_of(floor: Floor | None) -> tuple[float, ...]:
    """The days that a floor names; none where it holds on all dates."""
    return tuple(floor) if isinstance(floor, Mapping) else ()


def with_dates(target: Target, scenarios: Paths) -> None:
    """Refuse scenarios that a floor by day cannot be judged on.

    Raises
    ------
    InputError
        If they have no such date.
    """
    absent = [day for day in days_of(target.floor) if not dates_of(_name(day), scenarios.days).size]
    if absent:
        raise InputError(
            f"the floor of day {absent[0]:g} cannot be judged: the scenarios have days "
            f"{', '.join(f'{day:g}' for day in scenarios.days)}. Give scenarios with that date, or leave them to the "
            "planner."
        )


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


def _name(day: float) -> str:
    return f"{EVERY_DATE} day {day:g}"

"""What lies between the nodes that accounts are held at: the same paths at more dates, and more levels of spot."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from hedging._numerics.types import Array
from hedging.paths.paths import Paths, grid

__all__ = ["LOWEST", "finer_dates", "finer_levels"]

PARTS: Final = 4  # of each stretch between two dates
LEVELS: Final = 160  # evenly spread in log-price
LOWEST: Final = 0.02  # of today's spot; below it coins are worth nothing that keeps an account


def finer_dates(paths: Paths) -> Paths:
    """The same paths with dates in between: log-price and all that moves with it in straight lines, from today on."""
    ends = np.unique(np.append(0.0, paths.days))
    days = np.unique(np.concatenate([*(np.linspace(*pair, PARTS + 1) for pair in pairwise(ends)), ends]))
    moved: dict[str, Any] = {
        name: _between(paths, values, days, start=1.0 if name == "spread" else 0.0)
        for name, values in paths.arrays().items()
        if name != "spot"
    }
    # On the way to a first date that is not today, it comes from today's level.
    spot = np.exp(_between(paths, np.log(paths.spot), days, start=0.0))
    return replace(paths, days=days, spot=spot, **moved)


def _between(paths: Paths, values: Array, days: Array, *, start: float) -> Array:
    known = paths.days if paths.days[0] == 0.0 else np.append(0.0, paths.days)
    first = np.full((len(values), known.size - paths.days.size), start)
    every = np.concatenate((first, values), axis=1)
    return np.array([np.interp(days, known, each) for each in every])


def finer_levels(paths: Paths, vol_shifts: Array) -> Paths:
    """Levels of spot between the least and the greatest of some paths, at once, on their dates."""
    low, high = max(float(paths.spot.min()), LOWEST), float(paths.spot.max())
    return grid(np.geomspace(low, high, LEVELS) - 1.0, vol_shifts, paths.days)

"""Where accounts end along scenarios, and what is left of a line until then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from hedging._numerics.types import Array
from hedging.margin.survival import Survival

__all__ = ["Ends", "first_ends", "until"]


class Ends(NamedTuple):
    """The first liquidation of any account in each scenario.

    Attributes
    ----------
    days : ndarray, shape (scenarios,)
        NaN where every account lives. [days]
    accounts : tuple of str
        Which one it is; empty where every account lives.
    """

    days: Array
    accounts: tuple[str, ...]


def first_ends(accounts: Mapping[str, Survival], scenarios: int) -> Ends:
    """When the first account is liquidated, and which; what a book would gain after that nobody gains."""
    days, names = np.full(scenarios, np.nan), [""] * scenarios
    for name, kept in accounts.items():
        for at, day in enumerate(kept.first()[0]):
            if not np.isnan(day) and not days[at] <= day:
                days[at], names[at] = day, name
    return Ends(days, tuple(names))


def until(days: Array, values: Array, end: float) -> tuple[Array, Array]:
    """A line up to a day, on which it ends; all of it where there is none."""
    if not np.isfinite(end):
        return days, values
    before = days < end
    return np.append(days[before], end), np.append(values[before], np.interp(end, days, values))

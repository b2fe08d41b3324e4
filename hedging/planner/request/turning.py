"""One turn: where spot is up to one expiry and where it is from then on, each anywhere by itself.

What has expired is worth a payoff, linear in spot from one strike to the next, and where it is paid in coin, worth
that many coins at the later spot: linear in each of the two. So the least value over both lies where each is at a
strike or at an end of its range, and a floor that holds at these nodes holds between them. The horizon's end is
one of the dates: what protects until an expiry leaves the book bare after it.

An expiry within a day of the horizon counts as the horizon: nobody means the hours after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Final

import numpy as np

from hedging._numerics.types import Array, Rows
from hedging.paths.paths import Paths
from hedging.planner.request.default_scenarios import DAY_DIGITS, HIGH, NEAR_ZERO, SPOT_MOVES, TURN_LOW
from hedging.planner.request.wording import move

__all__ = ["MOMENT", "SAME_DAY", "Turning", "end_of", "turn_label", "turning_paths"]

SAME_DAY: Final = 1e-9  # days apart that two dates are one
MOMENT: Final = 1e-6  # days from a turn to the new level: what is funded is funded there from then on
COUNTS_AS: Final = 1.0  # days from the horizon within which an expiry is meant by it
_GRID: Final = 1.0 + np.asarray(SPOT_MOVES)


@dataclass(frozen=True, slots=True, eq=False)
class Turning:
    """The dates between which spot may turn once, and the ends of its range.

    Attributes
    ----------
    expiries : ndarray
        Days of what expires before the end, ascending. [days]
    judged : ndarray
        Days on which P&L is judged, the end last. [days]
    lowest : float
        Least level of spot after a turn, as a multiple of today's.
    dates : ndarray
        Both together, ascending. [days]
    walked : ndarray
        Those, today, and the moment after each expiry: funding is paid on the mean of a stretch's ends, so that a turn
        must take none. [days]
    """

    expiries: Array
    judged: Array
    lowest: float
    dates: Array = field(init=False)
    walked: Array = field(init=False)

    def __post_init__(self) -> None:
        dates = np.union1d(self.expiries, self.judged)
        moments = np.append(0.0, self.expiries + MOMENT)
        object.__setattr__(self, "dates", dates)
        object.__setattr__(self, "walked", np.union1d(dates, moments[moments < dates[-1]]))

    @classmethod
    def of(
        cls, end: float, expiries: Iterable[float], days: Iterable[float] = (), *, to_zero: bool
    ) -> Turning:
        """The turns up to an end, judged there, at each expiry and on more days."""
        end = round(end, DAY_DIGITS)
        known = np.unique(np.round(np.array([day for day in expiries if day > 0.0], dtype=float), DAY_DIGITS))
        early = known[known < end - SAME_DAY]
        more = np.round(np.array([day for day in days if day < end - SAME_DAY], dtype=float), DAY_DIGITS)
        judged = np.append(np.union1d(early, more), end)
        return cls(early, judged, NEAR_ZERO if to_zero else TURN_LOW)

    def up_to(self, day: float) -> Turning:
        """The turns before a day, judged there alone."""
        early = self.expiries[self.expiries < day - SAME_DAY]
        return Turning(early, np.array([round(day, DAY_DIGITS)]), self.lowest)

    @property
    def end(self) -> float:
        """The last day that is judged. [days]"""
        return float(self.judged[-1])

    @property
    def judged_at(self) -> Rows:
        """Places of the days judged among the dates."""
        return np.searchsorted(self.dates, self.judged)

    def judged_after(self, cut: int) -> Rows:
        """Places of the days judged after so many expiries."""
        after = self.expiries[cut - 1] if cut else -1.0
        return self.judged_at[self.judged > after]

    def before(self, strikes: Iterable[float]) -> Array:
        """Levels before a turn: the strikes, and the ends of the range."""
        found = np.unique([TURN_LOW, HIGH, *strikes])
        return np.asarray(found[found >= TURN_LOW])

    def after(self, strikes: Iterable[float]) -> Array:
        """Levels after a turn: strikes, ends, and the grid, as what still lives is curved between strikes."""
        found = np.unique([self.lowest, HIGH, *_GRID, *strikes])
        return np.asarray(found[found >= self.lowest])


def end_of(horizon: float, expiries: Iterable[float]) -> float:
    """The day that counts as the horizon: of an expiry within a day of it, or itself. [days]"""
    near = [day for day in expiries if day > 0.0 and abs(day - horizon) <= COUNTS_AS]
    return min(near, key=lambda day: abs(day - horizon)) if near else horizon


def turning_paths(turning: Turning, strikes: Mapping[float, Iterable[float]]) -> Paths:
    """Every turn that matters to options of some strikes, by the day on which they expire.

    Parameters
    ----------
    turning : Turning
    strikes : mapping of float to floats
        As multiples of spot; of what expires after the end, no strike is asked for.
    """
    dates = turning.walked
    known = [(day, list(nodes)) for day, nodes in strikes.items() if day <= turning.end + SAME_DAY]
    every = turning.after(node for _, nodes in known for node in nodes)
    found = [(np.full(dates.size, level), turn_label(1.0, None, float(level))) for level in every]
    for cut in turning.expiries:
        until = cut + SAME_DAY
        before = turning.before(node for day, nodes in known if day <= until for node in nodes)
        after = turning.after(node for day, nodes in known if day > until for node in nodes)
        for first, then in product(before.tolist(), after.tolist()):
            found.append((np.where(dates <= until, first, then), turn_label(first, float(cut), then)))
    spot, labels = zip(*found, strict=True)
    return Paths(days=dates, spot=np.array(spot), vol_shift=np.zeros((len(spot), dates.size)), labels=labels)


def turn_label(before: float, cut: float | None, after: float) -> str:
    """What a turn is called; one without an expiry before it is a move at once."""
    if cut is None:
        return f"spot {move(after)}"
    return f"spot {move(before)} to day {cut:.4g}, {move(after)} from then on"

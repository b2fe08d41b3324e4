"""Whole lots of one or two orders: those of one are gone through, the fewest of the other are a division."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.pair_relaxation import ROUNDING, Box
from hedging.planner.solver.search_state import Search

__all__ = ["in_whole_lots"]

Indices = npt.NDArray[np.intp]

POINTS = 65  # whole numbers of lots that are looked at first
CHUNK = 1024  # whole numbers of lots gone through at a time


def in_whole_lots(search: Search, legs: Indices, most: Array, target: float) -> Array | None:
    """The cheapest whole lots of one or two orders that cost less than `target` and keep every row."""
    while True:
        found = _scanned(Box.of(search, legs, most), np.flatnonzero(search.active), target)
        if found is None:
            return None
        lots = np.zeros(len(search.programme.candidates))
        lots[legs] = found[: legs.size]
        if search.keeps(lots):
            return lots
        if not search.widen(lots, np.zeros(search.miss_price.size)):
            return None  # broken by less than a row can say


def _scanned(box: Box, rows: Indices, target: float) -> Array | None:
    """The cheapest whole lots of the first two orders of a box over some rows; None if none costs less than `target`.

    The lots of the one with fewer choices are gone through, those of the other follow.
    """
    turn = np.argsort((box.high - box.low)[:2], kind="stable")
    line = _Line(
        box.rows(rows)[:, turn],
        box.bound[rows],
        box.cost[turn],
        box.low[turn],
        box.high[turn],
        float(box.cost_of(np.zeros(1, int), np.ones(1, int), np.zeros(1), np.zeros(1))[0]),
    )
    best, low, high, better = None, float(line.low[0]), float(line.high[0]), True
    while better:  # a few sizes first: what they cost narrows down the others
        low, high = line.span(low, high, target)
        better, x, y, cost = line.cheapest(np.unique(np.round(np.linspace(low, high, POINTS))), target)
        if better:
            best, target = np.array([x, y]), cost
    for start in np.arange(low, high + 1.0, CHUNK) if high - low >= POINTS else ():
        chunk = np.arange(start, min(start + CHUNK, high + 1.0))
        better, x, y, cost = line.cheapest(chunk, target)
        if better:
            best, target = np.array([x, y]), cost
    return None if best is None else best[turn]


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """What the rows leave of the second of two orders, given lots of the first."""

    matrix: Array
    bound: Array
    cost: Array
    low: Array
    high: Array
    fixed: float

    def _interval(self, x: Array) -> tuple[Array, Array, Array]:
        """Least and most lots of the second, and by how much rows without it are broken."""
        effect = self.matrix[:, [1]]
        room = self.bound[:, None] - self.matrix[:, [0]] * x
        with np.errstate(divide="ignore", invalid="ignore"):
            ends = room / effect
        low = np.where(effect < 0.0, ends, -np.inf).max(axis=0, initial=self.low[1])
        high = np.where(effect > 0.0, ends, np.inf).min(axis=0, initial=self.high[1])
        return low, high, np.where(effect == 0.0, -room, -np.inf).max(axis=0, initial=-np.inf)

    def cheapest(self, x: Array, target: float) -> tuple[bool, float, float, float]:
        """Whether lots of the first leave whole lots of the second for less than `target`; these, and the cost."""
        low, high, broken = self._interval(x)
        low, high = np.ceil(low - ROUNDING), np.floor(high + ROUNDING)
        y = low if self.cost[1] >= 0.0 else high
        cost = self.fixed + self.cost[0] * x + self.cost[1] * y
        cost = np.where((low <= high) & (broken <= 0.0), cost, np.inf)
        at = int(np.argmin(cost))
        return bool(cost[at] < target), float(x[at]), float(y[at]), float(cost[at])

    def span(self, low: float, high: float, target: float) -> tuple[float, float]:
        """Lots of the first outside of which nothing fits that costs less than `target`, or little more.

        Whether something fits, and its cost, are convex in them: so what is inside lies in one piece.
        """
        while True:
            x = np.unique(np.round(np.linspace(low, high, POINTS)))
            least, most, broken = self._interval(x)
            y = least if self.cost[1] >= 0.0 else most
            over = self.fixed + self.cost[0] * x + self.cost[1] * y - target
            outside = np.maximum(np.maximum(least - most, broken), over)
            inside = np.flatnonzero(outside <= 0.0)
            inside = inside if inside.size else np.array([int(np.argmin(outside))])
            start, end = float(x[max(inside[0] - 1, 0)]), float(x[min(inside[-1] + 1, x.size - 1)])
            if x.size > high - low or end - start > 0.5 * (high - low):
                return start, end
            low, high = start, end

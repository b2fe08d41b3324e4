"""The linear programmes of many pairs of orders at once, each in two variables.

All are solved row by row [1]_: where the best point so far breaks the next row, the new one lies on that row's
line. A pair is dropped as soon as it costs as much as a plan that is known.

References
----------
.. [1] R. Seidel, Small-dimensional linear programming and convex hulls made easy, 1991.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.search_state import TOLERANCE, Search

__all__ = ["ROUNDING", "Box", "Pairs", "bounded", "joined"]

Indices = npt.NDArray[np.intp]

FORGIVEN = 0.99 * TOLERANCE  # a hair less than `Search.better` forgives
AT_ONCE = 65_536  # rows times pairs looked at in one sweep
TEMPORARIES = 10  # arrays of rows times pairs that a step onto a line holds at once
PARALLEL = 1e-12  # slope along a line below which a row neither opens nor closes it
ROUNDING = 1e-9  # of the numbers themselves


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of orders: index, best point of the relaxation so far, and its cost."""

    first: Indices
    second: Indices
    x: Array
    y: Array
    cost: Array

    def take(self, keep: npt.NDArray[np.bool_] | Indices) -> Pairs:
        """Return some of the pairs, by mask or index."""
        return Pairs(*(getattr(self, name)[keep] for name in ("first", "second", "x", "y", "cost")))


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """What may be ordered, with nothing at all as the last column: a pair with it is a single leg."""

    matrix: Array
    orders: Indices
    bound: Array
    cost: Array
    low: Array
    high: Array
    price_per_leg: float

    @classmethod
    def of(cls, search: Search, keep: Indices, most: Array) -> Box:
        """The box of some orders, in the rows of a search."""
        candidates = search.programme.candidates
        return cls(
            matrix=search.matrix,  # not copied: of thousands of rows few are asked for
            orders=keep,
            bound=search.bound + FORGIVEN,
            cost=np.append(candidates.cost[keep], 0.0),
            low=np.append(candidates.least[keep], 0.0),
            high=np.append(most[keep], 0.0),
            price_per_leg=search.programme.price_per_leg,
        )

    def rows(self, which: Indices) -> Array:
        """Some rows over what may be ordered and over nothing, shape (rows, orders + 1)."""
        found = self.matrix[which][:, self.orders]
        return np.column_stack((found, np.zeros(len(found))))

    def pairs(self, first: Indices, second: Indices) -> Pairs:
        """Pairs of orders, each at its cheapest size."""
        cheapest = np.where(self.cost >= 0.0, self.low, self.high)
        x, y = cheapest[first], cheapest[second]
        return Pairs(first, second, x, y, self.cost_of(first, second, x, y))

    def cost_of(self, first: Indices, second: Indices, x: Array, y: Array) -> Array:
        """Cost of pairs, the price of their legs included."""
        legs = 1.0 + (second < self.cost.size - 1)
        return np.asarray(self.cost[first] * x + self.cost[second] * y + self.price_per_leg * legs)


def joined(parts: Sequence[Pairs]) -> Pairs:
    """Some pairs behind each other."""
    names = ("first", "second", "x", "y", "cost")
    return Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def bounded(pairs: Pairs, box: Box, rows: Indices, target: float, memory: float = np.inf) -> Pairs:
    """Pairs whose relaxation over some rows costs less than `target`.

    A point may come from other rows: it must cost no more than the best one of its pair over these rows. Each step
    keeps that, as on the way from a point that breaks a row to the best there is one on the row's line that costs
    no more; and a point that breaks none is the best.

    Parameters
    ----------
    pairs : Pairs
        Its points and costs are moved.
    box : Box
    rows : ndarray of int
        Rows of the box, in the order in which they are looked at.
    target : float
        [money]
    memory : float
        Bytes that arrays of rows times pairs may hold.
    """
    pairs, place = pairs.take(pairs.cost < target), 0
    while pairs.cost.size and (found := _next_broken(pairs, box, rows[place:])) is not None:
        step, broken = found
        place += step
        row = rows[place]
        size = int(max(1.0, min(broken.size, memory / (8 * TEMPORARIES * (place + 4)))))
        for at in np.split(broken, range(size, broken.size, size)):
            moved = _onto_the_line(pairs.take(at), box, row, rows[:place])
            for name in ("x", "y", "cost"):
                getattr(pairs, name)[at] = getattr(moved, name)
        pairs, place = pairs.take(pairs.cost < target), place + 1
    return pairs


def _next_broken(pairs: Pairs, box: Box, rows: Indices) -> tuple[int, Indices] | None:
    """How many rows come before the next one that any pair breaks, and which pairs break it; None if none does.

    In blocks that grow: mostly it is among the next few.
    """
    start, size, most = 0, 1, max(1, AT_ONCE // pairs.cost.size)
    while start < rows.size:
        over = _over(pairs, box, rows[start : start + size])
        broken = over.any(axis=1)
        if broken.any():
            step = int(np.argmax(broken))
            return start + step, np.flatnonzero(over[step])
        start, size = start + size, min(2 * size, most)
    return None


def _over(pairs: Pairs, box: Box, rows: Indices) -> npt.NDArray[np.bool_]:
    """Which pairs break which rows, shape (rows, pairs)."""
    matrix = box.rows(rows)
    used = matrix[:, pairs.first] * pairs.x + matrix[:, pairs.second] * pairs.y
    return np.asarray(used > box.bound[rows, None] + ROUNDING)


def _onto_the_line(pairs: Pairs, box: Box, row: int, before: Indices) -> Pairs:
    """The cheapest point of each pair on the line of one row, within its box and the rows before; inf if none.

    On the line a point is one number, and every row an interval of it.
    """
    first, second = pairs.first, pairs.second
    (here,), others = box.rows(np.array([row])), box.rows(before)
    a, b = here[first], here[second]
    others_a, others_b = others[:, first], others[:, second]
    length = np.hypot(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        x0, y0 = (box.bound[row] * each / length**2 for each in (a, b))
        along_x, along_y = -b / length, a / length
    slopes = np.concatenate(
        (
            others_a * along_x + others_b * along_y,
            [along_x, -along_x, along_y, -along_y],
        )
    )
    room = np.concatenate(
        (
            box.bound[before, None] - others_a * x0 - others_b * y0,
            [box.high[first] - x0, x0 - box.low[first], box.high[second] - y0, y0 - box.low[second]],
        )
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = room / slopes
    least = np.where(slopes < -PARALLEL, ends, -np.inf).max(axis=0)
    greatest = np.where(slopes > PARALLEL, ends, np.inf).min(axis=0)
    none = ((np.abs(slopes) <= PARALLEL) & (room < -ROUNDING)).any(axis=0) | ~(length > 0.0)
    none |= least > greatest + ROUNDING * (1.0 + np.abs(greatest))
    slope = box.cost[first] * along_x + box.cost[second] * along_y
    t = np.where(slope >= 0.0, least, greatest)
    x, y = x0 + t * along_x, y0 + t * along_y
    cost = np.where(none, np.inf, box.cost_of(first, second, x, y))
    return Pairs(first, second, x, y, cost)

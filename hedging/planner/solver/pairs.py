"""Plans of one or two legs, all of them: most plans that a desk would trade are among these.

Every pair of orders is a linear programme in two variables. All are solved at once, row by row [1]_: where
the best point so far breaks the next row, the new one lies on that row's line. A pair is dropped as soon as
its relaxation costs as much as a plan that is known. For the few that are left, whole lots of one leg are
gone through one by one; given these, the fewest lots of the other are a division.

References
----------
.. [1] R. Seidel, Small-dimensional linear programming and convex hulls made easy, 1991.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.relaxation import TOLERANCE, Search

__all__ = ["cheapest_pair", "plainest_pair"]

Indices = npt.NDArray[np.intp]

TRIED_FIRST = 8  # pairs gone through before the rows that nobody had looked at are
FORGIVEN = 0.99 * TOLERANCE  # a hair less than `Search.better` forgives
POINTS = 65  # whole numbers of lots that are looked at first
AT_ONCE = 65_536  # rows times pairs looked at in one sweep
CHUNK = 1024  # whole numbers of lots gone through at a time
PARALLEL = 1e-12  # slope along a line below which a row neither opens nor closes it
ROUNDING = 1e-9  # of the numbers themselves


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of orders: index, best point of the relaxation so far, and its cost."""

    first: Indices
    second: Indices
    x: Array
    y: Array
    cost: Array

    def take(self, keep: npt.NDArray[np.bool_] | Indices) -> _Pairs:
        return _Pairs(*(getattr(self, name)[keep] for name in ("first", "second", "x", "y", "cost")))


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    """What may be ordered, with nothing at all as the last column: a pair with it is a single leg."""

    matrix: Array
    bound: Array
    cost: Array
    low: Array
    high: Array
    price_per_leg: float

    def cost_of(self, first: Indices, second: Indices, x: Array, y: Array) -> Array:
        """Cost of pairs, the price of their legs included."""
        legs = 1.0 + (second < self.cost.size - 1)
        return np.asarray(self.cost[first] * x + self.cost[second] * y + self.price_per_leg * legs)


def cheapest_pair(
    search: Search, keep: Indices, most: Array, target: float, *, legs: int = 2
) -> Array | None:
    """The cheapest plan of one or two of some orders that costs less than `target`, if there is one.

    Parameters
    ----------
    search : Search
        No limit of it may be missed.
    keep : ndarray of int
        Orders to choose from.
    most : ndarray, shape (columns,)
        Largest order of each. [lots]
    target : float
        [money]
    legs : {2, 1}
    """
    return _cheapest_of(_all_pairs(search, keep, _box(search, keep, most), legs), search, keep, most, target)


def plainest_pair(
    search: Search,
    keep: Indices,
    most: Array,
    target: float,
    ranks: Callable[[Indices], Indices],
    below: int,
    *,
    legs: int = 2,
) -> Array | None:
    """The cheapest of the plans of the lowest rank there is, where that is lower than `below`.

    Parameters as for `cheapest_pair`; `ranks` takes the orders of every plan, one row each, with the number of
    columns for no order.
    """
    pairs = _all_pairs(search, keep, _box(search, keep, most), legs)
    pairs = pairs.take(pairs.cost < target)
    order = np.append(keep, most.size)
    rank = ranks(np.column_stack((order[pairs.first], order[pairs.second])))
    for each in np.unique(rank[rank < below]):
        best = _cheapest_of(pairs.take(rank == each), search, keep, most, target)
        if best is not None:
            return best
    return None


def _cheapest_of(pairs: _Pairs, search: Search, keep: Indices, most: Array, target: float) -> Array | None:
    """The cheapest plan of some pairs that costs less than `target`, if there is one."""
    box = _box(search, keep, most)
    rows = np.argsort(~search.active, kind="stable")  # those that mattered before come first
    looked_at = int(np.count_nonzero(search.active))
    pairs = _bounded(pairs, box, rows[:looked_at], 0, target)
    best = None
    for tries in (TRIED_FIRST, pairs.cost.size):
        for at in np.argsort(pairs.cost, kind="stable")[:tries]:
            if pairs.cost[at] >= target:
                break
            legs_of = np.array([index for index in (pairs.first[at], pairs.second[at]) if index < keep.size])
            lots = _in_whole_lots(search, keep[legs_of], most, target)
            if lots is not None:
                best, target = lots, search.objective(lots)
        pairs = _bounded(pairs, box, rows, looked_at, target)
    return best


def _box(search: Search, keep: Indices, most: Array) -> _Box:
    columns = search.problem.columns
    return _Box(
        matrix=np.column_stack((search.matrix[:, keep], np.zeros(len(search.matrix)))),
        bound=search.bound + FORGIVEN,
        cost=np.append(columns.cost[keep], 0.0),
        low=np.append(columns.least[keep], 0.0),
        high=np.append(most[keep], 0.0),
        price_per_leg=search.problem.price_per_leg,
    )


def _all_pairs(search: Search, keep: Indices, box: _Box, legs: int) -> _Pairs:
    """Every single order and every pair of different instruments, each at its cheapest size."""
    nothing = keep.size
    names = np.array([search.problem.columns.instruments[i].symbol for i in keep])
    first, second = np.triu_indices(keep.size, k=1)
    if legs == 1:
        first = second = first[:0]
    different = names[first] != names[second]
    first = np.append(np.arange(nothing), first[different])
    second = np.append(np.full(nothing, nothing), second[different])
    cheapest = np.where(box.cost >= 0.0, box.low, box.high)
    x, y = cheapest[first], cheapest[second]
    return _Pairs(first, second, x, y, box.cost_of(first, second, x, y))


def _bounded(pairs: _Pairs, box: _Box, rows: Indices, start: int, target: float) -> _Pairs:
    """Pairs whose relaxation over `rows`, of which those before `start` are met already, costs less."""
    pairs, place = pairs.take(pairs.cost < target), start
    while pairs.cost.size and (step := _next_broken(pairs, box, rows[place:])) is not None:
        place += step
        row = rows[place]
        broken = np.flatnonzero(_over(pairs, box, rows[[place]])[0])
        moved = _onto_the_line(pairs.take(broken), box, row, rows[:place])
        for name in ("x", "y", "cost"):
            getattr(pairs, name)[broken] = getattr(moved, name)
        pairs, place = pairs.take(pairs.cost < target), place + 1
    return pairs


def _next_broken(pairs: _Pairs, box: _Box, rows: Indices) -> int | None:
    """How many rows come before the next one that any pair breaks, None if none does; looked for in blocks."""
    size = max(1, AT_ONCE // pairs.cost.size)
    for start in range(0, rows.size, size):
        broken = _over(pairs, box, rows[start : start + size]).any(axis=1)
        if broken.any():
            return start + int(np.argmax(broken))
    return None


def _over(pairs: _Pairs, box: _Box, rows: Indices) -> npt.NDArray[np.bool_]:
    """Which pairs break which rows, shape (rows, pairs)."""
    first, second = (box.matrix[np.ix_(rows, orders)] for orders in (pairs.first, pairs.second))
    return np.asarray(first * pairs.x + second * pairs.y > box.bound[rows, None] + ROUNDING)


def _onto_the_line(pairs: _Pairs, box: _Box, row: int, before: Indices) -> _Pairs:
    """The cheapest point of each pair on the line of one row, within its box and the rows before; inf if none.

    On the line a point is one number, and every row an interval of it.
    """
    first, second = pairs.first, pairs.second
    a, b = box.matrix[row, first], box.matrix[row, second]
    length = np.hypot(a, b)
    with np.errstate(divide="ignore", invalid="ignore"):
        x0, y0 = (box.bound[row] * each / length**2 for each in (a, b))
        along_x, along_y = -b / length, a / length
    slopes = np.concatenate(
        (
            box.matrix[np.ix_(before, first)] * along_x + box.matrix[np.ix_(before, second)] * along_y,
            [along_x, -along_x, along_y, -along_y],
        )
    )
    room = np.concatenate(
        (
            box.bound[before, None]
            - box.matrix[np.ix_(before, first)] * x0
            - box.matrix[np.ix_(before, second)] * y0,
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
    return _Pairs(first, second, x, y, cost)


def _in_whole_lots(search: Search, legs: Indices, most: Array, target: float) -> Array | None:
    """The cheapest whole lots of one or two orders that cost less than `target` and keep every row."""
    while True:
        found = _scanned(_box(search, legs, most), target)
        if found is None:
            return None
        lots = np.zeros(len(search.problem.columns))
        lots[legs] = found[: legs.size]
        if search.keeps(lots):
            return lots
        if not search.widen(lots, np.zeros(search.miss_price.size)):
            return None  # broken by less than a row can say


def _scanned(box: _Box, target: float) -> Array | None:
    """The cheapest whole lots of the first two orders of a box; None if none costs less than `target`.

    The lots of the one with fewer choices are gone through, those of the other follow.
    """
    turn = np.argsort((box.high - box.low)[:2], kind="stable")
    line = _Line(
        box.matrix[:, turn],
        box.bound,
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

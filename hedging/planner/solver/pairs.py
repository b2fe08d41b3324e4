r"""Plans of one or two legs, all of them: most plans that a desk would trade are among these.

Of n orders there are n² / 2 pairs, hundreds of millions on a large chain. Two bounds leave few to look at, before
any is laid down. By weak duality a pair costs at least the relaxation, its legs' price, and what the reduced costs
:math:`r` make of its lots. And where a row asks for something, :math:`a_i x_i + a_j x_j \ge b`, one of the two legs
brings half of it or more. So with

.. math:: h_i = r_i \max(l_i, b / 2 a_i), \qquad s_j = r_j l_j

and at least :math:`l` lots of each, only pairs count of which one leg's :math:`h` and the other's :math:`s` together
are less than what there is between the relaxation and the best plan. They come in blocks that fit into memory, the
most promising first, each a linear programme in two variables (`hedging.planner.solver.pair_relaxation`). For the
few that are left, whole lots are gone through (`hedging.planner.solver.pair_lots`). Where time is short, what the
next block costs at least is a bound on all that were not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.pair_lots import in_whole_lots
from hedging.planner.solver.pair_relaxation import FORGIVEN, Box, Pairs, bounded, joined
from hedging.planner.solver.search_state import Relaxation, Search

__all__ = ["cheapest_pair", "plainest_pair"]

Indices = npt.NDArray[np.intp]

TRIED_FIRST = 8  # pairs gone through before the rows that nobody had looked at are; then as many times more
BLOCK = 65_536  # pairs at a time, fewer where memory is short
SMALLEST = 2_048  # pairs of the first block; each has twice as many
PAIR = 600  # bytes that a pair of a block takes, beside its rows
POOLED = 500_000  # pairs left of the blocks before, at which they are gone through


@dataclass(frozen=True, slots=True, eq=False)
class _Sides:
    """What a pair costs more than the relaxation at least, by its legs, sorted by that.

    Attributes
    ----------
    keep : ndarray of int
        Orders.
    contracts : ndarray of int, shape (keep,)
    leading, other : ndarray, shape (keep,)
        If it is the leg that brings half, and if it is the other. [money]
    leaders, others : ndarray of int, shape (keep,)
        Orders of each, the cheapest first.
    base : float
        The relaxation and the price of two legs. [money]
    """

    keep: Indices
    contracts: Indices
    leading: Array
    other: Array
    leaders: Indices
    others: Indices
    base: float

    @classmethod
    def of(cls, search: Search, relaxed: Relaxation, keep: Indices, most: Array, target: float) -> _Sides:
        candidates = search.programme.candidates
        base = relaxed.value + 2.0 * search.programme.price_per_leg
        reduced, least = relaxed.reduced[keep], candidates.least[keep]
        other = reduced * least
        rising = np.sort(other)

        def pairs(leading: Array) -> int:
            return int(np.searchsorted(rising, target - base - leading[np.isfinite(leading)]).sum())

        leading, fewest = other, pairs(other)
        # What a row asks for of rows that are looked at; the others are thousands, and few ask for more.
        for row in np.flatnonzero(search.active & (search.bound + FORGIVEN < 0.0)):
            brings = -search.matrix[row, keep]
            with np.errstate(divide="ignore"):
                half = np.where(brings > 0.0, -0.5 * (search.bound[row] + FORGIVEN) / brings, np.inf)
            with np.errstate(invalid="ignore"):
                own = np.where(half <= most[keep], reduced * np.maximum(half, least), np.inf)
            if (count := pairs(own)) < fewest:
                leading, fewest = own, count
        leaders, others = (np.argsort(each, kind="stable") for each in (leading, other))
        leaders = leaders[np.isfinite(leading[leaders])]
        return cls(keep, search.contracts[keep], leading, other, leaders, others, base)

    def blocks(self, room: Callable[[], float], size: int) -> Iterator[tuple[Indices, Indices, float]]:
        """Pairs of different instruments within what there is room for, and what those from here on add at least."""
        rising, at, most = self.other[self.others], 0, size
        turn = np.full(self.keep.size, self.keep.size)
        turn[self.leaders] = np.arange(self.leaders.size)
        size = SMALLEST
        while at < self.leaders.size:
            within = room()
            count = np.searchsorted(rising, within - self.leading[self.leaders[at : at + size]])
            if not count[0]:  # nor is there one for any that follows
                return
            taken = max(1, int(np.searchsorted(np.cumsum(count), size, side="right")))
            leaders, count = self.leaders[at : at + taken], count[:taken]
            first = np.repeat(leaders, count)
            start = np.repeat(np.cumsum(count) - count, count)
            second = self.others[np.arange(first.size) - start]
            # Where the other one leads too and came before, they have been.
            twice = (self.leading[second] + self.other[first] < within) & (turn[second] < turn[first])
            new = (self.contracts[first] != self.contracts[second]) & ~twice
            least = float(self.leading[leaders[0]] + rising[0])
            yield np.minimum(first, second)[new], np.maximum(first, second)[new], least
            at, size = at + taken, min(2 * size, most)


@dataclass(slots=True)
class _Hunt:
    """Cheapest plan so far of one or two of some orders.

    Attributes
    ----------
    target : float
        What a cheaper one must cost less than. [money]
    best : ndarray or None
    left : float
        What pairs cost at least that there was no time for. [money]
    """

    search: Search
    relaxed: Relaxation
    keep: Indices
    most: Array
    target: float
    best: Array | None = None
    left: float = np.inf
    _box: Box | None = None

    @property
    def box(self) -> Box:
        """The orders in the rows that the search has by now."""
        if self._box is None or self._box.bound.size != self.search.bound.size:
            self._box = Box.of(self.search, self.keep, self.most)
        return self._box

    def blocks(self, legs: int) -> Iterator[Pairs]:
        """Single legs, then pairs, as long as there is time."""
        single = np.arange(self.keep.size)
        yield self.box.pairs(single, np.full_like(single, self.keep.size))
        if legs == 1:
            return
        sides = _Sides.of(self.search, self.relaxed, self.keep, self.most, self.target)
        size = int(np.clip(0.5 * self.search.engine.memory / PAIR, SMALLEST, BLOCK))
        for first, second, more in sides.blocks(lambda: self.target - sides.base, size):
            if self.search.late():
                self.left = min(self.left, sides.base + more)
                return
            yield self.box.pairs(first, second)

    def relaxation(self, pairs: Pairs, *, looked_at: bool = True) -> Pairs:
        """Those that rows leave below the target: the rows looked at, or all."""
        priced = self.search.priced(self.relaxed)  # the first to be broken
        active = self.search.active.copy()
        active[priced] = False
        others = np.flatnonzero(active), np.flatnonzero(~self.search.active)[: None if not looked_at else 0]
        return bounded(pairs, self.box, np.concatenate((priced, *others)), self.target, self._memory)

    @property
    def _memory(self) -> float:
        return 0.25 * self.search.engine.memory

    def go_through(self, pairs: Pairs) -> None:
        """Find the cheapest whole lots of some pairs that were relaxed, the most promising pair first."""
        tries = TRIED_FIRST
        while pairs.cost.size:
            pairs = self.relaxation(self.begun(pairs, tries), looked_at=False)
            tries *= TRIED_FIRST

    def begun(self, pairs: Pairs, tries: int) -> Pairs:
        """Find the whole lots of the most promising pairs; returns the pairs that are left in question."""
        order = np.argsort(pairs.cost, kind="stable")
        for at in order[:tries]:
            if pairs.cost[at] >= self.target:
                return _none()
            if self.search.late():
                self.left = min(self.left, float(pairs.cost[at]))
                return _none()
            self.whole_lots(pairs, int(at))
        left = pairs.take(order[tries:])
        return left.take(left.cost < self.target)

    def whole_lots(self, pairs: Pairs, at: int) -> None:
        """Find the cheapest whole lots of one pair."""
        places = (pairs.first[at], pairs.second[at])
        legs = self.keep[np.array([each for each in places if each < self.keep.size])]
        lots = in_whole_lots(self.search, legs, self.most, self.target)
        if lots is not None:
            self.best, self.target = lots, self.search.objective(lots)


def cheapest_pair(
    search: Search, relaxed: Relaxation, keep: Indices, most: Array, target: float, *, legs: int = 2
) -> tuple[Array | None, float]:
    """Cheapest plan of one or two of some orders.

    Parameters
    ----------
    search : Search
        No limit of it may be missed.
    relaxed : Relaxation
        Of all orders.
    keep : ndarray of int
        Orders to choose from.
    most : ndarray, shape (columns,)
        Largest order of each. [lots]
    target : float
        What it must cost less than. [money]
    legs : {2, 1}

    Returns
    -------
    (ndarray or None, float)
        The plan, if there is one, and what those cost at least that there was no time for; infinite if there was
        time for all.
    """
    hunt, pool = _Hunt(search, relaxed, keep, most, target), _none()
    for pairs in hunt.blocks(legs):
        # The earlier a plan, the fewer pairs come.
        pool = hunt.begun(joined((pool, hunt.relaxation(pairs))), TRIED_FIRST)
        if pool.cost.size > POOLED:
            hunt.go_through(pool)
            pool = _none()
        search.tick()
    hunt.go_through(pool)
    return hunt.best, hunt.left


def _none() -> Pairs:
    nothing = np.zeros(0, dtype=np.intp)
    return Pairs(nothing, nothing, np.zeros(0), np.zeros(0), np.zeros(0))


def plainest_pair(
    search: Search,
    relaxed: Relaxation,
    keep: Indices,
    most: Array,
    target: float,
    ranks: Callable[[Indices], Indices],
    below: int,
    *,
    legs: int = 2,
) -> Array | None:
    """Cheapest of the plans of the lowest rank there is, where that is lower than `below`.

    Parameters as for `cheapest_pair`; `ranks` takes the orders of every plan, one row each, with the number of
    columns for no order.
    """
    hunt, order, pool = _Hunt(search, relaxed, keep, most, target), np.append(keep, most.size), _none()
    best: Array | None = None

    def rank_of(pairs: Pairs) -> Indices:
        return ranks(np.column_stack((order[pairs.first], order[pairs.second])))

    def plainest(pairs: Pairs) -> None:
        nonlocal best, below
        rank = rank_of(pairs)
        for each in np.unique(rank[rank < below]):
            ranked = replace(hunt)
            ranked.go_through(pairs.take(rank == each))
            if ranked.best is not None:
                best, below = ranked.best, int(each)
                return

    for pairs in hunt.blocks(legs):
        pool = joined((pool, hunt.relaxation(pairs.take((pairs.cost < target) & (rank_of(pairs) < below)))))
        if pool.cost.size > POOLED:
            plainest(pool)
            pool = _none()
    plainest(pool)
    return best

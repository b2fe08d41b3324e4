"""The programme without whole lots and without a count of legs: what every plan costs at least.

Whole chains have hundreds of scenario rows of which few matter, and one row of an expected shortfall for
every plan: rows enter when they are broken.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from hedging._numerics.types import Array, Mask
from hedging.planner.programme.programme import Problem
from hedging.planner.programme.shortfall import Tail
from hedging.planner.request.limit import SHORTFALL
from hedging.planner.solver.backends import TICK, Engine
from hedging.planner.solver.linear import LinearProgramme

__all__ = ["Relaxation", "Search", "relax", "relax_within"]


TOLERANCE = 1e-6  # of rows scaled to a largest coefficient of 1 per lot: a millionth of a lot
TAIL_TOLERANCE = 2e-7  # of the base: when a plan counts as within its expected shortfall
ROWS_ADDED = 24  # broken scenario rows added at a time
BASE = 2.0**20  # what the base is about to a solver, whose tolerances are absolute


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """The programme with continuous lots and without the count of legs.

    Attributes
    ----------
    lots : ndarray, shape (columns,)
    value : float
        A lower bound on the cost of every plan. [money]
    reduced : ndarray, shape (columns,)
        What each lot of an order adds to the bound at least. [money per lot]
    duals : ndarray, shape (rows,)
        What one more unit of a row's bound saves, >= 0. [money per unit of the row]
    active : ndarray of bool, shape (rows,)
        Rows that were looked at; the others hold anyway.
    tail_dual : float
        What one more unit of expected shortfall saves. [money per money]
    """

    lots: Array
    value: float
    reduced: Array
    duals: Array
    active: Mask
    tail_dual: float = 0.0


@dataclass(slots=True)
class Search:
    """The programme in the solver's scale, with what is known so far.

    Rows of a limit that may be missed share one slack, in units of the limit's scale.
    """

    problem: Problem
    gap: float
    deadline: float
    engine: Engine = field(default_factory=Engine)
    norm: Array = field(init=False)
    matrix: Array = field(init=False)
    bound: Array = field(init=False)
    slack: Array = field(init=False)  # shape (rows, limits that may be missed)
    miss_price: Array = field(init=False)
    active: Mask = field(init=False)
    best: Array | None = None
    cost: float = np.inf  # of the best
    ceiling: float = np.inf  # what plans that are looked for cost less than
    floor: float = -np.inf  # what every plan costs at least
    nodes: int = 0
    reported: float = -np.inf  # when, on the clock of the deadline
    interrupted: bool = False

    def __post_init__(self) -> None:
        rows, prices = self.problem.rows, self.problem.miss_price
        self.norm = _norm(rows.matrix)
        self.matrix = np.asfortranarray(rows.matrix / self.norm[:, None])
        self.bound = rows.bound / self.norm
        belongs = np.array([rows.of(limit) for limit in prices], dtype=float)
        self.slack = belongs.reshape(len(prices), self.bound.size).T * (rows.scale / self.norm)[:, None]
        self.miss_price = np.array(list(prices.values()), dtype=float)
        self.active = ~rows.many

    @property
    def seconds_left(self) -> float:
        """Time until the deadline."""
        return max(0.0, self.deadline - time.perf_counter())

    @property
    def nodes_left(self) -> float:
        """Nodes until the engine's limit."""
        return max(0.0, self.engine.nodes - self.nodes)

    @property
    def over(self) -> bool:
        """Whether the search ends with what it has."""
        return self.seconds_left <= 0.0 or self.nodes_left <= 0.0 or self.interrupted

    def _over(self, lots: Array) -> Array:
        """By how much each row is broken, missed or not; of hundreds of orders few are used."""
        used = np.flatnonzero(lots)
        return np.asarray(self.matrix[:, used] @ lots[used] - self.bound)

    def misses(self, lots: Array) -> Array:
        """By how much each limit that may be missed is missed, in units of its scale."""
        over = np.maximum(self._over(lots), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self.slack > 0, over[:, None] / self.slack, 0.0)
        missed = np.asarray(share.max(axis=0, initial=0.0))
        place = list(self.problem.miss_price).index(SHORTFALL) if self._soft_tails else None
        for tail in self.problem.tails if place is not None else ():
            missed[place] = max(missed[place], tail.over(lots) / self.problem.base)
        return missed

    @property
    def money(self) -> float:
        """What 1 of cost is to a solver, in money: for it the base is the same size whatever money there is.

        A power of two, so that no digit changes.
        """
        return float(2.0 ** np.floor(np.log2(self.problem.base / BASE)))

    @property
    def miss_unit(self) -> Array:
        """What 1 of a miss is to a solver: its coefficients are no larger than those of a lot, or it loses digits."""
        return _norm(self.slack[self.active].T)

    @property
    def _soft_tails(self) -> bool:
        return bool(self.problem.tails) and SHORTFALL in self.problem.miss_price

    def widen(self, lots: Array, missed: Array) -> bool:
        """Look at the rows that `lots` break beyond what is `missed`; False if they break none."""
        over = self._over(lots) - self.slack @ missed
        over[self.active] = -np.inf
        worst = np.argsort(-over)[:ROWS_ADDED]
        broken = worst[over[worst] > TOLERANCE]
        self.active[broken] = True
        cuts = [self._cut(tail, lots, missed) for tail in self.problem.tails]
        return bool(broken.size) or any(cuts)

    def _cut(self, tail: Tail, lots: Array, missed: Array) -> bool:
        """Add the row of a tail that `lots` break; False if they keep within it."""
        slack = np.array([[self.problem.base * (limit == SHORTFALL) for limit in self.problem.miss_price]])
        if tail.over(lots) - (slack @ missed).sum() <= TAIL_TOLERANCE * self.problem.base:
            return False
        row, bound = tail.row(lots)
        norm = _norm(row[None])
        self.norm = np.append(self.norm, norm)
        self.matrix = np.asfortranarray(np.vstack((self.matrix, row / norm)))
        self.bound = np.append(self.bound, bound / norm)
        self.slack = np.vstack((self.slack, slack.reshape(1, len(missed)) / norm))
        self.active = np.append(self.active, True)
        return True

    def keeps(self, lots: Array) -> bool:
        """Whether some whole lots keep every row that may not be missed, and the count and sizes of legs.

        A solver takes a leg that is used by less than its tolerance for none; of very many lots that is some.
        """
        columns, used = self.problem.columns, np.flatnonzero(lots)
        if (
            used.size > self.problem.max_legs
            or not ((columns.least[used] <= lots[used]) & (lots[used] <= columns.most[used])).all()
        ):
            return False
        over = self._over(lots) - self.slack @ self.misses(lots)
        if over.max(initial=0.0) > TOLERANCE:
            return False
        for tail in () if self._soft_tails else self.problem.tails:
            if tail.over(lots) > 2.0 * TAIL_TOLERANCE * self.problem.base:
                return False
        return True

    def offer(self, lots: Array | None) -> None:
        """Take some lots as the best plan if they are one, and cheaper than the best so far."""
        if lots is None or not self.keeps(lots):
            return
        cost = self.objective(lots)
        if cost < self.cost:
            self.best, self.cost = lots, cost

    @property
    def target(self) -> float:
        """What a plan must cost less than to be looked for, or to count as cheaper than the best."""
        if self.best is None:
            return self.ceiling
        return min(self.ceiling, self.cost - self.gap * abs(self.cost))

    def tick(self) -> None:
        """Report where the search stands, some ten times a second."""
        now = time.perf_counter()
        if self.engine.progress is not None and now - self.reported >= TICK:
            self.reported = now
            self.engine.progress(self.cost, self.floor)

    def objective(self, lots: Array) -> float:
        """Cost of some lots, the price of legs and of misses included. [money]"""
        price = self.problem.price_per_leg
        fixed = price * np.count_nonzero(lots) + self.miss_price @ self.misses(lots)
        return float(self.problem.columns.cost @ lots + fixed)


def _norm(matrix: Array) -> Array:
    """Largest coefficient of each row, 1 for an empty one."""
    largest = np.abs(matrix).max(axis=1, initial=0.0)
    return np.where(largest > 0, largest, 1.0)


def relax(problem: Problem, *, most: Array | None = None, active: Mask | None = None) -> Relaxation | None:
    """Solve the relaxation; None if even that has no plan.

    Parameters
    ----------
    problem : Problem
    most : ndarray, optional
        Tighter largest orders. [lots]
    active : ndarray of bool, optional
        Rows to start from, by default those of no scenario set.
    """
    search = Search(problem, 0.0, np.inf)
    if active is not None:
        search.active = search.active | active
    return relax_within(search, None, problem.columns.most if most is None else most)


def relax_within(
    search: Search, least: Array | None, most: Array, counts: tuple[Array, Array] | None = None
) -> Relaxation | None:
    """The relaxation with orders of at least and at most so many lots; what may have none is left out.

    With `counts`, matrix and bound, these rows over all orders hold too.
    """
    columns = search.problem.columns
    keep = np.flatnonzero(most > 0.0)
    misses = search.miss_price.size
    if not keep.size + misses:
        nothing = np.zeros(len(columns))
        if not search.keeps(nothing):
            return None
        return Relaxation(nothing, 0.0, nothing, np.zeros(search.problem.rows.bound.size), search.active)
    low = np.append(np.zeros(keep.size) if least is None else least[keep], np.zeros(misses))
    high = np.append(most[keep], np.full(misses, np.inf))
    unit = search.miss_unit
    cost = np.append(columns.cost[keep], search.miss_price / unit) / search.money
    programme = LinearProgramme(cost, low, high)
    if counts is not None:
        matrix, bound = counts
        programme.add(np.hstack((matrix[:, keep], np.zeros((bound.size, misses)))), bound)
    others = programme.rows
    lots, on = np.zeros(len(columns)), np.zeros(0, dtype=np.intp)
    while True:
        new = np.setdiff1d(np.flatnonzero(search.active), on, assume_unique=True)
        rows = np.hstack((search.matrix[np.ix_(new, keep)], -search.slack[new] / unit))
        programme.add(rows, search.bound[new])
        on = np.append(on, new)
        found = programme.solve()
        if found is None:
            return None
        x = np.clip(found.x, low, high)
        lots[keep] = x[: keep.size]
        if not search.widen(lots, x[keep.size :] / unit):
            break
    duals = np.zeros(search.bound.size)
    duals[on] = found.duals[others:] * search.money / search.norm[on]
    reduced = np.zeros(len(columns))
    reduced[keep] = found.reduced[: keep.size] * search.money
    own = search.problem.rows.bound.size  # what follows are rows of tails
    active = search.active[:own].copy()
    value = found.value * search.money
    return Relaxation(lots, value, reduced, duals[:own], active, float(duals[own:].sum()))

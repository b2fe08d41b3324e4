"""What a search knows while it goes on: the rows in the solver's scale, the best plan, the clock.

Whole chains have hundreds of scenario rows of which few matter, and one row of an expected shortfall for
every plan: rows enter when they are broken. Those of `Programme.lazy` are not even made before.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._numerics.types import Array, Mask
from hedging.planner.programme.programme import Programme
from hedging.planner.programme.shortfall import Tail
from hedging.planner.request.limit import SHORTFALL, Limit
from hedging.planner.solver.backends import TICK, Engine

__all__ = ["OWN", "TAIL", "TOLERANCE", "Relaxation", "Search"]

Indices = npt.NDArray[np.intp]


TOLERANCE = 1e-6  # of rows scaled to a largest coefficient of 1 per lot: a millionth of a lot
TAIL_TOLERANCE = (
    2e-7  # of the base: when a plan counts as within its expected shortfall, or within rows not made
)
ROWS_ADDED = 24  # broken scenario rows added at a time
GRACE = 0.5, 0.1  # seconds, or share of the time, by which steps that bring a first plan may be late
OWN, TAIL = -2, -1  # where a row of the search comes from: `Programme.rows`, a tail; from 0 on, lazy rows
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
    lazy_duals : tuple of (ndarray of int, ndarray)
        For each of `Programme.lazy`, rows that have a price, and that. [money per money]
    """

    lots: Array
    value: float
    reduced: Array
    duals: Array
    active: Mask
    tail_dual: float = 0.0
    lazy_duals: tuple[tuple[Indices, Array], ...] = ()


@dataclass(slots=True)
class Search:
    """The programme in the solver's scale, with what is known so far.

    Rows of a limit that may be missed share one slack, in units of the limit's scale. Behind the rows of the
    problem come those that were made: `source` says of what, `place` which of its rows.
    """

    programme: Programme
    gap: float
    deadline: float
    engine: Engine = field(default_factory=Engine)
    last: float = np.inf  # when even what brings a first plan stops
    norm: Array = field(init=False)
    matrix: Array = field(init=False)
    bound: Array = field(init=False)
    slack: Array = field(init=False)  # shape (rows, limits that may be missed)
    miss_price: Array = field(init=False)
    active: Mask = field(init=False)
    source: Indices = field(init=False)
    place: Indices = field(init=False)
    best: Array | None = None
    cost: float = np.inf  # of the best
    ceiling: float = np.inf  # what plans that are looked for cost less than
    floor: float = -np.inf  # what every plan costs at least
    nodes: int = 0
    reported: float = -np.inf  # when, on the clock of the deadline
    interrupted: bool = False
    _contracts: Indices | None = None

    def __post_init__(self) -> None:
        rows, prices = self.programme.rows, self.programme.miss_price
        self.norm = _norm(rows.matrix)
        self.matrix = np.empty(rows.matrix.shape, order="F")  # filled in place: it may be large
        np.divide(rows.matrix, self.norm[:, None], out=self.matrix)
        self.bound = rows.bound / self.norm
        belongs = np.array([rows.of(limit) for limit in prices], dtype=float)
        self.slack = belongs.reshape(len(prices), self.bound.size).T * (rows.scale / self.norm)[:, None]
        self.miss_price = np.array(list(prices.values()), dtype=float)
        self.active = ~rows.many
        self.source, self.place = np.full(self.bound.size, OWN), np.arange(self.bound.size)

    @classmethod
    def within(cls, programme: Programme, gap: float, time_limit: float, engine: Engine) -> Search:
        """A search that ends after so many seconds, or little later if there is no plan by then."""
        start = clock.now()
        last = start + time_limit + max(GRACE[0], GRACE[1] * time_limit)
        return cls(programme, gap, start + time_limit, engine, last)

    def late(self) -> bool:
        """Whether even steps that bring a first plan stop."""
        return clock.now() >= self.last or clock.over()

    @property
    def contracts(self) -> Indices:
        """The instrument of each order, by number."""
        if self._contracts is None:
            number: dict[str, int] = {}
            symbols = (item.symbol for item in self.programme.candidates.instruments)
            self._contracts = np.array(
                [number.setdefault(each, len(number)) for each in symbols], dtype=np.intp
            )
        return self._contracts

    @property
    def seconds_left(self) -> float:
        """Time until the deadline."""
        return max(0.0, min(self.deadline - clock.now(), clock.seconds_left()))

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
        names = list(self.programme.miss_price)
        for tail in self.programme.tails if self._soft_tails else ():
            place = names.index(SHORTFALL)
            missed[place] = max(missed[place], tail.over(lots) / self.programme.base)
        for rows in self.programme.lazy:
            if rows.limit in names:
                place = names.index(rows.limit)
                missed[place] = max(missed[place], rows.over(lots).max(initial=0.0) / rows.scale)
        return missed

    @property
    def money(self) -> float:
        """What 1 of cost is to a solver, in money: for it the base is the same size whatever money there is.

        A power of two, so that no digit changes.
        """
        return float(2.0 ** np.floor(np.log2(self.programme.base / BASE)))

    @property
    def miss_unit(self) -> Array:
        """What 1 of a miss is to a solver: its coefficients are no larger than those of a lot, or it loses digits."""
        return _norm(self.slack[self.active].T)

    @property
    def _soft_tails(self) -> bool:
        return bool(self.programme.tails) and SHORTFALL in self.programme.miss_price

    def widen(self, lots: Array, missed: Array) -> bool:
        """Look at the rows that `lots` break beyond what is `missed`; False if they break none."""
        over = self._over(lots) - self.slack @ missed
        over[self.active] = -np.inf
        worst = np.argsort(-over)[:ROWS_ADDED]
        broken = worst[over[worst] > TOLERANCE]
        self.active[broken] = True
        cuts = [self._cut(tail, lots, missed) for tail in self.programme.tails]
        made = [self._make(at, lots, missed) for at in range(len(self.programme.lazy))]
        return bool(broken.size) or any(cuts) or any(made)

    def _cut(self, tail: Tail, lots: Array, missed: Array) -> bool:
        """Add the row of a tail that `lots` break; False if they keep within it."""
        slack = self._slack_of(SHORTFALL, self.programme.base)
        if tail.over(lots) - float(slack @ missed) <= TAIL_TOLERANCE * self.programme.base:
            return False
        row, bound = tail.row(lots)
        self._append(row[None], np.array([bound]), slack, TAIL, np.zeros(1, dtype=np.intp))
        return True

    def _make(self, at: int, lots: Array, missed: Array) -> bool:
        """Add the lazy rows that `lots` break most; False if they keep all."""
        rows = self.programme.lazy[at]
        slack = self._slack_of(rows.limit, rows.scale)
        over = rows.over(lots) - float(slack @ missed)
        over[self.place[self.source == at]] = -np.inf
        worst = np.argpartition(-over, min(ROWS_ADDED, over.size) - 1)[:ROWS_ADDED]
        broken = worst[over[worst] > TAIL_TOLERANCE * self.programme.base]
        self._take(at, broken)
        return bool(broken.size)

    def _take(self, at: int, index: Indices) -> None:
        """Add some lazy rows."""
        if index.size:
            rows = self.programme.lazy[at]
            self._append(
                rows.rows(index), rows.held[index], self._slack_of(rows.limit, rows.scale), at, index
            )

    def _slack_of(self, limit: Limit, scale: float) -> Array:
        """What a miss of each limit gives rows of one of them. [money]"""
        return np.array([scale * (name == limit) for name in self.programme.miss_price])

    def _append(self, matrix: Array, bound: Array, slack: Array, source: int, place: Indices) -> None:
        norm = _norm(matrix)
        self.norm = np.append(self.norm, norm)
        stacked = np.empty((self.norm.size, self.matrix.shape[1]), order="F")  # as the relaxation takes it
        self.matrix = np.concatenate((self.matrix, matrix / norm[:, None]), out=stacked)
        self.bound = np.append(self.bound, bound / norm)
        self.slack = np.vstack((self.slack, slack / norm[:, None]))
        self.active = np.append(self.active, np.ones(norm.size, dtype=bool))
        self.source = np.append(self.source, np.full(norm.size, source))
        self.place = np.append(self.place, place)

    def priced(self, relaxed: Relaxation) -> Indices:
        """Rows that have a price in a relaxation of the same problem, made where they were not yet."""
        found = [np.flatnonzero(relaxed.duals > 0.0)]
        for at, (index, _) in enumerate(relaxed.lazy_duals):
            self._take(at, np.setdiff1d(index, self.place[self.source == at]))
            found.append(np.flatnonzero((self.source == at) & np.isin(self.place, index)))
        return np.concatenate(found)

    def look_at(self, relaxed: Relaxation) -> None:
        """Begin with the rows that mattered to a relaxation of the same problem."""
        self.active[: relaxed.active.size] |= relaxed.active
        self.priced(relaxed)

    def look_only_at(self, rows: Indices) -> None:
        """Look at some rows, and at those that are always looked at: of no scenario set."""
        many = self.programme.rows.many
        self.active[: many.size] = ~many
        self.active[self.source >= 0] = False
        self.active[rows] = True

    def keeps(self, lots: Array) -> bool:
        """Whether some whole lots keep every row that may not be missed, and the count and sizes of legs.

        A solver takes a leg that is used by less than its tolerance for none; of very many lots that is some.
        """
        candidates, used = self.programme.candidates, np.flatnonzero(lots)
        if (
            used.size > self.programme.max_legs
            or not ((candidates.least[used] <= lots[used]) & (lots[used] <= candidates.most[used])).all()
        ):
            return False
        over = self._over(lots) - self.slack @ self.misses(lots)
        if over.max(initial=0.0) > TOLERANCE:
            return False
        for tail in () if self._soft_tails else self.programme.tails:
            if tail.over(lots) > 2.0 * TAIL_TOLERANCE * self.programme.base:
                return False
        return all(
            rows.limit in self.programme.miss_price
            or rows.over(lots).max(initial=0.0) <= 2.0 * TAIL_TOLERANCE * self.programme.base
            for rows in self.programme.lazy
        )

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
        now = clock.now()
        if self.engine.progress is not None and now - self.reported >= TICK:
            self.reported = now
            self.engine.progress(self.cost, self.floor)

    def objective(self, lots: Array) -> float:
        """Cost of some lots, the price of legs and of misses included. [money]"""
        price = self.programme.price_per_leg
        fixed = price * np.count_nonzero(lots) + self.miss_price @ self.misses(lots)
        return float(self.programme.candidates.cost @ lots + fixed)


def _norm(matrix: Array) -> Array:
    """Largest coefficient of each row, 1 for an empty one."""
    largest = np.maximum(matrix.max(axis=1, initial=0.0), -matrix.min(axis=1, initial=0.0))
    return np.where(largest > 0, largest, 1.0)

r"""Value at risk as a limit: with what probability a plan may lose more, outcome by outcome.

The limit says that the outcomes in which a plan loses more than :math:`L` weigh at most :math:`1 - \beta`
together, whichever they are. For each choice of them it is an ordinary floor over all others, and the
programme one that `hedging.planner.solver.search` proves. Choices are searched as a tree [1]_:

1. At a node some outcomes are held, some are given up, the others are undecided and not asked for. So its
   relaxation costs no more than any plan below it.
2. Where that plan loses more in too many of the others, these cannot all be given up: the first is held, or
   the first is given up and the second held, and so on. The branches share no plan and miss none.
3. Where it does not, the node's programme is solved in whole lots, and branched in the same way if need be.

The cheapest node still open bounds all plans there are. Some hundreds of outcomes are proven in seconds;
with thousands the time limit is met first, and the plan comes with its gap.

References
----------
.. [1] A. Ruszczynski, Probabilistic programming with discrete distributions, 2002: chance constraints as a
   choice of scenarios.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count

import numpy as np

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging._numerics.types import Array, Mask
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limit import VALUE_AT_RISK
from hedging.planner.solver import search as plain
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.relaxation import relax
from hedging.planner.solver.search import Solution
from hedging.planner.solver.search_state import Relaxation

__all__ = ["possible", "simplest", "solve", "with_outcomes_fixed"]


TOLERANCE = 1e-7  # of the base: a loss beyond the limit by less is rounding
GREEDY_ROUNDS = 5
GREEDY_SHARE = 0.4  # of the time, for plans before the proof


def solve(
    programme: Programme,
    *,
    gap: float = 1e-3,
    time_limit: float = 30.0,
    prove: bool = True,
    ceiling: float = np.inf,
    engine: Engine | None = None,
) -> Solution:
    """Find the cheapest plan and prove it, value at risk included; parameters as `hedging.planner.solver.search.solve`."""
    if programme.value_at_risk is None:
        return plain.solve(programme, gap=gap, time_limit=time_limit, ceiling=ceiling, engine=engine)
    try:
        tree = _Tree(programme, gap, clock.now() + time_limit, engine=engine)
    except OutOfTimeError:
        return Solution(None, np.inf, -np.inf, 0)
    bound, interrupted = tree.root_value, False
    try:
        with suppress(OutOfTimeError):
            tree.greedy(GREEDY_SHARE * time_limit if prove else time_limit)
            bound = tree.search() if prove else bound
    except KeyboardInterrupt:
        if tree.best is None:
            raise
        interrupted = True
    best = tree.best
    if best is None:
        return Solution(None, np.inf, bound, tree.nodes, bool(np.isinf(bound)))
    bound = min(bound, best.objective)
    relaxed = None
    # Prices of limits at the plan's own choice of outcomes, over every order.
    with suppress(OutOfTimeError):
        relaxed = relax(with_outcomes_fixed(programme, best.lots))
    return replace(best, bound=bound, nodes=tree.nodes, relaxed=relaxed, interrupted=interrupted)


def simplest(
    programme: Programme, solution: Solution, *, share: float, engine: Engine | None = None
) -> Solution:
    """The plan with the fewest legs among those that cost little more and give up the same outcomes."""
    return plain.simplest(with_outcomes_fixed(programme, solution.lots), solution, share=share, engine=engine)


def with_outcomes_fixed(programme: Programme, lots: Array | None) -> Programme:
    """The ordinary programme that asks of no outcome what `lots` give up there."""
    if programme.value_at_risk is None or lots is None:
        return programme
    over, value_at_risk = _over(programme, lots), programme.value_at_risk
    order = np.argsort(-over, kind="stable")
    kept = order[
        np.cumsum(value_at_risk.probabilities[order]) > value_at_risk.share
    ]  # the quantile, and all that lose less
    missed = max(0.0, float(over[kept[0]])) if VALUE_AT_RISK in programme.miss_price else 0.0
    return _holding(programme, over <= missed + TOLERANCE * programme.base)


def possible(programme: Programme, *, time_limit: float) -> bool:
    """Whether continuous lots can keep every limit; undecided within the time counts as possible."""
    if programme.value_at_risk is None:
        return relax(programme) is not None
    tree = _Tree(programme, np.inf, clock.now() + time_limit, whole_lots=False)
    return bool(np.isfinite(tree.search())) or tree.best is not None


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Outcomes that must keep the limit, and those that are given up; the others are undecided."""

    held: Mask
    given_up: Mask


@dataclass(slots=True)
class _Tree:
    programme: Programme
    gap: float
    deadline: float
    whole_lots: bool = True
    engine: Engine | None = None
    best: Solution | None = None
    nodes: int = 0
    probabilities: Array = field(init=False)
    share: float = field(init=False)
    active: Mask = field(init=False)
    root: Relaxation | None = field(init=False)

    def __post_init__(self) -> None:
        assert self.programme.value_at_risk is not None
        self.probabilities, self.share = (
            self.programme.value_at_risk.probabilities,
            self.programme.value_at_risk.share,
        )
        self.active = np.zeros(len(self.programme.rows.bound), dtype=bool)
        self.root = self._relaxed(self._start)

    @property
    def _start(self) -> _Node:
        none = np.zeros(self.probabilities.size, dtype=bool)
        return _Node(none, none)

    def _relaxed(self, node: _Node) -> Relaxation | None:
        """The node's relaxation, from the rows that mattered at others."""
        fixed = _holding(self.programme, node.held)
        relaxed = relax(fixed, active=self.active & np.isfinite(fixed.rows.bound))
        if relaxed is not None:
            self.active |= relaxed.active
        return relaxed

    @property
    def root_value(self) -> float:
        return np.inf if self.root is None else self.root.value

    @property
    def seconds_left(self) -> float:
        return max(0.0, min(self.deadline - clock.now(), clock.seconds_left()))

    @property
    def over(self) -> bool:
        return self.seconds_left <= 0.0 or (self.engine is not None and self.nodes >= self.engine.nodes)

    @property
    def target(self) -> float:
        """What a plan must cost less than to count as better than the best."""
        if self.best is None:
            return np.inf
        return self.best.objective - min(self.gap, 1.0) * abs(self.best.objective)

    def greedy(self, seconds: float) -> None:
        """Give up what the relaxation loses most in, then what the plan found does, as long as that helps."""
        if self.root is None:
            return
        end, lots = clock.now() + seconds, self.root.lots
        for _ in range(GREEDY_ROUNDS):
            node = self._worst_given_up(lots)
            before = self.best
            solution = self._solved(node, min(self.seconds_left, max(end - clock.now(), 0.0)))
            if self.best is before or solution.lots is None or self.over:
                return
            lots = solution.lots

    def search(self) -> float:
        """Branch until nothing better can be left, or the time is up; returns the bound on every plan."""
        if self.root is None:
            return np.inf
        number, closed = count(), np.inf
        heap: list[tuple[float, int, _Node]] = [(self.root.value, next(number), self._start)]
        while heap:
            bound, _, node = heap[0]
            if min(bound, closed) >= self.target or self.over:
                break
            heapq.heappop(heap)
            relaxed = self._relaxed(node)
            self.nodes += 1
            if relaxed is None or relaxed.value >= self.target:
                continue
            bound, lots = max(bound, relaxed.value), relaxed.lots
            if self._keeps(lots, node):
                if not self.whole_lots:
                    self.best = Solution(lots, relaxed.value, relaxed.value, 0)
                    return bound
                solution = self._solved(node, self.seconds_left)
                bound = max(bound, solution.bound)
                if solution.lots is None:
                    closed = min(closed, bound)
                    continue
                lots = solution.lots
                if self._keeps(lots, node):
                    closed = min(closed, bound)
                    continue
            for child in self._branches(node, lots):
                heapq.heappush(heap, (bound, next(number), child))
        return min([closed, self.target, *(bound for bound, _, _ in heap)])

    def _solved(self, node: _Node, seconds: float) -> Solution:
        """The node's programme in whole lots; the best plan of all is kept."""
        fixed = _holding(self.programme, node.held)
        solution = plain.solve(fixed, gap=self.gap, time_limit=seconds, engine=self.engine)
        self.nodes += solution.nodes
        better = self.best is None or solution.objective < self.best.objective
        if solution.lots is not None and better and self._keeps(solution.lots, node):
            self.best = solution
        if solution.interrupted:
            raise KeyboardInterrupt
        return solution

    def _keeps(self, lots: Array, node: _Node) -> bool:
        return bool(self.probabilities[_beyond(self.programme, lots, node.held)].sum() <= self.share)

    def _worst_given_up(self, lots: Array) -> _Node:
        """Everything held but the worst outcomes, as many as may be given up."""
        order = np.argsort(-_over(self.programme, lots), kind="stable")
        inside = np.cumsum(self.probabilities[order]) <= self.share
        given_up = np.zeros(order.size, dtype=bool)
        given_up[order[inside]] = True
        return _Node(~given_up, given_up)

    def _branches(self, node: _Node, lots: Array) -> Iterator[_Node]:
        """The ways to keep the limit that leave no plan out; the most promising comes first."""
        beyond = _beyond(self.programme, lots, node.held) & ~node.given_up
        order = np.flatnonzero(beyond)[np.argsort(-_over(self.programme, lots)[beyond], kind="stable")]
        spent = self.probabilities[node.given_up].sum() + np.cumsum(self.probabilities[order])
        last = int(np.argmax(spent > self.share))  # so far they cannot all be given up
        for place in range(last, -1, -1):
            held, given_up = node.held.copy(), node.given_up.copy()
            given_up[order[:place]] = True
            held[order[place]] = True
            # What no longer fits cannot be given up any more.
            held |= ~given_up & (self.probabilities > self.share - self.probabilities[given_up].sum())
            yield _Node(held, given_up)


def _over(programme: Programme, lots: Array) -> Array:
    """By how much each outcome loses more than the limit, at the worst of its fundings. [money]"""
    assert programme.value_at_risk is not None
    rows, at = programme.rows, np.flatnonzero(programme.rows.of(VALUE_AT_RISK))
    used = np.flatnonzero(lots)
    over = rows.matrix[np.ix_(at, used)] @ lots[used] - rows.bound[at]
    return np.asarray(over.reshape(-1, programme.value_at_risk.probabilities.size).max(axis=0))


def _beyond(programme: Programme, lots: Array, held: Mask) -> Mask:
    """Outcomes not held that lose more than the limit, and more than those held do where it may be missed."""
    over, missed = _over(programme, lots), 0.0
    if VALUE_AT_RISK in programme.miss_price and held.any():
        missed = max(0.0, float(over[held].max()))
    return np.asarray(~held & (over > missed + TOLERANCE * programme.base))


def _holding(programme: Programme, held: Mask) -> Programme:
    """The programme that asks for the limit in some outcomes only."""
    bound, at = programme.rows.bound.copy(), np.flatnonzero(programme.rows.of(VALUE_AT_RISK))
    bound[at] = np.where(np.resize(held, at.size), bound[at], np.inf)  # at every funding
    return replace(programme, rows=replace(programme.rows, bound=bound), value_at_risk=None)

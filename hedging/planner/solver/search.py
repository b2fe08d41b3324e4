"""Solve the programme and prove it.

Whole chains have hundreds of orders and hundreds of scenarios, few of which matter. Three steps, each with a
reason why its answer holds for the whole problem:

1. The relaxation (lots continuous, no count of legs) over all orders gives a lower bound and, for every
   order, what the cost must rise by per lot if it is used. So an order whose smallest size would cost more
   than the best plan cannot be part of a cheaper one, and none can be larger than the difference buys.
   Scenario rows enter when they are broken.
2. `hedging.planner.solver.rounding` rounds that: a plan however little time there is. `hedging.planner.solver.pairs` goes
   through all plans of one leg and of two, which decides most problems for good: by what legs cost, more of
   them seldom pay. Neither branches; both stop when the clock says so, a little late where there is no plan yet. Where limits may be missed, or a loss is
   minimised, a pair is no programme in two variables, and the next step has all numbers of legs.
3. `hedging.planner.solver.branch_and_bound` branches over where the legs lie, for more legs, until nothing cheaper can exist.
   However early it ends, the cheapest of what it has left is a bound.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from hedging._ground.clock import OutOfTimeError
from hedging._numerics.types import Array, Mask
from hedging.errors import SolverError
from hedging.planner.programme.programme import Programme
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.branch_and_bound import branch_and_bound
from hedging.planner.solver.pairs import cheapest_pair
from hedging.planner.solver.relaxation import reach, relax, relax_within
from hedging.planner.solver.rounding import rounded
from hedging.planner.solver.search_state import Relaxation, Search

__all__ = ["Relaxation", "Solution", "reach", "relax", "simplest", "solve"]


SIMPLE_NODES = 200  # for fewer legs than the best plan has
GONE_THROUGH = 2  # legs up to which all plans are gone through
SPARES = (0.5, 1.0, 2.0)  # lots of room for rounding, where there is no plan with less


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What the search ended with.

    Attributes
    ----------
    lots : ndarray or None
        The best plan found, None if there is none.
    objective, bound : float
        Its cost, and what no plan can cost less than. [money]
    nodes : int
        Of branch and bound, over all solves.
    infeasible : bool
        Proven that no plan meets all rows.
    relaxed : Relaxation or None
        None if that has no plan either.
    interrupted : bool
        Whether the search was stopped by hand.
    closest : bool
        Whether it only misses the limits by the least.
    """

    lots: Array | None
    objective: float
    bound: float
    nodes: int
    infeasible: bool = False
    relaxed: Relaxation | None = None
    interrupted: bool = False
    closest: bool = False

    @property
    def gap(self) -> float:
        """Share of the cost that a better plan could save at most."""
        if self.lots is None:
            return np.inf
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve(
    programme: Programme,
    *,
    gap: float = 1e-3,
    time_limit: float = 30.0,
    start: Array | None = None,
    active: Mask | None = None,
    ceiling: float = np.inf,
    engine: Engine | None = None,
) -> Solution:
    """Find the cheapest plan and prove it.

    Parameters
    ----------
    programme : Programme
    gap : float
        Share of the cost within which a plan counts as optimal. [1]
    time_limit : float
        For all steps; the first plan may take half a second or a tenth longer. [seconds]
    start : ndarray, optional
        A plan that is known; one that breaks a row is ignored. [lots]
    active : ndarray of bool, optional
        Rows that mattered to a similar problem.
    ceiling : float
        What a dearer plan is not looked for beyond: the search ends where there is none for less. [money]
    engine : Engine, optional
        What branches, and who hears of it.

    Raises
    ------
    SolverError
        If the solver fails for another reason than time or infeasibility.
    KeyboardInterrupt
        If it came before there was any plan; afterwards the best plan so far is returned with its gap.
    """
    search = Search.within(programme, gap, time_limit, engine or Engine())
    search.ceiling = ceiling
    with suppress(OutOfTimeError):
        search.offer(np.zeros(len(programme.candidates)))
    if not len(programme.candidates):
        return Solution(search.best, search.cost, search.cost, 0, infeasible=search.best is None)
    if active is not None:
        search.active = search.active | active
    try:
        relaxed = relax_within(search, None, programme.candidates.most, cost=ceiling)
    except OutOfTimeError:
        return Solution(search.best, search.cost, -np.inf, 0)
    if relaxed is None:
        return Solution(None, np.inf, np.inf, 0, infeasible=True)
    search.floor = relaxed.value
    if not relaxed.lots.any():
        cost = search.objective(relaxed.lots)  # the relaxation's, but for rounding
        return Solution(relaxed.lots, cost, cost, 0, relaxed=relaxed)
    try:
        bound = _searched(search, relaxed, start)
    except KeyboardInterrupt:
        search.interrupted = True
        if search.best is None:
            raise
        bound = search.floor
    return _solution(search, relaxed, bound)


def _searched(search: Search, relaxed: Relaxation, start: Array | None) -> float:
    """The steps after the relaxation, in the order of what they take; returns a bound on every plan."""
    search.offer(start)
    most, bound = search.programme.max_legs, np.inf
    few = 0 if search.miss_price.size else min(most, GONE_THROUGH)
    with suppress(OutOfTimeError):
        search.offer(rounded(search, relaxed))
        if few:
            bound = _few(search, relaxed, search.target, legs=few)
        for spare in SPARES if search.best is None and few < most else ():
            search.offer(rounded(search, relaxed, spare))
        bound = min(bound, branch_and_bound(search, relaxed, range(few + 1, most + 1)))
        return max(relaxed.value, bound)
    return relaxed.value


def _solution(search: Search, relaxed: Relaxation, bound: float) -> Solution:
    """What is known, once the search is over."""
    best, interrupted = search.best, search.interrupted
    if best is None:
        return Solution(None, np.inf, bound, search.nodes, bool(np.isposinf(bound)), relaxed, interrupted)
    return Solution(best, search.cost, min(bound, search.target), search.nodes, False, relaxed, interrupted)


def _few(search: Search, relaxed: Relaxation, target: float, *, legs: int) -> float:
    """Offer the cheapest plan of one leg or two that costs less than `target`; what no other such plan costs less than."""
    keep, most = reach(search, relaxed, target - search.programme.price_per_leg)
    lots, bound = cheapest_pair(search, relaxed, keep, most, target, legs=legs)
    search.offer(lots)
    return bound


def simplest(
    programme: Programme,
    solution: Solution,
    *,
    share: float,
    time_limit: float = 5.0,
    engine: Engine | None = None,
) -> Solution:
    """The plan with the fewest legs among those that cost at most a share of `solution`'s cost more than it; see `Programme.spare`.

    Exact, but for the nodes and the time it takes, of which only searches of more than two legs need many.
    """
    if solution.lots is None or solution.relaxed is None:
        raise SolverError("there is no plan to simplify.")
    engine = replace(engine or Engine(), nodes=SIMPLE_NODES)
    search = Search.within(programme, 1e-3, time_limit, engine)
    search.look_at(solution.relaxed)
    search.ceiling = solution.objective + programme.spare(solution.lots, solution.objective, share)
    for legs in range(1, np.count_nonzero(solution.lots)):
        if legs <= GONE_THROUGH and not search.miss_price.size:
            _few(search, solution.relaxed, search.ceiling, legs=legs)
        else:
            branch_and_bound(search, solution.relaxed, [legs])
        if search.best is not None and search.cost <= search.ceiling:
            return replace(solution, lots=search.best, objective=search.cost)
    return solution

"""Solve the programme and prove it.

Whole chains have hundreds of orders and hundreds of scenarios, few of which matter. Four steps, each with
a reason why its answer holds for the whole problem:

1. The relaxation (lots continuous, no count of legs) over all orders gives a lower bound and, for every
   order, what the cost must rise by per lot if it is used. Scenario rows enter when they are broken.
2. `hedging.planner.rounding` rounds that: a plan however little time there is. `hedging.planner.pairs` goes
   through all plans of one leg and of two, which decides most problems for good: by what legs cost, more of
   them seldom pay. Neither branches, neither looks at the clock.
3. For more legs a screen solves the programme over the most promising orders. Its plan is feasible, no more
   is claimed.
4. The proof, for one number of legs after the other: an order whose smallest size would cost more than that
   plan cannot be part of a cheaper one, and none can be larger than the difference buys. What is left, with
   sizes as tight as that, goes to branch and bound once more; its dual bound holds for the whole problem.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging.errors import SolverError
from hedging.planner.backends import Engine
from hedging.planner.branching import branch
from hedging.planner.pairs import cheapest_pair
from hedging.planner.problem import Problem
from hedging.planner.relaxation import Relaxation, Search, relax, relax_within
from hedging.planner.rounding import rounded

__all__ = ["Relaxation", "Solution", "reach", "relax", "simplest", "solve"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

GONE_THROUGH = 2  # legs up to which all plans are gone through
SPARES = (0.5, 1.0, 2.0)  # lots of room for rounding, where there is no plan with less
SCREENS = (40, 120)  # orders kept by the screen, tried in turn until one holds a plan
SCREEN_SIZE = 3.0  # largest order in the screen, in multiples of the relaxation's largest


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
    columns_left : int
        Orders that the proof could not exclude without branching.
    relaxed : Relaxation or None
        None if that has no plan either.
    interrupted : bool
        Whether the search was stopped by hand.
    """

    lots: Array | None
    objective: float
    bound: float
    nodes: int
    infeasible: bool = False
    columns_left: int = 0
    relaxed: Relaxation | None = None
    interrupted: bool = False

    @property
    def gap(self) -> float:
        """Share of the cost that a better plan could save at most."""
        if self.lots is None:
            return np.inf
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve(
    problem: Problem,
    *,
    gap: float = 1e-3,
    time_limit: float = 30.0,
    prove: bool = True,
    start: Array | None = None,
    active: Mask | None = None,
    engine: Engine | None = None,
) -> Solution:
    """Find the cheapest plan and prove it.

    Parameters
    ----------
    problem : Problem
    gap : float
        Share of the cost within which a plan counts as optimal. [1]
    time_limit : float
        For branch and bound, the only step that may take long. [seconds]
    prove : bool
        If not, the plan of the screen is returned with the relaxation's bound.
    start : ndarray, optional
        A plan that is known; one that breaks a row is ignored. [lots]
    active : ndarray of bool, optional
        Rows that mattered to a similar problem.
    engine : Engine, optional
        What branches, and who hears of it.

    Raises
    ------
    SolverError
        If the solver fails for another reason than time or infeasibility.
    KeyboardInterrupt
        If it came before there was any plan; afterwards the best plan so far is returned with its gap.
    """
    search = Search(problem, gap, time.perf_counter() + time_limit, engine or Engine())
    search.offer(np.zeros(len(problem.columns)))
    if not len(problem.columns):
        cost = np.inf if search.best is None else search.objective(search.best)
        return Solution(search.best, cost, cost, 0, infeasible=search.best is None)
    if active is not None:
        search.active = search.active | active
    relaxed = relax_within(search, None, problem.columns.most)
    if relaxed is None:
        return Solution(None, np.inf, np.inf, 0, infeasible=True)
    search.floor = relaxed.value
    if not relaxed.lots.any():
        return Solution(relaxed.lots, search.objective(relaxed.lots), relaxed.value, 0, relaxed=relaxed)
    try:
        found = _found(search, relaxed, start, prove=prove)
    except KeyboardInterrupt:
        search.interrupted = True
        found = _solution(search, relaxed, relaxed.value, 0)
    if found.lots is None and found.interrupted:
        raise KeyboardInterrupt
    return found


def _found(search: Search, relaxed: Relaxation, start: Array | None, *, prove: bool) -> Solution:
    """The steps after the relaxation, in the order of what they take."""
    search.offer(start)
    search.offer(rounded(search, relaxed))
    proven = 0 if search.miss_price.size else min(search.problem.max_legs, GONE_THROUGH)
    if proven:
        search.offer(_few(search, relaxed, search.target, legs=proven))
    if _worth_more_legs(search, relaxed, proven):
        if search.best is None or _left(search, relaxed, proven + 1).size > SCREENS[0]:
            search.offer(_screen(search, relaxed))
        for spare in SPARES if search.best is None else ():
            search.offer(rounded(search, relaxed, spare))
    if prove or not _worth_more_legs(search, relaxed, proven):
        return _prove(search, relaxed, proven)
    return _solution(search, relaxed, relaxed.value, 0)


def _solution(search: Search, relaxed: Relaxation, bound: float, left: int) -> Solution:
    """What is known, once the search is over."""
    best, interrupted = search.best, search.interrupted
    if best is None:
        impossible = bool(np.isinf(bound)) and bound > 0
        return Solution(None, np.inf, bound, search.nodes, impossible, left, relaxed, interrupted)
    bound = min(bound, search.target)
    return Solution(best, search.objective(best), bound, search.nodes, False, left, relaxed, interrupted)


def _worth_more_legs(search: Search, relaxed: Relaxation, legs: int) -> bool:
    """Whether a plan of more legs than these may still be cheaper than the best."""
    least = relaxed.value + (legs + 1) * search.problem.price_per_leg
    return legs < search.problem.max_legs and least < search.target


def _left(search: Search, relaxed: Relaxation, legs: int) -> npt.NDArray[np.intp]:
    """Orders that a plan of so many legs that is cheaper than the best can contain."""
    return reach(search, relaxed, search.target - legs * search.problem.price_per_leg)[0]


def _few(search: Search, relaxed: Relaxation, target: float, *, legs: int) -> Array | None:
    """The cheapest plan of one leg or two that costs less than `target`; None if there is none."""
    keep, most = reach(search, relaxed, target - search.problem.price_per_leg)
    return cheapest_pair(search, keep, most, target, legs=legs)


def simplest(
    problem: Problem,
    solution: Solution,
    *,
    share: float,
    time_limit: float = 1.0,
    engine: Engine | None = None,
) -> Solution:
    """The plan with the fewest legs among those that cost at most `share` more than `solution`.

    Exact for one leg and for two. More are looked for among the most promising orders: a preference, of
    which nothing is proven.
    """
    if solution.lots is None or solution.relaxed is None:
        raise SolverError("there is no plan to simplify.")
    search = Search(problem, 1e-3, time.perf_counter() + time_limit, engine or Engine())
    search.active |= solution.relaxed.active
    allowed = solution.objective + share * abs(solution.objective)
    keep = np.union1d(_ranked(problem, solution.relaxed)[: SCREENS[0]], np.flatnonzero(solution.lots))
    for legs in range(1, np.count_nonzero(solution.lots)):
        if legs <= GONE_THROUGH and not search.miss_price.size:
            search.offer(_few(search, solution.relaxed, allowed, legs=legs))
        else:
            search.offer(branch(search, keep, problem.columns.most, legs)[0])
        if search.best is not None and search.objective(search.best) <= allowed:
            return replace(solution, lots=search.best, objective=search.objective(search.best))
    return solution


def _ranked(problem: Problem, relaxed: Relaxation) -> npt.NDArray[np.intp]:
    """Orders by what the smallest size of each costs the relaxation; what it uses itself comes first."""
    return np.argsort(relaxed.reduced * problem.columns.least - 1e-9 * relaxed.lots, kind="stable")


def _screen(search: Search, relaxed: Relaxation) -> Array | None:
    """A plan out of the most promising orders, if there is one."""
    columns, price = search.problem.columns, search.problem.price_per_leg
    rank = _ranked(search.problem, relaxed)
    most = np.minimum(columns.most, np.maximum(columns.least, np.ceil(SCREEN_SIZE * relaxed.lots.max())))
    for count in SCREENS:
        lots, _ = branch(search, np.sort(rank[:count]), most, search.problem.max_legs, price=price)
        if lots is not None or count >= len(columns):
            return lots
    return None


def _prove(search: Search, relaxed: Relaxation, proven: int) -> Solution:
    """Improve on the best plan until nothing cheaper can exist, one number of legs after the other.

    The relaxation does not see the price of legs. Knowing their number, it is a constant, and what is left
    between the relaxation and the best plan is small: most orders drop out, and none can be large. Whether
    any plan fits in between is then asked without an objective, several times faster than to minimise; so is
    whether there is a plan at all. Where limits may be missed, misses outweigh legs: all numbers of legs are
    one question.

    Parameters
    ----------
    proven : int
        Of at most so many legs there is nothing cheaper than the best.
    """
    price, most_legs, left = search.problem.price_per_leg, search.problem.max_legs, 0
    bounds: list[float] = []
    if search.miss_price.size:
        keep, most = reach(search, relaxed, search.target)
        lots, bound = branch(search, keep, most, most_legs, price=price)
        search.offer(lots)
        return _solution(search, relaxed, max(bound, relaxed.value), keep.size)
    if search.best is None and proven < most_legs:
        every = np.arange(len(search.problem.columns))
        lots, bound = branch(search, every, search.problem.columns.most, most_legs, cutoff=np.inf)
        search.offer(lots)
        if search.best is None:
            return _solution(search, relaxed, max(bound, relaxed.value), every.size)
    for legs in range(proven + 1, most_legs + 1):
        if search.interrupted:
            bounds.append(relaxed.value + legs * price)
            break
        target = search.target
        if relaxed.value + legs * price >= target:
            break  # more legs only cost more
        keep, most = reach(search, relaxed, target - legs * price)
        left = max(left, keep.size)
        lots, bound = branch(search, keep, most, legs, cutoff=target - legs * price)
        if lots is None:
            bounds.append(max(bound, relaxed.value + legs * price))
            continue
        search.offer(lots)
        keep, most = reach(search, relaxed, search.target - legs * price)
        lots, bound = branch(search, keep, most, legs)
        search.offer(lots)
        bounds.append(max(bound, relaxed.value) + legs * price)
    return _solution(search, relaxed, min(bounds, default=np.inf), left)


def reach(search: Search, relaxed: Relaxation, cost: float) -> tuple[npt.NDArray[np.intp], Array]:
    """Orders that a plan cheaper than `cost` can contain, and how large they can be.

    By weak duality a plan costs at least the relaxation plus reduced cost times lots, and by what is meant
    by cost no order costs more than the plan, unless some order earns (a short perpetual, by its funding).
    """
    columns = search.problem.columns
    room = max(cost - relaxed.value, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.where(relaxed.reduced > 0, room / relaxed.reduced, np.inf)
        if (columns.cost >= 0).all():
            largest = np.minimum(largest, np.where(columns.cost > 0, cost / columns.cost, np.inf))
    largest = np.floor(largest + 1e-6)
    keep = np.flatnonzero(largest >= columns.least)
    return keep, np.minimum(columns.most, largest)

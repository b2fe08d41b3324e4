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
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging.errors import SolverError
from hedging.planner.pairs import cheapest_pair
from hedging.planner.problem import Problem
from hedging.planner.relaxation import Relaxation, Search, relax, relax_within
from hedging.planner.rounding import rounded

__all__ = ["Relaxation", "Solution", "minimise", "relax", "simplest", "solve"]

Array = npt.NDArray[np.float64]

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
    """

    lots: Array | None
    objective: float
    bound: float
    nodes: int
    infeasible: bool = False
    columns_left: int = 0
    relaxed: Relaxation | None = None

    @property
    def gap(self) -> float:
        """Share of the cost that a better plan could save at most."""
        if self.lots is None:
            return np.inf
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)


def solve(problem: Problem, *, gap: float = 1e-3, time_limit: float = 30.0, prove: bool = True) -> Solution:
    """Find the cheapest plan and prove it.

    Parameters
    ----------
    problem : Problem
    gap : float
        Share of the cost within which a plan counts as optimal. [1]
    time_limit : float
        [seconds]
    prove : bool
        If not, the plan of the screen is returned with the relaxation's bound.

    Raises
    ------
    SolverError
        If the solver fails for another reason than time or infeasibility.
    """
    search = Search(problem, gap, time.perf_counter() + time_limit)
    if not len(problem.columns):
        empty = search.better(None, np.zeros(0))
        cost = np.inf if empty is None else search.objective(empty)
        return Solution(empty, cost, cost, 0, infeasible=empty is None)
    relaxed = relax_within(search, None, problem.columns.most)
    if relaxed is None:
        return Solution(None, np.inf, np.inf, 0, infeasible=True)
    if not relaxed.lots.any():
        return Solution(relaxed.lots, search.objective(relaxed.lots), relaxed.value, 0, relaxed=relaxed)
    best = search.better(None, np.zeros(len(problem.columns)))
    best = search.better(best, rounded(search, relaxed))
    proven = 0 if search.miss_price.size else min(problem.max_legs, 2)
    if proven:
        best = search.better(best, _few(search, relaxed, search.target(best), legs=proven))
    if _worth_more_legs(search, relaxed, best, proven):
        if best is None or _left(search, relaxed, best, proven + 1).size > SCREENS[0]:
            best = search.better(best, _screen(search, relaxed))
        for spare in SPARES if best is None else ():
            best = search.better(best, rounded(search, relaxed, spare))
    if prove or not _worth_more_legs(search, relaxed, best, proven):
        return _prove(search, relaxed, best, proven)
    cost = np.inf if best is None else search.objective(best)
    return Solution(best, cost, relaxed.value, search.nodes, relaxed=relaxed)


def _worth_more_legs(search: Search, relaxed: Relaxation, best: Array | None, legs: int) -> bool:
    """Whether a plan of more legs than these may still be cheaper than the best."""
    least = relaxed.value + (legs + 1) * search.problem.price_per_leg
    return legs < search.problem.max_legs and least < search.target(best)


def _left(search: Search, relaxed: Relaxation, best: Array | None, legs: int) -> npt.NDArray[np.intp]:
    """Orders that a plan of so many legs that is cheaper than the best can contain."""
    return _reach(search, relaxed, search.target(best) - legs * search.problem.price_per_leg)[0]


def _few(search: Search, relaxed: Relaxation, target: float, *, legs: int) -> Array | None:
    """The cheapest plan of one leg or two that costs less than `target`; None if there is none."""
    keep, most = _reach(search, relaxed, target - search.problem.price_per_leg)
    return cheapest_pair(search, keep, most, target, legs=legs)


def simplest(problem: Problem, solution: Solution, *, share: float, time_limit: float = 1.0) -> Solution:
    """The plan with the fewest legs among those that cost at most `share` more than `solution`.

    Looked for among the most promising orders: a preference, of which nothing is proven.
    """
    if solution.lots is None or solution.relaxed is None:
        raise SolverError("there is no plan to simplify.")
    search = Search(problem, 1e-3, time.perf_counter() + time_limit)
    search.active |= solution.relaxed.active
    allowed = solution.objective + share * abs(solution.objective)
    keep = np.union1d(_ranked(problem, solution.relaxed)[: SCREENS[0]], np.flatnonzero(solution.lots))
    for legs in range(1, np.count_nonzero(solution.lots)):
        if legs <= 2 and not search.miss_price.size:
            lots = _few(search, solution.relaxed, allowed, legs=legs)
        else:
            lots = search.better(None, _branch(search, keep, problem.columns.most, legs)[0])
        if lots is not None and search.objective(lots) <= allowed:
            return replace(solution, lots=lots, objective=search.objective(lots))
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
        lots, _ = _branch(search, np.sort(rank[:count]), most, search.problem.max_legs, price=price)
        if lots is not None or count >= len(columns):
            return lots
    return None


def _prove(search: Search, relaxed: Relaxation, best: Array | None, proven: int) -> Solution:
    """Improve on `best` until nothing cheaper can exist, one number of legs after the other.

    Of at most `proven` legs there is nothing cheaper.

    The relaxation does not see the price of legs. Knowing their number, it is a constant, and what is left
    between the relaxation and the best plan is small: most orders drop out, and none can be large. Whether
    any plan fits in between is then asked without an objective, several times faster than to minimise.
    """
    price, bounds, left = search.problem.price_per_leg, [], 0
    for legs in range(proven + 1, search.problem.max_legs + 1):
        if search.interrupted:
            bounds.append(relaxed.value + legs * price)
            break
        target = search.target(best)
        if relaxed.value + legs * price >= target:
            break  # more legs only cost more
        keep, most = _reach(search, relaxed, target - legs * price)
        left = max(left, keep.size)
        if best is not None:
            lots, bound = _branch(search, keep, most, legs, cutoff=target - legs * price)
            if lots is None:
                bounds.append(max(bound, relaxed.value + legs * price))
                continue
            best = search.better(best, lots)
            keep, most = _reach(search, relaxed, search.target(best) - legs * price)
        lots, bound = _branch(search, keep, most, legs)
        best = search.better(best, lots)
        bounds.append(max(bound, relaxed.value) + legs * price)
    bound = min(bounds, default=np.inf)
    if best is None:
        return Solution(None, np.inf, bound, search.nodes, bool(np.isinf(bound)), left, relaxed)
    bound = min(bound, search.target(best))
    return Solution(best, search.objective(best), bound, search.nodes, False, left, relaxed)


def _reach(search: Search, relaxed: Relaxation, cost: float) -> tuple[npt.NDArray[np.intp], Array]:
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


def _branch(
    search: Search,
    keep: npt.NDArray[np.intp],
    most: Array,
    legs: int,
    *,
    price: float = 0.0,
    cutoff: float | None = None,
) -> tuple[Array | None, float]:
    """Branch and bound over some orders and at most `legs` of them, each at `price`.

    Returns
    -------
    (ndarray or None, float)
        The best plan and a lower bound on the cost of all. With a `cutoff`: any plan that costs no more,
        and infinity if there is none.
    """
    bound = -np.inf
    while keep.size:
        try:
            result = _milp(search, keep, most, legs, price, cutoff)
        except KeyboardInterrupt:  # the best plan so far, with its bound, is an answer
            search.interrupted = True
            return None, bound
        search.nodes += int(result.mip_node_count or 0)
        if result.status == 2:
            return None, np.inf
        if result.status not in (0, 1):
            raise SolverError(f"the integer solver stopped: {result.message}")
        if cutoff is None and result.mip_dual_bound is not None:
            bound = max(bound, float(result.mip_dual_bound))
        if result.x is None:
            return None, bound
        lots = np.zeros(len(search.problem.columns))
        lots[keep] = np.round(result.x[: keep.size])
        if not search.widen(lots, result.x[2 * keep.size :]):
            return lots, bound
        if search.seconds_left <= 0.0:
            return lots, bound  # breaks a row nobody had looked at; `better` judges whether it may
    return None, np.inf


def _milp(
    search: Search,
    keep: npt.NDArray[np.intp],
    most: Array,
    legs: int,
    price: float,
    cutoff: float | None,
) -> Any:
    """Hand the programme over some orders to scipy: lots, whether used, and misses, in this order."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_array, csr_array, diags_array

    n, misses = keep.size, search.miss_price.size
    columns = search.problem.columns
    on = np.flatnonzero(search.active)
    cost = np.concatenate((columns.cost[keep], np.full(n, price), search.miss_price))
    sides = _both_sides(search, keep)
    rows: list[list[Any]] = [
        [search.matrix[np.ix_(on, keep)], None, -search.slack[on]],
        [diags_array(np.ones(n)), -diags_array(most[keep]), np.zeros((n, misses))],
        [-diags_array(np.ones(n)), diags_array(columns.least[keep]), None],
        [None, np.ones((1, n)), None],
        [None, sides, None],
    ]
    bounds = [search.bound[on], np.zeros(2 * n), np.array([legs]), np.ones(len(sides))]
    if cutoff is not None:
        rows.append([cost[None, :n], cost[None, n : 2 * n], cost[None, 2 * n :]])
        bounds.append(np.array([cutoff]))
        cost = np.zeros_like(cost)
    sparse = [[None if block is None else csr_array(block) for block in row] for row in rows]
    return milp(
        cost,
        integrality=np.concatenate((np.ones(2 * n), np.zeros(misses))),
        bounds=Bounds(0.0, np.concatenate((most[keep], np.ones(n), np.full(misses, np.inf)))),
        constraints=LinearConstraint(block_array(sparse, format="csr"), -np.inf, np.concatenate(bounds)),
        options={"time_limit": max(search.seconds_left, 0.05), "mip_rel_gap": search.gap},
    )


def _both_sides(search: Search, keep: npt.NDArray[np.intp]) -> Array:
    """One row for each instrument with two sides: it is bought or sold, not both."""
    instruments = search.problem.columns.instruments
    sides: dict[str, list[int]] = {}
    for position, index in enumerate(keep):
        sides.setdefault(instruments[index].symbol, []).append(position)
    pairs = [pair for pair in sides.values() if len(pair) > 1]
    matrix = np.zeros((len(pairs), keep.size))
    for row, pair in enumerate(pairs):
        matrix[row, pair] = 1.0
    return matrix


def minimise(function: Callable[[Array], tuple[float, Array]], start: Array) -> Array:
    """The point >= 0 of least value of a convex function that gives its value and its gradient."""
    from scipy.optimize import minimize

    result: Any = minimize(
        function,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * start.size,
        options={"maxiter": 2_000, "maxfun": 4_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    return np.asarray(result.x)

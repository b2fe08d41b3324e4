"""When no plan meets every limit: which limits clash, and the plan that misses by the least."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging.planner.programme.programme import Problem
from hedging.planner.programme.rows import Rows
from hedging.planner.request.effort import Effort
from hedging.planner.request.limit import SHORTFALL, VALUE_AT_RISK, Limit
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution
from hedging.planner.solver.search_state import Search
from hedging.planner.solver.value_at_risk import possible, solve

__all__ = [
    "MISS_PRICE",
    "clashing",
    "closest",
]

CLOSEST_SECONDS = 3.0
CLASH_SECONDS = 10.0
MISS_PRICE = 10.0
"""Price of missing a limit by its whole scale, in bases: 0.1 % of a miss weighs as much as 1 % of the base,
so that cost decides only between plans that miss by the same."""


def solve_or_closest(problem: Problem, effort: Effort) -> tuple[Solution, tuple[Limit, ...]]:
    """Solve a programme; where no plan is found, the closest one, and the limits that clash if it is proven."""
    engine = Engine(effort.solver, effort.progress, memory=effort.memory)
    solution = solve(problem, gap=effort.gap, time_limit=effort.time_limit, engine=engine)
    if solution.lots is not None:
        return solution, ()
    clashes = clashing(problem) if solution.infeasible else ()
    seconds = min(effort.time_limit, CLOSEST_SECONDS)
    nearest = closest(
        problem, gap=1e-2, time_limit=seconds, engine=Engine(effort.solver, memory=effort.memory)
    )
    if not clashes and nearest.lots is not None:
        search = Search(problem, 0.0, np.inf)
        if search.keeps(nearest.lots):  # it misses nothing: time was short, and this is a plan
            cost, nodes = search.objective(nearest.lots), solution.nodes + nearest.nodes
            return replace(solution, lots=nearest.lots, objective=cost, nodes=nodes), ()
    return replace(nearest, closest=True), clashes


def closest(problem: Problem, *, gap: float, time_limit: float, engine: Engine | None = None) -> Solution:
    """The plan with the least sum of misses, each as a share of its own scale; the cheapest of those.

    The scale of delta is the delta held or asked for, that of floor and budget the base. A Greek that no
    orders can bring to its band is asked for as far as they go, and its scale is how far that is. Cover of
    short tails, quoted sizes and the count of legs are never missed.
    """
    hard = {
        *problem.rows.limits_of(~problem.rows.soft),
        *(each.limit for each in problem.lazy if not each.soft),
    }
    prices = {limit: MISS_PRICE * problem.base for limit in problem.limits if limit not in hard}
    prices |= {problem.least: problem.base} if problem.least else {}
    elastic = replace(problem, rows=_within_reach(problem), miss_price=prices)
    return solve(elastic, gap=gap, time_limit=time_limit, engine=engine)


def _within_reach(problem: Problem) -> Rows:
    """Rows whose bound is no farther away than the largest orders, as many as allowed, can bring them."""
    rows = problem.rows
    asked = np.flatnonzero(rows.soft & ~rows.many)
    lowest = np.sort(np.minimum(rows.matrix[asked] * problem.columns.most, 0.0), axis=1)
    reach = np.full(rows.bound.size, -np.inf)
    reach[asked] = lowest[:, : problem.max_legs].sum(axis=1)
    far = rows.bound < reach
    scale = np.where(far & (reach < 0.0), np.minimum(rows.scale, -reach), rows.scale)
    return replace(rows, bound=np.where(far, reach, rows.bound), scale=scale)


def clashing(problem: Problem, *, time_limit: float = CLASH_SECONDS) -> tuple[Limit, ...]:
    """A set of limits that cannot hold together and of which none can be left out, in the order given.

    Limits are dropped one after the other; one without which the rest is still impossible stays out. Where
    continuous lots and any number of legs could do it, the clash is with the count and size of legs too, and
    a limit stays in if half a second does not show that it can go, or if the time is up.
    """
    limits, end = problem.limits, time.perf_counter() + time_limit
    if _possible(problem, limits):
        sizes = Limit("max_legs"), Limit("min_leg_share")
        return (*_essential(problem, limits, end, whole_lots=True), *sizes)
    return tuple(_essential(problem, limits, end, whole_lots=False))


def _essential(problem: Problem, limits: Sequence[Limit], end: float, *, whole_lots: bool) -> list[Limit]:
    kept = list(limits)
    for limit in limits:
        if time.perf_counter() >= end:
            break
        without = [each for each in kept if each != limit]
        if not _possible(problem, without, whole_lots=whole_lots):
            kept = without
    return kept


def _possible(problem: Problem, limits: Sequence[Limit], *, whole_lots: bool = False) -> bool:
    """Whether some limits can hold together; undecided within the time counts as possible."""
    rows = problem.rows.take(problem.rows.of(*limits))
    some = replace(
        problem,
        rows=rows,
        tails=problem.tails if SHORTFALL in limits else (),
        chance=problem.chance if VALUE_AT_RISK in limits else None,
        lazy=tuple(each for each in problem.lazy if each.limit in limits),
        miss_price={},
    )
    if not whole_lots:
        return possible(some, time_limit=0.5)
    return not solve(some, gap=1.0, time_limit=0.5).infeasible

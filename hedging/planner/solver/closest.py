"""When no plan meets every limit: which limits clash, and the plan that misses by the least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.planner.programme.programme import Programme
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
SEARCH, FIRST_PLAN, REFUSAL = 0.6, 0.75, 0.9
"""Shares of the time left: for the best plan, for any plan at all, and until there is a closest one."""
MISS_PRICE = 10.0
"""Price of missing a limit by its whole scale, in bases: 0.1 % of a miss weighs as much as 1 % of the base,
so that cost decides only between plans that miss by the same."""


def solve_or_closest(programme: Programme, effort: Effort, ends: float) -> tuple[Solution, tuple[Limit, ...]]:
    """Solve a programme; where no plan is found, the closest one, and the limits that clash if it is proven.

    Of the time until `ends`, on `hedging._ground.clock`, it leaves some for what comes after: the choice among plans
    that cost hardly more, the check, and what explains the plan.
    """
    now = clock.now()
    left = max(ends - now, 0.0)
    engine = Engine(effort.solver, effort.progress, memory=effort.memory)
    with clock.until(now + FIRST_PLAN * left):
        solution = solve(programme, gap=effort.gap, time_limit=SEARCH * left, engine=engine)
    if solution.lots is not None:
        return solution, ()
    with clock.until(now + REFUSAL * left):
        spare = clock.seconds_left()
        clashes = (
            clashing(programme, time_limit=min(CLASH_SECONDS, 0.6 * spare)) if solution.infeasible else ()
        )
        engine, seconds = (
            Engine(effort.solver, memory=effort.memory),
            min(clock.seconds_left(), CLOSEST_SECONDS),
        )
        nearest = closest(programme, gap=1e-2, time_limit=seconds, engine=engine)
    if nearest.lots is None:  # no time for any: doing nothing misses as much as it does
        nearest = replace(nearest, lots=np.zeros(len(programme.candidates)))
    if not clashes and nearest.lots is not None:
        search = Search(programme, 0.0, np.inf)
        if search.keeps(nearest.lots):  # it misses nothing: time was short, and this is a plan
            cost, nodes = search.objective(nearest.lots), solution.nodes + nearest.nodes
            return replace(solution, lots=nearest.lots, objective=cost, nodes=nodes), ()
    return replace(nearest, closest=True), clashes


def closest(programme: Programme, *, gap: float, time_limit: float, engine: Engine | None = None) -> Solution:
    """The plan with the least sum of misses, each as a share of its own scale; the cheapest of those.

    The scale of delta is the delta held or asked for, that of floor and budget the base. A Greek that no
    orders can bring to its band is asked for as far as they go, and its scale is how far that is. Cover of
    short tails, quoted sizes and the count of legs are never missed.
    """
    hard = {
        *programme.rows.limits_of(~programme.rows.soft),
        *(each.limit for each in programme.lazy if not each.soft),
    }
    prices = {limit: MISS_PRICE * programme.base for limit in programme.limits if limit not in hard}
    prices |= {programme.least: programme.base} if programme.least else {}
    elastic = replace(programme, rows=_within_reach(programme), miss_price=prices)
    return solve(elastic, gap=gap, time_limit=time_limit, engine=engine)


def _within_reach(programme: Programme) -> Rows:
    """Rows whose bound is no farther away than the largest orders, as many as allowed, can bring them."""
    rows = programme.rows
    asked = np.flatnonzero(rows.soft & ~rows.many)
    lowest = np.sort(np.minimum(rows.matrix[asked] * programme.candidates.most, 0.0), axis=1)
    reach = np.full(rows.bound.size, -np.inf)
    reach[asked] = lowest[:, : programme.max_legs].sum(axis=1)
    far = rows.bound < reach
    scale = np.where(far & (reach < 0.0), np.minimum(rows.scale, -reach), rows.scale)
    return replace(rows, bound=np.where(far, reach, rows.bound), scale=scale)


def clashing(programme: Programme, *, time_limit: float = CLASH_SECONDS) -> tuple[Limit, ...]:
    """A set of limits that cannot hold together and of which none can be left out, in the order given.

    Limits are dropped one after the other; one without which the rest is still impossible stays out. Where
    continuous lots and any number of legs could do it, the clash is with the count and size of legs too, and
    a limit stays in if half a second does not show that it can go, or if the time is up.
    """
    limits, end = programme.limits, clock.now() + time_limit
    if _possible(programme, limits):
        sizes = Limit("max_legs"), Limit("min_leg_share")
        return (*_essential(programme, limits, end, whole_lots=True), *sizes)
    return tuple(_essential(programme, limits, end, whole_lots=False))


def _essential(programme: Programme, limits: Sequence[Limit], end: float, *, whole_lots: bool) -> list[Limit]:
    kept = list(limits)
    for limit in limits:
        if clock.now() >= end:
            break
        without = [each for each in kept if each != limit]
        if not _possible(programme, without, whole_lots=whole_lots):
            kept = without
    return kept


def _possible(programme: Programme, limits: Sequence[Limit], *, whole_lots: bool = False) -> bool:
    """Whether some limits can hold together; undecided within the time counts as possible."""
    rows = programme.rows.take(programme.rows.of(*limits))
    some = replace(
        programme,
        rows=rows,
        tails=programme.tails if SHORTFALL in limits else (),
        value_at_risk=programme.value_at_risk if VALUE_AT_RISK in limits else None,
        lazy=tuple(each for each in programme.lazy if each.limit in limits),
        miss_price={},
    )
    try:
        if not whole_lots:
            return possible(some, time_limit=0.5)
        return not solve(some, gap=1.0, time_limit=0.5).infeasible
    except OutOfTimeError:
        return True

"""When no plan meets every limit: which limits clash, and the plan that misses by the least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging.market.contracts import Option
from hedging.planner.programme.build import Problem, Rows
from hedging.planner.request.request import Task
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution
from hedging.planner.solver.value_at_risk import possible, solve
from hedging.units import days

__all__ = ["MISS_PRICE", "clashing", "closest", "outlived", "unfitting"]

MISS_PRICE = 10.0
"""Price of missing a limit by its whole scale, in bases: 0.1 % of a miss weighs as much as 1 % of the base,
so that cost decides only between plans that miss by the same."""


def closest(problem: Problem, *, gap: float, time_limit: float, engine: Engine | None = None) -> Solution:
    """The plan with the least sum of misses, each as a share of its own scale; the cheapest of those.

    The scale of delta is the delta held or asked for, that of floor and budget the base. A Greek that no
    orders can bring to its band is asked for as far as they go, and its scale is how far that is. Cover of
    short tails, quoted sizes and the count of legs are never missed.
    """
    hard = {str(group) for group in problem.rows.group[~problem.rows.soft]}
    prices = {name: MISS_PRICE * problem.base for name in problem.groups if name not in hard}
    prices |= {problem.least: problem.base} if problem.least else {}
    elastic = replace(problem, rows=_within_reach(problem), miss_price=prices)
    return solve(elastic, gap=gap, time_limit=time_limit, engine=engine)


def _within_reach(problem: Problem) -> Rows:
    """Rows whose bound is no farther away than the largest orders, as many as allowed, can bring them."""
    rows = problem.rows
    lowest = np.sort(np.minimum(rows.matrix * problem.columns.most, 0.0), axis=1)
    reach = lowest[:, : problem.max_legs].sum(axis=1)
    far = rows.soft & ~rows.many & (rows.bound < reach)
    scale = np.where(far & (reach < 0.0), np.minimum(rows.scale, -reach), rows.scale)
    return replace(rows, bound=np.where(far, reach, rows.bound), scale=scale)


def outlived(task: Task, problem: Problem) -> tuple[str, ...]:
    """A remark where no option that may be traded lives as long as the horizon."""
    as_of = task.markets[0].as_of
    lives = [days(as_of, item.expiry) for item in problem.columns.instruments if isinstance(item, Option)]
    if not lives or max(lives) >= task.horizon:
        return ()
    return (
        f"no option that may be traded lives to the horizon of {task.horizon:g} days, the last one "
        f"expires after {max(lives):.4g}: from then on nothing of it holds a floor",
    )


def unfitting(task: Task, problem: Problem) -> tuple[str, ...]:
    """A remark where no option is quoted in a size that a leg may have."""
    if any(isinstance(item, Option) for item in problem.columns.instruments):
        return ()
    limits = task.limits
    return (
        f"no option fits the size of a leg, min_leg_share {limits.min_leg_share:g} to max_leg_share "
        f"{limits.max_leg_share:g} of the position: less than one lot, or more than is quoted. Change these shares, "
        "or plan on more than the quotes' own sizes, Limits(quoted_size=False)",
    )


def clashing(problem: Problem) -> tuple[str, ...]:
    """A set of limits that cannot hold together and of which none can be left out, in the order given.

    Limits are dropped one after the other; one without which the rest is still impossible stays out. Where
    continuous lots and any number of legs could do it, the clash is with the count and size of legs too, and
    a limit stays in if half a second does not show that it can go.
    """
    groups = problem.groups
    if _possible(problem, groups):
        return (*_essential(problem, groups, whole_lots=True), "max_legs", "min_leg_share")
    return tuple(_essential(problem, groups, whole_lots=False))


def _essential(problem: Problem, groups: Sequence[str], *, whole_lots: bool) -> list[str]:
    kept = list(groups)
    for group in groups:
        without = [name for name in kept if name != group]
        if not _possible(problem, without, whole_lots=whole_lots):
            kept = without
    return kept


def _possible(problem: Problem, groups: Sequence[str], *, whole_lots: bool = False) -> bool:
    """Whether some limits can hold together; undecided within the time counts as possible."""
    rows = problem.rows.take(np.isin(problem.rows.group, groups))
    some = replace(
        problem,
        rows=rows,
        tails=problem.tails if "shortfall" in groups else (),
        chance=problem.chance if "value_at_risk" in groups else None,
        miss_price={},
    )
    if not whole_lots:
        return possible(some, time_limit=0.5)
    return not solve(some, gap=1.0, time_limit=0.5).infeasible

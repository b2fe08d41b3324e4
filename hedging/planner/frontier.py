"""What protection costs: one limit moved from tight to wide, with and without whole lots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.book import Book
from hedging.errors import InputError
from hedging.legs import Leg
from hedging.market import Chains
from hedging.paths import Paths
from hedging.planner.explain import shadow_prices
from hedging.planner.problem import Problem, allowed
from hedging.planner.solve import solve
from hedging.planner.structure import structure
from hedging.planner.tails import Outcomes
from hedging.planner.targets import Limits, Target
from hedging.planner.task import Task, check_effort

__all__ = ["Frontier", "frontier"]

Array = npt.NDArray[np.float64]
Over: TypeAlias = Literal["floor", "shortfall", "budget"]


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """Cost against one limit.

    Attributes
    ----------
    over : str
        The limit that moves.
    table : DataFrame
        One row a level, the tightest first: the level [share of base], ``relaxed`` (continuous lots, legs
        free of charge), ``price`` (what one more 1 % saves there), ``cost`` (whole lots, price per leg
        included), ``bound``, ``legs``, ``structure``. Money; NaN where nothing meets the level.
    plans : tuple of tuple of Leg
        Orders of each row.
    base : float
        [money]
    """

    over: str
    table: pd.DataFrame
    plans: tuple[tuple[Leg, ...], ...]
    base: float

    def __repr__(self) -> str:
        shown = self.table.to_string(index=False, float_format="{:,.4g}".format, na_rep="-")
        return f"Cost against {self.over}, base {self.base:,.0f}\n{shown}"

    def _repr_html_(self) -> str:
        head = f"<p><b>Cost against {self.over}, base {self.base:,.0f}</b></p>"
        return head + self.table.to_html(index=False, border=0, float_format="{:,.4g}".format, na_rep="-")


def frontier(
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits | None = None,
    *,
    over: Over = "floor",
    levels: Sequence[float] | Array | None = None,
    horizon: float = 30.0,
    scenarios: Paths | None = None,
    outcomes: Outcomes | Paths | None = None,
    gap: float = 1e-2,
    seconds: float = 10.0,
) -> Frontier:
    """Solve one problem at many levels of one limit.

    A plan that meets a tight level meets every wider one, so no cost rises as the limit widens; the relaxed
    cost is convex in the level as well.

    Parameters
    ----------
    book, chain, target, limits, horizon, scenarios, outcomes
        As for `hedging.planner.plan`; the limit in `over` is replaced by each level.
    over : {'floor', 'shortfall', 'budget'}
    levels : sequence of float, optional
        Shares of the base: 12 floors or shortfalls from -5 % to -60 %, or budgets from 0 to 6 %.
    gap : float
        Share of the cost within which each plan counts as optimal. [1]
    seconds : float
        Time for all levels together.

    Raises
    ------
    InputError
        If `over` or a level makes no sense.

    Examples
    --------
    >>> import hedging as hg
    >>> from hedging.planner import frontier
    >>> curve = frontier(hg.samples.book(), hg.samples.chain(), hg.Target(delta=(5, 15)), levels=[-0.1, -0.3])
    >>> bool(curve.table["cost"].is_monotonic_decreasing)
    True
    """
    if over not in ("floor", "shortfall", "budget"):
        raise InputError(f"over must be 'floor', 'shortfall' or 'budget'; got {over!r}.")
    check_effort(gap, seconds)
    ordered = _ordered(levels, over)
    first = float(ordered[0])
    if target.least:
        raise InputError(f"a frontier is of the least cost at each level; got minimise={target.minimise!r}.")
    if target.value_at_risk is not None:
        raise InputError("a frontier takes no value at risk, which has no relaxation; limit the shortfall.")
    if over == "floor" and isinstance(target.floor, Mapping):
        raise InputError(
            "a frontier over the floor moves one floor of all dates; this target has one for each of some days: leave "
            "floor out, or move the budget or the shortfall."
        )
    target, limits = _with(target, limits or Limits(), over, first)
    task = Task.of(book, chain, target, limits, horizon, scenarios, outcomes)
    whole = task.problem()
    problem = whole.only(allowed(whole, limits))
    rows, plans = [], []
    best: Array | None = None
    active: npt.NDArray[np.bool_] | None = None
    for level in ordered:
        moved = _moved(problem, over, float(level), first)
        # What meets a tighter level meets this one, and the scenarios that mattered there matter here.
        solution = solve(moved, gap=gap, time_limit=seconds / ordered.size, start=best, active=active)
        relaxed, best = solution.relaxed, solution.lots
        row = {over: level, "relaxed": np.nan, "price": 0.0, "cost": np.nan, "bound": solution.bound}
        if relaxed is not None:
            active = relaxed.active
            prices = {each.limit: each.price for each in shadow_prices(moved, relaxed)}
            row |= {"relaxed": relaxed.value, "price": prices.get(over, 0.0)}
        if best is not None:
            row["cost"] = solution.objective
        legs = () if best is None else task.legs(problem, best)
        rows.append(row | {"legs": len(legs), "structure": "-" if best is None else structure(legs)})
        plans.append(legs)
        if solution.interrupted:
            break
    table = pd.DataFrame(rows)
    # No tighter level costs less than a wider one must.
    table["bound"] = np.maximum.accumulate(table["bound"].to_numpy()[::-1])[::-1]
    table.loc[np.isinf(table["bound"]), "bound"] = np.nan
    return Frontier(over, table, tuple(plans), problem.base)


def _ordered(levels: Sequence[float] | Array | None, over: str) -> Array:
    """Levels from the tightest to the widest, each once."""
    if levels is None:
        levels = np.linspace(0.0, 0.06, 12) if over == "budget" else np.linspace(-0.05, -0.60, 12)
    try:
        given = np.unique(np.asarray(levels, dtype=float))
    except (TypeError, ValueError) as error:
        raise InputError(f"levels must be numbers, shares of the base; got {levels!r:.100}.") from error
    low, high = (0.0, np.inf) if over == "budget" else (-1.0, 0.0)
    if not (given.size and np.isfinite(given).all() and low <= given[0] and given[-1] <= high):
        raise InputError(f"levels of {over} must be shares from {low:g} to {high:g}; got {levels!r:.100}.")
    return given if over == "budget" else given[::-1]


def _with(target: Target, limits: Limits, over: str, level: float) -> tuple[Target, Limits]:
    if over == "budget":
        return target, replace(limits, budget=level)
    moved = replace(target, floor=level) if over == "floor" else replace(target, shortfall=level)
    return moved, limits


def _moved(problem: Problem, over: str, level: float, first: float) -> Problem:
    """The same programme with one limit at another level."""
    step = (level - first) * problem.base
    if over == "shortfall":
        tails = tuple(replace(tail, limit=tail.limit - step) for tail in problem.tails)
        return replace(problem, tails=tails)
    rows, sign = problem.rows, 1.0 if over == "budget" else -1.0
    bound = np.where(rows.group == over, rows.bound + sign * step, rows.bound)
    return replace(problem, rows=replace(rows, bound=bound))

"""What protection costs: one limit moved from tight to wide, with and without whole lots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground import clock
from hedging._ground.arguments import takes
from hedging._ground.cells import SHARE
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Leg, cost_of
from hedging.book.saved import legs_to_dicts
from hedging.book.structure import structure
from hedging.errors import InputError
from hedging.market.market import Chains
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths, grid
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import orders_of
from hedging.planner.explain.prices import shadow_prices
from hedging.planner.explain.refusal import building
from hedging.planner.programme.build import build
from hedging.planner.programme.programme import Programme
from hedging.planner.request.effort import Effort
from hedging.planner.request.limit import Limit
from hedging.planner.request.limits import Limits
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.request.view import View
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution, solve
from hedging.scenario import run

__all__ = ["Frontier", "frontier"]

RALLY: Final = 0.5
"""The rise in which upside given up is counted."""

Over: TypeAlias = Literal["floor", "shortfall", "budget"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Frontier(Shown):
    """Cost against one limit.

    Attributes
    ----------
    over : str
        The limit that moves.
    table : DataFrame
        One row a level, the tightest first: the level [share of base], ``relaxed`` (continuous lots, legs
        free of charge), ``price`` (what one more 1 % saves there), ``cost`` (whole lots, price per leg
        included), ``bound``, ``legs``, ``structure``, ``premium`` (net, of the orders), ``given_up`` (what the orders
        lose where every asset has risen by half at the horizon [share of base]). Money; NaN where nothing meets the
        level.
    plans : tuple of tuple of Leg
        Orders of each row.
    base : float
        [money]
    view : View or None
        What the costs are net of the expected gains of.
    missing : int
        Levels that an interruption left out.
    """

    over: str
    table: pd.DataFrame
    plans: tuple[tuple[Leg, ...], ...]
    base: float
    view: View | None = None
    missing: int = 0

    def to_frame(self) -> pd.DataFrame:
        """One row a level: `table`."""
        return self.table.copy()

    def _page(self) -> Page:
        view = () if self.view is None else (f"under the view: {self.view}",)
        plain = (self.over, "legs", "structure", "given_up")
        currency = self.table.attrs.get("currency", "money")
        units = {name: currency for name in self.table if name not in plain}
        units |= {self.over: SHARE, "given_up": SHARE}
        head = f"Cost against {self.over}, base {self.base:,.0f}"
        return Page(head, (*view, Table(self.table, units, rows=len(self.table))))

    def to_dict(self) -> dict[str, Any]:
        """The frontier as plain values, a level that nothing meets with None; money is the quote currency."""
        table = self.table.astype(object).where(self.table.notna(), None)
        levels = [
            {str(name): value for name, value in row.items()} | {"orders": legs_to_dicts(legs)}
            for row, legs in zip(table.to_dict(orient="records"), self.plans, strict=True)
        ]
        view = None if self.view is None else self.view.to_dict()
        return {"over": self.over, "base": self.base, "view": view, "levels": levels}


@takes(book=Book, target=Target, limits=Limits)
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
    outcomes: Outcomes | PathsBy | None = None,
    view: View | None = None,
    effort: Effort | None = None,
) -> Frontier:
    """Solve one programme at many levels of one limit.

    A plan that meets a tight level meets every wider one, so no cost rises as the limit widens; the relaxed
    cost is convex in the level as well.

    Parameters
    ----------
    book, chain, target, limits, horizon, scenarios, outcomes, view
        As for `hedging.planner.plan`; the limit in `over` is replaced by each level. Under a view what it expects
        orders to gain is off every cost.
    over : {'floor', 'shortfall', 'budget'}
    levels : sequence of float, optional
        Shares of the base: 12 floors or shortfalls from -5 % to -60 %, or budgets from 0 to 6 %.
    effort : Effort, optional
        By default with a gap of 1 %. The time limit is for all levels together; what one leaves is for those after
        it.

    Raises
    ------
    InputError
        If `over` or a level makes no sense, a loss is to be minimised, or the target has a value at risk: which
        outcomes a plan may give up is a choice, so that no relaxation of it is convex in the level, no price
        holds beside the choice made, and each level is a search of its own.
    InfeasibleHedgeError
        If the time is up before what may be traded is known.
    KeyboardInterrupt
        If it comes before the first level is done; afterwards the levels that are done are returned.

    Examples
    --------
    >>> import hedging as hg
    >>> curve = frontier(hg.samples.book(), hg.samples.chain(), hg.Target(delta=(5, 15)), levels=[-0.1, -0.3])
    >>> bool(curve.table["cost"].is_monotonic_decreasing)
    True
    """
    _refuse(target, over)
    effort = effort or Effort(gap=1e-2)
    ordered = _ordered(levels, over)
    first = float(ordered[0])
    target, limits = _with(target, limits or Limits(), over, first)
    with building(effort):
        request = Request.of(
            book,
            chain,
            target,
            limits,
            horizon=horizon,
            scenarios=scenarios,
            outcomes=outcomes,
            view=view,
            effort=effort,
        )
        whole = build(request, candidates_of(request))
        programme = whole.only(whole.candidates.tradable(limits))
    engine = Engine(effort.solver, effort.progress, memory=effort.memory)
    rows: list[dict[str, Any]] = []
    plans: list[tuple[Leg, ...]] = []
    before: Solution | None = None
    # Who interrupts wants the levels that are done.
    with suppress(KeyboardInterrupt):
        for done, level in enumerate(ordered):
            moved = _moved(programme, over, float(level), first)
            # What is said of a plan that was found is no part of the search: it would end in the middle.
            with clock.until(request.ends):
                share = clock.seconds_left() / (ordered.size - done)
                before = _next(moved, before, effort.gap, share, engine)
            legs = orders_of(request, programme.candidates, before.lots)
            rows.append(
                {over: level} | _row(moved, before, over, legs) | _paid(request, programme.base, legs, before)
            )
            plans.append(legs)
            if before.interrupted:
                break
    if not rows:
        raise KeyboardInterrupt
    missing = ordered.size - len(rows)
    table = _bounded(pd.DataFrame(rows))
    table.attrs["currency"] = request.markets[0].currency
    return Frontier(over, table, tuple(plans), programme.base, view, missing)


def _refuse(target: Target, over: str) -> None:
    """Refuse what no frontier can be drawn of."""
    if over not in ("floor", "shortfall", "budget"):
        raise InputError(f"over must be 'floor', 'shortfall' or 'budget'; got {over!r}.")
    if target.least:
        raise InputError(f"a frontier is of the least cost at each level; got minimise={target.minimise!r}.")
    if target.value_at_risk is not None:
        raise InputError(
            "a frontier takes no value at risk: which outcomes are given up is a choice, not convex in the level, and "
            "a search of its own at each. Limit the shortfall, or plan level by level."
        )
    if over == "floor" and isinstance(target.floor, Mapping):
        raise InputError(
            "a frontier over the floor moves one floor of all dates; this target has one for each of some days: leave "
            "floor out, or move the budget or the shortfall."
        )


def _next(
    programme: Programme, before: Solution | None, gap: float, seconds: float, engine: Engine
) -> Solution:
    """The plan of a level: what meets a tighter one meets it, and what mattered there matters here.

    When the time is up that is the tighter level's, of which nothing is proven here.
    """
    if before is not None and clock.over():
        return replace(before, bound=-np.inf, relaxed=None)
    start = None if before is None else before.lots
    relaxed = None if before is None else before.relaxed
    active = None if relaxed is None else relaxed.active
    return solve(programme, gap=gap, time_limit=seconds, start=start, active=active, engine=engine)


def _row(programme: Programme, solution: Solution, over: str, legs: tuple[Leg, ...]) -> dict[str, Any]:
    """What a level costs, NaN where nothing meets it."""
    relaxed, found = solution.relaxed, solution.lots is not None
    prices = () if relaxed is None else shadow_prices(programme, relaxed)
    return {
        "relaxed": np.nan if relaxed is None else relaxed.value,
        "price": next((each.price for each in prices if each.limit == Limit(over)), 0.0),
        "cost": solution.objective if found else np.nan,
        "bound": solution.bound,
        "legs": len(legs),
        "structure": structure(legs) if found else "-",
    }


def _paid(request: Request, base: float, legs: tuple[Leg, ...], found: Solution) -> dict[str, float]:
    """What the orders of a level pay in premium, and give up of a rally."""
    if found.lots is None:
        return {"premium": np.nan, "given_up": np.nan}
    rally = grid([RALLY], days=[request.horizon])
    gain = run(Book(), request.markets, dict.fromkeys((each.asset for each in request.markets), rally), legs)
    return {"premium": cost_of(legs).premium, "given_up": -float(gain.overlay[0, -1]) / base}


def _bounded(table: pd.DataFrame) -> pd.DataFrame:
    """The rows, each bound raised to those of wider levels: no tighter one costs less than a wider one must."""
    table["bound"] = np.maximum.accumulate(table["bound"].to_numpy()[::-1])[::-1]
    table.loc[np.isinf(table["bound"]), "bound"] = np.nan
    return table


def _ordered(levels: Sequence[float] | Array | None, over: str) -> Array:
    """Levels from the tightest to the widest, each once."""
    if levels is None:
        levels = np.linspace(0.0, 0.06, 12) if over == "budget" else np.linspace(-0.05, -0.60, 12)
    try:
        given = np.unique(np.asarray(levels, dtype=float))
    except (TypeError, ValueError) as error:
        raise InputError(f"levels must be numbers, shares of the base; got {levels!r:.100}.") from error
    low, high = (0.0, np.inf) if over == "budget" else (-1.0, 0.0)
    wrong = given[~((given >= low) & (given <= high) & np.isfinite(given))]
    if wrong.size or not given.size:
        raise InputError(
            f"levels of {over} must be shares from {low:g} to {high:g}; got {float(wrong[0]) if wrong.size else None}."
        )
    return given if over == "budget" else given[::-1]


def _with(target: Target, limits: Limits, over: str, level: float) -> tuple[Target, Limits]:
    if over == "budget":
        return target, replace(limits, budget=level)
    moved = replace(target, floor=level) if over == "floor" else replace(target, shortfall=level)
    return moved, limits


def _moved(programme: Programme, over: str, level: float, first: float) -> Programme:
    """The same programme with one limit at another level."""
    step = (level - first) * programme.base
    if over == "shortfall":
        tails = tuple(replace(tail, limit=tail.limit - step) for tail in programme.tails)
        return replace(programme, tails=tails)
    rows, sign = programme.rows, 1.0 if over == "budget" else -1.0
    bound = np.where(rows.of(Limit(over)), rows.bound + sign * step, rows.bound)
    lazy = tuple(each.wider(-step) if each.limit == Limit(over) else each for each in programme.lazy)
    return replace(programme, rows=replace(rows, bound=bound), lazy=lazy)

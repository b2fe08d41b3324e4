"""`plan`: build, solve, verify; and what is shown beside the optimum."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging.book import Book
from hedging.errors import InfeasibleHedgeError, InputError, SolverError
from hedging.instruments import Spot
from hedging.legs import Leg
from hedging.market import Chains, Market, markets_of
from hedging.paths import Paths
from hedging.planner.infeasible import clashing, closest
from hedging.planner.problem import Problem, build, default_scenarios
from hedging.planner.result import Alternative, HedgePlan, PlanStatus
from hedging.planner.solve import Solution, solve
from hedging.planner.targets import Limits, Target
from hedging.planner.universe import leg_of
from hedging.planner.verify import Check, cost_with_carry, revalue, trough_of

__all__ = ["plan"]

SOLVER_PRECISION = 1e-6
CLOSEST_SECONDS = 3.0

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Everything that was asked, after checking."""

    book: Book
    markets: tuple[Market, ...]
    target: Target
    limits: Limits
    horizon: float
    scenarios: Paths


def plan(
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits | None = None,
    *,
    horizon: float = 30.0,
    scenarios: Paths | None = None,
    gap: float = 1e-3,
    time_limit: float = 10.0,
) -> HedgePlan:
    """Find the cheapest orders that bring a book to its target, prove it, and check them from scratch.

    Parameters
    ----------
    book : Book
    chain : OptionChain or Market, or several of them
        Quotes of every asset of the book; a market brings its surface and its funding along.
    target : Target
    limits : Limits, optional
    horizon : float, > 0
        Days over which carry counts and the default scenarios run. [days]
    scenarios : Paths, optional
        X
    gap : float
        Share of the objective within which a plan counts as optimal. [1]
    time_limit : float
        After it the best plan found is returned, with its gap. [seconds]

    Returns
    -------
    HedgePlan

    Raises
    ------
    InputError
        If an input breaks its rule, or the book holds an asset of no chain.
    InfeasibleHedgeError
        If no plan meets every limit; it names the limits that clash and carries the closest plan.
    SolverError
        If the solver fails, or its plan fails the check.

    Examples
    --------
    >>> import hedging as hg
    >>> found = hg.plan(hg.samples.book(), hg.samples.chain(), hg.Target(delta=(8, 12)), hg.Limits(budget=0.02))
    >>> found.status, 8 <= found.after.delta <= 12
    (<PlanStatus.OPTIMAL: 'optimal'>, True)
    """
    start = time.perf_counter()
    limits = limits or Limits()
    task = _task(book, chain, target, limits, horizon, scenarios)
    whole = build(book, task.markets, target, limits, horizon, task.scenarios)
    problem = whole.only(_allowed(whole, limits))
    solution = solve(problem, gap=gap, time_limit=time_limit)
    if solution.lots is None:
        clashes = clashing(problem) if solution.infeasible else ()
        nearest = closest(problem, gap=gap, time_limit=min(time_limit, CLOSEST_SECONDS))
        shown = _finish(task, problem, nearest, PlanStatus.CLOSEST, start, clashes=clashes)
        raise InfeasibleHedgeError(_no_plan(clashes, shown, time_limit), closest=shown, clashes=clashes)
    status = PlanStatus.OPTIMAL if solution.gap <= gap + SOLVER_PRECISION else PlanStatus.FEASIBLE
    seconds = time.perf_counter() - start
    beside = _outright(task, whole)
    return replace(_finish(task, problem, solution, status, start), seconds=seconds, alternatives=beside)


def _task(
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits,
    horizon: float,
    scenarios: Paths | None,
) -> _Task:
    if not (math.isfinite(horizon) and horizon > 0):
        raise InputError(f"horizon must be a number of days > 0; got {horizon!r}.")
    markets = tuple(markets_of(chain).values())
    book.check_assets(*markets)
    return _Task(book, markets, target, limits, horizon, scenarios or default_scenarios(horizon))


def _allowed(whole: Problem, limits: Limits) -> npt.NDArray[np.bool_]:
    kinds = ("call", "put", *(item.kind for item in limits.outright))
    return np.isin(whole.columns.kinds, kinds)


def _outright(task: _Task, whole: Problem) -> tuple[Alternative, ...]:
    """The same target by trading the underlying alone."""
    owned = any(isinstance(held.instrument, Spot) for held in task.book.holdings)
    kind = "spot" if owned else "perpetual"
    problem = whole.only(whole.columns.kinds == kind)
    solution = closest(problem, gap=1e-4, time_limit=2.0)
    legs = _legs(task, problem, solution)
    missed = tuple(check for check in _checks(task, legs, whole.base) if not check.ok)
    return (Alternative(kind, legs, cost_with_carry(legs, task.markets, task.horizon), missed),)


def _legs(task: _Task, problem: Problem, solution: Solution) -> tuple[Leg, ...]:
    """Orders of a solution, buys first."""
    if solution.lots is None:
        return ()
    chains = {market.asset: market.chain for market in task.markets}
    lots = solution.lots
    legs = [leg_of(problem.columns, int(i), lots[i], chains, task.limits) for i in np.flatnonzero(lots)]
    return tuple(sorted(legs, key=lambda leg: (leg.quantity < 0, leg.instrument.symbol)))


def _checks(task: _Task, legs: Sequence[Leg], base: float) -> list[Check]:
    return revalue(task.book, legs, task.markets, task.target, task.limits, task.scenarios, base)


def _finish(
    task: _Task,
    problem: Problem,
    solution: Solution,
    status: PlanStatus,
    start: float,
    *,
    clashes: tuple[str, ...] = (),
) -> HedgePlan:
    """Value the orders from scratch, hold them against every limit, and put the plan together."""
    legs = _legs(task, problem, solution)
    after, markets = task.book + legs, task.markets
    checks = _checks(task, legs, problem.base)
    cost = cost_with_carry(legs, markets, task.horizon)
    if status is not PlanStatus.CLOSEST:
        _insist(checks, cost.execution + problem.price_per_leg * len(legs), solution.objective, problem.base)
    value = task.book.value(*markets)
    return HedgePlan(
        legs=legs,
        cost=cost,
        exposures=tuple((task.book.exposure(market), after.exposure(market)) for market in markets),
        status=status,
        objective=solution.objective,
        bound=solution.bound,
        seconds=time.perf_counter() - start,
        nodes=solution.nodes,
        checks=tuple(checks),
        binding=_binding(problem, solution),
        troughs=tuple(  # type: ignore[arg-type]
            trough_of(held, markets, task.scenarios, problem.base, value) for held in (task.book, after)
        ),
        base=problem.base,
        base_name=problem.base_name,
        clashes=clashes,
        inputs=_inputs(task),
    )


def _insist(checks: Sequence[Check], revalued: float, objective: float, base: float) -> None:
    """Refuse a plan whose orders, valued anew, do not show what the programme promised."""
    broken = [check for check in checks if not check.ok]
    if broken:
        words = "; ".join(f"{c.limit} is {c.value:.8g}, allowed {c.low} to {c.high}" for c in broken)
        raise SolverError(f"the plan fails its check, please report it: {words}.")
    if abs(revalued - objective) > 1e-9 * base:
        raise SolverError(f"the plan costs {revalued:.6f}, not {objective:.6f} as solved; please report it.")


def _binding(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Limits that one more lot of an order in the plan would break."""
    if solution.lots is None or not solution.lots.any():
        return ()
    rows, used = problem.rows, solution.lots > 0
    room = rows.bound - rows.matrix @ solution.lots
    step = np.abs(rows.matrix[:, used]).max(axis=1)
    tight = (room < step) & (step > 0)
    names = dict.fromkeys(str(group) for group in rows.group[tight])
    if np.count_nonzero(used) == problem.max_legs:
        names["max_legs"] = None
    return tuple(names)


def _no_plan(clashes: tuple[str, ...], nearest: HedgePlan, time_limit: float) -> str:
    found = f"no plan was found in {time_limit:g} s (nor was it proven that there is none)"
    if clashes:
        found = f"no plan meets every limit: {' and '.join(clashes)} cannot hold together"
    missed = "; ".join(
        f"{check.limit} is {check.value:,.6g}, allowed {_side(check.low)} to {_side(check.high)}"
        for check in nearest.checks
        if not check.ok
    )
    return (
        f"{found}. "
        f"The closest plan misses: {missed or 'nothing by more than rounding'}. Widen one of these limits, "
        "allow outright sales, more legs or other expiries."
    )


def _side(value: float | None) -> str:
    return "any" if value is None else f"{value:,.6g}"


def _inputs(task: _Task) -> dict[str, Any]:
    """What went in, as plain values."""
    import platform

    import pandas as pd
    import scipy

    import hedging

    chains = [market.chain for market in task.markets]
    book = task.book
    return {
        "files": [{"name": chain.source, "sha256": chain.sha256} for chain in chains],
        "as_of": chains[0].as_of.isoformat(),
        "currency": chains[0].terms.currency,
        "spot": {chain.asset: chain.spot for chain in chains},
        "book": {
            "holdings": [
                {
                    "instrument": held.instrument.symbol,
                    "quantity": held.quantity,
                    "entry": None if math.isnan(held.entry) else held.entry,
                }
                for held in book.holdings
            ],
            "cash": book.cash,
            "numeraire": book.numeraire,
        },
        "target": task.target.to_dict(),
        "limits": task.limits.to_dict(),
        "horizon_days": task.horizon,
        "scenarios": {
            "count": len(task.scenarios),
            "days": task.scenarios.days.tolist(),
            "spot": [float(task.scenarios.spot.min()), float(task.scenarios.spot.max())],
            "vol_shift": [float(task.scenarios.vol_shift.min()), float(task.scenarios.vol_shift.max())],
        },
        "funding_8h": {market.asset: market.funding_8h for market in task.markets},
        "versions": {
            "hedging": hedging.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "pandas": pd.__version__,
        },
    }

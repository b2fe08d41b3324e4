"""Why a plan costs what it costs: the price of each limit, and the scenarios that make it."""

from __future__ import annotations

import numpy as np

from hedging.paths.paths import Paths
from hedging.planner.programme.programme import Problem
from hedging.planner.request.floors import dates_of
from hedging.planner.request.limit import FLOOR, SHORTFALL, Limit
from hedging.planner.result.values import Driver, ShadowPrice
from hedging.planner.solver.search import Relaxation, Solution

__all__ = ["binding", "drivers", "shadow_prices"]

SMALL = 1e-9  # of the relaxation's value: a price below it is rounding


def shadow_prices(problem: Problem, relaxed: Relaxation) -> tuple[ShadowPrice, ...]:
    """The price of one more step of each limit that binds the relaxation, the dearest first."""
    found, rows = [], problem.rows
    duals = {limit: float(relaxed.duals[rows.of(limit)].sum()) for limit in rows.limits_of(rows.soft)}
    if problem.tails:
        duals[SHORTFALL] = relaxed.tail_dual
    for limit, dual in duals.items():
        price = dual * (0.01 * problem.base if limit.in_shares else 1.0)
        if limit != problem.least and price > SMALL * max(abs(relaxed.value), 1.0):
            found.append(ShadowPrice(limit, price, "1 %" if limit.in_shares else "1"))
    return tuple(sorted(found, key=lambda each: -each.price))


def drivers(problem: Problem, relaxed: Relaxation, scenarios: Paths) -> tuple[Driver, ...]:
    """The nodes whose floor costs something, the dearest first: what the hedge is paid for."""
    price = np.zeros(scenarios.spot.shape)
    for limit in (each for each in problem.rows.limits if each.kind == FLOOR.kind):
        at = dates_of(limit, scenarios.days)
        price[:, at] += relaxed.duals[problem.rows.of(limit)].reshape(len(scenarios), at.size)
    total = float(price.sum())
    if total <= 0:
        return ()
    nodes = zip(*np.unravel_index(np.argsort(-price, axis=None), price.shape), strict=True)
    dear = [(row, date) for row, date in nodes if price[row, date] > 1e-6 * total]
    return tuple(
        Driver(scenarios.labels[row], float(scenarios.days[date]), float(price[row, date] / total))
        for row, date in dear
    )


def binding(problem: Problem, solution: Solution) -> tuple[Limit, ...]:
    """Limits that one lot more or less of an order in the plan would break."""
    if solution.lots is None or not solution.lots.any():
        return ()
    rows, used = problem.rows, solution.lots > 0
    room = rows.bound - rows.matrix @ solution.lots
    step = np.abs(rows.matrix[:, used]).max(axis=1)
    tight = (room < step) & (step > 0)
    counted = [Limit("max_legs")] if np.count_nonzero(used) == problem.max_legs else []
    return tuple(limit for limit in (*rows.limits_of(tight), *counted) if limit != problem.least)

"""Why a plan costs what it costs: the price of each limit, and the scenarios that make it."""

from __future__ import annotations

import numpy as np

from hedging._numerics.types import Array
from hedging.paths.paths import Paths
from hedging.planner.programme.programme import MadeRows, Programme
from hedging.planner.request.floors import dates_of
from hedging.planner.request.limit import FLOOR, SHORTFALL, Limit
from hedging.planner.result.values import Driver, ShadowPrice
from hedging.planner.solver.search import Relaxation, Solution

__all__ = ["binding", "drivers", "shadow_prices"]

SMALL = 1e-9  # of the relaxation's value: a price below it is rounding


def shadow_prices(programme: Programme, relaxed: Relaxation) -> tuple[ShadowPrice, ...]:
    """The price of one more step of each limit that binds the relaxation, the dearest first."""
    found, rows = [], programme.rows
    duals = {limit: float(relaxed.duals[rows.of(limit)].sum()) for limit in rows.limits_of(rows.soft)}
    if programme.tails:
        duals[SHORTFALL] = relaxed.tail_dual
    for lazy, (_, prices) in zip(programme.lazy, relaxed.lazy_duals, strict=False):
        duals[lazy.limit] = duals.get(lazy.limit, 0.0) + float(prices.sum())
    for limit, dual in duals.items():
        price = dual * (0.01 * programme.base if limit.in_shares else 1.0)
        if limit != programme.least and price > SMALL * max(abs(relaxed.value), 1.0):
            found.append(ShadowPrice(limit, price, "1 %" if limit.in_shares else "1"))
    return tuple(sorted(found, key=lambda each: -each.price))


def drivers(programme: Programme, relaxed: Relaxation, scenarios: Paths) -> tuple[Driver, ...]:
    """The nodes whose floor costs something, the dearest first: what the hedge is paid for."""
    dear: list[tuple[float, str, float]] = []
    for limit in (each for each in programme.rows.limits if each.kind == FLOOR.kind):
        at = dates_of(limit, scenarios.days)
        # One set of rows a surface, where the floor holds on several.
        price = relaxed.duals[programme.rows.of(limit)].reshape(-1, len(scenarios), at.size).sum(axis=0)
        for row, date in np.argwhere(price > 0.0):
            dear.append((float(price[row, date]), scenarios.labels[row], float(scenarios.days[at[date]])))
    for lazy, (rows, prices) in zip(programme.lazy, relaxed.lazy_duals, strict=False):
        dear += [(float(price), *lazy.label(int(row))) for row, price in zip(rows, prices, strict=True)]
    total = sum(price for price, *_ in dear)
    dear = sorted((each for each in dear if each[0] > 1e-6 * total), key=lambda each: -each[0])
    return tuple(Driver(label, day, price / total) for price, label, day in dear)


def binding(programme: Programme, solution: Solution) -> tuple[Limit, ...]:
    """Limits that one lot more or less of an order in the plan would break."""
    if solution.lots is None or not solution.lots.any():
        return ()
    rows, used = programme.rows, solution.lots > 0
    room = rows.bound - rows.matrix @ solution.lots
    step = np.abs(rows.matrix[:, used]).max(axis=1)
    tight = (room < step) & (step > 0)
    floors = [each.limit for each in programme.lazy if _is_tight(each, solution.lots)]
    counted = [Limit("max_legs")] if np.count_nonzero(used) == programme.max_legs else []
    limits = dict.fromkeys((*rows.limits_of(tight), *floors, *counted))
    return tuple(limit for limit in limits if limit != programme.least)


def _is_tight(lazy: MadeRows, lots: Array) -> bool:
    """Whether one lot more or less of an order would break the worst of some rows."""
    over = lazy.over(lots)
    if not over.size:
        return False
    worst = np.array([int(over.argmax())])
    step = np.abs(lazy.rows(worst)[0, lots > 0]).max()
    return bool(-over[worst[0]] < step)

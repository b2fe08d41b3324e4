"""Why a plan costs what it costs: the price of each limit, and the scenarios that make it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hedging.paths.paths import Paths
from hedging.planner.programme.build import Problem
from hedging.planner.request.floors import dates_of, is_floor
from hedging.planner.request.wording import figure, in_shares
from hedging.planner.solver.search import Relaxation, Solution

__all__ = ["Driver", "ShadowPrice", "binding", "drivers", "shadow_prices"]

SMALL = 1e-9  # of the relaxation's value: a price below it is rounding


@dataclass(frozen=True, slots=True)
class ShadowPrice:
    """What the cost falls by when one limit is widened a little, lots being continuous.

    Attributes
    ----------
    limit : str
    price : float
        [money per step]
    step : str
        ``'1 %'`` of the base for floor and budget, ``'1'`` for Greeks, in their own units.
    """

    limit: str
    price: float
    step: str

    def __str__(self) -> str:
        return f"{self.step} wider {self.limit} saves {figure(self.price, 3)}"

    def to_dict(self) -> dict[str, Any]:
        """The price by field."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Driver:
    """A scenario that the plan is built against.

    Attributes
    ----------
    scenario : str
    day : float
        [days]
    weight : float
        Share of the floor's price that this node makes; the weights sum to 1.
    """

    scenario: str
    day: float
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """The driver by field."""
        return asdict(self)


def shadow_prices(problem: Problem, relaxed: Relaxation) -> tuple[ShadowPrice, ...]:
    """The price of one more step of each limit that binds the relaxation, the dearest first."""
    found = []
    rows = problem.rows
    names = np.unique(rows.group[rows.soft])
    duals = {str(name): float(relaxed.duals[rows.group == name].sum()) for name in names}
    if problem.tails:
        duals["shortfall"] = relaxed.tail_dual
    duals.pop(problem.least, None)
    for group, dual in duals.items():
        share = in_shares(group)
        price = dual * (0.01 * problem.base if share else 1.0)
        if price > SMALL * max(abs(relaxed.value), 1.0):
            found.append(ShadowPrice(group, price, "1 %" if share else "1"))
    return tuple(sorted(found, key=lambda each: -each.price))


def drivers(problem: Problem, relaxed: Relaxation, scenarios: Paths) -> tuple[Driver, ...]:
    """The nodes whose floor costs something, the dearest first: what the hedge is paid for."""
    price = np.zeros(scenarios.spot.shape)
    for name in filter(is_floor, map(str, np.unique(problem.rows.group))):
        at = dates_of(name, scenarios.days)
        price[:, at] += relaxed.duals[problem.rows.group == name].reshape(len(scenarios), at.size)
    total = float(price.sum())
    if total <= 0:
        return ()
    nodes = zip(*np.unravel_index(np.argsort(-price, axis=None), price.shape), strict=True)
    dear = [(row, date) for row, date in nodes if price[row, date] > 1e-6 * total]
    return tuple(
        Driver(scenarios.labels[row], float(scenarios.days[date]), float(price[row, date] / total))
        for row, date in dear
    )


def binding(problem: Problem, solution: Solution) -> tuple[str, ...]:
    """Limits that one lot more or less of an order in the plan would break."""
    if solution.lots is None or not solution.lots.any():
        return ()
    rows, used = problem.rows, solution.lots > 0
    room = rows.bound - rows.matrix @ solution.lots
    step = np.abs(rows.matrix[:, used]).max(axis=1)
    tight = (room < step) & (step > 0)
    names = dict.fromkeys(str(group) for group in rows.group[tight] if group != problem.least)
    if np.count_nonzero(used) == problem.max_legs:
        names["max_legs"] = None
    return tuple(names)

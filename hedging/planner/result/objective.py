"""The objective of some orders, from what they cost and where they leave every limit."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.book.legs import Cost
from hedging.planner.request.limits import Limits
from hedging.planner.request.target import COST_WEIGHT, Target
from hedging.planner.result.checks import Check

__all__ = ["objective_of"]


def objective_of(
    target: Target, limits: Limits, orders: int, cost: Cost, checks: Sequence[Check], base: float
) -> float:
    """What a plan minimises: execution cost, the price of each leg, of each miss and of the loss. [money]"""
    fixed = limits.price_per_leg * base * orders
    misses = sum(
        check.miss * (100.0 if check.limit.in_shares else 1.0) * price
        for check in checks
        if (price := target.miss_price(check.limit)) is not None
    )
    if not target.least:
        return cost.execution + fixed + misses
    lost = sum(max(0.0, -check.value) * base for check in checks if check.limit == target.least)
    return COST_WEIGHT * cost.execution + fixed + misses + lost

"""The objective of some orders, from what they cost and where they leave every limit."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.book.legs import Cost
from hedging.planner.request.limit import MARGIN
from hedging.planner.request.limits import Limits
from hedging.planner.request.target import COST_WEIGHT, Target
from hedging.planner.result.checks import Check

__all__ = ["minimised", "objective_of"]


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
    lost = sum(max(0.0, minimised(check)) * base for check in checks if check.limit == target.least)
    return COST_WEIGHT * cost.execution + fixed + misses + lost


def minimised(check: Check) -> float:
    """What is minimised of a limit: a loss, which its value is below 0 by, or the margin that it is. [share of base]"""
    return check.value if check.limit == MARGIN else -check.value

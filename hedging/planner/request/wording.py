"""How numbers and limits are written in the text of plans."""

from __future__ import annotations

from hedging._ground.cells import figure, per_cent
from hedging.planner.request.limit import Limit

__all__ = ["figure", "figure_of", "move", "per_cent"]


def move(level: float) -> str:
    """A level of spot as the move from today's: 0.9 is -10 %."""
    return f"{100.0 * (level - 1.0):+.4g} %"


def figure_of(limit: Limit, value: float, digits: int = 6) -> str:
    """A number in the unit of a limit, shares in per cent."""
    return f"{figure(100.0 * value, digits)}%" if limit.in_shares else figure(value, digits)

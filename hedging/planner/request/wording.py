"""How numbers and limits are written in the text of plans."""

from __future__ import annotations

from hedging.planner.request.limit import Limit

__all__ = ["figure", "figure_of", "move", "per_cent"]


def figure(value: float, digits: int = 6) -> str:
    """A number to so many digits, in whole units where it has more before the point: never 1.2e+06.

    Examples
    --------
    >>> figure(1_234_567.8, 3), figure(119.6, 2), figure(0.01234, 2)
    ('1,234,568', '120', '0.012')
    """
    return f"{value:,.0f}" if abs(value) >= 10.0**digits else f"{float(f'{value:.{digits}g}'):,.10g}"


def per_cent(share: float, decimals: int = 1) -> str:
    """A share in per cent; what rounds to nothing has no sign."""
    return f"{round(share, decimals + 2) + 0.0:.{decimals}%}"


def move(level: float) -> str:
    """A level of spot as the move from today's: 0.9 is -10 %."""
    return f"{100.0 * (level - 1.0):+.4g} %"


def figure_of(limit: Limit, value: float, digits: int = 6) -> str:
    """A number in the unit of a limit, shares in per cent."""
    return f"{figure(100.0 * value, digits)}%" if limit.in_shares else figure(value, digits)

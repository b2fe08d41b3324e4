"""The most that is asked of anything: beyond these a number is a slip of the keyboard, and would fill the memory."""

from __future__ import annotations

from typing import Final

from hedging.errors import InputError

__all__ = [
    "LARGEST",
    "MOST_DATES",
    "MOST_DAYS",
    "MOST_DRAWN",
    "MOST_PRICE",
    "MOST_SECONDS",
    "check_dates",
    "check_drawn",
]

LARGEST: Final = 1e15  # beyond any position, price or bound; sums and squares of it are still numbers
MOST_PRICE: Final = 1e12  # of missing a target by one unit of it
MOST_DAYS: Final = 50 * 365  # of a path or a horizon
MOST_DATES: Final = 200_000  # of one path: ten a day for fifty years
MOST_SECONDS: Final = 7 * 86_400  # a week
MOST_DRAWN: Final = 50_000_000  # numbers drawn at once, 0.4 GB, of which a run holds several


def check_dates(days: float, step: float) -> None:
    """Refuse a path of more dates than any has.

    Raises
    ------
    InputError
        If days over step are too many, or the days are.
    """
    if not days <= MOST_DAYS:
        raise InputError(f"days must be a number of days, {MOST_DAYS:,} at most; got {days!r}.")
    if not days / step <= MOST_DATES:
        raise InputError(
            f"step must give {MOST_DATES:,} dates at most; got {step!r} over {days!r} days: the last is {days!r} itself."
        )


def check_drawn(scenarios: float, steps: float, assets: int = 1) -> None:
    """Refuse to draw more than a memory holds.

    Raises
    ------
    InputError
        If scenarios, times steps and assets, are too many.
    """
    if scenarios * steps * assets > MOST_DRAWN:
        most = max(int(MOST_DRAWN // max(steps * assets, 1)), 1)
        raise InputError(f"scenarios must be {most:,} at most over so many dates; got {scenarios!r}.")

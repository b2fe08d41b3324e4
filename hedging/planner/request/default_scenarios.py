"""Where spot and vol may go: the grid that a floor holds over where no scenarios are given.

Spot goes anywhere at once and stays, vol by the way 10 points lower or higher; or it gets there along a line; or it
turns on the way. The range begins at `NEAR_ZERO` where money is counted, which is zero to a millionth of today's
value, and ends above every strike: beyond its highest node P&L does not fall, as calls sold are covered (the
planner's cover rows), unless the book was short already. Where coins are counted it is from -90 % to +200 %: towards
zero, coins are held by the cover of puts sold, by number and by strike.

A grid comes close to the worst case of a book, and may miss it in between: there is a trough at every strike. So
`hedging.planner.request.turning` adds every single turn between expiries and the end, exact for what has expired.

**Not exact**: options that still live on a date are curved between nodes, where plans on nine recorded chains fell
below their floors by 0.1 % of the book at most; a path that turns more than once is judged where the grid has it;
and vol moves by the grid alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Final

import numpy as np

from hedging._numerics.types import Array
from hedging.paths.paths import Paths
from hedging.planner.request.wording import move

__all__ = ["default_scenarios"]

Path = tuple[str, Array, float]
"""Label, level by date as a multiple of today's, and shift of vol."""

SPOT_MOVES: Final = (
    *(-0.90, -0.75),  # the far tail: a floor that ends at -60 % is no floor
    *np.arange(-0.60, -0.249, 0.05),
    *np.arange(-0.225, 0.2251, 0.025),
    *np.arange(0.25, 0.601, 0.05),
    *(0.80, 1.00, 2.00),
)
VOL_SHIFTS: Final = (-0.10, 0.0, 0.10)
TURNS: Final = (-0.60, -0.40, -0.25, -0.12, 0.12, 0.25, 0.40, 0.60)
ENDS: Final = (-0.75, -0.50, -0.30, -0.15, 0.0, 0.15, 0.30, 0.50, 1.00)
QUARTERS: Final = np.array([0.25, 0.50, 0.75, 1.0])
NEAR_ZERO: Final = 1e-6
"""Of today's spot. Spot must be > 0. Below the lowest strike P&L is linear, so that what it may fall further on
the way to zero is a millionth of what the coins are worth, as much as a check lets pass as rounding. Smaller
yet would only cost digits of log-prices."""
TURN_LOW: Final = 0.1
"""Of today's spot: from zero no path comes back, and a coin payoff of puts, K / S coins, would be worth any
multiple of the book there. At a tenth it is ten times the strike at most."""
HIGH: Final = 3.0
DAY_DIGITS: Final = 10  # of a day: as good as the expiry itself, see hedging.book.pricer.SHORTEST_YEARS


def default_scenarios(
    horizon: float,
    expiries: Iterable[float] = (),
    days: Iterable[float] = (),
    *,
    to_zero: bool = True,
) -> Paths:
    """Where spot and vol may go over the horizon; a floor holds over all of it.

    Spot moves by -90 % to +200 % and vol by -10, 0 or +10 points at once and stays; or it gets there along a
    straight line in log-price; or it turns on the way, at one of the quarters after up to 60 % either way.

    Parameters
    ----------
    horizon : float
        [days]
    expiries : floats, optional
        Days on which something expires; those after the horizon are left out.
    days : floats, optional
        More dates, besides today, the quarters of the horizon and the expiries within it.
    to_zero : bool
        Whether spot may go to zero; not where coins are counted, of which there would be any number.

    Examples
    --------
    >>> paths = default_scenarios(30.0, [20.0], days=[5.0])
    >>> paths.days.tolist()
    [0.0, 5.0, 7.5, 15.0, 20.0, 22.5, 30.0]
    >>> paths.labels[0]
    'spot -90 %, vol -10 pt'
    """
    settled = [day for day in expiries if 0.0 < day <= horizon]
    dates = np.unique(np.round([0.0, *(horizon * QUARTERS), *settled, *days], DAY_DIGITS))
    found = [*_grid(dates, horizon), *([_flat(dates, NEAR_ZERO, 0.0)] if to_zero else [])]
    labels, spot, vol = zip(*found, strict=True)
    return Paths(
        days=dates,
        spot=np.array(spot),
        vol_shift=np.array(vol)[:, None] * np.ones(dates.size),
        labels=labels,
    )


def _grid(dates: Array, horizon: float) -> Iterator[Path]:
    """Moves at once, in a straight line, and with a turn."""
    moves = 1.0 + np.sort(np.asarray(SPOT_MOVES))
    for level, shift in product(moves, VOL_SHIFTS):
        yield _flat(dates, level, shift)
    for level in moves:
        yield f"spot {move(level)} by day {_day(horizon)}", _through(dates, {0.0: 1.0, horizon: level}), 0.0
    for quarter, turn, end in product(horizon * QUARTERS[:-1], TURNS, ENDS):
        label = f"spot {move(1 + turn)} on day {_day(quarter)}, {move(1 + end)} on day {_day(horizon)}"
        yield label, _through(dates, {0.0: 1.0, quarter: 1.0 + turn, horizon: 1.0 + end}), 0.0


def _flat(dates: Array, level: float, shift: float) -> Path:
    label = f"spot {move(level)}, vol {100 * shift:+.0f} pt"
    return label, np.full(dates.size, level), shift


def _day(day: float) -> str:
    """A date of a label, to a tenth of a day: an expiry within a day of the horizon makes them odd."""
    return f"{round(day, 1):g}"


def _through(dates: Array, known: Mapping[float, float]) -> Array:
    """Straight lines in log-price through some levels by day, flat before the first and after the last."""
    return np.asarray(np.exp(np.interp(dates, list(known), np.log(list(known.values())))))

r"""Where spot and vol may go: the scenarios that a floor holds over where none are given.

A grid of moves comes close to the worst case of a book, and may miss it in between: there is a trough at every
strike that is bought. What has expired is worth a payoff, linear in spot from one strike to the next (in a
coin numeraire linear in 1 / spot). So its least value lies at a strike or at an end of the range, and a floor
that holds at these nodes holds between them.

**Exact**, for all that has expired, whatever spot between the ends of the range:

* spot goes anywhere at once and stays, with any number of expiries;
* spot is anywhere up to one expiry, and anywhere else from the next one on, from `TURN_LOW` to `HIGH` times
  today's before. A coin payoff of the first then is worth coins at the later spot: linear in each of the two.
  Where that takes more than `MOST_PAIRS` pairs of nodes, each node is paired with the ends of the other range
  only: exact while spot is at an end before or after.

The range begins at `NEAR_ZERO` where money is counted, which is zero to a millionth of today's value, and
ends above every strike: beyond its highest node P&L does not fall, as calls sold are covered (the planner's
slope rows), unless the book was short already. Where coins are counted it is from -90 % to +200 %, or to the
furthest strike: towards zero, coins are held by the cover of puts sold, by number and by strike.

**Not exact**: options that still live on a date are curved between nodes, where plans on nine recorded chains fell
below their floors by 0.1 % of the book at most; a path that turns more than once is judged where the grid has it;
and vol moves by the grid alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise, product
from typing import Final

import numpy as np

from hedging._numerics.types import Array
from hedging.paths.paths import Paths

__all__ = ["default_scenarios"]

Nodes = Iterable[float]
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
MOST_PAIRS: Final = 400
DAY_DIGITS: Final = 10  # of a day: as good as the expiry itself, see hedging.book.pricer.SHORTEST_YEARS


def default_scenarios(
    horizon: float,
    expiries: Mapping[float, Nodes] | None = None,
    days: Iterable[float] = (),
    *,
    to_zero: bool = True,
) -> Paths:
    """Where spot and vol may go over the horizon; a floor holds over all of it.

    Spot moves by -90 % to +200 % and vol by -10, 0 or +10 points by the first date and stays; or it gets there
    along a straight line in log-price; or it turns on the way, at one of the quarters after up to 60 % either
    way. Without the turns, a short leg that expires on the way would only be judged where its loss and the gain
    of what covers it come together. Then come the nodes that make expired payoffs exact; see above.

    Parameters
    ----------
    horizon : float
        [days]
    expiries : mapping of float to floats, optional
        Strikes as multiples of spot, by the day on which they expire. Those after the horizon are not settled
        within it, and left out.
    days : floats, optional
        More dates, besides the quarters of the horizon and the expiries within it.
    to_zero : bool
        Whether spot may go to zero; not where coins are counted, of which there would be any number.

    Examples
    --------
    >>> paths = default_scenarios(30.0, {20.0: [0.9, 0.82]}, days=[5.0])
    >>> paths.days.tolist()
    [5.0, 7.5, 15.0, 20.0, 22.5, 30.0]
    >>> paths.labels[0], paths.labels[-1]
    ('spot -90 %, vol -10 pt', 'spot -18 %, vol +0 pt')
    """
    known = {round(day, DAY_DIGITS): np.unique(list(nodes)) for day, nodes in (expiries or {}).items()}
    settled = {day: known[day] for day in sorted(known) if 0.0 < day <= horizon}
    dates = np.unique(np.round([*(horizon * QUARTERS), *settled, *days], DAY_DIGITS))
    lowest = (NEAR_ZERO,) if to_zero else ()
    found = [*_grid(dates, horizon), *_at_once(dates, settled, lowest), *_in_two(dates, settled, lowest)]
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
        yield f"spot {_percent(level)} by day {horizon:g}", _through(dates, {0.0: 1.0, horizon: level}), 0.0
    for quarter, turn, end in product(horizon * QUARTERS[:-1], TURNS, ENDS):
        label = f"spot {_percent(1 + turn)} on day {quarter:g}, {_percent(1 + end)} on day {horizon:g}"
        yield label, _through(dates, {0.0: 1.0, quarter: 1.0 + turn, horizon: 1.0 + end}), 0.0


def _at_once(dates: Array, settled: Mapping[float, Array], lowest: tuple[float, ...]) -> Iterator[Path]:
    """To each node by the first date, and no further."""
    known = 1.0 + np.asarray(SPOT_MOVES)
    for node in _together(settled.values(), lowest):
        if not np.isclose(node, known, rtol=1e-12).any():
            yield _flat(dates, node, 0.0)


def _in_two(dates: Array, settled: Mapping[float, Array], lowest: tuple[float, ...]) -> Iterator[Path]:
    """At one node up to each expiry, at another from the next one on."""
    for first, second in pairwise(settled):
        before = _together((nodes for day, nodes in settled.items() if day <= first), (TURN_LOW, HIGH))
        after = _together(
            (nodes for day, nodes in settled.items() if day >= second), (*lowest, TURN_LOW, HIGH)
        )
        for start, end in _pairs(before[before >= TURN_LOW], after):
            label = f"spot {_percent(start)} to day {first:.4g}, {_percent(end)} from day {second:.4g}"
            yield label, _through(dates, {first: start, second: end}), 0.0


def _pairs(before: Array, after: Array) -> Iterator[tuple[float, float]]:
    """Every pair of levels, or the pairs of each with the ends and the middle of the other range."""
    if before.size * after.size <= MOST_PAIRS:
        found = set(product(before, after))
    else:
        found = {*product(before, _few(after)), *product(_few(before), after)}
    return ((start, end) for start, end in sorted(found) if start != end)


def _few(levels: Array) -> tuple[float, ...]:
    return float(levels[0]), 1.0, float(levels[-1])


def _together(nodes: Iterable[Array], ends: tuple[float, ...]) -> Array:
    return np.unique(np.concatenate([np.asarray(ends, dtype=float), *nodes]))


def _flat(dates: Array, level: float, shift: float) -> Path:
    label = f"spot {_percent(level)}, vol {100 * shift:+.0f} pt"
    return label, np.full(dates.size, level), shift


def _through(dates: Array, known: Mapping[float, float]) -> Array:
    """Straight lines in log-price through some levels by day, flat before the first and after the last."""
    return np.asarray(np.exp(np.interp(dates, list(known), np.log(list(known.values())))))


def _percent(level: float) -> str:
    """A level as the move from today's: 0.9 is -10 %."""
    return f"{100.0 * (level - 1.0):+.4g} %"

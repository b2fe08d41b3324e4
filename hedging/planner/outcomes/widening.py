"""By how much quotes must be wider before some probabilities on given outcomes fit them."""

from __future__ import annotations

import numpy as np

from hedging._ground import clock
from hedging._numerics.types import Array
from hedging.planner.solver.linear import LinearProgramme

__all__ = ["WIDEST", "widening"]

WIDEST = 0.0025  # of the underlying: outcomes that need more contradict the quotes, and are to be drawn anew
ROOM = 0.5  # of the least, by which quotes are wider still: at the least itself a few outcomes have all the weight
LEAST_ROOM = 1e-5  # of the underlying, where orders gain in some outcomes alone
PRECISION = 1e-7  # of the underlying
ROWS_ADDED = 8


def widening(pnl: Array, worth: Array) -> float | None:
    """How much more every order must cost until none of their mixtures gains in all outcomes, and somewhat more.

    The most that a mixture gains in its worst outcome is the least that probabilities can leave the best order: a
    linear programme and its dual. Outcomes enter it as they are broken.

    Parameters
    ----------
    pnl, worth
        As in `hedging._numerics.entropy.least_entropy`.

    Returns
    -------
    float or None
        None where it is more than `WIDEST`. [share of the underlying]
    """
    count = worth.size
    gains = pnl / worth
    cost, upper = np.append(np.zeros(count), -1.0), np.append(np.full(count, np.inf), 1.0)
    programme = LinearProgramme(cost, np.zeros(count + 1), upper, over=clock.over)
    programme.add(np.append(np.ones(count), 0.0)[None, :], np.ones(1))
    rows = np.zeros(len(pnl), dtype=bool)
    new = np.array([int(gains.sum(axis=1).argmin())])
    while new.size:
        clock.look()
        rows[new] = True
        programme.add(np.column_stack((-gains[new], np.ones(new.size))), np.zeros(new.size))
        found = programme.solve()
        if found is None:
            return None
        made = gains @ np.maximum(found.x[:count], 0.0)
        worst = np.argsort(made)[:ROWS_ADDED]
        new = worst[(made[worst] < found.x[count] - PRECISION) & ~rows[worst]]
    wider = max(float(found.x[count]), 0.0) if found else 0.0
    wider += max(ROOM * wider, LEAST_ROOM)
    return wider if wider <= WIDEST else None

"""A week that does not fit the ninety days before it: how a run looks while it happens."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hedging.screen.regression import ols
from hedging.screen.window import Window

__all__ = ["BREAK_DAYS", "BREAK_WINDOW", "measure"]

Array = npt.NDArray[np.float64]

BREAK_WINDOW: Final = 90  # returns that say what is usual
BREAK_DAYS: Final = 7  # returns that are judged


def measure(window: Window, *, peers: bool = True) -> dict[str, Array]:
    r"""Last week's return beside what the ninety days before it lead one to expect.

    Parameters
    ----------
    window : Window
        Of 97 days.
    peers : bool
        Whether the rest of the universe is a second factor; it is the benchmark itself where that is the
        mean of the others.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``break``: :math:`(R_7 - \beta R^m_7) / (s \sqrt 7)`, beta and the residual vol :math:`s` from the
        90 returns that end before the week, drift not removed; ``break_peers``: the same with the
        equal-weighted rest of the universe as second factor. [standard deviations]

    Notes
    -----
    The week itself must not be in the fit: one day of a crash doubles the beta and hides the break.
    """
    returns = window.returns
    before, week = returns[:, :BREAK_WINDOW], returns[:, BREAK_WINDOW:]
    usual, now = window.benchmark[:, :BREAK_WINDOW], window.benchmark[:, BREAK_WINDOW:]
    alone = _surprise(before, week, (usual,), (now,))
    if not peers:
        return {"break": alone, "break_peers": alone}
    if len(returns) < 2:
        return {"break": alone, "break_peers": np.full(len(returns), np.nan)}
    rest = (returns.sum(axis=0) - returns) / (len(returns) - 1)
    together = _surprise(before, week, (usual, rest[:, :BREAK_WINDOW]), (now, rest[:, BREAK_WINDOW:]))
    return {"break": alone, "break_peers": together}


def _surprise(before: Array, week: Array, usual: tuple[Array, ...], now: tuple[Array, ...]) -> Array:
    model = ols(before, *usual)
    expected = sum(model.coefficients[:, place] * each.sum(axis=1) for place, each in enumerate(now, start=1))
    spread = model.residual_vol * np.sqrt(week.shape[1])
    return np.asarray((week.sum(axis=1) - expected) / np.where(spread > 0.0, spread, np.nan))

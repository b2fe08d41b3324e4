"""Relative strength, momentum, and how far below its highs a coin stands."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hedging.screen.regression import Fit
from hedging.screen.window import Window

__all__ = ["WEEKS", "measure", "momentum", "z_scores"]

Array = npt.NDArray[np.float64]

WEEKS: Final = (1, 2, 3, 4, 8, 16)
DAYS_PER_WEEK: Final = 7


def measure(window: Window, model: Fit) -> dict[str, Array]:
    """Strength over a window.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``strength``: log-return over the benchmark's; ``beta_strength``: over beta times the benchmark's;
        ``drawdown``: log-distance to the highest close of the window, <= 0; ``drawdown_age``: days since it.
    """
    logs = window.logs
    own, other = logs[:, -1] - logs[:, 0], window.benchmark.sum(axis=1)
    high = logs.max(axis=1)
    since = np.argmax(logs[:, ::-1] == high[:, None], axis=1)
    return {
        "strength": own - other,
        "beta_strength": own - model.coefficients[:, 1] * other,
        "drawdown": logs[:, -1] - high,
        "drawdown_age": since.astype(float),
    }


def momentum(close: Array) -> dict[str, Array]:
    """Log-returns over weeks, each where all of its closes are there.

    Parameters
    ----------
    close : ndarray, shape (coins, bars)
        Bars in a row, the last one at the end.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``momentum_1w`` to ``momentum_16w``; ``momentum_3w_skip``: three weeks that end a day earlier, which
        leaves out the bounce between bid and ask; ``week_high``: log-distance to the highest close of a week.
    """
    logs = np.log(close)
    found = {f"momentum_{weeks}w": _over(logs, DAYS_PER_WEEK * weeks) for weeks in WEEKS}
    found["momentum_3w_skip"] = _over(logs[:, :-1], 3 * DAYS_PER_WEEK)
    week = logs[:, -DAYS_PER_WEEK - 1 :]
    whole = np.isfinite(week).all(axis=1) & (week.shape[1] == DAYS_PER_WEEK + 1)
    found["week_high"] = np.where(
        whole, week[:, -1] - np.where(whole[:, None], week, 0.0).max(axis=1), np.nan
    )
    return found


def _over(logs: Array, days: int) -> Array:
    if logs.shape[1] < days + 1:
        return np.full(len(logs), np.nan)
    part = logs[:, -days - 1 :]
    return np.where(np.isfinite(part).all(axis=1), part[:, -1] - part[:, 0], np.nan)


def z_scores(values: Array) -> Array:
    """Distance to the mean of the universe in its standard deviations; NaN for fewer than three coins."""
    there = np.isfinite(values)
    if there.sum() < 3 or np.ptp(values[there]) == 0.0:
        return np.full(values.shape, np.nan)
    return np.asarray((values - values[there].mean()) / values[there].std(ddof=1))

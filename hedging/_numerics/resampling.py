"""Rows of a stationary bootstrap, and how long its blocks should be."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array

__all__ = ["block_length", "resampled_rows"]


def resampled_rows(
    count: int, length: int, draws: int, mean_block: float, random: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Numbers of the rows that a stationary bootstrap draws of `count` rows, shape (draws, length).

    Blocks of geometric length with the mean `mean_block`, each from anywhere, round the end to the start.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, The stationary bootstrap, JASA 89, 1994.
    """
    starts = random.integers(0, count, (draws, length))
    fresh = random.random((draws, length)) < 1.0 / mean_block
    rows = np.empty((draws, length), dtype=np.intp)
    place = rows[:, 0] = starts[:, 0]
    for step in range(1, length):
        place = rows[:, step] = np.where(fresh[:, step], starts[:, step], (place + 1) % count)
    return rows


def block_length(values: Array) -> float:
    """Mean block length of a stationary bootstrap of a series, at least 1.

    References
    ----------
    .. [1] D. N. Politis and H. White, Automatic block-length selection for the dependent bootstrap, Econometric Reviews
       23, 2004; corrected by A. Patton, D. N. Politis and H. White, 28, 2009.
    """
    count = len(values)
    least = max(5, int(math.log10(count)))  # autocorrelations in a row that must be small
    longest = math.ceil(math.sqrt(count)) + least
    around = values - values.mean()
    lags = min(longest, count - 2)
    covariances = np.array([around[lag:] @ around[: count - lag] for lag in range(lags + 1)]) / count
    if not covariances[0] > 0.0:
        return 1.0
    small = _correlations(around, covariances * count) < 2.0 * math.sqrt(math.log10(count) / count)
    first = next((lag for lag in range(lags - least + 1) if small[lag : lag + least].all()), None)
    window = lags if first is None else min(2 * max(first, 1), lags)
    order = np.arange(1, window + 1)
    weights = 2.0 * np.minimum(1.0, 2.0 * (1.0 - order / window)) * covariances[1 : window + 1]
    spread = covariances[0] + weights.sum()
    if not spread > 0.0:
        return 1.0
    found = float((abs(weights @ order) / spread) ** (2.0 / 3.0) * count ** (1.0 / 3.0))
    return max(1.0, min(found, math.ceil(min(3.0 * math.sqrt(count), count / 3.0))))


def _correlations(around: Array, products: Array) -> Array:
    """Absolute autocorrelation at each lag, each over the rows that it pairs but one."""
    squares = np.cumsum(around**2)
    lags = np.arange(len(products))
    first, last = squares[::-1][lags + 1], squares[-1] - squares[lags]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.abs(products) / np.sqrt(first * last)
    return found

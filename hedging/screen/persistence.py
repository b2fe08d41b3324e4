"""Whether moves go on or are undone: variance ratios, first autocorrelation, half-life of a gap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging.screen.regression import Fit, ols
from hedging.screen.window import Window

__all__ = ["autocorrelation", "half_life", "measure", "variance_ratio"]

Array = npt.NDArray[np.float64]


def measure(window: Window, model: Fit) -> dict[str, Array]:
    """Persistence of returns and of what the market model leaves.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``vr2, vr5`` of returns and ``residual_vr2, residual_vr5`` with their ``_z``; ``ar1, residual_ar1``;
        ``half_life`` [days] of the gap between a coin and beta times its benchmark, infinity where it does
        not close.
    """
    found: dict[str, Array] = {}
    for kind, values in (("", window.returns), ("residual_", model.residuals)):
        for lags in (2, 5):
            found[f"{kind}vr{lags}"], found[f"{kind}vr{lags}_z"] = variance_ratio(values, lags)
        found[f"{kind}ar1"] = autocorrelation(values)
    gap = np.cumsum(window.returns - model.coefficients[:, 1:2] * window.benchmark, axis=1)
    found["half_life"] = half_life(gap)
    return found


def variance_ratio(returns: Array, lags: int) -> tuple[Array, Array]:
    r"""Variance of sums of `lags` returns over `lags` times that of one, and its z.

    Parameters
    ----------
    returns : ndarray, shape (..., days)
    lags : int, >= 2

    Returns
    -------
    tuple of ndarray
        The ratio, unbiased, from overlapping sums; and z, robust to heteroskedasticity. Below 1: moves are
        undone.

    References
    ----------
    .. [1] A. W. Lo and A. C. MacKinlay, Review of Financial Studies 1, 1988.
    """
    count = returns.shape[-1]
    around = returns - returns.mean(axis=-1, keepdims=True)
    squares = around**2
    total = squares.sum(axis=-1)
    sums = np.cumsum(np.concatenate((np.zeros((*around.shape[:-1], 1)), around), axis=-1), axis=-1)
    long = ((sums[..., lags:] - sums[..., :-lags]) ** 2).sum(axis=-1)
    scale = (count - 1) / (lags * (count - lags + 1) * (1.0 - lags / count))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.asarray(long * scale / total)
        theta = sum(
            4.0
            * (1.0 - lag / lags) ** 2
            * count
            * (squares[..., lag:] * squares[..., :-lag]).sum(axis=-1)
            / total**2
            for lag in range(1, lags)
        )
        return ratio, np.asarray(np.sqrt(count) * (ratio - 1.0) / np.sqrt(theta))


def autocorrelation(returns: Array) -> Array:
    """First autocorrelation, along the last axis."""
    around = returns - returns.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((around[..., 1:] * around[..., :-1]).sum(axis=-1) / (around**2).sum(axis=-1))


def half_life(level: Array) -> Array:
    r"""Days in which half of a gap closes: :math:`-\ln 2 / \ln(1 + \lambda)` of :math:`\Delta x = \mu + \lambda x'`.

    Parameters
    ----------
    level : ndarray, shape (coins, days)

    Returns
    -------
    ndarray, shape (coins,)
        Infinity where the gap does not close, zero where it overshoots at once.
    """
    slope = ols(np.diff(level, axis=1), level[:, :-1]).coefficients[:, 1]
    kept = np.clip(1.0 + slope, 0.0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        days = np.log(2.0) / -np.log(kept)
    return np.where(kept >= 1.0, np.inf, days)

"""Least squares for many coins at once, with errors that stand serial correlation."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["LAGS", "Fit", "newey_west_errors", "ols", "weighted_slope"]

Array = npt.NDArray[np.float64]

LAGS: Final = 5
NOTHING_LEFT: Final = 1e-20  # share of the variance below which a residual is rounding


class Fit(NamedTuple):
    """Least squares of one row of responses a coin.

    Attributes
    ----------
    coefficients : ndarray, shape (coins, regressors)
    residuals : ndarray, shape (coins, days)
        Zero to the last bit where the fit is exact up to rounding.
    inverse : ndarray, shape (coins, regressors, regressors)
        Of X'X.
    design : ndarray, shape (coins, days, regressors)
    """

    coefficients: Array
    residuals: Array
    inverse: Array
    design: Array

    @property
    def freedom(self) -> int:
        """Days less regressors."""
        return int(self.design.shape[1] - self.design.shape[2])

    @property
    def residual_vol(self) -> Array:
        """Standard deviation of the residuals a day, by degrees of freedom; shape (coins,)."""
        return np.asarray(np.sqrt((self.residuals**2).sum(axis=1) / self.freedom))


def ols(response: Array, *regressors: Array) -> Fit:
    """Ordinary least squares with an intercept, coin by coin.

    Parameters
    ----------
    response : ndarray, shape (coins, days)
    *regressors : ndarray, shape (coins, days) or (days,)

    Returns
    -------
    Fit
        Regressors in the order given, the intercept first. NaN where they are collinear.
    """
    columns = [np.ones(response.shape), *(np.broadcast_to(each, response.shape) for each in regressors)]
    # Centred regressors: the same slopes, and X'X that is far from singular for returns of a per cent.
    means = [0.0, *(each.mean(axis=1, keepdims=True) for each in columns[1:])]
    centred = np.stack([column - mean for column, mean in zip(columns, means, strict=True)], axis=2)
    gram = np.einsum("ntk,ntl->nkl", centred, centred)
    usable = np.linalg.cond(gram[:, 1:, 1:]) < 1e12 if len(columns) > 1 else np.ones(len(gram), dtype=bool)
    inverse = np.full(gram.shape, np.nan)
    inverse[usable] = np.linalg.inv(gram[usable])
    slopes = np.einsum("nkl,nl->nk", inverse, np.einsum("ntk,nt->nk", centred, response))
    residuals = response - np.einsum("ntk,nk->nt", centred, slopes)
    moved = ((response - response.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    residuals[(residuals**2).sum(axis=1) <= NOTHING_LEFT * moved] = 0.0
    return _uncentred(slopes, residuals, inverse, np.stack(columns, axis=2), means)


def _uncentred(
    slopes: Array, residuals: Array, inverse: Array, design: Array, means: list[Array | float]
) -> Fit:
    """Turn a fit around the means into one around zero: only the intercept changes."""
    shift = np.zeros((len(slopes), slopes.shape[1], slopes.shape[1]))
    shift[:] = np.eye(slopes.shape[1])
    for place, mean in enumerate(means[1:], start=1):
        shift[:, 0, place] = -np.asarray(mean)[:, 0]
    coefficients = np.einsum("nkl,nl->nk", shift, slopes)
    return Fit(coefficients, residuals, shift @ inverse @ shift.transpose(0, 2, 1), design)


def newey_west_errors(fit: Fit, lags: int = LAGS, *, small_sample: bool = True) -> Array:
    r"""Standard errors under heteroskedasticity and autocorrelation, shape (coins, regressors).

    Notes
    -----
    :math:`(X'X)^{-1} S (X'X)^{-1}`, times :math:`n/(n-k)` if `small_sample`, with Bartlett weights :math:`1 - l/(L+1)` on the autocovariances
    of :math:`x_t e_t` [1]_. NaN where nothing is left to explain.

    References
    ----------
    .. [1] W. K. Newey and K. D. West, Econometrica 55, 1987.
    """
    scores = fit.design * fit.residuals[:, :, None]
    meat = np.einsum("ntk,ntl->nkl", scores, scores)
    for lag in range(1, min(lags, scores.shape[1] - 1) + 1):
        lagged = np.einsum("ntk,ntl->nkl", scores[:, lag:], scores[:, :-lag])
        meat += (1.0 - lag / (lags + 1.0)) * (lagged + lagged.transpose(0, 2, 1))
    factor = scores.shape[1] / fit.freedom if small_sample else 1.0
    covariance = factor * fit.inverse @ meat @ fit.inverse
    variances = np.einsum("nkk->nk", covariance)
    return np.sqrt(np.where(variances > 0.0, variances, np.nan))


def weighted_slope(response: Array, regressor: Array, weights: Array) -> Array:
    """Slope of a weighted regression with an intercept, shape (coins,); NaN where the regressor stands still."""
    total = weights.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        around = regressor - (weights * regressor).sum(axis=1, keepdims=True) / total
        variance = (weights * around**2).sum(axis=1)
        return np.asarray(
            (weights * around * response).sum(axis=1) / np.where(variance > 0, variance, np.nan)
        )

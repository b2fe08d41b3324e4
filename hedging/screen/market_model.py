"""Alpha, beta and what a benchmark leaves unexplained."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging.screen.regression import Fit, newey_west_errors, ols, weighted_slope
from hedging.screen.window import Window
from hedging.units import DAYS_PER_YEAR

__all__ = ["fit", "measure"]

Array = npt.NDArray[np.float64]


def fit(window: Window) -> Fit:
    """Regress daily log-returns on the benchmark's and on the factors."""
    return ols(window.returns, window.benchmark, *window.factors.values())


def measure(window: Window, model: Fit) -> dict[str, Array]:
    """Market model of every coin.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``alpha`` [1/year], ``alpha_t`` with Newey-West errors of 5 lags, ``beta``, ``beta_error``, the same of
        each factor, ``r2``, ``idiosyncratic_vol`` [1/sqrt(year)], ``downside_beta``: the slope over the days on
        which the benchmark does worse than its mean, ``largest_day``: the largest return of one day.
    """
    returns = window.returns
    errors = newey_west_errors(model)
    around = returns - returns.mean(axis=1, keepdims=True)
    below = (window.benchmark < window.benchmark.mean(axis=1, keepdims=True)).astype(float)
    found = {
        "alpha": DAYS_PER_YEAR * model.coefficients[:, 0],
        "alpha_t": model.coefficients[:, 0] / errors[:, 0],
        "beta": model.coefficients[:, 1],
        "beta_error": errors[:, 1],
        "r2": 1.0 - (model.residuals**2).sum(axis=1) / (around**2).sum(axis=1),
        "idiosyncratic_vol": np.sqrt(DAYS_PER_YEAR) * model.residual_vol,
        "downside_beta": weighted_slope(returns, window.benchmark, below),
        "largest_day": returns.max(axis=1),
    }
    for place, name in enumerate(window.factors, start=2):
        found[f"beta_{name}"] = model.coefficients[:, place]
        found[f"beta_{name}_error"] = errors[:, place]
    return found

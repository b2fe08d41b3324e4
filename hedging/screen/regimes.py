"""Calm or stressed: two regimes of vol, labelled with what was known at each date."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = ["regimes"]


def regimes(returns: pd.Series[float], *, least: int = 365, refit: int = 30) -> pd.DataFrame:
    """Probability that a series is in the more volatile of two regimes, walking forward.

    Parameters
    ----------
    returns : Series
        Daily log-returns by date, such as those of BTC.
    least : int
        Returns before the first label, and in the first fit.
    refit : int
        Days between fits; in between the last fit's parameters filter what has come.

    Returns
    -------
    DataFrame
        Index date, from the first label on; ``stressed``: filtered probability [1], and ``fitted``: date of the
        last return that the parameters knew.

    Raises
    ------
    InputError
        If the returns are no such series, or fewer than `least`.
    MissingExtraError
        If the extra `stats` is not installed.

    Notes
    -----
    A Markov chain between two variances [1]_, by statsmodels. Filtered, never smoothed: smoothing looks ahead.

    References
    ----------
    .. [1] J. D. Hamilton, Econometrica 57, 1989.
    """
    if not isinstance(returns, pd.Series) or not np.isfinite(returns.to_numpy(dtype=float)).all():
        raise InputError("returns must be a Series of finite numbers by date.")
    if least < 60 or refit < 1 or len(returns) < least:
        raise InputError(
            f"regimes need least >= 60 returns, refit >= 1 and as many returns as least; got {least}, {refit} and "
            f"{number_of(len(returns), 'return')}."
        )
    values = 100.0 * returns.to_numpy(
        dtype=float
    )  # in per cent: the optimiser starts from variances near one
    parts = []
    for first in range(least, len(values) + 1, refit):
        last = min(first + refit - 1, len(values))
        stressed = _filtered(values[:first], values[:last])[first - 1 :]
        parts.append(
            pd.DataFrame(
                {"stressed": stressed, "fitted": returns.index[first - 1]}, returns.index[first - 1 : last]
            )
        )
    return pd.concat(parts).rename_axis("date")


def _filtered(known: npt.ArrayLike, whole: npt.ArrayLike) -> Array:
    """Filtered probability of the regime with the greater variance, by parameters of `known`."""
    switching = require("statsmodels.tsa.regime_switching.markov_regression", "stats").MarkovRegression
    how = {"k_regimes": 2, "trend": "n", "switching_variance": True}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # of convergence: a label from a rough fit is still one of what was known
        fitted = switching(known, **how).fit(disp=False)
        probabilities = switching(whole, **how).filter(fitted.params).filtered_marginal_probabilities
    variances = fitted.params[-2:]
    return np.asarray(probabilities[:, int(np.argmax(variances))], dtype=np.float64)

"""What the surface says about where spot may go: the risk-neutral density, and the chance of touching a level.

These are prices, not forecasts: probabilities at which options are quoted, risk premia included.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics import svi
from hedging._numerics.checks import number
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.smile import Smile

__all__ = ["density", "probability_below", "quantiles", "touch_probability"]


_LEAST_G: Final = 0.02  # Durrleman's function is kept above this where it divides
_MOST_LOCAL_VARIANCE: Final = 25.0  # a local vol of 500 %
_FURTHEST_DEVIATIONS: Final = 20.0  # at the money's vol: wings of short expiries have several times that
_FURTHEST_LOG_MONEYNESS: Final = 3.0
_FEWEST_NODES: Final = 50  # fewer miss the closed form by more than 0.01


def density(smile: Smile, level: npt.ArrayLike, expiry: str | pd.Timestamp) -> Array:
    r"""Risk-neutral density of spot at an expiry.

    Parameters
    ----------
    smile : Smile
        The surface.
    level : array_like, > 0
        Where. [money]
    expiry : str or Timestamp
        When; after the surface's time.

    Returns
    -------
    ndarray, the shape of `level`
        Its integral over all levels is 1, and its mean the forward. Negative where the surface has a butterfly
        arbitrage, as a moved one may (`Smile.move`), and any may beyond 2 in log-moneyness. [1/money]

    Raises
    ------
    InputError
        If a level is not above 0, or the expiry not after the surface's time.

    Notes
    -----
    :math:`g(k)\, n(d_2) / (K \sqrt{w})` with Durrleman's :math:`g`, the second derivative of the undiscounted
    put price with respect to the strike [1]_.

    References
    ----------
    .. [1] J. Gatheral and A. Jacquier, Arbitrage-free SVI volatility surfaces, Quantitative Finance 14 (2014),
       section 2.2.
    """
    levels, k, (variance, slope, curvature) = _at(smile, level, expiry)
    g = svi.butterfly(variance, slope, curvature, k)
    d2 = -k / np.sqrt(variance) - np.sqrt(variance) / 2.0
    return np.asarray(g * _normal_density(d2) / (levels * np.sqrt(variance)))


def probability_below(smile: Smile, level: npt.ArrayLike, expiry: str | pd.Timestamp) -> Array:
    """Risk-neutral probability that spot is below a level at an expiry: the price of a digital put, skew included.

    Parameters
    ----------
    smile : Smile
        The surface.
    level : array_like, > 0
        Where. [money]
    expiry : str or Timestamp
        When; after the surface's time.

    Returns
    -------
    ndarray, the shape of `level`
        Kept within 0 and 1, which a surface with arbitrage would leave. [1]

    Raises
    ------
    InputError
        As `density`.
    """
    _, k, (variance, slope, _) = _at(smile, level, expiry)
    return _below(k, variance, slope)


def _below(k: Array, variance: Array, slope: Array) -> Array:
    """Probability below a log-moneyness, from total variance and its slope there."""
    from scipy.special import ndtr

    deviation = np.sqrt(variance)
    d2 = -k / deviation - deviation / 2.0
    return np.clip(ndtr(-d2) + _normal_density(d2) * slope / (2.0 * deviation), 0.0, 1.0)


def quantiles(smile: Smile, probability: Array, time_to_expiry: float) -> Array:
    """Levels below which spot lies with given risk-neutral probabilities after some time, skew included. [money]

    Read off a table of a hundredth of a standard deviation. Where the surface has an arbitrage, the probability below
    a level counts as no less than that below any lower one.
    """
    deviation = float(smile.vol_at(0.0, time_to_expiry)) * np.sqrt(time_to_expiry)
    reach = min(_FURTHEST_DEVIATIONS * deviation, _FURTHEST_LOG_MONEYNESS)
    k = np.linspace(-reach, reach, 2 * round(100 * reach / deviation) + 1)
    variance, slope, _ = smile.slopes_at(k, time_to_expiry)
    below = np.maximum.accumulate(_below(k, variance, slope))
    return np.asarray(float(smile.forward(time_to_expiry)) * np.exp(np.interp(probability, below, k)))


def touch_probability(smile: Smile, level: float, expiry: str | pd.Timestamp, *, nodes: int = 400) -> float:
    """Risk-neutral probability that spot touches a level at some time up to an expiry.

    Parameters
    ----------
    smile : Smile
        The surface.
    level : float, > 0
        Where, on either side of spot. [money]
    expiry : str or Timestamp
        When at the latest.
    nodes : int, >= 50
        Points in space; half as many steps in time. 400 give three digits.

    Returns
    -------
    float
        [1]

    Raises
    ------
    InputError
        As `density`, and if `nodes` is no whole number of at least 50.

    Notes
    -----
    Under the local volatility that the whole surface implies (Dupire), by an implicit finite-difference solution
    of the backward equation; a model with jumps or its own vol dynamics would give other numbers for the same
    surface. Watched continuously.
    """
    from scipy.linalg import solve_banded

    if not isinstance(nodes, int | np.integer) or nodes < _FEWEST_NODES:
        raise InputError(f"nodes must be a whole number >= {_FEWEST_NODES}; got {nodes!r}.")
    time = _time(smile, expiry)
    goal = float(_levels(level))
    distance = np.log(smile.spot / goal)
    if distance == 0.0:
        return 1.0
    side = np.sign(distance)
    reach = abs(distance) + 7.0 * float(smile.vol_at(0.0, time)) * np.sqrt(time)
    # z = ln(spot / level), from the level outwards; finer steps near the end, where the value is steep.
    z = side * np.linspace(0.0, reach, nodes + 1)
    step = z[1] - z[0]
    times = time * (1.0 - np.linspace(1.0, 0.0, nodes // 2 + 1) ** 2)[::-1]
    value = np.zeros(nodes + 1)
    value[0] = 1.0
    for late, early in pairwise(times):
        middle, span = (late + early) / 2.0, late - early
        forward = smile.forward(np.array([early, middle, late]))
        drift = np.log(forward[2] / forward[0]) / span
        variance = _local_variance(smile, z + np.log(goal / forward[1]), middle)[1:-1]
        diffuse = 0.5 * variance * span / step**2
        convect = (drift - 0.5 * variance) * span / (2.0 * step)
        bands = np.zeros((3, nodes - 1))
        bands[0, 1:] = -(diffuse + convect)[:-1]
        bands[1] = 1.0 + 2.0 * diffuse
        bands[2, :-1] = -(diffuse - convect)[1:]
        right = value[1:-1].copy()
        right[0] += diffuse[0] - convect[0]  # the level itself is worth 1
        value[1:-1] = solve_banded((1, 1), bands, right)
    return float(np.interp(abs(distance), np.abs(z), value))


def _local_variance(smile: Smile, k: Array, time: float) -> Array:
    """Dupire's local variance at a log-moneyness and time: growth of total variance over Durrleman's g. [1/year]"""
    variance, slope, curvature = smile.slopes_at(k, time)
    g = np.maximum(svi.butterfly(variance, slope, curvature, k), _LEAST_G)
    times = smile.times
    after = int(np.searchsorted(times, time))
    if time <= times[0]:
        growth = variance / time
    elif time >= times[-1]:
        growth = np.full_like(k, smile.late_growth)
    else:
        late, early = (svi.total_variance(smile.slices[i], k) for i in (after, after - 1))
        growth = (late - early) / (times[after] - times[after - 1])
    return np.asarray(np.clip(growth / g, 0.0, _MOST_LOCAL_VARIANCE))


def _at(
    smile: Smile, level: npt.ArrayLike, expiry: str | pd.Timestamp
) -> tuple[Array, Array, tuple[Array, Array, Array]]:
    """Levels, their log-moneyness, and total variance with its slopes."""
    time = _time(smile, expiry)
    levels = _levels(level)
    k = np.log(levels / smile.forward(time))
    return levels, k, smile.slopes_at(k, time)


def _time(smile: Smile, expiry: str | pd.Timestamp) -> float:
    time = smile.time_to(expiry)
    if not time > 0:
        raise InputError(f"expiry must lie after {smile.as_of}; got {expiry}.")
    return time


def _levels(level: npt.ArrayLike) -> Array:
    levels = number("level", level)
    if not ((levels > 0) & np.isfinite(levels)).all():
        raise InputError("level must be > 0 and finite in every entry.")
    return levels


def _normal_density(x: Array) -> Array:
    return np.asarray(np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi))

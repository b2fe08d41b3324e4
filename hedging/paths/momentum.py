"""How fast a price is falling now, and how fast that gets faster, with standard errors.

Velocity and acceleration are the slope and the curvature of log-price at the last bar, from a weighted
quadratic fit to the bars of a window. They describe what has happened; their errors say how little of it
a price without memory would need to look the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.units import SECONDS_PER_DAY

__all__ = ["Momentum", "measure", "rolling"]


LEAST_BARS = 5


@dataclass(frozen=True, slots=True)
class Momentum(Shown):
    """Velocity and acceleration of a price at one time.

    Attributes
    ----------
    as_of : Timestamp
        Time of the last bar.
    velocity, acceleration : float
        [log-price per day], [log-price per day per day]
    velocity_error, acceleration_error : float
        Standard errors, in the same units.
    window : float
        Days that were looked at.
    half_life : float
        Days in which the weight of a bar halves; infinity where all weigh the same.
    bars : int
        Bars in the window.
    """

    as_of: pd.Timestamp
    velocity: float
    acceleration: float
    velocity_error: float
    acceleration_error: float
    window: float
    half_life: float
    bars: int

    def __repr__(self) -> str:
        return (
            f"{self.as_of:%Y-%m-%d %H:%M}: velocity {100 * self.velocity:+.2f} ± {100 * self.velocity_error:.2f} %/day, "
            f"acceleration {100 * self.acceleration:+.3f} ± {100 * self.acceleration_error:.3f} %/day² "
            f"({number_of(self.bars, 'bar')} of {number_of(self.window, 'day')})"
        )


def measure(prices: pd.Series[float], *, window: float = 7.0, half_life: float | None = None) -> Momentum:
    r"""Velocity and acceleration at the last bar of a price series.

    Parameters
    ----------
    prices : Series
        Prices > 0 over a DatetimeIndex, ascending; hourly, daily or any bars. [money]
    window : float
        Days to look back, > 0.
    half_life : float, optional
        Days in which the weight of a bar halves; by default all bars of the window weigh the same.

    Returns
    -------
    Momentum

    Raises
    ------
    InputError
        If the series is not such, or the window holds fewer than five bars.

    Notes
    -----
    Weighted least squares of :math:`\ln P` on :math:`1, \tau, \tau^2/2`, :math:`\tau` in days before the
    last bar: a local quadratic fit at the edge of the data [1]_. The estimates are linear in the log-prices
    and therefore in the returns :math:`r_j`: :math:`\hat v = \sum_j W_j r_j`. Errors of a price pile up, so
    the textbook error of the fit, which takes its residuals as independent, is far too small; here the
    *returns* are, each with its own variance: :math:`\mathrm{var}(\hat v) = \sum_j W_j^2 e_j^2`, where
    :math:`e_j` is the return less the fitted one.

    References
    ----------
    .. [1] J. Fan and I. Gijbels, Local Polynomial Modelling and Its Applications, 1996, ch. 3.

    Examples
    --------
    >>> days = np.arange(15)
    >>> prices = pd.Series(100 * np.exp(-0.02 * days - 0.001 * days**2), pd.date_range("2026-01-01", periods=15))
    >>> found = measure(prices, window=7)
    >>> round(found.velocity, 6), round(found.acceleration, 6)
    (-0.048, -0.002)
    """
    days, logs = _checked(prices)
    if not (window > 0 and math.isfinite(window)):
        raise InputError(f"window must be a number of days > 0; got {window!r}.")
    if half_life is not None and not half_life > 0:
        raise InputError(f"half_life must be a number of days > 0; got {half_life!r}.")
    tau = days - days[-1]
    inside = tau >= -window * (1.0 + 1e-9)
    if inside.sum() < LEAST_BARS:
        raise InputError(
            f"a window of {window:g} days holds {number_of(inside.sum(), 'bar')}, and {LEAST_BARS} are needed; widen it."
        )
    tau, log_price = tau[inside], logs[inside]
    weights = np.ones(tau.size) if half_life is None else 0.5 ** (-tau / half_life)
    design = np.column_stack([np.ones(tau.size), tau, 0.5 * tau**2])
    root = np.sqrt(weights)[:, None]
    pseudo_inverse = np.linalg.pinv(design * root) * root.T  # rows: level, velocity, acceleration
    fitted = pseudo_inverse @ log_price
    # Every price is the first one plus the returns since: what a return counts is the sum of what all
    # later prices do.
    by_return = pseudo_inverse[:, :0:-1].cumsum(axis=1)[:, ::-1]
    surprise = np.diff(log_price) - np.diff(design @ fitted)
    errors = np.sqrt((by_return**2 * surprise**2).sum(axis=1) * tau.size / (tau.size - 3))
    return Momentum(
        as_of=prices.index[-1],
        velocity=float(fitted[1]),
        acceleration=float(fitted[2]),
        velocity_error=float(errors[1]),
        acceleration_error=float(errors[2]),
        window=float(window),
        half_life=math.inf if half_life is None else float(half_life),
        bars=int(tau.size),
    )


def rolling(prices: pd.Series[float], *, window: float = 7.0, half_life: float | None = None) -> pd.DataFrame:
    """`measure` at every bar that has a full window before it.

    Returns
    -------
    DataFrame
        Index of `prices`; ``velocity, velocity_error, acceleration, acceleration_error``.
    """
    days, _ = _checked(prices)
    full = np.flatnonzero(days - days[0] >= window * (1.0 - 1e-9))
    found = []
    for last in full:
        first = int(np.searchsorted(days, days[last] - window * (1.0 + 1e-9)))
        found.append(measure(prices.iloc[first : last + 1], window=window, half_life=half_life))
    names = ["velocity", "velocity_error", "acceleration", "acceleration_error"]
    rows = [[getattr(item, name) for name in names] for item in found]
    return pd.DataFrame(rows, index=prices.index[full], columns=names)


def _checked(prices: pd.Series[float]) -> tuple[Array, Array]:
    """Days since the first bar, and log-prices."""
    if not isinstance(prices, pd.Series) or not isinstance(prices.index, pd.DatetimeIndex):
        raise InputError("prices must be a Series over a DatetimeIndex.")
    values = prices.to_numpy(dtype=float)
    bad = ~(np.isfinite(values) & (values > 0))
    if bad.any():
        raise InputError(
            f"prices must be numbers > 0; got {values[bad][0]} at {prices.index[bad][0]} ({bad.sum()} of {bad.size})."
        )
    if not len(prices) or not prices.index.is_monotonic_increasing or prices.index.has_duplicates:
        raise InputError("prices must have at least one bar, and times that ascend without repeats.")
    days = (prices.index - prices.index[0]).total_seconds().to_numpy() / SECONDS_PER_DAY
    return np.asarray(days, dtype=float), np.log(values)

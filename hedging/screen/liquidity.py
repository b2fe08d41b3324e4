"""What trading a coin costs and whether anyone still does, from daily bars."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from hedging._extras import require
from hedging.screen.window import Window

__all__ = ["amihud", "kyle_obizhaeva", "measure", "spread"]

Array = npt.NDArray[np.float64]

MILLION: Final = 1e6
SURGE_DAYS: Final = 7


def measure(window: Window) -> dict[str, Array]:
    """Liquidity over a window, as far as volumes and ranges are known.

    Returns
    -------
    dict of str to ndarray, shape (coins,)
        ``stale_days``: days without a move; with volumes ``amihud`` [return per million traded],
        ``kyle_obizhaeva`` [1], ``volume_trend`` [log per day], ``volume_surge``: log of the last week's mean
        volume over the days' before it, ``zero_volume_days``; with ranges ``spread``, by EDGE [share of price].

    Notes
    -----
    Corwin-Schultz and Abdi-Ranaldo are left out: on daily bars of coins they measure vol.
    """
    found = {"stale_days": (window.returns == 0.0).sum(axis=1).astype(float)}
    volume = window.quote_volume
    if volume is not None:
        volume = volume[:, 1:]
        found |= {
            "amihud": amihud(window.returns, volume),
            "kyle_obizhaeva": kyle_obizhaeva(window.returns, volume),
            "volume_trend": _trend(volume),
            "volume_surge": _surge(volume),
            "zero_volume_days": (volume == 0.0).sum(axis=1).astype(float),
        }
    if window.ranged:
        bars = [window.fields[name] for name in ("open", "high", "low", "close")]
        found["spread"] = np.array(
            [spread(*(bar[coin] for bar in bars)) for coin in range(len(window.coins))]
        )
    return found


def amihud(returns: Array, quote_volume: Array) -> Array:
    """Mean absolute return per million traded, over the days that traded [1]_.

    References
    ----------
    .. [1] Y. Amihud, J. Financial Markets 5, 2002.
    """
    traded = quote_volume > 0.0
    ratio = np.where(traded, MILLION * np.abs(returns) / np.where(traded, quote_volume, 1.0), 0.0)
    days = traded.sum(axis=-1)
    return np.asarray(ratio.sum(axis=-1) / np.where(days > 0, days, np.nan))


def kyle_obizhaeva(returns: Array, quote_volume: Array) -> Array:
    """Cube root of variance over volume [1]_.

    References
    ----------
    .. [1] A. S. Kyle and A. A. Obizhaeva, Econometrica 84, 2016.
    """
    volume = np.nanmean(quote_volume, axis=-1) if quote_volume.size else quote_volume.sum(axis=-1)
    return np.asarray(np.cbrt(returns.var(axis=-1, ddof=1) / np.where(volume > 0.0, volume, np.nan)))


def spread(open_: Array, high: Array, low: Array, close: Array) -> float:
    """Effective spread by EDGE, the efficient estimator of Ardia, Guidotti and Kroencke (2024); needs `stats`.

    NaN where the bars cannot tell.
    """
    edge = require("bidask", "stats").edge
    return float(edge(open_, high, low, close))


def _trend(volume: Array) -> Array:
    """Slope of log-volume over the days; NaN where a day did not trade."""
    with np.errstate(divide="ignore"):
        logs = np.log(volume)
    days = np.arange(volume.shape[1]) - (volume.shape[1] - 1) / 2.0
    logs = np.where(np.isfinite(logs).all(axis=1, keepdims=True), logs, np.nan)
    return np.asarray((logs * days).sum(axis=1) / (days**2).sum())


def _surge(volume: Array) -> Array:
    if volume.shape[1] <= SURGE_DAYS:
        return np.full(len(volume), np.nan)
    now, before = volume[:, -SURGE_DAYS:].mean(axis=1), volume[:, :-SURGE_DAYS].mean(axis=1)
    both = (now > 0.0) & (before > 0.0)
    return np.where(both, np.log(np.where(both, now, 1.0) / np.where(both, before, 1.0)), np.nan)

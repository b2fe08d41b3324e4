r"""Realised vol from closes and from ranges, a year of 365 days.

With :math:`o, h, l, c` of a bar and :math:`c'` the close before it, all in logs; NaN where a bar has no range.
Formulas as in E. Sinclair, Volatility Trading, 2nd ed., 2013, ch. 2, and Yang and Zhang, J. Business 73, 2000.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging.screen.window import Window
from hedging.units import DAYS_PER_YEAR

__all__ = ["close_to_close", "garman_klass", "measure", "parkinson", "rogers_satchell", "yang_zhang"]

Array = npt.NDArray[np.float64]


def measure(window: Window) -> dict[str, Array]:
    """Vols of a window; those that need ranges only where they are known. [1/sqrt(year)]"""
    found = {"vol": close_to_close(window.fields["close"])}
    if window.ranged:
        bars = [window.fields[name] for name in ("open", "high", "low", "close")]
        opens, highs, lows, closes = (bar[:, 1:] for bar in bars)
        found |= {
            "vol_parkinson": parkinson(highs, lows),
            "vol_garman_klass": garman_klass(opens, highs, lows, closes),
            "vol_rogers_satchell": rogers_satchell(opens, highs, lows, closes),
            "vol_yang_zhang": yang_zhang(*bars),
        }
    return found


def close_to_close(close: Array) -> Array:
    """Sample standard deviation of log-returns; bars run along the last axis."""
    return np.asarray(np.sqrt(DAYS_PER_YEAR) * np.diff(np.log(close), axis=-1).std(axis=-1, ddof=1))


def parkinson(high: Array, low: Array) -> Array:
    """From high and low of each bar."""
    return np.asarray(np.sqrt(DAYS_PER_YEAR / (4 * np.log(2)) * (np.log(high / low) ** 2).mean(axis=-1)))


def garman_klass(open_: Array, high: Array, low: Array, close: Array) -> Array:
    """From all four prices of each bar, without drift."""
    daily = 0.5 * np.log(high / low) ** 2 - (2 * np.log(2) - 1) * np.log(close / open_) ** 2
    return np.asarray(np.sqrt(DAYS_PER_YEAR * np.maximum(daily.mean(axis=-1), 0.0)))


def _rogers_satchell_variance(open_: Array, high: Array, low: Array, close: Array) -> Array:
    daily = np.log(high / close) * np.log(high / open_) + np.log(low / close) * np.log(low / open_)
    return np.asarray(daily.mean(axis=-1))


def rogers_satchell(open_: Array, high: Array, low: Array, close: Array) -> Array:
    """From all four prices of each bar, whatever the drift."""
    return np.sqrt(DAYS_PER_YEAR * _rogers_satchell_variance(open_, high, low, close))


def yang_zhang(open_: Array, high: Array, low: Array, close: Array) -> Array:
    """From all four prices and the jump from the close before; the first bar gives its close only."""
    jump = np.log(open_[..., 1:] / close[..., :-1]).var(axis=-1, ddof=1)
    within = np.log(close / open_)[..., 1:].var(axis=-1, ddof=1)
    ranged = _rogers_satchell_variance(*(bar[..., 1:] for bar in (open_, high, low, close)))
    count = open_.shape[-1] - 1
    weight = 0.34 / (1.34 + (count + 1) / (count - 1))
    return np.asarray(np.sqrt(DAYS_PER_YEAR * (jump + weight * within + (1 - weight) * ranged)))

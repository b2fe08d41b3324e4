"""Bachelier's normal model on numpy arrays: value and implied vol, for forwards near or below zero.

With x = |F - K| and s = normal vol * sqrt(T), the out-of-the-money value is s (n(h) - h N(-h)), h = x/s. Nothing
is checked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._arithmetic import ARRAYS
from hedging._formulas import INV_SQRT_2PI, ROUNDING
from hedging._implied import (
    BELOW,
    BLUR,
    NO_INFORMATION,
    NOT_CONVERGED,
    OK,
    build_order_four,
    build_small_start,
)

Array = npt.NDArray[np.float64]

_small_start, _order_four = build_small_start(ARRAYS), build_order_four(ARRAYS)


def _time_value(x: Array, s: Array) -> tuple[Array, Array, Array]:
    """Return h, n(h) and the value."""
    h = np.minimum(ARRAYS.ratio(x, s), 1e150)
    bell = np.exp(-0.5 * h * h)
    scaled_mills, _ = ARRAYS.mills(h, h)
    return h, INV_SQRT_2PI * bell, s * bell * (INV_SQRT_2PI - h * scaled_mills)


def price(w: Array, F: Array, K: Array, T: Array, normal_vol: Array, rate: Array) -> Array:
    """Discounted value."""
    with np.errstate(all="ignore"):
        _, _, value = _time_value(np.abs(F - K), normal_vol * np.sqrt(T))
        return np.asarray(np.exp(-rate * T) * (np.maximum(w * (F - K), 0.0) + value))


def implied_vol(w: Array, F: Array, K: Array, T: Array, rate: Array, p: Array) -> tuple[Array, Array]:
    """Normal vol and status (of `_implied`); the vol means nothing unless the status is 0."""
    with np.errstate(all="ignore"):
        undiscounted = p * np.exp(rate * T)
        forward = w * (F - K)
        x = np.abs(forward)
        value = undiscounted - np.maximum(forward, 0.0)
        noise = ROUNDING * (np.abs(F) + np.abs(K) + np.abs(undiscounted))
        target = np.where(value > 0, value, 1.0)
        s = _small_start(x, target)
        for _ in range(2):
            before = s
            h, pdf, found = _time_value(x, s)
            g = pdf / found
            b = h * h / s
            s = s + _order_four(-np.log(found / target) / g, g, b, b * b - 3.0 * (h / s) * (h / s))
        blur = np.where(forward > 0, noise, 0.0) / (pdf * s)
        status = np.where(np.abs(s - before) <= 1e-3 * s, OK, NOT_CONVERGED)
        status = np.where((value <= 0) | (blur > BLUR) | (T == 0), NO_INFORMATION, status)
        status = np.where(value < -4.0 * noise, BELOW, status)
        return s / np.sqrt(np.where(T > 0, T, 1.0)), status.astype(np.float64)

"""Bachelier's normal model, for forwards near or below zero: value and implied vol.

With x = |F - K| and s = normal vol * sqrt(T), the out-of-the-money value is s (n(h) - h N(-h)), h = x/s.
"""

from __future__ import annotations

import numpy as np

from hedging._numerics.arithmetic import ARRAYS
from hedging._numerics.checks import FINITE, FLAG, NONNEGATIVE, Errors, gather
from hedging._numerics.formulas import INV_SQRT_2PI, ROUNDING
from hedging._numerics.implied import (
    BELOW,
    BLUR,
    NO_INFORMATION,
    NOT_CONVERGED,
    OK,
    build_order_four,
    build_small_start,
)
from hedging._numerics.types import Array
from hedging.greeks._evaluate import Flags, Numbers, overflowing
from hedging.greeks.implied import answer
from hedging.greeks.result import Result

__all__ = ["bachelier_implied_vol", "bachelier_price"]

_small_start, _order_four = build_small_start(ARRAYS), build_order_four(ARRAYS)


def bachelier_price(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    normal_vol: Numbers,
    *,
    errors: Errors = "raise",
) -> Result:
    """Value of an option under Bachelier's normal model, for forwards and strikes of any sign.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like. [money]
    strike : array_like. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous; 0 leaves the value undiscounted. [1/year]
    normal_vol : array_like, >= 0. [money/sqrt(year)]
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        [money]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.

    References
    ----------
    .. [1] E. G. Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., 2007, section 1.3.1.

    Examples
    --------
    >>> round(bachelier_price("c", -2.0, -2.0, 0.25, 0.0, 8.0), 4)  # at the money: s / sqrt(2 pi)
    1.5958
    """
    rules = {
        "flag": FLAG,
        "forward": FINITE,
        "strike": FINITE,
        "time_to_expiry": NONNEGATIVE,
        "rate": FINITE,
        "normal_vol": NONNEGATIVE,
    }
    inputs = gather(rules, (flag, forward, strike, time_to_expiry, rate, normal_vol), errors, now=True)
    codes, *numbers = np.broadcast_arrays(*inputs.values)
    found = _price(np.where(codes == ord("c"), 1.0, -1.0), *numbers)
    if errors == "raise" and np.isnan(found).any():
        raise overflowing()
    return inputs.wrap(found)


def bachelier_implied_vol(
    price: Numbers,
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers = 0.0,
    *,
    errors: Errors = "raise",
    return_status: bool = False,
) -> Result:
    """Normal vol at which `price` is the value under Bachelier's model.

    Parameters
    ----------
    price : array_like. [money]
    flag : {'c', 'p'} or array of them
    forward : array_like. [money]
    strike : array_like. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous; 0 for an undiscounted price. [1/year]
    errors : {'raise', 'nan'}
        Whether a price without a vol (or a bad entry) is refused or gives NaN.
    return_status : bool
        Return a second value with the status of every row; see `implied_vol`.

    Returns
    -------
    float, ndarray, Series or DataFrame; with `return_status` a tuple of two
        [money/sqrt(year)]

    Raises
    ------
    InputError
        As in `implied_vol`; there is no maximum.
    """
    rules = {
        "price": FINITE,
        "flag": FLAG,
        "forward": FINITE,
        "strike": FINITE,
        "time_to_expiry": NONNEGATIVE,
        "rate": FINITE,
    }
    inputs = gather(rules, (price, flag, forward, strike, time_to_expiry, rate), errors, now=True)
    p, codes, *numbers = np.broadcast_arrays(*inputs.values)
    F, K, T, r = numbers
    vol, code = _implied_vol(np.where(codes == ord("c"), 1.0, -1.0), F, K, T, r, p)
    return answer(vol, code, p, inputs, errors, return_status)


def _time_value(x: Array, s: Array) -> tuple[Array, Array, Array]:
    """Return h, n(h) and the value."""
    h = np.minimum(ARRAYS.ratio(x, s), 1e150)
    bell = np.exp(-0.5 * h * h)
    scaled_mills, _ = ARRAYS.mills(h, h)
    return h, INV_SQRT_2PI * bell, s * bell * (INV_SQRT_2PI - h * scaled_mills)


def _price(w: Array, F: Array, K: Array, T: Array, rate: Array, normal_vol: Array) -> Array:
    """Discounted value."""
    with np.errstate(all="ignore"):
        # Also of -0.0, by which what is left would be divided into minus infinity.
        _, _, value = _time_value(np.abs(F - K), np.abs(normal_vol * np.sqrt(T)))
        return np.asarray(np.exp(-rate * T) * (np.maximum(w * (F - K), 0.0) + value))


def _implied_vol(w: Array, F: Array, K: Array, T: Array, rate: Array, p: Array) -> tuple[Array, Array]:
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

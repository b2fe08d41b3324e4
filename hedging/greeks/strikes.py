"""From delta to strike, in the four conventions.

A premium-adjusted delta is w K/F N(w d2), times the yield factor in the spot convention. That of a put falls with
the strike without end; that of a call rises to a maximum and falls again, and the strike meant is the one on the
falling side: U. Wystup, FX Options and Structured Products, 2nd ed., 2017, section 1.5.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import numpy as np

from hedging._ground.forms import meant
from hedging._numerics.checks import FINITE, FLAG, POSITIVE, Errors, gather, refuse
from hedging._numerics.formulas import INV_SQRT_2PI
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.greeks._evaluate import Flags, Numbers
from hedging.greeks.result import Result

__all__ = ["CONVENTIONS", "strike_from_delta"]

Convention: TypeAlias = Literal["spot", "forward", "spot_premium_adjusted", "forward_premium_adjusted"]
CONVENTIONS: tuple[str, ...] = get_args(Convention)
_STEPS = 200  # a dozen are enough, but for a call's delta at its maximum, a double root


def strike_from_delta(
    flag: Flags,
    delta: Numbers,
    spot: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    convention: Convention = "spot",
    errors: Errors = "raise",
) -> Result:
    """Strike of the option that has a given delta.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    delta : array_like, > 0 for calls, < 0 for puts. [1]
    spot : array_like, > 0. [money]
    time_to_expiry : array_like, > 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, > 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    convention : {'spot', 'forward', 'spot_premium_adjusted', 'forward_premium_adjusted'}
        'spot' is `delta`; 'forward' leaves out the yield factor; premium-adjusted is less the value over spot
        (or forward), as where the premium is paid in the underlying: `coin_delta` is the forward one.
    errors : {'raise', 'nan'}
        Whether a delta that no strike has (or a bad entry) is refused or gives NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        [money]

    Raises
    ------
    InputError
        If an entry breaks its condition, or no strike has the delta.

    Notes
    -----
    Of the two strikes at which a call has a premium-adjusted delta, the higher.

    References
    ----------
    .. [1] D. Reiswich and U. Wystup, A Guide to FX Options Quoting Conventions, 2010.

    Examples
    --------
    >>> round(strike_from_delta("p", -0.25, 100, 0.25, 0.0, 0.6), 4)
    85.4408
    """
    if convention not in CONVENTIONS:
        raise InputError(
            f"convention must be one of {', '.join(CONVENTIONS)}; got {convention!r}{meant(str(convention), CONVENTIONS) or '.'}"
        )
    rules = {
        "flag": FLAG,
        "delta": FINITE,
        "spot": POSITIVE,
        "time_to_expiry": POSITIVE,
        "rate": FINITE,
        "vol": POSITIVE,
        "dividend_yield": FINITE,
    }
    inputs = gather(rules, (flag, delta, spot, time_to_expiry, rate, vol, dividend_yield), errors, now=True)
    codes, d, S, T, r, v, q = np.broadcast_arrays(*inputs.values)
    w = np.where(codes == ord("c"), 1.0, -1.0)
    solve = _premium_adjusted_strike if convention.endswith("adjusted") else _strike
    with np.errstate(all="ignore"):
        if convention.startswith("spot"):
            d = d * np.exp(q * T)
        found = solve(w, d, S * np.exp((r - q) * T), v * np.sqrt(T))
    found = np.where((found > 0) & (found < np.inf), found, np.nan)  # beyond float64 is no strike
    if errors == "raise":
        refuse(
            "delta",
            np.asarray(inputs.values[1] + np.zeros(inputs.shape)),
            np.isnan(found),
            "one that some strike has",
        )
    return inputs.wrap(found)


def _strike(w: Array, delta: Array, forward: Array, s: Array) -> Array:
    """Strike at which w N(w d1) is the (forward) delta; s is vol * sqrt(T)."""
    from scipy.special import ndtri

    with np.errstate(all="ignore"):
        probability = w * delta
        d1 = w * ndtri(np.where((probability > 0) & (probability < 1), probability, np.nan))
        return np.asarray(forward * np.exp(s * (0.5 * s - d1)))


def _premium_adjusted_strike(w: Array, delta: Array, forward: Array, s: Array) -> Array:
    """Strike at which w K/F N(w d2) is the (forward) delta, on the falling side of a call.

    Newton on the logarithm, which is concave in d2; it starts where the value is too low, so that it closes
    in from one side.
    """
    from scipy.special import log_ndtr

    with np.errstate(all="ignore"):
        target = np.log(np.where(w * delta > 0, w * delta, np.nan))
        call = -s - np.sqrt(np.maximum(-2.0 * (target + np.log(2.0)), 0.0))
        d2 = np.where(w > 0, call, -target / s - 0.5 * s)
        for _ in range(_STEPS):
            log_tail = log_ndtr(w * d2)
            error = log_tail - s * (d2 + 0.5 * s) - target
            slope = w * INV_SQRT_2PI * np.exp(-0.5 * d2 * d2 - log_tail) - s
            move = np.where(error == 0.0, 0.0, -error / slope)
            # Over the top of a call: there the delta is below what was asked for, so no strike has it.
            d2 = np.where(w * slope > 0, d2 + move, np.where(w > 0, np.nan, d2 + move))
            if not (np.abs(move) > 4e-16 * (1.0 + np.abs(d2))).any():
                break
        close = np.abs(error) <= 1e-12 * (1.0 + np.abs(target))
        return np.asarray(np.where(close, forward * np.exp(-s * (d2 + 0.5 * s)), np.nan))

"""Risk-neutral probabilities: of ending in the money, of being touched."""

from __future__ import annotations

import numpy as np

from hedging._numerics.checks import FINITE, NONNEGATIVE, NONNEGATIVE_OR_INFINITE, POSITIVE, Errors, gather
from hedging._numerics.types import Array
from hedging.greeks._evaluate import SPOT_RULES, Flags, Numbers, evaluate, overflowing
from hedging.greeks.result import Result

__all__ = ["probability_in_the_money", "probability_of_touch"]


def probability_in_the_money(
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    errors: Errors = "raise",
) -> Result:
    """Risk-neutral probability that the option ends in the money, N(w d2).

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        [1]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.
    """
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    return evaluate(("in_the_money",), SPOT_RULES, flag, numbers, errors)[0]


def probability_of_touch(
    spot: Numbers,
    level: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    errors: Errors = "raise",
) -> Result:
    """Risk-neutral probability that spot reaches a level before expiry, from either side.

    Parameters
    ----------
    spot : array_like, > 0. [money]
    level : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        [1]; 1 where spot stands at the level.

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.

    Notes
    -----
    The reflection principle for a Brownian motion with drift: with b = abs(ln(level/S)), s = vol sqrt(T) and m
    the drift of ln(S) over T towards the level, N((m - b)/s) + exp(2 m b / s^2) N(-(m + b)/s). Watched without
    pause; a level looked at once a day is reached more rarely.

    References
    ----------
    .. [1] S. E. Shreve, Stochastic Calculus for Finance II, 2004, theorem 7.2.1.
    """
    rules = {
        "spot": POSITIVE,
        "level": NONNEGATIVE_OR_INFINITE,
        "time_to_expiry": NONNEGATIVE,
        "rate": FINITE,
        "vol": NONNEGATIVE,
        "dividend_yield": FINITE,
    }
    inputs = gather(rules, (spot, level, time_to_expiry, rate, vol, dividend_yield), errors, now=True)
    found = _touch(*np.broadcast_arrays(*inputs.values))
    if errors == "raise" and np.isnan(found).any():
        raise overflowing()
    return inputs.wrap(found)


def _touch(spot: Array, level: Array, time_to_expiry: Array, rate: Array, vol: Array, carry: Array) -> Array:
    """Probability that spot reaches the level by then; `carry` is the dividend yield."""
    from scipy.special import erfcx, ndtr

    with np.errstate(all="ignore"):
        distance = np.log(level / spot)
        towards = np.where(distance > 0, 1.0, -1.0)
        distance = np.abs(distance)
        s = vol * np.sqrt(time_to_expiry)
        growth = (rate - carry) * time_to_expiry
        drift = towards * (growth / s - 0.5 * s)  # of ln(spot), in s, as all that follows
        far = drift + distance / s
        near = drift - distance / s
        # Both forms are the same number; neither factor of the one chosen is infinite.
        power = towards * (2.0 * (rate - carry) / vol / vol - 1.0) * distance
        scaled = 0.5 * erfcx(np.maximum(far, 0.0) / np.sqrt(2.0)) * np.exp(-0.5 * near * near)
        reflected = np.where(far > 0, scaled, np.exp(np.minimum(power, 0.0)) * ndtr(-far))
        sure = np.where(towards * growth >= distance, 1.0, 0.0)
        found = np.where(s > 0, np.minimum(ndtr(near) + reflected, 1.0), sure)
        return np.asarray(np.where(distance == 0, 1.0, np.where(np.isinf(distance), 0.0, found)))

"""From price to vol, in the spot, forward and coin forms, with a reason for every price that has none."""

from __future__ import annotations

import math

import numpy as np

from hedging._numerics import kernels
from hedging._numerics.checks import (
    ERRORS,
    FINITE,
    FLAG,
    NONNEGATIVE,
    POSITIVE,
    Errors,
    Inputs,
    refuse,
)
from hedging._numerics.implied import ABOVE, BELOW, INVALID, NO_INFORMATION, NOT_CONVERGED, STATUS
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.greeks._evaluate import PLAIN, Flags, Numbers, bounds_of, of_forward, one_option, run
from hedging.greeks.result import Result

__all__ = ["black76_implied_vol", "coin_implied_vol", "implied_vol"]

_SPOT_RULES = {
    "flag": FLAG,
    "spot": POSITIVE,
    "strike": POSITIVE,
    "time_to_expiry": NONNEGATIVE,
    "rate": FINITE,
    "price": FINITE,
    "dividend_yield": FINITE,
}
_FORWARD_RULES = of_forward(_SPOT_RULES)
_BOUNDS = bounds_of(_SPOT_RULES)


def implied_vol(
    price: Numbers,
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    errors: Errors = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price` is the Black-Scholes-Merton value.

    Parameters
    ----------
    price : array_like. [money]
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    dividend_yield : array_like, continuous. [1/year]
    errors : {'raise', 'nan'}
        Whether a price without a vol (or a bad entry) is refused or gives NaN.
    return_status : bool
        Return a second value that says of every row ``'ok'``, ``'invalid input'``, ``'below intrinsic'``,
        ``'above maximum'``, ``'no information'`` or ``'not converged'``.

    Returns
    -------
    float, ndarray, Series or DataFrame; with `return_status` a tuple of two
        [1/sqrt(year)]

    Raises
    ------
    InputError
        If an entry breaks its condition, or has no vol: a price outside its bounds; or so close to one, or
        with so little time, that rounding of the inputs leaves less than two digits of a vol.

    Notes
    -----
    The out-of-the-money time value decides, so tolerances are relative at any price level. See
    `hedging._numerics.implied` for the method and its source.

    Examples
    --------
    >>> round(implied_vol(2.4005, "c", 49, 50, 20 / 52, 0.05), 4)
    0.2
    >>> implied_vol([9.9, 10.5], "c", 110, 100, 0.5, 0.0, errors="nan", return_status=True)[1]
    array(['below intrinsic', 'ok'], dtype='<U15')
    """
    return _implied(
        "spot", price, flag, (spot, strike, time_to_expiry, rate, dividend_yield), errors, return_status
    )


def black76_implied_vol(
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
    """Vol at which `price` is the Black-76 value, discounted by `rate`.

    Parameters
    ----------
    price : array_like. [money]
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous; 0 for an undiscounted price. [1/year]
    errors : {'raise', 'nan'}
        Whether a price without a vol (or a bad entry) is refused or gives NaN.
    return_status : bool
        Return a second value with the status of every row; see `implied_vol`.

    Returns
    -------
    float, ndarray, Series or DataFrame; with `return_status` a tuple of two
        [1/sqrt(year)]

    Raises
    ------
    InputError
        As in `implied_vol`.
    """
    return _implied(
        "forward", price, flag, (forward, strike, time_to_expiry, rate, rate), errors, return_status
    )


def coin_implied_vol(
    price: Numbers,
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    *,
    errors: Errors = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price`, in coin, is the value of a coin-settled option.

    Parameters
    ----------
    price : array_like. [coin]
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    errors : {'raise', 'nan'}
        Whether a price without a vol (or a bad entry) is refused or gives NaN.
    return_status : bool
        Return a second value with the status of every row; see `implied_vol`.

    Returns
    -------
    float, ndarray, Series or DataFrame; with `return_status` a tuple of two
        [1/sqrt(year)]

    Raises
    ------
    InputError
        As in `implied_vol`.
    """
    return _implied("coin", price, flag, (forward, strike, time_to_expiry, 0.0, 0.0), errors, return_status)


def _implied(
    form: str, price: object, flag: object, numbers: tuple[object, ...], errors: Errors, return_status: bool
) -> Result:
    if errors in ERRORS and (found := _one(form, price, flag, numbers)) is not None:
        return (found, STATUS[0]) if return_status else found
    rules = _SPOT_RULES if form == "spot" else _FORWARD_RULES
    arguments = (flag, *numbers[:4], price, numbers[4])

    def kernel(inputs: Inputs, bounds: Array | None) -> list[Array] | None:
        values = inputs.values
        if form == "coin":
            with np.errstate(all="ignore"):  # an infinite price is above its maximum like any other
                values = (*values[:5], values[5] * values[1], values[6])
        return kernels.implied_vol(values, inputs.shape, bounds)

    (vol, code), inputs = run(kernel, rules, _BOUNDS, arguments, errors)
    return answer(vol, code, inputs.values[5], inputs, errors, return_status)


def _one(form: str, price: object, flag: object, numbers: tuple[object, ...]) -> float | None:
    """The vol of plain numbers, if they have one."""
    if type(price) not in PLAIN or (plain := one_option(flag, (*numbers[:4], 0.0, numbers[4]))) is None:
        return None
    w, S, K, T, r, _, q = plain
    if not 0.0 < K < math.inf:
        return None
    try:
        value = float(price) * (S if form == "coin" else 1.0)  # type: ignore[arg-type]
    except OverflowError:  # an int beyond float64
        return None
    found = kernels.one_implied_vol(w, S, K, T, r, value, q)
    return found[0] if found is not None and found[1] == 0.0 else None


def answer(
    vol: Array, code: Array, price: Array, inputs: Inputs, errors: Errors, return_status: bool
) -> Result:
    """What an implied vol function returns: vols and, if asked for, statuses; or the error."""
    bad = code != 0.0
    if bad.any():
        if errors == "raise":
            _refuse_price(np.broadcast_to(price, inputs.shape), code)
        vol = np.where(bad, np.nan, vol)
    if not return_status:
        return inputs.wrap(vol)
    status = np.take(np.array(STATUS), code.astype(np.intp))
    return inputs.wrap(vol), inputs.wrap(status, STATUS[INVALID])


_PRICE_RULES = {
    BELOW: "at least the discounted intrinsic value",
    ABOVE: "below the discounted spot (call) or strike (put)",
    NO_INFORMATION: "far enough from its bounds, and with time left, to carry a vol",
    NOT_CONVERGED: "within reach of the solver (please report this one)",
}


def _refuse_price(price: Array, code: Array) -> None:
    first = int(code.ravel()[np.flatnonzero(code)[0]])
    try:
        refuse("price", price, code == first, _PRICE_RULES[first])
    except InputError as error:
        raise InputError(f"{error} Pass errors='nan' to get NaN for such rows.") from None

"""Black-76: options on a forward or future, the forward held fixed."""

from __future__ import annotations

from collections.abc import Sequence

from hedging._numerics.checks import Errors
from hedging.greeks._evaluate import DEFAULT, FORWARD_RULES, Flags, Numbers, evaluate, named
from hedging.greeks.result import Greeks, Result
from hedging.units import GREEK_UNITS

__all__ = ["black76_greeks", "black76_price"]

_NAMES = {name: "rho_forward" if name == "rho" else name for name in GREEK_UNITS if name != "rho_yield"}


def black76_price(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    *,
    errors: Errors = "raise",
) -> Result:
    """Black-76 value of an option on a forward or future, discounted by `rate`; arguments in py_vollib's order.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous; 0 leaves the value undiscounted. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
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

    Examples
    --------
    >>> round(black76_price("p", 20, 20, 4 / 12, 0.09, 0.25), 4)  # Hull
    1.1166
    """
    numbers = (forward, strike, time_to_expiry, rate, vol, rate)
    return evaluate(("price",), FORWARD_RULES, flag, numbers, errors)[0]


def black76_greeks(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    names: Sequence[str] = DEFAULT,
    *,
    errors: Errors = "raise",
) -> Greeks:
    """Several Black-76 values at once: slopes to the forward, and with the forward held fixed.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous; 0 leaves the values undiscounted. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    names : sequence of str
        As in `greeks`, without rho_yield: a forward held fixed does not move with the yield.
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    Greeks
        In market units; delta per 1.00 of forward, discounted; rho moves the discount factor alone.

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, the shapes do not broadcast, or a name is unknown.

    Notes
    -----
    Deribit's delta, gamma, vega and theta are these at ``rate=0``, but that a theta of Deribit is
    ``-min(-theta * min(days, 1), price)``: in an option's last day that of the part of a day that is left, and never
    more than the option is worth. Here it is the derivative still. Its rho lets the forward move with the
    rate, as that of ``greeks(flag, forward, strike, time_to_expiry, 0.0, vol)`` does.
    """
    names, wanted = named(names, _NAMES)
    numbers = (forward, strike, time_to_expiry, rate, vol, rate)
    return Greeks(dict(zip(names, evaluate(wanted, FORWARD_RULES, flag, numbers, errors), strict=True)))

"""Coin-settled (inverse) options: value, premium-adjusted delta and the other Greeks in coin."""

from __future__ import annotations

from collections.abc import Sequence

from hedging._numerics.checks import Errors
from hedging.greeks._evaluate import COIN, FORWARD_RULES, Flags, Numbers, evaluate, named
from hedging.greeks.result import Greeks, Result

__all__ = ["coin_delta", "coin_greeks", "coin_price"]


def coin_price(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    *,
    errors: Errors = "raise",
) -> Result:
    """Value of a coin-settled (inverse) option in coin: undiscounted Black-76 over the expiry's forward.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    vol : array_like, >= 0. [1/sqrt(year)]
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        [coin per coin of underlying]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.

    Examples
    --------
    >>> round(coin_price("p", 48390.5, 51000, 1_033_112 / 31_536_000, 0.4938), 4)  # Deribit showed 0.0697
    0.0697
    """
    numbers = (forward, strike, time_to_expiry, 0.0, vol, 0.0)
    return evaluate(("coin_price",), FORWARD_RULES, flag, numbers, errors)[0]


def coin_delta(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    *,
    errors: Errors = "raise",
) -> Result:
    """Premium-adjusted delta of a coin-settled option: delta less coin price, Deribit's net transaction delta.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    vol : array_like, >= 0. [1/sqrt(year)]
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame
        Coins gained when the forward gains 100 %, at the rate of a small move. [coin]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.

    Notes
    -----
    w K/F N(w d2), which has not the cancellation of the difference. A call struck at 0 is a coin: 0.
    """
    numbers = (forward, strike, time_to_expiry, 0.0, vol, 0.0)
    return evaluate(("coin_delta",), FORWARD_RULES, flag, numbers, errors)[0]


def coin_greeks(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    *,
    names: Sequence[str] = ("price", "delta", "gamma", "vega", "theta"),
    errors: Errors = "raise",
) -> Greeks:
    """Value and Greeks of a coin-settled (inverse) option, in coin.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    vol : array_like, >= 0. [1/sqrt(year)]
    names : sequence of str
        Among price, delta, gamma, vega, theta.
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    Greeks
        price [coin]; delta the premium-adjusted one of `coin_delta`; gamma its slope per 1.00 of forward; vega
        [coin per vol point]; theta [coin per calendar day].

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, the shapes do not broadcast, or a name is unknown.
    """
    names, wanted = named(names, COIN)
    numbers = (forward, strike, time_to_expiry, 0.0, vol, 0.0)
    return Greeks(dict(zip(names, evaluate(wanted, FORWARD_RULES, flag, numbers, errors), strict=True)))

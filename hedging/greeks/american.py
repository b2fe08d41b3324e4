"""American options: values, Greeks and implied vols, with a continuous yield and cash dividends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics import american_values
from hedging._numerics.american_implied import implied
from hedging._numerics.checks import (
    FINITE,
    FLAG,
    NONNEGATIVE,
    POSITIVE,
    Array,
    Errors,
    Inputs,
    Rule,
    gather,
    number,
)
from hedging._numerics.quiet import quiet
from hedging.errors import InputError
from hedging.greeks._evaluate import DEFAULT, Flags, Numbers, named, overflowing
from hedging.greeks.implied import answer
from hedging.greeks.result import Greeks, Result
from hedging.units import GREEK_UNITS

__all__ = ["american_greeks", "american_implied_vol", "american_price"]

_RULES: dict[str, Rule] = {
    "flag": FLAG,
    "spot": POSITIVE,
    "strike": POSITIVE,
    "time_to_expiry": NONNEGATIVE,
    "rate": FINITE,
    "vol": NONNEGATIVE,
    "dividend_yield": FINITE,
}
_PRICE_RULES = {"price" if name == "vol" else name: rule for name, rule in _RULES.items()} | {"price": FINITE}
MOST_DISCOUNTING = 700.0  # exponent of what a float holds
_NAMES = {name: name for name in american_values.NAMES}


def american_price(
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    dividends: npt.ArrayLike = (),
    errors: Errors = "raise",
) -> Result:
    """Value of an option that may be exercised at any time until expiry.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    dividends : array_like, shape (dividends, 2)
        Cash dividends of the one underlying: time until it goes ex [years, > 0] and amount [money, >= 0]. Those
        after an option's expiry do not concern it; one at its expiry does.
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame, in the broadcast shape of the arguments
        [money]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, the shapes do not broadcast, or the dividends until expiry are
        worth the spot or more.

    Notes
    -----
    Without dividends: fixed-point iteration and Newton's method on the exercise boundary and Gauss-Legendre
    quadrature, after Andersen, Lake and Offengenden, High-performance American option pricing (2016). Right to
    1e-6 of spot for vols of 5 to 120 %, up to three years, rates and yields of 0 to 10 %.

    With cash dividends the spot less their present value is lognormal (the escrowed-dividend model), so that the
    European option is worth its Black-76 value on the forward, at the vol that quotes imply; solved by finite
    differences, to 3e-6 of spot and at hundreds a second, not hundred thousands. A call is exercised, if at all,
    right before a dividend.

    Early exercise never pays for a call without yield or dividends at a rate of 0 or more, a put at a rate of 0
    without a negative yield, or in general where what is received bears no interest and what is given up no less:
    the value is then the European one to the last bit. Where it pays at once it is the intrinsic value. A put with
    ``dividend_yield < rate < 0`` (a call with ``rate < dividend_yield < 0``) is exercised between two boundaries,
    and is solved by finite differences too.

    Examples
    --------
    >>> round(american_price("p", 36, 40, 1, 0.06, 0.2), 4)  # Longstaff and Schwartz (2001) find 4.478
    4.4867
    >>> round(american_price("c", 80, 82, 0.3333, 0.06, 0.3, dividends=[(0.25, 4)]), 3)  # Haug: 4.3860
    4.386
    """
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    return _evaluate(("price",), flag, numbers, dividends, errors)[0]


def american_greeks(
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    names: Sequence[str] = DEFAULT,
    *,
    dividends: npt.ArrayLike = (),
    errors: Errors = "raise",
) -> Greeks:
    """Several values of options that may be exercised at any time until expiry.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    names : sequence of str
        Among price, delta, gamma, theta, vega, rho, rho_yield, dual_delta, vanna, volga, charm, veta.
    dividends : array_like, shape (dividends, 2)
        Cash dividends: time until it goes ex [years, > 0] and amount [money, >= 0]; see `american_price`.
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    Greeks
        One attribute a name, in market units: see `hedging.units.GREEK_UNITS`. An option that is exercised at
        once has a delta of 1 or -1, and no other Greek. Dividends come nearer as a day passes.

    Raises
    ------
    InputError
        As in `american_price`, or if a name is unknown.

    Examples
    --------
    >>> found = american_greeks("p", [36, 30], 40, 1, 0.06, 0.2, names=("delta", "vega"))
    >>> found.to_frame().round(4)
        delta    vega
    0 -0.6968  0.1094
    1 -1.0000  0.0000
    """
    names, wanted = named(names, _NAMES)
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    return Greeks(dict(zip(names, _evaluate(wanted, flag, numbers, dividends, errors), strict=True)))


@quiet
def american_implied_vol(
    price: Numbers,
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    dividend_yield: Numbers = 0.0,
    *,
    dividends: npt.ArrayLike = (),
    errors: Errors = "raise",
    return_status: bool = False,
) -> Result:
    """Vol at which `price` is the value of an option that may be exercised at any time until expiry.

    Parameters
    ----------
    price : array_like. [money]
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, > 0. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    dividend_yield : array_like, continuous. [1/year]
    dividends : array_like, shape (dividends, 2)
        Cash dividends: time until it goes ex [years, > 0] and amount [money, >= 0]; see `american_price`.
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
        If an entry breaks its condition, or has no vol. A price at the intrinsic value has none: every vol low
        enough for immediate exercise gives it.

    Examples
    --------
    >>> round(american_implied_vol(4.486734, "p", 36, 40, 1, 0.06), 4)
    0.2
    >>> american_implied_vol([4.0, 3.9], "p", 36, 40, 1, 0.06, errors="nan", return_status=True)[1]
    array(['no information', 'below intrinsic'], dtype='<U15')
    """
    arguments = (flag, spot, strike, time_to_expiry, rate, price, dividend_yield)
    inputs, options, bad = _prepare(_PRICE_RULES, arguments, dividends, errors)
    vol, code = implied(options._replace(v=np.zeros_like(options.v)), options.v)
    inputs = _with_invalid(inputs, bad)
    code[bad.ravel()] = 0.0
    shape = inputs.shape
    return answer(vol.reshape(shape), code.reshape(shape), inputs.values[5], inputs, errors, return_status)


@quiet
def _evaluate(
    names: tuple[str, ...], flag: object, numbers: tuple[object, ...], dividends: object, errors: Errors
) -> list[Result]:
    inputs, options, bad = _prepare(_RULES, (flag, *numbers), dividends, errors)
    rows = american_values.values(names, options)
    if errors == "raise" and any(np.isnan(row).any() for row in rows):
        raise overflowing()
    inputs = _with_invalid(inputs, bad)
    scales = [GREEK_UNITS[name].scale for name in names]
    return [inputs.wrap((row * scale).reshape(inputs.shape)) for row, scale in zip(rows, scales, strict=True)]


def _prepare(
    rules: dict[str, Rule], arguments: tuple[object, ...], dividends: object, errors: Errors
) -> tuple[Inputs, american_values.Options, npt.NDArray[np.bool_]]:
    """Checked options in one dimension (a price, if that is what came, in the place of vol), and which are bad."""
    times, amounts = _dividends(dividends)
    inputs = gather(rules, arguments, errors, now=True)
    codes, *columns = (np.broadcast_to(a, inputs.shape).ravel() for a in inputs.values)
    S, K, T, r, v, q = (column + 0.0 for column in columns)
    worth = american_values.present_value(T, r, times, amounts)
    bad = np.asarray(worth >= S) & (worth > 0.0)
    if bad.any():
        if errors == "raise":
            k = int(bad.argmax())
            raise InputError(
                f"dividends until expiry must be worth less than the spot; got {worth[k]:g} of them at a spot of "
                f"{S[k]:g}. Are they amounts of money per unit, and times in years?"
            )
        S = np.where(bad, worth + 1.0, S)
    wild = np.maximum(np.abs(r), np.abs(q)) * T > MOST_DISCOUNTING
    if wild.any():
        if errors == "raise":
            raise overflowing()
        bad |= wild
        r, q = np.where(wild, 0.0, r), np.where(wild, 0.0, q)
    w = np.where(codes == ord("c"), 1.0, -1.0)
    return inputs, american_values.options(w, S, K, T, r, v, q, times, amounts), bad.reshape(inputs.shape)


def _with_invalid(inputs: Inputs, bad: npt.NDArray[np.bool_]) -> Inputs:
    if not bad.any():
        return inputs
    return inputs._replace(invalid=bad if inputs.invalid is None else inputs.invalid | bad)


def _dividends(dividends: Any) -> tuple[Array, Array]:
    """Times and amounts in the order of time."""
    table = number("dividends", dividends)
    if table.size == 0:
        return np.empty(0), np.empty(0)
    if table.ndim != 2 or table.shape[1] != 2:
        raise InputError(
            f"dividends must be rows of a time [years] and an amount; got an array of shape {table.shape}. "
            "Write [(0.25, 1.70), (0.50, 1.70)]."
        )
    times, amounts = table[np.argsort(table[:, 0], kind="stable")].T
    for what, column, rule in (("time", times, POSITIVE), ("amount", amounts, NONNEGATIVE)):
        broken = ~((column >= rule.low) & (column <= rule.high))
        if broken.any():
            raise InputError(f"the {what} of a dividend must be {rule.text}; got {column[broken][0]:g}.")
    return times.copy(), amounts.copy()

"""Black-Scholes-Merton: the price, each Greek and several at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from hedging._numerics.checks import Errors
from hedging.greeks._evaluate import DEFAULT, SPOT_RULES, Flags, Numbers, evaluate, named
from hedging.greeks.result import Greeks, Result
from hedging.units import GREEK_UNITS

__all__ = [
    "charm",
    "color",
    "delta",
    "dual_delta",
    "dual_gamma",
    "elasticity",
    "gamma",
    "greeks",
    "price",
    "rho",
    "rho_yield",
    "speed",
    "theta",
    "ultima",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]

_NAMES = {name: name for name in GREEK_UNITS}


def greeks(
    flag: Flags,
    spot: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    rate: Numbers,
    vol: Numbers,
    dividend_yield: Numbers = 0.0,
    names: Sequence[str] = DEFAULT,
    *,
    errors: Errors = "raise",
) -> Greeks:
    """Several Black-Scholes-Merton values at once: d1, d2 and the densities are shared.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    names : sequence of str
        Among price, delta, gamma, vega, theta, rho, rho_yield, dual_delta, vanna, volga, charm, veta, speed,
        zomma, color, dual_gamma, ultima.
    errors : {'raise', 'nan'}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    Greeks
        One attribute a name, in market units: see `hedging.units.GREEK_UNITS`.

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, the shapes do not broadcast, or a name is unknown.

    Examples
    --------
    >>> greeks("p", 100, [90, 100], 0.5, 0.03, 0.25, names=("delta", "vega")).to_frame().round(4)
        delta    vega
    0 -0.2209  0.2098
    1 -0.4312  0.2779
    """
    names, wanted = named(names, _NAMES)
    found = evaluate(
        wanted, SPOT_RULES, flag, (spot, strike, time_to_expiry, rate, vol, dividend_yield), errors
    )
    return Greeks(dict(zip(names, found, strict=True)))


class SpotGreek(Protocol):
    """A value of an option in the spot form."""

    def __call__(
        self,
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
        """Return the value; see `price`."""


_DOC = """{summary}

    Parameters
    ----------
    flag : {{'c', 'p'}} or array of them
    spot : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    rate : array_like, continuous. [1/year]
    vol : array_like, >= 0. [1/sqrt(year)]
    dividend_yield : array_like, continuous. [1/year]
    errors : {{'raise', 'nan'}}
        Whether a bad entry is refused or makes its row NaN.

    Returns
    -------
    float, ndarray, Series or DataFrame, in the broadcast shape of the arguments
        [{unit}]

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.

    Notes
    -----
    {formula}, with w = 1 for calls and -1 for puts, d1 = (ln(S/K) + (r - q) T) / s + s/2, d2 = d1 - s and
    s = vol sqrt(T); divided by the unit. Haug, The Complete Guide to Option Pricing Formulas, 2nd ed., ch. 2.
    """


def _single(name: str, summary: str, formula: str) -> SpotGreek:
    names = (name,)

    def one(
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
        numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
        return evaluate(names, SPOT_RULES, flag, numbers, errors)[0]

    one.__name__ = one.__qualname__ = name
    one.__doc__ = _DOC.format(summary=summary, unit=GREEK_UNITS[name].per_unit, formula=formula)
    return one


price = _single(
    "price", "Black-Scholes-Merton value of a European option.", "w (S exp(-qT) N(w d1) - K exp(-rT) N(w d2))"
)
delta = _single("delta", "Change of the value with spot.", "w exp(-qT) N(w d1)")
gamma = _single("gamma", "Change of delta with spot.", "exp(-qT) n(d1) / (S s)")
vega = _single("vega", "Change of the value with vol.", "S exp(-qT) n(d1) sqrt(T)")
theta = _single(
    "theta",
    "Change of the value as a day passes, spot and vol standing still.",
    "w (q S exp(-qT) N(w d1) - r K exp(-rT) N(w d2)) - S exp(-qT) n(d1) vol / (2 sqrt(T))",
)
rho = _single("rho", "Change of the value with the rate.", "w K T exp(-rT) N(w d2)")
rho_yield = _single("rho_yield", "Change of the value with the yield.", "-w S T exp(-qT) N(w d1)")
vanna = _single("vanna", "Change of delta with vol, and of vega with spot.", "-exp(-qT) n(d1) d2 / vol")
volga = _single("volga", "Change of vega with vol.", "vega d1 d2 / vol")
charm = _single(
    "charm",
    "Change of delta as a day passes.",
    "w q exp(-qT) N(w d1) - exp(-qT) n(d1) ((r - q) / s - d2 / (2 T))",
)
veta = _single(
    "veta",
    "Change of vega as a day passes.",
    "vega (q + (r - q) d1 / s - (1 + d1 d2) / (2 T))",
)
speed = _single("speed", "Change of gamma with spot.", "-gamma (d1 / s + 1) / S")
zomma = _single("zomma", "Change of gamma with vol.", "gamma (d1 d2 - 1) / vol")
color = _single(
    "color",
    "Change of gamma as a day passes.",
    "gamma (q + ((r - q) / s - d2 / (2 T)) d1 + 1 / (2 T))",
)
ultima = _single(
    "ultima",
    "Change of volga with vol.",
    "-vega (d1 d2 (1 - d1 d2) + d1^2 + d2^2) / vol^2",
)
dual_delta = _single("dual_delta", "Change of the value with the strike.", "-w exp(-rT) N(w d2)")
dual_gamma = _single("dual_gamma", "Change of dual delta with the strike.", "exp(-rT) n(d2) / (K s)")


def elasticity(
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
    """Percent that the value gains when spot gains one: delta times spot over price, also called lambda.

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
        [1]; for an option that is worth nothing infinite, with the sign of its delta.

    Raises
    ------
    InputError
        If an entry breaks its condition, is NaN, or the shapes do not broadcast.
    """
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    return evaluate(("elasticity",), SPOT_RULES, flag, numbers, errors)[0]

"""Black-Scholes-Merton and Black-76: values, Greeks and implied vol, vectorised, in market units.

Spot form: ``price(flag, spot, strike, time_to_expiry, rate, vol, dividend_yield)`` and one function a Greek with
the same arguments; `greeks` returns several at once for the time of one. Forward form, the forward held fixed:
`black76_price`, `black76_greeks`. Coin-settled (inverse) options: `coin_price`, `coin_greeks`. From price to vol:
`implied_vol`, `black76_implied_vol`, `coin_implied_vol`; from delta to strike: `strike_from_delta`. For forwards
near or below zero: `bachelier_price`, `bachelier_implied_vol`.

Conventions of every function
    * Arguments are scalars, lists, numpy arrays or pandas objects, and broadcast. A float comes back for
      scalars, the same pandas kind with the same index for pandas, an array for anything else.
    * `flag` is ``'c'`` or ``'p'``; any other spelling is refused.
    * Greeks are in market units, those of `hedging.units.GREEK_UNITS`; theta, charm, veta and color are changes
      per calendar day that passes.
    * Zero time, zero vol, zero and infinite strikes give the limits exactly. On the kink (at the money without
      time or vol) delta is half its jump and gamma infinite.
    * ``errors="raise"`` refuses a call with any bad entry, ``errors="nan"`` returns NaN in its row; a bad row
      never touches another.

Deribit's published Greeks are those of `greeks` at the forward with ``rate=0``. Values are within a few
roundings of what float64 inputs determine; the figures are in ``tests/reference/README.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Protocol, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging import _bachelier, _deltas, _kernels
from hedging._arrays import (
    FINITE,
    FLAG,
    NONNEGATIVE,
    NONNEGATIVE_OR_INFINITE,
    POSITIVE,
    Array,
    Errors,
    Inputs,
    Rule,
    gather,
    refuse,
)
from hedging._implied import ABOVE, BELOW, INVALID, NO_INFORMATION, NOT_CONVERGED, STATUS
from hedging.errors import InputError
from hedging.units import GREEK_UNITS

__all__ = [
    "DEFAULT",
    "Greeks",
    "bachelier_implied_vol",
    "bachelier_price",
    "black76_greeks",
    "black76_implied_vol",
    "black76_price",
    "charm",
    "coin_delta",
    "coin_greeks",
    "coin_implied_vol",
    "coin_price",
    "color",
    "delta",
    "dual_delta",
    "dual_gamma",
    "elasticity",
    "gamma",
    "greeks",
    "implied_vol",
    "price",
    "probability_in_the_money",
    "probability_of_touch",
    "rho",
    "rho_yield",
    "speed",
    "strike_from_delta",
    "theta",
    "ultima",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]

Numbers: TypeAlias = "npt.ArrayLike | pd.Series | pd.DataFrame"
Flags: TypeAlias = "str | npt.ArrayLike | pd.Series | pd.DataFrame"
Result: TypeAlias = Any  # float, ndarray, Series or DataFrame, as the arguments were

Convention: TypeAlias = Literal["spot", "forward", "spot_premium_adjusted", "forward_premium_adjusted"]

DEFAULT = ("price", "delta", "gamma", "vega", "theta", "rho")

_SIGN = {"c": 1.0, "p": -1.0}
_PLAIN = frozenset({float, int, np.float64})
_CONVENTIONS: tuple[str, ...] = get_args(Convention)
_SPOT = {name: name for name in GREEK_UNITS}
_FORWARD = {name: "rho_forward" if name == "rho" else name for name in _SPOT if name != "rho_yield"}
_COIN = {name.removeprefix("coin_"): name for name in _kernels.COIN}
_SCALE = {name: GREEK_UNITS[name].scale for name in _SPOT}
_SCALE |= {"rho_forward": _SCALE["rho"], "elasticity": 1.0, "in_the_money": 1.0}
_SCALE |= {kernel_name: _SCALE[name] for name, kernel_name in _COIN.items()}


_RULES = {
    "flag": FLAG,
    "spot": POSITIVE,
    "strike": NONNEGATIVE_OR_INFINITE,
    "time_to_expiry": NONNEGATIVE,
    "rate": FINITE,
    "vol": NONNEGATIVE,
    "dividend_yield": FINITE,
}
_IMPLIED_RULES = {
    "flag": FLAG,
    "spot": POSITIVE,
    "strike": POSITIVE,
    "time_to_expiry": NONNEGATIVE,
    "rate": FINITE,
    "price": FINITE,
    "dividend_yield": FINITE,
}


def _forward(rules: dict[str, Rule]) -> dict[str, Rule]:
    """The same rules where the underlying is the forward."""
    return {"forward" if name == "spot" else name: rule for name, rule in rules.items()}


def _bounds(rules: dict[str, Rule]) -> Array:
    return np.array([[[getattr(rule, end)] for rule in rules.values()] for end in ("low", "high")])


_FORWARD_RULES, _FORWARD_IMPLIED_RULES = _forward(_RULES), _forward(_IMPLIED_RULES)
_BOUNDS, _IMPLIED_BOUNDS = _bounds(_RULES), _bounds(_IMPLIED_RULES)


@dataclass(frozen=True, repr=False)  # no slots: Python 3.11 then mistakes which attributes are frozen
class Greeks:
    """Values of one or many options, as attributes; only what was asked for is there.

    Attributes
    ----------
    values : dict
        By name, in market units.

    Examples
    --------
    >>> found = greeks("c", 49, 50, 20 / 52, 0.05, 0.20, names=("price", "delta"))
    >>> round(found.price, 4), round(found.delta, 4)
    (2.4005, 0.5216)
    """

    values: dict[str, Result]

    def __getattr__(self, name: str) -> Result:
        if name.startswith("_") or name == "values":  # while a copy is being made
            raise AttributeError(name)
        if name not in self.values:
            asked = ", ".join(self.values)
            raise AttributeError(f"{name!r} was not asked for (names were {asked}); add it to names=(...)")
        return self.values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __repr__(self) -> str:
        return f"Greeks({', '.join(f'{name}={value!r}' for name, value in self.values.items())})"

    def to_frame(self) -> pd.DataFrame:
        """One row an option, one column a Greek; the index of pandas arguments is kept."""
        columns = {
            name: value.stack()
            if isinstance(value, pd.DataFrame)
            else value
            if isinstance(value, pd.Series)
            else np.ravel(value)
            for name, value in self.values.items()
        }
        return pd.DataFrame(columns)


# From arguments to kernels ----------------------------------------------------------------------------------


def _one_option(flag: object, numbers: tuple[object, ...]) -> tuple[float, ...] | None:
    """The arguments as floats, if they are plain numbers that obey every rule: most calls on one option."""
    if type(flag) is not str or not _PLAIN.issuperset(map(type, numbers)):
        return None
    w = _SIGN.get(flag)
    S, K, T, r, v, q = numbers
    inf = math.inf
    if w and 0 < S < inf and K >= 0 and 0 <= T < inf and -inf < r < inf and 0 <= v < inf and -inf < q < inf:  # type: ignore[operator]
        # Adding 0.0 makes -0.0 a 0.0, as in the kernels of arrays.
        return w, float(S), float(K) + 0.0, float(T) + 0.0, float(r), float(v) + 0.0, float(q)  # type: ignore[arg-type]
    return None


def _evaluate(
    names: tuple[str, ...],
    rules: dict[str, Rule],
    flag: object,
    numbers: tuple[object, ...],
    errors: Errors,
) -> list[Result]:
    """Values by kernel name, in market units, of S, K, T, r, vol, q."""
    plain = _one_option(flag, numbers)
    if plain is not None:
        found = _kernels.one(names, *plain)
        if found is not None and all(value == value for value in found):
            return [value * _SCALE[name] for name, value in zip(names, found, strict=True)]
    arguments = (flag, *numbers)
    inputs = gather(rules, arguments, errors, now=False)
    bounds = _BOUNDS if errors == "raise" else None
    rows = _run(
        lambda: _kernels.black_scholes(names, inputs.values, inputs.shape, bounds, _scales(names)),
        rules,
        arguments,
    )
    return [inputs.wrap(row) for row in rows]


@cache
def _scales(names: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(_SCALE[name] for name in names)


def _run(
    kernel: Callable[[], Sequence[Array] | None],
    rules: dict[str, Rule],
    arguments: Sequence[object],
) -> Sequence[Array]:
    try:
        found = kernel()
    except FloatingPointError as error:
        raise InputError(
            "discounting overflows: rate * time_to_expiry and dividend_yield * time_to_expiry must stay within "
            "about 700, and spot, strike and their powers within float64. Are rates decimals and times years?"
        ) from error
    if found is None:
        gather(rules, arguments, now=True)  # says which entry breaks which rule
        raise InputError(
            "an argument breaks its rule"
        )  # not reached: the block was refused by the same rules
    return found


def _named(names: Sequence[str], allowed: dict[str, str]) -> tuple[str, ...]:
    """Kernel names of what was asked for."""
    if isinstance(names, str):
        raise InputError(f"names must be several names; got {names!r}. Write ({names!r},).")
    for name in names:
        if name not in allowed:
            raise InputError(f"names must be among {', '.join(allowed)}; got {name!r}.")
    return tuple(allowed[name] for name in names)


# Spot form --------------------------------------------------------------------------------------------------


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
    wanted = _named(names, _SPOT)
    found = _evaluate(wanted, _RULES, flag, (spot, strike, time_to_expiry, rate, vol, dividend_yield), errors)
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
        return _evaluate(names, _RULES, flag, numbers, errors)[0]

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
    return _evaluate(("elasticity",), _RULES, flag, numbers, errors)[0]


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
    return _evaluate(("in_the_money",), _RULES, flag, numbers, errors)[0]


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
    The reflection principle for a Brownian motion with drift: with b = |ln(level/S)|, s = vol sqrt(T) and m the
    drift of ln(S) over T towards the level, N((m - b)/s) + exp(2 m b / s^2) N(-(m + b)/s). Watched without
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
    return inputs.wrap(_kernels.touch(*np.broadcast_arrays(*inputs.values)))


# Forward form -----------------------------------------------------------------------------------------------


def black76_price(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    rate: Numbers = 0.0,
    *,
    errors: Errors = "raise",
) -> Result:
    """Black-76 value of an option on a forward or future, discounted by `rate`.

    Parameters
    ----------
    flag : {'c', 'p'} or array of them
    forward : array_like, > 0. [money]
    strike : array_like, >= 0, infinity included. [money]
    time_to_expiry : array_like, >= 0. [years]
    vol : array_like, >= 0. [1/sqrt(year)]
    rate : array_like, continuous; 0 leaves the value undiscounted. [1/year]
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
    >>> round(black76_price("p", 20, 20, 4 / 12, 0.25, 0.09), 4)  # Hull
    1.1166
    """
    numbers = (forward, strike, time_to_expiry, rate, vol, rate)
    return _evaluate(("price",), _FORWARD_RULES, flag, numbers, errors)[0]


def black76_greeks(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    rate: Numbers = 0.0,
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
    vol : array_like, >= 0. [1/sqrt(year)]
    rate : array_like, continuous; 0 leaves the values undiscounted. [1/year]
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
    Deribit's delta, gamma, vega and theta are these at ``rate=0``. Its rho lets the forward move with the
    rate, as that of ``greeks(flag, forward, strike, time_to_expiry, 0.0, vol)`` does.
    """
    wanted = _named(names, _FORWARD)
    numbers = (forward, strike, time_to_expiry, rate, vol, rate)
    return Greeks(dict(zip(names, _evaluate(wanted, _FORWARD_RULES, flag, numbers, errors), strict=True)))


# Coin-settled options ---------------------------------------------------------------------------------------


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
    return _evaluate(("coin_price",), _FORWARD_RULES, flag, numbers, errors)[0]


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
    return _evaluate(("coin_delta",), _FORWARD_RULES, flag, numbers, errors)[0]


def coin_greeks(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    vol: Numbers,
    names: Sequence[str] = ("price", "delta", "gamma", "vega", "theta"),
    *,
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
    wanted = _named(names, _COIN)
    numbers = (forward, strike, time_to_expiry, 0.0, vol, 0.0)
    return Greeks(dict(zip(names, _evaluate(wanted, _FORWARD_RULES, flag, numbers, errors), strict=True)))


# Implied vol ------------------------------------------------------------------------------------------------


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
    `hedging._implied` for the method and its source.

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
    if type(price) in _PLAIN and (plain := _one_option(flag, (*numbers[:4], 0.0, numbers[4]))) is not None:
        w, S, K, T, r, _, q = plain
        value = float(price) * (S if form == "coin" else 1.0)  # type: ignore[arg-type]
        found = _kernels.one_implied_vol(w, S, K, T, r, value, q) if 0.0 < K < math.inf else None
        if found is not None and found[1] == 0.0:
            return (found[0], STATUS[0]) if return_status else found[0]
    rules = _IMPLIED_RULES if form == "spot" else _FORWARD_IMPLIED_RULES
    arguments = (flag, *numbers[:4], price, numbers[4])
    inputs = gather(rules, arguments, errors, now=form == "coin")
    values = inputs.values
    if form == "coin":
        values = (*values[:5], values[5] * values[1], values[6])
    bounds = _IMPLIED_BOUNDS if errors == "raise" else None
    vol, code = _run(lambda: _kernels.implied_vol(values, inputs.shape, bounds), rules, arguments)
    return _answer(vol, code, inputs.values[5], inputs, errors, return_status)


def _answer(
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


# From delta to strike ---------------------------------------------------------------------------------------


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
    if convention not in _CONVENTIONS:
        raise InputError(f"convention must be one of {', '.join(_CONVENTIONS)}; got {convention!r}.")
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
    if convention.startswith("spot"):
        d = d * np.exp(q * T)
    solve = _deltas.premium_adjusted_strike if convention.endswith("adjusted") else _deltas.strike
    found = solve(w, d, S * np.exp((r - q) * T), v * np.sqrt(T))
    if errors == "raise":
        refuse(
            "delta",
            np.asarray(inputs.values[1] + np.zeros(inputs.shape)),
            np.isnan(found),
            "one that some strike has",
        )
    return inputs.wrap(found)


# Normal model -----------------------------------------------------------------------------------------------


def bachelier_price(
    flag: Flags,
    forward: Numbers,
    strike: Numbers,
    time_to_expiry: Numbers,
    normal_vol: Numbers,
    rate: Numbers = 0.0,
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
    normal_vol : array_like, >= 0. [money/sqrt(year)]
    rate : array_like, continuous; 0 leaves the value undiscounted. [1/year]
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
    >>> round(bachelier_price("c", -2.0, -2.0, 0.25, 8.0), 4)  # at the money: s / sqrt(2 pi)
    1.5958
    """
    rules = {
        "flag": FLAG,
        "forward": FINITE,
        "strike": FINITE,
        "time_to_expiry": NONNEGATIVE,
        "normal_vol": NONNEGATIVE,
        "rate": FINITE,
    }
    inputs = gather(rules, (flag, forward, strike, time_to_expiry, normal_vol, rate), errors, now=True)
    codes, *numbers = np.broadcast_arrays(*inputs.values)
    return inputs.wrap(_bachelier.price(np.where(codes == ord("c"), 1.0, -1.0), *numbers))


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
    vol, code = _bachelier.implied_vol(np.where(codes == ord("c"), 1.0, -1.0), F, K, T, r, p)
    return _answer(vol, code, p, inputs, errors, return_status)

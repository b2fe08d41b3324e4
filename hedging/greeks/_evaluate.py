"""From the arguments of a call to the kernels and back: one way for the spot, forward and coin forms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics import kernels
from hedging._numerics.checks import (
    ERRORS,
    FINITE,
    FLAG,
    NONNEGATIVE,
    NONNEGATIVE_OR_INFINITE,
    POSITIVE,
    Errors,
    Inputs,
    Rule,
    gather,
)
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.greeks.result import Result
from hedging.units import GREEK_UNITS

Numbers: TypeAlias = "npt.ArrayLike | pd.Series | pd.DataFrame"
Flags: TypeAlias = "str | npt.ArrayLike | pd.Series | pd.DataFrame"

DEFAULT = ("price", "delta", "gamma", "vega", "theta", "rho")
COIN = {name.removeprefix("coin_"): name for name in kernels.COIN}  # kernel names by public ones

PLAIN = frozenset({float, int, np.float64})
_SIGN = {"c": 1.0, "p": -1.0}
_SCALE = {name: GREEK_UNITS[name].scale for name in GREEK_UNITS}
_SCALE |= {"rho_forward": _SCALE["rho"], "elasticity": 1.0, "in_the_money": 1.0}
_SCALE |= {kernel_name: _SCALE[name] for name, kernel_name in COIN.items()}

SPOT_RULES = {
    "flag": FLAG,
    "spot": POSITIVE,
    "strike": NONNEGATIVE_OR_INFINITE,
    "time_to_expiry": NONNEGATIVE,
    "rate": FINITE,
    "vol": NONNEGATIVE,
    "dividend_yield": FINITE,
}


def of_forward(rules: dict[str, Rule]) -> dict[str, Rule]:
    """The same rules where the underlying is the forward."""
    return {"forward" if name == "spot" else name: rule for name, rule in rules.items()}


def bounds_of(rules: dict[str, Rule]) -> Array:
    """Lowest and highest value of every argument, shape (2, arguments, 1)."""
    return np.array([[[getattr(rule, end)] for rule in rules.values()] for end in ("low", "high")])


FORWARD_RULES = of_forward(SPOT_RULES)
_BOUNDS = bounds_of(SPOT_RULES)


def one_option(flag: object, numbers: tuple[object, ...]) -> tuple[float, ...] | None:
    """The arguments as floats, if they are plain numbers that obey every rule: most calls on one option."""
    if type(flag) is not str or not PLAIN.issuperset(map(type, numbers)):
        return None
    w = _SIGN.get(flag)
    S, K, T, r, v, q = numbers
    inf = math.inf
    if w and 0 < S < inf and K >= 0 and 0 <= T < inf and -inf < r < inf and 0 <= v < inf and -inf < q < inf:  # type: ignore[operator]
        try:  # adding 0.0 makes -0.0 a 0.0, as in the kernels of arrays
            return w, float(S), float(K) + 0.0, float(T) + 0.0, float(r), float(v) + 0.0, float(q)  # type: ignore[arg-type]
        except OverflowError:  # an int beyond float64, which is below infinity
            return None
    return None


def evaluate(
    names: tuple[str, ...],
    rules: dict[str, Rule],
    flag: object,
    numbers: tuple[object, ...],
    errors: Errors,
) -> list[Result]:
    """Values by kernel name, in market units, of S, K, T, r, vol, q."""
    if errors in ERRORS and (plain := one_option(flag, numbers)) is not None:
        found = kernels.one(names, *plain)
        if found is not None and all(value == value for value in found):
            return [value * _SCALE[name] for name, value in zip(names, found, strict=True)]
    rows, inputs = run(
        lambda inputs, bounds: kernels.black_scholes(
            names, inputs.values, inputs.shape, bounds, _scales(names)
        ),
        rules,
        _BOUNDS,
        (flag, *numbers),
        errors,
    )
    return [inputs.wrap(row) for row in rows]


@cache
def _scales(names: tuple[str, ...]) -> tuple[float, ...]:
    return tuple(_SCALE[name] for name in names)


def run(
    kernel: Callable[[Inputs, Array | None], Sequence[Array] | None],
    rules: dict[str, Rule],
    bounds: Array,
    arguments: Sequence[object],
    errors: Errors,
) -> tuple[Sequence[Array], Inputs]:
    """What the kernel returns for the arguments, or the error that says why it refused."""
    inputs = gather(rules, arguments, errors, now=False)
    try:
        found = kernel(inputs, bounds)
    except FloatingPointError as error:
        if errors == "raise":
            raise overflowing() from error
        found = None
    if found is None:
        inputs = gather(rules, arguments, errors, now=True)  # says which entry breaks which rule, or marks it
        found = kernel(inputs, None)
    if found is None:
        raise AssertionError("a kernel without bounds refused")
    return found, inputs


def overflowing() -> InputError:
    """The error of numbers that leave what floats can hold."""
    return InputError(
        "discounting overflows: rate * time_to_expiry and dividend_yield * time_to_expiry must stay within "
        "about 700, and spot, strike and their powers within float64. Are rates decimals and times years?"
    )


def named(names: Iterable[str], allowed: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was asked for: by its own names and by those of the kernels."""
    if isinstance(names, str):
        raise InputError(f"names must be several names; got {names!r}. Write ({names!r},).")
    try:
        names = tuple(names)
    except TypeError:
        raise InputError(f"names must be several names; got {names!r}.") from None
    try:
        return names, tuple([allowed[name] for name in names])
    except (KeyError, TypeError):
        strange = next(name for name in names if not isinstance(name, str) or name not in allowed)
        raise InputError(f"names must be among {', '.join(allowed)}; got {strange!r}.") from None

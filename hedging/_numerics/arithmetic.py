"""The primitives of `_formulas` on numpy arrays and on Python floats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hedging._numerics.formulas import FAR, INV_SQRT_2PI, MILLS, Arithmetic, Function, evaluate_mills
from hedging._numerics.types import Array

__all__ = ["ARRAYS", "FEW", "FLOATS", "USUAL", "any_nan"]


def _number(value: float) -> Array:
    return np.asarray(value)  # without dimension: a Python float would be converted anew by every operation


def _identity(function: Function) -> Function:
    return function


# On arrays, limits included ---------------------------------------------------------------------------------


def any_nan(values: Any) -> bool:
    """Whether there may be one: a sum passes every NaN on, and turns opposite infinities into one."""
    return math.isnan(np.add.reduce(values, axis=None))


def _ratio(top: Any, bottom: Any) -> Any:
    result = np.asarray(np.divide(top, bottom))
    if any_nan(result):
        np.copyto(result, 0.0, where=np.equal(top, 0.0))
    return result


def _product(a: Any, b: Any) -> Any:
    result = np.multiply(a, b)
    return np.where(np.isnan(result), 0.0, result) if any_nan(result) else result


def _distance(x: Any, s: Any) -> Any:
    return np.maximum(np.minimum(_ratio(x, s), _FAR), -_FAR)


def _discount(rate: Any, time: Any) -> Any:
    if rate.size == 1 and rate.item() == 0.0:  # most yields: a pass of exp saved
        return _ONE
    exponent = np.multiply(rate, time)
    return np.exp(np.negative(exponent, exponent), exponent)


_ONE, _FIVE, _TEN, _FAR = map(_number, (1.0, 5.0, 10.0, FAR))
_C, _2C = _number(INV_SQRT_2PI), _number(2.0 * INV_SQRT_2PI)
_MILLS = tuple(map(_number, reversed(MILLS)))
# Of (1 - z^2) / 4, which loses no digits near z = -1; two zeros fill up the last row.
_QUARTERS = 4.0 * np.array([*MILLS, 0.0, 0.0]).reshape(4, 6)


def _both(d1: Any, d2: Any) -> Array:
    both = np.empty((2, *np.shape(d1)))
    both[0], both[1] = d1, d2
    return both


def _mills(d1: Any, d2: Any) -> Any:
    """`evaluate_mills` of both in one pass and with few temporaries: this is half of all the work."""
    multiply, add = np.multiply, np.add
    d = _both(d1, d2)
    y = np.abs(d)
    t = np.reciprocal(add(y, _FIVE))
    u = add(y, y)
    multiply(u, t, u)
    z = np.subtract(u, _ONE)
    p = multiply(z, _MILLS[0])
    add(p, _MILLS[1], p)
    for coefficient in _MILLS[2:]:
        multiply(p, z, p)
        add(p, coefficient, p)
    multiply(p, u, p)
    multiply(p, multiply(t, _TEN, t), p)
    add(p, _C, p)
    return np.copysign(np.divide(p, add(y, _2C, y), p), d, p)


ARRAYS = Arithmetic(
    number=_number,
    exp=np.exp,
    log=np.log,
    log1p=np.log1p,
    sqrt=np.sqrt,
    mills=_mills,
    where=np.where,
    minimum=np.minimum,
    maximum=np.maximum,
    copysign=np.copysign,
    discount=_discount,
    distance=_distance,
    ratio=_ratio,
    product=_product,
    compile=_identity,
)

# On arrays of which no entry is at a limit, or near one: the same to the last bit, with no NaN to look for. ---

USUAL = ARRAYS._replace(distance=np.divide, ratio=np.divide, product=np.multiply)


def _mills_of_few(d1: Any, d2: Any) -> Any:
    """`evaluate_mills` of both with the polynomial cut into four of degree 5: twenty calls instead of fifty."""
    multiply, add = np.multiply, np.add
    d = _both(d1, d2)
    y = np.abs(d).reshape(-1)
    w = np.divide(y, add(y, _FIVE))  # (1 + z) / 2
    powers = np.empty((6, y.size))
    one, z, z2, z3, z4, z5 = powers
    one[...] = _ONE
    np.subtract(add(w, w), _ONE, z)
    multiply(z, z, z2)
    multiply(z2, z, z3)
    multiply(z2, z2, z4)
    multiply(z2, z3, z5)
    z6 = multiply(z3, z3)
    *lower, p = _QUARTERS.dot(powers)
    for part in reversed(lower):
        multiply(p, z6, p)
        add(p, part, p)
    multiply(p, multiply(w, np.subtract(_ONE, w), w), p)
    add(p, _C, p)
    return np.copysign(np.divide(p, add(y, _2C, y), p).reshape(d.shape), d, d)


FEW = USUAL._replace(mills=_mills_of_few)

# On Python floats -------------------------------------------------------------------------------------------


def _float_log(x: float) -> float:
    return math.log(x) if x > 0.0 else -math.inf


def _float_distance(x: float, s: float) -> float:
    if abs(x) < FAR * s:
        return x / s
    return math.copysign(FAR, x) if x else 0.0


def _float_mills(d1: float, d2: float) -> tuple[float, float]:
    return math.copysign(evaluate_mills(abs(d1)), d1), math.copysign(evaluate_mills(abs(d2)), d2)


def _float_ratio(top: float, bottom: float) -> float:
    return 0.0 if top == 0.0 else top / bottom if bottom else math.copysign(math.inf, top)


def _float_product(a: float, b: float) -> float:
    return 0.0 if a == 0.0 or b == 0.0 else a * b


FLOATS = Arithmetic(
    number=float,
    exp=math.exp,
    log=_float_log,
    log1p=math.log1p,
    sqrt=math.sqrt,
    mills=_float_mills,
    where=lambda condition, a, b: a if condition else b,
    minimum=lambda a, b: a if a < b else b,
    maximum=lambda a, b: a if a > b else b,
    copysign=math.copysign,
    discount=lambda rate, time: math.exp(-rate * time),
    distance=_float_distance,
    ratio=_float_ratio,
    product=_float_product,
    compile=_identity,
)

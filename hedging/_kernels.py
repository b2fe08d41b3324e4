"""Bare-number inner loops: values, raw derivatives and implied vol of floats and arrays. No checks here.

The formulas are those of `_formulas` and `_implied`, on Python floats or on numpy arrays. Large arrays are cut
into blocks that stay in the cache and shared out over threads (numpy lets go of the interpreter lock inside its
loops). Where numba is installed, the compiled loops of `_kernels_fast` do the blocks.
"""

from __future__ import annotations

import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hedging._formulas import (
    BLOCK,
    COIN,
    DONE,
    FIRST,
    HIGHER,
    INV_SQRT_2PI,
    MILLS,
    OTHER,
    OVERFLOW,
    REFUSED,
    Arithmetic,
    Function,
    build_black,
    build_moneyness,
    build_price,
    build_terms,
    evaluate_mills,
)
from hedging._implied import build_implied

__all__ = [
    "BLOCK",
    "COIN",
    "black76",
    "black_scholes",
    "implied_vol",
    "one",
    "one_implied_vol",
    "raw_greeks",
    "touch",
]

Array = npt.NDArray[np.float64]
Inputs = Sequence[npt.NDArray[Any]]
Sweep = Callable[..., int]

_ON_TERMS = {**FIRST, **COIN, **OTHER}
# Entries from which the compiled loops are used: they pay from about ten on, but loading them takes most of a
# second, and results of one size should not turn on what ran before. HEDGING_FAST=0 switches them off.
_FAST = os.environ.get("HEDGING_FAST", "")
COMPILED = (int(_FAST) or sys.maxsize) if _FAST.isdecimal() else 1000
THREADED = 50_000  # entries from which a second thread pays
_RAW = ("price", "delta", "gamma", "vega", "theta")


# Arithmetic on numpy arrays ---------------------------------------------------------------------------------


def _ratio(top: Any, bottom: Any) -> Any:
    result = np.asarray(np.divide(top, bottom))
    if _any_nan(result):
        np.copyto(result, 0.0, where=np.equal(top, 0.0))
    return result


def _product(a: Any, b: Any) -> Any:
    result = np.multiply(a, b)
    return np.where(np.isnan(result), 0.0, result) if _any_nan(result) else result


def _any_nan(values: Any) -> bool:
    """Whether there may be one: a sum passes every NaN on, and turns opposite infinities into one."""
    return math.isnan(np.add.reduce(values, axis=None))


# As arrays without dimension: a Python float would be converted anew by every operation.
_MILLS = tuple(np.asarray(c) for c in reversed(MILLS))
_ONE, _FIVE, _TEN = np.asarray(1.0), np.asarray(5.0), np.asarray(10.0)
_C, _2C = np.asarray(INV_SQRT_2PI), np.asarray(2.0 * INV_SQRT_2PI)


def _mills(near: Any, far: Any) -> Any:
    """`evaluate_mills` of both in one pass and with few temporaries: this is half of all the work."""
    multiply, add = np.multiply, np.add
    y = np.empty((2, *np.shape(near)))
    y[0], y[1] = near, far
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
    return np.divide(p, add(y, _2C, y), p)


def _identity(function: Function) -> Function:
    return function


ARRAYS = Arithmetic(
    exp=np.exp,
    log=np.log,
    sqrt=np.sqrt,
    mills=_mills,
    where=np.where,
    minimum=np.minimum,
    maximum=np.maximum,
    copysign=np.copysign,
    ratio=_ratio,
    product=_product,
    compile=_identity,
)

# Arithmetic on Python floats --------------------------------------------------------------------------------

_FLOATS = Arithmetic(
    exp=math.exp,
    log=lambda x: math.log(x) if x > 0.0 else -math.inf,
    sqrt=math.sqrt,
    mills=lambda near, far: (evaluate_mills(near), evaluate_mills(far)),
    where=lambda condition, a, b: a if condition else b,
    minimum=lambda a, b: a if a < b else b,
    maximum=lambda a, b: a if a > b else b,
    copysign=math.copysign,
    ratio=lambda top, bottom: 0.0 if top == 0.0 else top / bottom if bottom else math.copysign(math.inf, top),
    product=lambda a, b: 0.0 if a == 0.0 or b == 0.0 else a * b,
    compile=_identity,
)


class _Kit(NamedTuple):
    price: Function
    terms: Function
    moneyness: Function
    implied: Function


def _kit(arithmetic: Arithmetic) -> _Kit:
    return _Kit(
        build_price(arithmetic),
        build_terms(arithmetic),
        build_moneyness(arithmetic),
        build_implied(arithmetic),
    )


_ON_ARRAYS, _ON_FLOATS = _kit(ARRAYS), _kit(_FLOATS)
_black = build_black(ARRAYS)


def _values(kit: _Kit, names: Sequence[str], inputs: Sequence[Any]) -> list[Any]:
    if tuple(names) == ("price",):
        return [kit.price(*inputs)]
    terms = kit.terms(*inputs)
    higher: Any = kit.moneyness(terms) if not HIGHER.keys().isdisjoint(names) else None
    return [HIGHER[name](terms, higher) if name in HIGHER else _ON_TERMS[name](terms) for name in names]


# Whole calls ------------------------------------------------------------------------------------------------


class Workspace(threading.local):
    """Rows for the inputs and results of one thread's block: kept, because fresh memory costs."""

    def __init__(self) -> None:
        self.inputs = np.empty((7, BLOCK))
        self.outputs = np.empty((len(FIRST) + len(HIGHER)) * BLOCK)


_workspace = Workspace()


def one(names: Sequence[str], *inputs: float) -> list[float] | None:
    """Raw values of one option given as floats (w, S, K, T, r, vol, q); None where floats cannot say it."""
    try:
        return _values(_ON_FLOATS, names, inputs)
    except ArithmeticError:  # overflow, or a division by zero that arrays answer with infinity
        return None


def one_implied_vol(*inputs: float) -> tuple[float, float] | None:
    """`implied_vol` of one price given as floats; None where floats cannot say it."""
    try:
        found: tuple[float, float] = _ON_FLOATS.implied(*inputs)
        return found
    except (ArithmeticError, ValueError):
        return None


def black_scholes(
    names: Sequence[str],
    inputs: Inputs,
    shape: tuple[int, ...],
    bounds: Array | None = None,
    scales: Sequence[float] | None = None,
) -> list[Array] | None:
    """Values by name, raw or times `scales`, of flag, S, K, T, r, vol, q, which broadcast to `shape`.

    Derivatives are per 1.00 of each variable and per year; those to time are to calendar time. With the
    forward as spot and the rate as yield this is Black-76, the forward held fixed. Limits at zero time and vol
    are those from above; on the kink gamma is infinite. Flags are the code
    points of 'c' and 'p' as uint32. None if there are `bounds`, two rows, and an input breaks them.

    Raises
    ------
    FloatingPointError
        If there are `bounds` and a value comes out NaN all the same: discount factors overflow.
    """
    sweep: Sweep = partial(_sweep, partial(_values_of_rows, names))
    if all(name in FIRST or name in HIGHER for name in names) and (fast := _fast(shape)) is not None:
        sweep = partial(fast.sweep, fast.value_rows(names))
    return _fill(sweep, inputs, shape, bounds, scales or [1.0] * len(names))


def implied_vol(inputs: Inputs, shape: tuple[int, ...], bounds: Array | None = None) -> list[Array] | None:
    """Vol and status (of `_implied`) of flag, S, K, T, r, p, q; the vol means nothing unless the status is 0.

    None if there are `bounds` and an input breaks them.
    """
    fast = _fast(shape)
    sweep = partial(_sweep, _implied_of_rows) if fast is None else partial(fast.sweep, fast.IMPLIED_ROWS)
    return _fill(sweep, inputs, shape, bounds, (1.0, 1.0))


def _values_of_rows(names: Sequence[str], x: Array) -> list[Array]:
    return _values(_ON_ARRAYS, names, list(x))


def _implied_of_rows(x: Array) -> tuple[Array, Array]:
    found: tuple[Array, Array] = _ON_ARRAYS.implied(*x)
    return found


def _fast(shape: tuple[int, ...]) -> Any:
    """The compiled loops, where they pay and are to be had."""
    return _loops() if math.prod(shape) >= COMPILED else None


@cache
def _loops() -> Any:
    if find_spec("numba") is None:
        return None
    from hedging import _kernels_fast

    return _kernels_fast


def _fill(
    sweep: Sweep, inputs: Inputs, shape: tuple[int, ...], bounds: Array | None, scales: Sequence[float]
) -> list[Array] | None:
    """Results of the shape, on as many threads as pay; None if an input is refused."""
    size = math.prod(shape)
    columns = [_column(values, shape) for values in inputs]
    out = np.empty((len(scales), size))  # in one piece: the system hands it out in large pages
    part = partial(sweep, columns, bounds, scales, out, _workspace)
    threads = min(_cores(), size // (THREADED // 2)) if size >= THREADED else 1
    if threads <= 1:
        outcome = part(0, size)
    else:
        edges = [size * k // threads for k in range(threads + 1)]
        with ThreadPoolExecutor(threads) as pool:
            outcome = max(pool.map(part, edges[:-1], edges[1:]))
    if outcome == OVERFLOW:
        raise FloatingPointError
    return None if outcome == REFUSED else list(out.reshape(len(scales), *shape))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _sweep(
    compute: Callable[[Array], Sequence[Array]],
    columns: Inputs,
    bounds: Array | None,
    scales: Sequence[float],
    out: Array,
    space: Workspace,
    first: int,
    last: int,
) -> int:
    """Fill a range of `out`, block by block."""
    for k, column in enumerate(columns):
        if not column.ndim:
            _load(space.inputs[k, : min(BLOCK, last - first)], column)
    with np.errstate(all="ignore"):
        for start in range(first, last, BLOCK):
            part = slice(start, min(start + BLOCK, last))
            x = space.inputs[:, : part.stop - start]
            for k, column in enumerate(columns):
                if column.ndim:
                    _load(x[k], column[part])
            if bounds is not None and not _hold(x, bounds):
                return REFUSED
            for row, values, scale in zip(out, compute(x), scales, strict=True):
                result = np.multiply(values, scale, row[part])
                if bounds is not None and _any_nan(result) and np.isnan(result).any():
                    return OVERFLOW
    return DONE


# +1 at the code point of 'c', -1 at that of 'p'; NaN at any other, and beyond the end, which `take` clips.
_SIGN_OF_CODE = np.full(128, np.nan)
_SIGN_OF_CODE[ord("c")], _SIGN_OF_CODE[ord("p")] = 1.0, -1.0


def _load(row: Array, values: npt.NDArray[Any]) -> None:
    if values.dtype != np.uint32:
        np.add(values, 0.0, row)  # makes -0.0 a 0.0, whose inverse and root have the other sign
    elif values.ndim:
        _SIGN_OF_CODE.take(values, mode="clip", out=row)
    else:
        row[...] = _SIGN_OF_CODE.take(values, mode="clip")


def _hold(x: Array, bounds: Array) -> bool:
    """Whether every row lies within its bounds; NaN spreads through the minimum and so does not."""
    if not x.size:
        return True
    low, high = np.minimum.reduce(x, axis=1), np.maximum.reduce(x, axis=1)
    return bool(((low >= bounds[0]) & (high <= bounds[1])).all())


def _column(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The entries in order as one contiguous run, or a scalar that stands for all of them."""
    if values.size == 1:
        return values.reshape(())
    if values.shape != shape:
        values = np.broadcast_to(values, shape)
    return np.ascontiguousarray(values).reshape(-1)


def touch(spot: Array, level: Array, time_to_expiry: Array, rate: Array, vol: Array, carry: Array) -> Array:
    """Probability that spot reaches the level by then; `carry` is the dividend yield."""
    from scipy.special import log_ndtr, ndtr

    with np.errstate(all="ignore"):
        distance = np.log(level / spot)
        drift = np.where(distance > 0, 1.0, -1.0) * (rate - carry - 0.5 * vol * vol) * time_to_expiry
        distance = np.abs(distance)
        s = vol * np.sqrt(time_to_expiry)
        direct = ndtr((drift - distance) / s)
        reflected = np.exp(2.0 * drift * distance / (s * s) + log_ndtr(-(drift + distance) / s))
        sure = np.where(s > 0, np.minimum(direct + reflected, 1.0), 1.0 * (drift >= distance))
        return np.where(distance == 0, 1.0, np.where(np.isinf(distance), 0.0, sure))


# For engines inside the library -----------------------------------------------------------------------------


def black76(
    phi: npt.ArrayLike,
    forward: npt.ArrayLike,
    strike: npt.ArrayLike,
    total_sd: npt.ArrayLike,
    out: Array | None = None,
) -> Array:
    """Undiscounted Black-76 value: arrays of any shapes that broadcast, `phi` +1 for calls, -1 for puts.

    `total_sd` is vol * sqrt(T); at 0 the value is exactly the intrinsic one. Nothing is checked.
    """
    w, F, K, s = (np.asarray(v, dtype=np.float64) for v in (phi, forward, strike, total_sd))
    shape = np.broadcast_shapes(w.shape, F.shape, K.shape, s.shape)
    if math.prod(shape) <= BLOCK:
        with np.errstate(all="ignore"):
            value = np.asarray(_black(w, F, K, np.log(F / K), s))
    else:  # as a year at no rate, in blocks; never compiled, so that no bit turns on the size of a call
        one_year, no_rate = np.asarray(1.0), np.asarray(0.0)
        inputs: list[npt.NDArray[Any]] = [_codes(w), F, K, one_year, no_rate, s, no_rate]
        sweep = partial(_sweep, partial(_values_of_rows, ("price",)))
        value = (_fill(sweep, inputs, shape, None, (1.0,)) or [one_year])[0]  # nothing is refused
    if out is None:
        return value
    out[...] = value
    return out


def _codes(phi: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    return np.where(np.asarray(phi) > 0, ord("c"), ord("p")).astype(np.uint32)


def raw_greeks(
    phi: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    time_to_expiry: npt.ArrayLike,
    rate: npt.ArrayLike,
    vol: npt.ArrayLike,
    dividend_yield: npt.ArrayLike = 0.0,
) -> list[Array]:
    """Price, delta, gamma, vega and theta at once, raw and unchecked."""
    numbers = (spot, strike, time_to_expiry, rate, vol, dividend_yield)
    inputs: list[npt.NDArray[Any]] = [_codes(phi)]
    inputs += [np.asarray(v, dtype=np.float64) for v in numbers]
    found = black_scholes(_RAW, inputs, np.broadcast_shapes(*(v.shape for v in inputs)))
    return found or []  # without `prepare` nothing is refused

"""Bare-number inner loops: values, raw derivatives and implied vol of floats and arrays. No checks here.

The formulas are those of `_formulas` and `_implied`, on Python floats or on numpy arrays. Large arrays are cut
into blocks that stay in the cache and shared out over threads (numpy lets go of the interpreter lock inside its
loops). Where numba is installed, the compiled loops of `_kernels_fast` do the blocks.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hedging._formulas import (
    COIN,
    FIRST,
    HIGHER,
    MILLS,
    OTHER,
    Arithmetic,
    Function,
    build_moneyness,
    build_price,
    build_terms,
    build_black,
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
Blocks = Sequence[npt.NDArray[Any]]
Prepare = Callable[[Blocks], list[Array] | None]

_ON_TERMS = {**FIRST, **COIN, **OTHER}
BLOCK = 8192
COMPILED = 1000  # entries from which the compiled loops pay, once they are loaded
THREADED = 50_000  # entries from which a second thread pays
_RAW = ("price", "delta", "gamma", "vega", "theta")


# Arithmetic on numpy arrays ---------------------------------------------------------------------------------


def _ratio(top: Any, bottom: Any) -> Any:
    result = np.asarray(np.divide(top, bottom))
    np.copyto(result, 0.0, where=np.equal(top, 0.0))
    return result


def _product(a: Any, b: Any) -> Any:
    result = np.multiply(a, b)
    return np.where(np.isnan(result), 0.0, result)


# As arrays without dimension: a Python float would be converted anew by every operation.
_MILLS = tuple(np.asarray(c) for c in reversed(MILLS))
_FOUR, _ONE = np.asarray(4.0), np.asarray(1.0)


def _mills(near: Any, far: Any) -> Any:
    """`evaluate_mills` of both in one pass and without temporaries: this is half of all the work."""
    multiply, add = np.multiply, np.add
    y = np.empty((2, *np.shape(near)))
    y[0], y[1] = near, far
    t = np.reciprocal(add(y, _FOUR))
    z = add(y, y, y)
    multiply(z, t, z)
    np.subtract(z, _ONE, z)
    p = multiply(z, _MILLS[0])
    add(p, _MILLS[1], p)
    for coefficient in _MILLS[2:]:
        multiply(p, z, p)
        add(p, coefficient, p)
    return multiply(p, t, p)


def _identity(function: Function) -> Function:
    return function


_ARRAYS = Arithmetic(
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


_ON_ARRAYS, _ON_FLOATS = _kit(_ARRAYS), _kit(_FLOATS)
_black = build_black(_ARRAYS)


def _values(kit: _Kit, names: Sequence[str], inputs: Sequence[Any]) -> list[Any]:
    if tuple(names) == ("price",):
        return [kit.price(*inputs)]
    terms = kit.terms(*inputs)
    higher: Any = kit.moneyness(terms) if not HIGHER.keys().isdisjoint(names) else None
    return [HIGHER[name](terms, higher) if name in HIGHER else _ON_TERMS[name](terms) for name in names]


# Whole calls ------------------------------------------------------------------------------------------------


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
    inputs: Blocks,
    shape: tuple[int, ...],
    prepare: Prepare | None = None,
    scales: Sequence[float] | None = None,
) -> list[Array] | None:
    """Values by name, raw or times `scales`, of w, S, K, T, r, vol, q, which broadcast to `shape`.

    Derivatives are per 1.00 of each variable and per year; those to time are to calendar time. With the
    forward as spot and the rate as yield this is Black-76, the forward held fixed. Limits at zero time and vol
    are those from above; on the kink gamma is infinite. None if `prepare` refuses a block.

    Raises
    ------
    FloatingPointError
        If there is a `prepare` and a value comes out NaN all the same: discount factors overflow.
    """
    outputs = [np.empty(shape) for _ in names]
    workers = partial(partial, _values, _ON_ARRAYS, names)
    if all(name in FIRST or name in HIGHER for name in names) and (fast := _fast(shape)) is not None:
        workers = partial(fast.values, names)
    done = _sweep(workers, inputs, outputs, shape, prepare, scales or [1.0] * len(outputs))
    return outputs if done else None


def implied_vol(
    inputs: Blocks, shape: tuple[int, ...], prepare: Prepare | None = None
) -> tuple[Array, Array] | None:
    """Vol and status (of `_implied`) of p, w, S, K, T, r, q; the vol means nothing unless the status is 0."""
    vol, status = np.empty(shape), np.empty(shape)
    fast = _fast(shape)
    workers = _implied_on_arrays if fast is None else fast.implied
    done = _sweep(workers, inputs, [vol, status], shape, prepare, [1.0, 1.0])
    return (vol, status) if done else None


def _implied_on_arrays() -> Callable[[Sequence[Array]], Sequence[Array]]:
    return lambda blocks: _ON_ARRAYS.implied(*blocks)


def _fast(shape: tuple[int, ...]) -> Any:
    """The compiled loops, where they pay and are to be had."""
    return _loops() if math.prod(shape) >= COMPILED else None


@cache
def _loops() -> Any:
    if os.environ.get("HEDGING_FAST", "1") == "0" or find_spec("numba") is None:
        return None
    from hedging import _kernels_fast

    return _kernels_fast


def _sweep(
    workers: Callable[[], Callable[[Sequence[Array]], Sequence[Any]]],
    inputs: Blocks,
    outputs: Sequence[Array],
    shape: tuple[int, ...],
    prepare: Prepare | None,
    scales: Sequence[float],
) -> bool:
    """Fill the outputs block by block; each thread asks `workers` for a function of its own."""
    size = math.prod(shape)
    columns = [_column(values, shape) for values in inputs]
    rows = [out.reshape(-1) for out in outputs]

    def sweep(first: int, last: int) -> bool:
        compute = workers()
        with np.errstate(all="ignore"):
            for start in range(first, last, BLOCK):
                part = slice(start, min(start + BLOCK, last))
                blocks = [c[part] if c.ndim else c for c in columns]
                ready = blocks if prepare is None else prepare(blocks)
                if ready is None:
                    return False
                for row, values, scale in zip(rows, compute(ready), scales, strict=True):
                    np.multiply(values, scale, out=row[part])
                    # A sum passes every NaN on; one of opposite infinities is looked at again.
                    if (
                        prepare is not None
                        and np.isnan(np.add.reduce(row[part]))
                        and np.isnan(row[part]).any()
                    ):
                        raise FloatingPointError
        return True

    threads = min(len(os.sched_getaffinity(0)), size // (THREADED // 2)) if size >= THREADED else 1
    if threads <= 1:
        return sweep(0, size)
    edges = np.linspace(0, size, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        return all(list(pool.map(sweep, edges[:-1].tolist(), edges[1:].tolist())))


def _column(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The entries in order as one contiguous run, or a scalar that stands for all of them."""
    if values.size == 1:
        return values.reshape(())
    return np.ascontiguousarray(values if values.shape == shape else np.broadcast_to(values, shape)).reshape(
        -1
    )


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
    with np.errstate(all="ignore"):
        value = np.asarray(_black(w, F, K, np.log(F / K), s))
    if out is None:
        return value
    out[...] = value
    return out


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
    inputs = [
        np.asarray(v, dtype=np.float64)
        for v in (phi, spot, strike, time_to_expiry, rate, vol, dividend_yield)
    ]
    found = black_scholes(_RAW, inputs, np.broadcast_shapes(*(v.shape for v in inputs)))
    return found or []  # without `prepare` nothing is refused

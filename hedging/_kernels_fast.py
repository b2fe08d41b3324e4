"""The loops of `_kernels` compiled by numba: the same formulas on branch-free polynomials.

Compiling alone gains nothing: calls of exp, log and erfc into the C library keep a loop scalar. Written as
polynomials they disappear into straight-line arithmetic that the compiler lays out four or eight options abreast.
Inputs and results of a loop are two arrays cut into rows of fixed length, because it would otherwise have to
prove at run time that a dozen arrays do not overlap, and gives up.

Imported only where numba is installed. The machine code is kept on disk beside this file.
"""

from __future__ import annotations

import inspect
import math
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import float64, int64, njit
from numba.extending import intrinsic

from hedging import _formulas, _implied
from hedging._formulas import (
    FIRST,
    HIGHER,
    Arithmetic,
    Function,
    build_moneyness,
    build_price,
    build_terms,
    evaluate_mills,
)

Array = npt.NDArray[np.float64]

ROW = 8192  # entries of one row of a workspace, the largest block
# Contraction lets a * b + c be one instruction; nothing else is relaxed, so NaN and infinity mean what they say.
_jit = njit(fastmath={"contract"}, error_model="numpy", forceinline=True)
_SOURCE = zlib.crc32("".join(map(inspect.getsource, (_formulas, _implied))).encode())


def _cached(loop: Function) -> Function:
    # numba's cache sees changes of this file only; the others are put into the name it files the code under
    loop.__qualname__ = f"{loop.__qualname__}_{_SOURCE:08x}"
    compiled: Function = njit(fastmath={"contract"}, error_model="numpy", nogil=True, cache=True)(loop)
    return compiled


def _as_bits(_context: Any, _number: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return int64(float64), generate


def _as_number(_context: Any, _bits: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return float64(int64), generate


_bits: Any = intrinsic(_as_bits)
_number: Any = intrinsic(_as_number)

_EXP = tuple(1.0 / math.factorial(k) for k in range(14))  # on |x| < ln(2)/2 the next term is below 1e-17
_LOG = tuple(2.0 / (2 * k + 1) for k in range(12))  # 2 atanh(f) / f in f^2, f^2 < 0.0295: next below 1e-18
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # fdlibm's split of ln 2
_SHIFT = 1.5 * 2.0**52  # adding it rounds to an integer, in the low bits
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_SMALLEST = 2.0**-1022


@_jit
def _exp(x: float) -> float:
    inside = x if x > -745.2 else -745.2
    inside = inside if inside < 709.79 else 709.79
    shifted = inside * 1.4426950408889634 + _SHIFT
    k = shifted - _SHIFT
    r = (inside - k * _LN2_HIGH) - k * _LN2_LOW
    p = _EXP[13]
    for i in range(12, -1, -1):
        p = p * r + _EXP[i]
    # 2^k in two factors, so that results below the smallest normal number come out gradually
    n = (_bits(shifted) << 32) >> 32
    half = n >> 1
    p = p * _number((half + 1023) << 52) * _number((n - half + 1023) << 52)
    p = p if x > -745.2 else 0.0
    p = p if x < 709.79 else math.inf
    return p if x == x else x


@_jit
def _log(x: float) -> float:
    tiny = x < _SMALLEST
    bits = _bits(x * 2.0**54 if tiny else x)
    e = (bits - _SQRT_HALF_BITS) >> 52
    m = _number(bits - (e << 52))
    f = (m - 1.0) / (m + 1.0)
    g = f * f
    p = _LOG[11]
    for i in range(10, -1, -1):
        p = p * g + _LOG[i]
    k = e - 54.0 if tiny else e + 0.0
    p = k * _LN2_HIGH + (f * p + k * _LN2_LOW)
    p = p if x > 0.0 else -math.inf
    return p if x < math.inf else x


_one_mills = _jit(evaluate_mills)


@_jit
def _mills(near: float, far: float) -> tuple[float, float]:
    return _one_mills(near), _one_mills(far)


@_jit
def _where(condition: bool, a: float, b: float) -> float:
    return a if condition else b


@_jit
def _minimum(a: float, b: float) -> float:
    return a if a < b else b


@_jit
def _maximum(a: float, b: float) -> float:
    return a if a > b else b


@_jit
def _copysign(size: float, sign: float) -> float:
    return -size if sign < 0.0 else size


@_jit
def _ratio(top: float, bottom: float) -> float:
    result = top / bottom
    return result if top != 0.0 else 0.0


@_jit
def _product(a: float, b: float) -> float:
    result = a * b
    return result if result == result else 0.0


_MACHINE = Arithmetic(
    exp=_exp,
    log=_log,
    sqrt=math.sqrt,
    mills=_mills,
    where=_where,
    minimum=_minimum,
    maximum=_maximum,
    copysign=_copysign,
    ratio=_ratio,
    product=_product,
    compile=_jit,
)
_price = build_price(_MACHINE)
_terms = build_terms(_MACHINE)
_moneyness = build_moneyness(_MACHINE)
_implied_vol = _implied.build_implied(_MACHINE)

(_f0, _f1, _f2, _f3, _f4, _f5, _f6, _f7, _f8) = (_jit(f) for f in FIRST.values())
(_h0, _h1, _h2, _h3, _h4, _h5, _h6, _h7, _h8) = (_jit(f) for f in HIGHER.values())


@_cached
def _price_loop(x: Array, out: Array, n: int) -> None:
    for i in range(n):
        out[i] = _price(
            x[i], x[ROW + i], x[2 * ROW + i], x[3 * ROW + i], x[4 * ROW + i], x[5 * ROW + i], x[6 * ROW + i]
        )


@_cached
def _first_loop(x: Array, out: Array, n: int) -> None:
    for i in range(n):
        t = _terms(
            x[i], x[ROW + i], x[2 * ROW + i], x[3 * ROW + i], x[4 * ROW + i], x[5 * ROW + i], x[6 * ROW + i]
        )
        out[i] = _f0(t)
        out[ROW + i] = _f1(t)
        out[2 * ROW + i] = _f2(t)
        out[3 * ROW + i] = _f3(t)
        out[4 * ROW + i] = _f4(t)
        out[5 * ROW + i] = _f5(t)
        out[6 * ROW + i] = _f6(t)
        out[7 * ROW + i] = _f7(t)
        out[8 * ROW + i] = _f8(t)


@_cached
def _higher_loop(x: Array, out: Array, n: int) -> None:
    for i in range(n):
        t = _terms(
            x[i], x[ROW + i], x[2 * ROW + i], x[3 * ROW + i], x[4 * ROW + i], x[5 * ROW + i], x[6 * ROW + i]
        )
        u = _moneyness(t)
        out[i] = _h0(t, u)
        out[ROW + i] = _h1(t, u)
        out[2 * ROW + i] = _h2(t, u)
        out[3 * ROW + i] = _h3(t, u)
        out[4 * ROW + i] = _h4(t, u)
        out[5 * ROW + i] = _h5(t, u)
        out[6 * ROW + i] = _h6(t, u)
        out[7 * ROW + i] = _h7(t, u)
        out[8 * ROW + i] = _h8(t, u)


@_cached
def _implied_loop(x: Array, out: Array, n: int) -> None:
    for i in range(n):
        vol, status = _implied_vol(
            x[i], x[ROW + i], x[2 * ROW + i], x[3 * ROW + i], x[4 * ROW + i], x[5 * ROW + i], x[6 * ROW + i]
        )
        out[i] = vol
        out[ROW + i] = status


class _Workspace:
    """Rows that the loops of one thread read and write; scalars are laid out once."""

    def __init__(self, *heights: int) -> None:
        self.inputs = np.empty(7 * ROW)
        self.outputs = [np.empty(height * ROW) for height in heights]
        self.filled = [0] * 7

    def load(self, blocks: Sequence[Array]) -> int:
        n = max(block.size for block in blocks)
        for k, block in enumerate(blocks):
            if block.ndim or self.filled[k] < n:
                self.inputs[k * ROW : k * ROW + n] = block
                self.filled[k] = 0 if block.ndim else n
        return n

    def row(self, which: int, k: int, n: int) -> Array:
        return self.outputs[which][k * ROW : k * ROW + n]


def values(names: Sequence[str]) -> Callable[[Sequence[Array]], list[Array]]:
    """Return a function of blocks (w, S, K, T, r, vol, q) that gives the values by name, for one thread."""
    only_price = tuple(names) == ("price",)
    first, higher = list(FIRST), list(HIGHER)
    space = _Workspace(1 if only_price else len(first), len(higher))
    places = [(0, first.index(name)) if name in FIRST else (1, higher.index(name)) for name in names]
    loops = [
        _price_loop if only_price else _first_loop if any(n in FIRST for n in names) else None,
        _higher_loop if any(n in HIGHER for n in names) else None,
    ]

    def compute(blocks: Sequence[Array]) -> list[Array]:
        n = space.load(blocks)
        for loop, out in zip(loops, space.outputs, strict=True):
            if loop is not None:
                loop(space.inputs, out, n)
        return [space.row(which, k, n) for which, k in places]

    return compute


def implied() -> Callable[[Sequence[Array]], list[Array]]:
    """Return a function of blocks (p, w, S, K, T, r, q) that gives vol and status, for one thread."""
    space = _Workspace(2)

    def compute(blocks: Sequence[Array]) -> list[Array]:
        n = space.load(blocks)
        _implied_loop(space.inputs, space.outputs[0], n)
        return [space.row(0, 0, n), space.row(0, 1, n)]

    return compute

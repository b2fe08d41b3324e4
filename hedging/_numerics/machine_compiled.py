"""The arithmetic that compiled loops are made of: exp, log and Mills' ratio as branch-free polynomials.

Calls into the C library keep a loop scalar; these disappear into straight-line arithmetic that the compiler lays out
four or eight options abreast. Imported only where numba is installed.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import float64, int64, njit, void
from numba.extending import intrinsic

from hedging._numerics.formulas import FAR, Arithmetic, evaluate_mills

# Contraction lets a * b + c be one instruction; nothing else is relaxed, so NaN and infinity mean what they say.
_jit = njit(fastmath={"contract"}, error_model="numpy", forceinline=True)


def _as_bits(_context: Any, _number: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return int64(float64), generate


def _as_number(_context: Any, _bits: Any) -> Any:
    def generate(_ctx: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return float64(int64), generate


def _as_wide(_context: Any) -> Any:
    def generate(context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        # Eight abreast where the processor can: compilers stop at four of their own accord, which takes implied
        # vols a fifth longer. A set's `add`, because its own knows no such name.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return void(), generate


def _as_prefetch(_context: Any, array: Any, _index: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(sig.args[0])(context, builder, args[0]).data
        place, flag = (
            builder.bitcast(builder.gep(data, [args[1]]), ir.IntType(8).as_pointer()),
            ir.IntType(32),
        )
        kind = ir.FunctionType(ir.VoidType(), [place.type, flag, flag, flag])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [place.type], kind)
        builder.call(fetch, [place, flag(0), flag(3), flag(1)])  # to read, into the first cache, data
        return context.get_dummy_value()

    return void(array, int64), generate


_bits: Any = intrinsic(_as_bits)
_prefetch: Any = intrinsic(_as_prefetch)
_eight_abreast: Any = intrinsic(_as_wide)
_number: Any = intrinsic(_as_number)

# exp(r) = 1 + r + r^2 p(r): on |r| < ln(2)/2 the next term is below 1e-17
(_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9, _E10, _E11) = (
    1.0 / math.factorial(k) for k in range(2, 14)
)
# ln((1+f)/(1-f)) = 2 f + f p(f^2) f^2: where f^2 < 0.0295 the next term is below 1e-18
(_L0, _L1, _L2, _L3, _L4, _L5, _L6, _L7, _L8, _L9, _L10) = (2.0 / k for k in range(3, 25, 2))
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # fdlibm's split of ln 2
_SHIFT = 1.5 * 2.0**52  # adding it rounds to an integer, in the low bits
_SHIFT_BITS = 0x4338000000000000
_SQRT_HALF_BITS = 0x3FE6A09E667F3BCD
_SMALLEST = 2.0**-1022


# The polynomials run as several side by side, in powers of the square or cube: see `evaluate_mills`.
@_jit
def _exp(x: float) -> float:
    # Results below the smallest normal number are 0: to make one takes a processor as long as eight options.
    low, high = x < -708.39, x > 709.78  # NaN is neither, and stays
    y = 0.0 if low | high else x
    shifted = y * 1.4426950408889634 + _SHIFT
    k = shifted - _SHIFT
    r = (y - k * _LN2_HIGH) - k * _LN2_LOW
    r2 = r * r
    r3 = r2 * r
    p0 = ((_E9 * r3 + _E6) * r3 + _E3) * r3 + _E0
    p1 = ((_E10 * r3 + _E7) * r3 + _E4) * r3 + _E1
    p2 = ((_E11 * r3 + _E8) * r3 + _E5) * r3 + _E2
    p = 1.0 + (r + r2 * (p0 + (r * p1 + r2 * p2)))
    p = _number(_bits(p) + (_bits(shifted) << 52))  # times 2^k
    p = 0.0 if low else p
    return math.inf if high else p


@_jit
def _log(x: float) -> float:
    tiny = x < _SMALLEST
    bits = _bits(x * 2.0**54 if tiny else x)
    e = (bits - _SQRT_HALF_BITS) >> 52
    m = _number(bits - (e << 52))
    f = (m - 1.0) / (m + 1.0)
    g = f * f
    g3 = g * g * g
    p0 = ((_L9 * g3 + _L6) * g3 + _L3) * g3 + _L0
    p1 = ((_L10 * g3 + _L7) * g3 + _L4) * g3 + _L1
    p2 = (_L8 * g3 + _L5) * g3 + _L2
    p = g * (p0 + g * (p1 + g * p2))
    k = _number(e + _SHIFT_BITS) - (_SHIFT + 54.0 if tiny else _SHIFT)  # what e is as a float
    p = k * _LN2_HIGH + (2.0 * f + (f * p + k * _LN2_LOW))
    p = p if x > 0.0 else -math.inf
    return p if x < math.inf else x


_one_mills = _jit(evaluate_mills)


@_jit
def _copysign(size: float, sign: float) -> float:
    return -size if sign < 0.0 else size


@_jit
def _signed_mills(d: float) -> float:
    return _copysign(_one_mills(abs(d)), d)


@_jit
def _mills(d1: float, d2: float) -> tuple[float, float]:
    return _signed_mills(d1), _signed_mills(d2)


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
def _log1p(y: float) -> float:
    return y - 0.5 * y * y if y < 1e-3 else _log(1.0 + y)  # to seven digits: it serves a start


@_jit
def _discount(rate: float, time: float) -> float:
    return _exp(-rate * time)


@_jit
def _distance(x: float, s: float) -> float:
    d = x / s
    d = d if d < FAR else FAR
    d = d if d > -FAR else -FAR
    return d if x != 0.0 else 0.0


@_jit
def _ratio(top: float, bottom: float) -> float:
    result = top / bottom
    return result if top != 0.0 else 0.0


@_jit
def _product(a: float, b: float) -> float:
    result = a * b
    return result if result == result else 0.0


_MACHINE = Arithmetic(
    number=float,
    exp=_exp,
    log=_log,
    log1p=_log1p,
    sqrt=math.sqrt,
    mills=_mills,
    where=_where,
    minimum=_minimum,
    maximum=_maximum,
    copysign=_copysign,
    discount=_discount,
    distance=_distance,
    ratio=_ratio,
    product=_product,
    compile=_jit,
)

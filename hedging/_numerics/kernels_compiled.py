"""The loops of `_kernels` compiled by numba: the same formulas on branch-free polynomials.

Compiling alone gains nothing: calls of exp, log and erfc into the C library keep a loop scalar. Written as
polynomials they disappear into straight-line arithmetic that the compiler lays out four or eight options abreast.
Inputs and results of a loop are two arrays cut into rows of fixed length, because it would otherwise have to
prove at run time that a dozen arrays do not overlap, and gives up.

Imported only where numba is installed. The machine code is kept on disk beside this file,
or in the user's cache; where neither can be written to, every process compiles anew.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from hedging._numerics import formulas, implied, machine_compiled
from hedging._numerics.formulas import (
    DONE,
    FIRST,
    HIGHER,
    OVERFLOW,
    REFUSED,
    Function,
    build_moneyness,
    build_price,
    build_terms,
    build_values,
)
from hedging._numerics.machine_compiled import _MACHINE, _eight_abreast, _jit
from hedging._numerics.types import Array

Codes = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.intp]

CHUNK = 256  # entries of a row: all rows of a loop fit in a core's first cache
PRICE, FIRST_ORDER, EVERY, IMPLIED = range(4)  # the loops
CALL, PUT = ord("c"), ord("p")

_SOURCE = zlib.crc32("".join(map(inspect.getsource, (formulas, implied, machine_compiled))).encode())


def _cached(loop: Function) -> Function:
    # numba's cache sees changes of this file only; the others are put into the name it files the code under
    loop.__qualname__ = f"{loop.__qualname__}_{_SOURCE:08x}"
    jit = partial(njit, fastmath={"contract"}, error_model="numpy", nogil=True)
    try:
        compiled: Function = jit(cache=True)(loop)
    except RuntimeError:  # neither this directory nor the user's own can be written to
        compiled = jit()(loop)
    return compiled


_ROWS = (*FIRST, *HIGHER)

_price = build_price(_MACHINE)
_terms = build_terms(_MACHINE)
_moneyness = build_moneyness(_MACHINE)
_implied_vol = implied.build_implied(_MACHINE)

_values = build_values(_MACHINE)
(_f0, _f1, _f2, _f3, _f4, _f5, _f6, _f7, _f8) = (_jit(_values[name]) for name in FIRST)
(_h0, _h1, _h2, _h3, _h4, _h5, _h6, _h7, _h8) = (_jit(f) for f in HIGHER.values())


@_jit
def _entry(x: Array, i: int) -> tuple[float, ...]:
    return (
        x[i],
        x[CHUNK + i],
        x[2 * CHUNK + i],
        x[3 * CHUNK + i],
        x[4 * CHUNK + i],
        x[5 * CHUNK + i],
        x[6 * CHUNK + i],
    )


@_cached
def _load(
    x: Array, codes: Codes, columns: tuple[Array, ...], bounds: Array, check: bool, start: int, n: int
) -> bool:
    """Copy a block into the rows of x; True if an entry breaks its bounds, as NaN does."""
    # Slices, because an index that might be negative keeps a loop scalar; conditions counted, because joined
    # ones do too.
    bad = 0
    if codes.size > 1:
        source = codes[start : start + n]
        for i in range(n):
            x[i] = 1.0 if source[i] == CALL else -1.0
            bad += 0 if (source[i] == CALL) | (source[i] == PUT) else 1
    else:
        bad += 0 if (codes[0] == CALL) | (codes[0] == PUT) else 1
        x[:n] = 1.0 if codes[0] == CALL else -1.0
    for k in range(1, 7):
        column, low, high = columns[k - 1], bounds[0, k], bounds[1, k]
        row = x[k * CHUNK : k * CHUNK + n]
        if column.size > 1:
            values = column[start : start + n]
            for i in range(n):
                row[i] = values[i] + 0.0  # makes -0.0 a 0.0
                bad += 0 if (values[i] >= low) & (values[i] <= high) else 1
        else:
            bad += 0 if (column[0] >= low) & (column[0] <= high) else 1
            row[:] = column[0] + 0.0
    return check and bad > 0


@_cached
def _store(y: Array, rows: Rows, scales: Array, out: Array, start: int, n: int) -> bool:
    """Copy the rows asked for from y to the results; True if one of them is NaN."""
    bad = 0
    for k in range(rows.size):
        values, scale = y[rows[k] * CHUNK : rows[k] * CHUNK + n], scales[k]
        target = out[k, start : start + n]
        for i in range(n):
            value = values[i] * scale
            target[i] = value
            bad += 1 if value != value else 0
    return bad > 0


@_cached
def _price_loop(x: Array, y: Array, n: int) -> None:
    _eight_abreast()
    for i in range(n):
        y[i] = _price(*_entry(x, i))


@_cached
def _first_loop(x: Array, y: Array, n: int) -> None:
    _eight_abreast()
    for i in range(n):
        t = _terms(*_entry(x, i))
        y[i] = _f0(t)
        y[CHUNK + i] = _f1(t)
        y[2 * CHUNK + i] = _f2(t)
        y[3 * CHUNK + i] = _f3(t)
        y[4 * CHUNK + i] = _f4(t)
        y[5 * CHUNK + i] = _f5(t)
        y[6 * CHUNK + i] = _f6(t)
        y[7 * CHUNK + i] = _f7(t)
        y[8 * CHUNK + i] = _f8(t)


@_cached
def _every_loop(x: Array, y: Array, n: int) -> None:
    _eight_abreast()
    for i in range(n):
        t = _terms(*_entry(x, i))
        u = _moneyness(t)
        y[i] = _f0(t)
        y[CHUNK + i] = _f1(t)
        y[2 * CHUNK + i] = _f2(t)
        y[3 * CHUNK + i] = _f3(t)
        y[4 * CHUNK + i] = _f4(t)
        y[5 * CHUNK + i] = _f5(t)
        y[6 * CHUNK + i] = _f6(t)
        y[7 * CHUNK + i] = _f7(t)
        y[8 * CHUNK + i] = _f8(t)
        y[9 * CHUNK + i] = _h0(t, u)
        y[10 * CHUNK + i] = _h1(t, u)
        y[11 * CHUNK + i] = _h2(t, u)
        y[12 * CHUNK + i] = _h3(t, u)
        y[13 * CHUNK + i] = _h4(t, u)
        y[14 * CHUNK + i] = _h5(t, u)
        y[15 * CHUNK + i] = _h6(t, u)
        y[16 * CHUNK + i] = _h7(t, u)
        y[17 * CHUNK + i] = _h8(t, u)


@_cached
def _implied_loop(x: Array, y: Array, n: int) -> None:
    _eight_abreast()
    for i in range(n):
        y[i], y[CHUNK + i] = _implied_vol(*_entry(x, i))


@_cached
def _sweep(
    codes: Codes,
    columns: tuple[Array, ...],
    bounds: Array,
    check: bool,
    loop: int,
    rows: Rows,
    scales: Array,
    out: Array,
    first: int,
    last: int,
) -> int:
    x, y = np.empty(7 * CHUNK), np.empty(18 * CHUNK)
    for start in range(first, last, CHUNK):
        n = min(CHUNK, last - start)
        if _load(x, codes, columns, bounds, check, start, n):
            return REFUSED
        if loop == PRICE:
            _price_loop(x, y, n)
        elif loop == FIRST_ORDER:
            _first_loop(x, y, n)
        elif loop == EVERY:
            _every_loop(x, y, n)
        else:
            _implied_loop(x, y, n)
        if _store(y, rows, scales, out, start, n) and check:
            return OVERFLOW
    return DONE


@cache
def value_rows(names: tuple[str, ...]) -> tuple[int, Rows]:
    """Which loop gives these values, and in which rows."""
    if names == ("price",):
        return PRICE, np.zeros(1, dtype=np.intp)
    loop = FIRST_ORDER if HIGHER.keys().isdisjoint(names) else EVERY
    return loop, np.array([_ROWS.index(name) for name in names], dtype=np.intp)


IMPLIED_ROWS = (IMPLIED, np.arange(2, dtype=np.intp))  # vol, status


def _read_only(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All of one type: numba tells arrays that may be written to from those that may not."""
    flat = column.reshape(-1)
    flat.flags.writeable = False
    return flat


def sweep(
    plan: tuple[int, Rows],
    columns: Sequence[npt.NDArray[Any]],
    bounds: Array | None,
    scales: Sequence[float],
    out: Array,
    first: int,
    last: int,
) -> int:
    """Fill a range of `out`; the outcome is DONE, or REFUSED by the bounds, or OVERFLOW within them."""
    loop, rows = plan
    codes, *others = map(_read_only, columns)
    checked = bounds is not None
    limits = np.zeros((2, 7)) if bounds is None else bounds[:, :, 0]
    return int(
        _sweep(
            codes,
            tuple(others),
            np.ascontiguousarray(limits),
            checked,
            loop,
            rows,
            np.asarray(scales, dtype=np.float64),
            out,
            first,
            last,
        )
    )

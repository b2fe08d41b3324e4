"""The compiled way through a range of options: copied chunk by chunk, checked, evaluated and written once.

Imported only where numba is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics import formulas, implied, loops_compiled, machine_compiled
from hedging._numerics.cache_compiled import cached
from hedging._numerics.formulas import DONE, FIRST, HIGHER, OVERFLOW, REFUSED
from hedging._numerics.loops_compiled import CHUNK, EVERY, FIRST_ORDER, IMPLIED, PRICE, evaluate
from hedging._numerics.machine_compiled import _eight_abreast, _prefetch
from hedging._numerics.types import Array

Codes = npt.NDArray[np.uint32]
Rows = npt.NDArray[np.intp]

CALL, PUT = ord("c"), ord("p")
_ROWS = (*FIRST, *HIGHER)

_cached = cached(formulas, implied, loops_compiled, machine_compiled)


@_cached
def _fix(x: Array, codes: Codes, columns: tuple[Array, ...], bounds: Array) -> int:
    """Fill the rows of columns of one number; how many of them break their bounds."""
    bad = 0
    if codes.size == 1:
        bad += 0 if (codes[0] == CALL) | (codes[0] == PUT) else 1
        x[:CHUNK] = 1.0 if codes[0] == CALL else -1.0
    for k in range(1, 7):
        column = columns[k - 1]
        if column.size == 1:
            bad += 0 if (column[0] >= bounds[0, k]) & (column[0] <= bounds[1, k]) else 1
            x[k * CHUNK : (k + 1) * CHUNK] = column[0] + 0.0  # makes -0.0 a 0.0
    return bad


@_cached
def _load(x: Array, codes: Codes, columns: tuple[Array, ...], bounds: Array, start: int, n: int) -> int:
    """Copy a block into the rows of x; how many entries break their bounds, as NaN does."""
    # Slices, because an index that might be negative keeps a loop scalar; conditions counted, because joined
    # ones do too.
    _eight_abreast()
    bad = 0
    if codes.size > 1:
        source = codes[start : start + n]
        for i in range(n):
            x[i] = 1.0 if source[i] == CALL else -1.0
            bad += 0 if (source[i] == CALL) | (source[i] == PUT) else 1
    for k in range(1, 7):
        column, low, high = columns[k - 1], bounds[0, k], bounds[1, k]
        row = x[k * CHUNK : k * CHUNK + n]
        if column.size > 1:
            values = column[start : start + n]
            for i in range(n):
                row[i] = values[i] + 0.0
                bad += 0 if (values[i] >= low) & (values[i] <= high) else 1
    return bad


@_cached
def _store(y: Array, rows: Rows, scales: Array, out: Array, start: int, n: int) -> bool:
    """Copy the rows asked for from y to the results; True if one of them is NaN."""
    _eight_abreast()
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
def _fetch(codes: Codes, columns: tuple[Array, ...], start: int) -> None:
    """Ask for the next block, so that memory works while the processor does; past an end that does nothing."""
    if codes.size > start:
        for i in range(start, start + CHUNK, 16):  # a line of the cache is 64 bytes
            _prefetch(codes, i)
    for k in range(6):
        if columns[k].size > start:
            for i in range(start, start + CHUNK, 8):
                _prefetch(columns[k], i)


@_cached
def _sweep(
    codes: Codes,
    columns: tuple[Array, ...],
    bounds: Array,
    check: bool,
    asked: int,
    rows: Rows,
    scales: Array,
    out: Array,
    first: int,
    last: int,
) -> int:
    x, z, t, y = np.ones(9 * CHUNK), np.ones(8 * CHUNK), np.ones(4 * CHUNK), np.empty(18 * CHUNK)
    if _fix(x, codes, columns, bounds) and check:
        return REFUSED
    without_yield = columns[5].size == 1 and columns[5][0] == 0.0
    for start in range(first, last, CHUNK):
        n = min(CHUNK, last - start)
        if _load(x, codes, columns, bounds, start, n) and check:
            return REFUSED
        _fetch(codes, columns, start + CHUNK)
        evaluate(asked, without_yield, x, z, t, y)
        if _store(y, rows, scales, out, start, n) and check:
            return OVERFLOW
    return DONE


@cache
def value_rows(names: tuple[str, ...]) -> tuple[int, Rows]:
    """Which of the loops are asked, and in which rows these values are."""
    if names == ("price",):
        return PRICE, np.zeros(1, dtype=np.intp)
    asked = FIRST_ORDER if HIGHER.keys().isdisjoint(names) else EVERY
    return asked, np.array([_ROWS.index(name) for name in names], dtype=np.intp)


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
    asked, rows = plan
    codes, *others = map(_read_only, columns)
    checked = bounds is not None
    limits = np.zeros((2, 7)) if bounds is None else bounds[:, :, 0]
    return int(
        _sweep(
            codes,
            tuple(others),
            np.ascontiguousarray(limits),
            checked,
            asked,
            rows,
            np.asarray(scales, dtype=np.float64),
            out,
            first,
            last,
        )
    )

"""Large arrays cut into blocks that stay in the cache, shared out over threads, written to memory once.

numpy lets go of the interpreter lock inside its loops, and so do the compiled ones; `sweep` is the numpy way
through a range of blocks, `kernels_compiled.sweep` the compiled one.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.arithmetic import any_nan
from hedging._numerics.formulas import DONE, OVERFLOW, REFUSED
from hedging._numerics.types import Array

__all__ = ["Plan", "Sweep", "few", "fill", "sweep"]

Sweep = Callable[..., int]

THREADED = 50_000  # entries from which a second thread pays
BLOCK = 32_768  # entries that numpy takes through the formulas at once: with fewer, threads wait for the lock


class _Workspace(threading.local):
    """Rows for the inputs of one thread's block: kept, because fresh memory costs."""

    def __init__(self) -> None:
        self.inputs = np.empty((7, BLOCK))


_workspace = _Workspace()

# Memory of results -------------------------------------------------------------------------------------------

# Numbers in a result from which its memory is used again, and up to which. The system takes back pieces of this
# size at once, and to fetch and clear them anew costs a compiled call on a million options an eighth of its time.
_LENT = range(2**17, 2**24 + 1)
_spare: deque[Array] = deque(maxlen=1)


class _Loan:
    """Memory of a result; it comes back when the last array that looks at it is gone."""

    def __init__(self, memory: Array) -> None:
        self.__array_interface__ = memory.__array_interface__
        self.memory = memory

    def __del__(self) -> None:
        _spare.append(self.memory)


def _empty(rows: int, size: int) -> Array:
    """Return uninitialised rows, in one piece."""
    count = rows * size
    if count not in _LENT:
        return np.empty((rows, size))
    try:
        memory = _spare.pop()
    except IndexError:
        memory = np.empty(0)
    if not count <= memory.size <= 4 * count:
        memory = np.empty(count)
    return np.asarray(_Loan(memory))[:count].reshape(rows, size)


# Blocks -----------------------------------------------------------------------------------------------------


def fill(
    sweep: Sweep,
    inputs: Sequence[npt.NDArray[Any]],
    shape: tuple[int, ...],
    bounds: Array | None,
    scales: Sequence[float],
) -> list[Array] | None:
    """Results of the shape, one for each scale, on as many threads as pay.

    Parameters
    ----------
    sweep : callable
        ``sweep(columns, bounds, scales, out, first, last) -> outcome`` fills a range of `out`.
    inputs : sequence of ndarray
        Flags as code points in uint32, then six columns of float64; they broadcast to `shape`.
    shape : tuple of int
    bounds : ndarray, shape (2, 7, 1), or None
        Lowest and highest value of each input.
    scales : sequence of float

    Returns
    -------
    list of ndarray, or None if an input breaks its bounds

    Raises
    ------
    FloatingPointError
        If there are `bounds` and a value comes out NaN all the same.
    """
    size = math.prod(shape)
    columns = [_column(values, shape) for values in inputs]
    out = _empty(len(scales), size)
    threads = min(_cores(), size // (THREADED // 2)) if size >= THREADED else 1
    if threads <= 1:
        outcome = sweep(columns, bounds, scales, out, 0, size)
    else:
        edges = [size * k // threads for k in range(threads + 1)]
        part = partial(sweep, columns, bounds, scales, out)
        with ThreadPoolExecutor(threads - 1) as pool:
            others = pool.map(part, edges[1:-1], edges[2:])
            outcome = max(part(0, edges[1]), *others)
    if outcome == OVERFLOW:
        raise FloatingPointError
    if outcome == REFUSED:
        return None
    return list(out if len(shape) == 1 else out.reshape(len(scales), *shape))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _column(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """The entries in order as one contiguous run, or a scalar that stands for all of them."""
    if values.ndim == 1 and values.shape == shape and values.flags.c_contiguous:
        return values
    if values.size == 1:
        return values.reshape(())
    if values.shape != shape:
        values = np.broadcast_to(values, shape)
    return np.ascontiguousarray(values).reshape(-1)


class Plan:
    """What `sweep` computes: the formulas for blocks of usual numbers and for any, and what is usual.

    Attributes
    ----------
    usual, any : callable
        ``f(w, S, K, T, r, v, q) -> sequence of values``; to the last bit the same where both may be used.
    bounds : ndarray, shape (2, 7, 1)
        Of the inputs of `usual`; within them no value is NaN.
    """

    __slots__ = ("any", "bounds", "usual")

    def __init__(self, usual: Callable[..., Any], any_: Callable[..., Any], bounds: Array) -> None:
        self.usual, self.any, self.bounds = usual, any_, bounds


def few(
    plan: Plan, inputs: Sequence[npt.NDArray[Any]], size: int, scales: Sequence[float]
) -> list[Array] | None:
    """What `fill` returns for one dimension, without what only many entries need; None unless all are usual."""
    x = np.empty((7, size))
    rows = []
    for row, values in zip(x, inputs, strict=True):
        _load(row, values)
        rows.append(row if values.ndim else row[:1])
    if not _within(x, plan.bounds):
        return None
    out = list(np.empty((len(scales), size)))
    with np.errstate(all="ignore"):
        for target, values, scale in zip(out, plan.usual(*rows), scales, strict=True):
            np.multiply(values, scale, target)
    return out


def sweep(
    plan: Plan,
    columns: Sequence[npt.NDArray[Any]],
    bounds: Array | None,
    scales: Sequence[float],
    out: Array,
    first: int,
    last: int,
) -> int:
    """Fill a range of `out`, block by block; the outcome is DONE, or REFUSED by the bounds, or OVERFLOW in them."""
    inputs = _workspace.inputs
    step = min(BLOCK, last - first) or 1
    fixed = []  # columns of one number, loaded once
    for k, column in enumerate(columns):
        if not column.ndim:
            fixed.append(k)
            _load(inputs[k, :step], column)
    with np.errstate(all="ignore"):
        for start in range(first, last, step):
            stop = min(start + step, last)
            x = inputs[:, : stop - start]
            rows = list(x)
            for k, column in enumerate(columns):
                if k in fixed:
                    rows[k] = rows[k][:1]
                else:
                    _load(rows[k], column[start:stop])
            y = out[:, start:stop]
            usual = _within(x, plan.bounds)
            if usual:
                found = plan.usual(*rows)
            else:
                if bounds is not None and not _within(x, bounds):
                    return REFUSED
                np.add(x, 0.0, x)  # makes -0.0 a 0.0, whose inverse and root have the other sign
                found = plan.any(*rows)
            for target, values, scale in zip(y, found, scales, strict=True):
                np.multiply(values, scale, target)
            if not usual and bounds is not None and any_nan(y) and np.isnan(y).any():
                return OVERFLOW
    return DONE


# +1 at the code point of 'c', -1 at that of 'p'; NaN at any other, and beyond the end, which `take` clips.
_SIGN_OF_CODE = np.full(128, np.nan)
_SIGN_OF_CODE[ord("c")], _SIGN_OF_CODE[ord("p")] = 1.0, -1.0


def _load(row: Array, values: npt.NDArray[Any]) -> None:
    if values.dtype.kind == "u":
        values = _SIGN_OF_CODE.take(values, mode="clip")
    row[...] = values


def _within(x: Array, bounds: Array) -> bool:
    """Whether every row lies within its bounds, NaN excluded."""
    low, high = bounds
    inside = np.greater_equal(x, low)
    return bool(np.logical_and(inside, np.less_equal(x, high), inside).all())

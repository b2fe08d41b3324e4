"""The formulas of `_revaluation_formulas` as one compiled loop: no array between log-moneyness and value.

Imported only where numba is installed. Scenarios go through in chunks of a fixed length, the last one filled
up: were the loop to end in single steps, those might round otherwise than its wide ones, and the same scenario
would depend on the block that it came in.
"""

from __future__ import annotations

import numpy as np

from hedging._numerics import (
    formulas,
    machine_compiled,
    revaluation_formulas,
    svi,
    vol_moves,
)
from hedging._numerics.cache_compiled import cached
from hedging._numerics.kernels_compiled import _read_only
from hedging._numerics.machine_compiled import _MACHINE
from hedging._numerics.revaluation_formulas import Moves, OptionColumns, build_value
from hedging._numerics.types import Array

CHUNK = 512

_cached = cached(formulas, machine_compiled, revaluation_formulas, svi, vol_moves)

_value = build_value(_MACHINE, skewed=False)
_skewed_value = build_value(_MACHINE, skewed=True)


@_cached
def _loop(leg: OptionColumns, x: Array, y: Array) -> None:
    for i in range(CHUNK):
        y[i] = _value(
            leg,
            x[i],
            x[CHUNK + i],
            x[2 * CHUNK + i],
            x[3 * CHUNK + i],
            x[4 * CHUNK + i],
            x[5 * CHUNK + i],
        )


@_cached
def _skewed_loop(leg: OptionColumns, x: Array, y: Array) -> None:
    for i in range(CHUNK):
        y[i] = _skewed_value(
            leg,
            x[i],
            x[CHUNK + i],
            x[2 * CHUNK + i],
            x[3 * CHUNK + i],
            x[4 * CHUNK + i],
            x[5 * CHUNK + i],
        )


@_cached
def _fill(legs: Array, moves: tuple[Array, ...], skewed: bool, out: Array) -> None:
    x, y = np.ones(6 * CHUNK), np.empty(CHUNK)
    for start in range(0, out.shape[1], CHUNK):
        n = min(CHUNK, out.shape[1] - start)
        for k in range(6):
            row, column = x[k * CHUNK : k * CHUNK + n], moves[k]
            if column.size > 1:
                row[:] = column[start : start + n]
            else:
                row[:] = column[0]
        for option in range(out.shape[0]):
            c = legs[option]
            leg = OptionColumns(
                c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14]
            )  # fmt: skip
            if skewed:
                _skewed_loop(leg, x, y)
            else:
                _loop(leg, x, y)
            out[option, start : start + n] = y[:n]


def fill(leg: OptionColumns, moves: Moves, out: Array) -> None:
    """Write the value of each option in each scenario, shape (options, scenarios)."""
    columns = tuple(_read_only(np.zeros(1) if v is None else np.ascontiguousarray(v)) for v in moves)
    _fill(np.hstack(leg), columns, moves.skew_shift is not None, out)

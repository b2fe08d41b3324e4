"""The formulas of `revaluation_formulas` as short loops over a chunk of scenarios, as in `loops_compiled`.

Imported only where numba is installed.
"""

from __future__ import annotations

import numpy as np

from hedging._numerics import (
    formulas,
    implied,
    loops_compiled,
    machine_compiled,
    revaluation_formulas,
    svi,
    vol_moves,
)
from hedging._numerics.cache_compiled import cached
from hedging._numerics.formulas import build_legs
from hedging._numerics.kernels_compiled import _read_only
from hedging._numerics.loops_compiled import CHUNK, _deviations_loop, _mills_loop
from hedging._numerics.machine_compiled import _MACHINE, _eight_abreast
from hedging._numerics.revaluation_formulas import Moves, OptionColumns, build_moved
from hedging._numerics.types import Array

_cached = cached(formulas, implied, loops_compiled, machine_compiled, revaluation_formulas, svi, vol_moves)

_legs = build_legs(_MACHINE)
_moved = build_moved(_MACHINE, skewed=False)
_skewed_moved = build_moved(_MACHINE, skewed=True)


@_cached
def _moved_loop(leg: OptionColumns, x: Array, z: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        z[i], z[CHUNK + i] = _moved(
            leg, x[2 * CHUNK + i], x[3 * CHUNK + i], x[4 * CHUNK + i], x[5 * CHUNK + i]
        )


@_cached
def _skewed_moved_loop(leg: OptionColumns, x: Array, z: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        z[i], z[CHUNK + i] = _skewed_moved(
            leg, x[2 * CHUNK + i], x[3 * CHUNK + i], x[4 * CHUNK + i], x[5 * CHUNK + i]
        )


@_cached
def _value_loop(leg: OptionColumns, x: Array, t: Array, y: Array) -> None:
    _eight_abreast()
    for i in range(CHUNK):
        A, B = leg.spot_leg * x[i], leg.strike_leg * x[CHUNK + i]
        y[i] = _legs(leg.sign, A, B, t[CHUNK + i], t[2 * CHUNK + i], t[3 * CHUNK + i])[0]


@_cached
def _fill(legs: Array, moves: tuple[Array, ...], skewed: bool, out: Array) -> None:
    x, z, t, y = np.ones(6 * CHUNK), np.empty(2 * CHUNK), np.empty(4 * CHUNK), np.empty(CHUNK)
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
                _skewed_moved_loop(leg, x, z)
            else:
                _moved_loop(leg, x, z)
            _deviations_loop(z[:CHUNK], z[CHUNK:], 1.0, t)
            _mills_loop(t[2 * CHUNK :])
            _value_loop(leg, x, t, y)
            out[option, start : start + n] = y[:n]


def fill(leg: OptionColumns, moves: Moves, out: Array) -> None:
    """Write the value of each option in each scenario, shape (options, scenarios)."""
    columns = tuple(_read_only(np.zeros(1) if v is None else np.ascontiguousarray(v)) for v in moves)
    _fill(np.hstack(leg), columns, moves.skew_shift is not None, out)

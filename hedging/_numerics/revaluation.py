"""What options are worth over many scenarios of one date: sweeps of numpy, or the compiled loop.

The formulas are those of `_revaluation_formulas`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hedging._numerics.arithmetic import ARRAYS
from hedging._numerics.kernels import _loops
from hedging._numerics.revaluation_formulas import Moves, OptionColumns, build_value, build_vol
from hedging._numerics.types import Array

__all__ = ["values", "vol"]


# Options times scenarios that numpy prices in one sweep: few enough to stay in a core's own cache.
SWEEP = 10_000

_VOL = {skewed: build_vol(ARRAYS, skewed=skewed) for skewed in (False, True)}
_VALUE = {skewed: build_value(ARRAYS, skewed=skewed) for skewed in (False, True)}


def vol(leg: OptionColumns, moves: Moves) -> Array:
    """Vol of each option in each scenario, shape (options, scenarios)."""
    k = leg.log_strike - moves.log_forward
    function = _VOL[moves.skew_shift is not None]
    return np.asarray(function(leg, k, moves.slide, moves.vol_shift, moves.skew_shift))


def values(leg: OptionColumns, moves: Moves, *, compiled: bool) -> Array:
    """Value of each option in each scenario, shape (options, scenarios); `compiled` where numba is installed."""
    out = np.empty((leg.sign.size, moves.log_forward.size))
    if compiled and _loops() is not None:
        from hedging._numerics import revaluation_compiled

        revaluation_compiled.fill(leg, moves, out)
        return out
    with np.errstate(all="ignore"):
        for where in _sweeps(out):
            part = (v[where] if isinstance(v, np.ndarray) else v for v in moves)
            out[:, where] = _VALUE[moves.skew_shift is not None](leg, *part)
    return out


def _sweeps(out: Array) -> Iterator[slice]:
    options, scenarios = out.shape
    count = max(1, SWEEP // options)
    yield from (slice(start, start + count) for start in range(0, scenarios, count))

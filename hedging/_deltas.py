"""Strikes from deltas, on numpy arrays. Nothing is checked; NaN where no strike has the delta.

A premium-adjusted delta is w K/F N(w d2), times the yield factor in the spot convention. That of a put falls with
the strike without end; that of a call rises to a maximum and falls again, and the strike meant is the one on the
falling side: U. Wystup, FX Options and Structured Products, 2nd ed., 2017, section 1.5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._formulas import INV_SQRT_2PI

Array = npt.NDArray[np.float64]

_STEPS = 200  # a dozen are enough, but for a call's delta at its maximum, a double root


def strike(w: Array, delta: Array, forward: Array, s: Array) -> Array:
    """Strike at which w N(w d1) is the (forward) delta; s is vol * sqrt(T)."""
    from scipy.special import ndtri

    with np.errstate(all="ignore"):
        probability = w * delta
        d1 = w * ndtri(np.where((probability > 0) & (probability < 1), probability, np.nan))
        return np.asarray(forward * np.exp(s * (0.5 * s - d1)))


def premium_adjusted_strike(w: Array, delta: Array, forward: Array, s: Array) -> Array:
    """Strike at which w K/F N(w d2) is the (forward) delta, on the falling side of a call.

    Newton on the logarithm, which is concave in d2; it starts where the value is too low, so that it closes
    in from one side.
    """
    from scipy.special import log_ndtr

    with np.errstate(all="ignore"):
        target = np.log(np.where(w * delta > 0, w * delta, np.nan))
        call = -s - np.sqrt(np.maximum(-2.0 * (target + np.log(2.0)), 0.0))
        d2 = np.where(w > 0, call, -target / s - 0.5 * s)
        for _ in range(_STEPS):
            log_tail = log_ndtr(w * d2)
            error = log_tail - s * (d2 + 0.5 * s) - target
            slope = w * INV_SQRT_2PI * np.exp(-0.5 * d2 * d2 - log_tail) - s
            move = np.where(error == 0.0, 0.0, -error / slope)
            # Over the top of a call: there the delta is below what was asked for, so no strike has it.
            d2 = np.where(w * slope > 0, d2 + move, np.where(w > 0, np.nan, d2 + move))
            if not (np.abs(move) > 4e-16 * (1.0 + np.abs(d2))).any():
                break
        close = np.abs(error) <= 1e-12 * (1.0 + np.abs(target))
        return np.asarray(np.where(close, forward * np.exp(-s * (d2 + 0.5 * s)), np.nan))

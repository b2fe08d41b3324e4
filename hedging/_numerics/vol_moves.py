"""Moves of a vol by a shift and by a bend of the skew: as numbers, arrays, and inside compiled loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["shifted_vol", "skew_bend"]

_Z_25_DELTA = 0.674489750196082  # normal quantile of 0.75


_HALF_OVER_BENT = 0.5 / (_Z_25_DELTA / math.sqrt(1.0 + 0.25 * _Z_25_DELTA**2))


def shifted_vol(vol: Any, shift: Any) -> Any:
    """Vol after an additive shift: ``vol + shift`` upward, ``vol^2 / (vol - shift)`` downward.

    The downward form is the same to first order and never reaches zero, so that no floor is needed. Numbers,
    or arrays that broadcast; also inside compiled loops.
    """
    return vol * (vol / (vol - np.minimum(shift, 0.0))) + np.maximum(shift, 0.0)


def skew_bend(log_moneyness: Any, total_sd: Any) -> Any:
    """Change of vol per unit change of the 25-delta risk reversal of the same expiry, by moneyness.

    Half of the change at the 25-delta call and minus half at the put, 0 at the money. In between and
    beyond it follows z / sqrt(1 + (z / 2)^2) in standard deviations z: a line that would go on rising
    would break the bounds of a smile far out.

    Parameters
    ----------
    log_moneyness, total_sd : float or ndarray
        ln(strike / forward), and vol * sqrt(time to expiry) there before the change. Also inside compiled
        loops.
    """
    z = log_moneyness / total_sd
    return z / np.sqrt(1.0 + 0.25 * z * z) * _HALF_OVER_BENT

"""What moves with the price: vol by tenor as a stated rule with stated, sourced parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from hedging.errors import InputError

__all__ = ["BTC", "ETH", "TENOR_POWER", "Reaction", "shifted_vol", "skew_tilt", "tenor_scale"]

Array = npt.NDArray[np.float64]

TENOR_POWER: Final = 0.45
TENOR_DAYS: Final = 30.0
SHORTEST_TENOR_DAYS: Final = 1.0
# From 29 Jan to 5 Feb 2026 the risk reversal of BTC fell by 25.3 points at 7 days and by 18.9 at 30.
SKEW_TENOR_POWER: Final = 0.20

_Z_25_DELTA = 0.674489750196082  # normal quantile of 0.75
_BENT_AT_25_DELTA = _Z_25_DELTA / math.sqrt(1.0 + 0.25 * _Z_25_DELTA**2)


@dataclass(frozen=True, slots=True)
class Reaction:
    """How a market answers a fall.

    Attributes
    ----------
    vol_rise : float
        Rise of the 30-day at-the-money vol per 10 % of log-price below the highest price so far, as a
        decimal. A rise of the price lowers no vol. [1/sqrt(year)]
    stickiness : float
        0 leaves each moneyness its vol when spot moves, 1 leaves each strike its vol; in between linear.
        Measured slopes are of the at-the-money vol, which moves with the forward: they belong to 0.
    """

    vol_rise: float = 0.12
    stickiness: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not math.isfinite(value):
                raise InputError(f"{item.name} of a reaction must be a finite number; got {value!r}.")

    def vol_shift(self, log_price: Array) -> Array:
        """Shift of the 30-day vol along each path of log-prices, shape (..., dates); today is 0."""
        return self.vol_rise / 0.10 * drawdown(log_price)


# Slopes on days that the coin falls, regressed on 931 Deribit snapshots from 30 Dec 2025 to 22 Aug 2026:
# ATM vol points per -10 %: BTC 7 days +20.7, 30 days +12.0, 90 days +6.5; ETH +14.7, +7.2, +3.5. By tenor
# both fall roughly as T^-0.45. The sign is not a law: BTC's vol rose with its price in 2023.
BTC: Final = Reaction(vol_rise=0.12)
ETH: Final = Reaction(vol_rise=0.072)


def drawdown(log_price: Array) -> Array:
    """Log-price lost since the highest so far, today's 0 included, shape of `log_price`."""
    peak = np.maximum(np.maximum.accumulate(log_price, axis=-1), 0.0)
    return np.asarray(peak - log_price)


def tenor_scale(time_to_expiry: npt.ArrayLike, power: float = TENOR_POWER) -> Array:
    """Share of the 30-day vol shift that reaches a tenor: (30 days / T)^power, at most that of one day.

    Parameters
    ----------
    time_to_expiry : array_like
        [years]
    power : float
        0 shifts all tenors alike.

    Examples
    --------
    >>> tenor_scale([7 / 365, 30 / 365, 90 / 365]).round(2)
    array([1.92, 1.  , 0.61])
    """
    tenor = np.maximum(np.asarray(time_to_expiry, dtype=float) * 365.0, SHORTEST_TENOR_DAYS)
    return np.asarray((TENOR_DAYS / tenor) ** power)


def shifted_vol(vol: Array, shift: Array) -> Array:
    """Vol after an additive shift: ``vol + shift`` upward, ``vol^2 / (vol - shift)`` downward.

    The downward form is the same to first order and never reaches zero, so that no floor is needed.
    """
    down = np.minimum(shift, 0.0)
    return np.asarray(vol * (vol / (vol - down)) + np.maximum(shift, 0.0))


def skew_tilt(log_moneyness: Array, vol: Array, time_to_expiry: float) -> Array:
    """Change of vol per unit change of the 30-day 25-delta risk reversal, by moneyness and tenor.

    Half of the change at the 25-delta call and minus half at the put, 0 at the money. In between and
    beyond it follows z / sqrt(1 + (z / 2)^2) in standard deviations z: a line that would go on rising
    would break the bounds of a smile far out.

    Parameters
    ----------
    log_moneyness, vol : ndarray
        ln(strike / forward) and the vol there before the change.
    time_to_expiry : float
        [years]
    """
    z = log_moneyness / (vol * math.sqrt(time_to_expiry))
    bent = z / np.sqrt(1.0 + 0.25 * z * z)
    return np.asarray(bent * (0.5 / _BENT_AT_25_DELTA) * tenor_scale(time_to_expiry, SKEW_TENOR_POWER))

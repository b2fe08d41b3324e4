"""What moves with the price: vol, skew, spreads, funding, basis and other coins, as stated rules.

Each parameter has a name, a default and a source, and each is linear in one of two states of a fall: how
deep it is (log-price below its high) and how fast it is (log-price lost per day). Both are needed: when BTC
fell by 12.8 % in a day in February 2026, its 7-day vol rose by 40 points; half of that was gone 7 hours
later with the price all but unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = [
    "BTC",
    "ETH",
    "SKEW_TENOR_POWER",
    "STILL",
    "STRESS_BETA",
    "TENOR_POWER",
    "Reaction",
    "measured",
    "tenor_scale",
]


TENOR_POWER: Final = 0.45
TENOR_DAYS: Final = 30.0
SHORTEST_TENOR_DAYS: Final = 1.0
# Risk reversals of BTC moved by -7.6, -5.6 and -3.6 points per -10 % at 7, 30 and 90 days (153 daily
# chains), and by -5.1, -3.3 and -1.9 in the crash: (30 days / T)^0.33 lies between both pairs.
SKEW_TENOR_POWER: Final = 0.33

_PER = 0.10  # depths are given per 10 % of log-price, speeds per 10 % a day


@dataclass(frozen=True, slots=True)
class Reaction:
    """How a market answers a fall; every number may be replaced.

    "Per 10 %" is per 0.10 of log-price below the highest price so far, "per 10 % a day" per 0.10 of
    log-price lost per day. Where nothing falls, nothing moves.

    Attributes
    ----------
    vol_rise, vol_speed : float
        Rise of the 30-day at-the-money vol per 10 %, and per 10 % a day while it lasts. [decimal a year]
    skew_rise, skew_speed : float
        Fall of the 30-day 25-delta risk reversal (call vol less put vol), likewise. [decimal a year]
    spread_rise, spread_speed : float
        Added to the multiple of today's bid-ask spread, likewise. [1]
    funding_speed : float
        Fall of the funding rate per 8 hours per 10 % a day. [share of spot]
    funding_cap : float
        Furthest that funding moves, per 8 hours; Deribit caps BTC and ETH at 0.5 %. [share of spot]
    carry_speed : float
        Fall of the carry of all forwards per 10 % a day. [1/year]
    stickiness : float
        0 leaves each moneyness its vol when spot moves, 1 leaves each strike its vol; in between linear.
        The vols above were measured at the money, which moves with the forward: they belong to 0.
    tenor_power : float
        Spreads the rise of vol over the tenors; see `tenor_scale`.
    """

    vol_rise: float = 0.08
    vol_speed: float = 0.025
    skew_rise: float = 0.035
    skew_speed: float = 0.015
    spread_rise: float = 0.12
    spread_speed: float = 0.14
    funding_speed: float = 0.00019
    funding_cap: float = 0.005
    carry_speed: float = 0.0
    stickiness: float = 0.0
    tenor_power: float = TENOR_POWER

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not math.isfinite(value):
                raise InputError(f"{item.name} of a reaction must be a finite number; got {value!r}.")
        if self.funding_cap < 0:
            raise InputError(f"funding_cap of a reaction must be >= 0; got {self.funding_cap!r}.")

    def along(self, days: Array, log_price: Array) -> dict[str, Array]:
        """What moves along paths of log-price, by the names of `hedging.Paths`.

        Parameters
        ----------
        days : ndarray, shape (dates,)
            Days from now.
        log_price : ndarray, shape (scenarios, dates)
            Log of spot over today's.

        Returns
        -------
        dict of ndarray, shape (scenarios, dates)
            ``vol_shift, skew_shift, spread, funding_shift, carry_shift``; those that never move are left
            out, but for the first.
        """
        depth, speed = drawdown(log_price) / _PER, fall_speed(days, log_price) / _PER
        moved = {
            "vol_shift": self.vol_rise * depth + self.vol_speed * speed,
            "skew_shift": -(self.skew_rise * depth + self.skew_speed * speed),
            "spread": 1.0 + self.spread_rise * depth + self.spread_speed * speed,
            "funding_shift": -np.minimum(self.funding_speed * speed, self.funding_cap),
            "carry_shift": -self.carry_speed * speed,
        }
        still = {"spread": 1.0}
        return {
            name: np.asarray(values)
            for name, values in moved.items()
            if name == "vol_shift" or (values != still.get(name, 0.0)).any()
        }


# Vol and skew: fitted to 43 chains of Deribit, six hours apart, from 29 Jan to 8 Feb 2026, and to 153 daily
# chains of 30 Dec 2025 to 31 May 2026. 30-day points per 10 % and per 10 % a day: BTC 8.2 and 2.2 in the
# crash; 7.3 on the day of a fall, of which 2.5 went the next day, on daily chains. ETH 6.6 and 0.6; 5.4 and
# 2.9. A regression on down days of another sample (931 snapshots to Aug 2026) has 12.0 for BTC and 7.2 for
# ETH: the higher number flatters bought puts in a long fall. The sign is no law: BTC's vol rose with its
# price in 2023. Spreads, in vol: BTC 1.2 and 1.4 per unit of depth and speed, ETH 1.3 and 1.6. Funding:
# -1.9e-5 per 8 hours and per 1 % lost in 24 hours, Binance 2020-2023, 3,467 periods. Basis moved both ways.
BTC: Final = Reaction()
ETH: Final = Reaction(
    vol_rise=0.06, vol_speed=0.02, skew_rise=0.02, skew_speed=0.007, spread_rise=0.13, spread_speed=0.16,
    funding_speed=0.00017,
)  # fmt: skip
STILL: Final = Reaction(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
"""Nothing moves but the price; each moneyness keeps its vol."""

STRESS_BETA: Final = {
    "BTC": 1.0, "ETH": 1.35, "XRP": 1.4, "DOGE": 1.3, "ADA": 1.3, "SOL": 1.7, "BNB": 1.7, "LTC": 1.75, "DOT": 1.8,
    "LINK": 1.85, "BCH": 1.7, "AVAX": 2.2, "ATOM": 1.95, "UNI": 1.75, "FIL": 1.8,
}  # fmt: skip
"""Log-price lost per log-price lost by BTC, mean of 12-23 May 2021 and 4-12 May 2022 (hourly closes)."""


def measured(asset: str, chosen: Mapping[str, Reaction] | None = None) -> Reaction:
    """The reaction chosen for an asset, or else the one measured for it: ETH's own, BTC's for all others.

    Examples
    --------
    >>> measured("ETH") is ETH, measured("SOL") is BTC, measured("SOL", {"SOL": STILL}) is STILL
    (True, True, True)
    """
    return (chosen or {}).get(asset, ETH if asset == "ETH" else BTC)


def drawdown(log_price: Array) -> Array:
    """Log-price lost since the highest so far, today's 0 included, shape of `log_price`."""
    peak = np.maximum(np.maximum.accumulate(log_price, axis=-1), 0.0)
    return np.asarray(peak - log_price)


def fall_speed(days: Array, log_price: Array) -> Array:
    """Log-price lost per day on the stretch that ends at each date, >= 0; 0 on day 0."""
    before = np.concatenate((np.zeros((*log_price.shape[:-1], 1)), log_price[..., :-1]), axis=-1)
    stretch = np.diff(days, prepend=0.0)
    per_day = (before - log_price) / np.where(stretch > 0, stretch, np.inf)
    return np.maximum(per_day, 0.0)


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

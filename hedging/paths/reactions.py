"""What moves with the price: vol, skew, spreads, funding, basis and other coins, as stated rules.

Each parameter has a name, a default, a source and the error that it leaves. A market answers to a fall that it
remembers: log-price lost, of which half is forgotten every so many days. So the same depth moves more when it
is reached faster, and what has risen fades.

Fitted and judged by ``tests/bench/fit_reactions.py``: hourly prices and Deribit's 30-day vol index (BTC from March
2021, ETH from June 2022), none of it after November 2025, so that the recorded chains of the crash of February 2026
are no part of the figures. The rule of vol is one for both coins, each half year of each counting alike. Errors of
the vol some days later, root mean squares in vol points, beside those of "nothing moves"; out of sample each of eight
blocks of time is foreseen by a fit to what was over before it began. Falls are windows that end more than 8 % lower.

==========  ============  ============  ============  ============  ============  ============
days        BTC all       falls         elsewhere     ETH all       falls         elsewhere
==========  ============  ============  ============  ============  ============  ============
out of sample
7           6.09   6.91   10.01  14.41  5.46   5.41   5.59   5.96   5.93   7.98   5.53   5.52
14          8.09   8.88   10.05  13.49  7.58   7.46   7.53   7.83   7.14   8.79   7.64   7.53
30          10.77  10.88  11.46  12.19  10.48  10.31  10.04  10.20  7.27   8.15   11.10  11.02
in sample
7           7.16   7.77   12.73  15.35  5.95   5.94   5.60   5.86   4.96   6.68   5.70   5.70
14          9.64   10.33  13.86  16.25  8.27   8.24   7.52   7.64   6.58   7.36   7.77   7.72
30          11.76  12.31  14.05  15.57  10.65  10.65  9.71   9.77   6.01   6.13   11.03  11.08
fitted to the other coin alone
7           6.94   7.57   12.58  15.33  5.75   5.75   5.48   5.96   5.27   7.98   5.52   5.52
14          9.30   10.06  13.40  15.98  7.98   7.96   7.36   7.83   6.47   8.79   7.59   7.53
30          11.45  12.07  13.68  15.40  10.37  10.37  9.86   10.20  6.78   8.15   11.00  11.02
==========  ============  ============  ============  ============  ============  ============

So it holds on a coin that it was not fitted to. Where nothing falls it is no better than "nothing moves", and after 30
days it is 3 points too high in falls, out of sample. What it leaves has no sign that holds: see `Reaction.noise`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.units import DAYS_PER_YEAR

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
    "term_weight",
]


# Per 10 % of a fall the vols of 7, 30 and 90 days rose by 31, 19 and 13 points (BTC) and 26, 16 and 11 (ETH) on the
# daily chains of 30 Dec 2025 to 31 May 2026 without the crash: (30 days / T)^0.35 for both.
TENOR_POWER: Final = 0.35
TENOR_DAYS: Final = 30.0
SHORTEST_TENOR_DAYS: Final = 1.0
# Risk reversals of BTC moved by -7.6, -5.6 and -3.6 points per -10 % at 7, 30 and 90 days (153 daily
# chains), and by -5.1, -3.3 and -1.9 in the crash: (30 days / T)^0.33 lies between both pairs.
SKEW_TENOR_POWER: Final = 0.33

_PER = 0.10  # depths are given per 10 % of log-price, speeds per 10 % a day
CALM: Final = 0.60
"""The 30-day vol at which the rises of vol are stated. [decimal a year]"""
LEAST_VOL: Final = 0.30
"""No 30-day vol of either coin was lower: below it nothing is known, and rises are those at it. [decimal a year]"""
RISE_POWER: Final = 2.5


@dataclass(frozen=True, slots=True, repr=False)
class Reaction(Shown):
    r"""How a market answers a fall; every number may be replaced.

    Vol answers to what is remembered of a fall, :math:`r`: log-price lost, half of it forgotten every `memory`
    days, made up for by a rise. So a fast fall moves vol more than a slow one to the same depth, and the rise
    fades. The same with a memory of hours, :math:`q`, is what a sudden fall adds:

    .. math:: \Delta\sigma = \text{rise} \, (r - g)^+ + \text{speed} \, (q - g_q)^+

    "Per 10 %" is per 0.10 of log-price, "per 10 % a day" per 0.10 of log-price lost per day. Where nothing falls,
    nothing moves.

    Attributes
    ----------
    vol_rise : float
        Rise of the 30-day at-the-money vol per 10 % of the remembered fall beyond `grace`, at a vol of 60 %; see
        `at` for any other. [decimal a year]
    vol_speed : float
        The same per 10 % of the fall remembered for `speed_memory`, beyond `speed_grace`.
    grace, speed_grace : float
        Remembered fall that moves no vol. [log-price]
    memory, speed_memory : float
        Days in which half of a fall is forgotten; infinity forgets nothing.
    skew_rise : float
        Fall of the 30-day 25-delta risk reversal (call vol less put vol) per unit of the rise of vol. [1]
    spread_rise, spread_speed : float
        Added to the multiple of today's bid-ask spread, per 10 % of the remembered fall and per 10 % a day. The
        size that is quoted is taken to shrink by the same multiple. [1]
    funding_fall : float
        Fall of the funding rate per 8 hours per 10 % of the fall remembered for `funding_memory`. [share of spot]
    funding_memory : float
        Days in which funding forgets half of a fall.
    funding_cap : float
        Furthest that funding moves, per 8 hours; Deribit caps BTC and ETH at 0.5 %. [share of spot]
    carry_speed : float
        Fall of the carry of all forwards per 10 % a day. [1/year]
    stickiness : float
        0 leaves each moneyness its vol when spot moves, 1 leaves each strike its vol; in between linear.
        The vols above were measured at the money, which moves with the forward: they belong to 0.
    tenor_power : float
        Spreads the rise of vol over the tenors; see `tenor_scale`.
    noise : float
        Deviation of what moves the 30-day vol beside the price, in the long run, as a share of vol; only drawn
        paths have it. [1]
    skew_noise, term_noise : float
        The same of the 30-day risk reversal, and of the vol of 90 days less that of 30, as shares of vol. [1]
    carry_noise : float
        The same of the carry of all forwards. [1/year]
    noise_half_life, shape_half_life : float
        Days in which half of the noise of vol is gone, and of the other three.
    fitted_to : str
        The asset whose market the figures were fitted to; empty for figures of one's own.
    """

    vol_rise: float = 0.054
    vol_speed: float = 0.104
    skew_rise: float = 0.28
    spread_rise: float = 0.12
    spread_speed: float = 0.14
    funding_fall: float = 0.00016
    carry_speed: float = 0.0
    grace: float = 0.075
    memory: float = 14.0
    speed_grace: float = 0.03
    speed_memory: float = 0.5
    funding_memory: float = 2.0
    funding_cap: float = 0.005
    stickiness: float = 0.0
    tenor_power: float = TENOR_POWER
    noise: float = 0.20
    skew_noise: float = 0.04
    term_noise: float = 0.03
    carry_noise: float = 0.02
    noise_half_life: float = 30.0
    shape_half_life: float = 7.0
    fitted_to: str = ""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "fitted_to":
                continue
            if item.name.endswith(("memory", "half_life")):
                if not value > 0:
                    raise InputError(
                        f"{item.name} of a reaction must be a number of days > 0; got {value!r}."
                    )
            elif not math.isfinite(value):
                raise InputError(f"{item.name} of a reaction must be a finite number; got {value!r}.")
        for name in (
            "funding_cap",
            "grace",
            "speed_grace",
            "noise",
            "skew_noise",
            "term_noise",
            "carry_noise",
        ):
            if getattr(self, name) < 0:
                raise InputError(f"{name} of a reaction must be >= 0; got {getattr(self, name)!r}.")

    def at(self, vol: float) -> Reaction:
        """The reaction of a market whose 30-day vol is `vol` now: see `rise_at`.

        Raises
        ------
        InputError
            If the vol is not above 0.

        Examples
        --------
        >>> round(BTC.at(0.40).vol_rise / BTC.vol_rise, 2)
        2.76
        """
        if not 0.0 < vol < math.inf:
            raise InputError(f"vol must be a number > 0, 55 % a year written 0.55; got {vol!r}.")
        scale = float(rise_at(np.array(vol)))
        return replace(self, vol_rise=self.vol_rise * scale, vol_speed=self.vol_speed * scale)

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
        fallen = remembered_fall(days, log_price, self.memory)
        sudden = remembered_fall(days, log_price, self.speed_memory)
        speed = fall_speed(days, log_price) / _PER
        vol = (
            self.vol_rise * np.maximum(fallen - self.grace, 0.0)
            + self.vol_speed * np.maximum(sudden - self.speed_grace, 0.0)
        ) / _PER
        funding = self.funding_fall * remembered_fall(days, log_price, self.funding_memory) / _PER
        moved = {
            "vol_shift": vol,
            "skew_shift": -self.skew_rise * vol,
            "spread": 1.0 + self.spread_rise * fallen / _PER + self.spread_speed * speed,
            "funding_shift": -np.minimum(funding, self.funding_cap),
            "carry_shift": -self.carry_speed * speed,
        }
        still = {"spread": 1.0}
        return {
            name: np.asarray(values)
            for name, values in moved.items()
            if name == "vol_shift" or (values != still.get(name, 0.0)).any()
        }

    def drawn_noise(self, days: Array, scenarios: int, random: np.random.Generator) -> dict[str, Array]:
        """What moves beside the price, by the names of `hedging.Paths`: vols as shares of that of 30 days, carry as it is.

        Each is pulled back to where it was (Ornstein-Uhlenbeck), exact on any dates; vol is the exponential of one,
        of mean 0 as a share. Arrays of shape (scenarios, dates); what never moves is left out.
        """
        drawn = {
            "vol_shift": (self.noise, self.noise_half_life),
            "skew_shift": (self.skew_noise, self.shape_half_life),
            "term_shift": (self.term_noise, self.shape_half_life),
            "carry_shift": (self.carry_noise, self.shape_half_life),
        }
        moved = {}
        for name, (size, half_life) in drawn.items():
            walk = _pulled_back(random.standard_normal((scenarios, days.size)), days, half_life)
            if size and name == "vol_shift":
                variance = size**2 * (1.0 - 0.25 ** (days / half_life))
                moved[name] = np.expm1(size * walk - variance / 2.0)
            elif size:
                moved[name] = size * walk
        return moved


def _pulled_back(normal: Array, days: Array, half_life: float) -> Array:
    """A walk from 0 that is pulled back to it, of variance 1 in the long run, from standard normals."""
    kept = 0.5 ** (np.diff(days, prepend=0.0) / half_life)
    steps = normal * np.sqrt(1.0 - kept**2)
    walk, last = np.empty_like(steps), np.zeros(len(steps))
    for date in range(days.size):
        last = kept[date] * last + steps[:, date]
        walk[:, date] = last
    return walk


# Skew goes with vol: on daily chains without the crash the 30-day risk reversal fell by 0.28 (BTC) and 0.14 (ETH) of
# what vol rose by; an error of 1.74 points after up to three weeks, 1.86 with no rule (ETH 1.49 and 1.59).
# Spreads, in vol, in the crash: BTC 1.2 and 1.4 per unit of depth and speed, ETH 1.3 and 1.6.
# Funding: fitted to Binance, 2020-2023; out of sample an error of 2.35e-4 per 8 hours up to 14 days ahead, 3.14e-4 in
# falls, where "nothing moves" has 2.37e-4 and 3.48e-4; ETH 3.30e-4 and 4.72e-4 beside 3.34e-4 and 4.94e-4.
# Noise: what the rule leaves grows to 17.6 % of vol (BTC) and 18.8 % (ETH) over 30 days; with returns it has a
# correlation between -0.2 and 0.3 over all horizons, taken as none. On the daily chains the risk reversal kept 3.9 to
# 4.4 % of vol beside what goes with vol after 14 to 30 days (1.5 to 1.9 % after one), the vol of 90 days less that of
# 30 kept 2.2 to 3.0 % (0.9 % after one), 14 days less 30 3.7 to 4.1 % and 7 days less 30 9 to 10 % the other way, with a
# correlation of -0.8 to -0.9. Basis moved both ways.
BTC: Final = Reaction(fitted_to="BTC")
ETH: Final = Reaction(
    skew_rise=0.14, spread_rise=0.13, spread_speed=0.16, fitted_to="ETH",
)  # fmt: skip
STILL: Final = Reaction(
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, noise=0.0, skew_noise=0.0, term_noise=0.0, carry_noise=0.0
)
"""Nothing moves but the price; each moneyness keeps its vol."""

STRESS_BETA: Final = {
    "BTC": 1.0, "ETH": 1.35, "XRP": 1.4, "DOGE": 1.3, "ADA": 1.3, "SOL": 1.7, "BNB": 1.7, "LTC": 1.75, "DOT": 1.8,
    "LINK": 1.85, "BCH": 1.7, "AVAX": 2.2, "ATOM": 1.95, "UNI": 1.75, "FIL": 1.8,
}  # fmt: skip
"""Log-price lost per log-price lost by BTC, mean of 12-23 May 2021 and 4-12 May 2022 (hourly closes)."""


def measured(asset: str, chosen: Mapping[str, Reaction] | None = None) -> Reaction:
    """The reaction chosen for an asset, or else the one fitted to it: BTC's own, ETH's for all others.

    For another coin ETH's skew, spreads and funding are a guess, and whatever is made with them says so: see
    `Paths.fitted_to`. The rule of vol is the same for both, and holds on the coin that it was not fitted to.

    Examples
    --------
    >>> measured("BTC") is BTC, measured("SOL") is ETH, measured("SOL", {"SOL": STILL}) is STILL
    (True, True, True)
    """
    return (chosen or {}).get(asset, BTC if asset == "BTC" else ETH)


def rise_at(vol: Array) -> Array:
    """How far vol rises from a 30-day vol, as a multiple of how far it does from 60 %: the less, the higher it is.

    In a fall vol goes to about the same height wherever it began: a calm market has further to go.
    """
    return (CALM / np.maximum(vol, LEAST_VOL)) ** RISE_POWER


def fall_speed(days: Array, log_price: Array) -> Array:
    """Log-price lost per day on the stretch that ends at each date, >= 0; 0 on day 0."""
    before = np.concatenate((np.zeros((*log_price.shape[:-1], 1)), log_price[..., :-1]), axis=-1)
    stretch = np.diff(days, prepend=0.0)
    per_day = (before - log_price) / np.where(stretch > 0, stretch, np.inf)
    return np.maximum(per_day, 0.0)


def remembered_fall(days: Array, log_price: Array, half_life: float) -> Array:
    r"""Log-price lost, of which half is forgotten every `half_life` days; a rise makes it up; shape of `log_price`.

    :math:`r' = -\ln 2 / h \, r - x'`, held at 0 from below, along straight lines of log-price, so that a path
    cut into finer steps has the same. A half-life of infinity forgets nothing: the drawdown.
    """
    rate = math.log(2.0) / half_life
    fallen = np.zeros_like(log_price)
    last, before, today = np.zeros(log_price.shape[:-1]), np.zeros(log_price.shape[:-1]), 0.0
    for date, day in enumerate(days):
        passed = rate * (float(day) - today)
        # The mean over the stretch of what is still remembered of a steady fall along it.
        kept = -math.expm1(-passed) / passed if passed > 0 else 1.0
        last = np.maximum(last * math.exp(-passed) + kept * (before - log_price[..., date]), 0.0)
        fallen[..., date] = last
        before, today = log_price[..., date], float(day)
    return fallen


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
    >>> tenor_scale([7.5 / 365, 30 / 365, 120 / 365], power=0.5)
    array([2. , 1. , 0.5])
    """
    tenor = np.maximum(np.asarray(time_to_expiry, dtype=float) * DAYS_PER_YEAR, SHORTEST_TENOR_DAYS)
    return np.asarray((TENOR_DAYS / tenor) ** power)


def term_weight(time_to_expiry: npt.ArrayLike) -> Array:
    """Share of `Paths.term_shift` that reaches a tenor: 0 at 30 days, 1 at 90 and 2 at most, -2 at 10 and -4 at most.

    Linear in the log of the tenor, twice as steep below 30 days.

    Parameters
    ----------
    time_to_expiry : array_like
        [years]

    Examples
    --------
    >>> term_weight([7 / 365, 30 / 365, 90 / 365]).round(2) + 0.0
    array([-2.65,  0.  ,  1.  ])
    """
    tenor = np.maximum(np.asarray(time_to_expiry, dtype=float) * DAYS_PER_YEAR, SHORTEST_TENOR_DAYS)
    away = np.log(tenor / TENOR_DAYS) / math.log(3.0)
    return np.asarray(np.clip(np.where(away < 0, 2.0 * away, away), -4.0, 2.0))

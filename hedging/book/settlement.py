"""Settlement at an average: what an option is worth in its last 30 minutes, and what it pays.

Crypto exchanges settle options at 08:00 UTC at the mean of their index over the half hour before. In it an option is one
on a mean of which a share is known: of the rest it is worth that share's part, with the strike moved by what is
known. So its delta decays to 0 along a line, and so does the value that is left uncertain.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from hedging import greeks
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.paths.paths import Paths
from hedging.units import DAYS_PER_YEAR

__all__ = ["AVERAGED", "averaged_value", "is_averaged", "mean_spot", "net_delta_at_settlement", "sd_share"]

AVERAGED: Final = 30.0 / (24.0 * 60.0)
"""Length of the average. [days]"""
SETTLEMENT_HOUR: Final = 8
# Midpoints of a straight line in log-price: five see a kink inside the half hour, and a mean to 1e-6 of a move of 10 %.
POINTS: Final = (np.arange(10) + 0.5) / 10.0


def is_averaged(option: Option) -> bool:
    """Whether an option settles at an average: the coins' expiry is 08:00 UTC, and no other market's is."""
    return option.expiry.hour == SETTLEMENT_HOUR and option.expiry.minute == 0


def net_delta_at_settlement(delta: npt.ArrayLike, mark: npt.ArrayLike, minutes: npt.ArrayLike) -> Array:
    """Net transaction delta as Deribit shows it during the average: delta decays, and so does the mark taken off it.

    Parameters
    ----------
    delta : array_like
        Of Black-Scholes, before the decay.
    mark : array_like
        Of one option, in coins.
    minutes : array_like
        Since the average began, 0 to 30.

    Examples
    --------
    >>> round(float(net_delta_at_settlement(1.0, 0.3, 15.0)), 2)  # 0.5 - 0.3 * (1 - 15 / 30)
    0.35
    """
    passed = np.asarray(minutes, dtype=float) / (AVERAGED * 24.0 * 60.0)
    if not ((passed >= 0) & (passed <= 1)).all():
        raise InputError(f"minutes must lie between 0 and 30, since the average began; got {minutes!r}.")
    return np.asarray((np.asarray(delta, dtype=float) - np.asarray(mark, dtype=float)) * (1.0 - passed))


def averaged_value(
    sign: npt.ArrayLike,
    spot: npt.ArrayLike,
    strike: npt.ArrayLike,
    known_mean: npt.ArrayLike,
    days_left: float,
    vol: npt.ArrayLike,
) -> Array:
    """Value of an option on the mean of the last 30 minutes, within them. [money]

    Parameters
    ----------
    sign : array_like
        +1 for calls, -1 for puts.
    spot, strike, known_mean : array_like
        `known_mean` is that of the part of the half hour that is over. [money]
    days_left : float
        0 to 30 minutes. [days]
    vol : array_like
        [decimal a year]

    Notes
    -----
    With a share u known at mean A, the payoff is ``(1 - u) (X - (K - u A) / (1 - u))^+`` of the mean X of the rest.
    X is taken as lognormal with the variance of a mean, a third of that of its end; over minutes that is exact to
    any digit that is quoted. Carry over minutes is none.
    """
    left = min(max(days_left / AVERAGED, 0.0), 1.0)
    spot, known, strike = (np.asarray(v, dtype=float) for v in (spot, known_mean, strike))
    sign = np.asarray(sign, dtype=float)
    if left == 0.0:
        return np.asarray(np.maximum(sign * (known - strike), 0.0))
    moved = (strike - (1.0 - left) * known) / left
    # A strike at or below 0 is passed for certain: a call is worth the difference, a put nothing.
    certain = np.maximum(sign * (spot - moved), 0.0)
    flag = np.where(sign > 0, "c", "p")
    at = np.where(moved > 0, moved, spot)
    alive = greeks.black76_price(flag, spot, at, days_left / 3.0 / DAYS_PER_YEAR, rate=0.0, vol=vol)
    return np.asarray(left * np.where(moved > 0, alive, certain))


def sd_share(days_left: float, days_now: float) -> float:
    """Deviation of a mean over that of its end some days before expiry, as a share of what it is now.

    Before the half hour begins two thirds of it add nothing to the variance of the mean. An option's vol of today has
    that in it, as today's value is its mark.
    """

    def share(days: float) -> float:
        return 1.0 - 2.0 / 3.0 * AVERAGED / max(days, AVERAGED)

    return math.sqrt(share(days_left) / share(days_now))


def mean_spot(paths: Paths, begin: float, end: float) -> Array:
    """Mean of the spot ratio between two days on the way to each node, shape (scenarios, dates)."""
    if end <= begin:
        return paths.spot_at(end)
    total = sum(paths.spot_at(begin + (end - begin) * share) for share in POINTS)
    return np.asarray(total / POINTS.size)

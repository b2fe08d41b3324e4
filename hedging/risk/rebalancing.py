r"""When to trade the hedge of an option again: bands, clocks and the vol that pays for them.

A hedge that follows delta closely pays spread and fees for it; one that follows loosely carries the move of the
price meanwhile. Whalley and Wilmott's and Zakamouline's bands say how far delta may run before a trade pays, for a
stated aversion to risk; Leland's vol says what hedging by the clock costs, as a vol that the option is priced at.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.units import DAYS_PER_YEAR

__all__ = [
    "Band",
    "Side",
    "leland_number",
    "leland_vol",
    "next_trade_prices",
    "rebalancing_lots",
    "rebalancing_trade",
    "whalley_wilmott",
    "zakamouline",
]

Array = npt.NDArray[np.float64]
Side: TypeAlias = Literal["target", "edge"]


class Band(NamedTuple):
    """Deltas between which nothing is traded, and the vol that the target delta is computed at.

    Attributes
    ----------
    half_width : float
        [units of underlying per unit]
    vol : float
        [decimal a year]
    """

    half_width: float
    vol: float


def leland_number(vol: float, interval: float, cost: float) -> float:
    r"""Leland's number: what rehedging costs, against the vol that it earns.

    Parameters
    ----------
    vol : float
        [decimal a year]
    interval : float
        Time between trades. [years]
    cost : float
        Of one trade, one way, as a share of what is traded: half spread and fee.

    Returns
    -------
    float

    Notes
    -----
    :math:`\sqrt{8 / \pi}\, k / (\sigma \sqrt{\Delta t})` with :math:`k` the one-way cost [1]_.

    References
    ----------
    .. [1] H. E. Leland, Option Pricing and Replication with Transactions Costs, 1985.

    Examples
    --------
    >>> round(leland_number(0.20, 1 / 52, 0.01), 6)
    0.575363
    """
    _positive(vol=vol, interval=interval)
    _not_negative(cost=cost)
    return math.sqrt(8.0 / math.pi) * cost / (vol * math.sqrt(interval))


def leland_vol(
    vol: float, interval: float, cost: float, *, gamma: Literal["short", "long"] = "short"
) -> float:
    """Vol at which an option that is hedged by the clock covers its hedging cost.

    Parameters
    ----------
    vol, interval, cost
        As in `leland_number`.
    gamma : {'short', 'long'}
        Whoever is short gamma must ask a higher vol, whoever is long can pay only a lower one.

    Raises
    ------
    InputError
        If costs eat all of a long gamma's vol: then no vol pays for hedging so often.

    Examples
    --------
    >>> round(leland_vol(0.20, 1 / 52, 0.01), 6)
    0.251027
    """
    if gamma not in ("short", "long"):
        raise InputError(f"gamma must be 'short' or 'long'; got {gamma!r}.")
    share = leland_number(vol, interval, cost)
    left = 1.0 + share if gamma == "short" else 1.0 - share
    if left <= 0.0:
        raise InputError(
            f"costs of {cost:g} every {number_of(interval * DAYS_PER_YEAR, 'day', '.3g')} eat all that a vol of {vol:g} earns; hedge less often."
        )
    return vol * math.sqrt(left)


def whalley_wilmott(
    spot: float,
    gamma: float,
    cost: float,
    risk_aversion: float,
    *,
    rate: float = 0.0,
    time_to_expiry: float = 0.0,
) -> float:
    r"""Half width of the delta band of Whalley and Wilmott.

    Parameters
    ----------
    spot : float
        [money]
    gamma : float
        Of the hedged position, either sign. [units per 1.00 of spot]
    cost : float
        One way, as a share of what is traded.
    risk_aversion : float
        Of exponential utility, > 0. [1/money]
    rate, time_to_expiry : float
        [1/year], [years]

    Returns
    -------
    float
        [units of underlying]

    Notes
    -----
    :math:`(\tfrac{3}{2} e^{-r\tau} k S \Gamma^2 / \lambda)^{1/3}` [1]_: of small costs, the cube root of them.

    References
    ----------
    .. [1] A. E. Whalley and P. Wilmott, An Asymptotic Analysis of an Optimal Hedging Model for Option Pricing with
       Transaction Costs, 1997.
    """
    _positive(spot=spot, risk_aversion=risk_aversion)
    _not_negative(cost=cost, time_to_expiry=time_to_expiry)
    _finite(gamma=gamma, rate=rate)
    discount = math.exp(-rate * time_to_expiry)
    return float(np.cbrt(1.5 * discount * cost * spot * gamma**2 / risk_aversion))


def zakamouline(
    spot: float,
    gamma: float,
    cost: float,
    risk_aversion: float,
    vol: float,
    time_to_expiry: float,
    *,
    rate: float = 0.0,
) -> Band:
    r"""Band and hedging vol of Zakamouline, fitted to the exact solution for costs that are not small.

    Parameters
    ----------
    spot, cost, risk_aversion
        As in `whalley_wilmott`.
    gamma : float
        Of the position: < 0 for a short option. [units per 1.00 of spot]
    vol, time_to_expiry, rate : float
        [decimal a year], [years], [1/year]

    Returns
    -------
    Band
        The half width, :math:`H_0 + H_1`, and the vol that delta is computed at: above `vol` for who is short
        gamma, below it for who is long.

    Notes
    -----
    :math:`H_0 = k / (\lambda S \sigma^2 \tau)`,
    :math:`H_1 = 1.12\, k^{0.31} \tau^{0.05} (e^{-r\tau} / \sigma)^{0.25} (|\Gamma| / \lambda)^{0.5}`,
    :math:`\sigma_m^2 = \sigma^2 (1 + K)`,
    :math:`K = -4.76\, (k^{0.78} / \tau^{0.02}) (e^{-r\tau} / \sigma)^{0.25} (\lambda S^2 |\Gamma|)^{0.15}` times the
    sign of gamma [1]_.

    References
    ----------
    .. [1] V. I. Zakamouline, European Option Pricing and Hedging with Both Fixed and Proportional Transaction
       Costs, 2006.
    """
    _positive(spot=spot, risk_aversion=risk_aversion, vol=vol, time_to_expiry=time_to_expiry)
    _not_negative(cost=cost)
    _finite(gamma=gamma, rate=rate)
    size, share = abs(gamma), math.exp(-rate * time_to_expiry) / vol
    base = cost / (risk_aversion * spot * vol**2 * time_to_expiry)
    width = 1.12 * cost**0.31 * time_to_expiry**0.05 * share**0.25 * math.sqrt(size / risk_aversion)
    if cost == 0.0 or size == 0.0:
        return Band(base + (width if cost else 0.0), vol)
    shift = 4.76 * cost**0.78 / time_to_expiry**0.02 * share**0.25 * (risk_aversion * spot**2 * size) ** 0.15
    left = 1.0 - math.copysign(shift, gamma)
    if left <= 0.0:
        raise InputError(
            f"at a cost of {cost:g} and a risk aversion of {risk_aversion:g} no vol pays for hedging this gamma; "
            "leave it, or lower one of the two."
        )
    return Band(base + width, vol * math.sqrt(left))


def rebalancing_trade(
    delta: float,
    target: float | tuple[float, float],
    band: float | tuple[float, float] = 0.0,
    *,
    to: Side = "target",
) -> float:
    """Units to trade under a threshold rule: nothing inside the band, else back to its edge or the target.

    Parameters
    ----------
    delta : float
        Of the book now. [units of underlying]
    target : float or (float, float)
        Wanted delta, or the window it may lie in. [units]
    band : float or (float, float)
        How far delta may lie below and above; two numbers for a one- or two-sided rule, 0 for a side that acts at
        once, infinity for one that never does. [units]
    to : {'target', 'edge'}
        Where a trade goes back to. Paying in proportion to what is traded, the edge is optimal; paying a fixed sum,
        the target.

    Returns
    -------
    float
        > 0 to buy. [units]

    Examples
    --------
    >>> rebalancing_trade(11.5, 10.0, 1.0), rebalancing_trade(11.5, 10.0, 1.0, to="edge"), rebalancing_trade(10.5, 10.0, 1.0)
    (-1.5, -0.5, 0.0)
    """
    if to not in ("target", "edge"):
        raise InputError(f"to must be 'target' or 'edge'; got {to!r}.")
    if not math.isfinite(delta):
        raise InputError(f"delta must be a finite number; got {delta!r}.")
    low, high = target if isinstance(target, tuple) else (target, target)
    below, above = band if isinstance(band, tuple) else (band, band)
    if not (low <= high and low < math.inf and high > -math.inf):
        raise InputError(f"target must be a number or a window (from, to) that ascends; got {target!r}.")
    _not_negative(below=below, above=above)
    if low - below <= delta <= high + above:
        return 0.0
    if delta < low:
        return (low if to == "target" else low - below) - delta
    return (high if to == "target" else high + above) - delta


def rebalancing_lots(
    delta: float,
    target: float | tuple[float, float],
    band: float | tuple[float, float] = 0.0,
    *,
    lot: float,
    to: Side = "target",
) -> int:
    """Whole lots to trade under a threshold rule: those that come nearest to where it goes back to.

    Parameters
    ----------
    delta, target, band, to
        As for `rebalancing_trade`.
    lot : float, > 0
        Delta of one lot bought: of the perpetual its size, of an option its delta times that, < 0 for a put. [units]

    Returns
    -------
    int
        > 0 to buy. Of the numbers of lots that bring delta into its band, the one nearest to the target or edge; where
        lots are too coarse for the band, the one that ends nearest to it, and 0 where that is where delta is.

    Examples
    --------
    >>> rebalancing_lots(11.52, 10.0, 1.0, lot=0.1), rebalancing_lots(11.52, 10.0, 1.0, lot=0.1, to="edge")
    (-15, -6)
    """
    if not (math.isfinite(lot) and lot != 0.0):
        raise InputError(f"lot must be a delta other than 0; got {lot!r}.")
    wanted = rebalancing_trade(delta, target, band, to=to)
    if wanted == 0.0:
        return 0
    low, high = target if isinstance(target, tuple) else (target, target)
    below, above = band if isinstance(band, tuple) else (band, band)
    least, most = low - below, high + above
    slack = 1e-9 * max(
        abs(least) if math.isfinite(least) else 0.0, abs(most) if math.isfinite(most) else 0.0, abs(lot)
    )

    def miss(lots: int) -> tuple[float, float, int]:
        after = delta + lots * lot
        outside = max(least - after, after - most, 0.0)
        return (outside if outside > slack else 0.0, abs(after - delta - wanted), abs(lots))

    exact = wanted / lot
    return min({0, math.floor(exact), math.ceil(exact)}, key=miss)


def next_trade_prices(
    spot: npt.ArrayLike, delta: npt.ArrayLike, target: float, band: float
) -> tuple[float, float]:
    """Prices of the underlying at which delta leaves its band: the next trades on the way down and up.

    Parameters
    ----------
    spot : array_like
        Ascending prices, today's among them or between them. [money]
    delta : array_like
        Delta of the book at each, as of `hedging.risk.profile`. [units]
    target, band : float
        Delta stays within ``target - band`` and ``target + band``. [units]

    Returns
    -------
    (float, float)
        The nearest prices below and above the middle of the range where delta lies in the band at which it
        leaves it; NaN where it does not within the range. [money]
    """
    prices, deltas = np.asarray(spot, dtype=float), np.asarray(delta, dtype=float)
    if prices.ndim != 1 or prices.shape != deltas.shape or prices.size < 2 or not (np.diff(prices) > 0).all():
        raise InputError("spot must ascend, with one delta for each price.")
    outside = np.abs(deltas - target) - band
    inside = np.flatnonzero(outside <= 0)
    if not inside.size:
        return math.nan, math.nan
    start = int(inside[np.abs(inside - (prices.size - 1) / 2).argmin()])
    return _crossing(prices, outside, start, -1), _crossing(prices, outside, start, 1)


def _crossing(prices: Array, outside: Array, start: int, step: int) -> float:
    """Where a curve first rises above 0, going from a place of it in one direction."""
    here = start
    while 0 <= here + step < prices.size:
        there = here + step
        if outside[there] > 0:
            share = outside[here] / (outside[here] - outside[there])
            return float(prices[here] + share * (prices[there] - prices[here]))
        here = there
    return math.nan


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not (value > 0 and math.isfinite(value)):
            raise InputError(f"{name} must be a number > 0; got {value!r}.")


def _finite(**values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise InputError(f"{name} must be a finite number; got {value!r}.")


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise InputError(f"{name} must be a number >= 0; got {value!r}.")

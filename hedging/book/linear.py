"""What one unit of spot, a perpetual or a dated future is worth along paths."""

from __future__ import annotations

import numpy as np

from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.contracts import Future, Linear, Perpetual, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["FUNDING_PERIODS_PER_DAY", "SHORTEST_YEARS", "future_terms", "linear_value", "notional"]

FUNDING_PERIODS_PER_DAY = 3.0
# Times are exact to the nanosecond; anything shorter is a date that means the expiry itself.
SHORTEST_YEARS = 1e-12


def linear_value(
    item: Linear,
    entry: float,
    spot: Array,
    paths: Paths,
    *,
    today: float,
    funding_8h: float,
    future: tuple[float, float] | None,
    grown: Array | None = None,
) -> Array:
    """Value of one unit of spot, a perpetual or a future at every node, shape (dates, scenarios). [money]

    Parameters
    ----------
    item : Spot, Perpetual or Future
    entry : float
        [money]
    spot : ndarray, shape (dates, scenarios)
        [money]
    paths : Paths
    today : float
        Spot today. [money]
    funding_8h : float
        What longs of a perpetual pay per 8 hours now. [share of spot]
    future : (float, float) or None
        Time to expiry and carry of a dated future; see `future_terms`.
    grown : ndarray, shape (dates,), optional
        Log of today's forward of each date over today's spot, where a future keeps what is left of its own carry; by
        default its carry a year stays.
    """
    if isinstance(item, Spot):
        return spot
    if isinstance(item, Perpetual):
        paid = _funding_paid(paths, funding_8h).T
        return np.asarray(spot - entry - notional(item, entry, today) * paid)
    assert future is not None
    expiry, carry = future
    remaining = np.maximum(expiry - paths.days / DAYS_PER_YEAR, 0.0)[:, None]
    left = carry * remaining if grown is None else carry * expiry - grown[:, None]
    if paths.carry_shift is not None:
        left = left + paths.carry_shift.T * remaining
    settled = today * paths.spot_at(expiry * DAYS_PER_YEAR).T
    forward = np.where(remaining > SHORTEST_YEARS, spot * np.exp(left), settled)
    if item.settlement == "cash":
        return np.asarray(forward - entry)
    return np.asarray(spot * (1.0 - entry / forward))  # a gain in coin, worth today's spot


def notional(item: Perpetual | Future, entry: float, price: float) -> float:
    """Money that one unit stands for: fixed when it was entered where it settles in coin, else its price. [money]"""
    return entry if item.settlement == "coin" else price


def future_terms(future: Future, market: Market) -> tuple[float, float]:
    """Time to expiry and carry of a dated future. [years], [1/year]"""
    expiry = years(market.as_of, future.expiry)
    if expiry <= 0:
        raise InputError(f"{future.symbol} expired before the chain of {market.as_of} was taken.")
    return expiry, float(market.carry(expiry))


def _funding_paid(paths: Paths, funding_8h: float) -> Array:
    """Funding that a long has paid by each date, per unit of its `notional` today, shape of the paths.

    The rate of each stretch times the average spot on it, in the money that it was worth then.

    One settled in coin pays coins on the money that it was entered for, as a backtest has it. Those coins, half of them
    at either end of a straight way, are worth that at its end; coins that were paid before a turn are not revalued here.
    They would be worth a ratio of the levels on both sides of the turn: not linear in each of them, as the planner's
    proof needs it, and without bound where the first is zero.
    """
    if paths.funding_shift is None and not funding_8h:
        return np.zeros_like(paths.spot)
    shift = 0.0 if paths.funding_shift is None else paths.funding_shift
    daily = np.broadcast_to((funding_8h + shift) * FUNDING_PERIODS_PER_DAY, paths.spot.shape)
    if paths.straight:
        return np.asarray(daily * paths.days * (1.0 + paths.spot) / 2.0)
    stretches = np.diff(paths.days, prepend=0.0)
    before = np.concatenate((np.ones((len(paths), 1)), paths.spot[:, :-1]), axis=1)
    return np.cumsum(daily * stretches * (before + paths.spot) / 2.0, axis=1)

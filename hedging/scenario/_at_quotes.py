"""Probabilities of spot at an expiry, as close to the surface's as its quotes allow.

A surface of few numbers misses tight quotes of many strikes by more than half their spread. Outcomes drawn from it then
pay whoever trades those, and an optimiser that sees them finds orders that never lose.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from hedging._numerics import kernels
from hedging._numerics.entropy import least_entropy, relative_entropy
from hedging._numerics.types import Array
from hedging.market.by_exercise import out_of_the_money, side_vols
from hedging.market.density import quantiles
from hedging.market.market import Market
from hedging.units import DAYS_PER_YEAR

__all__ = ["surface_shares"]

BUCKETS: Final = 1_000  # equal shares of the surface's probability, each of which gets another
PARTS: Final = 8  # of a bucket, over which payoffs are a mean
SAME_DAY: Final = 1e-3  # days
INSIDE: Final = 0.2  # half spreads that a value is wanted inside its quote
MISS: Final = 3.0  # half spreads that cost half a nat to miss a quote by: quotes may contradict each other
MOST_MOVED: Final = 0.1  # nat: quotes that need more are of another forward, and no shape mends that
TIGHTEST: Final = 2e-6  # of the forward: least half spread that tells quotes apart, and that of the forward
EDGES: Final = np.linspace(0.0, 1.0, BUCKETS + 1)


def surface_shares(market: Market, day: float, shares: Array) -> Array:
    """Where in the surface's distribution of a date the given shares of probability lie, once quotes are met.

    Between two expiries by both of theirs, as the surface is; before the first and after the last by its own.
    """
    times = market.smile.times * DAYS_PER_YEAR
    after = int(np.clip(np.searchsorted(times, day - SAME_DAY), 0, times.size - 1))
    before = max(after - 1, 0) if times[after] > day + SAME_DAY else after
    passed = (day - times[before]) / (times[after] - times[before]) if after > before else 0.0
    met = (1.0 - passed) * _cumulated(market, times[before]) + passed * _cumulated(market, times[after])
    return np.asarray(np.interp(shares, met, EDGES))


def _cumulated(market: Market, day: float) -> Array:
    """Probability up to the end of each bucket of the surface's, from 0 to 1, shape (BUCKETS + 1,)."""
    key = ("shares at quotes", day)
    if key not in market.memo:
        found = _moved(market, day)
        market.memo[key] = EDGES if found is None else np.append(0.0, found.cumsum())
    return np.asarray(market.memo[key])


def _moved(market: Market, day: float) -> Array | None:
    """Probabilities of the buckets by which the quotes of an expiry are met; None if the surface's are kept."""
    quotes = market.chain.quotes
    here = np.abs(quotes["time_to_expiry"] * DAYS_PER_YEAR - day) < SAME_DAY
    rows = quotes[here & out_of_the_money(quotes)]
    shares = (np.arange(BUCKETS * PARTS) + 0.5) / (BUCKETS * PARTS)
    spot = quantiles(market.smile, shares, day / DAYS_PER_YEAR).reshape(BUCKETS, PARTS)
    gains, half = _gains(rows, spot / spot.mean(), market)
    prior = np.full(BUCKETS, 1.0 / BUCKETS)
    found = least_entropy(gains + INSIDE * half, np.ones(half.size), prior, (MISS * half) ** 2)
    if found is None or relative_entropy(found, prior) > MOST_MOVED:
        return None
    return np.asarray(found / found.sum())


def _gains(rows: pd.DataFrame, spot: Array, market: Market) -> tuple[Array, Array]:
    """What each side of each quote, and of the forward, gains in every bucket, shape (buckets, orders), and half spreads.

    As shares of the forward, which spot is given in; American options as the European ones of the same vols.
    """
    sign = np.where(rows["flag"] == "c", 1.0, -1.0)
    strike = (rows["strike"] / rows["forward"]).to_numpy(dtype=float)
    root = np.sqrt(rows["time_to_expiry"].to_numpy(dtype=float))
    bid, ask = (
        kernels.black76(sign, 1.0, strike, side_vols(rows, side, market.chain.early).to_numpy() * root)
        for side in ("bid", "ask")
    )
    paid = np.maximum(sign * (spot[..., None] - strike), 0.0).mean(axis=1)
    forward = spot.mean(axis=1, keepdims=True) - 1.0
    gains = np.concatenate((paid - ask, bid - paid, forward - TIGHTEST, -forward - TIGHTEST), axis=1)
    # Of a quote of one side nothing says how much it may be missed by.
    known = np.isfinite(bid) & np.isfinite(ask)
    half, kept = np.maximum((ask - bid) / 2.0, TIGHTEST), np.concatenate((known, known, [True, True]))
    return gains[:, kept], np.concatenate((half, half, [TIGHTEST, TIGHTEST]))[kept]

"""A small synthetic chain and book, so that everything runs with no data and no network.

Nothing here was ever quoted on an exchange: vols come from a formula, spreads and sizes from a seed. The
shape (coin-settled, quoted in coin on Deribit's ticks, skewed to the downside) is that of BTC in a sell-off.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from hedging import greeks
from hedging._ground.arguments import whole
from hedging.book.book import Book, Holding
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, option_symbol
from hedging.units import SECONDS_PER_YEAR
from hedging.venues import deribit

__all__ = ["ASSET", "AS_OF", "SPOT", "book", "chain"]

ASSET: Final = "BTC"
AS_OF: Final = pd.Timestamp("2026-03-02T12:00Z")
SPOT: Final = 70_000.0
SOURCE: Final = "synthetic sample (no market data)"
# Days to expiry, at 08:00 UTC as on Deribit: two dailies, weeklies, months and a quarter.
EXPIRIES: Final = (1, 4, 11, 18, 25, 39, 53, 116)
CARRY: Final = 0.045
# At-the-money vol of the shortest and of long expiries.
LEVEL_SHORT, LEVEL_LONG = 0.55, 0.48


def book() -> Book:
    """25 coins of spot, bought at 88,000."""
    return Book(Holding.spot(ASSET, 25.0, entry=88_000.0))


def chain(seed: int = 7) -> OptionChain:
    """A synthetic chain; the same seed gives the same quotes, to the bit.

    Parameters
    ----------
    seed : int
        Of the spreads, sizes and open interest; prices follow a formula.

    Raises
    ------
    InputError
        If the seed is no whole number from 0 on.

    Examples
    --------
    >>> sample = chain()
    >>> sample.asset, len(sample.expiries), sample.source
    ('BTC', 8, 'synthetic sample (no market data)')
    """
    whole("seed", seed, least=0)
    random = np.random.default_rng(seed)
    terms = deribit.option_terms(ASSET, AS_OF)
    table = pd.concat([_expiry(days, terms, random) for days in EXPIRIES], ignore_index=True)
    return OptionChain.from_frame(
        table,
        asset=ASSET,
        as_of=AS_OF,
        units={"price": "coin", "vol": "decimal"},
        terms=terms,
        spot=SPOT,
        source=SOURCE,
    )


def _expiry(days: int, terms: ContractTerms, random: np.random.Generator) -> pd.DataFrame:
    """Quotes of one expiry: both flags at every strike."""
    expiry = (AS_OF + pd.Timedelta(days=days)).normalize() + pd.Timedelta(hours=8)
    t = (expiry - AS_OF).total_seconds() / SECONDS_PER_YEAR
    forward = SPOT * math.exp(CARRY * t)
    strikes = _strikes(forward, t)
    flags = np.repeat(["c", "p"], strikes.size)
    strikes = np.tile(strikes, 2)
    vol = _vol(np.log(strikes / forward), t)
    mark = np.asarray(greeks.coin_price(flags, forward, strikes, t, vol))
    bid, ask = _sides(mark, terms, random)
    # A bid of zero is no bid.
    bid = np.where(bid > 0, bid, np.nan)
    size = np.round(random.lognormal(3.2, 0.7, (2, strikes.size)), 1)
    return pd.DataFrame(
        {
            "symbol": [option_symbol(ASSET, expiry, k, f) for k, f in zip(strikes, flags, strict=True)],
            "flag": flags,
            "strike": strikes,
            "expiry": expiry,
            "forward": forward,
            "index": SPOT,
            "bid": bid,
            "ask": ask,
            "mark": mark,
            "mark_vol": vol,
            "bid_size": np.where(np.isnan(bid), np.nan, size[0]),
            "ask_size": size[1],
            "open_interest": np.round(random.lognormal(5.0, 1.2, strikes.size), 1),
            "volume": np.round(random.lognormal(2.5, 1.2, strikes.size), 1),
        }
    )


def _strikes(forward: float, t: float) -> np.ndarray:
    """Round strikes within about three standard deviations, denser for short expiries."""
    step = 1_000.0 if t < 0.05 else 2_000.0 if t < 0.2 else 5_000.0
    width = max(3.0 * LEVEL_LONG * math.sqrt(t), 0.06)
    low = math.floor(forward * math.exp(-width) / step) * step
    high = math.ceil(forward * math.exp(width) / step) * step
    return np.arange(max(low, step), high + step / 2, step)


def _vol(k: np.ndarray, t: float) -> np.ndarray:
    """Vol of the synthetic surface: a level that falls with time, a skew to puts, and a curvature."""
    level = LEVEL_LONG + (LEVEL_SHORT - LEVEL_LONG) * math.exp(-t / 0.1)
    x = k / math.sqrt(t + 0.03)
    return np.asarray(np.round(level * np.sqrt(1.0 - 0.35 * x + 0.18 * x * x), 4))


def _sides(
    mark: np.ndarray, terms: ContractTerms, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Bid and ask on the tick around the mark, a spread of about 1 to 3 % of it and at least one tick."""
    tick = np.array([terms.tick_at(price) for price in mark])
    half = np.maximum(mark * random.uniform(0.004, 0.015, mark.size), tick / 2)
    bid = np.floor((mark - half) / tick) * tick
    ask = np.ceil((mark + half) / tick) * tick
    return np.round(np.maximum(bid, 0.0), 4), np.round(ask, 4)


def __dir__() -> list[str]:
    return [*__all__]

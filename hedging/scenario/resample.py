"""Outcomes drawn from the past of prices: for books of which some coins have no options to draw from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground.arguments import whole
from hedging._ground.bounds import MOST_DAYS
from hedging._ground.counts import number_of
from hedging._numerics.seeds import generator_of
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.paths._drawing import Reactions, Seed, paths_of
from hedging.paths.historical import bootstrapped
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import measured
from hedging.prices import Past, Prices
from hedging.scenario.risk_neutral import dates_of
from hedging.units import DAYS_PER_YEAR

__all__ = ["daily_closes", "known_by", "past_returns", "realised", "resample", "resampled"]

FEWEST_DAYS: Final = 90  # returns of its own from which a coin's beta and residual are taken
MEAN_BLOCK: Final = 5.0  # days of a run of the bootstrap
LATE: Final = pd.Timedelta(days=3)  # what a last price may be older than the quotes


def resample(
    prices: Prices,
    chain: Chains,
    horizon: float,
    scenarios: int = 1_000,
    seed: Seed = 1,
    *,
    days: int = 365,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Outcomes like those of the past, of coins with and without options: for `Outcomes`.

    Whole days of the past are drawn, in runs of five on average: so downside betas, correlations and each coin's own
    moves are what they were. A coin that has no price on a day of the past moves there by its beta to the coin with
    the most prices, that of falls or that of rises, and by a residual of its own, drawn from the days that it has.
    Nothing is expected of any coin: on each date the mean of spot is the chain's forward, or today's price.

    Parameters
    ----------
    prices : Prices
        Of every asset; what was known when the quotes were taken is used and nothing after.
    chain : OptionChain, Market, or several of them
        `hedging.market.Market.bare` for a coin on which no option is quoted.
    horizon : float
        Days to the last date, > 0. There is a date at each expiry before it.
    scenarios : int
    seed : int or numpy.random.Generator
    days : int
        Of the past that is drawn from.
    reactions
        As in `hedging.paths.student_t`.

    Returns
    -------
    dict of str to Paths
        By asset, scenario by scenario the same state of the world.

    Raises
    ------
    InputError
        If an asset has no prices, or fewer than 90 days of its own, or a number is out of its range.
    """
    if not 0.0 < horizon <= MOST_DAYS:
        raise InputError(f"horizon must be a number of days > 0, {MOST_DAYS:,} at most; got {horizon!r}.")
    markets = list(markets_of(chain).values())
    past = known_by(prices, max(market.as_of for market in markets))
    closes = daily_closes(past, [market.asset for market in markets])
    known = past_returns(closes, days, seed, past.source)
    return resampled(known, markets, dates_of(markets, horizon), scenarios, seed, reactions)


def known_by(prices: Prices, when: pd.Timestamp) -> Past:
    """Daily prices known at a time, the last of them at most three days old.

    Raises
    ------
    InputError
        If the prices end earlier, or begin later.
    """
    daily = prices.daily()
    last = daily.until().at
    if when - last > LATE:
        raise InputError(
            f"the quotes are of {when:%Y-%m-%d %H:%M} UTC and {prices.source} ends on {last:%Y-%m-%d %H:%M}: prices may "
            f"be {LATE.days} days older at most. Bring prices up to the quotes, or quotes of their time."
        )
    return daily.until(min(when, last))


def daily_closes(past: Past, assets: Sequence[str]) -> pd.DataFrame:
    """Closes of some assets, one row a day without a hole between rows; NaN where there is none.

    Raises
    ------
    InputError
        If an asset has no close by then.
    """
    for asset in assets:
        past.series(asset)  # refuses, by name
    closes = past.closes[list(assets)]
    return closes.reindex(pd.date_range(closes.index[0], closes.index[-1], freq="D"))


def past_returns(closes: pd.DataFrame, days: int, seed: Seed, source: str = "prices") -> pd.DataFrame:
    """Daily log-returns of the last days of some closes, complete.

    Parameters
    ----------
    closes : DataFrame
        As `daily_closes` gives them.
    days : int
    seed : int or numpy.random.Generator
        Of the residuals of days on which a coin has no price.
    source : str
        Name for messages.

    Raises
    ------
    InputError
        If days are no whole number >= 90, or a coin has fewer returns of its own.
    """
    if isinstance(days, bool) or not isinstance(days, int) or days < FEWEST_DAYS:
        raise InputError(f"days of the past must be a whole number >= {FEWEST_DAYS}; got {days!r}.")
    logs = closes.apply(np.log)
    returns = logs.diff().iloc[1:].iloc[-days:]
    own = returns.notna().sum()
    if not len(own) or own.min() < FEWEST_DAYS:
        coin = own.idxmin() if len(own) else "no coin"
        raise InputError(
            f"outcomes need {FEWEST_DAYS} daily returns of every coin among the last {number_of(days, 'day')} of {source}; {coin} has "
            f"{int(own.min()) if len(own) else 0}. Leave it out of the book, or bring more of its prices."
        )
    leader = str(own.idxmax())  # the first of those with the most
    returns = returns[returns[leader].notna()]
    return _completed(returns, leader, generator_of(seed))


def _completed(returns: pd.DataFrame, leader: str, random: np.random.Generator) -> pd.DataFrame:
    """Returns with beta and a drawn residual where a coin has none; its betas of falls and rises are two."""
    lead = returns[leader].to_numpy(dtype=float)
    filled = {}
    for coin in returns:
        own = returns[coin].to_numpy(dtype=float).copy()
        there = np.isfinite(own)
        for side in (lead < 0.0, lead >= 0.0):
            known, gap = side & there, side & ~there
            if not gap.any():
                continue
            square = lead[known] @ lead[known]
            beta = own[known] @ lead[known] / square if square > 0.0 else 0.0
            residual = own[known] - beta * lead[known] if known.any() else np.zeros(1)
            own[gap] = beta * lead[gap] + random.choice(residual, int(gap.sum()))
        filled[coin] = own
    return pd.DataFrame(filled, index=returns.index)


def resampled(
    returns: pd.DataFrame,
    markets: Sequence[Market],
    dates: Array,
    scenarios: int,
    seed: Seed,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Paths of every asset over some dates, from complete daily returns drawn in runs."""
    whole("scenarios", scenarios)
    random = generator_of(seed)
    own = returns[[market.asset for market in markets]].to_numpy(dtype=float)
    moves = bootstrapped(own, math.ceil(dates[-1]), scenarios, random, MEAN_BLOCK)
    logs = np.stack([_at(np.cumsum(moves[:, :, i], axis=1), dates) for i in range(len(markets))], axis=2)
    growth = np.stack([_carried(market, dates) for market in markets], axis=1)
    return paths_of(_vols(returns, markets), dates, logs + growth, random, reactions, growth)


def realised(
    closes: pd.DataFrame, markets: Sequence[Market], dates: Array, returns: pd.DataFrame
) -> dict[str, Paths]:
    """What came: one path of every asset from the first row of some closes on.

    Parameters
    ----------
    closes : DataFrame
        One row a day, today's first. A coin that stops trading keeps its last price.
    markets : sequence of Market
    dates : ndarray
        [days from the first row]
    returns : DataFrame
        What was known before, by which vols react.
    """
    vols = _vols(returns, markets)
    moved = (closes.ffill() / closes.iloc[0]).apply(np.log)
    return {
        market.asset: along(
            dates,
            _at(moved[market.asset].to_numpy(dtype=float)[None, 1:], dates),
            reaction=measured(market.asset).at(vols[market.asset]),
        )
        for market in markets
    }


def _at(daily: Array, dates: Array) -> Array:
    """Log-prices on some dates from those at the end of each day, shape (scenarios, days); linear in between."""
    whole = np.concatenate((np.zeros((len(daily), 1)), daily), axis=1)
    left = np.minimum(np.floor(dates).astype(int), whole.shape[1] - 2)
    return np.asarray(whole[:, left] + (dates - left) * (whole[:, left + 1] - whole[:, left]))


def _carried(market: Market, dates: Array) -> Array:
    """Log of what the forward of each date is above spot; nothing where there is no forward."""
    return (
        np.zeros(dates.size)
        if market.is_bare
        else market.carry(dates / DAYS_PER_YEAR) * dates / DAYS_PER_YEAR
    )


def _vols(returns: pd.DataFrame, markets: Sequence[Market]) -> Mapping[str, float]:
    """A year's vol: the surface's where there is one, and of a coin without options that of its past."""
    return {
        market.asset: float(returns[market.asset].std(ddof=0)) * math.sqrt(DAYS_PER_YEAR)
        if market.is_bare
        else market.vol_of_30_days
        for market in markets
    }

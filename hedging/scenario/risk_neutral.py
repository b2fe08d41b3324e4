"""Outcomes with the distribution that is quoted: on each date the surface's own, in the order of a model's draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.seeds import generator_of
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.density import quantiles
from hedging.market.market import Chains, Market, markets_of
from hedging.paths._drawing import Reactions, Seed, paths_of
from hedging.paths.by_asset import PathsBy, paths_by_asset
from hedging.paths.paths import Paths
from hedging.scenario._at_quotes import surface_shares
from hedging.scenario._centring import centred
from hedging.units import DAYS_PER_YEAR

__all__ = ["dates_of", "risk_neutral"]

LEAST_STEP = 1e-3  # days: expiries of one day differ by nothing that matters
PARTS = 8  # of the share of probability that each scenario stands for, of which it is the mean


def risk_neutral(
    paths: PathsBy, chain: Chains, seed: Seed = 1, *, reactions: Reactions = None
) -> dict[str, Paths]:
    """Give drawn paths, on every date, the distribution that the surface implies.

    The model of the paths says in which order the scenarios lie on each date, and so what comes after what and
    together with what; how far they lie apart says the chain. So no option that expires on the way is worth anything
    else than what the surface says, and the means of vol and term structure are such that those which expire later
    have nothing to gain by them on average either.

    Parameters
    ----------
    paths : Paths, or mapping of asset to Paths
        As drawn by any model of `hedging.paths`; equally likely scenarios.
    chain : OptionChain, Market, or several of them
    seed : int or numpy.random.Generator
        Of what vol does beside the price.
    reactions : mapping of asset to Reaction, optional
        What vol and the rest do with the price; by default as fitted, for a market at the chain's 30-day vol.

    Returns
    -------
    dict of str to Paths
        By asset, with dates at each expiry until the last of the paths, half-way, and there.

    Raises
    ------
    InputError
        If an asset has no paths, or they are levels of a grid.

    Notes
    -----
    The scenarios of one date are the means over equal shares of the surface's probability, sorted like those of the
    model [1]_: its copula over time and assets, with other marginals.

    References
    ----------
    .. [1] R. B. Nelsen, An Introduction to Copulas, 2006, section 2.3 (Sklar's theorem).
    """
    markets = markets_of(chain)
    given = paths_by_asset(paths, list(markets))
    if any(made.straight for made in given.values()):
        raise InputError("risk-neutral outcomes are made of drawn paths; got the levels of a grid.")
    horizon = float(next(iter(given.values())).days[-1])
    days = dates_of(list(markets.values()), horizon)
    moved = np.stack([_quoted(given[asset], market, days) for asset, market in markets.items()], axis=-1)
    growth = np.stack([market.carry(days / DAYS_PER_YEAR) * days for market in markets.values()], axis=-1)
    vols = {asset: market.vol_of_30_days for asset, market in markets.items()}
    made = paths_of(vols, days, moved, generator_of(seed), reactions, growth / DAYS_PER_YEAR)
    return {asset: centred(made[asset], market) for asset, market in markets.items()}


def dates_of(markets: Sequence[Market], horizon: float) -> Array:
    """Every expiry within the horizon, half of it, and its end. [days]"""
    times = np.concatenate([market.smile.times for market in markets]) * DAYS_PER_YEAR
    days = np.unique(np.concatenate([times[times < horizon], [horizon / 2.0, horizon]]))
    return np.asarray(days[np.append(np.diff(days) > LEAST_STEP, True)])


def _quoted(paths: Paths, market: Market, days: Array) -> Array:
    """Log-price on some dates: the surface's quantiles, in the order of the paths, shape (scenarios, dates)."""
    count = len(paths)
    share = ((np.arange(count * PARTS) + 0.5) / (count * PARTS)).reshape(count, PARTS)
    log_price = np.empty((count, days.size))
    for date, day in enumerate(days):
        met = surface_shares(market, float(day), share)
        levels = quantiles(market.smile, met, day / DAYS_PER_YEAR).mean(axis=1) / market.spot
        order = paths.spot_at(float(day))[:, -1].argsort(kind="stable")
        log_price[order, date] = np.log(levels)
    return log_price

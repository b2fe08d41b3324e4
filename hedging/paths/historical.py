"""Random scenarios made of the past: filtered history, block bootstrap, and the vols that filter it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.bounds import check_dates, check_drawn
from hedging._ground.counts import number_of
from hedging._numerics.resampling import resampled_rows
from hedging._numerics.seeds import generator_of
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths._drawing import Reactions, Seed, paths_of
from hedging.paths.paths import Paths
from hedging.units import DAYS_PER_YEAR, days_apart

__all__ = ["block_bootstrap", "bootstrapped", "ewma_vol", "filtered_historical", "garch_vol"]


def filtered_historical(
    prices: pd.DataFrame,
    days: int,
    scenarios: int,
    seed: Seed,
    *,
    decay: float = 0.94,
    vols: pd.DataFrame | None = None,
    drift: float = 0.0,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Past returns over the vol of their day, drawn anew and given today's vol, which then lives on.

    Parameters
    ----------
    prices : DataFrame
        Daily closes, one column an asset, ascending.
    days : int
        Length of the paths, one date a day.
    scenarios : int
    seed : int or numpy.random.Generator
    decay : float
        Of the exponentially weighted variance, 0 to 1 (RiskMetrics: 0.94).
    vols : DataFrame, optional
        Daily vol of each return, such as `garch_vol` gives; its last row is today's, and it stays.
        By default `ewma_vol`, which is updated along each path.
    drift : float
        The mean of spot grows by ``exp(drift * years)``, whatever the past did. [1/year]
    reactions : mapping of asset to Reaction, optional
        As in `student_t`.

    Notes
    -----
    The same day is drawn for all assets, so that their dependence, tails included, is the past's own.

    References
    ----------
    .. [1] G. Barone-Adesi, K. Giannopoulos, L. Vosper, VaR without correlations for portfolios of
       derivative securities, J. Futures Markets 19, 1999.
    """
    random = generator_of(seed)
    returns = _returns(prices)
    dates = _whole_days(days, scenarios)
    if not 0 < decay < 1:
        raise InputError(f"decay must lie between 0 and 1; got {decay!r}.")
    vol = (ewma_vol(returns, decay) if vols is None else vols).to_numpy(dtype=float)
    if vol.shape != (len(returns) + 1, returns.shape[1]) or not (vol > 0).all():
        raise InputError("vols must be numbers > 0, one row per return and one more for today.")
    shocks = returns.to_numpy() / vol[:-1]
    shocks = shocks / np.sqrt((shocks**2).mean(axis=0))  # so that today's vol is what its name says
    drawn = shocks[random.integers(0, len(shocks), (scenarios, days))]
    variance = np.broadcast_to(vol[-1] ** 2, (scenarios, vol.shape[1])).copy()
    moves = np.empty((scenarios, days, vol.shape[1]))
    for day in range(days):
        deviation = np.sqrt(variance)
        shocked = drawn[:, day] * deviation
        if vols is None:
            variance = decay * variance + (1.0 - decay) * shocked**2
        moves[:, day] = shocked - _log_means(shocks, deviation)
    levels = dict(zip(map(str, prices.columns), vol[-1] * math.sqrt(DAYS_PER_YEAR), strict=True))
    return _historical(levels, dates, moves, random, drift, reactions)


def _log_means(shocks: Array, deviation: Array) -> Array:
    """Log of the mean of exp(shock * deviation) over all shocks, by scenario and asset, shape of `deviation`."""
    found = np.empty_like(deviation)
    for asset in range(deviation.shape[1]):
        at = deviation[:, asset]
        # Smooth in the deviation: a line between 200 of them is good to a millionth.
        grid = np.geomspace(at.min(), at.max() * (1.0 + 1e-12), 200) if np.ptp(at) > 0 else at[:1]
        values = np.log(np.exp(np.multiply.outer(grid, shocks[:, asset])).mean(axis=1))
        found[:, asset] = np.interp(at, grid, values)
    return found


def block_bootstrap(
    prices: pd.DataFrame,
    days: int,
    scenarios: int,
    seed: Seed,
    *,
    mean_block: float = 5.0,
    drift: float = 0.0,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Stationary bootstrap: runs of past days, of random length, put one after another.

    Parameters
    ----------
    prices, days, scenarios, seed, drift, reactions
        As in `filtered_historical`: every day moves by a past day's return, less the mean of them all.
    mean_block : float
        Mean length of a run, >= 1; runs keep what follows what, such as one bad day another.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, The stationary bootstrap, JASA 89, 1994.
    """
    random = generator_of(seed)
    returns = _returns(prices).to_numpy()
    dates = _whole_days(days, scenarios)
    moves = bootstrapped(returns, days, scenarios, random, mean_block)
    levels = dict(zip(map(str, prices.columns), returns.std(axis=0) * math.sqrt(DAYS_PER_YEAR), strict=True))
    return _historical(levels, dates, moves, random, drift, reactions)


def bootstrapped(
    returns: Array, days: int, scenarios: int, random: np.random.Generator, mean_block: float
) -> Array:
    """Log-returns of a stationary bootstrap whose exponentials are 1 on average, shape (scenarios, days, assets).

    Parameters
    ----------
    returns : ndarray, shape (past days, assets)
        Daily log-returns; a day is drawn for all assets at once.
    days, scenarios, mean_block
        As in `block_bootstrap`.
    random : numpy.random.Generator
    """
    if not mean_block >= 1:
        raise InputError(f"mean_block must be a number of days >= 1; got {mean_block!r}.")
    moves = returns[resampled_rows(len(returns), days, scenarios, mean_block, random)]
    log_mean = _bootstrapped_log_mean(returns, days, 1.0 / mean_block)
    return np.asarray(moves - np.diff(log_mean, axis=0, prepend=0.0))


def _bootstrapped_log_mean(returns: Array, days: int, fresh: float) -> Array:
    """Log of the mean of spot after each day of a bootstrap, exact, shape (days, assets)."""
    growth = np.exp(returns)
    at = growth / len(
        growth
    )  # mean of spot where a run is at each day of the past, times how often it is there
    means = [at.sum(axis=0)]
    for _ in range(1, days):
        at = growth * (fresh * at.mean(axis=0) + (1.0 - fresh) * np.roll(at, 1, axis=0))
        means.append(at.sum(axis=0))
    return np.log(means)


def ewma_vol(returns: pd.DataFrame, decay: float = 0.94) -> pd.DataFrame:
    """Exponentially weighted vol before each return, and after the last one, per day.

    Parameters
    ----------
    returns : DataFrame
        Daily log-returns.
    decay : float
        Weight of yesterday's variance.

    Returns
    -------
    DataFrame
        One row more than `returns`: row i was known before return i, the last row is today's.
    """
    values = returns.to_numpy(dtype=float)
    variance = np.empty((len(values) + 1, values.shape[1]))
    variance[0] = (values**2).mean(axis=0)
    for i, row in enumerate(values):
        variance[i + 1] = decay * variance[i] + (1.0 - decay) * row**2
    return pd.DataFrame(np.sqrt(variance), columns=returns.columns)


def garch_vol(returns: pd.DataFrame) -> pd.DataFrame:
    """GARCH(1, 1) vol with Student-t shocks before each return and after the last one, per day.

    Needs the library `arch`; the result goes into `filtered_historical`.

    Parameters
    ----------
    returns : DataFrame
        Daily log-returns.

    Raises
    ------
    MissingExtraError
        If `arch` is not installed.
    """
    arch = require("arch", "stats")
    columns = {}
    for name in returns:
        fitted = arch.arch_model(100.0 * returns[name].to_numpy(), mean="Zero", dist="t").fit(disp="off")
        ahead = float(fitted.forecast(horizon=1).variance.to_numpy()[-1, 0])
        columns[name] = np.append(np.asarray(fitted.conditional_volatility), math.sqrt(ahead)) / 100.0
    return pd.DataFrame(columns)


def _returns(prices: pd.DataFrame) -> pd.DataFrame:
    values = prices.to_numpy(dtype=float)
    if values.ndim != 2 or len(values) < 3 or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(
            "prices must be numbers > 0, at least three rows, without gaps; drop or fill gaps first."
        )
    index = prices.index
    if isinstance(index, pd.DatetimeIndex):
        gaps = days_apart(index)
        if not np.allclose(gaps, 1.0, atol=0.1):
            raise InputError(
                f"prices must be daily; the times between rows range from {gaps.min():g} to {number_of(gaps.max(), 'day')}."
            )
    return pd.DataFrame(np.diff(np.log(values), axis=0), columns=prices.columns)


def _whole_days(days: int, scenarios: int) -> Array:
    if days < 1 or scenarios < 1 or int(days) != days:
        raise InputError(f"days and scenarios must be whole numbers >= 1; got {days!r} and {scenarios!r}.")
    check_dates(days, 1.0)
    check_drawn(scenarios, days)
    return np.arange(1.0, days + 1.0)


def _historical(
    levels: Mapping[str, float],
    dates: Array,
    moves: Array,
    random: np.random.Generator,
    drift: float,
    reactions: Reactions,
) -> dict[str, Paths]:
    """Paths from daily log-returns whose exponentials are 1 on average."""
    if not math.isfinite(drift):
        raise InputError(f"drift must be a finite number a year; got {drift!r}.")
    growth = drift * dates[:, None] / DAYS_PER_YEAR * np.ones(len(levels))
    return paths_of(levels, dates, np.cumsum(moves, axis=1) + growth, random, reactions, growth)

"""Random scenarios with fat tails, joint across assets: Student-t, jumps, filtered history, block bootstrap.

Each function returns paths of every asset over the same days and states of the world, with vol, skew and
the rest moved by `hedging.paths`. The same seed gives the same numbers, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._extras import require
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import Reaction, measured
from hedging.units import DAYS_PER_YEAR, SECONDS_PER_DAY

__all__ = [
    "block_bootstrap",
    "ewma_vol",
    "filtered_historical",
    "garch_vol",
    "jump_diffusion",
    "stressed_correlation",
    "student_t",
]

Seed: TypeAlias = "int | np.random.Generator"
Reactions: TypeAlias = "Mapping[str, Reaction] | None"


def student_t(
    vols: Mapping[str, float],
    days: Sequence[float] | Array,
    scenarios: int,
    seed: Seed,
    *,
    degrees: float = 4.0,
    drift: float = 0.0,
    correlation: npt.ArrayLike | None = None,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Multivariate Student-t returns: one mixing variable for all assets, so that they crash together.

    Parameters
    ----------
    vols : mapping of asset to float
        Standard deviation of log-returns, as decimals a year.
    days : sequence of float
        Days from now, ascending, > 0 (or 0 for today).
    scenarios : int
    seed : int or numpy.random.Generator
    degrees : float
        Degrees of freedom, > 2; infinity is the normal.
    drift : float
        Of log-price. [1/year]
    correlation : array_like, shape (assets, assets), optional
        By default the assets are independent but for the common mixing variable.
    reactions : mapping of asset to Reaction, optional
        What vol and the rest do; by default as measured for ETH, and BTC's for all others.

    Returns
    -------
    dict of str to Paths

    Raises
    ------
    InputError
        If a number is out of its range or the correlation is no valid matrix.
    """
    if not degrees > 2:
        raise InputError(f"degrees must be > 2 for a standard deviation to exist; got {degrees!r}.")
    random, steps, scale = _prepared(vols, days, scenarios, seed)
    normal = _correlated(random, scenarios, steps.size, len(vols), correlation)
    if not math.isinf(degrees):
        # Scaled to unit variance: var of t is degrees / (degrees - 2).
        mixing = random.chisquare(degrees, (scenarios, steps.size, 1)) / (degrees - 2.0)
        normal = normal / np.sqrt(mixing)
    moves = normal * scale + (drift / DAYS_PER_YEAR * steps)[:, None]
    return _paths(vols, days, moves, reactions)


def jump_diffusion(
    vols: Mapping[str, float],
    days: Sequence[float] | Array,
    scenarios: int,
    seed: Seed,
    *,
    jumps: float = 6.0,
    jump_mean: float = -0.10,
    jump_deviation: float = 0.08,
    betas: Mapping[str, float] | None = None,
    drift: float = 0.0,
    correlation: npt.ArrayLike | None = None,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Merton's jump diffusion: normal returns, and jumps that hit all assets at once.

    Parameters
    ----------
    vols : mapping of asset to float
        Of the normal part, as decimals a year.
    days, scenarios, seed, drift, correlation, reactions
        As in `student_t`; the drift is of the part without jumps.
    jumps : float
        Expected jumps a year, >= 0.
    jump_mean, jump_deviation : float
        Of the size of a jump in log-price.
    betas : mapping of asset to float, optional
        Size of each asset's jump beside the common one; by default 1.

    References
    ----------
    .. [1] R. C. Merton, Option pricing when underlying stock returns are discontinuous, J. Financial
       Economics 3, 1976.
    """
    if not (jumps >= 0 and jump_deviation >= 0 and math.isfinite(jumps + jump_mean + jump_deviation)):
        raise InputError("jumps and jump_deviation must be numbers >= 0, and jump_mean finite.")
    random, steps, scale = _prepared(vols, days, scenarios, seed)
    normal = _correlated(random, scenarios, steps.size, len(vols), correlation)
    count = random.poisson(jumps / DAYS_PER_YEAR * steps, (scenarios, steps.size))
    # The sum of n normal jumps is normal with n times the mean and variance.
    common = count * jump_mean + np.sqrt(count) * jump_deviation * random.standard_normal(count.shape)
    beta = np.array([(betas or {}).get(asset, 1.0) for asset in vols])
    moves = normal * scale + common[:, :, None] * beta + (drift / DAYS_PER_YEAR * steps)[:, None]
    return _paths(vols, days, moves, reactions)


def filtered_historical(
    prices: pd.DataFrame,
    days: int,
    scenarios: int,
    seed: Seed,
    *,
    decay: float = 0.94,
    vols: pd.DataFrame | None = None,
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
    random = np.random.default_rng(seed)
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
        moves[:, day] = drawn[:, day] * np.sqrt(variance)
        if vols is None:
            variance = decay * variance + (1.0 - decay) * moves[:, day] ** 2
    return _paths(dict.fromkeys(map(str, prices.columns), 1.0), dates, moves, reactions)


def block_bootstrap(
    prices: pd.DataFrame,
    days: int,
    scenarios: int,
    seed: Seed,
    *,
    mean_block: float = 5.0,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Stationary bootstrap: runs of past days, of random length, put one after another.

    Parameters
    ----------
    prices, days, scenarios, seed, reactions
        As in `filtered_historical`.
    mean_block : float
        Mean length of a run, >= 1; runs keep what follows what, such as one bad day another.

    References
    ----------
    .. [1] D. N. Politis and J. P. Romano, The stationary bootstrap, JASA 89, 1994.
    """
    if not mean_block >= 1:
        raise InputError(f"mean_block must be a number of days >= 1; got {mean_block!r}.")
    random = np.random.default_rng(seed)
    returns = _returns(prices).to_numpy()
    dates = _whole_days(days, scenarios)
    starts = random.integers(0, len(returns), (scenarios, days))
    fresh = random.random((scenarios, days)) < 1.0 / mean_block
    place = starts[:, 0]
    moves = np.empty((scenarios, days, returns.shape[1]))
    for day in range(days):
        # A run goes on at the next day of the past, round the end to its start.
        place = (
            starts[:, day]
            if day == 0
            else np.where(fresh[:, day], starts[:, day], (place + 1) % len(returns))
        )
        moves[:, day] = returns[place]
    return _paths(dict.fromkeys(map(str, prices.columns), 1.0), dates, moves, reactions)


def stressed_correlation(correlation: npt.ArrayLike, stress: float) -> Array:
    """Correlation moved toward one: ``(1 - stress) C + stress J``, which is valid whenever C is.

    Parameters
    ----------
    correlation : array_like, shape (assets, assets)
    stress : float
        0 leaves it, 1 makes all assets one.

    Examples
    --------
    >>> stressed_correlation([[1.0, 0.2], [0.2, 1.0]], 0.5)
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    if not 0 <= stress <= 1:
        raise InputError(f"stress must lie between 0 and 1; got {stress!r}.")
    # A mean of two positive semidefinite matrices with unit diagonals is such a matrix itself.
    return np.asarray((1.0 - stress) * _checked_correlation(correlation) + stress)


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


def _prepared(
    vols: Mapping[str, float], days: Sequence[float] | Array, scenarios: int, seed: Seed
) -> tuple[np.random.Generator, Array, Array]:
    """Generator, days between dates, and standard deviation of each step and asset."""
    dates = np.asarray(days, dtype=float)
    if dates.ndim != 1 or not dates.size or not (np.diff(dates, prepend=0.0) >= 0).all():
        raise InputError(f"days must be ascending and >= 0; got {dates.tolist()}.")
    if not vols or not all(vol >= 0 and math.isfinite(vol) for vol in vols.values()):
        raise InputError(f"vols must give each asset a number >= 0, as a decimal a year; got {dict(vols)}.")
    if scenarios < 1:
        raise InputError(f"scenarios must be >= 1; got {scenarios!r}.")
    steps = np.diff(dates, prepend=0.0)
    deviation = np.array(list(vols.values())) * np.sqrt(steps / DAYS_PER_YEAR)[:, None]
    return np.random.default_rng(seed), steps, deviation


def _correlated(
    random: np.random.Generator, scenarios: int, dates: int, assets: int, correlation: npt.ArrayLike | None
) -> Array:
    """Standard normals, shape (scenarios, dates, assets)."""
    independent = random.standard_normal((scenarios, dates, assets))
    if correlation is None:
        return independent
    matrix = _checked_correlation(correlation)
    if len(matrix) != assets:
        raise InputError(f"correlation must be {assets} x {assets}; got {matrix.shape}.")
    # Eigenvectors serve singular matrices too, such as a correlation of one.
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # Summed in a fixed order: a matrix product may round differently with another number of scenarios.
    return np.asarray(sum(independent[..., k, None] * root[:, k] for k in range(assets)))


def _checked_correlation(correlation: npt.ArrayLike) -> Array:
    matrix = np.asarray(correlation, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise InputError(f"correlation must be a square matrix of numbers; got shape {matrix.shape}.")
    if not (np.allclose(matrix, matrix.T, atol=1e-10) and np.allclose(np.diag(matrix), 1.0, atol=1e-10)):
        raise InputError("correlation must be symmetric with ones on its diagonal.")
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < -1e-8:
        raise InputError(
            f"correlation must have no negative eigenvalue; the least is {least:.3g}. Its numbers contradict each other."
        )
    return matrix


def _returns(prices: pd.DataFrame) -> pd.DataFrame:
    values = prices.to_numpy(dtype=float)
    if values.ndim != 2 or len(values) < 3 or not (np.isfinite(values) & (values > 0)).all():
        raise InputError(
            "prices must be numbers > 0, at least three rows, without gaps; drop or fill gaps first."
        )
    index = prices.index
    if isinstance(index, pd.DatetimeIndex):
        gaps = np.diff(index.as_unit("s").asi8) / SECONDS_PER_DAY
        if not np.allclose(gaps, 1.0, atol=0.1):
            raise InputError(
                f"prices must be daily; the times between rows range from {gaps.min():g} to {gaps.max():g} days."
            )
    return pd.DataFrame(np.diff(np.log(values), axis=0), columns=prices.columns)


def _whole_days(days: int, scenarios: int) -> Array:
    if days < 1 or scenarios < 1 or int(days) != days:
        raise InputError(f"days and scenarios must be whole numbers >= 1; got {days!r} and {scenarios!r}.")
    return np.arange(1.0, days + 1.0)


def _paths(
    assets: Mapping[str, float], days: Sequence[float] | Array, moves: Array, reactions: Reactions
) -> dict[str, Paths]:
    """Paths of each asset from its log-returns, shape (scenarios, dates, assets)."""
    log_price = np.cumsum(moves, axis=1)
    return {
        asset: along(days, np.ascontiguousarray(log_price[:, :, i]), reaction=measured(asset, reactions))
        for i, asset in enumerate(assets)
    }

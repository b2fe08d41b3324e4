"""Outcomes drawn for a chain: on each of its expiries the distribution that it quotes, in the order of a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging._ground.bounds import MOST_DAYS, check_drawn
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.paths._drawing import MATCHED, Reactions, Seed
from hedging.paths.monte_carlo import jump_diffusion, student_t
from hedging.paths.paths import Paths
from hedging.paths.reactions import STILL
from hedging.scenario.risk_neutral import dates_of, risk_neutral
from hedging.units import DAYS_PER_YEAR

__all__ = ["Tails", "draw"]

Tails: TypeAlias = Literal["student-t", "jumps"]

JUMPS, JUMP_MEAN, JUMP_DEVIATION = 6.0, -0.10, 0.08  # of `jump_diffusion`, to be scaled
JUMP_SHARE = 0.4  # of the variance, as those jumps have at a vol of 50 %
LEAST_DRAWN = 1_000  # of which a few are taken, where each of those alone would stand for too much
LEAST_SHARE = 0.05  # of the variance of a surface: what its smallest part between two expiries may be


def draw(
    chain: Chains,
    horizon: float,
    scenarios: int = 1_000,
    seed: Seed = 1,
    *,
    tails: Tails = "student-t",
    correlation: npt.ArrayLike | None = None,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Outcomes that agree with what is quoted: for `Outcomes`, expected shortfall and value at risk.

    On each date spot has the distribution that the surface implies, skew and wings included, and the chain's forward
    as its mean; see `risk_neutral`. There is a date at each expiry within the horizon, so that every leg settles at its
    own. Vol moves both ways around the surface: by the rule of `hedging.paths.Reaction` and by the noise it leaves.

    Parameters
    ----------
    chain : OptionChain, Market, or several of them
    horizon : float
        Days to the last date, > 0.
    scenarios : int
    seed : int or numpy.random.Generator
    tails : {'student-t', 'jumps'}
        The model of what comes after what, and together with what: see `hedging.paths.student_t` and
        `hedging.paths.jump_diffusion`.
    correlation, reactions
        As in `hedging.paths.student_t`; the reactions are those of a market at the chain's 30-day vol.

    Returns
    -------
    dict of str to Paths
        By asset.

    Raises
    ------
    InputError
        If the horizon is not above 0, or another number is out of its range.
    """
    if not 0.0 < horizon <= MOST_DAYS:
        raise InputError(f"horizon must be a number of days > 0, {MOST_DAYS:,} at most; got {horizon!r}.")
    if tails not in ("student-t", "jumps"):
        raise InputError(f"tails must be 'student-t' or 'jumps'; got {tails!r}.")
    if scenarios < 1:
        raise InputError(f"scenarios must be >= 1; got {scenarios!r}.")
    markets = markets_of(chain)
    days = dates_of(list(markets.values()), horizon)
    check_drawn(scenarios, float(days.size), len(markets))  # before what the model prepares
    modelled = _modelled(
        markets, days, scenarios if scenarios >= MATCHED else LEAST_DRAWN, seed, tails, correlation
    )
    quoted = risk_neutral(modelled, list(markets.values()), seed, reactions=reactions)
    return {asset: paths.select(slice(scenarios)) for asset, paths in quoted.items()}


def _modelled(
    markets: Mapping[str, Market],
    days: Array,
    scenarios: int,
    seed: Seed,
    tails: Tails,
    correlation: npt.ArrayLike | None,
) -> dict[str, Paths]:
    """Paths of the model alone, at the vols of the surface at the money."""
    drift = {asset: market.carry(days / DAYS_PER_YEAR) for asset, market in markets.items()}
    variances = {asset: _variance(market, days) for asset, market in markets.items()}
    more: dict[str, Any] = {
        "drift": drift,
        "correlation": correlation,
        "reactions": dict.fromkeys(markets, STILL),
    }
    if tails == "student-t":
        return student_t(_vols(variances, days), days, scenarios, seed, **more)
    # The whole has the surface's variance, of which jumps take a share that is the same for every asset.
    total = {asset: float(variance[-1]) for asset, variance in variances.items()}
    first = next(iter(total))
    scale = np.sqrt(
        JUMP_SHARE * total[first] * DAYS_PER_YEAR / (JUMPS * days[-1] * (JUMP_MEAN**2 + JUMP_DEVIATION**2))
    )
    normal = {
        asset: _growing(variance - JUMP_SHARE * variance[-1] * days / days[-1], days)
        for asset, variance in variances.items()
    }
    return jump_diffusion(
        _vols(normal, days),
        days,
        scenarios,
        seed,
        jumps=JUMPS,
        jump_mean=scale * JUMP_MEAN,
        jump_deviation=scale * JUMP_DEVIATION,
        betas={asset: float(np.sqrt(own / total[first])) for asset, own in total.items()},
        **more,
    )


def _vols(variances: Mapping[str, Array], days: Array) -> dict[str, Array]:
    return {asset: np.sqrt(total * DAYS_PER_YEAR / days) for asset, total in variances.items()}


def _variance(market: Market, days: Array) -> Array:
    """Total variance at the money until each date, growing."""
    times = days / DAYS_PER_YEAR
    return _growing(market.smile.vol_at(0.0, times) ** 2 * times, days)


def _growing(total: Array, days: Array) -> Array:
    """Total variance that grows by `LEAST_SHARE` of its mean rate at least."""
    least = LEAST_SHARE * total[-1] / days[-1] * np.diff(days, prepend=0.0)
    return np.cumsum(np.maximum(np.diff(total, prepend=0.0), least))

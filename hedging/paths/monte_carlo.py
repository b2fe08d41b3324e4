"""Random scenarios with fat tails, joint across assets: Student-t and jumps.

Each function returns paths of every asset over the same days and states of the world. The mean of spot is its
forward on every date: what a convex move adds to it is taken off. Vol is drawn both ways around what the surface
has: it moves with the price by `hedging.paths.Reaction`, less what that comes to on average, and beside it by the
noise that the rule leaves. The same seed gives the same numbers, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths._drawing import Drawing, Reactions, Seed, Terms, checked_correlation, correlated
from hedging.paths.paths import Paths
from hedging.units import DAYS_PER_YEAR

__all__ = ["jump_diffusion", "stressed_correlation", "student_t"]


WIDEST = 1e-3  # share of the widest moves, which are drawn alike: else the mean of spot would not exist


def student_t(
    vols: Mapping[str, Terms],
    days: Sequence[float] | Array,
    scenarios: int,
    seed: Seed,
    *,
    degrees: float = 4.0,
    drift: Terms | Mapping[str, Terms] = 0.0,
    correlation: npt.ArrayLike | None = None,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Multivariate Student-t returns: one mixing variable for all assets, so that they crash together.

    Parameters
    ----------
    vols : mapping of asset to float or sequence of float
        Standard deviation of log-returns, as decimals a year; one for all dates, or of the time until each date.
    days : sequence of float
        Days from now, ascending, > 0 (or 0 for today).
    scenarios : int
    seed : int or numpy.random.Generator
    degrees : float
        Degrees of freedom, > 2; infinity is the normal.
    drift : float or sequence of float, or either by asset
        The mean of spot grows by ``exp(drift * years)``; one for all dates, or of the time until each date, as a
        forward has it. [1/year]
    correlation : array_like, shape (assets, assets), optional
        By default the assets are independent but for the common mixing variable.
    reactions : mapping of asset to Reaction, optional
        What vol and the rest do; by default as fitted to BTC, and ETH's for all others.

    Returns
    -------
    dict of str to Paths

    Raises
    ------
    InputError
        If a number is out of its range or the correlation is no valid matrix.

    Notes
    -----
    The exponential of a Student-t has no mean. The widest of 1,000 steps, of a week at most, are drawn from the
    same normal, the widest that the rest may have, and all are scaled to the deviation that is stated.
    """
    if not degrees > 2:
        raise InputError(f"degrees must be > 2 for a standard deviation to exist; got {degrees!r}.")
    drawing = Drawing.of(vols, days, scenarios, seed, drift)
    normal = correlated(drawing, correlation)
    if math.isinf(degrees):
        moves = normal * drawing.deviation - drawing.deviation**2 / 2.0
    else:
        widths, weights = _mixing(degrees)
        mixing = drawing.random.chisquare(degrees, (*normal.shape[:2], 1))
        width = np.minimum((degrees - 2.0) / mixing, widths[0])
        unit = float(widths @ weights)
        moves = normal * np.sqrt(width / unit) * drawing.deviation
        moves -= np.log(np.exp(np.multiply.outer(drawing.deviation**2 / 2.0, widths / unit)) @ weights)
    return drawing.paths(moves, reactions)


def _mixing(degrees: float) -> tuple[Array, Array]:
    """Variance of a Student-t over the normal's, the widest first, as values with weights that sum to 1."""
    from scipy.special import chdtri

    # Evenly in the log of probability: what is rare decides the mean of an exponential.
    nodes, weights = np.polynomial.legendre.leggauss(400)
    share = np.append(WIDEST, WIDEST ** (0.5 * (1.0 - nodes)))
    weights = np.append(WIDEST, -0.5 * math.log(WIDEST) * weights * share[1:])
    widths: Array = (degrees - 2.0) / np.asarray(chdtri(degrees, 1.0 - share), dtype=float)
    return widths, np.asarray(weights / weights.sum())


def jump_diffusion(
    vols: Mapping[str, Terms],
    days: Sequence[float] | Array,
    scenarios: int,
    seed: Seed,
    *,
    jumps: float = 6.0,
    jump_mean: float = -0.10,
    jump_deviation: float = 0.08,
    betas: Mapping[str, float] | None = None,
    drift: Terms | Mapping[str, Terms] = 0.0,
    correlation: npt.ArrayLike | None = None,
    reactions: Reactions = None,
) -> dict[str, Paths]:
    """Merton's jump diffusion: normal returns, and jumps that hit all assets at once.

    Parameters
    ----------
    vols : mapping of asset to float or sequence of float
        Of the normal part, as decimals a year; as in `student_t`.
    days, scenarios, seed, drift, correlation, reactions
        As in `student_t`; the normal part makes up for what the jumps lose on average.
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
    drawing = Drawing.of(vols, days, scenarios, seed, drift)
    normal = correlated(drawing, correlation)
    expected = jumps / DAYS_PER_YEAR * drawing.steps
    count = drawing.random.poisson(expected, normal.shape[:2])
    # The sum of n normal jumps is normal with n times the mean and variance.
    common = count * jump_mean + np.sqrt(count) * jump_deviation * drawing.random.standard_normal(count.shape)
    beta = np.array([(betas or {}).get(asset, 1.0) for asset in vols])
    added = np.expm1(beta * jump_mean + (beta * jump_deviation) ** 2 / 2.0)
    moves = normal * drawing.deviation + common[:, :, None] * beta
    moves -= drawing.deviation**2 / 2.0 + expected[:, None] * added
    return drawing.paths(moves, reactions)


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
    return np.asarray((1.0 - stress) * checked_correlation(correlation) + stress)

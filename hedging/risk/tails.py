"""Risk in numbers: value at risk and expected shortfall with errors, who causes them, and why a P&L came.

Losses are positive numbers here: a value at risk of 1,000 is a loss of 1,000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.frames import readable
from hedging._numerics.checks import finite, number
from hedging._numerics.quiet import quiet
from hedging._numerics.types import Array
from hedging.errors import InputError

__all__ = [
    "expected_shortfall",
    "shortfall_contributions",
    "student_t_risk",
    "tail_risk",
    "value_at_risk",
    "value_at_risk_contributions",
]

DUST: Final = 1e-14  # of the largest loss


LEVELS = (0.95, 0.99)
FURTHEST_FALL, FURTHEST_RISE = -7.0, 3.0  # in log-price


@quiet
def value_at_risk(gains: npt.ArrayLike, level: float = 0.95, weights: npt.ArrayLike | None = None) -> float:
    """Loss that is not exceeded with probability `level`: the empirical quantile of the losses.

    Parameters
    ----------
    gains : array_like, shape (scenarios,)
        [money]
    level : float
        Between 0 and 1.
    weights : array_like, optional
        Probability of each scenario up to a factor; by default all the same.

    Examples
    --------
    >>> value_at_risk(np.arange(-100, 0), 0.95)
    95.0
    """
    losses, share = _sorted_losses(gains, weights)
    return float(losses[_quantile_at(share, level)])


@quiet
def expected_shortfall(
    gains: npt.ArrayLike, level: float = 0.95, weights: npt.ArrayLike | None = None
) -> float:
    """Mean of the worst ``1 - level`` of the losses; parameters as in `value_at_risk`.

    The scenario at the edge counts with the part of its probability that lies inside, so that the number
    is continuous in the level and coherent [1]_.

    References
    ----------
    .. [1] C. Acerbi and D. Tasche, On the coherence of expected shortfall, 2002.

    Examples
    --------
    >>> expected_shortfall(np.arange(-100, 0), 0.95)
    98.0
    """
    losses, share = _sorted_losses(gains, weights)
    return float(losses @ _tail_weights(share, level))


@quiet
def tail_risk(
    gains: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    levels: Sequence[float] = LEVELS,
    weights: npt.ArrayLike | None = None,
) -> pd.DataFrame:
    """Value at risk and expected shortfall with their standard errors, side by side.

    Parameters
    ----------
    gains : array_like or mapping of name to array_like, shape (scenarios,)
        For example ``{"unhedged": ..., "hedged": ...}``. [money]
    levels : sequence of float
        Between 0 and 1.
    weights : array_like, optional
        As in `value_at_risk`.

    Returns
    -------
    DataFrame
        Index ``name, level``; ``VaR, VaR error, ES, ES error``. [money]

    Notes
    -----
    Errors are those of independent scenarios: of the quantile after Maritz and Jarrett (1978), from the
    chance of each order statistic to be the quantile of a new sample; of the shortfall, the spread of the
    excess over the quantile, over ``sqrt(n) (1 - level)``. With weights, n is their effective number.
    """
    named = gains if isinstance(gains, Mapping) else {"gain": gains}
    rows = {}
    for name, values in named.items():
        losses, share = _sorted_losses(values, weights)
        unit = _unit(losses)
        losses = losses / unit
        size = float(np.abs(losses).max())
        count = 1.0 / float((share**2).sum())
        for level in levels:
            at = losses[_quantile_at(share, level)]
            shortfall = float(losses @ _tail_weights(share, level))
            excess = np.maximum(losses - at, 0.0)
            spread = math.sqrt(max(float(share @ excess**2) - float(share @ excess) ** 2, 0.0) / count)
            error = _quantile_error(losses, share, level, count)
            found = float(at), error, shortfall, spread / (1.0 - level)
            # Of equal losses the spread is nothing, whatever rounding leaves of it; nothing has no sign.
            rows[(name, level)] = tuple(unit * each if abs(each) > DUST * size else 0.0 for each in found)
    index = pd.MultiIndex.from_tuples(list(rows), names=["name", "level"])
    return readable(
        pd.DataFrame(list(rows.values()), index=index, columns=["VaR", "VaR error", "ES", "ES error"])
    )


@quiet
def shortfall_contributions(
    gains: npt.ArrayLike, level: float = 0.95, weights: npt.ArrayLike | None = None
) -> Array:
    """Share of each leg in the expected shortfall of their sum; they add up to it exactly.

    Parameters
    ----------
    gains : array_like, shape (scenarios, legs)
        [money]
    level, weights
        As in `value_at_risk`.

    Returns
    -------
    ndarray, shape (legs,)
        Mean loss of each leg where the sum is worst; negative for a leg that helps there. [money]
    """
    each, _, share = _worst_last(gains, weights)
    return np.asarray(-(_tail_weights(share, level) @ each))


@quiet
def value_at_risk_contributions(
    gains: npt.ArrayLike, level: float = 0.95, weights: npt.ArrayLike | None = None
) -> Array:
    """Share of each leg in the value at risk of their sum; they add up to it exactly.

    Parameters
    ----------
    gains, level, weights
        As in `shortfall_contributions`.

    Returns
    -------
    ndarray, shape (legs,)
        Loss of each leg in the scenario that is the quantile, or the mean over all that lose just as much;
        negative for a leg that helps there. [money]

    Notes
    -----
    This is Euler's allocation, the derivative of the value at risk to the size of each leg [1]_. It rests on a
    single scenario, as a rule, and jumps from sample to sample where `shortfall_contributions` is a mean.

    References
    ----------
    .. [1] D. Tasche, Risk contributions and performance measurement, 1999.

    Examples
    --------
    >>> value_at_risk_contributions([[-9.0, 1.0], [-4.0, -2.0], [3.0, 0.0]], 0.5).tolist()
    [4.0, 2.0]
    """
    each, losses, share = _worst_last(gains, weights)
    at = share * (losses == losses[_quantile_at(share, level)])
    return np.asarray(-(at / at.sum() @ each))


@quiet
def student_t_risk(
    scale: float, degrees: float, level: float = 0.95, mean: float = 0.0
) -> tuple[float, float]:
    """Value at risk and expected shortfall of ``mean + scale * t``; a closed form to check others by.

    Parameters
    ----------
    scale : float
        Of the t variable, not its standard deviation. [money]
    degrees : float
        Degrees of freedom, > 1; infinity is the normal.
    level, mean : float
        Between 0 and 1; [money]

    Examples
    --------
    >>> var, es = student_t_risk(1.0, 4.0, 0.99)  # McNeil, Frey, Embrechts: 3.75 and 5.22
    >>> round(var, 2), round(es, 2)
    (3.75, 5.22)
    """
    if not degrees > 1:
        raise InputError(f"degrees must be > 1 for a shortfall to exist; got {degrees!r}.")
    _check_level(level)
    from scipy import special  # which no plan needs: a seventh of what a command imports

    if math.isinf(degrees):
        q = float(special.ndtri(level))
        density = math.exp(-0.5 * q * q) / math.sqrt(2.0 * math.pi)
        return scale * q - mean, scale * density / (1.0 - level) - mean
    q = float(special.stdtrit(degrees, level))
    log_norm = (
        special.gammaln((degrees + 1) / 2) - special.gammaln(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    )
    density = math.exp(log_norm - (degrees + 1) / 2 * math.log1p(q * q / degrees))
    shortfall = density / (1.0 - level) * (degrees + q * q) / (degrees - 1.0)
    return scale * q - mean, scale * shortfall - mean


def _sorted_losses(gains: npt.ArrayLike, weights: npt.ArrayLike | None) -> tuple[Array, Array]:
    """Losses ascending, and the probability of each."""
    values = np.asarray(finite("gains", gains))
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise InputError(f"gains must be finite numbers in one row, at least one; got shape {values.shape}.")
    order, share = _ordered(values, weights)
    return -values[order], share


def _ordered(values: Array, weights: npt.ArrayLike | None) -> tuple[npt.NDArray[np.intp], Array]:
    """Scenarios that can come, the largest gain first, and the probability of each."""
    share = np.ones(values.size) if weights is None else np.asarray(number("weights", weights))
    if share.shape != values.shape or not ((share >= 0) & np.isfinite(share)).all() or not share.max() > 0:
        raise InputError("weights must be numbers >= 0, one per scenario, not all 0.")
    order = np.argsort(-values, kind="stable")
    share = share[order] / share.max()  # so that no sum of large ones is infinite
    share = share / share.sum()
    can_come = share > 0.0  # a quantile must be a loss that there is
    return order[can_come], share[can_come]


def _unit(losses: Array) -> float:
    """A power of two of their size, by which no digit changes: squares of them must be numbers."""
    largest = float(np.abs(losses).max())
    return 2.0 ** math.floor(math.log2(largest)) if largest > 0.0 else 1.0


def _worst_last(gains: npt.ArrayLike, weights: npt.ArrayLike | None) -> tuple[Array, Array, Array]:
    """Gains by leg in the order of the losses of their sum, those losses ascending, and their probabilities."""
    each = np.asarray(finite("gains", gains))
    if each.ndim != 2:
        raise InputError(f"gains must have one row a scenario and one column a leg; got shape {each.shape}.")
    total = each.sum(axis=1)
    losses, share = _sorted_losses(total, weights)
    order, _ = _ordered(total, weights)
    return each[order], losses, share


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, such as 0.95; got {level!r}.")


def _quantile_at(share: Array, level: float) -> int:
    """Place of the smallest loss whose cumulative probability reaches the level."""
    _check_level(level)
    # Sums of 1/n fall short of the level by rounding.
    return min(int(np.searchsorted(np.cumsum(share), level - 1e-12)), share.size - 1)


def _tail_weights(share: Array, level: float) -> Array:
    """Weights of the ascending losses in the mean of the worst ``1 - level``; they sum to 1."""
    _check_level(level)
    above = np.concatenate((np.cumsum(share[::-1])[::-1], [0.0]))
    inside = np.minimum(above, 1.0 - level)
    weights = inside[:-1] - inside[1:]
    return np.asarray(weights / weights.sum())


def _quantile_error(losses: Array, share: Array, level: float, count: float) -> float:
    from scipy import special

    edges = np.concatenate(([0.0], np.clip(np.cumsum(share), 0.0, 1.0)))
    edges[-1] = 1.0
    beta = special.betainc(level * count + 0.5, (1.0 - level) * count + 0.5, edges)
    chance = np.diff(beta)
    mean = float(chance @ losses)
    return math.sqrt(max(float(chance @ losses**2) - mean**2, 0.0))

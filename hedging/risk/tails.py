"""Risk in numbers: value at risk and expected shortfall with errors, who causes them, and why a P&L came.

Losses are positive numbers here: a value at risk of 1,000 is a loss of 1,000.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from hedging import greeks
from hedging._numerics.bisection import first_false
from hedging.book.book import Book
from hedging.book.pricer import OptionNodes, Pricer
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths, along, today
from hedging.paths.reactions import STILL, Reaction
from hedging.units import DAYS_PER_YEAR, VOL_POINT

__all__ = [
    "ReverseStress",
    "attribution",
    "expected_shortfall",
    "profile",
    "reverse_stress",
    "shortfall_contributions",
    "student_t_risk",
    "tail_risk",
    "value_at_risk",
    "value_at_risk_contributions",
]

Array = npt.NDArray[np.float64]

LEVELS = (0.95, 0.99)
ATTRIBUTED = ("delta", "gamma", "vega", "vanna", "volga", "theta", "funding", "unexplained")
EXPLAINING = ATTRIBUTED[:6]
PROFILED = ("delta", "gamma", "vega", "theta")
FURTHEST_FALL, FURTHEST_RISE = -7.0, 3.0  # in log-price


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
        count = 1.0 / float((share**2).sum())
        for level in levels:
            at = losses[_quantile_at(share, level)]
            shortfall = float(losses @ _tail_weights(share, level))
            excess = np.maximum(losses - at, 0.0)
            spread = math.sqrt(max(float(share @ excess**2) - float(share @ excess) ** 2, 0.0) / count)
            error = _quantile_error(losses, share, level, count)
            rows[(name, level)] = (float(at), error, shortfall, spread / (1.0 - level))
    index = pd.MultiIndex.from_tuples(list(rows), names=["name", "level"])
    return pd.DataFrame(list(rows.values()), index=index, columns=["VaR", "VaR error", "ES", "ES error"])


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


def attribution(book: Book, market: OptionChain | Market, paths: Paths, scenario: int = 0) -> pd.DataFrame:
    """Why a book gained what it gained along one path, Greek by Greek, step by step.

    Between two dates each option moves by its Greeks at the first one times the moves of spot, of its own
    vol and of time; what the full revaluation says beyond is unexplained. Shorter steps explain more.

    Parameters
    ----------
    book : Book
        ``book + plan`` for a hedged one; of it, the holdings in the market's asset.
    market : OptionChain or Market
    paths : Paths
        A path, not a grid.
    scenario : int
        Which of its scenarios.

    Returns
    -------
    DataFrame
        One row per holding and ``total``; ``delta, gamma, vega, vanna, volga, theta, funding, unexplained,
        total``. The columns before ``total`` sum to it, which is the full revaluation. [money]

    Raises
    ------
    InputError
        If `paths` is a grid.
    """
    if paths.straight:
        raise InputError("an attribution follows one path from date to date; a grid has none.")
    found = Market.of(market) if isinstance(market, OptionChain) else market
    held = book.of(found.asset)
    pricer = Pricer.of([item.instrument for item in held], [item.entry for item in held], found)
    walk = _from_now(paths.select([scenario]))
    values = pricer.values(walk)[0]
    spot = found.spot * walk.spot[0]
    parts = np.zeros((len(held), len(ATTRIBUTED)))
    parts[list(pricer.option_columns)] = _option_parts(pricer, walk, spot)
    flat = np.array([not isinstance(item.instrument, Option) for item in held])
    parts[flat, 0] = spot[-1] - spot[0]
    perpetual = np.array([isinstance(item.instrument, Perpetual) for item in held])
    total = values[-1] - values[0]
    # A perpetual's gain beyond the move of spot is funding; of a future it is carry, called theta.
    rest = total - parts.sum(axis=1)
    parts[:, ATTRIBUTED.index("funding")] = np.where(perpetual, rest, 0.0)
    future = flat & ~perpetual
    parts[:, ATTRIBUTED.index("theta")] += np.where(future, rest, 0.0)
    parts[:, -1] = np.where(flat, 0.0, rest)
    units = np.array([item.units for item in held])[:, None]
    table = pd.DataFrame(
        np.column_stack((parts, total)) * units,
        index=[item.instrument.symbol for item in held],
        columns=[*ATTRIBUTED, "total"],
    )
    table.loc["total"] = table.sum()
    return table


def profile(
    book: Book,
    market: OptionChain | Market,
    spot_moves: Sequence[float] | Array | None = None,
    *,
    day: float = 0.0,
    reaction: Reaction = STILL,
) -> pd.DataFrame:
    """Exposure over spot: what the book's Greeks become where the price goes.

    Parameters
    ----------
    book, market
        As in `attribution`.
    spot_moves : sequence of float, optional
        Relative moves, > -1; by default -60 % to +40 %.
    day : float
        Days from now.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Returns
    -------
    DataFrame
        Index ``spot`` [money]; ``delta`` [units], ``gamma`` [units per 1.00 of spot], ``vega`` [money per vol
        point], ``theta`` [money per day]. A perpetual or future counts with the delta of its units.
    """
    found = Market.of(market) if isinstance(market, OptionChain) else market
    moves = np.linspace(-0.6, 0.4, 201) if spot_moves is None else np.asarray(spot_moves, dtype=float)
    paths = along([day], np.log1p(moves)[:, None], reaction=reaction)
    spot = found.spot * paths.spot[:, 0]
    held = book.of(found.asset)
    options = [item for item in held if isinstance(item.instrument, Option)]
    pricer = Pricer.of([item.instrument for item in options], [item.entry for item in options], found)
    nodes = pricer.options_at(paths, 0)
    units = np.array([item.units for item in options])[nodes.remaining > 0, None]
    g = _node_greeks(pricer, nodes, spot, PROFILED)
    sums = {name: (units * g[name]).sum(axis=0) for name in PROFILED}
    sums["delta"] = sums["delta"] + sum(
        item.units for item in held if not isinstance(item.instrument, Option)
    )
    return pd.DataFrame(sums, index=pd.Index(spot, name="spot"))


@dataclass(frozen=True, slots=True)
class ReverseStress:
    """The smallest moves of spot that lose a given sum; NaN where no move in reach does.

    Attributes
    ----------
    loss : float
        [money]
    spot : float
        Today's. [money]
    down, up : float
        First such prices on the way down and up. [money]
    """

    loss: float
    spot: float
    down: float
    up: float

    @property
    def down_move(self) -> float:
        """The fall as a share of spot, < 0."""
        return self.down / self.spot - 1.0

    @property
    def up_move(self) -> float:
        """The rise as a share of spot, > 0."""
        return self.up / self.spot - 1.0


def reverse_stress(
    book: Book,
    market: OptionChain | Market,
    loss: float,
    *,
    day: float = 0.0,
    reaction: Reaction = STILL,
) -> ReverseStress:
    """Smallest move of spot that loses a given sum against today's value.

    Parameters
    ----------
    book, market
        As in `attribution`.
    loss : float
        > 0. [money]
    day : float
        When spot gets there, in days from now.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Raises
    ------
    InputError
        If the loss is not above 0.
    """
    if not (loss > 0 and math.isfinite(loss)):
        raise InputError(f"loss must be a sum of money > 0; got {loss!r}.")
    found = Market.of(market) if isinstance(market, OptionChain) else market
    start = float(book.values(found, today()).sum())

    def bearable(log_price: Array) -> npt.NDArray[np.bool_]:
        paths = along([day], log_price[:, None], reaction=reaction)
        return np.asarray(book.values(found, paths)[:, 0].sum(axis=1) - start > -loss)

    down, up = (found.spot * math.exp(first_false(bearable, end)) for end in (FURTHEST_FALL, FURTHEST_RISE))
    return ReverseStress(loss, found.spot, down, up)


def _option_parts(pricer: Pricer, walk: Paths, spot: Array) -> Array:
    """What each Greek explains of one unit of each option, shape (options, Greeks)."""
    nodes = [pricer.options_at(walk, date) for date in range(walk.days.size)]
    parts = np.zeros((pricer.options.strike.size, len(ATTRIBUTED)))
    for date, (before, after) in enumerate(pairwise(nodes)):
        alive = np.flatnonzero(before.remaining > 0)
        g = _node_greeks(pricer, before, spot[date : date + 1], EXPLAINING)
        ds = spot[date + 1] - spot[date]
        dv = np.nan_to_num(after.vol[alive, 0] - before.vol[alive, 0]) / VOL_POINT
        days = (before.remaining[alive] - after.remaining[alive]) * DAYS_PER_YEAR
        steps = [
            g["delta"][:, 0] * ds,
            0.5 * g["gamma"][:, 0] * ds**2,
            g["vega"][:, 0] * dv,
            g["vanna"][:, 0] * ds * dv,
            0.5 * g["volga"][:, 0] * dv**2,
            g["theta"][:, 0] * days,
        ]
        parts[alive, : len(steps)] += np.stack(steps, axis=1)
    return parts


def _node_greeks(pricer: Pricer, nodes: OptionNodes, spot: Array, names: Sequence[str]) -> dict[str, Array]:
    """Greeks of one unit of the options that have not expired, shape (such options, scenarios)."""
    table, alive = pricer.options, nodes.remaining > 0
    time, forward = nodes.remaining[alive, None], nodes.forward[alive]
    carry = np.log(forward / spot) / time
    rate = np.where(table.coin[alive, None], carry, table.rate[alive, None])
    flag = np.where(table.sign[alive, None] > 0, "c", "p")
    found = greeks.greeks(
        flag, spot, table.strike[alive, None], time, rate, nodes.vol[alive], rate - carry, names=tuple(names)
    )
    return {name: np.asarray(getattr(found, name)) for name in names}


def _from_now(paths: Paths) -> Paths:
    """The same path with today as its first date."""
    if paths.days[0] == 0:
        return paths
    still = {"spot": 1.0, "spread": 1.0}
    arrays: dict[str, Any] = {
        name: np.insert(values, 0, still.get(name, 0.0), axis=1) for name, values in paths.arrays().items()
    }
    return replace(paths, days=np.insert(paths.days, 0, 0.0), **arrays)


def _sorted_losses(gains: npt.ArrayLike, weights: npt.ArrayLike | None) -> tuple[Array, Array]:
    """Losses ascending, and the probability of each."""
    values = np.asarray(gains, dtype=float)
    if values.ndim != 1 or not values.size or not np.isfinite(values).all():
        raise InputError(f"gains must be finite numbers in one row, at least one; got shape {values.shape}.")
    share = np.ones(values.size) if weights is None else np.asarray(weights, dtype=float)
    if share.shape != values.shape or not (share >= 0).all() or not share.sum() > 0:
        raise InputError("weights must be numbers >= 0, one per scenario, not all 0.")
    order = np.argsort(-values, kind="stable")
    return -values[order], share[order] / share.sum()


def _worst_last(gains: npt.ArrayLike, weights: npt.ArrayLike | None) -> tuple[Array, Array, Array]:
    """Gains by leg in the order of the losses of their sum, those losses ascending, and their probabilities."""
    each = np.asarray(gains, dtype=float)
    if each.ndim != 2:
        raise InputError(f"gains must have one row a scenario and one column a leg; got shape {each.shape}.")
    total = each.sum(axis=1)
    losses, share = _sorted_losses(total, weights)
    return each[np.argsort(-total, kind="stable")], losses, share


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
    edges = np.concatenate(([0.0], np.clip(np.cumsum(share), 0.0, 1.0)))
    edges[-1] = 1.0
    beta = special.betainc(level * count + 0.5, (1.0 - level) * count + 0.5, edges)
    chance = np.diff(beta)
    mean = float(chance @ losses)
    return math.sqrt(max(float(chance @ losses**2) - mean**2, 0.0))

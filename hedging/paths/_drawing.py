"""What random scenarios share: the steps of parametric models, correlated normals, and paths from log-prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging._ground.bounds import MOST_DAYS, check_drawn
from hedging._ground.counts import number_of
from hedging._numerics.seeds import generator_of
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import Reaction, measured
from hedging.units import DAYS_PER_YEAR

__all__ = ["Drawing", "Reactions", "Seed", "Terms", "checked_correlation", "correlated", "paths_of"]


Seed: TypeAlias = "int | np.random.Generator"
Reactions: TypeAlias = "Mapping[str, Reaction] | None"
Terms: TypeAlias = "float | Sequence[float] | Array"
"""One number for all dates, or one for the time until each date."""

MATCHED = 100  # scenarios: of fewer the mean is too uncertain to be forced on each of them
LONGEST_STEP = 7.0  # days; what is longer is drawn in parts, as a week's fat tail is not that of a year


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """What parametric models share: steps of a week at most, each with its deviation and growth.

    Attributes
    ----------
    random : numpy.random.Generator
    vols : dict of asset to float
        Until the last date. [decimal a year]
    days : ndarray, shape (dates,)
    steps : ndarray, shape (steps,)
        [days]
    last : ndarray of int, shape (dates,)
        The step that ends on each date; -1 for today.
    deviation, growth : ndarray, shape (steps, assets)
        Of log-price, and what the log of its mean grows by.
    """

    random: np.random.Generator
    scenarios: int
    vols: dict[str, float]
    days: Array
    steps: Array
    last: npt.NDArray[np.intp]
    deviation: Array
    growth: Array

    @classmethod
    def of(
        cls,
        vols: Mapping[str, Terms],
        days: Sequence[float] | Array,
        scenarios: int,
        seed: Seed,
        drift: Terms | Mapping[str, Terms],
    ) -> Drawing:
        dates = np.asarray(days, dtype=float)
        if dates.ndim != 1 or not dates.size or not (np.diff(dates, prepend=0.0) >= 0).all():
            raise InputError(f"days must be ascending and >= 0; got {dates.tolist()}.")
        terms = {asset: _until(vol, dates) for asset, vol in vols.items()}
        if not terms or not all((vol >= 0).all() and np.isfinite(vol).all() for vol in terms.values()):
            raise InputError(
                f"vols must give each asset a number >= 0, or one until each date, as decimals a year; got {dict(vols)}."
            )
        if scenarios < 1:
            raise InputError(f"scenarios must be >= 1; got {scenarios!r}.")
        if dates[-1] > MOST_DAYS:
            raise InputError(f"days must be {MOST_DAYS:,} at most; got {float(dates[-1])!r}.")
        stretches = np.diff(dates, prepend=0.0)
        parts = np.maximum(np.ceil(stretches / LONGEST_STEP - 1e-9), stretches > 0).astype(int)
        check_drawn(scenarios, float(parts.sum()), len(terms))
        share = np.repeat(1.0 / np.maximum(parts, 1), parts)
        variance = np.array([_between(vol**2 * dates, asset) for asset, vol in terms.items()])
        drifts = [_until(drift[asset] if isinstance(drift, Mapping) else drift, dates) for asset in terms]
        growth = np.diff(np.array(drifts) * dates, axis=1, prepend=0.0)
        by_step = [
            np.repeat(values / DAYS_PER_YEAR, parts, axis=1).T * share[:, None]
            for values in (variance, growth)
        ]
        return cls(
            random=generator_of(seed),
            scenarios=scenarios,
            vols={asset: float(vol[-1]) for asset, vol in terms.items()},
            days=dates,
            steps=np.repeat(stretches, parts) * share,
            last=np.cumsum(parts) - 1,
            deviation=np.sqrt(by_step[0]),
            growth=by_step[1],
        )

    def paths(self, moves: Array, reactions: Reactions) -> dict[str, Paths]:
        """Paths of each asset from its log-returns about a mean of 1, shape (scenarios, steps, assets)."""
        log_price = np.cumsum(moves + self.growth, axis=1)[:, np.maximum(self.last, 0)]
        log_price[:, self.last < 0] = 0.0
        grown = np.cumsum(self.growth, axis=0)[np.maximum(self.last, 0)] * (self.last >= 0)[:, None]
        return paths_of(self.vols, self.days, log_price, self.random, reactions, grown)


def _until(values: Terms, dates: Array) -> Array:
    """One number until each date."""
    given = np.asarray(values, dtype=float)
    if given.shape not in ((), dates.shape):
        raise InputError(
            f"vols and drift take one number, or one until each of {number_of(dates.size, 'date')}; got {given.shape}."
        )
    return np.broadcast_to(given, dates.shape)


def _between(total: Array, asset: str) -> Array:
    """Total variance from date to date, of which none may be below 0."""
    found = np.diff(total, prepend=0.0)
    if (found < -1e-12).any():
        raise InputError(
            f"vols of {asset} until later dates must not have less total variance than until earlier ones."
        )
    return np.maximum(found, 0.0)


def correlated(drawing: Drawing, correlation: npt.ArrayLike | None) -> Array:
    """Standard normals, shape (scenarios, steps, assets)."""
    assets = len(drawing.vols)
    independent = drawing.random.standard_normal((drawing.scenarios, drawing.steps.size, assets))
    if correlation is None:
        return independent
    matrix = checked_correlation(correlation)
    if len(matrix) != assets:
        raise InputError(f"correlation must be {assets} x {assets}; got {matrix.shape}.")
    # Eigenvectors serve singular matrices too, such as a correlation of one.
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # Summed in a fixed order: a matrix product may round differently with another number of scenarios.
    return np.asarray(sum(independent[..., k, None] * root[:, k] for k in range(assets)))


def checked_correlation(correlation: npt.ArrayLike) -> Array:
    """Correlation as a matrix: square, finite, symmetric, ones on the diagonal, no negative eigenvalue."""
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


def paths_of(
    vols: Mapping[str, float],
    days: Array,
    log_price: Array,
    random: np.random.Generator,
    reactions: Reactions,
    growth: Array,
) -> dict[str, Paths]:
    """Paths of each asset from its log-prices, shape (scenarios, dates, assets), with vol around the surface.

    `growth`, of shape (dates, assets), is that of the mean of spot, which the log-prices have in expectation. From
    `MATCHED` scenarios on the mean of those drawn is brought to it as well (J.-C. Duan and J.-G. Simonato, Empirical
    martingale simulation for asset prices, Management Science 44, 1998): outcomes with a mean of their own pay
    whoever trades the forward.
    """
    if len(log_price) >= MATCHED:
        log_price = log_price - np.log(np.exp(log_price).mean(axis=0)) + growth
    state = random.bit_generator.state
    found = {}
    for i, (asset, vol) in enumerate(vols.items()):
        reaction = measured(asset, reactions)
        if vol > 0 and asset not in (reactions or {}):
            reaction = reaction.at(vol)
        made = along(days, np.ascontiguousarray(log_price[:, :, i]), reaction=reaction)
        random.bit_generator.state = state  # vols of all assets rise and fall together
        noise = reaction.drawn_noise(made.days, len(made), random)
        shifts: dict[str, Any] = {
            name: values if name == "carry_shift" else vol * values for name, values in noise.items()
        }
        for name in ("vol_shift", "skew_shift", "carry_shift"):
            ruled = getattr(made, name)
            if ruled is not None:
                shifts[name] = ruled - ruled.mean(axis=0) + shifts.get(name, 0.0)
        found[asset] = replace(made, ageing="expiry", **shifts)
    return found

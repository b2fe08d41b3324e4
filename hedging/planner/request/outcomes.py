"""Scenarios with probabilities, over which expected shortfall and value at risk are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.by_asset import PathsBy, leading, paths_by_asset
from hedging.paths.paths import Paths

__all__ = ["Outcomes"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outcomes(Shown):
    """Scenarios with probabilities; expected shortfall and value at risk are taken at their last date.

    Attributes
    ----------
    paths : Paths, or a mapping of asset to Paths
        Of several assets one set each, drawn together, as `hedging.scenario.draw` and `hedging.paths.couple` give
        them: scenario by scenario the same state of the world.
    weights : ndarray, shape (scenarios,), optional
        Probabilities up to a factor; by default all the same.
    reweight : bool
        Whether a plan moves the probabilities, as little as possible, until no order at the quotes has a gain to
        expect. Otherwise they stay what was given: probabilities that are meant, by which a put may well be too
        dear, are no error.

    Raises
    ------
    InputError
        If the weights are not one finite number >= 0 per scenario, or paths of several assets do not fit each
        other.
    """

    paths: PathsBy
    weights: Array | None = None
    reweight: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.paths, Paths):
            object.__setattr__(self, "paths", paths_by_asset(self.paths, tuple(self.paths)))
        if self.weights is None:
            return
        weights = np.asarray(self.weights, dtype=float)
        if weights.shape != (len(self),) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            raise InputError(
                f"weights must be one number >= 0 for each of {number_of(len(self), 'scenario')}, not all 0; "
                f"got shape {weights.shape}."
            )
        object.__setattr__(self, "weights", weights)

    @classmethod
    def of(cls, given: Outcomes | PathsBy) -> Outcomes:
        """Paths as outcomes, all as likely; outcomes as they are.

        Raises
        ------
        InputError
            If they are neither.
        """
        if isinstance(given, Mapping) and not given:
            raise InputError("outcomes must hold the paths of one asset at least; got none.")
        if isinstance(given, Paths | Mapping):
            return cls(given)
        if not isinstance(given, Outcomes):
            raise InputError(f"outcomes must be Outcomes or Paths; got {type(given).__name__}.")
        return given

    def __len__(self) -> int:
        return len(leading(self.paths))

    @property
    def days(self) -> Array:
        """Dates of the paths. [days from now]"""
        return leading(self.paths).days

    @property
    def probabilities(self) -> Array:
        """Probability of each scenario; they sum to 1."""
        if self.weights is None:
            return np.full(len(self), 1.0 / len(self))
        return np.asarray(self.weights / self.weights.sum())

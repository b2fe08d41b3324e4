"""Scenarios with probabilities, over which expected shortfall and value at risk are taken."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hedging._numerics.types import Array
from hedging._shown import Shown
from hedging.errors import InputError
from hedging.paths.paths import Paths

__all__ = ["Outcomes"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Outcomes(Shown):
    """Scenarios with probabilities; expected shortfall and value at risk are taken at their last date.

    Attributes
    ----------
    paths : Paths
    weights : ndarray, shape (scenarios,), optional
        Probabilities up to a factor; by default all the same.
    reweight : bool
        Whether a plan moves the probabilities, as little as possible, until no order at the quotes has a gain to
        expect. Otherwise they stay what was given: probabilities that are meant, by which a put may well be too
        dear, are no error.

    Raises
    ------
    InputError
        If the weights are not one finite number >= 0 per scenario.
    """

    paths: Paths
    weights: Array | None = None
    reweight: bool = False

    def __post_init__(self) -> None:
        if self.weights is None:
            return
        weights = np.asarray(self.weights, dtype=float)
        if weights.shape != (len(self.paths),) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
            raise InputError(
                f"weights must be one number >= 0 for each of {len(self.paths)} scenarios, not all 0; "
                f"got shape {weights.shape}."
            )
        object.__setattr__(self, "weights", weights)

    @property
    def probabilities(self) -> Array:
        """Probability of each scenario; they sum to 1."""
        if self.weights is None:
            return np.full(len(self.paths), 1.0 / len(self.paths))
        return np.asarray(self.weights / self.weights.sum())

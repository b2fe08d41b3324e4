"""Tails of a sample with probabilities: its worst share, its quantile, its expected shortfall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array

__all__ = ["quantile_loss", "shortfall", "tail_weights"]

ROUNDING = 1e-12  # of sums of probabilities


def tail_weights(loss: Array, probabilities: Array, level: float) -> tuple[npt.NDArray[np.intp], Array]:
    """Scenarios in the worst ``1 - level``, and the weight of each in their mean; the weights sum to 1."""
    share = 1.0 - level
    # All with uniform probabilities: only the tail needs sorting.
    likely = min(loss.size, int(np.ceil(share / max(probabilities.max(), 1e-300))) + 1)
    count = likely if np.ptp(probabilities) == 0.0 else loss.size
    candidates = np.argpartition(-loss, count - 1)[:count] if count < loss.size else np.arange(loss.size)
    order = candidates[np.argsort(-loss[candidates], kind="stable")]
    before = np.cumsum(probabilities[order]) - probabilities[order]
    inside = np.clip(share - before, 0.0, probabilities[order])
    tail = inside > 0.0
    return order[tail], inside[tail] / inside[tail].sum()


def quantile_loss(pnl: Array, probabilities: Array, level: float) -> float:
    """Value at risk: the least loss that is exceeded with probability ``1 - level`` at most. [money]"""
    order = np.argsort(pnl, kind="stable")  # the worst first
    exceeded = np.cumsum(probabilities[order]) > 1.0 - level + ROUNDING
    return float(-pnl[order[int(np.argmax(exceeded))]])


def shortfall(pnl: Array, probabilities: Array, level: float) -> float:
    """Mean loss of the worst ``1 - level``, as the least of Rockafellar and Uryasev's function. [money]"""
    order = np.argsort(pnl, kind="stable")  # the worst first
    inside = int(np.searchsorted(np.cumsum(probabilities[order]), 1.0 - level))
    at = -pnl[order[min(inside, pnl.size - 1)]]
    return float(at + probabilities @ np.maximum(-pnl - at, 0.0) / (1.0 - level))

"""Zeros of a curve of straight pieces."""

from __future__ import annotations

import numpy as np

from hedging._numerics.types import Array

__all__ = ["zeros"]


def zeros(x: Array, y: Array) -> Array:
    """Points at which a piecewise linear curve crosses or touches zero, ascending with `x`, each once.

    Pieces that lie on zero as a whole have none.

    Examples
    --------
    >>> zeros(np.array([0.0, 1.0, 2.0, 4.0]), np.array([-1.0, 1.0, 0.0, 0.0])).tolist()
    [0.5, 2.0]
    """
    left, right = y[:-1], y[1:]
    at = np.flatnonzero((left * right <= 0) & (left != right))
    return np.unique(x[at] - left[at] * (x[at + 1] - x[at]) / (right[at] - left[at]))

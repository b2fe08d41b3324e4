"""Where a function of one number first turns false, by scanning and closing in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array

__all__ = ["first_false"]


SCAN = 1_001
REFINE, ROUNDS = 33, 7


def first_false(holds: Callable[[Array], npt.NDArray[np.bool_]], end: float) -> float | None:
    """First point from 0 towards `end` at which `holds` is false; None if it holds all the way.

    The way is scanned in a thousand steps, then the first step that fails is closed in on to 1e-13 of the
    way. What turns false and true again within one step of the scan is missed.

    Parameters
    ----------
    holds : callable
        Takes points in an array, returns as many booleans.
    end : float
        May lie to either side of 0.

    Examples
    --------
    >>> round(first_false(lambda x: x > -2.5, -10.0), 9)
    -2.5
    """
    near, far, points = 0.0, end, SCAN
    for _ in range(ROUNDS):
        at = np.linspace(near, far, points)
        fails = ~holds(at)
        if not fails.any():
            return None if points == SCAN else far
        first = int(fails.argmax())
        if first == 0:
            return near
        near, far, points = float(at[first - 1]), float(at[first]), REFINE
    return 0.5 * (near + far)

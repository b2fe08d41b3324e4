"""Numbers as they come from a caller: what is none is NaN, so that every rule that names what it takes refuses it."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from hedging.errors import InputError


def number(given: Any) -> float:
    """A number as a float, and NaN for anything else: no rule that names what it takes is met by that."""
    if isinstance(given, bool) or not isinstance(given, Real):
        return math.nan
    return float(given)


def loss(name: str, share: Any) -> Any:
    """A loss as a share, checked; None is none."""
    if share is not None and not -1.0 <= number(share) <= 0.0:
        raise InputError(
            f"{name} must be a share between -1 and 0; got {share!r}. A loss of at most 15 % is written -0.15."
        )
    return share


def pair(given: Any) -> tuple[float, float]:
    """Two numbers, None for an open end; NaN for anything else."""
    try:
        low, high = given
    except (TypeError, ValueError):
        return math.nan, math.nan
    return number(low), math.inf if high is None else number(high)

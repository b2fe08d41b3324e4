"""The generator of random numbers that a seed stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from hedging.errors import InputError

__all__ = ["generator_of"]


def generator_of(seed: Any) -> np.random.Generator:
    """Generator of a seed, or the one that was given.

    Raises
    ------
    InputError
        If it is no seed: negative, no whole number, no generator.
    """
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise InputError(
            f"seed must be a whole number >= 0, or a numpy.random.Generator; got {seed!r:.60}."
        ) from None

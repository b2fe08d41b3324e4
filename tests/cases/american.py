"""American options drawn at random, and the engines that value them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from hedging._numerics import kernels


def drawn(count: int, seed: int = 0) -> dict[str, Any]:
    """Options of both flags, spot 100, in the ranges that the docstring promises 1e-6 of spot for."""
    rng = np.random.default_rng(seed)

    def between(low: float, high: float) -> np.ndarray:
        return np.exp(rng.uniform(np.log(low), np.log(high), count))

    vol = between(0.05, 1.2)
    days = np.maximum(1.0, np.round(between(1, 3 * 365)))
    spread = np.maximum(vol * np.sqrt(days / 365), 0.02)
    return {
        "flag": rng.choice(["c", "p"], count),
        "spot": np.full(count, 100.0),
        "strike": 100.0 * np.exp(rng.normal(0, 1, count) * spread),
        "time_to_expiry": days / 365,
        "rate": rng.uniform(0, 0.1, count),
        "vol": vol,
        "dividend_yield": rng.uniform(0, 0.1, count) * (rng.random(count) < 0.7),
    }


@contextmanager
def engine(compiled_from: float) -> Iterator[None]:
    usual, kernels.COMPILED = kernels.COMPILED, int(min(compiled_from, 2**62))
    try:
        yield
    finally:
        kernels.COMPILED = usual


ENGINES = [
    pytest.param(math.inf, id="numpy"),
    pytest.param(
        1, id="compiled", marks=pytest.mark.skipif(not find_spec("numba"), reason="numba is not installed")
    ),
]

"""The least change of probabilities where some gain may be left, against a direct minimisation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from hedging._numerics.entropy import least_entropy, relative_entropy


def gains(seed: int, cheap: float = 0.0) -> np.ndarray:
    """What six orders make in forty scenarios: mixtures of a few risks less what they cost."""
    random = np.random.default_rng(seed)
    risks = np.maximum(random.standard_normal((40, 6)), -1.0)
    return risks @ random.standard_normal((6, 6)) - random.uniform(0.1, 0.6, 6) + cheap


@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_costs_as_much_as_to_move_further(seed: int) -> None:
    pnl, random = gains(seed, 0.5), np.random.default_rng(seed)
    worth, room = random.uniform(1.0, 3.0, 6), random.uniform(0.01, 0.5, 6)
    prior = random.uniform(0.5, 1.5, 40)
    prior /= prior.sum()

    def price(q: np.ndarray) -> float:
        left = np.maximum(q @ (pnl / worth), 0.0)
        return float(q @ np.log(q / prior) + (left**2 / room).sum() / 2.0)

    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Values in x were outside bounds"
        )  # SciPy 1.13 clips with a word
        direct = minimize(
            price,
            prior,
            bounds=[(1e-12, 1.0)] * 40,
            constraints={"type": "eq", "fun": lambda q: q.sum() - 1.0},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 1_000},
        )
    found = least_entropy(pnl, worth, prior, room)
    assert found is not None
    assert_allclose(price(found), direct.fun, rtol=1e-6)
    assert_allclose(found, direct.x, atol=2e-4)


def test_orders_that_always_gain_leave_probabilities_all_the_same() -> None:
    prior = np.full(40, 1 / 40)
    assert least_entropy(gains(1, 9.0), np.ones(6), prior) is None
    found = least_entropy(gains(1, 9.0), np.ones(6), prior, np.full(6, 1e4))
    assert found is not None
    assert relative_entropy(found, prior) < 0.1
    assert (found > 0.0).all()


def test_no_room_is_as_good_as_none() -> None:
    prior = np.full(40, 1 / 40)
    exact, nearly = (least_entropy(gains(2), np.ones(6), prior, room) for room in (None, np.full(6, 1e-14)))
    assert exact is not None
    assert nearly is not None
    assert_allclose(nearly, exact, rtol=1e-6)

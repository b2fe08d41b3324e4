"""The least widening of quotes that takes a free lunch away, against all rows at once, and what plans say of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from hedging._numerics.entropy import least_entropy
from hedging.planner.outcomes.widening import LEAST_ROOM, ROOM, WIDEST, widening
from hedging.planner.result.agreement import Agreement


def gains(seed: int, always: float) -> np.ndarray:
    """What eight orders make in 200 outcomes, of which the first makes so much at least."""
    random = np.random.default_rng(seed)
    pnl = random.normal(-0.01, 0.03, (200, 8))
    pnl[:, 0] = always + random.exponential(0.001, 200)
    return pnl


@pytest.mark.parametrize("seed", range(6))
def test_it_is_the_largest_gain_in_the_worst_outcome(seed: int) -> None:
    pnl, worth = gains(seed, 3e-4), np.random.default_rng(seed).uniform(1.0, 2.0, 8)
    pnl *= worth
    whole = linprog(
        np.append(np.zeros(8), -1.0),
        A_ub=np.vstack((np.append(np.ones(8), 0.0), np.column_stack((-pnl / worth, np.ones(200))))),
        b_ub=np.append(1.0, np.zeros(200)),
        bounds=[(0.0, None)] * 8 + [(None, None)],
    )
    wider = widening(pnl, worth)
    assert wider == pytest.approx((1.0 + ROOM) * -whole.fun, abs=1e-6)
    even = np.full(200, 1.0 / 200)
    assert least_entropy(pnl, worth, even) is None
    weights = least_entropy(pnl - wider * worth, worth, even)
    assert ((weights @ pnl) / worth).max() <= wider
    # Less than the least leaves none.
    assert least_entropy(pnl - 0.9 * -whole.fun * worth, worth, even) is None


def test_orders_that_gain_in_some_outcomes_alone_need_next_to_nothing() -> None:
    pnl = np.array([[0.0], [0.1], [0.0]])
    assert widening(pnl, np.ones(1)) == pytest.approx(LEAST_ROOM)


def test_outcomes_that_contradict_the_quotes_are_not_made_to_fit() -> None:
    assert widening(gains(1, 2.0 * WIDEST), np.ones(8)) is None


def test_an_agreement_says_how_much_wider_and_is_read_back() -> None:
    found = Agreement(1_000, 0.01, None, 0.2, 700.0, 1e-4, 1e-4, reweighted=True)
    assert "reweighted to fit quotes 0.010% of the underlying wider" in str(found)
    assert Agreement.from_dict(found.to_dict()) == found
    older = found.to_dict()
    del older["widened"]
    assert Agreement.from_dict(older).widened == 0.0

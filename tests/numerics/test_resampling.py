"""The stationary bootstrap against its definition, and the length of its blocks against independent code."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hedging._numerics.resampling import block_length, resampled_rows


def test_blocks_have_their_mean_length_and_go_round_the_end() -> None:
    rows = resampled_rows(7, 400, 300, 4.0, np.random.default_rng(3))
    assert rows.shape == (300, 400)
    assert_allclose(np.bincount(rows.ravel(), minlength=7) / rows.size, 1 / 7, rtol=0.05)
    # A row follows the one before it unless a block ends (1 of 4) and the next begins elsewhere (6 of 7).
    follows = rows[:, 1:] == (rows[:, :-1] + 1) % 7
    assert_allclose(follows.mean(), 1 - 6 / 7 / 4, rtol=0.02)


def test_blocks_of_one_are_independent_draws() -> None:
    rows = resampled_rows(5, 2_000, 50, 1.0, np.random.default_rng(4))
    assert_allclose(((rows[:, 1:] - rows[:, :-1]) % 5 == 1).mean(), 1 / 5, rtol=0.03)


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [21, 152, 1_000])
def test_the_block_length_is_arch_s(rho: float, count: int) -> None:
    bootstrap = pytest.importorskip("arch.bootstrap")
    random = np.random.default_rng(count)
    values = np.empty(count)
    values[0] = 0.0
    for k in range(1, count):
        values[k] = rho * values[k - 1] + random.standard_normal()
    theirs = float(bootstrap.optimal_block_length(values)["stationary"].iloc[0])
    assert_allclose(block_length(values), max(theirs, 1.0), rtol=1e-9)


def test_a_series_that_never_moves_has_blocks_of_one() -> None:
    assert block_length(np.zeros(40)) == 1.0

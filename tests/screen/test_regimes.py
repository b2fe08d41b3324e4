"""Two regimes of vol: planted ones are found, and nothing is seen ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hedging.errors import InputError
from hedging.screen.allocation import regimes

pytest.importorskip("statsmodels")


@pytest.fixture(scope="module")
def returns() -> pd.Series[float]:
    vol = np.where((np.arange(500) // 50) % 2, 0.06, 0.01)
    moves = np.random.default_rng(0).normal(0.0, vol)
    return pd.Series(moves, pd.date_range("2024-01-01", periods=500, tz="UTC"))


def test_planted_regimes_are_found(returns: pd.Series[float]) -> None:
    found = regimes(returns, least=300, refit=50)
    stressed = (np.arange(500) // 50) % 2 == 1
    assert ((found["stressed"] > 0.5).to_numpy() == stressed[299:]).mean() > 0.9
    assert len(found) == 201
    assert (found["fitted"] <= found.index).all()


def test_the_future_changes_no_label(returns: pd.Series[float]) -> None:
    spoiled = returns.copy()
    spoiled.iloc[400:] = 0.5
    before, after = regimes(returns, least=300, refit=50), regimes(spoiled, least=300, refit=50)
    np.testing.assert_array_equal(before["stressed"].iloc[:100], after["stressed"].iloc[:100])


def test_too_few_returns_are_refused(returns: pd.Series[float]) -> None:
    with pytest.raises(InputError, match="regimes need"):
        regimes(returns.iloc[:100])
    with pytest.raises(InputError, match="finite numbers"):
        regimes(returns.where(returns > 0))

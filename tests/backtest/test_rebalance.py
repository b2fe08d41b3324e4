"""The cost of hedging by the clock against Leland's."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from hedging.backtest import rebalance as rules
from hedging.errors import InputError


def test_cost_curve_meets_leland_and_errors_shrink_with_frequency() -> None:
    curve = rules.cost_curve(100.0, 30 / 365, 0.6, 0.001, spot=100.0, every=(0.25, 1.0, 4.0), paths=4_000)
    assert_allclose(curve["cost"].iloc[:2], curve["leland"].iloc[:2], rtol=0.06)
    assert curve["error"].is_monotonic_increasing
    assert_allclose(
        curve["error"].iloc[1] / curve["error"].iloc[0], 2.0, rtol=0.15
    )  # the root of the interval
    free = rules.cost_curve(100.0, 30 / 365, 0.6, 0.0, spot=100.0, every=(1.0,), paths=200)
    assert free["cost"].iloc[0] == 0.0
    assert free["leland"].iloc[0] == 0.0


@pytest.mark.parametrize(
    "bad",
    [{"every": ()}, {"every": (0.0,)}, {"cost": -0.1}, {"spot": 0.0}, {"vol": float("nan")}],
)
def test_what_is_out_of_range_is_refused(bad) -> None:
    given = {"cost": 0.001, "spot": 100.0, "vol": 0.5} | bad
    with pytest.raises(InputError):
        rules.cost_curve(100.0, 0.1, **given)

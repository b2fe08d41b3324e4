"""Drifts of vol by expiry and strike: what lies on, between and beyond them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.book.pricer import unit_values
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.paths import Paths, VolDrift, join

TIME, STRIKE, LOGS = [0.1, 0.1, 0.3], [-0.2, 0.2, 0.0], [0.1, 0.3, -0.4]
DRIFT = VolDrift(30.0, np.array(TIME), np.array(STRIKE), np.array(LOGS))


def test_factors_are_met_on_the_day_and_lie_in_between() -> None:
    at = np.array([-0.5, -0.2, 0.0, 0.2, 0.5])
    assert_allclose(np.log(DRIFT.factor(0.1, at, 30.0)), [0.1, 0.1, 0.2, 0.3, 0.3])
    assert_allclose(np.log(DRIFT.factor(0.1, at, 15.0)), [0.05, 0.05, 0.1, 0.15, 0.15])
    assert_allclose(np.log(DRIFT.factor(0.2, at, 45.0)), [-0.15, -0.15, -0.1, -0.05, -0.05])
    assert_allclose(np.log(DRIFT.factor(0.05, at, 30.0)), np.log(DRIFT.factor(0.1, at, 30.0)))
    assert_allclose(DRIFT.factor(1.0, at, 30.0), np.exp(-0.4))


def test_an_option_has_the_vol_of_its_factor() -> None:
    market = flat_market("cash", days=(60.0,))
    row = market.chain.quotes.query("strike == 100.0").iloc[0]
    option = Option("BTC", "c", row.strike, row.expiry, market.chain.terms)
    drift = VolDrift(20.0, [row.time_to_expiry], [0.0], [np.log(1.21)])
    still = Paths(np.array([20.0]), np.array([[1.05]]), np.zeros((1, 1)), ("up",), vol_drift=drift)
    left, carry = row.time_to_expiry - 20.0 / 365.0, np.log(row.forward / market.spot) / row.time_to_expiry
    forward, rate = 1.05 * market.spot * np.exp(carry * left), -np.log(row.discount) / row.time_to_expiry
    (found,) = unit_values([option], [None], market, still)[0, 0:1, 0]
    assert found == pytest.approx(
        greeks.black76_price("c", forward, row.strike, left, rate, 1.1 * market.vol_of_30_days), rel=5e-5
    )


def test_paths_of_other_drifts_are_not_joined() -> None:
    one = Paths(np.array([20.0]), np.ones((1, 1)), np.zeros((1, 1)), ("",), vol_drift=DRIFT)
    assert join(one, one).vol_drift is DRIFT
    with pytest.raises(InputError, match="same rules"):
        join(one, replace(one, vol_drift=None))


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"day": 0.0}, "day must be a number of days > 0"),
        ({"time": np.array([0.3, 0.1, 0.1])}, "sorted by time"),
        ({"log_strike": np.array([0.2, 0.2, 0.0])}, "sorted by time"),
        ({"log_factor": np.array([0.1])}, "as many"),
        ({"log_factor": np.array([0.1, np.nan, 0.0])}, "log_factor"),
    ],
)
def test_what_says_nothing_clear_is_refused(changed: dict[str, object], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        replace(DRIFT, **changed)

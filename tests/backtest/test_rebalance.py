"""Rebalancing rules against published values, limits and scalings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.backtest import rebalance as rules
from hedging.errors import InputError


def test_leland_1985_weekly_at_one_per_cent() -> None:
    # vol 20 %, weekly, one-way cost 1 %: A = 0.575363, adjusted vol 25.1027 %
    assert_allclose(rules.leland_number(0.20, 1 / 52, 0.01), 0.575363, atol=5e-7)
    assert_allclose(rules.leland_vol(0.20, 1 / 52, 0.01), 0.251027, atol=5e-7)
    assert rules.leland_vol(0.2, 1 / 52, 0.0) == 0.2
    low = rules.leland_vol(0.2, 1 / 52, 0.005, gamma="long")
    assert_allclose(low**2 + rules.leland_vol(0.2, 1 / 52, 0.005) ** 2, 2 * 0.2**2)
    with pytest.raises(InputError, match="hedge less often"):
        rules.leland_vol(0.2, 1 / 5200, 0.01, gamma="long")


def test_zakamouline_2006_band() -> None:
    # cost 0.0005, price 5000, gamma 0.02, risk aversion 1, r = 0, vol 0.2, T = 0.25: H0 1.0e-5, H1 0.0209437
    band = rules.zakamouline(5_000.0, 0.02, 0.0005, 1.0, 0.2, 0.25)
    assert_allclose(band.half_width, 1.0e-5 + 0.0209437, atol=5e-8)
    short = rules.zakamouline(5_000.0, -0.02, 0.0005, 1.0, 0.2, 0.25)
    assert band.vol < 0.2 < short.vol
    assert rules.zakamouline(5_000.0, 0.02, 0.0, 1.0, 0.2, 0.25) == (0.0, 0.2)


def test_whalley_wilmott_scales_with_the_cube_root_of_cost_and_gamma_squared() -> None:
    base = rules.whalley_wilmott(100.0, 0.03, 0.001, 0.5)
    assert_allclose(base**3, 1.5 * 0.001 * 100.0 * 0.03**2 / 0.5)
    assert_allclose(rules.whalley_wilmott(100.0, 0.03, 0.008, 0.5), 2 * base)
    assert_allclose(rules.whalley_wilmott(100.0, 0.03 * 8, 0.001, 0.5), 4 * base)
    assert_allclose(rules.whalley_wilmott(100.0, -0.03, 0.001, 0.5), base)
    assert_allclose(rules.whalley_wilmott(100.0, 0.03, 0.001, 0.5 * 8), base / 2)
    assert rules.whalley_wilmott(100.0, 0.03, 0.0, 0.5) == 0.0


@pytest.mark.parametrize(
    ("delta", "target", "band", "to", "trade"),
    [
        (11.5, 10.0, 1.0, "target", -1.5),
        (11.5, 10.0, 1.0, "edge", -0.5),
        (8.0, 10.0, 1.0, "edge", 1.0),
        (10.9, 10.0, 1.0, "target", 0.0),
        (8.0, 10.0, (math.inf, 1.0), "target", 0.0),  # one-sided: never bought
        (12.0, 10.0, (math.inf, 1.0), "target", -2.0),
        (12.0, (9.0, 11.0), 0.5, "target", -1.0),
        (11.4, (9.0, 11.0), 0.5, "target", 0.0),
        (10.1, 10.0, 0.0, "target", -0.1),
    ],
)
def test_thresholds(delta, target, band, to, trade) -> None:
    assert_allclose(rules.rebalancing_trade(delta, target, band, to=to), trade, atol=1e-12)


def test_next_trade_prices_are_where_delta_meets_the_band() -> None:
    spot = np.linspace(50.0, 150.0, 2001)
    delta = np.asarray(greeks.delta("c", spot, 100.0, 0.25, 0.0, 0.5))
    now = float(greeks.delta("c", 100.0, 100.0, 0.25, 0.0, 0.5))
    low, high = rules.next_trade_prices(spot, delta, now, 0.1)
    for price, side in ((low, -0.1), (high, 0.1)):
        assert_allclose(greeks.delta("c", price, 100.0, 0.25, 0.0, 0.5), now + side, atol=1e-5)
    assert all(map(math.isnan, rules.next_trade_prices(spot, delta, now, 2.0)))
    with pytest.raises(InputError, match="ascend"):
        rules.next_trade_prices(spot[::-1], delta, now, 0.1)


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
    [
        lambda: rules.leland_number(0.0, 1.0, 0.1),
        lambda: rules.whalley_wilmott(100.0, 0.1, -0.1, 1.0),
        lambda: rules.zakamouline(100.0, 0.1, 0.001, 0.0, 0.2, 1.0),
        lambda: rules.rebalancing_trade(1.0, (2.0, 1.0)),
        lambda: rules.rebalancing_trade(1.0, 1.0, -0.1),
        lambda: rules.rebalancing_trade(1.0, 1.0, to="middle"),
        lambda: rules.cost_curve(100.0, 0.1, 0.5, 0.001, spot=100.0, every=()),
    ],
)
def test_what_is_out_of_range_is_refused(bad) -> None:
    with pytest.raises(InputError):
        bad()

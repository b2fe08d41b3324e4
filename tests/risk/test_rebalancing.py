"""Rebalancing rules against published values, limits and scalings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.errors import InputError
from hedging.risk import rebalancing as rules


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


@pytest.mark.parametrize("to", ["target", "edge"])
def test_whole_lots_are_the_best_of_all_that_could_be_traded(to) -> None:
    random = np.random.default_rng(3)
    for _ in range(300):
        target, band = float(random.uniform(-5, 5)), float(random.uniform(0, 2))
        delta, lot = target + float(random.normal(0, 3)), float(random.choice([0.001, 0.1, 0.7, -0.3, 5.0]))
        found = rules.rebalancing_lots(delta, target, band, lot=lot, to=to)
        wanted = delta + rules.rebalancing_trade(delta, target, band, to=to)

        def miss(lots, target=target, band=band, delta=delta, lot=lot, wanted=wanted):
            after = delta + lots * lot
            outside = abs(after - target) - band
            return (outside if outside > 1e-8 else 0.0, abs(after - wanted))

        if abs(delta - target) <= band:
            assert found == 0
            continue
        most = int(abs(delta - target) / abs(lot)) + 2
        best = min(miss(n) for n in range(-most, most + 1))
        assert_allclose(miss(found), best, atol=1e-8)


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


@pytest.mark.parametrize(
    "bad",
    [
        lambda: rules.leland_number(0.0, 1.0, 0.1),
        lambda: rules.whalley_wilmott(100.0, 0.1, -0.1, 1.0),
        lambda: rules.zakamouline(100.0, 0.1, 0.001, 0.0, 0.2, 1.0),
        lambda: rules.rebalancing_trade(1.0, (2.0, 1.0)),
        lambda: rules.rebalancing_trade(1.0, 1.0, -0.1),
        lambda: rules.rebalancing_trade(1.0, 1.0, to="middle"),
        lambda: rules.rebalancing_lots(11.5, 10.0, lot=0.0),
        lambda: rules.rebalancing_lots(math.nan, 10.0, lot=1.0),
    ],
)
def test_what_is_out_of_range_is_refused(bad) -> None:
    with pytest.raises(InputError):
        bad()


@pytest.mark.parametrize("name", ["gamma", "rate"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_bands_of_what_is_no_number_are_refused(name: str, value: float) -> None:
    given = {"spot": 100.0, "gamma": 0.02, "cost": 0.001, "risk_aversion": 1.0, "rate": 0.0, name: value}
    with pytest.raises(InputError, match=f"{name} must be a finite number"):
        rules.whalley_wilmott(**given)
    with pytest.raises(InputError, match=f"{name} must be a finite number"):
        rules.zakamouline(**given, vol=0.2, time_to_expiry=0.25)

"""Zero time, zero vol, zero and infinite strike give the limits, never NaN."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import erfinv

from hedging import greeks
from hedging._numerics import kernels
from hedging.units import GREEK_UNITS as FORMULAS


@pytest.mark.parametrize("name", FORMULAS)
def test_no_greek_is_nan_at_any_limit(name: str) -> None:
    for flag, strike, time, vol, rate, carry in product(
        "cp", (0, 90, 100, 110, math.inf), (0, 0.5), (0, 0.3), (0, 0.05), (0, 0.02)
    ):
        value = getattr(greeks, name)(flag, 100, strike, time, rate, vol, carry)
        assert not math.isnan(value), (flag, strike, time, vol, rate, carry)


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize("time", [0.0, 0.5])
@pytest.mark.parametrize("strike", [90.0, 110.0])
def test_without_vol_or_time_an_option_is_a_forward_or_nothing(flag: str, time: float, strike: float) -> None:
    r, q, spot = 0.05, 0.02, 100.0
    vol = 0.3 if time == 0 else 0.0
    w = 1 if flag == "c" else -1
    discounted = strike * math.exp(-r * time)
    paid = spot * math.exp(-q * time)
    alive = w * (paid - discounted) > 0
    ours = greeks.greeks(flag, spot, strike, time, r, vol, q, names=tuple(FORMULAS))
    assert ours.price == pytest.approx(alive * w * (paid - discounted), rel=1e-14)
    assert ours.delta == pytest.approx(alive * w * math.exp(-q * time), rel=1e-15)
    assert ours.theta == pytest.approx(alive * w * (q * paid - r * discounted) / 365, rel=1e-14)
    assert ours.rho == pytest.approx(alive * w * time * discounted / 100, rel=1e-14)
    assert ours.rho_yield == pytest.approx(-alive * w * time * paid / 100, rel=1e-14)
    assert ours.charm == pytest.approx(alive * w * q * math.exp(-q * time) / 365, rel=1e-14)
    assert ours.dual_delta == pytest.approx(-alive * w * math.exp(-r * time), rel=1e-14)
    for name in ("gamma", "vega", "vanna", "volga", "veta", "speed", "zomma", "color", "ultima"):
        assert getattr(ours, name) == 0.0, name


def test_on_the_kink_the_limits_are_those_from_above() -> None:
    ours = greeks.greeks(["c", "p"], 100, 100, 0, 0, 0.2, names=("price", "delta", "gamma", "vega", "theta"))
    assert ours.price.tolist() == [0, 0]
    assert ours.delta.tolist() == [0.5, -0.5]
    assert ours.gamma.tolist() == [math.inf, math.inf]
    assert ours.vega.tolist() == [0, 0]
    assert ours.theta.tolist() == [-math.inf, -math.inf]
    assert greeks.vega("c", 100, 100, 0.25, 0, 0) == pytest.approx(100 * 0.5 / math.sqrt(2 * math.pi) / 100)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("rate", [0.05, -0.05])
def test_on_the_kink_no_vol_is_too_small(name: str, rate: float) -> None:
    vol = 10.0 ** -np.arange(0, 324, 3)  # the square of many is 0, and what is divided by others is infinite
    greek = getattr(greeks, name)
    found = greek("c", 100, 100, 0, rate, vol)
    assert_array_equal([greek("c", 100, 100, 0, rate, v) for v in vol.tolist()], found)
    assert not np.isnan(found).any()
    if name in ("vega", "vanna", "volga", "ultima"):  # of the order of a power of the time left
        assert_array_equal(found, np.zeros(vol.size))


def test_zero_strike_is_the_asset_and_infinite_strike_is_nothing() -> None:
    for vol in (0.0, 0.5):
        calls = greeks.greeks("c", 100, [0.0, math.inf], 1.0, 0.05, vol, 0.02)
        assert calls.price.tolist() == [pytest.approx(100 * math.exp(-0.02)), 0.0]
        assert calls.delta.tolist() == [pytest.approx(math.exp(-0.02)), 0.0]
        assert greeks.price("p", 100, 0.0, 1.0, 0.05, vol, 0.02) == 0.0
        assert greeks.coin_delta("c", 100, 0.0, 1.0, vol) == 0.0


def test_far_out_of_the_money_put_keeps_its_digits() -> None:
    # N(-d1) at d1 = ln(100/20)/0.05 + 0.025, by mpmath at 50 digits.
    from mpmath import mp, mpf, ncdf

    with mp.workdps(50):
        d1 = mp.log(mpf(5)) / (mpf(0.1) * mpf("0.5")) + mpf(0.1) * mpf("0.25")
        exact = float(-ncdf(-d1))
    ours = greeks.delta("p", 100, 20, 0.25, 0.0, 0.1)
    assert ours == pytest.approx(exact, rel=1e-12)
    assert np.sign(ours) == -1


@pytest.mark.parametrize("size", [7, 3000, 30_000])
def test_the_kernel_for_engines_agrees_and_is_exact_without_deviation(size: int) -> None:
    rng = np.random.default_rng(2)
    phi = rng.choice([-1.0, 1.0], size)
    forward, strike = np.exp(rng.normal(0, 0.3, (2, size)))
    total_sd = np.where(rng.random(size) < 0.2, 0.0, rng.uniform(0.01, 2, size))
    out = np.empty(size)
    assert kernels.black76(phi, forward, strike, total_sd, out=out) is out
    flag = np.where(phi > 0, "c", "p")
    expected = greeks.black76_price(flag, forward, strike, 1.0, 0.0, total_sd)
    assert_allclose(out, expected, rtol=1e-11, atol=1e-307)  # compiled, 0 below the smallest normal number
    halves = [
        kernels.black76(*(x[part] for x in (phi, forward, strike, total_sd)))
        for part in np.array_split(np.arange(size), 5)
    ]
    assert_array_equal(np.concatenate(halves), out)  # no bit turns on the size of a call
    still = total_sd == 0
    assert_array_equal(out[still], np.maximum(phi * (forward - strike), 0)[still])
    assert_array_equal(kernels.black76(1.0, forward[:, None], strike[None, :3], 0.5).shape, (size, 3))


@pytest.mark.parametrize("forward", [1e-3, 1.0, 100.0, 70_000.0])
@pytest.mark.parametrize("time", [1e-4, 1.0, 30.0])
@pytest.mark.parametrize("price", [1e-300, 1e-20, 1e-14, 1e-12, 1e-9, 1e-6, 1e-5, 1e-3])
def test_the_vol_of_any_small_price_at_the_money_is_that_of_its_series(forward, time, price):
    """2 N(s/2) - 1 = v, so s = 2 sqrt(2) erfinv(v); as a difference of two tails it was not found below 1e-12."""
    expected = 2.0 * np.sqrt(2.0) * erfinv(price) / np.sqrt(time)
    for flag in "cp":
        found = greeks.black76_implied_vol(price * forward, flag, forward, forward, time)
        assert_allclose(found, expected, rtol=1e-9 if price > 1e-5 else 1e-14)


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize("forward", [-10.0, 0.0, 90.0, 100.0, 110.0])
def test_minus_zero_is_zero_in_bacheliers_model(flag, forward):
    for vol, time in ((-0.0, 1.0), (0.2, -0.0), (-0.0, -0.0), (-0.0, 0.0)):
        found = greeks.bachelier_price(flag, forward, 100.0, time, 0.01, vol)
        assert found == greeks.bachelier_price(flag, forward, 100.0, abs(time), 0.01, abs(vol))

"""Identities that hold for every option: parity, the pricing equation, symmetry, scale; by hypothesis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.errors import InputError
from hedging.units import GREEK_UNITS

POSITIVE = st.floats(1e-3, 1e6)
OPTION = st.fixed_dictionaries(
    {
        "spot": POSITIVE,
        "strike": st.floats(1e-3, 1e6),
        "time_to_expiry": st.floats(1 / 31_536_000, 30),
        "rate": st.floats(-0.05, 0.2),
        "vol": st.floats(1e-3, 30),
        "dividend_yield": st.floats(-0.05, 0.2),
    }
)
FEW = settings(max_examples=150, deadline=None)


def legs(o: dict[str, float]) -> tuple[float, float]:
    """Discounted spot and strike."""
    T = o["time_to_expiry"]
    return o["spot"] * math.exp(-o["dividend_yield"] * T), o["strike"] * math.exp(-o["rate"] * T)


def raw(flag: str, o: dict[str, float], *names: str) -> list[float]:
    found = greeks.greeks(flag, **o, names=names)
    return [getattr(found, name) / GREEK_UNITS[name].scale for name in names]


@FEW
@given(OPTION)
def test_call_less_put_is_the_forward(o: dict[str, float]) -> None:
    paid, owed = legs(o)
    call, put = (greeks.greeks(flag, **o, names=("price", "delta", "rho")) for flag in "cp")
    assert call.price - put.price == pytest.approx(paid - owed, abs=8e-16 * (paid + owed))
    assert call.delta - put.delta == pytest.approx(paid / o["spot"], rel=1e-14)
    assert call.rho - put.rho == pytest.approx(o["time_to_expiry"] * owed / 100, rel=1e-13)
    assert 0 <= call.price <= paid * (1 + 1e-15)
    assert 0 <= put.price <= owed * (1 + 1e-15)


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_the_pricing_equation_closes(o: dict[str, float], flag: str) -> None:
    price, delta, gamma, theta = raw(flag, o, "price", "delta", "gamma", "theta")
    S, r, q, v = o["spot"], o["rate"], o["dividend_yield"], o["vol"]
    terms = [theta, 0.5 * v * v * S * S * gamma, (r - q) * S * delta, -r * price]
    assert math.fsum(terms) == pytest.approx(0.0, abs=1e-13 * sum(map(abs, terms)) + 1e-300)


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_vega_is_gamma_times_variance_of_spot(o: dict[str, float], flag: str) -> None:
    gamma, vega = raw(flag, o, "gamma", "vega")
    assert vega == pytest.approx(
        gamma * o["spot"] ** 2 * o["vol"] * o["time_to_expiry"], rel=1e-13, abs=1e-290
    )


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_price_is_of_first_degree_in_spot_and_strike(o: dict[str, float], flag: str) -> None:
    price, delta, dual = raw(flag, o, "price", "delta", "dual_delta")
    parts = [o["spot"] * delta, o["strike"] * dual]
    assert price == pytest.approx(sum(parts), abs=3e-15 * sum(map(abs, parts)) + 1e-300)
    doubled = o | {"spot": 2 * o["spot"], "strike": 2 * o["strike"]}
    # A power of two moves no digit, but of a subnormal price.
    assert greeks.price(flag, **doubled) == pytest.approx(2 * price, rel=0.0, abs=1e-300)


@FEW
@given(OPTION)
def test_a_call_is_a_put_with_spot_and_strike_exchanged(o: dict[str, float]) -> None:
    other = o | {
        "spot": o["strike"],
        "strike": o["spot"],
        "rate": o["dividend_yield"],
        "dividend_yield": o["rate"],
    }
    call, delta, dual, vega = raw("c", o, "price", "delta", "dual_delta", "vega")
    # What rounding can do to either side: log-moneyness and discounting act through delta and vega.
    moved = call + o["spot"] * delta + o["strike"] * abs(dual) + 2 * o["vol"] * vega
    moved *= 1 + o["time_to_expiry"] * (abs(o["rate"]) + abs(o["dividend_yield"]))
    assert call == pytest.approx(greeks.price("p", **other), abs=10 * 2.0**-53 * moved + 1e-290)


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_forward_form_is_the_spot_form_on_the_forward(o: dict[str, float], flag: str) -> None:
    r, T = o["rate"], o["time_to_expiry"]
    rest = (o["strike"], T)
    spot_form = greeks.greeks(flag, o["spot"], *rest, r, o["vol"], r)
    forward_form = greeks.black76_greeks(flag, o["spot"], *rest, r, o["vol"])
    for name in ("price", "delta", "gamma", "vega", "theta"):
        assert getattr(forward_form, name) == getattr(spot_form, name)
    assert forward_form.rho == pytest.approx(-T * forward_form.price / 100, rel=1e-15)


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_coin_values_are_money_values_over_the_forward(o: dict[str, float], flag: str) -> None:
    F, rest, vol = o["spot"], (o["strike"], o["time_to_expiry"]), o["vol"]
    money = greeks.black76_greeks(flag, F, *rest, 0.0, vol)
    coin = greeks.coin_greeks(flag, F, *rest, vol)
    assert coin.price == pytest.approx(money.price / F, rel=4e-16, abs=1e-300)
    assert coin.delta == pytest.approx(money.delta - coin.price, abs=4e-16 * (1 + coin.price))
    assert coin.vega == pytest.approx(money.vega / F, rel=1e-15, abs=1e-300)
    assert coin.theta == pytest.approx(money.theta / F, rel=1e-15, abs=1e-300)
    assert coin.gamma == pytest.approx(
        money.gamma - coin.delta / F, abs=1e-14 * (abs(money.gamma) + abs(coin.delta) / F) + 1e-300
    )


def test_coin_gamma_is_the_slope_of_coin_delta() -> None:
    F, rest = 81_606.61, (98_000, 0.8177, 0.4186)
    h = 1e-4 * F
    slope = (greeks.coin_delta("p", F + h, *rest) - greeks.coin_delta("p", F - h, *rest)) / (2 * h)
    assert greeks.coin_greeks("p", F, *rest).gamma == pytest.approx(slope, rel=1e-6)


@FEW
@given(OPTION, st.sampled_from("cp"))
def test_vol_comes_back_or_is_refused_with_a_reason(o: dict[str, float], flag: str) -> None:
    price, vega, delta, dual = raw(flag, o, "price", "vega", "delta", "dual_delta")
    known = {k: v for k, v in o.items() if k != "vol"}
    vol, status = greeks.implied_vol(price, flag, **known, errors="nan", return_status=True)
    # What rounding leaves of the price: a relative part, and for a subnormal one the smallest number there is.
    carried = (price + o["spot"] * abs(delta) + o["strike"] * abs(dual)) * 2.0**-53 + 2.0**-1074
    if status == "ok":
        blur = carried / (vega * o["vol"]) + abs(math.log(o["spot"] / o["strike"])) * 2e-16
        assert vol == pytest.approx(o["vol"], rel=1e-14 + 40 * blur)
    else:
        assert math.isnan(vol)
        assert status in ("no information", "above maximum")
        assert price < 1e-290 or carried > 1e-4 * vega * o["vol"]


@pytest.mark.parametrize("convention", greeks.strikes.CONVENTIONS)
@pytest.mark.parametrize("flag", ["c", "p"])
def test_strike_from_delta_undoes_delta(convention: str, flag: str) -> None:
    S, T, r, v, q = 100.0, np.array([[0.02], [0.7], [5.0]]), 0.04, 0.5, 0.02
    F, s = S * np.exp((r - q) * T), v * np.sqrt(T)
    strike = F * np.exp(s * np.array([0.3, 0.8, 1.2, 2.5]) + 0.5 * s * s)  # right of a call's greatest delta
    delta = greeks.delta(flag, S, strike, T, r, v, q)
    if convention.endswith("adjusted"):
        delta = delta - greeks.price(flag, S, strike, T, r, v, q) / S
    if convention.startswith("forward"):
        delta = delta * np.exp(q * T)
    found: Any = greeks.strike_from_delta(flag, delta, S, T, r, v, q, convention=convention)
    assert_allclose(found, strike, rtol=1e-9)


def test_strike_of_the_published_premium_adjusted_delta() -> None:
    # QuantLib's public delta tests: discounts 0.997306 and 0.992266, vol sqrt(T) 0.1180654, strike 1.600545.
    rates = {"rate": -math.log(0.997306), "dividend_yield": -math.log(0.992266)}
    strike = greeks.strike_from_delta(
        "c", 0.15, 1.421, 1.0, vol=0.1180654, **rates, convention="spot_premium_adjusted"
    )
    assert strike == pytest.approx(1.600545, rel=5e-5)
    adjusted = greeks.delta("c", 1.421, strike, 1.0, vol=0.1180654, **rates)
    adjusted -= greeks.price("c", 1.421, strike, 1.0, vol=0.1180654, **rates) / 1.421
    assert adjusted == pytest.approx(0.15, rel=1e-12)


@pytest.mark.parametrize(("flag", "delta"), [("c", 0.99), ("c", -0.2), ("p", 0.2)])
def test_delta_that_no_strike_has_is_refused(flag: str, delta: float) -> None:
    with pytest.raises(InputError, match="delta must be one that some strike has; got"):
        greeks.strike_from_delta(flag, delta, 100, 0.5, 0.0, 0.6, convention="forward_premium_adjusted")


def test_touch_is_twice_the_tail_without_drift_and_counts_simulated_paths() -> None:
    v, T = 0.4, 0.5
    touch = greeks.probability_of_touch(100, [80, 130], T, 0.5 * v * v, v)  # ln S without drift
    tails = [
        greeks.probability_in_the_money(flag, 100, level, T, 0.5 * v * v, v)
        for flag, level in (("p", 80), ("c", 130))
    ]
    assert_allclose(touch, 2 * np.array(tails), rtol=1e-12)
    rng, steps = np.random.default_rng(5), 2000
    moves = rng.normal((0.05 - 0.5 * v * v) * T / steps, v * math.sqrt(T / steps), (4000, steps))
    lowest = 100 * np.exp(np.cumsum(moves, axis=1).min(axis=1))
    exact = greeks.probability_of_touch(100, 80, T, 0.05, v)
    # Watched at 2,000 moments a path is a little less likely to be seen below: Broadie, Glasserman and Kou 1997.
    shifted = greeks.probability_of_touch(100, 80 * math.exp(-0.5826 * v * math.sqrt(T / steps)), T, 0.05, v)
    assert abs(np.mean(lowest <= 80) - shifted) < 3 * math.sqrt(0.25 / 4000)
    assert shifted < exact
    assert greeks.probability_of_touch(100, [100, 0, math.inf], T, 0.05, v).tolist() == [1, 0, 0]
    assert greeks.probability_of_touch(100, [101, 103, 99], 1.0, 0.02, 0.0).tolist() == [1, 0, 0]


def test_elasticity_is_percent_for_percent() -> None:
    case = ("p", 100.0, 95.0, 0.5, 0.03, 0.4, 0.01)
    up, down = (greeks.price("p", 100 * (1 + h), *case[2:]) for h in (1e-5, -1e-5))
    assert greeks.elasticity(*case) == pytest.approx((up - down) / 2e-5 / greeks.price(*case), rel=1e-7)
    assert greeks.elasticity("c", 100, 1e6, 0.01, 0.0, 0.2) == math.inf


def test_normal_model_prices_and_vols() -> None:
    # With vol sqrt(T) = 1e-3 the lognormal model is the normal one to second order.
    normal = greeks.bachelier_price(["c", "p"], 100, 100.05, 0.25, 0.0, 0.2)
    lognormal = greeks.black76_price(["c", "p"], 100, 100.05, 0.25, 0.0, 0.002)
    assert_allclose(normal, lognormal, rtol=1e-3)
    rng = np.random.default_rng(1)
    F, sd = rng.normal(0, 50, 2000), np.exp(rng.uniform(-6, 5, 2000))
    K = F + sd * rng.uniform(-8, 8, 2000)
    flag = np.where(K > F, "c", "p")
    price = greeks.bachelier_price(flag, F, K, 0.25, 0.03, 2 * sd)
    back = greeks.bachelier_implied_vol(price, flag, F, K, 0.25, 0.03)
    assert_allclose(back, 2 * sd, rtol=1e-9)
    other = np.where(K > F, "p", "c")
    parity = price - greeks.bachelier_price(other, F, K, 0.25, 0.03, 2 * sd)
    assert_allclose(parity, np.where(K > F, 1, -1) * (F - K) * math.exp(-0.03 / 4), rtol=1e-10, atol=1e-12)
    with pytest.raises(InputError, match="at least the discounted intrinsic value"):
        greeks.bachelier_implied_vol(0.9, "c", 1, 0, 1)

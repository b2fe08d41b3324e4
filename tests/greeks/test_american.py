"""American values: published, against a tree of 20,000 steps, QuantLib, a second method, limits and identities."""

from __future__ import annotations

import math
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from cases.american import ENGINES, drawn, engine
from cases.trees import tree
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from hedging import greeks
from hedging._numerics import american, american_steps, american_values
from hedging._numerics.american_grid import FINE, QUICK, build_grid

# Puts at spot 40 and rate 0.0488: Geske and Johnson (1984), repeated by Ju (1998) and others.
GESKE_JOHNSON = {
    0.2: [[0.0062, 0.2004, 0.4328], [0.8522, 1.5798, 1.9904], [5.0, 5.0883, 5.2670]],
    0.3: [[0.0774, 0.6975, 1.2198], [1.3099, 2.4825, 3.1696], [5.0597, 5.7056, 6.2436]],
    0.4: [[0.2466, 1.3460, 2.1549], [1.7681, 3.3874, 4.3526], [5.2868, 6.5099, 7.3830]],
}
CONTINUOUS = [
    (-1, 36.0, 40.0, 1.0, 0.06, 0.20, 0.0),
    (-1, 100.0, 100.0, 0.25, 0.02, 0.15, 0.05),
    (1, 100.0, 95.0, 2.0, 0.03, 0.35, 0.06),
    (-1, 100.0, 130.0, 3.0, 0.05, 1.0, 0.0),
]
CASH = [
    (1, 450.0, 445.0, 0.5, 0.04, 0.16, 0.0, ((0.02, 1.7), (0.27, 1.7))),
    (1, 100.0, 90.0, 0.4, 0.01, 0.25, 0.0, ((0.15, 4.0),)),
    (-1, 450.0, 470.0, 0.5, 0.05, 0.16, 0.0, ((0.02, 1.7), (0.27, 1.7))),
    (-1, 100.0, 120.0, 1.0, 0.08, 0.25, 0.01, ((0.5, 2.0),)),
    (-1, 100.0, 100.0, 2.0, -0.01, 0.10, -0.03, ()),  # two boundaries
    (1, 100.0, 100.0, 2.0, -0.03, 0.10, -0.01, ()),
]
EVERY = american_values.NAMES
NEVER = [
    ("c", 0.04, 0.0),
    ("c", 0.0, 0.0),
    ("c", 0.02, -0.01),
    ("p", 0.0, 0.0),
    ("p", 0.0, 0.03),
    ("p", -0.01, 0.0),
]


@pytest.mark.parametrize("compiled_from", ENGINES)
@pytest.mark.parametrize("vol", GESKE_JOHNSON)
def test_puts_of_geske_and_johnson(vol: float, compiled_from: float) -> None:
    times = [0.0833, 0.3333, 0.5833]
    with engine(compiled_from):
        ours = greeks.american_price("p", 40.0, [[35.0], [40.0], [45.0]], times, 0.0488, vol)
    assert_allclose(ours, GESKE_JOHNSON[vol], atol=1.5e-4)


def test_call_with_a_dividend_of_roll_geske_and_whaley() -> None:
    ours = greeks.american_price("c", 80, 82, 0.3333, 0.06, 0.30, dividends=[(0.25, 4)])
    assert ours == pytest.approx(4.3860, abs=1e-4)  # Haug, The Complete Guide to Option Pricing Formulas
    ours = greeks.american_price("c", 40, 40, 0.5, 0.09, 0.30, dividends=[(2 / 12, 0.5), (5 / 12, 0.5)])
    assert ours == pytest.approx(3.72, abs=0.005)  # Hull, Options, Futures, and Other Derivatives


@pytest.mark.parametrize("case", CONTINUOUS + CASH)
def test_value_of_a_tree_of_20_000_steps(case: tuple[Any, ...]) -> None:
    w, S, K, T, r, vol, q, *rest = case
    dividends = rest[0] if rest else ()
    ours = greeks.american_price("c" if w > 0 else "p", S, K, T, r, vol, q, dividends=dividends)
    assert ours == pytest.approx(tree(*case), abs=(3e-6 if dividends else 1e-6) * S)


@cache
def quantlib_values(count: int) -> np.ndarray:
    """Of `QdFpAmericanEngine` at its highest precision; times in whole days."""
    o = drawn(count, seed=0)
    ql = pytest.importorskip("QuantLib", reason="QuantLib is not installed")
    today, days = ql.Date(2, 1, 2026), ql.Actual365Fixed()
    ql.Settings.instance().evaluationDate = today
    scheme = ql.QdFpAmericanEngine.highPrecisionScheme()
    found = []
    for flag, S, K, T, r, vol, q in zip(*(values.tolist() for values in o.values()), strict=True):
        kind = ql.Option.Call if flag == "c" else ql.Option.Put
        expiry = today + round(T * 365)
        option = ql.VanillaOption(ql.PlainVanillaPayoff(kind, K), ql.AmericanExercise(today, expiry))
        curves = (ql.YieldTermStructureHandle(ql.FlatForward(today, rate, days)) for rate in (q, r))
        level = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), vol, days))
        process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(S)), *curves, level)
        option.setPricingEngine(ql.QdFpAmericanEngine(process, scheme))
        found.append(option.NPV())
    return np.array(found)


@pytest.mark.parametrize("compiled_from", ENGINES)
def test_values_of_quantlib(compiled_from: float) -> None:
    o = drawn(150)
    with engine(compiled_from):
        ours = greeks.american_price(**o)
    assert_allclose(ours, quantlib_values(150), atol=1e-6 * 100, rtol=0)


@pytest.mark.parametrize("grid", [QUICK, FINE])
def test_a_grid_of_many_more_points_changes_nothing(grid: Any) -> None:
    o = drawn(400, seed=5)
    numbers = [o[name] for name in ("spot", "rate", "dividend_yield", "vol", "time_to_expiry")]
    numbers[0] = numbers[0] / o["strike"]
    quick = ~american.is_fine(numbers[4], numbers[1], numbers[3], numbers[2])
    rows = [a[quick if grid is QUICK else ~quick] for a in numbers]
    found = american.premiums_of_arrays(*rows, grid)
    truth = american.premiums_of_arrays(*rows, build_grid(20, 20, 120, 30, 0))
    held = np.log(rows[0]) > truth[3] + 1e-4
    error = np.abs(found - truth)[0] / np.minimum(rows[0], 1.0)
    assert error[held].max() < 1e-6
    assert np.median(error[held]) < 1e-9


@pytest.mark.skipif(not find_spec("numba"), reason="numba is not installed")
@pytest.mark.parametrize("grid", [QUICK, FINE])
def test_compiled_loops_compute_what_numpy_does(grid: Any) -> None:
    from hedging._numerics import american_compiled

    o = drawn(700, seed=1)
    numbers = [o[name] for name in ("spot", "rate", "dividend_yield", "vol", "time_to_expiry")]
    numbers[0] = numbers[0] / o["strike"]
    mask = american.is_fine(numbers[4], numbers[1], numbers[3], numbers[2])
    rows = [a[mask if grid is FINE else ~mask] for a in numbers]
    ours, theirs = american_compiled.premiums(*rows, grid), american.premiums_of_arrays(*rows, grid)
    assert_allclose(ours[0], theirs[0], atol=1e-6)
    assert_allclose(ours[3], theirs[3], atol=1e-3)
    assert np.median(np.abs(ours - theirs)[0]) < 1e-11


@pytest.mark.skipif(not find_spec("numba"), reason="numba is not installed")
@pytest.mark.parametrize("case", CASH)
def test_compiled_steps_compute_what_numpy_does(case: tuple[Any, ...]) -> None:
    from hedging._numerics import american_steps_compiled

    w, S, K, T, r, vol, q, dividends = case
    times, amounts = np.array(dividends).reshape(-1, 2).T
    X = S - float((amounts * np.exp(-r * times)).sum())
    ways = (american_steps.premium_of_arrays, american_steps_compiled.premium)
    found = [
        american_steps.stepped(w, X, K, T, r, vol, q, times=times, amounts=amounts, march=way) for way in ways
    ]
    assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-10)


def test_finite_differences_and_the_boundary_agree_for_calls_and_puts() -> None:
    o = drawn(30, seed=3)
    w, S, K, T, r, vol, q = american_input(o)
    early = american.early_exercise(w, S, K, T, r, vol, q)
    march = american_values._march(1)
    for i in np.flatnonzero(early.until > 0.0):
        numbers = (float(a[i]) for a in (w, S, K, T, r, vol, q))
        value = american_steps.stepped(*numbers, times=np.empty(0), amounts=np.empty(0), march=march)[0]
        assert value == pytest.approx(early.value[i], abs=5e-6 * 100), i


def american_input(o: dict[str, Any]) -> list[np.ndarray]:
    names = ("spot", "strike", "time_to_expiry", "rate", "vol", "dividend_yield")
    return [np.where(o["flag"] == "c", 1.0, -1.0), *(o[name] for name in names)]


@pytest.mark.parametrize(("flag", "rate", "carry"), NEVER)
def test_without_a_reason_to_exercise_early_an_option_is_european_to_the_last_bit(
    flag: str, rate: float, carry: float
) -> None:
    arguments = (flag, 100.0, np.linspace(40, 200, 33), [[0.0], [0.1], [2.0]], rate, 0.3, carry)
    ours = greeks.american_greeks(*arguments, names=EVERY)
    european = greeks.greeks(*arguments, names=EVERY)
    for name in EVERY:
        assert_array_equal(getattr(ours, name), getattr(european, name), err_msg=name)
    assert_array_equal(greeks.american_price(*arguments), greeks.price(*arguments))


@pytest.mark.parametrize("dividends", [(), [(0.7, 0.5)]])
def test_an_option_that_is_exercised_at_once_is_worth_its_intrinsic_value(dividends: Any) -> None:
    strike = np.array([140.0, 200.0, 1e4])
    found = greeks.american_greeks("p", 100.0, strike, 0.5, 0.1, 0.1, names=EVERY, dividends=dividends)
    assert_array_equal(found.price, strike - 100.0)
    assert_array_equal(found.delta, -1.0)
    assert_array_equal(found.dual_delta, 1.0)
    for name in set(EVERY) - {"price", "delta", "dual_delta"}:
        assert_array_equal(getattr(found, name), 0.0, err_msg=name)
    strike = np.array([1e-3, 30.0, 60.0])
    found = greeks.american_greeks("c", 100.0, strike, 0.5, 0.02, 0.1, 0.2, names=EVERY, dividends=dividends)
    assert_array_equal(found.price, 100.0 - strike)
    assert_array_equal(found.delta, 1.0)
    assert_array_equal(found.dual_delta, -1.0)


def test_no_value_falls_below_intrinsic_or_european() -> None:
    o = drawn(3000, seed=4)
    sign = np.where(o["flag"] == "c", 1.0, -1.0)
    ours, european = greeks.american_price(**o), greeks.price(**o)
    assert (ours >= np.maximum(sign * (o["spot"] - o["strike"]), 0.0)).all()
    assert (ours >= european - 1e-12).all()
    assert (ours > european).mean() > 0.6


def best_of_all_times(w: float, S: float, K: float, T: float, r: float, q: float, dividends: Any) -> float:
    """The largest of the sure payments at many times, right before every dividend among them."""
    times = np.concatenate([np.linspace(0, T, 200_001), *([t, t - 1e-12] for t, _ in dividends if t <= T)])
    X = S - sum(a * math.exp(-r * t) for t, a in dividends if t <= T)
    owed = sum(np.where(times < t, a * math.exp(-r * t), 0.0) for t, a in dividends if t <= T)
    return max(0.0, float((w * (X * np.exp(-q * times) - K * np.exp(-r * times) + owed)).max()))


@pytest.mark.parametrize("w", [1, -1])
@pytest.mark.parametrize("dividends", [(), ((0.3, 2.0), (0.8, 2.0))])
@pytest.mark.parametrize(
    ("rate", "carry"), [(0.05, 0.0), (0.03, 0.08), (0.08, 0.03), (-0.02, -0.05), (0.0, 0.0)]
)
def test_without_vol_the_best_time_is_known(w: int, dividends: Any, rate: float, carry: float) -> None:
    flag = "c" if w > 0 else "p"
    for strike in (70.0, 95.0, 101.0, 140.0):
        ours = greeks.american_price(flag, 100, strike, 1.0, rate, 0.0, carry, dividends=dividends)
        best = best_of_all_times(w, 100, strike, 1.0, rate, carry, dividends)
        assert ours == pytest.approx(best, abs=1e-8), strike
        near = greeks.american_price(flag, 100, strike, 1.0, rate, 0.002, carry, dividends=dividends)
        assert near == pytest.approx(best, abs=0.1)  # and it is what small vols tend to
        for name in EVERY:
            found = greeks.american_greeks(
                flag, 100, strike, 1.0, rate, 0.0, carry, names=(name,), dividends=dividends
            )
            assert math.isfinite(getattr(found, name)), name


def test_without_time_an_option_pays() -> None:
    ours = greeks.american_price(["c", "p", "c"], 100, [90, 110, 110], 0.0, 0.05, 0.3, dividends=[(0.1, 3)])
    assert ours.tolist() == [10.0, 10.0, 0.0]


def test_a_dividend_concerns_those_who_are_alive_when_it_goes_ex() -> None:
    args: Any = ("c", 100, 90, [0.1, 0.2, 0.3], 0.03, 0.2)
    with_one = greeks.american_price(*args, dividends=[(0.2, 3)])
    without = greeks.american_price(*args)
    assert with_one[0] == without[0]
    assert (with_one[1:] < without[1:]).all()
    assert_array_equal(greeks.american_price(*args, dividends=[(0.2, 0.0)]).round(5), without.round(5))


def test_put_call_symmetry_holds_across_both_methods() -> None:
    strike = np.array([80.0, 100.0, 125.0])
    call = greeks.american_price("c", 100, strike, 1.0, 0.02, 0.3, 0.06)
    put = greeks.american_price("p", strike, 100, 1.0, 0.06, 0.3, 0.02)
    assert_allclose(call, put, rtol=1e-12)
    # Two boundaries are solved by finite differences, which know nothing of the symmetry.
    call = greeks.american_price("c", 100, strike, 1.0, -0.04, 0.2, -0.01)
    put = greeks.american_price("p", strike, 100, 1.0, -0.01, 0.2, -0.04)
    assert_allclose(call, put, atol=2e-4)
    assert (call > greeks.price("c", 100, strike, 1.0, -0.04, 0.2, -0.01)).all()


@example(flag="c", strike=21.0, time=0.5, rate=0.0, vol=0.5, carry=2.4e-7)  # a yield that is next to nothing
@given(
    flag=st.sampled_from("cp"),
    strike=st.floats(20, 500),
    time=st.floats(1e-4, 30),
    rate=st.floats(-0.1, 0.3),
    vol=st.floats(0.01, 3),
    carry=st.floats(-0.1, 0.3),
)
def test_any_option_has_a_value_between_its_bounds(
    flag: str, strike: float, time: float, rate: float, vol: float, carry: float
) -> None:
    if not (min(rate, carry) < max(rate, carry) < 0):  # two boundaries: right, and slow
        ours = greeks.american_price(flag, 100, strike, time, rate, vol, carry)
        w = 1 if flag == "c" else -1
        most = 100 * max(1, math.exp(-carry * time)) if w > 0 else strike * max(1, math.exp(-rate * time))
        least = max(0, w * (100 - strike), greeks.price(flag, 100, strike, time, rate, vol, carry))
        assert least <= ours * (1 + 1e-13)
        assert ours <= most * (1 + 1e-9)

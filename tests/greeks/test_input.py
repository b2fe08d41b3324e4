"""What comes in: every kind of number, and every kind of nonsense; what comes out is never a surprise."""

from __future__ import annotations

import copy
import math
import pickle
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from hedging import greeks
from hedging._numerics.implied import STATUS
from hedging.errors import InputError
from hedging.greeks.strikes import CONVENTIONS
from hedging.units import GREEK_UNITS

REST = {"time_to_expiry": 0.5, "rate": 0.05, "vol": 0.6, "dividend_yield": 0.01}
SCALAR = greeks.price("c", 100.0, 95.0, **REST)
SPECIAL = [0.0, -0.0, 5e-324, 1e-300, 1e-16, 1e-8, 1.0, 1.0 + 2**-52, 100.0, 1e8, 1e16, 1e300, math.inf, -1.0]
SPECIAL += [math.nan, -math.inf, 1.7976931348623157e308]


@pytest.mark.parametrize("spot", [100, np.float64(100), np.float32(100), np.int64(100), np.array(100.0)])
def test_scalars_of_any_kind_give_a_float(spot: Any) -> None:
    value = greeks.price("c", spot, 95, **REST)
    assert type(value) is float
    assert value == pytest.approx(SCALAR, rel=1e-15)


@pytest.mark.parametrize(
    "strike",
    [[95, 100], (95.0, 100.0), np.array([95, 100]), np.array([95, 100], dtype=object), range(95, 101, 5)],
)
def test_sequences_of_any_kind_give_an_array(strike: Any) -> None:
    value = greeks.price("c", 100.0, strike, **REST)
    assert type(value) is np.ndarray
    assert value[0] == pytest.approx(SCALAR, rel=1e-15)


def test_decimals_are_numbers() -> None:
    assert greeks.price("c", [Decimal(100)], 95, **REST)[0] == pytest.approx(SCALAR, rel=1e-15)


def test_series_and_frames_keep_kind_and_index() -> None:
    index = pd.Index(["a", "b", "c"])
    strike = pd.Series([90.0, 95.0, 100.0], index=index)
    flag = pd.Series(["c", "c", "p"], index=index)
    value = greeks.price(flag, 100, strike, **REST)
    assert isinstance(value, pd.Series)
    assert value.index.equals(index)
    assert value["b"] == pytest.approx(SCALAR, rel=1e-15)
    table = greeks.greeks(flag, 100, strike, **REST, names=("delta", "vega")).to_frame()
    assert table.index.equals(index)
    assert list(table.columns) == ["delta", "vega"]
    frame = pd.DataFrame({"x": [90, 95], "y": [100, 105]}, index=[7, 8])
    value = greeks.price("c", 100, frame, **REST)
    assert isinstance(value, pd.DataFrame)
    assert value.loc[8, "x"] == pytest.approx(SCALAR, rel=1e-15)
    vol, status = greeks.implied_vol(
        value, "c", 100, frame, 0.5, 0.05, 0.01, errors="nan", return_status=True
    )
    assert vol.columns.equals(frame.columns)
    assert (status == "ok").all(axis=None)
    assert_array_equal(greeks.greeks("c", 100, frame, **REST, names=("price",)).to_frame().shape, (4, 1))


def test_pandas_objects_that_do_not_match_are_refused() -> None:
    one, other = pd.Series([1.0, 2.0]), pd.Series([1.0, 2.0], index=[5, 6])
    with pytest.raises(InputError, match="strike and spot must be pandas objects of one kind with the same"):
        greeks.price("c", one, other, **REST)
    with pytest.raises(InputError, match=r"shape \(3, 2\) cannot keep a pandas index of shape \(2,\)"):
        greeks.price("c", one, np.ones((3, 2)), **REST)


def test_shapes_broadcast() -> None:
    spot, strike = np.array([[90.0], [100.0]]), np.array([95.0, 100.0, 105.0])
    grid = greeks.greeks("c", spot, strike, **REST, names=("price", "gamma", "vanna"))
    assert grid.gamma.shape == (2, 3)
    assert grid.price[1, 0] == pytest.approx(SCALAR, rel=1e-15)
    # A Greek that is the same for calls and puts still has the shape of the flags.
    assert greeks.gamma(["c", "p"], 100, 95, **REST).shape == (2,)
    with pytest.raises(InputError, match=r"shapes must broadcast; got spot \(2,\), strike \(3,\)"):
        greeks.price("c", [1.0, 2.0], [1.0, 2.0, 3.0], **REST)


@pytest.mark.parametrize("count", [0, 3, 5000])
def test_empty_strided_and_read_only_arrays_work_and_are_left_alone(count: int) -> None:
    strike = np.linspace(50, 150, 2 * count)[::-2]
    strike.flags.writeable = False
    flag = np.array(["c", "p"] * count)[::2]
    before = strike.copy()
    value = greeks.price(flag, 100, strike, **REST)
    assert value.shape == (count,)
    assert_array_equal(strike, before)
    assert value == pytest.approx([greeks.price("c", 100, k, **REST) for k in before], rel=1e-13)
    vol = greeks.implied_vol(value, flag, 100, strike, 0.5, 0.05, 0.01)
    assert vol == pytest.approx(np.full(count, 0.6), rel=1e-10)
    assert vol.flags.writeable


@pytest.mark.parametrize("count", [1, 3, 5000])
@pytest.mark.parametrize("flag", ["C", "call", "", b"c", 1, 1.0, None, "\u0441", "c "])
def test_wrong_flags_are_refused_and_named(flag: Any, count: int) -> None:
    flags = flag if count == 1 else ["c"] * (count - 1) + [flag]
    where = "" if count == 1 else rf" at index \({count - 1},\) \(1 of {count:,} entries\)"
    with pytest.raises(InputError, match=rf"flag must be 'c' or 'p'; got .*{where}\."):
        greeks.price(flags, 100, 95, **REST)


@pytest.mark.parametrize("kind", [object, "U1", "U4", "category", "string", pd.Series])
def test_flags_of_every_type_of_text_are_read(kind: Any) -> None:
    letters = ["c", "p", "p"]
    flag = pd.Series(letters) if kind is pd.Series else pd.array(letters, dtype=kind)
    if kind in (object, "U1", "U4"):
        flag = np.array(letters, dtype=kind)
    expected = [greeks.price(letter, 100.0, 95.0, **REST) for letter in letters]
    assert list(greeks.price(flag, 100.0, 95.0, **REST)) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("strange", [pd.NA, None, math.nan, "cp", "C", b"c", ("c",), np.array(["c", "c"])])
def test_one_strange_flag_makes_only_its_own_row_nan(strange: Any) -> None:
    flag = np.array(["c", None, "p"], dtype=object)
    flag[1] = strange
    found = greeks.price(flag, 100.0, 95.0, **REST, errors="nan")
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[0] - found[2] == pytest.approx(100 * math.exp(-0.005) - 95 * math.exp(-0.025), rel=1e-12)


@pytest.mark.parametrize(
    "entry", [np.timedelta64(5, "D"), np.datetime64("2020-01-01"), np.complex128(1 + 2j), np.bool_(True), 1j]
)
def test_objects_that_only_numpy_takes_for_numbers_are_refused(entry: Any) -> None:
    case = REST | {"time_to_expiry": np.array([0.5, entry], dtype=object)}
    with pytest.raises(InputError, match=r"time_to_expiry must be real numbers; got .* at index \(1,\)"):
        greeks.price("c", 100, 95, **case)
    assert np.isnan(greeks.price("c", 100, 95, **case, errors="nan")).tolist() == [False, True]


@pytest.mark.parametrize("name", ["spot", "strike", "time_to_expiry", "rate", "vol", "dividend_yield"])
def test_integers_beyond_float64_are_refused_and_named(name: str) -> None:
    case = {"spot": 100, "strike": 95, **REST, name: 10**400}
    with pytest.raises(InputError, match=f"{name} must be real numbers; got 1000"):
        greeks.price("c", **case)
    assert math.isnan(greeks.price("c", **case, errors="nan"))
    case["price"] = case.pop("vol")
    with pytest.raises(InputError, match="must be real numbers; got 1000"):
        greeks.implied_vol(flag="c", **case)


@pytest.mark.parametrize("count", [1, 3, 2000])
@pytest.mark.parametrize(
    ("price", "status", "message"),
    [(1e200, "above maximum", "below the discounted spot"), (-1e200, "below intrinsic", "at least the disc")],
)
def test_coin_prices_whose_worth_in_money_leaves_float64_have_a_status(
    price: float, status: str, message: str, count: int
) -> None:
    case = (price, "c", 1e200, 100.0, 1.0) if count == 1 else (np.full(count, price), "c", 1e200, 100.0, 1.0)
    with pytest.raises(InputError, match=f"price must be {message}"):
        greeks.coin_implied_vol(*case)
    vol, found = greeks.coin_implied_vol(*case, errors="nan", return_status=True)
    assert np.isnan(vol).all()
    assert set(np.ravel(found)) == {status}


def test_a_bad_row_disturbs_no_strike_from_delta() -> None:
    for convention in CONVENTIONS:
        case = {"spot": 100, "time_to_expiry": 10, "vol": 0.5, "convention": convention}
        found = greeks.strike_from_delta("p", [-0.25, -0.25], rate=[math.nan, 0.1], **case, errors="nan")
        assert math.isnan(found[0])
        assert found[1] == pytest.approx(greeks.strike_from_delta("p", -0.25, rate=0.1, **case), rel=1e-14)
        for rate in (-1000.0, 1000.0):  # the strike lies beyond float64
            with pytest.raises(InputError, match="delta must be one that some strike has"):
                greeks.strike_from_delta("p", -0.25, rate=rate, **case)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("spot", 0.0, "> 0 and finite"),
        ("spot", -1.0, "> 0 and finite"),
        ("spot", math.inf, "> 0 and finite"),
        ("spot", math.nan, "> 0 and finite"),
        ("strike", -1e-300, ">= 0"),
        ("strike", math.nan, ">= 0"),
        ("time_to_expiry", -1e-9, ">= 0 and finite"),
        ("time_to_expiry", math.inf, ">= 0 and finite"),
        ("rate", math.inf, "finite"),
        ("rate", math.nan, "finite"),
        ("vol", -0.2, ">= 0 and finite"),
        ("vol", math.inf, ">= 0 and finite"),
        ("dividend_yield", -math.inf, "finite"),
    ],
)
@pytest.mark.parametrize("count", [1, 4, 20_000])
def test_bad_numbers_are_refused_or_their_row_is_nan(name: str, value: float, rule: str, count: int) -> None:
    good: dict[str, Any] = {"spot": 100.0, "strike": 95.0, **REST}
    column = np.full(count, good[name])
    column[count // 2] = value
    case = good | {name: float(column[0]) if count == 1 else column}
    with pytest.raises(InputError, match=f"^{name} must be {rule}; got {value!r}"):
        greeks.greeks("c", **case)
    found = np.atleast_1d(greeks.price("c", **case, errors="nan"))
    assert np.isnan(found[count // 2])
    assert np.delete(found, count // 2) == pytest.approx(np.full(count - 1, SCALAR), rel=1e-14)


def test_one_bad_row_of_a_frame_is_nan_and_says_why() -> None:
    frame = pd.DataFrame(
        {
            "flag": ["c", "p", "c", "x", "c", "c", "p"],
            "strike": [95.0, 95.0, None, 95.0, 95.0, 95.0, 95.0],
            "price": [18.0, 12.0, 18.0, 18.0, 6.0, 101.0, 200.0],
        }
    )
    vol, status = greeks.implied_vol(
        frame["price"], frame["flag"], 100, frame["strike"], 0.5, 0.05, errors="nan", return_status=True
    )
    expected = ["ok", "ok", "invalid input", "invalid input", "below intrinsic", "above maximum"]
    assert status.tolist() == [*expected, "above maximum"]
    assert vol.notna().tolist() == [s == "ok" for s in status]
    with pytest.raises(InputError, match=r"strike must be > 0 and finite; got nan at index \(2,\)"):
        greeks.implied_vol(frame["price"], "c", 100, frame["strike"], 0.5, 0.05)


def test_prices_without_a_vol_say_which_rule_they_break() -> None:
    with pytest.raises(InputError, match=r"at least the discounted intrinsic value; got 9\.9\. Pass errors="):
        greeks.implied_vol(9.9, "c", 110, 100, 0.5, 0.0)
    with pytest.raises(InputError, match=r"below the discounted spot \(call\) or strike \(put\); got 110"):
        greeks.implied_vol([30.0, 110.0], "c", 110, 100, 0.5, 0.0)
    for price, time in ((10.0, 0.5), (0.0, 0.5), (12.0, 0.0)):
        with pytest.raises(InputError, match=r"to carry a vol; got|at least the discounted"):
            greeks.implied_vol(price, "c", 110 if price else 90, 100, time, 0.0)
    # A deep in-the-money price that rounding has worn down to its intrinsic value carries nothing.
    worn = greeks.price("c", 1000, 1, 0.01, 0, 0.3)
    assert (
        greeks.implied_vol(worn, "c", 1000, 1, 0.01, 0, errors="nan", return_status=True)[1]
        == "no information"
    )


def test_coin_and_undiscounted_prices_give_the_same_vol() -> None:
    F, K, T, vol = 81_606.61, 98_000, 0.8177, 0.4186
    coin = greeks.coin_price("p", F, K, T, vol)
    assert greeks.coin_implied_vol(coin, "p", F, K, T) == pytest.approx(vol, rel=1e-14)
    assert greeks.coin_implied_vol([coin], "p", F, K, T)[0] == pytest.approx(vol, rel=1e-14)
    assert greeks.black76_implied_vol(coin * F, "p", F, K, T) == pytest.approx(vol, rel=1e-14)
    discounted = greeks.black76_price("p", F, K, T, 0.05, vol)
    assert greeks.black76_implied_vol(discounted, "p", F, K, T, 0.05) == pytest.approx(vol, rel=1e-14)


def test_text_booleans_dates_and_ragged_lists_are_no_numbers() -> None:
    for value in ("100", True, 1 + 2j, np.datetime64("2026-01-01"), [1.0, "2"], object()):
        with pytest.raises(InputError, match="strike must be real numbers; got"):
            greeks.price("c", 100, value, **REST)
    with pytest.raises(InputError, match="strike must be a scalar or a rectangular array"):
        greeks.price("c", 100, [[1.0], [1.0, 2.0]], **REST)


def test_masked_and_missing_entries_are_missing() -> None:
    masked = np.ma.array([95.0, 95.0], mask=[False, True])
    with pytest.raises(InputError, match=r"strike must be >= 0; got nan at index \(1,\)"):
        greeks.price("c", 100, masked, **REST)
    missing = pd.Series([95.0, None], dtype="Float64")
    assert greeks.price("c", 100, missing, **REST, errors="nan").isna().tolist() == [False, True]


def test_numbers_too_extreme_for_floats_are_refused() -> None:
    with pytest.raises(InputError, match="discounting overflows: rate"):
        greeks.price("c", 100, 95, 1000.0, -10.0, 0.6, -10.0)


def test_names_and_options_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match=r"names must be among price, delta, .*; got 'lambda'"):
        greeks.greeks("c", 100, 95, **REST, names=("price", "lambda"))
    with pytest.raises(InputError, match="names must be several names; got 'delta'"):
        greeks.greeks("c", 100, 95, **REST, names="delta")
    with pytest.raises(InputError, match=r"names must be among .*; got 'rho_yield'"):
        greeks.black76_greeks("c", 100, 95, 0.5, 0.0, 0.6, names=("rho_yield",))
    with pytest.raises(InputError, match="errors must be 'raise' or 'nan'; got 'ignore'"):
        greeks.price("c", 100, [95.0], **REST, errors="ignore")
    with pytest.raises(InputError, match="errors must be 'raise' or 'nan'; got 'ignore'"):
        greeks.price("c", 100.0, 95.0, **REST, errors="ignore")
    with pytest.raises(InputError, match="errors must be 'raise' or 'nan'; got 'ignore'"):
        greeks.implied_vol(18.0, "c", 100.0, 95.0, 0.5, 0.05, errors="ignore")
    for names in (None, 5):
        with pytest.raises(InputError, match=f"names must be several names; got {names}"):
            greeks.greeks("c", 100, 95, **REST, names=names)
    with pytest.raises(InputError, match=r"names must be among .*; got \['price'\]"):
        greeks.greeks("c", 100, 95, **REST, names=[["price"]])
    with pytest.raises(InputError, match="convention must be one of spot, forward"):
        greeks.strike_from_delta("c", 0.2, 100, 0.5, 0, 0.6, convention="delta")


def test_names_may_be_a_generator() -> None:
    wanted = ("vega", "price")
    for function, numbers in (
        (greeks.greeks, (100, 95, 0.5, 0.05, 0.6)),
        (greeks.black76_greeks, (100, 95, 0.5, 0.05, 0.6)),
        (greeks.coin_greeks, (100, 95, 0.5, 0.6)),
    ):
        found = function("c", *numbers, names=(name for name in wanted))
        assert found == function("c", *numbers, names=wanted)
        assert tuple(found) == wanted


def test_greeks_are_a_frozen_value() -> None:
    found = greeks.greeks("c", 100, 95, **REST, names=("price", "delta"))
    assert list(found) == ["price", "delta"]
    with pytest.raises(AttributeError, match=r"'vega' was not asked for \(names were price, delta\)"):
        found.vega  # noqa: B018
    with pytest.raises(AttributeError):
        found.price = 1.0  # type: ignore[misc]
    for twin in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert twin == found
    assert repr(found).startswith("Greeks of one option")


@pytest.mark.parametrize("count", [200_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_fuzz_never_nan_from_valid_input_never_a_warning_never_a_stranger(count: int) -> None:
    rng = np.random.default_rng(11)

    def column(low: float, high: float) -> np.ndarray:
        plain = np.exp(rng.uniform(math.log(low), math.log(high), count))
        return np.where(rng.random(count) < 0.04, rng.choice(SPECIAL, count), plain)

    flag = np.where(rng.random(count) < 0.01, "x", rng.choice(["c", "p"], count))
    S, K = column(1e-6, 1e6), column(1e-6, 1e6)
    T, vol = column(1e-9, 30), column(1e-4, 30)
    r, q = (np.where(rng.random(count) < 0.5, 0.05, column(1e-3, 0.3)) for _ in range(2))
    found = greeks.greeks(flag, S, K, T, r, vol, q, names=tuple(GREEK_UNITS), errors="nan")
    valid = (flag != "x") & (S > 0) & (K >= 0) & (T >= 0) & (vol >= 0)
    valid &= np.isfinite([S, T, r, vol, q]).all(axis=0)
    # Where discounting leaves float64 nothing is promised but NaN or a limit.
    with np.errstate(all="ignore"):
        discounting = np.maximum(np.abs(r * T), np.abs(q * T))
    tame = valid & (discounting < 300) & (S < 1e150) & ((K < 1e150) | np.isinf(K))
    tame &= (S > 1e-150) & ((K > 1e-150) | (K == 0)) & ((vol > 1e-50) | (vol == 0)) & ((T > 1e-50) | (T == 0))
    tame &= (vol < 1e30) & (T < 1e30)
    for name in GREEK_UNITS:
        value = getattr(found, name)
        assert np.isnan(value[~valid]).all(), name
        worst = np.flatnonzero(np.isnan(value) & tame)
        assert not worst.size, (name, [x[worst[0]] for x in (flag, S, K, T, r, vol, q)])
    implied, status = greeks.implied_vol(found.price, flag, S, K, T, r, q, errors="nan", return_status=True)
    assert set(np.unique(status)) <= {*STATUS}
    assert (np.isnan(implied) == (status != "ok")).all()
    back = greeks.price(
        flag[status == "ok"], *(x[status == "ok"] for x in (S, K, T, r, implied, q)), errors="nan"
    )
    assert back == pytest.approx(found.price[status == "ok"], rel=1e-9)


def test_fuzz_of_scalars_raises_nothing_but_our_error() -> None:
    rng = np.random.default_rng(12)
    kinds = [*SPECIAL, 50.0, 0.3, "c", None, [1.0], True, 10**400, np.array([])]
    for _ in range(3000):
        arguments = [kinds[i] for i in rng.integers(len(kinds), size=6)]
        flag = rng.choice(["c", "p", "x"])
        for function in (greeks.price, greeks.ultima, greeks.implied_vol):
            try:
                value = (
                    function(arguments[0], flag, *arguments[1:])
                    if function is greeks.implied_vol
                    else function(flag, *arguments)
                )
            except InputError:
                continue
            assert not np.isnan(np.asarray(value)).any(), (function, flag, arguments)

"""vollib, scalar by scalar, over a random grid; and prices that invert to the vol they came from."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hedging import greeks
from hedging.errors import InputError


@pytest.fixture(scope="module")
def grid() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    n = 400
    return {
        "flag": rng.choice(["c", "p"], n),
        "spot": np.exp(rng.uniform(-2, 11, n)),
        "moneyness": np.exp(rng.uniform(-0.8, 0.8, n)),
        "time_to_expiry": np.exp(rng.uniform(-6, 1, n)),
        "rate": rng.uniform(-0.02, 0.1, n),
        "vol": np.exp(rng.uniform(-2, 1, n)),
        "dividend_yield": rng.uniform(-0.02, 0.1, n),
    }


def test_price_and_five_greeks_agree_with_vollib(grid: dict[str, np.ndarray]) -> None:
    from vollib.black_scholes_merton import black_scholes_merton
    from vollib.black_scholes_merton.greeks import analytical

    args = [grid["flag"], grid["spot"], grid["spot"] * grid["moneyness"]]
    args += [grid[k] for k in ("time_to_expiry", "rate", "vol", "dividend_yield")]
    ours = greeks.greeks(*args)
    rows = list(zip(*args, strict=True))
    scale = grid["spot"]
    theirs = np.array([black_scholes_merton(*row) for row in rows])
    assert_allclose(ours.price / scale, theirs / scale, rtol=1e-11, atol=1e-15)
    for name, size in (
        ("delta", 1.0),
        ("gamma", 1 / scale),
        ("vega", scale),
        ("theta", scale),
        ("rho", scale),
    ):
        theirs = np.array([getattr(analytical, name)(*row) for row in rows])
        assert_allclose(getattr(ours, name) / size, theirs / size, rtol=1e-9, atol=1e-14, err_msg=name)


def test_forward_form_takes_vollibs_arguments_in_vollibs_order(grid: dict[str, np.ndarray]) -> None:
    from vollib.black import black
    from vollib.black.greeks import analytical

    args = [grid["flag"], grid["spot"], grid["spot"] * grid["moneyness"]]
    args += [grid[k] for k in ("time_to_expiry", "rate", "vol")]
    rows = list(zip(*args, strict=True))
    scale = grid["spot"]
    theirs = np.array([black(*row) for row in rows])
    assert_allclose(greeks.black76_price(*args) / scale, theirs / scale, rtol=1e-11, atol=1e-15)
    ours = greeks.black76_greeks(*args)
    for name, size in (("delta", 1.0), ("gamma", 1 / scale), ("vega", scale)):
        theirs = np.array([getattr(analytical, name)(*row) for row in rows])
        assert_allclose(getattr(ours, name) / size, theirs / size, rtol=1e-9, atol=1e-14, err_msg=name)
    # Both are discounted; undiscounted the value is 9.2936.
    assert greeks.black76_price("p", 100, 95, 0.25, 0.03, 0.6) == pytest.approx(9.224207465641026, rel=1e-14)


def test_rate_stands_directly_before_vol_wherever_both_are_taken() -> None:
    both = []
    for name in greeks.__all__:
        function = getattr(greeks, name)
        if not inspect.isfunction(function):
            continue
        taken = [p for p in inspect.signature(function).parameters.values() if p.name != "errors"]
        names = [p.name for p in taken if p.kind is p.POSITIONAL_OR_KEYWORD]
        vols = [place for place, each in enumerate(names) if each in ("vol", "normal_vol")]
        if "rate" in names and vols:
            both.append(name)
            assert names.index("rate") == vols[0] - 1, name
            assert names[vols[0] - 2] == "time_to_expiry", name
            needed = inspect.signature(function).parameters
            assert all(needed[each].default is inspect.Parameter.empty for each in names[: vols[0] + 1]), name
    assert {"price", "black76_price", "black76_greeks", "bachelier_price", "strike_from_delta"} <= {*both}


def test_forward_calls_without_a_rate_or_with_one_too_many_give_no_number() -> None:
    for function in (greeks.black76_price, greeks.black76_greeks, greeks.bachelier_price):
        with pytest.raises(TypeError, match="vol"):
            function("p", 100, 95, 0.25, 0.6)  # type: ignore[call-arg]
    for function in (greeks.coin_price, greeks.coin_delta):
        with pytest.raises(TypeError, match="positional"):
            function("p", 100, 95, 0.25, 0.03, 0.6)  # type: ignore[call-arg,operator]
    with pytest.raises(TypeError, match="positional"):
        greeks.coin_greeks("p", 100, 95, 0.25, 0.03, 0.6)  # type: ignore[call-arg]


def test_implied_vol_is_the_vol_the_price_came_from(grid: dict[str, np.ndarray]) -> None:
    strike = grid["spot"] * grid["moneyness"]
    rest = {k: grid[k] for k in ("time_to_expiry", "rate", "dividend_yield")}
    otm = np.where(grid["moneyness"] > 1.2, "c", np.where(grid["moneyness"] < 0.8, "p", grid["flag"]))
    price = greeks.price(otm, grid["spot"], strike, vol=grid["vol"], **rest)
    seen = price > 1e-250
    assert seen.sum() > 300
    vol = greeks.implied_vol(price, otm, grid["spot"], strike, **rest, errors="nan")
    assert_allclose(vol[seen], grid["vol"][seen], rtol=1e-10)


def test_price_below_intrinsic_is_refused() -> None:
    with pytest.raises(InputError, match=r"price must be at least the discounted intrinsic value; got 9\.0"):
        greeks.implied_vol(9.0, "c", 110, 100, 0.5, 0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"strike": [100.0, 90.0, -5.0]},
            r"strike must be >= 0; got -5.0 at index \(2,\) \(1 of 3 entries\)",
        ),
        ({"spot": 0.0}, r"spot must be > 0 and finite; got 0.0\."),
        ({"vol": float("nan")}, r"vol must be >= 0 and finite; got nan"),
        ({"time_to_expiry": -1e-9}, "time_to_expiry must be >= 0"),
        ({"flag": "call"}, "flag must be 'c' or 'p'; got 'call'"),
        ({"flag": b"c"}, "flag must be 'c' or 'p'; got b'c'"),
        ({"rate": "5%"}, "rate must be real numbers"),
        ({"vol": None}, "vol must be >= 0 and finite; got nan"),
        ({"spot": [1.0, 2.0], "strike": [1.0, 2.0, 3.0]}, "shapes must broadcast; got spot"),
    ],
)
def test_bad_input_names_argument_rule_and_place(change: dict[str, object], message: str) -> None:
    good = {
        "flag": "c",
        "spot": 100.0,
        "strike": 90.0,
        "time_to_expiry": 0.5,
        "rate": 0.01,
        "vol": 0.4,
    }
    with pytest.raises(InputError, match=message):
        greeks.price(**good | change)

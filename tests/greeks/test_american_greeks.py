"""American Greeks as slopes, implied vols, and the input that is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.american import ENGINES, drawn, engine
from numpy.testing import assert_allclose, assert_array_equal

from hedging import greeks
from hedging.errors import InputError

SLOPES = [
    ("delta", "price", "spot", 1.0),
    ("gamma", "delta", "spot", 1.0),
    ("vega", "price", "vol", 0.01),
    ("theta", "price", "time_to_expiry", -1 / 365),
    ("rho", "price", "rate", 0.01),
    ("rho_yield", "price", "dividend_yield", 0.01),
    ("dual_delta", "price", "strike", 1.0),
    ("vanna", "delta", "vol", 0.01),
    ("volga", "vega", "vol", 0.01),
    ("charm", "delta", "time_to_expiry", -1 / 365),
    ("veta", "vega", "time_to_expiry", -1 / 365),
]
CASE: dict[str, Any] = {
    "spot": 100.0,
    "strike": np.array([75.0, 95.0, 103.0, 118.0]),
    "time_to_expiry": 0.4,
    "rate": 0.05,
    "vol": np.array([0.35, 0.6, 0.2, 0.45]),
    "dividend_yield": 0.06,
}


def slope(case: dict[str, Any], of: str, variable: str, share: float) -> Any:
    """Central difference of an American Greek, extrapolated once; dividends come nearer with expiry."""

    def value(x: Any) -> Any:
        moved = case | {variable: x}
        if variable == "time_to_expiry" and "dividends" in case:
            later = x - case[variable]
            moved["dividends"] = [(t + later, a) for t, a in case["dividends"]]
        return getattr(greeks.american_greeks(**moved, names=(of,)), of)

    x = case[variable]
    h = share * np.maximum(np.abs(x), 0.05)
    coarse, fine = ((value(x + k * h) - value(x - k * h)) / (2 * k * h) for k in (1.0, 0.5))
    return (4 * fine - coarse) / 3


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize(("greek", "of", "variable", "unit"), SLOPES)
def test_greek_is_a_slope(flag: str, greek: str, of: str, variable: str, unit: float) -> None:
    case = CASE | {"flag": flag}
    expected = unit * slope(case, of, variable, 2e-3)
    ours = getattr(greeks.american_greeks(**case, names=(greek,)), greek)
    assert_allclose(ours, expected, rtol=2e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize(("greek", "of", "variable", "unit"), SLOPES)
def test_greek_with_cash_dividends_is_a_slope(
    flag: str, greek: str, of: str, variable: str, unit: float
) -> None:
    case = CASE | {"flag": flag, "strike": 104.0, "vol": 0.3, "dividend_yield": 0.0}
    case["dividends"] = [(0.1, 1.5), (0.3, 1.5), (0.9, 1.5)]
    expected = unit * slope(case, of, variable, 0.1 if greek == "volga" else 0.02)
    ours = getattr(greeks.american_greeks(**case, names=(greek,)), greek)
    european = getattr(
        greeks.greeks(**{k: v for k, v in case.items() if k != "dividends"}, names=(greek,)), greek
    )
    assert ours == pytest.approx(expected, rel=5e-3, abs=3e-3 * abs(european))


@pytest.mark.parametrize("compiled_from", ENGINES)
def test_implied_vol_gives_the_vol_back(compiled_from: float) -> None:
    o = drawn(500, seed=6)
    vol = o.pop("vol")
    with engine(compiled_from):
        price = greeks.american_price(**o, vol=vol)
        found, status = greeks.american_implied_vol(price, **o, errors="nan", return_status=True)
        again = greeks.american_price(**o, vol=np.where(status == "ok", found, vol))
    assert_allclose(again, price, atol=1e-9)
    assert set(status) <= {"ok", "no information"}
    assert (status == "ok").mean() > 0.85
    clear = price - greeks.american_price(**o, vol=0.0) > 1e-3
    assert (status[clear] == "ok").all()
    assert np.abs(found / vol - 1)[clear].max() < 1e-4  # where it is least determined; elsewhere to 1e-9
    assert np.median(np.abs(found / vol - 1)[clear]) < 1e-11


def test_implied_vol_with_cash_dividends_gives_the_vol_back() -> None:
    case: dict[str, Any] = {
        "spot": 100.0,
        "strike": [90.0, 100.0, 112.0],
        "time_to_expiry": 0.4,
        "rate": 0.04,
    }
    case |= {"dividends": [(0.1, 1.5), (0.35, 1.5)]}
    for flag in "cp":
        price = greeks.american_price(flag, **case, vol=0.25)
        assert_allclose(greeks.american_implied_vol(price, flag, **case), 0.25, rtol=1e-6)


def test_a_price_without_a_vol_says_why() -> None:
    prices = [39.9, 40.0, 45.0, 140.0, 150.0]
    vol, status = greeks.american_implied_vol(
        prices, "p", 100, 140, 1.0, 0.05, errors="nan", return_status=True
    )
    assert list(status) == ["below intrinsic", "no information", "ok", "above maximum", "above maximum"]
    assert_array_equal(np.isnan(vol), [True, True, False, True, True])
    with pytest.raises(InputError, match=r"price must be at least the discounted intrinsic value; got 39\.9"):
        greeks.american_implied_vol(prices, "p", 100, 140, 1.0, 0.05)


def test_bad_rows_stay_alone_and_results_take_the_kind_of_the_arguments() -> None:
    strike = pd.Series([90.0, -1.0, 110.0], index=list("xyz"))
    with pytest.raises(InputError, match=r"strike must be > 0 and finite; got -1\.0 at index"):
        greeks.american_price("p", 100, strike, 0.5, 0.05, 0.3)
    found = greeks.american_price("p", 100, strike, 0.5, 0.05, 0.3, errors="nan")
    assert list(found.index) == list("xyz")
    assert found.isna().tolist() == [False, True, False]
    alone = greeks.american_price("p", 100, 110.0, 0.5, 0.05, 0.3)
    assert isinstance(alone, float)
    assert found["z"] == pytest.approx(alone, rel=1e-12)
    assert greeks.american_price("p", 100, np.empty(0), 0.5, 0.05, 0.3).shape == (0,)
    assert greeks.american_price("p", [[100.0], [90.0]], [80.0, 90.0, 95.0], 0.5, 0.05, 0.3).shape == (2, 3)


@pytest.mark.parametrize(
    ("dividends", "message"),
    [
        ([0.1, 2.0], "dividends must be rows of a time"),
        ([(0.1, 2.0, 3.0)], "dividends must be rows of a time"),
        ([(0.0, 2.0)], "the time of a dividend must be > 0"),
        ([(0.1, -2.0)], "the amount of a dividend must be >= 0"),
        ([(0.1, math.nan)], "the amount of a dividend must be >= 0"),
        ([("2026-03-20", 2.0)], "dividends must be real numbers"),
        ([(0.1, 200.0)], "dividends until expiry must be worth less than the spot; got 199.0"),
    ],
)
def test_bad_dividends_are_refused(dividends: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        greeks.american_price("p", 100, 90, 0.5, 0.05, 0.3, dividends=dividends)


def test_overflow_is_refused() -> None:
    with pytest.raises(InputError, match="discounting overflows"):
        greeks.american_price("c", 100, 90, 10.0, -100.0, 0.3, -100.0)

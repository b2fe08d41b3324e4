"""Every Greek is a slope of the price, or of a Greek that is; both flags, several yields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from hedging import greeks

CASE: dict[str, Any] = {
    "spot": 100.0,
    "strike": np.array([70.0, 95.0, 103.0, 140.0]),
    "time_to_expiry": 0.4,
    "rate": 0.03,
    "vol": np.array([0.35, 0.6, 0.2, 0.9]),
}

# Greek, function it is the slope of, variable, factor from that function's unit to the Greek's.
SLOPES = [
    ("delta", "price", "spot", 1.0),
    ("gamma", "delta", "spot", 1.0),
    ("vega", "price", "vol", 0.01),
    ("theta", "price", "time_to_expiry", -1 / 365),
    ("rho", "price", "rate", 0.01),
    ("rho_yield", "price", "dividend_yield", 0.01),
    ("vanna", "delta", "vol", 0.01),
    ("volga", "vega", "vol", 0.01),
    ("charm", "delta", "time_to_expiry", -1 / 365),
    ("veta", "vega", "time_to_expiry", -1 / 365),
    ("speed", "gamma", "spot", 1.0),
    ("zomma", "gamma", "vol", 0.01),
    ("color", "gamma", "time_to_expiry", -1 / 365),
    ("ultima", "volga", "vol", 0.01),
    ("dual_delta", "price", "strike", 1.0),
    ("dual_gamma", "dual_delta", "strike", 1.0),
]


def slope(function: Callable[[Any], Any], x: Any) -> Any:
    """Central difference, extrapolated once: error of fourth order."""
    h = 1e-3 * np.maximum(np.abs(x), 0.1)
    coarse = (function(x + h) - function(x - h)) / (2 * h)
    fine = (function(x + h / 2) - function(x - h / 2)) / h
    return (4 * fine - coarse) / 3


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize("dividend_yield", [0.0, 0.06, -0.02])
@pytest.mark.parametrize(("greek", "of", "variable", "unit"), SLOPES)
def test_greek_is_a_slope(
    flag: str, dividend_yield: float, greek: str, of: str, variable: str, unit: float
) -> None:
    case = CASE | {"flag": flag, "dividend_yield": dividend_yield}
    function = getattr(greeks, of)
    expected = unit * slope(lambda x: function(**case | {variable: x}), case[variable])
    ours = getattr(greeks, greek)(**case)
    assert_allclose(ours, expected, rtol=2e-7, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize("flag", ["c", "p"])
@pytest.mark.parametrize(
    ("greek", "of", "variable", "unit"),
    [
        ("delta", "price", "forward", 1.0),
        ("gamma", "delta", "forward", 1.0),
        ("vega", "price", "vol", 0.01),
        ("theta", "price", "time_to_expiry", -1 / 365),
        ("rho", "price", "rate", 0.01),
        ("charm", "delta", "time_to_expiry", -1 / 365),
    ],
)
def test_forward_greek_is_a_slope_with_the_forward_held(
    flag: str, greek: str, of: str, variable: str, unit: float
) -> None:
    case = {"forward" if k == "spot" else k: v for k, v in CASE.items()} | {"flag": flag}
    expected = unit * slope(
        lambda x: getattr(greeks.black76_greeks(**case | {variable: x}, names=(of,)), of), case[variable]
    )
    assert_allclose(
        getattr(greeks.black76_greeks(**case, names=(greek,)), greek), expected, rtol=2e-7, atol=1e-9
    )

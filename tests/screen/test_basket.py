"""Baskets without options: sizes against brute force, promises against what came, refusals in words."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from cases.coins import walks

from hedging import Prices, risk
from hedging.errors import InputError
from hedging.screen import Basket, basket


@pytest.fixture(scope="module")
def close() -> tuple[Prices, Basket]:
    """Coins that are BTC and little else."""
    prices = Prices.from_frame(walks(coins=4, days=1_200, own=0.008))
    return prices, basket(prices, {"C00": 60.0, "C01": 40.0}, ("BTC",), days=180, scenarios=600)


@pytest.mark.parametrize("seed", range(3))
def test_sizes_are_those_of_a_fine_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    other = rng.normal(0, 0.15, (400, 1))
    own = 1.3 * other[:, 0] + rng.normal(0, 0.08, 400)
    grid = np.linspace(0.0, 2.0, 2_001)
    losses = [risk.expected_shortfall(own - size * other[:, 0], 0.95) for size in grid]
    found = import_module("hedging.screen.basket")._least_shortfall(own, other, 0.95)
    assert risk.expected_shortfall(own - other @ found, 0.95) <= min(losses) + 1e-9
    assert found[0] == pytest.approx(grid[int(np.argmin(losses))], abs=2e-3)


def test_a_proxy_that_works_is_sized_judged_and_worded(close: tuple[Prices, Basket]) -> None:
    _, found = close
    assert found.hedge["BTC"] == pytest.approx(1.1 * 100.0, rel=0.15)
    assert found.usable
    assert found.falls >= 10
    assert found.left is not None
    assert found.calibrated is not None
    assert found.calibrated >= found.promised
    assert "no hard floor" in found.verdict
    assert found.stays.sum() == pytest.approx(1.0)


def test_the_walk_is_what_came(close: tuple[Prices, Basket]) -> None:
    prices, found = close
    date = found.walk.index[5]
    closes = prices.closes
    moved = closes.loc[date + pd.Timedelta(days=30)] / closes.loc[date] - 1.0
    assert found.walk.loc[date, "without"] == pytest.approx(0.6 * moved["C00"] + 0.4 * moved["C01"])
    assert (np.diff(found.walk.index) == pd.Timedelta(days=30)).all()
    past = basket(prices, {"C00": 60.0, "C01": 40.0}, ("BTC",), days=180, scenarios=500, at=date.date())
    size = past.hedge["BTC"] / 100.0
    assert found.walk.loc[date, "with"] == pytest.approx(
        found.walk.loc[date, "without"] - size * moved["BTC"], abs=1e-9
    )
    assert found.walk.loc[date, "promised"] == pytest.approx(past.promised)


def test_a_proxy_that_does_not_work_is_refused() -> None:
    prices = Prices.from_frame(walks(coins=4, days=1_200, beta=0.1, own=0.06))
    found = basket(prices, {"C00": 60.0, "C01": 40.0}, ("BTC",), days=180, scenarios=600)
    assert not found.usable
    assert found.verdict.startswith("Refused")


def test_too_short_a_past_is_no_judgement() -> None:
    found = basket(
        Prices.from_frame(walks(coins=4, days=300)), {"C00": 60.0}, ("BTC",), days=180, scenarios=300
    )
    assert found.left is None
    assert not found.usable
    assert "too few to judge" in repr(found)
    assert found.to_dict()["calibrated"] is None


@pytest.mark.parametrize(
    ("held", "how", "message"),
    [
        ({}, {}, "at least one coin held"),
        ({"C00": -1.0}, {}, "money > 0"),
        ({"BTC": 1.0}, {}, "cannot be held and shorted"),
        ({"XYZ": 1.0}, {}, "has no close of XYZ"),
        ({"C00": 1.0}, {"days": 10}, "days must be a whole number >= 90"),
        ({"C00": 1.0}, {"days": 400}, "400 days in a row of every coin"),
        ({"C00": 1.0}, {"horizon": 0}, "horizon must be"),
        ({"C00": 1.0}, {"level": 0.3}, "level must lie"),
    ],
)
def test_bad_calls_say_what_and_why(held: dict[str, float], how: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        basket(Prices.from_frame(walks(days=200)), held, ("BTC",), **how)  # type: ignore[arg-type]

"""The rule of vol out of sample: on years and on the coin that it was not fitted to, it beats "nothing moves"."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bench.fit_reactions import FITTED_UNTIL, SHAPE, Features, before, fitted, table, walk_forward, windows

from hedging.paths.reactions import BTC, ETH

COINS = ("BTC", "ETH")


@pytest.fixture(scope="module")
def coins(shared_data: Path) -> dict[str, Features]:
    return {coin: Features(windows(coin)) for coin in COINS}


def is_held(errors: pd.DataFrame) -> bool:
    """Whether the rule is no worse at 7, 14 and 30 days, and better in falls of more than 8 %."""
    no_worse = (errors["all rule"] <= errors["all still"]).all()
    return bool(no_worse and (errors["falls rule"] < errors["falls still"]).all())


def test_shipped_figures_are_what_the_fit_finds(coins: dict[str, Features]) -> None:
    rise, speed = fitted(coins, FITTED_UNTIL, SHAPE)[1] / 10.0
    for shipped in (BTC, ETH):
        assert (shipped.vol_rise, shipped.vol_speed) == pytest.approx((rise, speed), abs=5e-4)


@pytest.mark.parametrize("coin", COINS)
def test_years_are_foreseen_by_the_years_before_them(coins: dict[str, Features], coin: str) -> None:
    errors = table(coins[coin].seen, walk_forward(coins, coins[coin], SHAPE))
    assert errors["windows"].min() > 1_700
    assert is_held(errors)


@pytest.mark.parametrize(("coin", "other"), [COINS, COINS[::-1]])
def test_a_coin_is_foreseen_by_the_other(coins: dict[str, Features], coin: str, other: str) -> None:
    slopes = fitted({other: coins[other]}, FITTED_UNTIL, SHAPE)[1]
    assert is_held(table(coins[coin].seen, coins[coin].of(SHAPE) @ slopes))


@pytest.mark.parametrize("coin", COINS)
def test_years_before_the_crash_are_held_too(coins: dict[str, Features], coin: str) -> None:
    # The crash of February 2026 is what flatters a rule most.
    seen = coins[coin].seen
    foreseen = coins[coin].of(SHAPE) @ fitted(coins, FITTED_UNTIL, SHAPE)[1]
    assert is_held(table(seen, np.where(before(seen, FITTED_UNTIL), foreseen, np.nan)))

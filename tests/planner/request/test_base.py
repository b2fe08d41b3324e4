"""What shares are shares of: book value, coins, or gross notional."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, SPOT, coins, small_chain

from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Limits, Target, plan

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]


def test_a_floor_in_coin_is_a_floor_of_coins():
    chain = small_chain([*LADDER, ("c", 140.0, 30)])
    scenarios = grid(np.linspace(-0.6, 1.0, 17), (0.0,), (15.0, 30.0))
    book = coins(100, numeraire="BTC")
    target = Target(delta=(40, 60), floor=-0.30)
    found = plan(book, chain, target, Limits(**LOOSE), scenarios=scenarios)
    market = Market.of(chain)
    after = book + found
    coins_then = after.values(market, scenarios).sum(axis=2) / (market.spot * scenarios.spot)
    assert coins_then.min() >= 70.0 * (1 - 1e-9)
    assert found.troughs[1].share == pytest.approx(coins_then.min() / 100.0 - 1.0)
    # Unhedged coins stay what they are, counted in coins.
    assert found.troughs[0].share == pytest.approx(0.0, abs=1e-12)


def test_shares_of_a_perpetual_are_shares_of_its_notional():
    chain = small_chain(LADDER)
    market = Market.of(chain)
    alone = Book([Holding.perpetual("BTC", 10, entry=90.0)])
    assert alone.base(market) == (10 * SPOT, "gross notional")
    assert coins(10).base(market) == (10 * SPOT, "book value")
    found = plan(alone, chain, Target(delta=(None, 7)), Limits(**LOOSE))
    assert found.base_name == "gross notional"

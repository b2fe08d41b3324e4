"""The outright trade beside a plan: shown, used only when allowed, of a kind that the book can hold."""

from __future__ import annotations

import pytest
from cases.planner import LOOSE, SPOT, coins, small_chain

from hedging.book.book import Book, Holding
from hedging.market.contracts import Option
from hedging.planner import Limits, Outright, Target, plan

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


def test_selling_outright_is_shown_beside_and_used_only_when_allowed():
    chain = small_chain(LADDER)
    target = Target(delta=(4, 5))
    options_only = plan(coins(10), chain, target, Limits(**LOOSE))
    assert all(isinstance(leg.instrument, Option) for leg in options_only.legs)
    assert options_only.outright.name == "spot"
    assert options_only.outright.misses == ()
    assert options_only.outright.legs[0].quantity == pytest.approx(-5.0, abs=0.01)
    free = plan(coins(10), chain, target, Limits(outright=(Outright("spot"),), **LOOSE))
    assert free.objective <= options_only.objective
    assert [leg.instrument.symbol for leg in free.legs] == ["BTC"]


def test_the_outright_trade_beside_is_one_that_the_position_allows():
    chain = small_chain(LADDER)
    leveraged = Book(Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 8.0, entry=SPOT))
    for book, name in [(coins(10), "spot"), (leveraged, "perpetual")]:
        found = plan(book, chain, Target(delta=(4, 5)), Limits(**LOOSE))
        assert found.outright is not None
        assert found.outright.name == name

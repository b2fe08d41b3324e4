"""Time without an overlay and the share covered, by hand: parts closed, hedges, and puts that the book came with."""

from __future__ import annotations

import math

import pytest
from cases.strategies import falling, scripted
from cases.tapes import LATER, TERMS, name
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, hold, run
from hedging.market import Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 10.0)], cash=1e6)
PUT, LOWER = name("p", 72_000.0, LATER), name("p", 64_000.0, LATER)
FLAT = (80_000.0,) * 5  # a day apart: 96 hours
RULES = Rules(funding=0.0)


def test_puts_that_the_book_came_with_are_an_overlay() -> None:
    held = hg.Holding.option("BTC", "p", 72_000.0, LATER, 4.0, terms=TERMS)
    done = run(hg.Book([hg.Holding.spot("BTC", 10.0), held]), falling(*FLAT), hold)
    assert done.uncovered == (0.0, 0.0, pytest.approx(0.4))
    assert run(COINS, falling(*FLAT), hold).uncovered == (96.0, 1.0, 0.0)


def test_a_part_that_is_closed_leaves_the_rest_open() -> None:
    done = run(
        COINS, falling(*FLAT), scripted([Order(PUT, 6.0)], None, [Order(PUT, -4.0)], [Order(PUT, -2.0)])
    )
    assert done.uncovered.hours == 24.0
    assert done.rolls["ended"].tolist() == [done.times[3]]
    assert done.rolls["quantity"].tolist() == [6.0]


def test_a_spread_covers_as_much_as_each_of_its_legs_and_a_short_hedge_what_it_sells() -> None:
    spread = scripted([Order(PUT, 5.0), Order(LOWER, -5.0)])
    assert_allclose(run(COINS, falling(*FLAT), spread).uncovered.cover, 0.5, rtol=2e-2)
    sold = run(COINS, falling(*FLAT), scripted(None, [Order(Perpetual("BTC", "coin"), -5.0)]), rules=RULES)
    assert sold.uncovered.hours == 24.0
    assert_allclose(sold.uncovered.cover, 0.75 * 0.5, rtol=1e-3)
    bought = run(COINS, falling(*FLAT), scripted([Order(Perpetual("BTC", "coin"), 5.0)]), rules=RULES)
    assert bought.uncovered[::2] == (0.0, 0.0)


def test_a_book_without_an_underlying_has_no_share_of_it() -> None:
    done = run(hg.Book(cash=1e6), falling(*FLAT), hold)
    assert math.isnan(done.uncovered.cover)
    assert "of the underlying" not in repr(done)

"""Coin-settled perpetuals and futures as venues size them: an order trades money, and moves the delta by its quantity."""

from __future__ import annotations

import pytest
from cases.strategies import falling, scripted
from cases.tapes import LATER
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, banded, run
from hedging.market import FeeRule, Future, Perpetual

INVERSE = Perpetual("BTC", "coin")
COINS = hg.Holding.spot("BTC", 10.0)
RULES = Rules(funding=0.0, half_spread=0.0, linear_fee=FeeRule(0.0005))


def delta(book: hg.Book) -> float:
    return sum(held.units for held in book.holdings)


def test_a_close_trades_the_money_of_its_price() -> None:
    # 3 at 90,000 are 270,000 USD of the 960,000 that were sold at 120,000: 2.25 of the 8.
    book = hg.Book([COINS, hg.Holding.perpetual("BTC", -8.0, 120_000.0)])
    done = run(book, falling(90_000.0), scripted([Order(INVERSE, 3.0)]), rules=RULES)
    gain, fee = 270_000 * (1 / 90_000 - 1 / 120_000), 0.0005 * 270_000 / 90_000
    closed, paid = done.entries
    assert (closed.kind, closed.quantity, closed.price) == ("close", 3.0, 90_000.0)
    assert_allclose((closed.coin, paid.coin), (gain, -fee), rtol=1e-14)
    assert_allclose([held.quantity for held in done.end.holdings], [10.0 + gain - fee, -5.75], rtol=1e-14)
    assert_allclose(delta(done.end), 2.0 + 3.0 - fee, rtol=1e-14)


def test_what_goes_beyond_the_holding_opens_the_other_way() -> None:
    # 2 sold at 80,000 are 160,000 USD; 3 bought at 64,000 are 192,000: 32,000 of them, half a coin, are long.
    book = hg.Book([COINS, hg.Holding.perpetual("BTC", -2.0, 80_000.0)])
    done = run(book, falling(64_000.0), scripted([Order(INVERSE, 3.0)]), rules=RULES)
    flows = [(each.kind, each.quantity, each.coin) for each in done.entries]
    gain = 160_000 * (1 / 64_000 - 1 / 80_000)
    assert flows == [
        ("close", 2.5, pytest.approx(gain)),
        ("fee", 2.5, pytest.approx(-0.00125)),
        ("open", 0.5, 0.0),
        ("fee", 0.5, pytest.approx(-0.00025)),
    ]
    assert [(held.quantity, held.entry) for held in done.end.holdings[1:]] == [(0.5, 64_000.0)]


@pytest.mark.parametrize("item", [INVERSE, Future("BTC", LATER, "coin")])
def test_a_gain_is_paid_at_the_fill(item: Perpetual | Future) -> None:
    # The index is no part of it: 200,000 USD closed a hundredth below 80,000.
    book = hg.Book([COINS, hg.Holding(item, 2.0, 100_000.0)])
    rules = Rules(funding=0.0, half_spread=0.01, linear_fee=FeeRule(0.0))
    done = run(book, falling(80_000.0), scripted([Order(item, -2.0, whole=True)]), rules=rules)
    (closed,) = done.entries
    assert_allclose(closed.quantity * closed.price, -200_000.0, rtol=1e-12)
    assert_allclose(closed.coin, 200_000 * (1 / 100_000 - 1 / closed.price), rtol=1e-12)
    assert [held.instrument for held in done.end.holdings] == [COINS.instrument]


def test_lots_at_several_prices_are_closed_from_the_oldest_on() -> None:
    lots = [hg.Holding.perpetual("BTC", -1.0, 60_000.0), hg.Holding.perpetual("BTC", -1.0, 100_000.0)]
    done = run(hg.Book([COINS, *lots]), falling(80_000.0), scripted([Order(INVERSE, 1.0)]), rules=RULES)
    # 80,000 USD: the 60,000 of the first, and 20,000 of the 100,000 of the second.
    gain = 60_000 * (1 / 80_000 - 1 / 60_000) + 20_000 * (1 / 80_000 - 1 / 100_000)
    assert_allclose(done.entries[0].coin, gain, rtol=1e-12)
    assert [(held.quantity, held.entry) for held in done.end.holdings[1:]] == [
        (pytest.approx(-0.8), 100_000.0)
    ]


def test_orders_are_counted_as_a_book_counts_legs() -> None:
    # A book keeps both sides, a replay nets them as the venue does: worth the same at every price.
    tape = falling(90_000.0)
    book = hg.Book([COINS, hg.Holding.perpetual("BTC", -8.0, 120_000.0)])
    free = Rules(funding=0.0, half_spread=0.0, linear_fee=FeeRule(0.0))
    netted = run(book, tape, scripted([Order(INVERSE, 3.0)]), rules=free).end
    kept = [*book.holdings, hg.Holding.perpetual("BTC", 3.0, 90_000.0)]
    for spot in (30_000.0, 90_000.0, 200_000.0):
        values = [
            sum(held.units * (spot - (held.entry or 0.0)) for held in holdings)
            for holdings in (netted.holdings, kept)
        ]
        assert_allclose(*values, rtol=1e-12)


def test_a_band_reaches_its_target() -> None:
    book = hg.Book([COINS, hg.Holding.perpetual("BTC", -8.0, 120_000.0)])
    free = Rules(funding=0.0, half_spread=0.0, linear_fee=FeeRule(0.0))
    done = run(book, falling(88_000.0, 88_000.0, 70_000.0, 95_000.0), banded(5.0, 0.0), rules=free)
    assert_allclose(delta(done.end), 5.0, atol=1e-9)
    assert [entry.quantity for entry in done.entries] == [3.0]  # the delta of an inverse book stays


@pytest.mark.parametrize("side", [1.0, -1.0])
@pytest.mark.parametrize("item", [INVERSE, Future("BTC", LATER, "coin"), Perpetual("BTC", "cash")])
def test_a_whole_close_of_several_lots_leaves_no_dust(item: Perpetual | Future, side: float) -> None:
    # The quantity of an order has twelve digits, which are fewer of its smallest lot.
    rules = Rules(funding=0.0, half_spread=0.01)
    for spot in (63_219.7, 74_441.3, 88_888.9, 91_234.1):
        lots = [
            hg.Holding(item, side * units, entry) for units, entry in ((3.3, 7e4), (1.7, 95e3), (1e-3, 81e3))
        ]
        book = hg.Book([hg.Holding.spot("BTC", 1000.0), *lots], cash=1e8)
        done = run(book, falling(spot), scripted([Order(item, -side, whole=True)]), rules=rules)
        assert [held.instrument for held in done.end.holdings] == [COINS.instrument], spot


@pytest.mark.parametrize(("ours", "other"), [("coin", "cash"), ("cash", "coin")])
def test_perpetuals_in_coin_and_in_cash_are_two_contracts(ours: str, other: str) -> None:
    # Both are called BTC-PERPETUAL: closing one of them whole leaves the other alone.
    mine, theirs = (
        hg.Holding.perpetual("BTC", units, 80_000.0, settlement=settlement)
        for units, settlement in ((-2.0, ours), (-3.0, other))
    )
    order = Order(mine.instrument, 1.0, whole=True)
    done = run(hg.Book([COINS, mine, theirs], cash=1e6), falling(80_000.0), scripted([order]), rules=RULES)
    assert [(each.kind, each.quantity) for each in done.entries] == [("close", 2.0), ("fee", 2.0)]
    assert done.end.holdings[1:] == (theirs,)
    alone = run(hg.Book([COINS, theirs], cash=1e6), falling(80_000.0), scripted([order]), rules=RULES)
    assert alone.counts == {"refused: nothing held to close": 1}

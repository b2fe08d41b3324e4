"""What is held already: closed in any size, never beyond, and rolled."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from cases.orders import enumerated
from cases.planner import CASH, COIN, LOOSE, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.market.contracts import Spot
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import (
    Effort,
    Limits,
    Target,
    plan,
)
from hedging.planner.result.infeasible import InfeasibleHedgeError

BOOK, CHAIN = samples.book(), samples.chain()
LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]


@pytest.mark.parametrize("seed", range(8))
def test_no_book_that_closes_in_any_size_and_opens_within_its_shares_is_cheaper(seed):
    """New legs of two or three contracts; of what is held one, or all of six: less and more than new legs may be."""
    random = np.random.default_rng([4, seed])
    spreads = list(random.uniform(0.02, 0.08, 3))
    options = [("p", 90.0, 30), ("c", 105.0, 30), ("p", 95.0, 60)]
    chain = small_chain(options, terms=COIN if seed % 2 else CASH, spreads=spreads)
    place = {(row.flag, row.strike): row.symbol for row in chain.quotes.itertuples()}
    symbols = [place[flag, strike] for flag, strike, _ in options]
    sizes = [6.0 if seed % 4 < 2 else 4.0, -5.0, 0.0]
    held = [Holding(chain.option(s), q) for s, q in zip(symbols, sizes, strict=True) if q]
    book = Book(Holding.spot("BTC", 5.0), *held, cash=200.0)
    market, scenarios = Market.of(chain), grid((-0.4, 0.4), (0.0,), (20.0,))
    position = book.position("BTC")
    leg_shares = {"min_leg_share": 1.5 / position, "max_leg_share": 3.5 / position}
    # In half of the cases what is held lies outside of the window: it may only be closed.
    window = {"expiries": (40.0, None)} if seed % 2 else {}
    limits = Limits(max_legs=3, price_per_leg=0.0, parsimony=0.0, **LOOSE | leg_shares | window)

    def order(symbol, owned):
        def leg(quantity):
            beyond = abs(quantity) > (abs(owned) if quantity * owned < 0 else 0.0)
            new = 2.0 <= abs(quantity) <= 3.0 and not (owned and window)
            return option_leg(chain, symbol, quantity) if (new or not beyond) else None

        return leg

    orders = [order(symbol, owned) for symbol, owned in zip(symbols, sizes, strict=True)]
    aim = book + [
        orders[0](-(1.0 if seed % 4 < 2 else 4.0)),
        orders[1](1.0 if seed % 3 else 5.0),
        orders[2](2.0),
    ]
    then, width = aim.exposure(market), 0.02
    target = Target(
        delta=(then.delta - width, then.delta + width), vega=(then.vega - width, then.vega + width)
    )
    expected = enumerated(book, market, orders, target, limits, scenarios, most=6)
    assert np.isfinite(expected)
    found = plan(
        book,
        chain,
        target,
        limits,
        horizon=20.0,
        scenarios=scenarios,
        effort=Effort(gap=1e-6, alternatives=False),
    )
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)


def test_one_lot_or_all_of_what_is_held_is_closed_and_no_more_of_it_outside_the_window():
    chain = small_chain([("p", 95.0, 10), ("p", 90.0, 40)], terms=CASH)
    near = chain.quotes["symbol"][chain.quotes["time_to_expiry"] < 20 / 365].iloc[0]
    book = Book(Holding.spot("BTC", 10.0), Holding(chain.option(near), 9.0))
    each = -(Book(Holding(chain.option(near), 1.0)).exposure(Market.of(chain)).delta)
    now = book.exposure(Market.of(chain)).delta
    limits = Limits(**LOOSE | {"expiries": (20.0, None), "min_leg_share": 0.5, "max_leg_share": 0.6})
    ask = partial(plan, book, chain, limits=limits, effort=Effort(alternatives=False))
    for lots in (1, 9):
        (leg,) = ask(target=Target(delta=(now + (lots - 0.5) * each, None))).legs
        assert (leg.instrument.symbol, leg.quantity) == (near, -lots)
    with pytest.raises(InfeasibleHedgeError, match="delta"):
        ask(target=Target(delta=(now + 9.5 * each, None)))


def symbol(chain, flag: str, strike: float, days: int) -> str:
    rows = chain.quotes
    hit = (rows["flag"] == flag) & (rows["strike"] == strike)
    hit &= (rows["time_to_expiry"] * 365).round() == days
    return str(rows["symbol"][hit].iloc[0])


def test_options_held_are_closed_even_outside_the_windows():
    chain = small_chain([*LADDER, ("c", 101.0, 3)])
    near = symbol(chain, "c", 101.0, 3)
    short = Book([Holding.spot("BTC", 10), Holding(chain.option(near), -4.0)])
    limits = Limits(expiries=(7.0, None), deltas=(0.01, 0.99))
    found = plan(short, chain, Target(delta=(9.0, None)), limits)
    assert [leg.instrument.symbol for leg in found.legs] == [near]
    assert 0 < found.legs[0].quantity <= 4
    kept = replace(limits, close=False)
    try:
        other = plan(short, chain, Target(delta=(9.0, None)), kept)
        assert near not in {leg.instrument.symbol for leg in other.legs}
    except InfeasibleHedgeError:
        pass


def test_a_put_held_can_be_sold_but_no_more_of_it_than_is_held():
    chain = small_chain([("p", 90.0, 30)])
    book = Book([Holding.spot("BTC", 10), Holding(chain.option(chain.quotes["symbol"].iloc[0]), 5.0)])
    found = plan(book, chain, Target(delta=(9.0, None)), Limits(**LOOSE))
    assert -5 <= found.legs[0].quantity < 0
    with pytest.raises(InfeasibleHedgeError):
        plan(book, chain, Target(delta=(10.5, None)), Limits(**LOOSE))


@pytest.mark.slow  # the plan is checked over every turn of the path, each with 506 options held
def test_a_thousand_legs_held_are_no_trouble():
    chain = samples.chain()
    random = np.random.default_rng(4)
    options = [chain.option(name) for name in chain.quotes["symbol"]]
    legs = [Holding(options[i % len(options)], float(random.choice([-0.1, 0.1]))) for i in range(1_000)]
    found = plan(
        Book([Holding.spot("BTC", 25), *legs]),
        chain,
        Target(delta=(8, 12)),
        Limits(),
        effort=Effort(alternatives=False),
    )
    assert 8 <= found.after.delta <= 12


def test_books_equal_by_parity_cost_the_same_to_hedge():
    """Coins with puts, or calls with the strike in cash: the same book, without fees the same hedge."""
    terms = replace(CASH, fee=type(CASH.fee)())
    chain = small_chain(
        [("p", 95.0, 30), ("c", 95.0, 30), ("p", 85.0, 30)], terms=terms, spreads=[0.02, 0.02, 0.02]
    )
    put, call = (chain.option(symbol(chain, flag, 95.0, 30)) for flag in "pc")
    quotes = chain.quotes.assign(mark_vol=0.6)
    chain = replace(chain, quotes=quotes)
    one = Book([Holding.spot("BTC", 10), Holding(put, 10.0)])
    other = Book([Holding(call, 10.0)], cash=950.0)
    market = Market.of(chain)
    assert one.value(market) == pytest.approx(other.value(market), rel=1e-6)
    target = Target(delta=(None, 4.0), floor=-0.5)
    costs = [plan(book, chain, target, Limits(**LOOSE)).objective for book in (one, other)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-6)


def test_an_option_held_in_two_parts_is_closed_like_one_held_whole():
    option = CHAIN.option("BTC-10APR26-74000-P")
    limits = Limits(deltas=(0.05, 0.3), expiries=(7, 20))
    spot = Holding(Spot("BTC"), 25.0)
    parts = Book([spot, Holding(option, 10.0), Holding(option, 10.0)])
    whole = Book([spot, Holding(option, 20.0)])
    found = [
        plan(book, CHAIN, Target(vega=(None, 1.0)), limits, effort=Effort(alternatives=False))
        for book in (parts, whole)
    ]
    assert found[0].objective == pytest.approx(found[1].objective, rel=1e-9)
    assert [leg.instrument.symbol for leg in found[0].legs] == [
        leg.instrument.symbol for leg in found[1].legs
    ]

"""The guards against tails: calls sold against coins left, puts sold against puts."""

from __future__ import annotations

import pytest
from cases.planner import LOOSE, coins, small_chain

from hedging.book.book import Book
from hedging.market.contracts import Option
from hedging.planner import Limits, Target, plan
from hedging.planner.result.infeasible import InfeasibleHedgeError

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


def slopes_at_infinity(book: Book) -> float:
    return sum(
        held.units
        for held in book.holdings
        if not isinstance(held.instrument, Option) or held.instrument.flag == "c"
    )


def test_no_more_calls_are_sold_than_coins_are_left_to_cover():
    chain = small_chain([("c", 105.0, 30)])
    with pytest.raises(InfeasibleHedgeError, match="calls covered"):
        plan(coins(10), chain, Target(delta=(1, 2)), Limits(**LOOSE))
    found = plan(coins(10), chain, Target(delta=(6, 7)), Limits(**LOOSE))
    assert slopes_at_infinity(coins(10) + found) >= 0


def test_a_call_sold_is_not_covered_by_one_that_expires_before_it():
    chain = small_chain([("c", 100.0, 10), ("c", 100.0, 40)], spreads=[0.01, 0.01])
    book = Book(cash=100_000.0)
    with pytest.raises(InfeasibleHedgeError, match="calls covered"):
        plan(book, chain, Target(vega=(None, -1.0)), Limits(**LOOSE))
    long_the_far_one = plan(book, chain, Target(vega=(1.0, None)), Limits(**LOOSE))
    assert all(leg.quantity > 0 for leg in long_the_far_one.legs)


def test_puts_are_sold_only_against_puts():
    with pytest.raises(InfeasibleHedgeError, match="puts covered"):
        plan(coins(10), small_chain([("p", 90.0, 30)]), Target(delta=(11, None)), Limits(**LOOSE))
    chain = small_chain([("p", 90.0, 30), ("p", 80.0, 30)])
    spread = plan(coins(10), chain, Target(delta=(8.5, 9.2), floor=-0.9), Limits(budget=0.005, **LOOSE))
    puts = {leg.instrument.strike: leg.quantity for leg in spread.legs}
    assert sum(puts.values()) >= 0


def test_the_plan_that_minimises_premium_is_refused_by_the_guards():
    """Sell every at-the-money option, buy the wings: what minimising premium comes to."""
    from hedging.book.legs import option_leg
    from hedging.planner.request.request import Request
    from hedging.planner.verify.checks import checks_of

    chain = small_chain(LADDER)
    symbol = {(row.flag, row.strike): row.symbol for row in chain.quotes.itertuples()}
    harvest = [option_leg(chain, symbol["p", 100.0], -50.0), option_leg(chain, symbol["p", 80.0], 30.0)]
    checks = checks_of(Request.of(coins(10), chain, Target()), harvest, 1000.0)
    assert any(str(check.limit).startswith("puts covered") and not check.ok for check in checks)

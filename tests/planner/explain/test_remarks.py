"""What the orders close and roll, said in the remarks and in the name of the structure."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from cases.planner import AS_OF, COIN, LOOSE, small_chain

from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.book.structure import closings, structure
from hedging.market.chain import OptionChain
from hedging.planner import Effort, Limits, Target, plan
from hedging.planner.result.infeasible import InfeasibleHedgeError


def rolled_book() -> tuple[Book, object]:
    """Ten coins, ten puts that expire in ten days, and longer ones to roll into."""
    chain = small_chain(
        [("p", 90.0, 10), ("p", 85.0, 40), ("p", 95.0, 40), ("c", 120.0, 40)], spreads=[0.02] * 4
    )
    held = Holding.option("BTC", "p", 90.0, AS_OF + pd.Timedelta(days=10), 10.0, 2.0)
    return Book([Holding.spot("BTC", 10.0), held]), chain


def test_a_put_that_runs_out_is_rolled_and_the_orders_say_so():
    book, chain = rolled_book()
    # No vega left in the short expiry, as much in the long one: from outside the window of new legs, too.
    target = Target(delta=(6, 8.5), vega_by_days={(0, 20): (-0.001, 0.001), (20, 60): (0.8, None)})
    found = plan(book, chain, target, Limits(price_per_leg=0.0, **LOOSE | {"expiries": (20.0, None)}))
    sold = next(leg for leg in found.legs if leg.quantity < 0)
    bought = next(leg for leg in found.legs if leg.quantity > 0)
    assert (sold.instrument.expiry, sold.quantity) == (AS_OF + pd.Timedelta(days=10), -10.0)
    said = f"rolls {min(bought.quantity, 10.0):g} {sold.instrument.symbol} into {bought.instrument.symbol}"
    assert said in found.remarks
    assert said in found.ticket()["remarks"]
    assert found.structure.startswith("put roll")
    # Whoever allows one order gets no roll: closing is an order.
    with pytest.raises(InfeasibleHedgeError):
        plan(book, chain, target, Limits(max_legs=1, **LOOSE | {"expiries": (20.0, None)}))


@pytest.mark.parametrize(
    ("orders", "name", "said"),
    [
        ([("p", 90.0, 10, -10.0), ("p", 85.0, 40, 7.0)], "put roll and close", ("rolls 7", "closes 3")),
        ([("p", 90.0, 10, -4.0), ("p", 85.0, 40, 7.0)], "put roll and put", ("rolls 4",)),
        ([("p", 90.0, 10, -10.0)], "close", ("closes 10",)),
        ([("p", 90.0, 10, -12.0)], "combination and close", ("closes 10",)),
        ([("p", 90.0, 10, -10.0), ("c", 120.0, 40, -5.0)], "covered call and close", ("closes 10",)),
        (
            [("p", 90.0, 10, -5.0), ("p", 85.0, 40, 2.0), ("p", 95.0, 40, 3.0)],
            "put roll",
            ("rolls 2", "rolls 3"),
        ),
        ([("p", 90.0, 10, 3.0), ("p", 85.0, 40, -3.0)], "put spread over 2 expiries", ()),
    ],
)
def test_what_closes_and_what_opens_in_its_place(orders, name, said):
    book, chain = rolled_book()
    by_place = {
        (r.flag, r.strike, round(r.time_to_expiry * 365)): r.symbol for r in chain.quotes.itertuples()
    }
    legs = [
        option_leg(chain, by_place[flag, strike, days], quantity) for flag, strike, days, quantity in orders
    ]
    assert structure(legs, book) == name
    remarks = closings(legs, book)
    assert len(remarks) == len(said)
    assert all(remark.startswith(start) for remark, start in zip(remarks, said, strict=True))
    # Nothing is closed of a book that holds none of them.
    assert closings(legs, Book([Holding.spot("BTC", 10.0)])) == ()


@pytest.mark.parametrize("off", [0.0, 0.012])
def test_a_spot_that_the_forwards_contradict_is_said_first(off):
    """Forwards of 100 beside a spot 1.2 % off: a carry of hundreds of per cent over ten days."""
    quotes = small_chain([("p", 90.0, 3), ("p", 95.0, 40), ("c", 110.0, 40)]).quotes
    frame = quotes[["flag", "strike", "expiry", "forward", "bid", "ask", "mark", "mark_vol"]]
    chain = OptionChain.from_frame(
        frame.assign(index=100.0 * (1.0 + off)),
        asset="BTC",
        as_of=AS_OF,
        units={"price": "coin", "vol": "decimal"},
        terms=COIN,
    )
    found = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(4, 6)),
        Limits(**LOOSE),
        effort=Effort(alternatives=False),
    )
    said = [each for each in found.warnings if "off the first forward" in each]
    assert len(said) == (off > 0.0)
    assert not any(
        "stands below" in each for each in found.warnings
    )  # nothing does, as nothing was asked for


@pytest.mark.parametrize(("open_interest", "told"), [(None, True), (100.0, False)])
def test_a_limit_on_an_open_interest_that_no_quote_says_is_told_to_hold_for_nothing(open_interest, told):
    chain = small_chain([("p", 90.0, 40), ("p", 95.0, 40), ("c", 110.0, 40)])
    if open_interest is not None:
        chain = replace(chain, quotes=chain.quotes.assign(open_interest=open_interest))
    book, limits = Book([Holding.spot("BTC", 10.0)]), Limits(open_interest_share=0.1, **LOOSE)
    found = plan(book, chain, Target(delta=(4, 8)), limits, effort=Effort(alternatives=False))
    said = [each for each in found.warnings if "open interest" in each]
    assert len(said) == told
    assert not told or all(leg.instrument.symbol in said[0] for leg in found.legs)


@pytest.mark.parametrize(("horizon", "outlived"), [(40.0, False), (40.6, False), (42.0, True)])
def test_an_expiry_that_counts_as_the_horizon_is_not_said_to_end_before_it(horizon, outlived):
    """The last put ends on day 40; nothing but a short band asks for it."""
    chain = small_chain([("p", 90.0, 40), ("p", 95.0, 40), ("c", 110.0, 40)])
    book, target = Book([Holding.spot("BTC", 10.0)]), Target(floor=-0.99, delta=(4, 8))
    try:
        found = plan(book, chain, target, Limits(**LOOSE), horizon=horizon, effort=Effort(alternatives=False))
        told = "; ".join(found.remarks)
    except InfeasibleHedgeError as error:
        told = str(error).lower()
    assert ("lives to the horizon" in told) == outlived

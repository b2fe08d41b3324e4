"""Plans that a desk would not question: a plain neighbour that costs hardly more wins, and what is left is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.planner import AS_OF, LOOSE, coins, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.market.market import Market
from hedging.planner import Effort, Limits, PlanStatus, Target, plan
from hedging.planner.candidates.oddities import last_day, oddities
from hedging.planner.explain.remarks import WAYS_OUT, questions
from hedging.planner.request.request import Request
from hedging.planner.selection.ordinary import ODD_SHARE
from hedging.venues import read_chains

QUICK = Effort(gap=1e-3, alternatives=False)


def market_of(options, **more):
    return Market.of(small_chain(options, **more))


def legs_of(market, *orders):
    symbols = dict(
        zip(
            zip(market.chain.quotes["flag"], market.chain.quotes["strike"], _days(market), strict=True),
            market.chain.quotes["symbol"],
            strict=True,
        )
    )
    return tuple(option_leg(market.chain, symbols[option], quantity) for option, quantity in orders)


def _days(market):
    return [round((expiry - AS_OF) / pd.Timedelta(days=1)) for expiry in market.chain.quotes["expiry"]]


PLAIN = [
    ("p", 90.0, 30),
    ("p", 105.0, 60),
    ("c", 100.0, 30),
    ("c", 80.0, 30),
    ("c", 120.0, 30),
    ("p", 90.0, 210),
]


@pytest.mark.parametrize(
    ("orders", "kinds"),
    [
        ([(("p", 90.0, 30), 5), (("c", 120.0, 30), -5)], set()),
        ([(("p", 105.0, 60), 5), (("c", 100.0, 30), -5)], {"inverted collar"}),
        ([(("c", 80.0, 30), -5)], {"rich call"}),
        ([(("c", 80.0, 30), 5)], set()),
        ([(("p", 90.0, 210), 5)], {"far expiry"}),
        (
            [(("p", 90.0, 30), 1), (("p", 105.0, 60), 1), (("p", 90.0, 210), 1)],
            {"far expiry", "many expiries"},
        ),
    ],
)
def test_each_is_seen_from_the_orders(orders, kinds):
    market = market_of(PLAIN)
    odd = oddities(legs_of(market, *orders), coins(10), [market], 30.0)
    assert {each.kind for each in odd} == kinds
    assert kinds <= {*WAYS_OUT}


def test_more_than_is_open_is_seen_and_unknown_interest_is_not():
    chain = small_chain([("p", 90.0, 30)])
    legs = (option_leg(chain, chain.quotes["symbol"].iloc[0], 7),)
    assert not oddities(legs, coins(10), [Market.of(chain)], 30.0)
    known = replace(chain, quotes=chain.quotes.assign(open_interest=2.2))
    (odd,) = oddities(legs, coins(10), [Market.of(known)], 30.0)
    assert odd.kind == "open interest"
    assert "7 of" in odd.text
    assert "2.2" in odd.text


def test_what_closes_an_option_held_is_not_questioned():
    market = market_of(PLAIN)
    (leg,) = legs_of(market, (("c", 80.0, 30), -5))
    book = Book([Holding.spot("BTC", 10), Holding(leg.instrument, 5.0)])
    assert not oddities([leg], book, [market], 30.0)
    (more,) = legs_of(market, (("c", 80.0, 30), -8))
    assert {each.kind for each in oddities([more], book, [market], 30.0)} == {"rich call"}


@pytest.mark.parametrize("spread", [0.02, 0.03, 0.035, 0.04, 0.045, 0.05, 0.08])
def test_a_plain_neighbour_wins_exactly_where_it_costs_no_more_than_the_surcharge(spread):
    chain = small_chain([("c", 90.0, 30), ("c", 101.0, 30)], spreads=[0.02, spread])
    book, target = coins(20), Target(delta=(12.0, 13.0))
    exact = Limits(**(LOOSE | {"max_leg_share": 2.0}), parsimony=0.0, max_legs=1)
    cheapest = plan(book, chain, target, exact, effort=QUICK)
    plain = plan(
        book,
        chain,
        target,
        replace(exact, moneyness=(1.0, 2.0)),
        effort=QUICK,
    )
    within = replace(exact, parsimony=0.01)
    found = plan(book, chain, target, within, effort=QUICK)
    rich = bool(oddities(cheapest.legs, coins(20), [Market.of(chain)], 30.0))
    limit = cheapest.objective * 1.01 + (ODD_SHARE * cheapest.cost.execution if rich else 0.0)
    left = bool(oddities(found.legs, coins(20), [Market.of(chain)], 30.0))
    assert left == (rich and plain.objective > limit)


def test_remarks_name_what_is_left_and_the_way_out():
    market = market_of(PLAIN)
    request = Request.of(coins(10), market, Target(delta=(2, 9)), Limits(**LOOSE))
    (remark,) = questions(request, legs_of(market, (("c", 80.0, 30), -5)))
    assert "is sold at a delta of 0." in remark
    assert "Limits(deltas=...)" in remark


@pytest.mark.parametrize(("horizon", "last"), [(1.0, 31.0), (7.0, 37.0), (30.0, 120.0), (90.0, 360.0)])
def test_far_is_measured_by_the_horizon(horizon, last):
    assert last_day(horizon) == last


def test_recorded_chains_are_hedged_by_plans_that_are_hardly_questioned(shared_data):
    file = shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet"
    book, target, limits = (
        Book([Holding.spot("BTC", 25)]),
        Target(delta=(8, 12), vega=(0, None), floor=-0.15),
        0.02,
    )
    questioned = {}
    for chain in list(read_chains(file))[13:150:24]:
        found = plan(book, chain, target, Limits(budget=limits), effort=QUICK)
        odd = oddities(found.legs, book, [Market.of(chain)], 30.0)
        assert len({each.text for each in odd}) == len(odd)
        assert all(any(each.text in remark for remark in found.remarks) for each in odd)
        assert found.objective <= found.bound * (1.0 + 0.012) + ODD_SHARE * found.objective * 1.1
        questioned[chain.as_of] = bool(odd)
    assert np.mean(list(questioned.values())) <= 0.34  # half of them were


# --- what the reader must know first --------------------------------------------------------------


def test_premium_that_nobody_limited_is_said_first_with_the_plan_without_it():
    chain = small_chain([("p", 95.0, 30), ("p", 100.0, 30), ("c", 110.0, 30), ("c", 105.0, 30)])
    target = Target(floor=-0.09)
    found = plan(coins(10), chain, target, Limits(**LOOSE))
    share = found.cost.premium / found.base
    assert share > 0.05
    assert f"note          {share:.1%} of the book is spent on premium" in str(found).splitlines()[1]
    (unpaid,) = (each for each in found.alternatives if each.name == "without premium")
    assert unpaid.cost.premium <= 1e-6
    assert not plan(coins(10), chain, target, Limits(budget=0.2, **LOOSE)).warnings


def test_one_band_for_two_coins_is_said_first():
    markets = [Market.of(small_chain([("p", 90.0, 30)], asset=asset)) for asset in ("BTC", "ETH")]
    book = Book([Holding.spot("BTC", 10.0), Holding.spot("ETH", 180.0)])
    target = Target(delta=(9.0, 200.0))
    found = plan(book, markets, target, Limits(**LOOSE), effort=QUICK)
    (warning,) = found.warnings
    assert "10 BTC, 180 ETH" in warning
    assert "note" in str(found).splitlines()[1]
    apart = Target(delta={"BTC": (9.0, 11.0), "ETH": (170.0, 190.0)})
    assert not plan(book, markets, apart, Limits(**LOOSE), effort=QUICK).warnings
    assert not plan(book, markets, Target(delta_value=(0.0, 9e9)), Limits(**LOOSE), effort=QUICK).warnings


def test_a_plan_beside_a_proven_optimum_is_no_search_that_was_stopped():
    chain = small_chain([("c", 90.0, 30), ("c", 101.0, 30)], spreads=[0.02, 0.03])
    limits = Limits(**(LOOSE | {"max_leg_share": 2.0}), max_legs=1)
    found = plan(coins(20), chain, Target(delta=(12.0, 13.0)), limits)
    assert found.alternatives[0].name == "optimum"
    assert found.gap > 0.01
    assert found.status is PlanStatus.OPTIMAL
    dearer = found.cost.execution / found.alternatives[0].cost.execution - 1.0
    assert f"within {dearer:.1%} of it" in found.message
    assert f"within {dearer:.1%} of the optimum" in repr(found)


@pytest.mark.parametrize("price", [0.0005, 0.02, 0.5])
def test_what_an_order_is_priced_at_buys_no_dearer_plan(price):
    """The price of an order is no money that simplicity may spend."""
    book, chain, target = coins(25), samples.chain(), Target(delta=(8.0, 12.0), floor=-0.2)
    limits = Limits(budget=0.05, expiries=(20, 100), price_per_leg=price)
    found = plan(book, chain, target, limits, effort=Effort(alternatives=False))
    optimum = plan(book, chain, target, replace(limits, parsimony=0.0), effort=Effort(alternatives=False))
    assert len(found.legs) <= len(optimum.legs)
    fewer = (len(optimum.legs) - len(found.legs)) * price * found.base
    assert found.cost.execution <= 1.012 * optimum.cost.execution + fewer

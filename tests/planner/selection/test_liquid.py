"""Among plans within parsimony the one that is easiest to trade, against every single order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.depth import deep
from cases.planner import CASH, COIN, LOOSE, programme_for, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, Target, plan
from hedging.planner.candidates.orders import leg_of
from hedging.planner.selection import select
from hedging.planner.selection.liquid import illiquidity

BOOK, CHAIN = samples.book(), samples.chain()
PUTS = [("p", strike, days) for strike in (80.0, 85.0, 90.0, 95.0) for days in (30, 60)]


def hardness(chain, legs) -> float:
    """What crossing costs over the price, and shares of quote and open interest, from the quotes by hand."""
    total = 0.0
    for leg in legs:
        row = chain.row(leg.instrument.symbol)
        price, size = leg.price, row["ask_size"] if leg.quantity > 0 else row["bid_size"]
        total += max(abs(price - (row["bid"] + row["ask"]) / 2), abs(price - row["mark"])) / price
        total += abs(leg.quantity) / size + abs(leg.units) / row["open_interest"]
    return total


def mixed_chain(seed: int):
    random = np.random.default_rng(seed)
    count = len(PUTS)
    chain = small_chain(
        PUTS, spreads=list(random.uniform(0.01, 0.06, count)), sizes=list(random.integers(9, 60, count))
    )
    return replace(chain, quotes=chain.quotes.assign(open_interest=random.uniform(20, 400, count)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_no_single_order_within_the_share_is_easier_to_trade(seed, share):
    chain, book = mixed_chain(seed), Book([Holding.spot("BTC", 10.0)])
    market, target = Market.of(chain), Target(delta=(6.0, 7.0))
    limits = Limits(max_legs=1, parsimony=share, price_per_leg=0.0, **LOOSE)
    found = plan(book, chain, target, limits, effort=Effort(alternatives=False))
    plans = []
    for symbol, most in zip(chain.quotes["symbol"], chain.quotes["ask_size"], strict=True):
        one = (Book() + [option_leg(chain, symbol, 1.0)]).exposure(market).delta
        for quantity in range(1, int(most) + 1):
            leg = option_leg(chain, symbol, float(quantity))
            if 6.0 <= 10.0 + quantity * one <= 7.0:
                plans.append((leg.units * (leg.half_spread + leg.fee), hardness(chain, [leg])))
    cheapest = min(cost for cost, _ in plans)
    assert found.objective <= (1 + share) * cheapest * (1 + 1e-9)
    easiest = min(hard for cost, hard in plans if cost <= (1 + share) * cheapest * (1 + 1e-9))
    assert hardness(chain, found.legs) == pytest.approx(easiest, rel=1e-9)


@pytest.mark.parametrize("seed", [7, 12])
def test_several_orders_stay_as_many_and_of_their_kind_and_get_easier(seed, monkeypatch):
    chain, target = samples.chain(seed), Target(delta=(8, 12), vega=(0, None), floor=-0.2)
    limits = Limits(budget=0.03, expiries=(20, 100), parsimony=0.17)
    monkeypatch.setattr(
        select, "most_standard", lambda *given, **_: given[1]
    )  # a structure comes before its ease
    found = plan(BOOK, chain, target, limits, effort=Effort(alternatives=False))
    best = plan(BOOK, chain, target, replace(limits, parsimony=0.0), effort=Effort(alternatives=False))
    monkeypatch.setattr(select, "most_liquid", lambda *given, **_: given[1])
    simple = plan(BOOK, chain, target, limits, effort=Effort(alternatives=False))
    assert found.objective <= 1.17 * best.objective * (1 + 2e-3)
    assert all(check.ok for check in found.checks)
    sides = [sorted((leg.instrument.flag, leg.side) for leg in one.legs) for one in (found, simple)]
    assert sides[0] == sides[1]
    assert hardness(chain, found.legs) < 0.9 * hardness(chain, simple.legs)
    (optimum,) = [item for item in found.alternatives if item.name == "optimum"]
    assert optimum.cost.execution == pytest.approx(best.cost.execution, rel=2e-3)


def test_of_futures_that_cost_the_same_the_nearest_is_sold_and_the_perpetual_before_it():
    target, limits = (
        Target(delta=(8, 12), floor=-0.26),
        Limits(expiries=(20, None), budget=0.03, parsimony=0.02),
    )
    dated = plan(
        BOOK,
        CHAIN,
        target,
        replace(limits, outright=(Outright("future"),)),
        effort=Effort(alternatives=False),
    )
    sold = [leg.instrument.expiry for leg in dated.legs if isinstance(leg.instrument, Future)]
    within = CHAIN.expiries["expiry"][CHAIN.expiries["days"] >= 30]
    assert sold == [within.min()]
    both = (Outright("future"), Outright("perpetual"))
    found = plan(BOOK, CHAIN, target, replace(limits, outright=both), effort=Effort(alternatives=False))
    assert [type(leg.instrument) for leg in found.legs if not isinstance(leg.instrument, Option)] == [
        Perpetual
    ]


@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
def test_an_order_into_the_book_is_as_hard_to_trade_as_what_it_pays(terms):
    chain = small_chain(PUTS, terms=terms, spreads=list(np.linspace(0.01, 0.08, 8)), sizes=[2.0] * 8)
    chain = replace(chain, quotes=chain.quotes.assign(open_interest=50.0))
    limits, book = Limits(depth=deep(chain, 3), **LOOSE), Book([Holding.spot("BTC", 10.0)])
    market = Market.of(chain)
    candidates = programme_for(
        book, (market,), Target(delta=(6, 7)), limits, 30.0, grid([-0.3], days=[20.0])
    ).candidates
    measure, deepest = illiquidity(candidates, (market,), limits), 0
    for i in np.flatnonzero(np.isin(candidates.kinds, ("put", "call"))):
        for lots in (candidates.least[i], candidates.most[i]):
            leg = leg_of(candidates, int(i), lots, {"BTC": market}, limits)
            expected = hardness(chain, [leg])
            assert measure.of(lots * (np.arange(len(candidates)) == i)) == pytest.approx(expected, rel=1e-9)
            quoted = chain.row(leg.instrument.symbol)["ask" if leg.quantity > 0 else "bid"]
            deepest += abs(leg.price / quoted - 1.0) > 0.01
    assert deepest > 20

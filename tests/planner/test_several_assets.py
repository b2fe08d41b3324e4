"""A book of several assets is hedged in one plan."""

from __future__ import annotations

from cases.planner import LOOSE, small_chain

from hedging.book.book import Book, Holding
from hedging.market.market import Market
from hedging.planner import Limits, PlanStatus, Target, plan
from hedging.planner.request.default_scenarios import default_scenarios

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 99.0, 30),
    ("c", 105.0, 30),
    ("c", 115.0, 60),
    ("p", 90.0, 60),
]


def test_two_assets_are_hedged_in_one_plan_with_one_floor():
    btc, eth = small_chain(LADDER), small_chain(LADDER, asset="ETH", vol=0.9)
    book = Book([Holding.spot("BTC", 20), Holding.spot("ETH", 30)])
    target = Target(delta={"BTC": (8, 14), "ETH": (10, 20)}, floor=-0.35)
    found = plan(book, [btc, eth], target, Limits(max_legs=5, **LOOSE))
    assert found.status is PlanStatus.OPTIMAL
    markets = (Market.of(btc), Market.of(eth))
    after = book + found
    assert 8 <= after.exposure(markets[0]).delta <= 14
    assert 10 <= after.exposure(markets[1]).delta <= 20
    paths = default_scenarios(30.0)
    then = sum(after.values(market, paths).sum(axis=2) for market in markets) + after.cash
    assert then.min() >= 0.65 * book.value(*markets) - 1e-6
    assert {leg.instrument.asset for leg in found.legs} == {"BTC", "ETH"}
    assert "delta BTC" in repr(found)
    assert "delta ETH" in repr(found)
    names = [str(check.limit) for check in found.checks]
    assert len(names) == len(set(names))  # of whose calls and puts each says
    assert any(name.startswith("puts covered ETH, ") for name in names)

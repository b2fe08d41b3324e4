"""Dated futures: what they cost, what they cover, and that no whole book with them is cheaper than the plan."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.orders import enumerated, no_tail
from cases.planner import AS_OF, CASH, COIN, LOOSE, SPOT, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg, outright_leg
from hedging.errors import InputError
from hedging.market.chain import in_columns
from hedging.market.contracts import FeeRule, Future
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, Target, audit, plan, read_plan
from hedging.planner.result.infeasible import InfeasibleHedgeError

BOOK, CHAIN = samples.book(), samples.chain()
QUIET = Effort(gap=1e-6, alternatives=False)
ONE = {"half_spread": 0.001, "fee": FeeRule(0.0005), "lot": 1.0}


@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("quantity", [3.0, -3.0])
def test_a_future_costs_its_spread_and_fee_at_once(settlement, quantity):
    market = Market.of(small_chain([("p", 90.0, 30), ("p", 90.0, 90)], carry=0.3))
    future = Future("BTC", AS_OF + pd.Timedelta(days=90), settlement)
    forward = SPOT * np.exp(0.3 * 90 / 365)
    assert market.forward(future.expiry) == pytest.approx(forward, rel=1e-12)
    leg = outright_leg(future, SPOT, quantity, half_spread=0.002, fee=FeeRule(0.0005), forward=forward)
    assert leg.price == pytest.approx(forward * (1 + 0.002 * np.sign(quantity)))
    book = Book([Holding.spot("BTC", 10.0)])
    lost = book.value(market) - (book + [leg]).value(market)
    assert lost == pytest.approx(3.0 * (leg.half_spread + leg.fee), rel=1e-12)


def future_case(seed: int):
    random = np.random.default_rng(seed)
    terms = COIN if seed % 2 else CASH
    menu = [("p", 85.0, 30), ("p", 95.0, 60), ("c", 110.0, 30), ("c", 115.0, 60)]
    options = [menu[i] for i in sorted(random.choice(4, 2, replace=False))]
    chain = small_chain(
        options, terms=terms, spreads=[0.03, 0.05], sizes=[3.0, 3.0], carry=float(random.uniform(-0.2, 0.3))
    )
    outright = Outright("future", settlement="coin" if seed % 3 else "cash", **ONE)
    book = Book([Holding.spot("BTC", 5.0)], cash=20.0)
    delta = float(random.uniform(1.0, 4.5))
    target = Target(
        delta=(delta - 0.6, delta + 0.6),
        gamma=(0.0, None) if random.random() < 0.3 else None,
        floor=float(random.uniform(-0.5, -0.2)) if random.random() < 0.6 else None,
    )
    limits = Limits(
        outright=outright,
        max_legs=int(random.integers(1, 4)),
        parsimony=0.0,
        **LOOSE | {"max_leg_share": 0.6},
    )
    return book, chain, target, limits


@pytest.mark.parametrize("seed", range(4))
def test_no_book_with_futures_is_cheaper(seed):
    book, chain, target, limits = future_case(seed)
    market, scenarios = Market.of(chain), grid(np.linspace(-0.6, 0.6, 7), (-0.1, 0.1), (5.0, 20.0))
    (terms,) = limits.outright
    # An independent price: the forward of the quotes, a spread and a fee away from it.
    forwards = chain.quotes.groupby("expiry")["forward"].first()

    def future(expiry):
        item = Future("BTC", expiry, terms.settlement)
        return lambda q: outright_leg(
            item, SPOT, q, half_spread=0.001, fee=FeeRule(0.0005), forward=float(forwards[expiry])
        )

    symbols = list(chain.quotes["symbol"])
    orders = [lambda q, symbol=symbol: option_leg(chain, symbol, q) for symbol in symbols]
    orders += [future(expiry) for expiry in forwards.index]
    expected = enumerated(book, market, orders, target, limits, scenarios, most=3)
    if not np.isfinite(expected):
        with pytest.raises(InfeasibleHedgeError):
            plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=QUIET)
        return
    found = plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=QUIET)
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)


def test_basis_is_no_income():
    """Calls bought and futures sold would earn the basis of a steep curve for ever, if it counted."""
    chain = small_chain([("c", 90.0, 30), ("p", 90.0, 30), ("p", 100.0, 60)], carry=0.5)
    found = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(0, 11)),
        Limits(outright=Outright("future", **ONE), **LOOSE),
    )
    assert found.legs == ()
    short = plan(
        Book([Holding.spot("BTC", 10.0)]),
        chain,
        Target(delta=(4, 5)),
        Limits(outright=Outright("future", **ONE), **LOOSE),
    )
    assert short.cost.carry == 0.0
    assert short.cost.execution > 0.0


@pytest.mark.parametrize(("days", "covers"), [(30, False), (90, True)])
def test_a_future_covers_only_calls_that_expire_no_later(days, covers):
    chain = small_chain([("c", 110.0, 60), ("c", 120.0, 60)])
    future = Holding.future("BTC", AS_OF + pd.Timedelta(days=days), 10.0, SPOT)
    book, limits = Book([future], cash=1_000.0), Limits(max_legs=1, **LOOSE)
    if covers:
        assert plan(book, chain, Target(delta=(None, 8)), limits).after.delta <= 8
    else:
        with pytest.raises(InfeasibleHedgeError, match="calls covered"):
            plan(book, chain, Target(delta=(None, 8)), limits)


def test_a_future_sold_is_covered_when_the_calls_over_it_are_gone():
    """Calls of 30 days cover a future of 45 days only for 30 of them: the day between counts too."""
    chain = small_chain([("c", 110.0, 30), ("c", 120.0, 60)])
    book = Book([Holding.future("BTC", AS_OF + pd.Timedelta(days=45), -5.0, SPOT)], cash=1_000.0)
    market = Market.of(chain)
    legs = [
        option_leg(chain, chain.quotes["symbol"].iloc[0], 5.0),
        option_leg(chain, chain.quotes["symbol"].iloc[1], -1.0),
    ]
    assert not no_tail(book, book + legs, legs)
    found = plan(book, chain, Target(delta=(-4.0, None)), Limits(**LOOSE))
    assert all(check.ok for check in found.checks)
    assert [c for c in found.checks if str(c.limit) == "calls covered, 23 Mar 2026"]
    assert found.after.delta >= -4.0
    assert market.asset == "BTC"


def test_futures_are_those_that_are_listed_within_the_window():
    chain = small_chain([("p", 90.0, 30), ("p", 90.0, 60), ("p", 90.0, 90)])
    listed = pd.DataFrame(
        {name: [np.nan] * 3 for name in ("bid", "ask", "mark", "funding_8h", "open_interest")}
    )
    listed["symbol"] = ["BTC-8MAR26", "BTC-7APR26", "BTC-PERPETUAL"]
    listed["expiry"] = [AS_OF + pd.Timedelta(days=30), AS_OF + pd.Timedelta(days=60), pd.NaT]
    known = replace(chain, futures=in_columns(listed, "futures"))
    book, target = Book([Holding.spot("BTC", 10.0)]), Target(delta=(4, 5))
    limits = Limits(outright=Outright("future", **ONE), **LOOSE | {"expiries": (40.0, None)})
    found = plan(book, known, target, limits)
    assert [leg.instrument.symbol for leg in found.legs] == ["BTC-7APR26"]
    with pytest.raises(InputError, match=r"no future on BTC expires within from 70 days; .*30.0, 60.0"):
        plan(book, known, target, replace(limits, expiries=(70.0, None)))


def test_a_plan_with_a_future_is_saved_read_and_audited(tmp_path):
    limits = Limits(outright=Outright("future"), expiries=(20, 100), budget=0.02)
    found = plan(BOOK, CHAIN, Target(delta=(8, 12), vega=(0, None), floor=-0.15), limits)
    (future,) = [leg for leg in found.legs if isinstance(leg.instrument, Future)]
    assert found.structure == "put and future"
    assert {"future", "spot"} <= {item.name for item in found.alternatives}
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert (saved.legs, saved.id, saved.inputs) == (
        found.legs,
        found.id,
        json.loads(json.dumps(found.inputs)),
    )
    report = audit(saved, CHAIN)
    assert report.ok
    assert report.cost_now == found.cost  # the same quotes, the future's among them
    order = found.ticket()["orders"][found.legs.index(future)]["instrument"]
    assert (order["kind"], pd.Timestamp(order["expiry"])) == ("future", future.instrument.expiry)

"""Carry pays for no order: funding and basis are paid or are nothing, and no holder trades on for income."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_chain
from cases.planner import LOOSE, SPOT, coins, small_chain
from numpy.testing import assert_allclose

from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual
from hedging.market.market import Market
from hedging.planner import Effort, Funding, Limits, Outright, Target, plan, read_plan
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import leg_of
from hedging.planner.request.request import Request
from hedging.planner.result.saved import limits_from
from hedging.planner.verify.cost import cost_with_carry, decay_of
from hedging.venues import read_chain

LADDER = [("p", 80.0, 30), ("p", 90.0, 30), ("p", 100.0, 30), ("c", 110.0, 30), ("c", 120.0, 60)]
QUICK = Effort(gap=1e-3, alternatives=False)
PERPETUAL = Limits(outright=(Outright("perpetual"),), **LOOSE)


def asked(market, limits, horizon=30.0, quantity=10):
    return Request.of(coins(quantity), market, Target(delta=(4, 5)), limits, horizon=horizon)


@pytest.mark.parametrize("rate", [-1e-4, 0.0, 1e-4])
@pytest.mark.parametrize("carry", [-0.3, 0.0, 0.3])
@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("horizon", [10.0, 30.0, 45.0])
def test_what_a_column_costs_is_what_its_order_loses_while_nothing_moves(rate, carry, settlement, horizon):
    market = Market.of(flat_chain("coin", carry=carry), funding_8h=rate)
    kinds = tuple(Outright(kind, settlement=settlement) for kind in ("perpetual", "future"))
    limits = Limits(outright=kinds, funding=Funding(rate, low=-3e-4, high=2e-4), **LOOSE)
    request = asked(market, limits, horizon)
    columns = candidates_of(request)
    linear = np.flatnonzero(~np.isin(columns.kinds, ("call", "put")))
    assert {*columns.kinds[linear]} == {"spot", "perpetual", "future"}
    for i in linear:
        lots = 1000.0
        leg = leg_of(columns, i, lots, {"BTC": market}, limits)
        verified = cost_with_carry([leg], request)
        assert verified.carry >= 0.0
        assert_allclose(columns.cost[i] * lots, verified.execution, rtol=1e-9, atol=1e-9)


def test_only_one_side_of_a_basis_is_paid():
    market = Market.of(flat_chain("cash", carry=0.2, days=(30.0,)))
    limits = Limits(outright=(Outright("future", half_spread=0.0, settlement="cash"),), **LOOSE)
    request = asked(market, limits)
    columns = candidates_of(request)
    carry = {
        float(np.sign(columns.size[i])): cost_with_carry(
            [leg_of(columns, i, 1000.0, {"BTC": market}, limits)], request
        ).carry
        for i in np.flatnonzero(columns.kinds == "future")
    }
    # One coin bought at the forward gives up the whole basis by its expiry.
    assert carry == {1.0: pytest.approx(SPOT * np.expm1(0.2 * 30 / 365)), -1.0: 0.0}


@pytest.mark.parametrize("rate", [-1e-4, 1e-4])
def test_a_short_perpetual_pays_its_funding_and_receives_nothing(rate):
    market = Market.of(small_chain(LADDER), funding_8h=rate)
    found = plan(coins(10), market, Target(delta=(4, 5)), PERPETUAL, horizon=10.0)
    short = -sum(leg.units * leg.price for leg in found.legs if isinstance(leg.instrument, Perpetual))
    assert found.cost.carry == pytest.approx(short * max(-rate, 0.0) * 3 * 10.0)


def test_a_stated_share_of_a_low_percentile_may_count():
    market = Market.of(small_chain(LADDER), funding_8h=1e-4)
    funding = Funding(low=0.5e-4, high=2e-4, received=0.5)
    found = plan(coins(10), market, Target(delta=(4, 5)), replace(PERPETUAL, funding=funding), horizon=10.0)
    short = -sum(leg.units * leg.price for leg in found.legs)
    assert short > 0.0
    assert found.cost.carry == pytest.approx(-0.5 * 0.5e-4 * short * 3 * 10.0)


@pytest.mark.parametrize("rate", [-0.003, -1e-4, 0.0, 1e-4, 0.003])
@pytest.mark.parametrize("kind", ["perpetual", "future", "spot"])
@pytest.mark.parametrize("quantity", [10, -10])
def test_nothing_is_traded_outright_beyond_what_is_held_or_on_its_side(rate, kind, quantity):
    book = Book([Holding.perpetual("BTC", quantity, entry=SPOT)], cash=3_000.0)
    market = Market.of(small_chain(LADDER, carry=0.4 * np.sign(rate)), funding_8h=rate)
    limits = Limits(outright=(Outright(kind),), **LOOSE)
    target = Target(delta=(4, 5) if quantity > 0 else (-5, -4), vega=(-5.0, 5.0))
    found = plan(book, market, target, limits, effort=QUICK)
    traded = sum(leg.units for leg in found.legs if not isinstance(leg.instrument, Option))
    assert -10.0 - 1e-9 <= traded * np.sign(quantity) <= 1e-9


def test_an_exposure_that_is_asked_for_may_be_bought():
    found = plan(coins(10), small_chain(LADDER), Target(delta=(14, 15)), PERPETUAL, effort=QUICK)
    assert [leg.instrument.symbol for leg in found.legs] == ["BTC-PERPETUAL"]
    assert 4.0 <= found.legs[0].units <= 5.0


# --- on recorded chains ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crash(shared_data):
    return read_chain(shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz", asset="BTC")


@pytest.mark.parametrize("rate", [-1e-4, 0.0, 1e-4])
def test_funding_makes_no_holder_trade_more_than_is_held(crash, rate):
    book = Book([Holding.spot("BTC", 25)])
    limits = Limits(budget=0.02, outright=(Outright("perpetual"),))
    found = plan(
        book, Market.of(crash, funding_8h=rate), Target(delta=(8, 12), floor=-0.15), limits, effort=QUICK
    )
    traded = sum(leg.units for leg in found.legs if isinstance(leg.instrument, Perpetual))
    assert found.cost.execution > 0.0  # it was -17,746 at +0.01 %
    assert -25.0 <= traded <= 0.0  # 30.6 were bought at -0.01 %
    assert found.cost.carry >= 0.0


def test_the_break_even_is_the_rate_at_which_both_plans_cost_the_same(crash):
    book = Book([Holding.spot("BTC", 25)])
    limits = Limits(budget=0.02, outright=(Outright("perpetual"),))
    target = Target(delta=(8, 12), floor=-0.15)

    def at(rate):
        return plan(book, Market.of(crash, funding_8h=rate), target, limits)

    def perpetuals(found):
        return [leg for leg in found.legs if isinstance(leg.instrument, Perpetual)]

    level = at(0.0)
    edge = level.break_even
    assert edge is not None
    assert edge.below
    assert edge.rate < 0.0
    assert "cheaper" in str(level)
    assert perpetuals(at(edge.rate / 2.0))
    below = at(edge.rate * 1.5)
    assert not perpetuals(below)
    # From the other side, with the perpetual left out of the plan, it is the same edge.
    assert below.break_even.rate == pytest.approx(edge.rate, rel=0.05)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_the_break_even_is_of_what_the_perpetual_stands_for(settlement):
    """By hand: what it saves at once, over its payments: in coin of the price it is sold at, in cash of spot."""
    sale = Outright("perpetual", half_spread=0.01, settlement=settlement)
    dear = Market.of(small_chain(LADDER, spreads=[0.4] * len(LADDER)))
    limits = Limits(outright=(sale,), **LOOSE)
    found = plan(coins(10), dear, Target(delta=(4, 5)), limits, horizon=10.0)
    (leg,) = found.legs
    assert isinstance(leg.instrument, Perpetual)
    assert leg.price == pytest.approx(0.99 * SPOT)
    edge = found.break_even
    assert edge is not None
    stands_for = leg.units * (leg.price if settlement == "coin" else SPOT)
    saved = edge.cost - found.cost.execution
    assert saved > 0.0
    assert edge.rate == pytest.approx(saved / (stands_for * 3 * 10.0), abs=1e-8)


# --- what holding costs -----------------------------------------------------------------------------


def test_decay_is_the_premium_of_what_expires_worthless_and_is_in_the_text(tmp_path):
    market = Market.of(flat_chain("cash", days=(30.0,)), funding_8h=1e-4)
    found = plan(Book([Holding.spot("BTC", 10)]), market, Target(floor=-0.15), Limits(**LOOSE), horizon=30.0)
    held = Book() + found.legs
    intrinsic = sum(
        leg.units * max(leg.instrument.sign * (100.0 - leg.instrument.strike), 0) for leg in found.legs
    )
    assert found.decay.total == pytest.approx(held.value(market) - held.cash - intrinsic)
    assert f"holding this for 30 days costs {found.decay.total:,.0f} if nothing moves" in str(found)
    found.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert (again.decay, str(again)) == (found.decay, str(found))


def test_decay_of_a_perpetual_is_its_funding_at_todays_rate():
    market = Market.of(small_chain(LADDER), funding_8h=1e-4)
    found = plan(coins(10), market, Target(delta=(4, 5)), PERPETUAL, horizon=10.0)
    short = -sum(leg.units * leg.price for leg in found.legs)
    assert found.decay.funding == pytest.approx(-short * 1e-4 * 30.0)
    assert decay_of((), (market,), 10.0).total == 0.0


def test_the_rate_of_the_chains_own_perpetual_is_used_and_named(shared_data):
    chain = read_chain(shared_data / "chains" / "deribit_btc_snapshot_20260526.json.gz")
    found = plan(
        Book([Holding.spot("BTC", 25)]), chain, Target(delta=(8, 12)), Limits(outright=(Outright("perpetual"),)),
        effort=QUICK,
    )  # fmt: skip
    assert found.inputs["funding_8h"] == {"BTC": 7e-07}
    assert "(BTC-PERPETUAL)" in found.funding[0]


def test_a_funding_of_the_wrong_type_is_refused():
    with pytest.raises(InputError, match="funding takes a Funding"):
        Limits(funding=1e-4)


@pytest.mark.parametrize("funding", [None, Funding(-1e-4), {"BTC": Funding(low=-1e-4, high=2e-4)}])
def test_limits_with_funding_are_saved(funding):
    limits = replace(PERPETUAL, funding=funding)
    assert limits_from(json.loads(json.dumps(limits.to_dict()))) == limits


def test_decay_counts_the_rate_that_is_given():
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30)])
    limits = Limits(outright=(Outright("perpetual"),), funding=Funding(rate=1e-4), **LOOSE)
    found = plan(
        coins(10), chain, Target(delta=(2.0, 2.5)), limits, horizon=20.0, effort=Effort(alternatives=False)
    )
    sold = -sum(leg.units for leg in found.legs if isinstance(leg.instrument, Perpetual))
    assert sold > 5.0
    sold = -sum(leg.units * leg.price for leg in found.legs if isinstance(leg.instrument, Perpetual))
    assert found.decay.funding == pytest.approx(-sold * 1e-4 * 3.0 * 20.0, rel=1e-9)
    assert found.cost.carry == 0.0  # what is received pays for nothing

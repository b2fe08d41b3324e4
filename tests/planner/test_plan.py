"""The planner's answer against every other answer, and against the book revalued by hand."""

from __future__ import annotations

import numpy as np
import pytest
from cases.enumeration import cheapest
from cases.planner import COIN, LOOSE, SPOT, coins, programme_for, random_case, small_chain
from numpy.testing import assert_allclose

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.pnl import pnl_of
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outright, PlanStatus, Target, plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver.search import relax, solve

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


@pytest.mark.parametrize("seed", range(25))
def test_no_book_of_whole_lots_is_cheaper(seed):
    _assert_equals_enumeration(seed, Effort(gap=1e-6))


@pytest.mark.slow  # every book of every case is valued
@pytest.mark.parametrize("seed", range(25, 400))
def test_no_book_of_whole_lots_is_cheaper_in_hundreds_of_cases(seed):
    _assert_equals_enumeration(seed, Effort(gap=1e-6, alternatives=False))  # what stands beside is not asked


def _assert_equals_enumeration(seed, effort):
    book, chain, target, limits = random_case(seed)
    scenarios = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))
    expected = cheapest(book, chain, target, limits, scenarios, 3)
    programme = programme_for(book, (Market.of(chain),), target, limits, 20.0, scenarios)
    options = programme.only(np.isin(programme.candidates.kinds, ("call", "put")))
    relaxed = relax(options)
    if expected is None:
        with pytest.raises(InfeasibleHedgeError) as caught:
            plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=effort)
        assert caught.value.clashes
        assert caught.value.closest.status is PlanStatus.CLOSEST
        return
    found = plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=effort)
    assert found.status is PlanStatus.OPTIMAL
    assert_allclose(found.objective, expected, rtol=2e-6, atol=1e-7)
    assert relaxed is not None
    assert relaxed.value <= expected + 1e-9


def test_every_limit_holds_when_the_orders_are_valued_by_hand():
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(8, 12), vega=(0, None), floor=-0.2), Limits(budget=0.02)
    found = plan(book, chain, target, limits)
    market = Market.of(chain)
    after = book + found
    exposure = after.exposure(market)
    assert 8 <= exposure.delta <= 12
    assert exposure.vega >= 0
    worst = pnl_of(after, (market,), default_scenarios(30.0)).min() + after.value(market) - book.value(market)
    assert worst >= -0.2 * book.value(market)
    assert sum(leg.units * leg.price for leg in found.legs) <= 0.02 * book.value(market)
    rows = chain.quotes.set_index("symbol")
    for leg in found.legs:
        quote = rows.loc[leg.instrument.symbol]
        assert leg.price == (quote["ask"] if leg.quantity > 0 else quote["bid"])
        assert abs(leg.quantity / chain.terms.lot - round(leg.quantity / chain.terms.lot)) < 1e-9
        assert abs(leg.units) >= 0.04 * 25 - 1e-9
    assert_allclose(found.after.delta, exposure.delta)


def test_the_cheaper_of_two_equal_puts_is_bought():
    chain = small_chain([("p", 90.0, 30), ("p", 90.0, 31)], spreads=[0.10, 0.01])
    found = plan(coins(10), chain, Target(delta=(None, 8)), Limits(**LOOSE))
    assert [leg.instrument.strike for leg in found.legs] == [90.0]
    assert found.legs[0].instrument.expiry == chain.quotes["expiry"].max()


def test_without_a_spread_or_fee_a_hedge_costs_nothing():
    terms = COIN.__class__(settlement="coin", lot=1.0)
    chain = small_chain(LADDER, terms=terms, spreads=[0.0] * len(LADDER))
    found = plan(coins(10), chain, Target(delta=(5, 6)), Limits(price_per_leg=0.0, **LOOSE))
    assert found.cost.execution == pytest.approx(0.0, abs=1e-9)
    assert 5 <= found.after.delta <= 6


def test_scaling_book_and_targets_scales_the_cost_until_lots_bind():
    chain = small_chain(LADDER)
    costs = [
        plan(
            coins(n), chain, Target(delta=(0.4 * n, 0.5 * n), floor=-0.3), Limits(budget=0.05, **LOOSE)
        ).objective
        for n in (1_000.0, 10_000.0)
    ]
    assert costs[1] == pytest.approx(10 * costs[0], rel=5e-3)


def test_a_plan_of_a_plan_is_empty():
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(8, 12), floor=-0.2), Limits()
    first = plan(book, chain, target, limits)
    # The floor is a share of the value, and that has just paid the spread.
    again = plan(book + first, chain, Target(delta=(8, 12), floor=-0.21), limits)
    assert first.legs
    assert again.legs == ()
    assert again.cost.execution == 0.0
    assert "nothing to trade" in again.message


def test_premium_paid_in_coin_is_part_of_delta_and_floor():
    """With inverse puts at p0 coin each and fees, the money floor is flat below the strike at n = H / (1 + p0 + f)."""
    chain = small_chain([("p", 99.0, 30)], terms=COIN)
    price = float(chain.quotes["ask"].iloc[0]) / SPOT + 0.0003
    low = grid([-0.99, -0.5], (0.0,), (30.0,))
    coin = 10_000.0
    n = coin / (1.0 + price)
    for quantity, flat in ((n, True), (coin, False)):
        from hedging.book.legs import option_leg

        legs = [option_leg(chain, chain.quotes["symbol"].iloc[0], round(quantity))]
        after = coins(coin) + legs
        pnl = pnl_of(after, (Market.of(chain),), low).ravel()
        assert (abs(pnl[0] - pnl[1]) < SPOT) == flat


@pytest.mark.parametrize(("funding", "paid"), [(-1e-6, 1e-6), (1e-4, 0.0)])
def test_a_short_perpetual_pays_its_funding_to_the_horizon_and_counts_none_of_its_income(funding, paid):
    market = Market.of(small_chain(LADDER), funding_8h=funding)
    limits = Limits(outright=(Outright("perpetual"),), **LOOSE)
    found = plan(coins(10), market, Target(delta=(4, 5)), limits, horizon=10.0)
    sold = -sum(leg.units * leg.price for leg in found.legs)
    assert sold > 0.0
    # Three times a day a short pays what a long receives.
    assert found.cost.carry == pytest.approx(sold * paid * 3 * 10.0)


def test_the_crash_of_february_2026_gives_the_plan_a_desk_would_trade(shared_data):
    """Long 27MAR26-62000 puts against 24APR26-65000 calls, as found by a plain whole-chain solve."""
    import hedging as hg

    chain = hg.read_chain(shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz", asset="BTC")
    to_minus_60 = grid(np.linspace(-0.6, 0.6, 41), (-0.1, 0.0, 0.1), (15.0, 30.0))
    found = plan(
        coins(25),
        chain,
        Target(delta=(8, 12), vega=(0, None), floor=-0.15),
        Limits(budget=0.02),
        scenarios=to_minus_60,
    )
    quantities = {leg.instrument.symbol: leg.quantity for leg in found.legs}
    assert set(quantities) == {"BTC-27MAR26-62000-P", "BTC-24APR26-65000-C"}
    assert quantities["BTC-27MAR26-62000-P"] == pytest.approx(21.1, abs=0.5)
    assert quantities["BTC-24APR26-65000-C"] == pytest.approx(-9.3, abs=0.7)
    assert found.cost.execution == pytest.approx(1_580, rel=0.05)  # its grid was another one


def test_solve_says_optimal_only_within_the_gap(shared_data):
    import hedging as hg

    chain = hg.read_chain(shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz", asset="ETH")
    book = Book([Holding.spot("ETH", 300)])
    target, limits = Target(delta=(96, 144), vega=(0, None), floor=-0.15), Limits(budget=0.02)
    programme = programme_for(book, (Market.of(chain),), target, limits, 30.0, default_scenarios(30.0))
    programme = programme.only(np.isin(programme.candidates.kinds, ("call", "put")))
    quick, full = solve(programme, gap=0.05), solve(programme, gap=1e-4)
    assert quick.bound <= full.objective + 1e-6
    assert full.objective <= quick.objective + 1e-6
    assert full.gap <= 1e-4 * (1 + 1e-9)

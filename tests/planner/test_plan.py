"""The planner's answer against every other answer, and against the book revalued by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from cases.planner import COIN, LOOSE, SPOT, brute_force, coins, programme, random_case, small_chain
from numpy.testing import assert_allclose

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.pnl import pnl_of
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, HedgePlan, Limits, Outright, PlanStatus, Target, plan, read_plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import Limit
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


# --- the optimum ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(25))
def test_no_book_of_whole_lots_is_cheaper(seed):
    _assert_equals_enumeration(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25, 400))
def test_no_book_of_whole_lots_is_cheaper_in_hundreds_of_cases(seed):
    _assert_equals_enumeration(seed)


def _assert_equals_enumeration(seed):
    book, chain, target, limits = random_case(seed)
    scenarios = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))
    expected = brute_force(book, chain, target, limits, scenarios, most=3)
    problem = programme(book, (Market.of(chain),), target, limits, 20.0, scenarios)
    options = problem.only(np.isin(problem.columns.kinds, ("call", "put")))
    relaxed = relax(options)
    if expected.cost is None:
        with pytest.raises(InfeasibleHedgeError) as caught:
            plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=Effort(gap=1e-6))
        assert caught.value.clashes
        assert caught.value.closest.status is PlanStatus.CLOSEST
        return
    found = plan(book, chain, target, limits, horizon=20.0, scenarios=scenarios, effort=Effort(gap=1e-6))
    assert found.status is PlanStatus.OPTIMAL
    assert_allclose(found.objective, expected.cost, rtol=2e-6, atol=1e-7)
    assert relaxed is not None
    assert relaxed.value <= expected.cost + 1e-9


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


# --- guards -----------------------------------------------------------------------------------------


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


def test_no_leg_is_smaller_than_its_share_or_larger_than_quoted():
    chain = small_chain(LADDER, sizes=[3.0] * len(LADDER))
    found = plan(
        coins(20),
        chain,
        Target(delta=(16, 17)),
        Limits(min_leg_share=0.1, **{k: LOOSE[k] for k in ("expiries", "deltas")}),
    )
    assert all(2.0 <= abs(leg.quantity) <= 3.0 for leg in found.legs)


def test_a_mark_beyond_the_quote_is_never_a_gain():
    from dataclasses import replace

    chain = small_chain([("p", 90.0, 30), ("p", 95.0, 30)])
    quotes = chain.quotes.copy()
    quotes["mark"] = quotes["mark"] * 1.2  # above the ask: buying looks like a gift
    quotes["mark_vol"] = quotes["mark_vol"] * 1.1
    rich = replace(chain, quotes=quotes)
    scenarios = grid([-0.5, 0.0], (0.0,), (1.0, 10.0))
    found = plan(coins(10), rich, Target(delta=(None, 9)), Limits(**LOOSE), scenarios=scenarios)
    assert found.cost.half_spread > 0
    now = grid([0.0], (0.0,), (0.0,))
    today = programme(coins(10), (Market.of(rich),), Target(floor=-0.5), Limits(**LOOSE), 10.0, now)
    assert (today.columns.pnl((Market.of(rich),), now) <= 1e-9).all()


def test_selling_outright_is_shown_beside_and_used_only_when_allowed():
    chain = small_chain(LADDER)
    target = Target(delta=(4, 5))
    options_only = plan(coins(10), chain, target, Limits(**LOOSE))
    assert all(isinstance(leg.instrument, Option) for leg in options_only.legs)
    assert options_only.outright.name == "spot"
    assert options_only.outright.misses == ()
    assert options_only.outright.legs[0].quantity == pytest.approx(-5.0, abs=0.01)
    free = plan(coins(10), chain, target, Limits(outright=(Outright("spot"),), **LOOSE))
    assert free.objective <= options_only.objective
    assert [leg.instrument.symbol for leg in free.legs] == ["BTC"]


@pytest.mark.parametrize(("funding", "paid"), [(-1e-6, 1e-6), (1e-4, 0.0)])
def test_a_short_perpetual_pays_its_funding_to_the_horizon_and_counts_none_of_its_income(funding, paid):
    market = Market.of(small_chain(LADDER), funding_8h=funding)
    limits = Limits(outright=(Outright("perpetual"),), **LOOSE)
    found = plan(coins(10), market, Target(delta=(4, 5)), limits, horizon=10.0)
    short = -sum(leg.quantity for leg in found.legs)
    assert short > 0.0
    # Three times a day a short pays what a long receives.
    assert found.cost.carry == pytest.approx(short * SPOT * paid * 3 * 10.0)


# --- no plan ----------------------------------------------------------------------------------------


def test_limits_that_clash_are_named_and_the_closest_plan_comes_along():
    chain = small_chain(LADDER)
    with pytest.raises(InfeasibleHedgeError, match="no plan meets every limit") as caught:
        plan(coins(10), chain, Target(delta=(9.5, None), floor=-0.01), Limits(budget=0.0, **LOOSE))
    error = caught.value
    assert set(error.clashes) >= {"floor"}
    assert set(error.clashes) <= {"delta", "floor", "budget", "calls covered", "puts covered"}
    assert error.closest.status is PlanStatus.CLOSEST
    assert any(not check.ok for check in error.closest.checks)


def test_each_clashing_limit_is_needed_for_the_clash():
    chain = small_chain(LADDER)
    book, scenarios = coins(10), default_scenarios(30.0)
    target, limits = Target(delta=(9.5, None), floor=-0.01), Limits(budget=0.0, **LOOSE)
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(book, chain, target, limits)
    problem = programme(book, (Market.of(chain),), target, limits, 30.0, scenarios)
    problem = problem.only(np.isin(problem.columns.kinds, ("call", "put")))
    from dataclasses import replace

    def possible(groups):
        rows = problem.rows.take(problem.rows.of(*map(Limit, groups)))
        return relax(replace(problem, rows=rows)) is not None

    clashes = caught.value.clashes
    assert not possible(clashes)
    assert all(possible(set(clashes) - {name}) for name in clashes)


def test_even_in_no_time_the_closest_plan_is_closer_than_no_plan():
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(23, 25), floor=-0.02), Limits(budget=0.0)
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(book, chain, target, limits, effort=Effort(time_limit=0.01))
    hedged = caught.value.closest
    assert hedged.legs
    assert hedged.troughs[1].share > hedged.troughs[0].share


def test_too_few_legs_are_named_as_the_clash():
    chain = small_chain([("p", 90.0, 30), ("p", 100.0, 30)], sizes=[3.0, 3.0])
    with pytest.raises(InfeasibleHedgeError, match="max_legs"):
        plan(coins(10), chain, Target(delta=(None, 7.8)), Limits(max_legs=1, **LOOSE))


def test_a_time_limit_still_returns_a_plan_with_its_gap():
    chain = samples.chain()
    target = Target(delta=(8, 12), vega=(0, None), floor=-0.2)
    found = plan(samples.book(), chain, target, Limits(budget=0.02), effort=Effort(time_limit=2.0))
    assert found.legs
    assert found.bound <= found.objective
    if found.status is PlanStatus.FEASIBLE:
        assert found.gap > 0
        assert "more time" in found.message


@pytest.mark.parametrize("seconds", [0.01, 0.1, 0.3])
def test_however_short_the_time_there_is_an_answer_that_says_what_it_is(seconds):
    target, message = Target(delta=(8, 12), vega=(0, None), floor=-0.2), ""
    limits = Limits(budget=0.02, parsimony=0.0)  # a simpler plan would cost more than what is proven
    try:
        found = plan(
            samples.book(), samples.chain(), target, limits, effort=Effort(gap=1e-9, time_limit=seconds)
        )
    except InfeasibleHedgeError as error:
        found, message = error.closest, str(error)
    assert found.legs
    if message:
        assert "nor was it proven" in message
        assert found.status is PlanStatus.CLOSEST
    else:
        assert all(check.ok for check in found.checks)
        assert found.bound <= found.objective
        assert (found.status is PlanStatus.FEASIBLE) == (found.gap > 1e-9 + 1e-6)


# --- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"delta": (12, 8)}, "low <= high"),
        ({"delta": (None, None)}, "at least one side"),
        ({"delta": (float("nan"), 1)}, "finite"),
        ({"vega": 3.0}, "band"),
        ({"floor": 15.0}, "between -1 and 0"),
        ({"floor": float("nan")}, "between -1 and 0"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Target(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"budget": -0.1}, "budget"),
        ({"max_legs": 0}, "max_legs"),
        ({"max_legs": 2.5}, "max_legs"),
        ({"expiries": (60, 20)}, "expiries"),
        ({"deltas": (0.6, 0.1)}, "deltas"),
        ({"min_leg_share": 1.0}, "min_leg_share"),
        ({"max_leg_share": 0.01}, "max_leg_share"),
        ({"outright": (Outright("spot"), Outright("spot"))}, "at most once"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Limits(**wrong)


def test_bad_books_chains_and_horizons_are_refused():
    chain = small_chain(LADDER)
    with pytest.raises(InputError, match="holds ETH"):
        plan(Book([Holding.spot("ETH", 3)]), chain, Target(delta=(0, 1)))
    with pytest.raises(InputError, match="no quote of BTC meets"):
        plan(coins(3), chain, Target(delta=(0, 1)), Limits(expiries=(300, 400)))
    with pytest.raises(InputError, match="horizon"):
        plan(coins(3), chain, Target(delta=(0, 1)), horizon=0.0)
    with pytest.raises(InputError, match="empty"):
        plan(Book(), chain, Target(delta=(0, 1)))


# --- the result as a value --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample_plan() -> HedgePlan:
    return plan(
        samples.book(),
        samples.chain(),
        Target(delta=(8, 12), vega=(0, None), floor=-0.2),
        Limits(budget=0.02),
    )


def test_a_saved_plan_reads_back_the_same(sample_plan, tmp_path):
    path = tmp_path / "plan.json"
    text = sample_plan.to_json(path)
    again = read_plan(path)
    assert again.to_json() == text
    assert again.legs == sample_plan.legs
    assert (samples.book() + again) == (samples.book() + sample_plan)


def test_the_json_holds_what_was_promised(sample_plan):
    saved = json.loads(sample_plan.to_json())
    promised = "status objective bound gap seconds cost orders before after binding inputs units"
    assert set(promised.split()) <= set(saved)
    assert (
        {"delta", "gamma", "vega", "theta", "value"}
        <= set(saved["before"]["BTC"])
        <= set(saved["units"]) | {"spot"}
    )
    assert {"instrument", "side", "quantity", "limit_price", "quote_unit", "limit_price_money"} <= set(
        saved["orders"][0]
    )
    assert saved["inputs"]["files"][0]["sha256"] == samples.chain().sha256
    assert saved["inputs"]["as_of"].startswith("2026-03-02T12:00")


def test_a_plan_prints_in_some_twenty_lines(sample_plan):
    lines = repr(sample_plan).splitlines()
    assert 12 <= len(lines) <= 27
    assert all(len(line) < 120 for line in lines)
    for leg in sample_plan.legs:
        assert leg.instrument.symbol in repr(sample_plan)
        assert leg.instrument.symbol in sample_plan._repr_html_()


def test_what_is_no_plan_is_refused_when_read(tmp_path):
    path = tmp_path / "other.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(path)
    path.write_text('{"legs": 3}')
    with pytest.raises(InputError, match="no hedge plan"):
        read_plan(path)


# --- recorded chains --------------------------------------------------------------------------------


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
    problem = programme(book, (Market.of(chain),), target, limits, 30.0, default_scenarios(30.0))
    problem = problem.only(np.isin(problem.columns.kinds, ("call", "put")))
    quick, full = solve(problem, gap=0.05), solve(problem, gap=1e-4)
    assert quick.bound <= full.objective + 1e-6
    assert full.objective <= quick.objective + 1e-6
    assert full.gap <= 1e-4 * (1 + 1e-9)


def test_one_outright_needs_no_tuple():
    assert Limits(outright=Outright("spot")) == Limits(outright=(Outright("spot"),))


def test_the_outright_trade_beside_is_one_that_the_position_allows():
    chain = small_chain(LADDER)
    leveraged = Book(Holding.spot("BTC", 2.0), Holding.perpetual("BTC", 8.0, entry=SPOT))
    for book, name in [(coins(10), "spot"), (leveraged, "perpetual")]:
        found = plan(book, chain, Target(delta=(4, 5)), Limits(**LOOSE))
        assert found.outright is not None
        assert found.outright.name == name

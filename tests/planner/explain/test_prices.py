"""What a plan says about itself: prices of limits, worst scenarios, structures, plainer plans beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import programme_for, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.legs import option_leg
from hedging.book.pnl import pnl_of
from hedging.book.structure import disguises, structure
from hedging.market.market import Market
from hedging.planner import Effort, Limits, Target, plan
from hedging.planner.explain.prices import drivers, shadow_prices
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.solver.search import relax

BOOK, CHAIN = samples.book(), samples.chain()
TARGET = Target(delta=(8, 12), vega=(0, None), floor=-0.2)
LIMITS = Limits(budget=0.02)


@pytest.fixture(scope="module")
def found():
    return plan(BOOK, CHAIN, TARGET, LIMITS)


def options_only(target: Target, limits: Limits):
    market = Market.of(CHAIN)
    whole = programme_for(BOOK, (market,), target, limits, 30.0, default_scenarios(30.0))
    return whole.only(np.isin(whole.candidates.kinds, ("call", "put")))


@pytest.mark.parametrize(
    ("limit", "wider"),
    [
        ("floor", lambda h: (replace(TARGET, floor=-0.2 - h), LIMITS)),
        ("budget", lambda h: (TARGET, Limits(budget=0.02 + h))),
        ("delta", lambda h: (replace(TARGET, delta=(8, 12 + 100 * h)), LIMITS)),
    ],
)
def test_a_price_of_a_limit_is_the_slope_of_the_cost(limit, wider):
    step = 1e-5
    prices = {
        str(each.limit): each.price
        for each in shadow_prices(options_only(TARGET, LIMITS), relax(options_only(TARGET, LIMITS)))
    }
    saved = relax(options_only(TARGET, LIMITS)).value - relax(options_only(*wider(step))).value
    assert prices.get(limit, 0.0) == pytest.approx(saved / step / 100, rel=1e-3, abs=1e-3)


def test_the_scenarios_a_floor_is_paid_for_are_the_worst_ones_of_the_relaxed_hedge():
    programme, scenarios = options_only(replace(TARGET, delta=None), LIMITS), default_scenarios(30.0)
    relaxed = relax(programme)
    shown = drivers(programme, relaxed, scenarios)
    assert sum(driver.weight for driver in shown) == pytest.approx(1.0, abs=1e-4)
    pnl = (
        pnl_of(BOOK, (Market.of(CHAIN),), scenarios).ravel()
        + (programme.candidates.pnl((Market.of(CHAIN),), scenarios) @ relaxed.lots).ravel()
    )
    for driver in shown:
        node = scenarios.labels.index(driver.scenario) * scenarios.days.size + list(scenarios.days).index(
            driver.day
        )
        assert pnl[node] == pytest.approx(pnl.min(), abs=1e-6 * programme.base)


def test_a_plan_says_what_binds_what_it_costs_and_where_the_worst_case_lies(found):
    text = repr(found)
    assert any(f"wider {limit} saves" in text for limit in ("floor", "budget", "delta"))
    assert found.troughs[0].share < found.troughs[1].share
    assert found.troughs[1].share >= -0.2 - 1e-9
    assert found.troughs[0].scenario in default_scenarios(30.0).labels
    assert found.binding


def test_plainer_structures_are_shown_beside_with_what_they_miss(found):
    names = [item.name for item in found.alternatives]
    assert "spot" in names
    for item in found.alternatives:
        checks = {str(check.limit) for check in item.misses}
        after = (BOOK + item.legs).exposure(Market.of(CHAIN))
        assert ("delta" in checks) == (not 8 - 1e-6 <= after.delta <= 12 + 1e-6)
        if item.name == "optimum" or item.misses:
            continue
        assert item.cost.execution + 0.00005 * found.base * len(item.legs) >= found.bound - 1e-6


def test_fewer_legs_win_when_they_cost_hardly_more():
    """Two thin puts beat one by a hair; the plan takes the one."""
    chain = small_chain([("p", 95.0, 30), ("p", 94.0, 30)], spreads=[0.0400, 0.0402], sizes=[30.0, 30.0])
    book = Book([Holding.spot("BTC", 50)])
    loose = {"expiries": (0, None), "deltas": (0.0, 1.0), "min_leg_share": 0.0, "price_per_leg": 0.0}
    target = Target(delta=(None, 41.01))
    optimum = plan(book, chain, target, Limits(parsimony=0.0, **loose), effort=Effort(gap=1e-6))
    simple = plan(book, chain, target, Limits(parsimony=0.05, **loose), effort=Effort(gap=1e-6))
    assert len(simple.legs) <= len(optimum.legs)
    assert optimum.objective <= simple.objective <= 1.05 * optimum.objective
    if len(simple.legs) < len(optimum.legs):
        assert simple.alternatives[0].name == "optimum"


def leg(symbol_of: tuple[str, float, int], quantity: float):
    flag, strike, days = symbol_of
    chain = small_chain([("p", 90.0, 30), ("p", 80.0, 30), ("c", 90.0, 30), ("c", 120.0, 60)])
    rows = chain.quotes
    hit = rows[
        (rows["flag"] == flag)
        & (rows["strike"] == strike)
        & (rows["time_to_expiry"].round(6) == round(days / 365, 6))
    ]
    return option_leg(chain, hit["symbol"].iloc[0], quantity)


def test_structures_have_the_names_a_desk_uses():
    put, low, call = leg(("p", 90.0, 30), 2), leg(("p", 80.0, 30), -2), leg(("c", 120.0, 60), -1)
    assert structure([put]) == "put"
    assert structure([put, low]) == "put spread"
    assert structure([put, call]) == "collar over 2 expiries"
    assert structure([put, low, call]) == "put-spread collar over 2 expiries"
    assert structure([call]) == "covered call"


def test_a_future_sold_in_disguise_is_recognised():
    put, call = leg(("p", 90.0, 30), 3), leg(("c", 90.0, 30), -2)
    (remark,) = disguises([put, call])
    assert "disguise, 2 units" in remark
    assert disguises([put, leg(("c", 120.0, 60), -2)]) == ()

"""Floors by day: against every book there is, and all the way through what a plan shows, saves and audits."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.enumeration import assert_proven, cheapest, random_chain
from cases.planner import LOOSE, coins, programme_for

from hedging import samples
from hedging.book.pnl import pnl_of
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, frontier, plan, read_plan
from hedging.planner.explain.prices import drivers, shadow_prices
from hedging.planner.request.request import Request
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver.relaxation import relax

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (2.0, 7.0, 20.0))
BY_DAY = {7.0: -0.08, 30.0: -0.18}
LIMITS = Limits(budget=0.03, max_legs=3, expiries=(20, 100))


def random_case(seed: int):
    random = np.random.default_rng(1_000 + seed)
    days = random.choice([2.0, 7.0, 20.0], int(random.integers(1, 4)), replace=False)
    shares = -np.sort(random.uniform(0.08, 0.5, days.size))
    floor = dict(zip(np.sort(days).tolist(), shares.tolist(), strict=True))
    high = None if random.random() < 0.5 else float(random.uniform(1.5, 2.7))
    target = Target(floor=floor, delta=None if high is None else (None, high))
    limits = Limits(max_legs=int(random.integers(1, 4)), budget=float(random.uniform(0.02, 0.3)), **LOOSE)
    return coins(3), random_chain(random), target, limits


@pytest.mark.parametrize("seed", range(40))
def test_the_cheapest_of_all_books_is_found(seed):
    book, chain, target, limits = random_case(seed)
    assert_proven(book, chain, target, limits, GRID, 3)


def test_the_cases_meet_their_floors_by_one_day_by_another_and_not_at_all():
    """What the enumeration above is worth: floors that need a hedge, some of which there are."""
    bought = []
    for seed in range(40):
        book, chain, target, limits = random_case(seed)
        without = cheapest(book, chain, replace(target, floor=None), limits, GRID, 3)
        bought.append((cheapest(book, chain, target, limits, GRID, 3), without))
    assert sum(cost is None for cost, _ in bought) >= 3
    assert sum(cost is not None and cost > (without or 0.0) + 1e-9 for cost, without in bought) >= 5


@pytest.fixture(scope="module")
def found():
    return plan(BOOK, CHAIN, Target(delta=(8, 14), floor=BY_DAY), LIMITS, effort=Effort(alternatives=False))


def test_each_day_keeps_its_own_floor_over_the_default_scenarios(found):
    market = Market.of(CHAIN)
    paths = Request.of(BOOK, CHAIN, Target(floor=BY_DAY), LIMITS).scenarios
    assert {7.0, 30.0} <= set(paths.days)
    pnl = pnl_of(BOOK + found, (market,), paths) + (BOOK + found).value(market) - BOOK.value(market)
    shown = {str(check.limit): check for check in found.checks}
    for day, share in BY_DAY.items():
        check = shown[f"floor day {day:g}"]
        worst = pnl[:, list(paths.days).index(day)].min() / found.base
        assert worst >= share - 1e-6
        assert check.low == share
        assert share - 1e-6 <= check.value <= worst + 1e-9  # the turns before that day are in it too
    assert f"floor day 7{'':>15}" in repr(found)
    assert found.inputs["target"]["floor"] == [[7.0, -0.08], [30.0, -0.18]]


def test_one_day_asks_nothing_of_the_others():
    target = Target(delta=(8, 25), floor={30: -0.5})
    paths = grid([-0.9, -0.6, -0.3, 0.0, 0.3], (0.0,), [5.0])
    paths = replace(
        paths,
        straight=False,
        days=np.array([5.0, 30.0]),
        spot=np.column_stack((paths.spot, np.full(5, 0.95))),
        vol_shift=np.zeros((5, 2)),
    )
    found = plan(BOOK, CHAIN, target, scenarios=paths, effort=Effort(alternatives=False))
    assert not found.legs
    assert found.troughs[1].share < -0.8
    assert [str(check.limit) for check in found.checks if str(check.limit).startswith("floor")] == [
        "floor day 30"
    ]


def test_the_same_share_on_every_date_is_the_plain_floor():
    paths = grid(np.linspace(-0.6, 0.6, 13), (0.0,), (7.0, 30.0))
    every, plain = (
        plan(
            BOOK,
            CHAIN,
            Target(delta=(8, 14), floor=floor),
            LIMITS,
            scenarios=paths,
            effort=Effort(alternatives=False),
        )
        for floor in ({7: -0.15, 30: -0.15}, -0.15)
    )
    assert every.objective == pytest.approx(plain.objective, rel=2e-3)
    assert [check.ok for check in every.checks] == [True] * len(every.checks)


def test_prices_of_the_days_are_slopes_of_the_relaxed_cost_and_drivers_lie_on_them():
    market = Market.of(CHAIN)

    def relaxed(floor):
        target = Target(delta=(8, 14), floor=floor)
        paths = Request.of(BOOK, CHAIN, target, LIMITS).scenarios
        programme = programme_for(BOOK, (market,), target, LIMITS, 30.0, paths)
        programme = programme.only(np.isin(programme.candidates.kinds, ("call", "put")))
        return programme, relax(programme), paths

    programme, solved, paths = relaxed(BY_DAY)
    prices = {str(each.limit): each for each in shadow_prices(programme, solved)}
    step, binding = 1e-5, 0
    for day in BY_DAY:
        saved = solved.value - relaxed(BY_DAY | {day: BY_DAY[day] - step})[1].value
        price = prices[name].price if (name := f"floor day {day:g}") in prices else 0.0
        assert price == pytest.approx(saved / step / 100, rel=1e-3, abs=1e-3)
        binding += price > 1.0
    assert binding
    shown = drivers(programme, solved, paths)
    assert {driver.day for driver in shown} <= {7.0, 30.0}
    assert sum(driver.weight for driver in shown) == pytest.approx(1.0, abs=1e-4)
    pnl = pnl_of(BOOK, (market,), paths) + programme.candidates.pnl((market,), paths) @ solved.lots
    for driver in shown:
        node = pnl[paths.labels.index(driver.scenario), list(paths.days).index(driver.day)]
        assert node == pytest.approx(BY_DAY[driver.day] * programme.base, abs=1e-6 * programme.base)


def test_a_soft_floor_by_day_costs_what_each_day_misses():
    target = Target(delta=(8, 14), floor={7: -0.01, 30: -0.02}, soft={"floor": 50.0})
    found = plan(BOOK, CHAIN, target, LIMITS, effort=Effort(alternatives=False, gap=1e-2))
    missed = sum(check.miss for check in found.checks if str(check.limit).startswith("floor day"))
    legs = LIMITS.price_per_leg * found.base * len(found.legs)
    assert missed > 0.01
    assert found.objective == pytest.approx(found.cost.execution + legs + 100 * 50.0 * missed, rel=1e-9)


def test_days_that_clash_are_named():
    with pytest.raises(InfeasibleHedgeError, match="floor day 7") as caught:
        plan(BOOK, CHAIN, Target(delta=(23, 25), floor={7: -0.02, 30: -0.9}), Limits(budget=0.0))
    assert "floor day 7" in caught.value.clashes
    assert "floor day 30" not in caught.value.clashes


def test_a_plan_is_saved_read_and_audited_for_the_days_that_are_left(found, tmp_path):
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert repr(saved) == repr(found)
    assert json.loads((tmp_path / "plan.json").read_text())["inputs"]["target"]["floor"] == [
        [7.0, -0.08],
        [30.0, -0.18],
    ]
    today = audit(saved, CHAIN)
    assert {"floor day 7", "floor day 30"} <= {str(check.limit) for check in today.checks}
    for passed, left in ((2, {"floor day 5", "floor day 28"}), (8, {"floor day 22"})):
        later = audit(
            saved,
            replace(CHAIN, as_of=CHAIN.as_of + pd.Timedelta(days=passed)),
            effort=Effort(time_limit=30.0),
        )
        assert {str(check.limit) for check in later.checks if str(check.limit).startswith("floor")} == left


@pytest.mark.parametrize(
    ("floor", "message"),
    [
        ({}, "one day at least"),
        ({7: -0.1, 30: None}, "one day at least"),
        ({7: 0.1}, "floor of day 7 must be a share between -1 and 0"),
        ({7: "much"}, "floor of day 7 must be a share"),
        ({0: -0.1}, "days > 0 from now"),
        ({"soon": -0.1}, "days > 0 from now"),
        ({True: -0.1}, "days > 0 from now"),
        ({float("inf"): -0.1}, "days > 0 from now"),
    ],
)
def test_a_floor_that_is_none_is_refused(floor, message):
    with pytest.raises(InputError, match=message):
        Target(floor=floor)


def test_days_that_cannot_be_judged_are_refused():
    with pytest.raises(InputError, match="floor of day 45 lies beyond the horizon of 30 days"):
        plan(BOOK, CHAIN, Target(floor={45: -0.1}))
    with pytest.raises(InputError, match="floor of day 7 cannot be judged: the scenarios have days 5, 20"):
        plan(BOOK, CHAIN, Target(floor={7: -0.1}), scenarios=grid([-0.2], days=[5.0, 20.0]))
    with pytest.raises(InputError, match="one for each of some days"):
        frontier(BOOK, CHAIN, Target(floor=BY_DAY))
    with pytest.raises(InputError, match="leave out floor"):
        Target(floor=BY_DAY, minimise="worst")


def test_a_frontier_over_the_budget_keeps_floors_by_day():
    curve = frontier(
        BOOK,
        CHAIN,
        Target(delta=(8, 14), floor=BY_DAY),
        LIMITS,
        over="budget",
        levels=[0.02, 0.05],
        effort=Effort(gap=0.02),
    )
    assert (np.diff(curve.table["cost"].dropna()) <= 1e-6).all()
    assert curve.plans[-1]

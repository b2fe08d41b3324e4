"""The search itself: what it finds however little time it has, and what it may say about it."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from cases.markets import STRIKES, flat_chain
from cases.planner import LOOSE, coins, programme_for, small_chain, tradable

from hedging import samples
from hedging._ground import clock as clock_of_a_call
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import Paths, grid
from hedging.planner import Effort, HedgePlan, Limits, PlanStatus, Target, frontier, plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.request import Request
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver import search as solver
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.exact import branch
from hedging.planner.solver.pairs import cheapest_pair
from hedging.planner.solver.relaxation import relax_within
from hedging.planner.solver.search_state import Search
from hedging.planner.verify.checks import checks_of

LADDER = [("p", 80.0, 30), ("p", 90.0, 30), ("c", 110.0, 30), ("p", 95.0, 60), ("c", 120.0, 60)]


def misses(found: HedgePlan) -> float:
    """The norm of the closest plan: misses, each as a share of its own scale."""
    return sum(check.miss / check.scale for check in found.checks)


# --- any money --------------------------------------------------------------------------------------


@pytest.mark.slow  # two plans each, and the least worst loss is proven by seconds of branching
@pytest.mark.parametrize("settlement", ["coin", "cash"])
@pytest.mark.parametrize("target", [{"floor": -0.3}, {"minimise": "worst"}], ids=["floor", "worst"])
def test_a_plan_is_the_same_in_any_money(settlement, target):
    """Coins are quoted in coins too, at prices of 1e-10: a solver's tolerances must not be of money."""
    found = []
    for unit in (1.0, 2.0**-50):  # powers of two: the same digits
        chain = flat_chain(
            settlement,
            spot=100.0 * unit,
            strikes=tuple(strike * unit for strike in STRIKES),
            days=(14.0, 30.0, 60.0),
            skew=0.1,
            half_spread=0.02,
        )
        limits = Limits(budget=0.02, max_legs=3)
        one = plan(
            coins(10.0), chain, Target(delta=(3.0, 4.5), **target), limits, effort=Effort(alternatives=False)
        )
        orders = [(leg.quantity, leg.instrument.strike / unit, leg.instrument.expiry) for leg in one.legs]
        found.append((one.status, orders, one.objective / unit, one.bound / unit))
    first = found[0]
    for status, orders, objective, bound in found[1:]:
        assert (status, orders) == first[:2]
        assert (objective, bound) == pytest.approx(first[2:], rel=1e-9)


def test_a_miss_that_is_rounding_leaves_no_gap():
    soft = Target(floor=-0.55, soft={"floor": 1e6})
    limits, fall = Limits(price_per_leg=0.0, **LOOSE), grid([-0.55, 0.0, 0.3], (0.0,), (20.0,))
    found = plan(
        coins(3.0), small_chain(LADDER), soft, limits, scenarios=fall, effort=Effort(alternatives=False)
    )
    assert not found.legs
    assert found.status is PlanStatus.OPTIMAL


# --- no time at all ---------------------------------------------------------------------------------


def nothing_branched(search, relaxed, counts):
    return -np.inf if list(counts) else search.target


@pytest.fixture
def no_branching(monkeypatch):
    """Branch and bound comes to nothing, as if its time were always up: the speed of the machine is out."""
    monkeypatch.setattr(solver, "branch_and_bound", nothing_branched)


FEASIBLE = [
    (Target(delta=(8, 12)), Limits()),
    (Target(delta=(8, 12), vega=(0, None), floor=-0.2), Limits(budget=0.02)),
    (Target(delta=(8, 12), floor=-0.2), Limits(budget=0.0)),
    (Target(floor=-0.12), Limits(budget=0.05)),
    (Target(vega=(200, 400), gamma=(0, None)), Limits()),
    (Target(delta=(5, 15), vega_by_days={(0, 60): (-50, 50)}), Limits(max_legs=6)),
]


@pytest.mark.parametrize(("target", "limits"), FEASIBLE)
def test_without_any_branching_there_is_a_plan_within_every_limit(no_branching, target, limits):
    found = plan(samples.book(), samples.chain(), target, limits, effort=Effort(alternatives=False))
    assert found.legs
    assert all(check.ok for check in found.checks)
    assert found.status in (PlanStatus.FEASIBLE, PlanStatus.OPTIMAL)
    assert found.bound <= found.objective


@pytest.mark.parametrize(("target", "limits"), FEASIBLE)
def test_what_is_found_without_branching_is_no_better_than_what_is_proven(monkeypatch, target, limits):
    proven = plan(samples.book(), samples.chain(), target, limits, effort=Effort(alternatives=False))
    with monkeypatch.context() as patched:
        patched.setattr(solver, "branch_and_bound", nothing_branched)
        quick = plan(samples.book(), samples.chain(), target, limits, effort=Effort(alternatives=False))
    assert quick.objective >= proven.bound - 1e-9
    assert quick.bound <= proven.objective + 1e-9


@pytest.mark.parametrize(
    ("target", "limits"),
    [
        (Target(delta=(23, 25), floor=-0.02), Limits(budget=0.0)),
        (Target(floor=-0.01), Limits(budget=0.0, max_legs=1)),
        (Target(delta=(24, 25), floor=-0.05), Limits(budget=0.001, max_legs=2)),
    ],
)
def test_without_any_branching_the_closest_plan_is_closer_than_no_plan(no_branching, target, limits):
    book, chain = samples.book(), samples.chain()
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(book, chain, target, limits)
    closest = caught.value.closest
    nothing = plan(book, chain, Target(delta=(None, 1e9)))
    assert nothing.legs == ()
    assert closest.legs
    assert len(closest.legs) <= limits.max_legs
    floor = target.floor
    assert misses(closest) < floor - nothing.troughs[0].share
    assert closest.troughs[1].share > closest.troughs[0].share


def test_rounding_never_holds_more_legs_than_allowed_nor_both_sides_of_one(no_branching):
    chain = small_chain(LADDER, sizes=[3.0] * len(LADDER))
    for legs in (1, 2, 3):
        try:
            found = plan(
                coins(12),
                chain,
                Target(delta=(8, 9)),
                Limits(max_legs=legs, **LOOSE),
                effort=Effort(alternatives=False),
            )
        except InfeasibleHedgeError as error:
            found = error.closest
        symbols = [leg.instrument.symbol for leg in found.legs]
        assert len(symbols) == len(set(symbols)) <= legs
        assert all(abs(leg.quantity) <= 3.0 for leg in found.legs)
        assert all(leg.quantity == round(leg.quantity) for leg in found.legs)


def test_lots_of_too_many_legs_or_of_sizes_that_are_none_are_no_plan():
    chain = small_chain(LADDER, sizes=[3.0] * len(LADDER))
    market = Market.of(chain)
    target, limits = Target(delta=(None, 100.0)), Limits(max_legs=2, **LOOSE | {"min_leg_share": 0.2})
    programme = programme_for(coins(10), (market,), target, limits, 30.0, default_scenarios(30.0))
    programme = tradable(programme, limits)
    search, bought = Search(programme, 0.0, np.inf), np.flatnonzero(programme.candidates.size > 0)
    for count, lots, kept in ((2, 2.0, True), (3, 2.0, False), (1, 1.0, False), (1, 4.0, False)):
        plan_of = np.zeros(len(programme.candidates))
        plan_of[bought[:count]] = lots
        assert search.keeps(plan_of) == kept


# --- one leg or two ---------------------------------------------------------------------------------


def sample_programme(target: Target, limits: Limits):
    market = Market.of(samples.chain())
    programme = programme_for(samples.book(), (market,), target, limits, 30.0, default_scenarios(30.0))
    return tradable(programme, limits)


@pytest.mark.parametrize("legs", [1, 2])
@pytest.mark.parametrize(("target", "limits"), FEASIBLE)
def test_the_cheapest_pair_is_the_one_that_branch_and_bound_finds(target, limits, legs):
    programme = replace(sample_programme(target, limits), max_legs=legs)
    every, most = np.arange(len(programme.candidates)), programme.candidates.most
    pairs = Search(programme, 0.0, np.inf)
    relaxed = relax_within(pairs, None, most)
    found, left = (
        (None, np.inf) if relaxed is None else cheapest_pair(pairs, relaxed, every, most, np.inf, legs=legs)
    )
    assert left == np.inf
    branched = Search(programme, 0.0, np.inf)
    lots, bound = branch(branched, every, most, legs, price=programme.price_per_leg)
    if lots is None:
        assert bound == np.inf
        assert found is None
        return
    assert pairs.keeps(found)
    assert np.count_nonzero(found) <= legs
    assert pairs.objective(found) == pytest.approx(branched.objective(lots), rel=1e-6)
    # Nothing costs less than the cheapest.
    assert cheapest_pair(pairs, relaxed, every, most, pairs.objective(found), legs=legs) == (None, np.inf)


def test_an_expected_shortfall_holds_for_the_cheapest_pair():
    random = np.random.default_rng(5)
    outcomes = Paths(
        np.array([30.0]),
        np.exp(0.15 * random.standard_t(4, 400))[:, None].clip(0.2, 3.0),
        np.zeros((400, 1)),
        ("",) * 400,
    )
    target = Target(delta=(8, 14), shortfall=-0.12)
    two = plan(
        samples.book(),
        samples.chain(),
        target,
        Limits(max_legs=2),
        outcomes=outcomes,
        effort=Effort(alternatives=False),
    )
    more = plan(
        samples.book(),
        samples.chain(),
        target,
        Limits(max_legs=3),
        outcomes=outcomes,
        effort=Effort(alternatives=False),
    )
    assert all(check.ok for check in two.checks)
    assert two.status is PlanStatus.OPTIMAL
    assert more.bound <= two.objective


# --- no plan, and how far from one ------------------------------------------------------------------


def test_a_target_out_of_reach_is_gone_for_as_far_as_the_orders_go():
    target, limits = Target(vega=(1e9, None)), Limits()
    with pytest.raises(InfeasibleHedgeError, match="vega cannot be kept by what may be traded") as caught:
        plan(samples.book(), samples.chain(), target, limits)
    closest = caught.value.closest
    candidates = sample_programme(target, limits).candidates
    every = np.sort(np.maximum(candidates.vega * candidates.most, 0.0))[::-1]
    assert closest.after.vega == pytest.approx(every[: limits.max_legs].sum(), rel=0.02)
    assert caught.value.clashes == ("vega",)
    assert closest.gap <= 0.01 * (1 + 1e-9)
    assert "No plan comes closer by more than 1%" in closest.message
    assert "No plan comes closer by more than 1%" in str(caught.value)


def test_no_book_of_whole_lots_misses_by_less_than_the_closest_plan_says():
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30), ("p", 95.0, 60)], sizes=[3.0] * 3)
    book, market = coins(6), Market.of(chain)
    target, limits = Target(delta=(None, 3.5), vega=(None, -0.05)), Limits(budget=0.01, **LOOSE)
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(book, chain, target, limits)
    base, least = book.value(market), np.inf
    request = Request.of(book, chain, target, limits)
    for lots in itertools.product(range(-3, 4), repeat=3):
        held = [(symbol, q) for symbol, q in zip(chain.quotes["symbol"], lots, strict=True) if q]
        legs = [option_leg(chain, symbol, q * chain.terms.lot) for symbol, q in held]
        puts = lots[0] + min(lots[2], 0), lots[2]
        if min(*puts) < 0 or lots[1] < 0:
            continue  # a put or a call sold uncovered: the checks of the plan forbid it, so look at fewer books
        checks = checks_of(request, legs, base)
        least = min(least, sum(check.miss / check.scale for check in checks))
    closest = caught.value.closest
    # The objective of the closest plan is 10 bases a miss of one scale; what it costs is little beside.
    assert closest.bound / (10 * base) <= least + 1e-9
    assert misses(closest) <= closest.objective / (10 * base)


def test_too_few_legs_are_proven_without_branching(no_branching):
    chain = small_chain([("p", 90.0, 30), ("p", 100.0, 30)], sizes=[3.0, 3.0])
    with pytest.raises(InfeasibleHedgeError, match="no plan meets every limit") as caught:
        plan(coins(10), chain, Target(delta=(None, 7.8)), Limits(max_legs=1, **LOOSE))
    assert "max_legs" in caught.value.clashes


def test_a_floor_beyond_the_life_of_every_option_names_the_horizon():
    chain = samples.chain()
    with pytest.raises(InfeasibleHedgeError, match="lives to the horizon of 400 days"):
        plan(samples.book(), chain, Target(floor=-0.05), horizon=400.0)
    found = plan(
        samples.book(), chain, Target(delta=(8, 12)), horizon=400.0, effort=Effort(alternatives=False)
    )
    assert any("lives to the horizon of 400 days" in remark for remark in found.remarks)
    assert not any(
        "horizon" in remark for remark in plan(samples.book(), chain, Target(delta=(8, 12))).remarks
    )


@pytest.mark.parametrize("horizon", [1e9, float("inf"), float("nan"), 0.0, -1.0])
def test_a_horizon_beyond_sense_is_refused(horizon):
    with pytest.raises(InputError, match="horizon must be a number of days > 0"):
        plan(samples.book(), samples.chain(), Target(delta=(8, 12)), horizon=horizon)


# --- a frontier, warm and cold ----------------------------------------------------------------------


def test_a_frontier_costs_what_its_points_cost_one_by_one():
    book, chain, target = samples.book(), samples.chain(), Target(delta=(6, 14))
    levels = [-0.1, -0.2, -0.3]
    table = frontier(book, chain, target, levels=levels, effort=Effort(gap=1e-4)).table
    for level, cost, bound in zip(table["floor"], table["cost"], table["bound"], strict=True):
        cold = plan(
            book,
            chain,
            replace(target, floor=level),
            Limits(parsimony=0.0),
            effort=Effort(gap=1e-4, alternatives=False),
        )
        assert cost == pytest.approx(cold.objective, rel=2e-4)
        assert bound <= cold.objective + 1e-9


def test_a_frontier_over_a_shortfall_of_many_outcomes_is_monotone_and_its_relaxation_convex():
    random = np.random.default_rng(6)
    fall = np.exp(0.12 * random.standard_t(4, 1_200)).clip(0.2, 3.0)
    outcomes = Paths(np.array([30.0]), fall[:, None], np.zeros((1_200, 1)), ("",) * 1_200)
    curve = frontier(
        samples.book(),
        samples.chain(),
        Target(delta=(6, 16)),
        over="shortfall",
        levels=np.linspace(-0.08, -0.2, 7),
        outcomes=outcomes,
    )
    table = curve.table
    cost, bound, relaxed = (table[name].to_numpy() for name in ("cost", "bound", "relaxed"))
    assert np.isfinite(cost).all()
    assert (np.diff(cost) <= 1e-9).all()
    assert (np.diff(bound) <= 1e-9).all()
    assert (np.diff(relaxed) <= 1e-6).all()
    assert (np.diff(relaxed, 2) >= -1e-3 * relaxed[0]).all()  # levels are evenly spaced
    assert (relaxed <= bound + 1e-6).all()
    assert (bound <= cost).all()


# --- beside the plan --------------------------------------------------------------------------------


def test_the_put_beside_a_plan_is_the_closest_of_all_puts_however_slow_the_machine(monkeypatch):
    clock = itertools.count(step=0.02)  # it is looked at a hundred times or so
    monkeypatch.setattr(clock_of_a_call, "now", lambda: next(clock))
    book, chain = samples.book(), samples.chain()
    target, limits = (
        Target(delta=(8, 12), vega=(0, None), floor=-0.15),
        Limits(budget=0.02, expiries=(20, 100)),
    )
    found = plan(book, chain, target, limits, effort=Effort(time_limit=1e4))
    put = next(each for each in found.alternatives if each.name == "put")
    whole = programme_for(book, chain, target, limits)
    candidates, rows = whole.candidates, whole.rows
    least = np.inf
    for column in np.flatnonzero((candidates.kinds == "put") & (candidates.size > 0.0)):
        lots = np.arange(candidates.least[column], candidates.most[column] + 1.0)
        over = np.maximum(rows.matrix[:, [column]] * lots - rows.bound[:, None], 0.0)
        hard = (over[~rows.soft] <= 1e-6).all(axis=0)
        missed = sum(
            (over[rows.of(limit)] / rows.scale[rows.of(limit)][:, None]).max(axis=0)
            for limit in rows.limits_of(rows.soft)
        )
        least = min(least, float(np.where(hard, missed, np.inf).min()))
    scales = {str(limit): rows.scale[rows.of(limit)].max() for limit in rows.limits}
    missed = sum(
        check.miss / (scales[str(check.limit)] if str(check.limit) == "delta" else 1.0)
        for check in put.misses
    )
    assert missed <= least + 0.011 * least


# --- the clock --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", range(12))
def test_however_early_the_time_is_up_what_comes_back_holds(seen, monkeypatch):
    """The time is up when the clock has been looked at so often: in the relaxation, the rounding, the pairs ..."""
    programme = replace(sample_programme(Target(delta=(8, 12), floor=-0.15), Limits(budget=0.02)), max_legs=3)
    best = solver.solve(programme, gap=1e-6, time_limit=60.0)
    looks = itertools.count()
    monkeypatch.setattr(Search, "late", lambda _: next(looks) >= 3**seen)
    found = solver.solve(programme, gap=1e-6, time_limit=60.0)
    assert not found.infeasible
    assert found.bound <= best.objective * (1.0 + 1e-9)
    if found.lots is None:
        return
    assert Search(programme, 0.0, np.inf).keeps(found.lots)
    assert found.objective >= best.bound * (1.0 - 1e-9)
    if next(looks) < 3**seen:  # it was not up
        assert found.objective == pytest.approx(best.objective, rel=2e-6)


def test_a_search_may_be_a_little_late_for_a_first_plan_and_no_more():
    programme = sample_programme(Target(delta=(8, 12)), Limits(budget=0.02))
    now = time.perf_counter()
    short, long = (Search.within(programme, 0.0, seconds, Engine()) for seconds in (0.0, 10.0))
    assert now + 0.5 <= short.last < now + 1.5
    assert now + 11.0 <= long.last < now + 12.0
    assert not short.late()

"""Value at risk as a limit, against every book there is; and all kinds of targets together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.enumeration import assert_proven, measure, random_chain, random_outcomes
from cases.planner import CASH, COIN, LOOSE, coins, programme_for, small_chain, tradable
from scipy.optimize import Bounds, LinearConstraint, milp

from hedging import samples
from hedging._numerics.tails import quantile_loss
from hedging.book.legs import option_leg
from hedging.book.pnl import pnl_of
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Outcomes, PlanStatus, Target, audit, frontier, plan, read_plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import VALUE_AT_RISK
from hedging.planner.request.target import BANDS
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver.value_at_risk import possible, solve
from hedging.risk.tails import value_at_risk

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))


def maybe(random, value_at_risk, value):
    return value if random.random() < value_at_risk else None


def random_case(seed: int):
    """A value at risk with anything else: bands of any kind, floor, shortfall, budget, cost, what is minimised."""
    random = np.random.default_rng([13, seed])
    chain = random_chain(random, most=5 if seed % 10 == 0 else 4, terms=COIN if seed % 2 else CASH)
    book, market = coins(float(random.integers(3, 7))), Market.of(chain)
    outcomes = random_outcomes(random, int(random.integers(15, 50)))
    minimise = str(random.choice(["cost", "cost", "worst", "shortfall"]))
    symbols = random.choice(chain.quotes["symbol"], 2, replace=False)
    aim = book + [option_leg(chain, symbol, float(random.integers(1, 3))) for symbol in symbols]
    bands = {}
    for name in random.choice(list(BANDS), int(random.integers(0, 3)), replace=False):
        value, now = (measure(name, held, market, Target()) for held in (aim, book))
        width = 0.5 * abs(value - now) + 1e-6
        bands[name] = (value - width, None)
    level = float(random.choice([0.7, 0.8, 0.9]))
    pnl = pnl_of(book, (market,), outcomes.paths)[:, -1]
    alone = value_at_risk(pnl, level, outcomes.weights) / book.value(market)
    target = Target(
        **bands,
        floor=maybe(random, 0.2, float(random.uniform(-0.8, -0.4))) if minimise != "worst" else None,
        shortfall=maybe(random, 0.2, float(random.uniform(-0.5, -0.2))) if minimise != "shortfall" else None,
        value_at_risk=-float(random.uniform(0.3, 0.95)) * min(max(alone, 0.01), 1.0),
        level=level,
        minimise=minimise,
    )
    limits = Limits(
        budget=maybe(random, 0.4, float(random.uniform(0.0, 0.08))),
        cost=maybe(random, 0.4, float(random.uniform(0.002, 0.02))),
        max_legs=int(random.integers(1, 4)),
        price_per_leg=float(random.choice([0.0, 0.0005])),
        parsimony=0.0,
        **LOOSE,
    )
    return book, chain, target, limits, outcomes


@pytest.mark.parametrize("seed", range(16))
def test_no_book_of_whole_lots_within_the_value_at_risk_is_better(seed):
    _assert_equals_enumeration(seed)


@pytest.mark.slow  # every book of every case is valued
@pytest.mark.parametrize("seed", range(16, 80))
def test_no_book_of_whole_lots_is_better_in_many_mixed_cases(seed):
    _assert_equals_enumeration(seed)


def _assert_equals_enumeration(seed):
    book, chain, target, limits, outcomes = random_case(seed)
    assert_proven(book, chain, target, limits, GRID, 3, outcomes=outcomes, share=3e-7)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_quantile_is_the_value_at_risk_of_the_risk_room(weighted):
    random = np.random.default_rng(3)
    for count in (7, 20, 200):
        pnl = random.standard_normal(count)
        weights = random.random(count) if weighted else np.ones(count)
        for level in (0.5, 0.8, 0.9, 0.95):
            found = quantile_loss(pnl, weights / weights.sum(), level)
            assert found == value_at_risk(pnl, level, weights)


@pytest.fixture(scope="module")
def outcomes() -> Outcomes:
    return Outcomes(random_outcomes(np.random.default_rng(21), 200, days=30.0).paths)


def test_a_plan_keeps_its_value_at_risk_and_gives_up_no_more_than_it_may(outcomes):
    target = Target(delta=(5, 16), value_at_risk=-0.12)
    found = plan(BOOK, CHAIN, target, Limits(), outcomes=outcomes, effort=Effort(alternatives=False))
    market = Market.of(CHAIN)
    pnl = pnl_of(BOOK + found, (market,), outcomes.paths)[:, -1]
    pnl = pnl + (BOOK + found).value(market) - BOOK.value(market)
    assert value_at_risk(pnl, 0.95) <= 0.12 * found.base * (1 + 1e-6)
    beyond = int((pnl < -0.12 * found.base * (1 + 1e-6)).sum())
    assert 0 < beyond <= 10
    assert f"{beyond} of 200 outcomes lose more" in repr(found)
    assert "value_at_risk" in repr(found)
    # A shortfall within the limit keeps the value at risk within it too, so it costs no less.
    dearer = plan(
        BOOK,
        CHAIN,
        Target(delta=(5, 16), shortfall=-0.12),
        Limits(),
        outcomes=outcomes,
        effort=Effort(alternatives=False),
    )
    assert dearer.objective >= found.bound - 1e-9
    without = plan(BOOK, CHAIN, Target(delta=(5, 16)), Limits(), effort=Effort(alternatives=False))
    assert found.objective >= without.bound - 1e-9


def test_however_short_the_time_the_bound_is_one(outcomes):
    """A plan stopped early has a gap that the proven optimum lies within."""
    target, limits = Target(delta=(5, 16), value_at_risk=-0.12), Limits()
    programme = programme_for(
        BOOK, (Market.of(CHAIN),), target, limits, 30.0, default_scenarios(30.0), outcomes
    )
    programme = tradable(programme, limits)
    full = solve(programme, gap=1e-3, time_limit=60.0)
    for seconds in (0.01, 1.0):
        early = solve(programme, gap=1e-3, time_limit=seconds)
        assert early.bound <= full.objective + 1e-6
        assert early.lots is None or early.objective >= full.bound - 1e-6


def test_a_value_at_risk_that_cannot_be_kept_is_named_and_the_closest_plan_comes_along():
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    outcomes, target = random_outcomes(np.random.default_rng(2), 40), Target(value_at_risk=-0.01, level=0.9)
    with pytest.raises(InfeasibleHedgeError, match="value_at_risk") as caught:
        plan(
            coins(10),
            chain,
            target,
            Limits(budget=0.0, **LOOSE),
            outcomes=outcomes,
            effort=Effort(time_limit=300.0),
        )
    closest = caught.value.closest
    assert closest.status is PlanStatus.CLOSEST
    assert any(str(check.limit) == "value_at_risk" for check in closest.checks)


def test_continuous_lots_can_keep_what_the_textbook_programme_can():
    """One binary an outcome and a constant large enough to switch its row off."""
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    outcomes, answers = random_outcomes(np.random.default_rng(2), 40), set()
    for share in (-0.4, -0.25, -0.15, -0.05):
        target = Target(value_at_risk=share, level=0.9)
        programme = programme_for(
            coins(10), (Market.of(chain),), target, Limits(budget=0.02, **LOOSE), 20.0, GRID, outcomes
        )
        programme = programme.only(np.isin(programme.candidates.kinds, ("call", "put")))
        rows, n, count = programme.rows, len(programme.candidates), 40
        switch = np.zeros((len(rows.bound), count))
        switch[rows.of(VALUE_AT_RISK)] = -1e5 * np.eye(count)
        matrix = np.vstack(
            (np.hstack((rows.matrix, switch)), np.hstack((np.zeros(n), outcomes.probabilities)))
        )
        textbook = milp(
            np.zeros(n + count),
            integrality=np.hstack((np.zeros(n), np.ones(count))),
            bounds=Bounds(0.0, np.hstack((programme.candidates.most, np.ones(count)))),
            constraints=LinearConstraint(matrix, -np.inf, np.hstack((rows.bound, 0.1 + 1e-12))),
        )
        assert possible(programme, time_limit=300.0) is (textbook.status == 0)
        answers.add(textbook.status)
    assert answers == {0, 2}


def test_a_value_at_risk_may_be_missed_at_a_price_and_is_then_missed_by_what_is_shown():
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    outcomes = random_outcomes(np.random.default_rng(2), 40)
    target = Target(value_at_risk=-0.05, level=0.9, soft={"value_at_risk": 0.001})
    found = plan(
        coins(10), chain, target, Limits(**LOOSE), outcomes=outcomes, effort=Effort(alternatives=False)
    )
    assert found.legs == ()
    (check,) = [check for check in found.checks if str(check.limit) == "value_at_risk"]
    assert check.miss > 0
    assert found.objective == pytest.approx(0.001 * 100.0 * check.miss, rel=1e-6)
    dear = replace(target, soft={"value_at_risk": 1e4})
    kept = plan(coins(10), chain, dear, Limits(**LOOSE), outcomes=outcomes, effort=Effort(alternatives=False))
    assert all(check.ok for check in kept.checks)


def test_a_plan_with_a_value_at_risk_reads_back_and_is_audited_over_outcomes(outcomes, tmp_path):
    target = Target(value_at_risk=-0.2, level=0.9)
    found = plan(
        BOOK, CHAIN, target, Limits(max_legs=2), outcomes=outcomes, effort=Effort(alternatives=False)
    )
    found.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.to_json() == found.to_json()
    with pytest.raises(InputError, match="value at risk are not saved"):
        audit(again, CHAIN)
    audited = audit(again, CHAIN, outcomes=outcomes)
    assert "value_at_risk" in {str(check.limit) for check in audited.checks}


def test_bad_input_around_a_value_at_risk_is_refused(outcomes):
    with pytest.raises(InputError, match="outcomes"):
        plan(BOOK, CHAIN, Target(value_at_risk=-0.1))
    with pytest.raises(InputError, match="value_at_risk must be a share"):
        Target(value_at_risk=0.1)
    many = random_outcomes(np.random.default_rng(1), 5_001)
    with pytest.raises(InputError, match="5,000 at most"):
        plan(BOOK, CHAIN, Target(value_at_risk=-0.1), outcomes=many)
    with pytest.raises(InputError, match="frontier takes no value at risk"):
        frontier(BOOK, CHAIN, Target(value_at_risk=-0.1), outcomes=outcomes)

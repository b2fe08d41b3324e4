"""Expected shortfall as a limit, and limits that may be missed at a price."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.planner import LOOSE, programme_for, small_chain
from scipy.optimize import linprog
from scipy.special import ndtri

from hedging import samples
from hedging._numerics.tails import shortfall, tail_weights
from hedging.book.book import Book, Holding
from hedging.book.pnl import pnl_of
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import Effort, Limits, Outcomes, Outright, Target, plan
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.programme import Programme
from hedging.planner.programme.rows import Rows
from hedging.planner.programme.shortfall import Tail
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import SHORTFALL, Limit
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver.search import relax
from hedging.risk.tails import expected_shortfall

BOOK, CHAIN = samples.book(), samples.chain()


def falls(count: int, days: float = 30.0, seed: int = 5) -> Paths:
    random = np.random.default_rng(seed)
    move = np.clip(0.25 * random.standard_t(4, count), -2.0, 1.5)
    shift = 0.2 * np.maximum(-move, 0.0) + 0.02 * random.standard_normal(count)
    return Paths(np.array([days]), np.exp(move)[:, None], shift[:, None], tuple(str(i) for i in range(count)))


@pytest.mark.parametrize("weighted", [False, True])
def test_tail_weights_and_shortfall_agree_with_the_definition(weighted):
    random = np.random.default_rng(3)
    pnl = random.standard_normal(1_237)
    share = random.random(pnl.size) if weighted else np.ones(pnl.size)
    share /= share.sum()
    for level in (0.5, 0.9, 0.95, 0.999):
        at, weights = tail_weights(-pnl, share, level)
        assert weights.sum() == pytest.approx(1.0)
        expected = expected_shortfall(pnl, level, share)
        assert weights @ -pnl[at] == pytest.approx(expected, rel=1e-12)
        assert shortfall(pnl, share, level) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("keep", [[0, 1, 2], [1, 2, 3], [0, 3], [2, 1], []])
def test_a_tail_over_some_columns_is_the_same_limit_over_them(keep):
    random = np.random.default_rng(8)
    tail = Tail(random.standard_normal(50), random.standard_normal((50, 4)), np.full(50, 0.02), 0.9, 0.1)
    lots = np.zeros(4)
    lots[keep] = 1.0
    row, bound = tail.row(lots)
    assert tail.over(lots) == pytest.approx(row @ lots - bound, rel=1e-12)
    assert tail.over(lots) == pytest.approx(
        expected_shortfall(tail.held + tail.pnl @ lots, 0.9) - 0.1, rel=1e-9
    )
    mask = np.isin(np.arange(4), keep)
    for some in (np.array(keep, dtype=int), mask):
        part, limit = tail.only(some).row(lots[some])
        np.testing.assert_allclose(part, row[some], rtol=1e-12)
        assert limit == pytest.approx(bound, rel=1e-12)


def test_cuts_reach_the_optimum_of_the_whole_linear_programme():
    """The same relaxation with one variable and one row a scenario (Rockafellar and Uryasev 2000)."""
    market, outcomes = Market.of(CHAIN), Outcomes(falls(2_000))
    target = Target(delta=(8, 14), vega=(0, None), shortfall=-0.15)
    programme = programme_for(
        BOOK, (market,), target, Limits(budget=0.03), 30.0, default_scenarios(30.0), outcomes
    )
    by_cuts = relax(programme)
    (tail,), rows, n = programme.tails, programme.rows, len(programme.candidates)
    count = tail.held.size
    # Candidates: lots, the quantile, the excess of each scenario.
    floor = np.hstack((-tail.pnl, -np.ones((count, 1)), -np.eye(count)))
    mean = np.hstack((np.zeros(n), 1.0, np.full(count, 1.0 / count / 0.05)))[None]
    fixed = np.hstack((rows.matrix, np.zeros((len(rows.bound), count + 1))))
    scale = 1e4
    whole = linprog(
        np.hstack((programme.candidates.cost, np.zeros(count + 1))),
        A_ub=np.vstack(
            (fixed / np.maximum(np.abs(fixed).max(axis=1, keepdims=True), 1e-12), floor / scale, mean / scale)
        ),
        b_ub=np.hstack(
            (
                rows.bound / np.maximum(np.abs(rows.matrix).max(axis=1), 1e-12),
                tail.held / scale,
                tail.limit / scale,
            )
        ),
        bounds=[*((0.0, each) for each in programme.candidates.most), (None, None), *([(0.0, None)] * count)],
        method="highs-ds",
    )
    assert by_cuts.value == pytest.approx(whole.fun, rel=1e-6)


def test_the_smallest_shortfall_of_three_assets_is_the_published_one():
    """Rockafellar and Uryasev 2000, tables 3 to 5: normal returns, mean at least 0.011, long only."""
    mean = np.array([0.010111, 0.0043532, 0.0137058])
    covariance = np.array(
        [
            [0.00324625, 0.00022983, 0.00420395],
            [0.00022983, 0.00049937, 0.00019247],
            [0.00420395, 0.00019247, 0.00764097],
        ]
    )
    # Quasi-random normals: the additive recurrence with the positive root of x^4 = x + 1.
    root = 1.2207440846057596
    uniform = (0.5 + np.arange(1, 20_001)[:, None] * root ** -np.arange(1.0, 4.0)) % 1.0
    returns = mean + ndtri(uniform) @ np.linalg.cholesky(covariance).T
    zeros, ones = np.zeros(3), np.ones(3)
    candidates = Candidates(
        instruments=tuple(Outright("spot").instrument(name) for name in ("A", "B", "C")),
        **dict.fromkeys(
            ("cost", "premium", "delta", "gamma", "vega", "theta", "coins", "cash", "entry", "closes"), zeros
        ),
        size=ones,
        lot=ones,
        least=zeros,
        most=ones,
    )
    rows = Rows(
        (Limit("cost"), Limit("budget")),
        np.vstack((ones, -ones, -mean)),
        np.array([1.0, -1.0, -0.011]),
        np.array([0, 0, 1]),
        ones,
        np.zeros(3, bool),
        np.zeros(3, bool),
    )
    tail = Tail(np.zeros(20_000), returns, np.full(20_000, 1 / 20_000), 0.90, 0.0)
    programme = Programme(candidates, rows, 0.0, 3, 1.0, "one", (tail,), {SHORTFALL: 1.0})
    found = relax(programme)
    assert found.value == pytest.approx(0.096975, rel=0.006)
    assert found.lots == pytest.approx([0.452013, 0.115573, 0.432414], abs=0.04)  # flat around the optimum


def test_a_plan_keeps_its_expected_shortfall():
    outcomes = falls(5_000)
    target = Target(delta=(8, 14), shortfall=-0.12)
    found = plan(BOOK, CHAIN, target, Limits(), outcomes=outcomes)
    pnl = pnl_of(BOOK + found, (Market.of(CHAIN),), outcomes)[:, -1]
    pnl = pnl + (BOOK + found).value(Market.of(CHAIN)) - BOOK.value(Market.of(CHAIN))
    assert expected_shortfall(pnl, 0.95) <= 0.12 * found.base * (1 + 1e-6)
    tighter = plan(BOOK, CHAIN, replace(target, shortfall=-0.10), Limits(), outcomes=outcomes)
    assert tighter.objective > found.objective
    assert {str(price.limit) for price in found.shadow_prices} >= {"shortfall"}


def test_probabilities_count():
    paths = falls(2_000)
    likely_falls = np.where(paths.spot[:, 0] < 0.8, 3.0, 1.0)
    target = Target(delta=(6, 16), shortfall=-0.12)
    even = plan(BOOK, CHAIN, target, Limits(), outcomes=paths, effort=Effort(alternatives=False))
    skewed = plan(
        BOOK,
        CHAIN,
        target,
        Limits(),
        outcomes=Outcomes(paths, likely_falls),
        effort=Effort(alternatives=False),
    )
    assert skewed.objective > even.objective


def test_an_impossible_shortfall_is_named():
    target = Target(delta=(24, 25), shortfall=-0.01)
    with pytest.raises(InfeasibleHedgeError, match="shortfall"):
        plan(BOOK, CHAIN, target, Limits(budget=0.0), outcomes=falls(1_000), effort=Effort(time_limit=30.0))


def test_a_shortfall_without_outcomes_is_refused():
    with pytest.raises(InputError, match="outcomes"):
        plan(BOOK, CHAIN, Target(shortfall=-0.1))
    with pytest.raises(InputError, match="one number >= 0"):
        Outcomes(falls(10), np.ones(3))
    with pytest.raises(InputError, match="level"):
        Target(shortfall=-0.1, level=1.0)


# --- targets that may be missed ---------------------------------------------------------------------


def test_a_soft_target_is_missed_when_missing_is_cheaper_and_met_when_not():
    chain = small_chain([("p", 95.0, 30), ("p", 90.0, 60)])
    book = Book([Holding.spot("BTC", 100)])
    hard = plan(book, chain, Target(delta=(None, 60)), Limits(**LOOSE))
    per_unit = hard.objective / 40.0
    cheap = plan(book, chain, Target(delta=(None, 60), soft={"delta": 0.2 * per_unit}), Limits(**LOOSE))
    assert cheap.legs == ()
    assert cheap.objective == pytest.approx(40.0 * 0.2 * per_unit, rel=1e-9)
    dear = plan(book, chain, Target(delta=(None, 60), soft={"delta": 50 * per_unit}), Limits(**LOOSE))
    assert dear.after.delta <= 60 + 0.5
    assert dear.objective <= hard.objective * (1 + 2e-3)


def test_a_soft_floor_is_missed_by_the_share_that_its_price_is_for():
    target = Target(delta=(8, 14), floor=-0.05)
    free = plan(BOOK, CHAIN, replace(target, soft={"floor": 100.0}), Limits(budget=0.02))
    (check,) = [check for check in free.checks if str(check.limit) == "floor"]
    missed = max(0.0, -0.05 - check.value)
    assert missed > 0
    assert free.objective == pytest.approx(
        free.cost.execution + 0.00005 * free.base * len(free.legs) + 100.0 * 100 * missed, rel=1e-9
    )


def test_only_targets_that_are_set_can_be_soft():
    with pytest.raises(InputError, match="soft"):
        Target(delta=(1, 2), soft={"vega": 3.0})
    with pytest.raises(InputError, match="price of missing delta"):
        Target(delta=(1, 2), soft={"delta": -3.0})

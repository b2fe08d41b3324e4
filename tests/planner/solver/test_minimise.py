"""The least worst loss and the least expected shortfall within a cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.enumeration import assert_proven, random_chain, random_outcomes
from cases.planner import CASH, COIN, LOOSE, coins, programme_for, small_chain
from scipy.optimize import linprog

from hedging import samples
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, frontier, plan, read_plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import Limit
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver.search import relax
from hedging.risk.tails import expected_shortfall

BOOK, CHAIN = samples.book(), samples.chain()
GRID = grid(np.linspace(-0.6, 0.6, 13), (-0.1, 0.1), (5.0, 20.0))


def random_case(seed: int):
    random = np.random.default_rng([7, seed])
    chain = random_chain(random, most=5 if seed % 10 == 0 else 4, terms=COIN if seed % 2 else CASH)
    book = coins(float(random.integers(3, 7)))
    delta = book.holdings[0].quantity * random.uniform(0.4, 0.9)
    minimise = "worst" if seed % 3 else "shortfall"
    target = Target(
        delta=(delta - 1.5, delta + 1.0) if random.random() < 0.6 else None,
        vega=(float(random.uniform(-0.2, 0.1)), None) if random.random() < 0.4 else None,
        minimise=minimise,
        level=float(random.choice([0.8, 0.9])),
    )
    limits = Limits(
        budget=float(random.uniform(0.0, 0.05)) if random.random() < 0.5 else None,
        cost=float(random.uniform(0.0005, 0.01)),
        max_legs=int(random.integers(1, 4)),
        price_per_leg=float(random.choice([0.0, 0.0005])),
        parsimony=0.0,
        **LOOSE,
    )
    outcomes = random_outcomes(random, 60) if minimise == "shortfall" else None
    return book, chain, target, limits, outcomes


@pytest.mark.parametrize("seed", range(12))
def test_no_book_of_whole_lots_loses_less(seed):
    _assert_equals_enumeration(seed)


@pytest.mark.slow  # every book of every case is valued
@pytest.mark.parametrize("seed", range(12, 60))
def test_no_book_of_whole_lots_loses_less_in_hundreds_of_cases(seed):
    _assert_equals_enumeration(seed)


def _assert_equals_enumeration(seed):
    book, chain, target, limits, outcomes = random_case(seed)
    assert_proven(book, chain, target, limits, GRID, 3, outcomes=outcomes, share=2e-7)


def test_the_least_shortfall_is_that_of_the_whole_linear_programme():
    """One variable and one row a scenario, the cost as a row (Rockafellar and Uryasev 2000)."""
    outcomes = random_outcomes(np.random.default_rng(4), 1_000, days=30.0)
    target, limits = Target(delta=(8, 14), minimise="shortfall"), Limits(budget=0.03, cost=0.001)
    market = Market.of(CHAIN)
    programme = programme_for(BOOK, (market,), target, limits, 30.0, default_scenarios(30.0), outcomes)
    (tail,), rows = programme.tails, programme.rows
    count = tail.held.size
    # Candidates: lots, the quantile, the excess of each scenario, in units of 10,000.
    scale, share = 1e4, tail.probabilities / 0.05
    excess = np.hstack((-tail.pnl / scale, -np.ones((count, 1)), -np.eye(count)))
    norm = np.maximum(np.abs(rows.matrix).max(axis=1), 1e-12)
    fixed = np.hstack((rows.matrix / norm[:, None], np.zeros((norm.size, count + 1))))
    whole = linprog(
        np.hstack((programme.candidates.cost / scale, 1.0, share)),
        A_ub=np.vstack((fixed, excess)),
        b_ub=np.hstack((rows.bound / norm, tail.held / scale)),
        bounds=[*((0.0, each) for each in programme.candidates.most), (None, None), *([(0.0, None)] * count)],
        method="highs-ds",
    )
    assert whole.fun > 0.01 * programme.base / scale
    assert relax(programme).value == pytest.approx(whole.fun * scale, rel=1e-5)


def test_the_least_worst_loss_and_the_least_cost_are_two_sides_of_one_frontier():
    """What the cheapest plan at the floor found costs is no more than the cap that the floor was found at."""
    target, limits = Target(delta=(6, 14)), Limits(budget=0.02, max_legs=2)
    found = plan(
        BOOK,
        CHAIN,
        replace(target, minimise="worst"),
        replace(limits, cost=0.0012),
        effort=Effort(alternatives=False),
    )
    floor = found.troughs[1].share
    (check,) = [check for check in found.checks if str(check.limit) == "floor"]
    assert check.value == pytest.approx(floor)
    assert (check.low, check.high) == (None, None)
    back = plan(BOOK, CHAIN, replace(target, floor=floor - 1e-9), limits, effort=Effort(alternatives=False))
    assert back.cost.execution <= found.cost.execution * (1 + 2e-3)
    assert found.cost.execution <= 0.0012 * found.base
    wider = plan(
        BOOK,
        CHAIN,
        replace(target, minimise="worst"),
        replace(limits, cost=0.002),
        effort=Effort(alternatives=False),
    )
    assert wider.troughs[1].share >= floor - 1e-3 * abs(floor)


def test_more_may_be_spent_on_a_loss_at_the_price_that_is_shown():
    """The shadow price of the cost cap is the slope of the relaxed loss between two caps."""
    target = Target(delta=(6, 14), minimise="worst")

    def relaxed(cost):
        limits = Limits(budget=0.02, cost=cost)
        return relax(programme_for(BOOK, (Market.of(CHAIN),), target, limits, 30.0, default_scenarios(30.0)))

    programme = programme_for(
        BOOK, (Market.of(CHAIN),), target, Limits(budget=0.02, cost=0.0003), 30.0, default_scenarios(30.0)
    )
    step = 1e-6 * programme.base
    at = relaxed(0.0003)
    slope = (at.value - relaxed(0.0003 + 1e-6).value) / step
    assert at.duals[programme.rows.of(Limit("cost"))].sum() == pytest.approx(slope, rel=1e-3)
    assert slope > 1.0


def test_where_nothing_need_be_lost_the_cheapest_plan_is_taken_and_said():
    up = grid([0.2, 0.4], (0.0,), (10.0,))
    found = plan(BOOK, CHAIN, Target(minimise="worst"), scenarios=up, effort=Effort(alternatives=False))
    assert found.legs == ()
    assert found.objective == 0.0


def test_a_cost_cap_that_cannot_be_kept_is_named():
    with pytest.raises(InfeasibleHedgeError, match="cost") as caught:
        plan(BOOK, CHAIN, Target(delta=(2, 3)), Limits(cost=0.0001))
    assert set(caught.value.clashes) <= {"delta", "cost", "calls covered", "puts covered"}
    assert any(str(check.limit) == "cost" for check in caught.value.closest.checks)


def test_a_plan_of_least_loss_says_so_and_reads_back(tmp_path):
    target = Target(delta=(6, 14), minimise="shortfall", level=0.9)
    outcomes = random_outcomes(np.random.default_rng(8), 500, days=30.0)
    found = plan(BOOK, CHAIN, target, Limits(cost=0.001, max_legs=2), outcomes=outcomes)
    assert "minimised" in repr(found)
    assert "smaller expected shortfall" in found.message
    assert all(other.loss is not None for other in found.alternatives)
    assert all("loses" in line for line in repr(found).splitlines() if line.startswith("  instead"))
    found.to_json(tmp_path / "plan.json")
    again = read_plan(tmp_path / "plan.json")
    assert again.to_json() == found.to_json()
    assert again.inputs["target"]["minimise"] == "shortfall"
    assert again.inputs["limits"]["cost"] == 0.001


def test_a_plan_of_least_loss_is_audited_against_the_limits_that_it_kept():
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(6, 14), minimise="worst"),
        Limits(cost=0.001, max_legs=2),
        effort=Effort(alternatives=False),
    )
    audited = audit(found, CHAIN)
    assert {str(check.limit) for check in audited.checks} >= {"delta"}
    assert not {str(check.limit) for check in audited.checks} & {"cost", "floor"}
    assert audited.restore.legs == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"minimise": "premium"}, "minimise must be one of cost, worst, shortfall"),
        ({"minimise": "worst", "floor": -0.2}, "leave out floor"),
        ({"minimise": "shortfall", "shortfall": -0.2}, "leave out shortfall"),
    ],
)
def test_what_cannot_be_minimised_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Target(**wrong)


def test_other_bad_input_around_a_least_loss_is_refused():
    with pytest.raises(InputError, match="outcomes"):
        plan(BOOK, CHAIN, Target(minimise="shortfall"))
    with pytest.raises(InputError, match="cost must be a share"):
        Limits(cost=-0.1)
    with pytest.raises(InputError, match="frontier is of the least cost"):
        frontier(BOOK, CHAIN, Target(minimise="worst"))


@pytest.mark.parametrize("numeraire", ["USD", "BTC"])
@pytest.mark.parametrize("terms", [COIN, CASH], ids=["coin", "cash"])
@pytest.mark.parametrize(
    "target",
    [{"minimise": "worst"}, {"minimise": "shortfall"}, {"floor": -0.08, "soft": {"floor": 100.0}}],
    ids=["worst", "shortfall", "soft floor"],
)
def test_no_loss_is_made_smaller_by_a_quote_that_beats_the_mark(target, terms, numeraire):
    """Marks lag: a put asked at 95 % of its own gains nothing by that, in the programme nor in its check."""
    chain = small_chain([("p", 90.0, 30), ("c", 110.0, 30)], terms=terms)
    quotes = chain.quotes.copy()
    put = quotes["strike"] == 90.0
    quotes.loc[put, "bid"], quotes.loc[put, "ask"] = 0.93 * quotes["mark"], 0.95 * quotes["mark"]
    cheap, book = replace(chain, quotes=quotes), coins(10.0, numeraire=numeraire)
    outcomes = random_outcomes(np.random.default_rng(4), 60) if "shortfall" in target.values() else None
    wanted = Target(delta=(3.0, 8.0), vega=(0.0, None), **target)
    limits = Limits(budget=0.05, max_legs=2, **LOOSE)
    found = plan(
        book, cheap, wanted, limits, outcomes=outcomes, scenarios=GRID, effort=Effort(alternatives=False)
    )
    row, market, after = quotes[put].iloc[0], Market.of(cheap), book + found.legs
    bought = sum(leg.units for leg in found.legs if leg.instrument.strike == 90.0)
    assert bought > 0.0
    paths = GRID if outcomes is None else outcomes.paths
    growth = paths.spot if numeraire == "BTC" else 1.0
    value = after.values(market, paths).sum(axis=2) + after.cash - bought * (row["mark"] - row["ask"])
    pnl = value / growth - book.value(market)
    if outcomes is None:
        least = float(pnl.min())
    else:
        least = -expected_shortfall(pnl[:, -1], wanted.level, outcomes.weights)
    check = next(check for check in found.checks if str(check.limit) in ("floor", "shortfall"))
    assert check.value == pytest.approx(least / book.value(market), rel=1e-9)

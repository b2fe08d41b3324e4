"""Frontier, audit, conditioning, free lunches, reweighting and proxies."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.later import later
from cases.planner import COIN, LOOSE, SPOT, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner import (
    Effort,
    Limits,
    Outcomes,
    Target,
    View,
    audit,
    conditioning,
    free_lunch,
    frontier,
    plan,
    proxy,
    read_plan,
    reweighted,
)

BOOK, CHAIN = samples.book(), samples.chain()
LADDER = [("p", 80.0, 30), ("p", 90.0, 30), ("p", 100.0, 30), ("c", 105.0, 30), ("c", 115.0, 30)]


# --- frontier ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def curve():
    levels = np.linspace(-0.1, -0.4, 7)
    return frontier(BOOK, CHAIN, Target(delta=(6, 16), vega=(0, None)), Limits(budget=0.03), levels=levels)


def test_protection_costs_less_the_wider_the_floor(curve):
    table = curve.table
    assert list(table["floor"]) == sorted(table["floor"], reverse=True)
    assert (np.diff(table["relaxed"]) <= 1e-6).all()
    assert (np.diff(table["cost"].dropna()) <= 1e-6).all()


def test_the_relaxed_frontier_is_convex_and_its_price_is_its_slope(curve):
    floor, relaxed, price = (curve.table[name].to_numpy() for name in ("floor", "relaxed", "price"))
    slopes = -np.diff(relaxed) / np.diff(100 * -floor)
    assert (np.diff(slopes) <= 1e-6 * slopes[:-1].max()).all()
    # The price at a level lies between the slopes on both sides of it.
    assert (price[:-1] >= slopes - 1e-6 * slopes.max()).all()
    assert (price[1:] <= slopes + 1e-6 * slopes.max()).all()


def test_whole_lots_never_cost_less_than_the_relaxation(curve):
    table = curve.table.dropna()
    assert (table["cost"] >= table["relaxed"] - 1e-6).all()
    assert (table["bound"] <= table["cost"] + 1e-6).all()
    assert "collar" in repr(curve) or "put" in repr(curve)


def test_each_plan_of_the_frontier_meets_its_own_level(curve):
    from hedging.book.pnl import pnl_of
    from hedging.planner.request.default_scenarios import default_scenarios

    market, base = Market.of(CHAIN), curve.base
    for level, legs in zip(curve.table["floor"], curve.plans, strict=True):
        after = BOOK + legs
        worst = (
            pnl_of(after, (market,), default_scenarios(30.0)).min() + after.value(market) - BOOK.value(market)
        )
        assert worst / base >= level - 1e-6


def test_a_frontier_runs_over_the_budget_too():
    curve = frontier(
        BOOK,
        CHAIN,
        Target(delta=(None, 12), floor=-0.3),
        over="budget",
        levels=[0.06, 0.0, 0.02],
        effort=Effort(time_limit=3.0),
    )
    assert list(curve.table["budget"]) == [0.0, 0.02, 0.06]
    assert (np.diff(curve.table["cost"].dropna()) <= 1e-6).all()
    with pytest.raises(InputError, match="over must be"):
        frontier(BOOK, CHAIN, Target(), over="delta")


def test_a_frontier_under_a_view_is_that_of_plans_under_it():
    view, levels = View(drift=-0.4), [-0.2, -0.4]
    limits = Limits(budget=0.03, max_legs=1, parsimony=0.0)
    curve = frontier(
        BOOK, CHAIN, Target(delta=(8, 20)), limits, levels=levels, view=view, effort=Effort(gap=1e-4)
    )
    for level, cost in zip(curve.table["floor"], curve.table["cost"], strict=True):
        found = plan(
            BOOK,
            CHAIN,
            Target(delta=(8, 20), floor=level),
            limits,
            view=view,
            effort=Effort(alternatives=False),
        )
        assert cost == pytest.approx(found.objective, rel=2e-3)
        assert cost < 0.0
    assert "under the view: drift -40 % a year" in repr(curve)
    assert curve.to_dict()["view"] == view.to_dict()


def test_a_frontier_says_where_it_stands_and_takes_another_solver():
    pytest.importorskip("ortools")
    heard = []
    curve, other = (
        frontier(
            BOOK,
            CHAIN,
            Target(delta=(8, 12), vega=(0, None)),
            Limits(budget=0.02, max_legs=3),
            levels=[-0.08, -0.15],
            effort=Effort(
                solver=solver, progress=lambda cost, bound: heard.append((cost, bound)), time_limit=60.0
            ),
        )
        for solver in ("highs", "scip")
    )
    assert np.allclose(curve.table["cost"], other.table["cost"], rtol=2.1e-2)
    assert heard
    assert all(bound <= cost + 1e-6 for cost, bound in heard)
    with pytest.raises(InputError, match="solver must be"):
        frontier(BOOK, CHAIN, Target(), levels=[-0.1], effort=Effort(solver="glpk"))


def test_thirty_levels_are_thirty_rows_as_plain_values():
    levels = np.linspace(-0.03, -0.9, 30)
    curve = frontier(BOOK, CHAIN, Target(delta=(6, 16)), Limits(budget=0.005, max_legs=2), levels=levels)
    saved = json.loads(json.dumps(curve.to_dict(), allow_nan=False))
    assert [row["floor"] for row in saved["levels"]] == list(levels)
    assert saved["levels"][0]["cost"] is None
    assert [len(row["orders"]) for row in saved["levels"]] == list(curve.table["legs"])


# --- audit ------------------------------------------------------------------------------------------


def test_an_audit_right_away_finds_nothing_to_do(tmp_path):
    found = plan(BOOK, CHAIN, Target(delta=(8, 12), floor=-0.25), Limits(), effort=Effort(alternatives=False))
    found.to_json(tmp_path / "plan.json")
    report = audit(read_plan(tmp_path / "plan.json"), CHAIN)
    assert report.days == 0
    assert -found.cost.execution - 1e-6 <= report.overlay_gain < 0
    assert report.drift["planned"].to_numpy() == pytest.approx(report.drift["now"].to_numpy())
    assert report.cost_now.execution == pytest.approx(found.cost.execution)


def test_an_audit_after_a_fall_says_what_drifted_and_what_restores_it():
    found = plan(
        BOOK,
        CHAIN,
        Target(delta=(11, 12), floor=-0.25),
        Limits(expiries=(20, None)),
        effort=Effort(alternatives=False),
    )
    moved = later(CHAIN, 3.0, 0.15)
    report = audit(found, moved)
    assert report.days == pytest.approx(3.0)
    assert report.overlay_gain > 0  # protection pays in a fall
    assert report.gain == pytest.approx(
        (BOOK + found).value(Market.of(moved)) - BOOK.value(Market.of(CHAIN)), rel=1e-9
    )
    assert not report.ok
    assert "delta is" in repr(report)
    assert report.restore is not None
    after = (BOOK + found + report.restore).exposure(Market.of(moved))
    assert 11 <= after.delta <= 12


def test_an_audit_judges_a_floor_over_the_days_that_restoring_it_plans_for():
    """Nothing is traded, so that the plan that restores the floor sees the worst case that the audit sees."""
    limits = Limits(expiries=(30, 40), max_legs=1)
    found = plan(BOOK, CHAIN, Target(floor=-0.2), limits, horizon=34.0, effort=Effort(alternatives=False))
    report = audit(found, later(CHAIN, 4.0, 0.0))
    assert found.legs
    assert not report.restore.legs
    assert report.restore.inputs["horizon_days"] == pytest.approx(30.0)
    (judged,) = (check.value for check in report.checks if str(check.limit) == "floor")
    assert judged * found.base == pytest.approx(report.restore.troughs[1].pnl, rel=1e-9)


def test_an_older_chain_is_refused():
    found = plan(BOOK, CHAIN, Target(delta=(8, 12)), effort=Effort(alternatives=False))
    with pytest.raises(InputError, match="older than the plan"):
        audit(found, replace(CHAIN, as_of=CHAIN.as_of - pd.Timedelta(days=1)))


# --- conditioning -----------------------------------------------------------------------------------


def options_of(chain, symbols) -> list[Option]:
    return [chain.option(symbol) for symbol in symbols]


def flat(chain, vols: list[float]):
    return replace(chain, quotes=chain.quotes.assign(mark_vol=vols))


def test_gamma_and_vega_within_one_expiry_take_ever_more_as_the_vols_agree():
    """vega = gamma S² vol T: ten times less difference in vol takes ten times the position."""
    held = Holding.option(
        "BTC", "c", 100.0, small_chain([("c", 101.0, 30)]).quotes["expiry"].iloc[0], 10.0, terms=COIN
    )
    gross = []
    for difference in (0.02, 0.002, 0.0002):
        chain = small_chain([("p", 95.0, 91), ("c", 105.0, 91), ("c", 101.0, 30)])
        rows = chain.quotes
        far = rows["time_to_expiry"] > 0.2
        vols = np.where(far, 0.6 + difference * (rows["strike"] > 100), 0.6)
        market = Market.of(flat(chain, list(vols)))
        report = conditioning(Book([held]), market, options_of(market.chain, rows["symbol"][far]))
        assert max(abs(left) for left in report.residual.values()) < 1e-6
        gross.append(report.gross)
    assert gross[1] / gross[0] == pytest.approx(10.0, rel=0.1)
    assert gross[2] / gross[1] == pytest.approx(10.0, rel=0.02)
    assert "another expiry" in report.message


def test_two_expiries_hedge_gamma_and_vega_in_ordinary_size():
    chain = small_chain([("c", 101.0, 14), ("c", 101.0, 30), ("c", 101.0, 91)])
    market = Market.of(chain)
    held = Book([Holding.option("BTC", "c", 101.0, chain.quotes["expiry"].iloc[1], 10.0, terms=COIN)])
    symbols = chain.quotes["symbol"].iloc[[0, 2]]
    report = conditioning(held, market, options_of(chain, symbols))
    assert report.condition < 10
    assert report.gross < 25
    assert "well conditioned" in report.message


def test_equal_vols_in_one_expiry_cannot_hedge_both():
    chain = flat(small_chain([("p", 95.0, 91), ("c", 105.0, 91)]), [0.6, 0.6])
    report = conditioning(BOOK, Market.of(chain), options_of(chain, chain.quotes["symbol"]))
    assert report.condition > 1e8 or np.isinf(report.condition)


# --- free lunches -----------------------------------------------------------------------------------


def lognormal(vol: float, count: int = 4_000, days: float = 30.0) -> Paths:
    from scipy.special import ndtri

    deviation = vol * np.sqrt(days / 365)
    move = np.exp(deviation * ndtri((np.arange(count) + 0.5) / count) - deviation**2 / 2)
    return Paths(np.array([days]), move[:, None], np.zeros((count, 1)), tuple(str(i) for i in range(count)))


def test_scenarios_that_miss_the_falls_give_puts_away():
    chain = small_chain([("p", 99.0, 30), ("c", 101.0, 30)])
    rising = Paths(np.array([30.0]), np.linspace(0.99, 1.6, 50)[:, None], np.zeros((50, 1)), ("",) * 50)
    lunch = free_lunch(chain, rising, Limits(**LOOSE), size=10.0)
    assert lunch.gain > 0
    sold = {leg.instrument.flag for leg in lunch.legs if leg.quantity < 0}
    assert sold == {"p"}
    # It loses nowhere indeed.
    after = Book() + lunch.legs
    values = after.values(Market.of(chain), rising).sum(axis=2) + after.cash
    assert values.min() >= -1e-6


def test_scenarios_that_span_the_strikes_give_nothing_away():
    assert free_lunch(small_chain(LADDER), lognormal(0.6), Limits(**LOOSE), size=10.0) is None


def test_reweighting_brings_every_model_price_within_bid_and_ask():
    chain = small_chain(LADDER, spreads=[0.03] * len(LADDER))
    wrong = lognormal(0.9)  # far wilder than the quotes
    found = reweighted(chain, wrong, Limits(**LOOSE))
    market = Market.of(chain)
    weights = found.outcomes.probabilities
    for row in chain.quotes.itertuples():
        payoff = np.maximum((1 if row.flag == "c" else -1) * (SPOT * wrong.spot[:, 0] - row.strike), 0.0)
        # Paid in coins today, settled in coins then: both move with spot.
        model = weights @ (payoff - row.ask / SPOT * (SPOT * wrong.spot[:, 0]))
        assert model <= 1e-3 * SPOT
        model = weights @ (payoff - row.bid / SPOT * (SPOT * wrong.spot[:, 0]))
        assert model >= -1e-3 * SPOT
    assert found.entropy > 0
    assert 1 < found.effective < len(wrong)
    assert market.asset == "BTC"


def test_scenarios_that_fit_the_quotes_keep_their_probabilities():
    chain = small_chain([("p", 95.0, 30), ("c", 105.0, 30)], spreads=[0.3, 0.3])
    found = reweighted(chain, lognormal(0.6), Limits(**LOOSE))
    assert found.entropy == pytest.approx(0.0, abs=1e-4)


def test_scenarios_with_a_free_lunch_cannot_be_reweighted():
    chain = small_chain([("p", 99.0, 30), ("c", 101.0, 30)])
    rising = Paths(np.array([30.0]), np.linspace(1.01, 1.6, 50)[:, None], np.zeros((50, 1)), ("",) * 50)
    with pytest.raises(InputError, match="no probabilities"):
        reweighted(chain, Outcomes(rising), Limits(**LOOSE))


# --- proxies ----------------------------------------------------------------------------------------


def test_a_gaussian_pair_gives_the_minimum_variance_ratio_and_its_residual():
    random = np.random.default_rng(11)
    other = 0.04 * random.standard_normal(200_000)
    own = 1.5 * other + 0.03 * random.standard_normal(other.size)
    found = proxy(own, other, asset="AVAX", by="BTC")
    rho = 1.5 * 0.04 / np.hypot(1.5 * 0.04, 0.03)
    assert found.beta == pytest.approx(rho * np.hypot(0.06, 0.03) / 0.04, rel=0.01)
    assert found.downside_beta == pytest.approx(1.5, rel=0.02)
    assert found.residual == pytest.approx(1 - rho**2, rel=0.02)
    left = own - found.beta * other
    assert left.var() / own.var() == pytest.approx(found.residual, rel=1e-6)
    assert found.usable
    assert found.verdict.startswith("Hedge with 1.5")


def test_a_proxy_that_leaves_most_of_the_risk_is_refused_with_a_verdict():
    random = np.random.default_rng(12)
    other = 0.03 * random.standard_normal(500)
    own = 0.5 * other + 0.06 * random.standard_normal(500)
    # 10 October 2025: BTC -12 %, AVAX -70 %.
    found = proxy(np.append(own, -0.70), np.append(other, -0.12), asset="AVAX", by="BTC")
    assert not found.usable
    assert found.verdict.startswith("Do not hedge AVAX with BTC")
    assert found.worst_left < -0.5


def test_the_stand_in_book_is_hedged_like_any_other():
    random = np.random.default_rng(13)
    other = 0.03 * random.standard_normal(500)
    found = proxy(1.2 * other + 0.01 * random.standard_normal(500), other, asset="AVAX", by="BTC")
    stand_in = found.book(quantity=70_000, spot=30.0, proxy_spot=70_000.0)
    assert stand_in.holdings[0].units == pytest.approx(30 * found.downside_beta)
    hedged = plan(stand_in, CHAIN, Target(delta=(10, 20)), effort=Effort(alternatives=False))
    assert 10 <= hedged.after.delta <= 20


def test_returns_that_make_no_pair_are_refused():
    with pytest.raises(InputError, match="same dates"):
        proxy(np.zeros(50), np.zeros(40))
    with pytest.raises(InputError, match="at least 30"):
        proxy(np.arange(5.0), np.arange(5.0))
    with pytest.raises(InputError, match="constant"):
        proxy(np.zeros(50), np.random.default_rng(1).standard_normal(50))

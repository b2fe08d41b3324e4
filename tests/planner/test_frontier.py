"""The frontier: cost over floors and budgets, each row against the plan of its level."""

from __future__ import annotations

import json
import math
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from hedging import samples
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.planner import (
    Effort,
    Limits,
    Target,
    View,
    frontier,
    plan,
)

FRONTIER = import_module("hedging.planner.frontier")  # the name is that of the function too

BOOK, CHAIN = samples.book(), samples.chain()


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
        effort=Effort(time_limit=60.0),
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


@pytest.mark.parametrize("levels", [[], "abc", [-0.1, math.nan], [-0.3, -3.0], [0.1]])
def test_levels_that_make_no_sense_are_refused(levels):
    with pytest.raises(InputError, match="levels"):
        frontier(BOOK, CHAIN, Target(delta=(8, 12)), levels=levels)


def test_a_frontier_keeps_the_levels_done_when_one_without_a_plan_is_interrupted(monkeypatch):
    solve, calls = FRONTIER.solve, []

    def interrupted(*args, **keywords):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return solve(*args, **keywords)

    monkeypatch.setattr(FRONTIER, "solve", interrupted)
    # Nothing meets the first two levels, so that the third has no plan to fall back on.
    limits = Limits(budget=0.0, max_legs=1)
    curve = frontier(BOOK, CHAIN, Target(delta=(24, 25)), limits, levels=[-0.01, -0.02, -0.03, -0.9])
    assert list(curve.table["floor"]) == [-0.01, -0.02]
    assert curve.plans == ((), ())
    assert curve.table["cost"].isna().all()
    calls[:] = [1, 1]
    with pytest.raises(KeyboardInterrupt):
        frontier(BOOK, CHAIN, Target(delta=(24, 25)), limits, levels=[-0.01, -0.02])


def test_premium_and_upside_given_up_are_those_of_the_orders(curve):
    spot = CHAIN.spot
    for premium, given_up, legs in zip(
        curve.table["premium"], curve.table["given_up"], curve.plans, strict=True
    ):
        paid = sum(leg.units * leg.price for leg in legs)
        assert premium == pytest.approx(paid)
        if all(leg.instrument.expiry <= CHAIN.as_of + pd.Timedelta(days=30) for leg in legs):
            worth = sum(
                leg.units * max(0.0, leg.instrument.sign * (1.5 * spot - leg.instrument.strike))
                for leg in legs
            )
            assert given_up * curve.base == pytest.approx(paid - worth, rel=0.05)
        sold_calls = any(leg.instrument.flag == "c" and leg.quantity < 0 for leg in legs)
        assert (given_up > 0) or not sold_calls

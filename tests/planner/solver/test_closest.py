"""Limits that clash: named, each needed for the clash, and the closest plan comes along."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, coins, programme_for, small_chain

from hedging import samples
from hedging.market.market import Market
from hedging.planner import Effort, Limits, PlanStatus, Target, plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.request.limit import Limit
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver import closest as closest_plan
from hedging.planner.solver import search_state
from hedging.planner.solver.search import relax

LADDER = [
    ("p", 80.0, 30),
    ("p", 90.0, 30),
    ("p", 100.0, 30),
    ("c", 110.0, 30),
    ("p", 95.0, 60),
    ("c", 120.0, 60),
]


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
    programme = programme_for(book, (Market.of(chain),), target, limits, 30.0, scenarios)
    programme = programme.only(np.isin(programme.candidates.kinds, ("call", "put")))
    from dataclasses import replace

    def possible(groups):
        rows = programme.rows.take(programme.rows.of(*map(Limit, groups)))
        return relax(replace(programme, rows=rows)) is not None

    clashes = caught.value.clashes
    assert not possible(clashes)
    assert all(possible(set(clashes) - {name}) for name in clashes)


def test_even_in_no_time_the_closest_plan_is_closer_than_no_plan(monkeypatch):
    # No time to search in, and what a first plan may be late by is long enough on a busy machine.
    monkeypatch.setattr(closest_plan, "SEARCH", 0.0)
    monkeypatch.setattr(closest_plan, "CLOSEST_SECONDS", 0.0)
    monkeypatch.setattr(search_state, "GRACE", (60.0, 0.1))
    book, chain = samples.book(), samples.chain()
    target, limits = Target(delta=(23, 25), floor=-0.02), Limits(budget=0.0)
    with pytest.raises(InfeasibleHedgeError) as caught:
        plan(book, chain, target, limits, effort=Effort(time_limit=100.0))
    hedged = caught.value.closest
    assert hedged.legs
    assert hedged.troughs[1].share > hedged.troughs[0].share


def test_a_closest_plan_that_is_not_proven_says_so_everywhere(monkeypatch):
    # No time for a first plan either: what is left is no order at all, and no bound.
    monkeypatch.setattr(closest_plan, "FIRST_PLAN", 0.0)
    monkeypatch.setattr(closest_plan, "REFUSAL", 0.0)
    target, limits = Target(delta=(23, 25), floor=-0.02), Limits(budget=0.0)
    with pytest.raises(InfeasibleHedgeError, match="not proven to be the closest") as caught:
        plan(samples.book(), samples.chain(), target, limits, effort=Effort(time_limit=100.0))
    message = caught.value.closest.message
    assert "not proven to be the closest" in message
    assert "comes closer by more than" not in message
    assert not caught.value.clashes
    assert "No plan meets every limit" not in message


def test_too_few_legs_are_named_as_the_clash():
    chain = small_chain([("p", 90.0, 30), ("p", 100.0, 30)], sizes=[3.0, 3.0])
    with pytest.raises(InfeasibleHedgeError, match="max_legs"):
        plan(coins(10), chain, Target(delta=(None, 7.8)), Limits(max_legs=1, **LOOSE))

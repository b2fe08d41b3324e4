"""Time that runs out and interrupts: there is an answer, and it says what it is."""

from __future__ import annotations

import math

import pytest

from hedging import samples
from hedging.planner import (
    Effort,
    Limits,
    PlanStatus,
    Target,
    plan,
)
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.solver import closest as closest_plan
from hedging.planner.solver import exact as branching
from hedging.planner.solver import search_state
from hedging.planner.solver.backends import Branched

BOOK, CHAIN = samples.book(), samples.chain()


def test_an_interrupt_returns_the_best_plan_so_far(monkeypatch):
    chain = samples.chain()
    calls = []
    whole = branching.solve_milp

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return whole(*args, **kwargs)

    monkeypatch.setattr(branching, "solve_milp", interrupted)
    target = Target(delta=(8, 12), vega=(0, None), floor=-0.12)
    found = plan(
        samples.book(),
        chain,
        target,
        Limits(budget=0.04, parsimony=0.0),
        effort=Effort(alternatives=False, gap=1e-6),
    )
    assert found.legs
    assert found.status is PlanStatus.FEASIBLE
    assert found.bound < found.objective


def _nothing(*args, **keywords):
    return None


def test_an_interrupt_before_there_is_a_plan_ends_the_search_at_once(monkeypatch):
    calls = []

    def interrupted(*args, **keywords):
        calls.append(1)
        return Branched(None, -math.inf, 0, interrupted=True)

    monkeypatch.setattr(branching, "solve_milp", interrupted)
    monkeypatch.setattr("hedging.planner.solver.search.rounded", _nothing)
    monkeypatch.setattr("hedging.planner.solver.search._few", _nothing)
    with pytest.raises(KeyboardInterrupt):
        plan(BOOK, CHAIN, Target(delta=(8, 12), vega=(0, None), floor=-0.15), Limits(budget=0.02))
    assert len(calls) == 1


def test_a_time_limit_still_returns_a_plan_with_its_gap():
    chain = samples.chain()
    target = Target(delta=(8, 12), vega=(0, None), floor=-0.2)
    found = plan(samples.book(), chain, target, Limits(budget=0.02), effort=Effort(time_limit=20.0))
    assert found.legs
    assert found.bound <= found.objective
    if found.status is PlanStatus.FEASIBLE:
        assert found.gap > 0
        assert "more time" in found.message


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3])
def test_however_short_the_time_there_is_an_answer_that_says_what_it_is(seconds, monkeypatch):
    # So much of the limit is for the search; beyond it a first plan has time enough on a busy machine.
    monkeypatch.setattr(closest_plan, "SEARCH", seconds / 100.0)
    monkeypatch.setattr(closest_plan, "CLOSEST_SECONDS", seconds)
    monkeypatch.setattr(search_state, "GRACE", (60.0, 0.1))
    target, message = Target(delta=(8, 12), vega=(0, None), floor=-0.2), ""
    limits = Limits(budget=0.02, parsimony=0.0)  # a simpler plan would cost more than what is proven
    try:
        found = plan(
            samples.book(), samples.chain(), target, limits, effort=Effort(gap=1e-9, time_limit=100.0)
        )
    except InfeasibleHedgeError as error:
        found, message = error.closest, str(error)
    assert found.legs
    if message:
        assert "nor was it proven" in message
        assert found.status is PlanStatus.CLOSEST
        assert "No plan was found that meets every limit" in found.message
    else:
        assert all(check.ok for check in found.checks)
        assert found.bound <= found.objective
        assert (found.status is PlanStatus.FEASIBLE) == (found.gap > 1e-9 + 1e-6)


def test_a_time_that_ran_out_is_no_proof_that_there_is_no_plan():
    target = Target(delta=(8, 12))
    with pytest.raises(InfeasibleHedgeError, match=r"nor was it proven .* Effort\(time_limit=") as late:
        plan(samples.book(), samples.chain(), target, effort=Effort(time_limit=0.001))
    with pytest.raises(InfeasibleHedgeError) as proven:
        plan(samples.book(), samples.chain(), target, Limits(budget=0.0, cost=0.0))
    assert (late.value.exit_code, proven.value.exit_code) == (3, 1)

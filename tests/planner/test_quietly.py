"""What a plan must not do quietly: soften, forget, swallow, or accept what makes no sense."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np
import pytest

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import Spot
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, View, audit, frontier, plan, read_plan
from hedging.planner.solver import exact as branching
from hedging.planner.solver.backends import Branched

BOOK, CHAIN = samples.book(), samples.chain()
FRONTIER = import_module("hedging.planner.frontier")  # the name is that of the function too


def test_a_band_of_a_window_stays_hard_where_the_whole_is_soft():
    target = Target(delta=(8, 12), vega=(0, None), vega_by_days={(0, 400): (3000, None)}, soft={"vega": 0.01})
    found = plan(BOOK, CHAIN, target, effort=Effort(alternatives=False))
    assert found.after.vega >= 3000 - 1e-3
    assert all(check.ok for check in found.checks)


def test_an_option_held_in_two_parts_is_closed_like_one_held_whole():
    option = CHAIN.option("BTC-10APR26-74000-P")
    limits = Limits(deltas=(0.05, 0.3), expiries=(7, 20))
    spot = Holding(Spot("BTC"), 25.0)
    parts = Book([spot, Holding(option, 10.0), Holding(option, 10.0)])
    whole = Book([spot, Holding(option, 20.0)])
    found = [
        plan(book, CHAIN, Target(vega=(None, 1.0)), limits, effort=Effort(alternatives=False))
        for book in (parts, whole)
    ]
    assert found[0].objective == pytest.approx(found[1].objective, rel=1e-9)
    assert [leg.instrument.symbol for leg in found[0].legs] == [
        leg.instrument.symbol for leg in found[1].legs
    ]


def test_a_plan_of_its_own_scenarios_is_audited_over_these():
    own = grid([0.7, 1.0, 1.3], days=[30.0])
    made = plan(BOOK, CHAIN, Target(floor=-0.10), scenarios=own, effort=Effort(alternatives=False))
    with pytest.raises(InputError, match="scenarios of its own"):
        audit(made, CHAIN)
    audited = audit(made, CHAIN, scenarios=own)
    assert audited.ok
    assert audited.restore is not None
    assert not audited.restore.legs


def _nothing(*args, **keywords):
    return None


def test_an_interrupt_before_there_is_a_plan_ends_the_search_at_once(monkeypatch):
    calls = []

    def interrupted(*args, **keywords):
        calls.append(1)
        return Branched(None, -math.inf, 0, interrupted=True)

    monkeypatch.setattr(branching, "branch_and_bound", interrupted)
    monkeypatch.setattr("hedging.planner.solver.search.rounded", _nothing)
    monkeypatch.setattr("hedging.planner.solver.search._few", _nothing)
    with pytest.raises(KeyboardInterrupt):
        plan(BOOK, CHAIN, Target(delta=(8, 12), vega=(0, None), floor=-0.15), Limits(budget=0.02))
    assert len(calls) == 1


def test_whole_numbers_of_numpy_and_open_windows_are_saved(tmp_path):
    limits = Limits(expiries=(7, math.inf), max_legs=np.int64(2))
    made = plan(
        BOOK, CHAIN, Target(delta=(8, 12)), limits, horizon=np.int64(30), effort=Effort(alternatives=False)
    )
    made.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").id == made.id


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"effort": {"gap": -1}}, "gap must be a share"),
        ({"effort": {"gap": 5}}, "gap must be a share"),
        ({"effort": {"gap": math.nan}}, "gap must be a share"),
        ({"effort": {"gap": "a"}}, "gap must be a share"),
        ({"effort": {"time_limit": "a"}}, "number of seconds"),
        ({"effort": {"time_limit": math.nan}}, "number of seconds"),
        ({"effort": {"progress": 3}}, "progress must be a function"),
        ({"view": View(drift={"DOGE": -1.0})}, "the view is of DOGE"),
    ],
)
def test_effort_and_views_that_make_no_sense_are_refused(keywords, message):
    def ask(effort=(), **more):
        return plan(BOOK, CHAIN, Target(delta=(8, 12)), effort=Effort(**dict(effort)), **more)

    with pytest.raises(InputError, match=message):
        ask(**keywords)


@pytest.mark.parametrize("levels", [[], "abc", [-0.1, math.nan], [-0.3, -3.0], [0.1]])
def test_levels_that_make_no_sense_are_refused(levels):
    with pytest.raises(InputError, match="levels"):
        frontier(BOOK, CHAIN, Target(delta=(8, 12)), levels=levels)


@pytest.mark.parametrize("view", [{"drift": {}}, {"drift": 1e6}, {"drift": math.nan}])
def test_views_of_nothing_or_beyond_sense_are_refused(view):
    with pytest.raises(InputError, match=r"view needs|drift must be"):
        View(**view)


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

"""Scenario rows that are made as they are needed find what rows listed beforehand do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.large import BANDS, chain_of, programme_of, request_of, scenarios_of
from cases.lazy_floor import lazy_floor

from hedging.planner import Target
from hedging.planner.programme import lazy_rows
from hedging.planner.request.limit import FLOOR, Limit
from hedging.planner.solver.closest import clashing, closest
from hedging.planner.solver.relaxation import relax
from hedging.planner.solver.search import simplest, solve
from hedging.planner.solver.search_state import Search

SHARE = -0.2


def both(target: Target = BANDS, floor: float = SHARE, quotes: int = 120, **limits):
    """The programme with its floor listed, and with the same floor made as it is needed."""
    chain, scenarios = chain_of(quotes), scenarios_of(15)
    request = request_of(chain, replace(target, floor=floor), scenarios, **limits)
    listed = programme_of(request)
    bare = programme_of(request_of(chain, target, scenarios, **limits))
    lazy = lazy_floor(request.book, request.markets[0], bare.candidates, scenarios, floor, bare.base)
    return listed, replace(bare, lazy=(lazy,))


def test_rows_that_are_made_are_the_rows_that_are_listed():
    listed, made = both()
    (lazy,), floor = made.lazy, listed.rows.many
    every = np.arange(len(lazy))
    assert lazy.rows(every) == pytest.approx(listed.rows.matrix[floor], rel=1e-9, abs=1e-9)
    lots = np.zeros(len(listed.candidates))
    lots[[3, 20, 41]] = 5.0, 70.0, 11.0
    assert lazy.over(lots) == pytest.approx(
        listed.rows.matrix[floor] @ lots - listed.rows.bound[floor], rel=1e-9, abs=1e-6
    )
    keep = np.arange(len(listed.candidates))[::2]
    assert lazy.only(keep).rows(every[:5]) == pytest.approx(lazy.rows(every[:5])[:, keep])


def test_orders_are_not_made_again_and_no_more_are_kept_than_there_is_room_for(monkeypatch):
    _, made = both()
    lazy = made.lazy[0]
    asked = []
    counting = replace(lazy, by_order=lambda at: asked.append(at) or lazy.by_order(at), _made={})
    lots = np.zeros(len(made.candidates))
    lots[[3, 20]] = 1.0
    counting.over(lots)
    counting.over(2.0 * lots)
    assert len(asked) == 2
    monkeypatch.setattr(lazy_rows, "MOST_KEPT", 2.5 * lazy.held.nbytes)
    for order in range(10):
        lots[:] = np.arange(lots.size) == order
        counting.over(lots)
    assert len(counting._made) == 2


@pytest.mark.parametrize("floor", [-0.35, -0.25, -0.18, -0.14])
@pytest.mark.parametrize("limits", [{"max_legs": 1}, {"max_legs": 2}, {"max_legs": 3, "price_per_leg": 0.0}])
def test_the_plan_is_the_same(floor, limits):
    listed, made = both(floor=floor, budget=0.1, **limits)
    expected, found = (solve(each, gap=1e-6, time_limit=60.0) for each in (listed, made))
    assert found.infeasible == expected.infeasible
    if expected.lots is None:
        return
    assert found.objective == pytest.approx(expected.objective, rel=2e-6)
    assert Search(listed, 0.0, np.inf).keeps(found.lots)
    floor_price = expected.relaxed.duals[listed.rows.many].sum()
    (_, price), *_ = found.relaxed.lazy_duals
    assert price.sum() == pytest.approx(floor_price, rel=1e-6, abs=1e-9)
    assert found.relaxed.value == pytest.approx(expected.relaxed.value, rel=1e-6)


def test_few_rows_are_ever_made():
    _, made = both()
    search = Search(made, 0.0, np.inf)
    relaxed = relax(made)
    search.look_at(relaxed)
    rows = np.count_nonzero(search.source == 0)
    assert 0 < rows <= 4  # those with a price
    solve(made, time_limit=60.0)
    assert len(made.lazy[0]._made) < len(made.candidates) / 2


def test_the_simplest_plan_is_the_same():
    listed, made = both(budget=0.1, price_per_leg=0.0)
    expected, found = (
        simplest(each, solve(each, gap=1e-6, time_limit=60.0), share=0.2, time_limit=60.0)
        for each in (listed, made)
    )
    assert np.count_nonzero(found.lots) == np.count_nonzero(expected.lots)
    assert found.objective == pytest.approx(expected.objective, rel=1e-5)


def test_the_closest_plan_and_what_clashes_are_the_same():
    listed, made = both(floor=-0.02, budget=0.002)
    assert {*clashing(listed)} == {*clashing(made)} == {Limit("delta"), FLOOR}
    expected, found = (closest(each, gap=1e-3, time_limit=60.0) for each in (listed, made))
    assert found.objective == pytest.approx(expected.objective, rel=2e-3)

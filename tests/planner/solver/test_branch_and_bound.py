"""Branching over stretches of orders, against every plan there is; and the linear programmes it stands on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from cases.enumeration import random_chain, random_outcomes
from cases.planner import CASH, COIN, LOOSE, coins, programme_for, tradable

from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Limits, Target
from hedging.planner.programme.programme import Programme
from hedging.planner.solver import branch_and_bound as stretches
from hedging.planner.solver.relaxation import relax_within
from hedging.planner.solver.search_state import Search

GRID = grid(np.linspace(-0.6, 0.6, 9), (-0.1, 0.1), (5.0, 20.0))
MOST = 3
KINDS = ("cost", "worst", "shortfall", "missed")


def programme_of(seed: int, kind: str) -> Programme:
    """Three or four options of three lots at most, up to three legs; `missed` may miss every limit at a price."""
    random = np.random.default_rng([11, seed, KINDS.index(kind)])
    chain = random_chain(random, terms=COIN if seed % 2 else CASH)
    book = coins(float(random.integers(3, 7)))
    held = book.holdings[0].quantity
    delta = held * random.uniform(0.3, 0.8)
    tail = kind == "shortfall"
    target = Target(
        delta=(delta - 0.8, delta + 0.8),
        vega=(0.0, None) if random.random() < 0.5 else None,
        floor=-0.45 if kind in ("cost", "missed") else None,
        minimise="cost" if kind == "missed" else kind,
        level=0.9,
    )
    limits = Limits(
        budget=float(random.uniform(0.0, 0.05)),
        max_legs=3,
        price_per_leg=float(random.choice([0.0, 0.0005])),
        **LOOSE,
    )
    outcomes = random_outcomes(random, 60) if tail else None
    whole = programme_for(book, (Market.of(chain),), target, limits, 20.0, GRID, outcomes)
    programme = tradable(whole, limits)
    if kind == "missed":
        may = ("delta", "vega", "floor", "budget")
        prices = {limit: 2.0 * programme.base for limit in programme.limits if limit.kind in may}
        programme = replace(programme, miss_price=prices)
    return programme


def every_plan(programme: Programme) -> Iterator[np.ndarray]:
    """All whole lots of one to `max_legs` instruments, each bought or sold."""
    sides: dict[str, list[int]] = {}
    for column, item in enumerate(programme.candidates.instruments):
        sides.setdefault(item.symbol, []).append(column)
    ways = [
        [(), *((column, lots) for column in candidates for lots in range(1, MOST + 1))]
        for candidates in sides.values()
    ]
    for chosen in itertools.product(*ways):
        legs = [leg for leg in chosen if leg]
        if 0 < len(legs) <= programme.max_legs:
            lots = np.zeros(len(programme.candidates))
            for column, number in legs:
                lots[column] = number
            if (lots <= programme.candidates.most).all() and (
                lots[lots > 0] >= programme.candidates.least[lots > 0]
            ).all():
                yield lots


def kept(programme: Programme) -> list[tuple[float, np.ndarray]]:
    """Cost and lots of all plans that keep what may not be missed."""
    search = Search(programme, 0.0, np.inf)
    return [(search.objective(lots), lots) for lots in every_plan(programme) if search.keeps(lots)]


def started(programme: Programme):
    search = Search(programme, 1e-9, np.inf)
    relaxed = relax_within(search, None, programme.candidates.most)
    return search, relaxed


@pytest.fixture(params=[0, stretches.FEW_LOTS], ids=["leg by leg", "as it is"])
def few_lots(request, monkeypatch):
    """So few options are a handful of lots, which a solver would be given at once: not so here."""
    monkeypatch.setattr(stretches, "FEW_LOTS", request.param)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_no_plan_of_whole_lots_costs_less(few_lots, seed, kind):
    programme = programme_of(seed, kind)
    plans = kept(programme)
    search, relaxed = started(programme)
    if relaxed is None:
        assert not plans
        return
    bound = stretches.branch_and_bound(search, relaxed, range(1, programme.max_legs + 1))
    if not plans:
        assert search.best is None
        assert bound == np.inf
        return
    least = min(cost for cost, _ in plans)
    assert search.cost == pytest.approx(least, rel=2e-6, abs=2e-7 * programme.base)
    assert bound <= least + 2e-7 * programme.base
    assert bound == pytest.approx(least, rel=1e-5, abs=1e-6 * programme.base)


@pytest.mark.parametrize("legs", [1, 2, 3])
@pytest.mark.parametrize("kind", ["cost", "missed"])
def test_a_number_of_legs_is_searched_by_itself(monkeypatch, kind, legs):
    monkeypatch.setattr(stretches, "FEW_LOTS", 0)
    programme = programme_of(5, kind)
    search, relaxed = started(programme)
    bound = stretches.branch_and_bound(search, relaxed, [legs])
    plans = [cost for cost, lots in kept(programme) if np.count_nonzero(lots) == legs]
    assert bound <= min(plans, default=np.inf) + 2e-7 * programme.base
    assert search.cost <= min(plans, default=np.inf) + 2e-7 * programme.base


def test_stopped_at_any_node_the_bound_is_above_no_plan(monkeypatch):
    monkeypatch.setattr(stretches, "FEW_LOTS", 0)
    relaxed_node = stretches._relaxed
    programme = programme_of(0, "missed")
    least = min(cost for cost, _ in kept(programme))
    bounds = []
    for nodes in range(1, 25):
        search, relaxed = started(programme)
        left = iter(range(nodes - 1))

        def stopping(search, node, left=left):
            if next(left, None) is None:
                search.deadline = -np.inf
            return relaxed_node(search, node)

        monkeypatch.setattr(stretches, "_relaxed", stopping)
        bounds.append(stretches.branch_and_bound(search, relaxed, [1, 2, 3]))
        assert bounds[-1] == search.floor
    assert max(bounds) <= least + 2e-7 * programme.base
    assert bounds == sorted(bounds)
    assert bounds[0] < bounds[-1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_plan_of_a_node_costs_less_than_its_relaxation(monkeypatch, kind):
    monkeypatch.setattr(stretches, "FEW_LOTS", 0)
    relaxed_node, seen = stretches._relaxed, []

    def noting(search, node):
        found = relaxed_node(search, node)
        # Where there is none, no plan of it costs less than what is looked for.
        none = search.target - node.legs * search.programme.price_per_leg
        seen.append((node, none if found is None else found.value))
        return found

    monkeypatch.setattr(stretches, "_relaxed", noting)
    programme = programme_of(1, kind)
    search, relaxed = started(programme)
    stretches.branch_and_bound(search, relaxed, [1, 2, 3])
    held, plans = 0, kept(programme)
    for node, value in seen:
        for cost, lots in plans:
            if lies_in(lots, node.stretches) and (lots <= node.most).all():
                held += 1
                fixed = node.legs * programme.price_per_leg
                assert cost >= value + fixed - 2e-7 * programme.base
    assert held


def lies_in(lots: np.ndarray, chosen: tuple[stretches.Stretch, ...]) -> bool:
    counts = [np.count_nonzero(lots[orders]) == legs for orders, legs in chosen]
    return all(counts) and np.count_nonzero(lots) == sum(legs for _, legs in chosen)


def test_of_two_halves_each_set_of_legs_lies_in_exactly_one_child():
    random = np.random.default_rng(3)
    for _ in range(20):
        orders = random.permutation(9)
        node = stretches._Node(
            ((orders[:6], 2), (orders[6:], 1)), np.full(9, 5.0), 0.0, np.zeros(0, dtype=int)
        )
        lots = np.where(random.random(9) < 0.5, random.uniform(0.0, 5.0, 9), 0.0)
        children = list(stretches._halved(node, lots))
        assert len(children) > 1
        for legs in itertools.combinations(range(9), 3):
            plan = np.isin(np.arange(9), legs).astype(float)
            assert sum(lies_in(plan, child) for child in children) == lies_in(plan, node.stretches)


def test_neighbours_of_the_line_are_of_one_side_and_kind_by_expiry_and_strike():
    programme = programme_of(2, "cost")
    candidates, line = programme.candidates, stretches._line(programme)
    assert sorted(line) == list(range(len(candidates)))
    keys = [
        (
            candidates.instruments[i].flag,
            candidates.size[i] > 0,
            candidates.instruments[i].expiry,
            candidates.instruments[i].strike,
        )
        for i in line
    ]
    assert keys == sorted(keys)

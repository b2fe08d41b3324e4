"""All pairs of a chain without laying them all down: nothing cheaper is left out, and little is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.large import BANDS, chain_of, programme_of, request_of, scenarios_of

from hedging.planner import Target
from hedging.planner.solver import pairs as module
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.pair_relaxation import Box, bounded
from hedging.planner.solver.pairs import cheapest_pair, plainest_pair
from hedging.planner.solver.relaxation import reach, relax_within
from hedging.planner.solver.search import solve
from hedging.planner.solver.search_state import Search

TARGETS = [
    BANDS,
    replace(BANDS, floor=-0.2),
    Target(delta=(499, 501), vega=(20, 30)),
    Target(delta=(300, 700), gamma=(2, 6), floor=-0.3),
]


@pytest.fixture(scope="module", params=range(len(TARGETS) * 2))
def programme(request):
    seed, at = divmod(request.param, len(TARGETS))
    price = 0.0 if seed else 5e-5
    chain = chain_of(90, seed)
    return programme_of(request_of(chain, TARGETS[at], scenarios_of(15), price_per_leg=price, max_legs=2))


def all_pairs(search: Search, target: float) -> np.ndarray:
    """The cost of the relaxation of every single leg and pair, infinite where it is the target or more."""
    every, most = np.arange(len(search.programme.candidates)), search.programme.candidates.most
    box = Box.of(search, every, most)
    first, second = np.triu_indices(every.size, k=1)
    different = search.contracts[first] != search.contracts[second]
    first = np.append(first[different], every)
    second = np.append(second[different], np.full(every.size, every.size))
    left = bounded(box.pairs(first, second), box, np.arange(search.bound.size), target)
    cost = np.full((every.size, every.size + 1), np.inf)
    cost[left.first, left.second] = left.cost
    return cost


def searched(programme, memory: float = 1e9):
    search = Search(programme, 0.0, np.inf, Engine(memory=memory))
    return search, relax_within(search, None, programme.candidates.most)


def test_no_pair_that_is_left_out_costs_less_than_the_target(programme):
    search, relaxed = searched(programme)
    found, _ = cheapest_pair(search, relaxed, *reach(search, relaxed, np.inf), np.inf)
    least = search.objective(found)
    for target in (least, 1.02 * least, 1.2 * least):
        keep, most = reach(search, relaxed, target - programme.price_per_leg)
        sides = module._Sides.of(search, relaxed, keep, most, target)
        left = np.full((len(most), len(most)), False)
        for first, second, _ in sides.blocks(lambda t=target, s=sides: t - s.base, 1_000):
            assert not left[keep[first], keep[second]].any()  # none twice
            left[keep[first], keep[second]] = True
        wanted = np.isfinite(all_pairs(search, target - 1e-6 * abs(target))[:, :-1])
        assert not (wanted & ~left).any()


def test_the_bound_of_a_block_is_one_on_all_pairs_from_it_on(programme):
    search, relaxed = searched(programme)
    keep, most = reach(search, relaxed, np.inf)
    cost = all_pairs(search, np.inf)[:, :-1]
    sides = module._Sides.of(search, relaxed, keep, most, np.inf)
    blocks = list(sides.blocks(lambda: np.inf, 300))
    assert len(blocks) > 3
    for at, (*_, least) in enumerate(blocks):
        later = min(cost[keep[first], keep[second]].min(initial=np.inf) for first, second, _ in blocks[at:])
        assert sides.base + least <= later + 1e-6 * abs(later)


@pytest.mark.parametrize("memory", [1e4, 1e6])
def test_little_memory_finds_the_same_plan(programme, memory, monkeypatch):
    monkeypatch.setattr(module, "SMALLEST", 64)
    expected, bound = cheapest_pair(*(args := searched(programme)), *reach(*args, np.inf), np.inf)
    found, left = cheapest_pair(*(args := searched(programme, memory)), *reach(*args, np.inf), np.inf)
    assert bound == left == np.inf
    cost = programme.candidates.cost
    assert cost @ found == pytest.approx(cost @ expected, rel=1e-12)


def test_the_cheapest_pair_is_no_dearer_than_any_whole_lots_of_the_cheapest_relaxations(programme):
    """Brute force over the pairs whose relaxations are cheapest, lot by lot in a window around their points."""
    search, relaxed = searched(programme)
    found, _ = cheapest_pair(search, relaxed, *reach(search, relaxed, np.inf), np.inf)
    least = search.objective(found)
    cost = all_pairs(search, least)[:, :-1]
    near = np.argwhere(np.isfinite(cost))
    random = np.random.default_rng(0)
    for i, j in random.permutation(near)[:40]:
        for x in random.integers(programme.candidates.least[i], 800, 60):
            for y in random.integers(programme.candidates.least[j], 800, 5):
                lots = np.zeros(len(programme.candidates))
                lots[[i, j]] = x, y
                if search.objective(lots) < least * (1.0 - 1e-9):
                    assert not search.keeps(lots)


def test_where_there_is_no_time_the_rest_is_bounded(programme):
    search, relaxed = searched(programme)
    found, _ = cheapest_pair(search, relaxed, *reach(search, relaxed, np.inf), np.inf)
    late, relaxed = searched(programme)
    late.last = 0.0
    nothing, left = cheapest_pair(late, relaxed, *reach(late, relaxed, np.inf), np.inf)
    assert nothing is None
    assert relaxed.value <= left <= search.objective(found) * (1.0 + 1e-9)


def test_the_plainest_pair_is_the_cheapest_of_the_lowest_rank(programme, monkeypatch):
    monkeypatch.setattr(module, "POOLED", 50)  # pools are gone through as they fill
    search, relaxed = searched(programme)
    cheapest, _ = cheapest_pair(search, relaxed, *reach(search, relaxed, np.inf), np.inf)
    ceiling = 1.1 * search.objective(cheapest)
    keep, most = reach(search, relaxed, ceiling)

    def ranks(orders):
        return (orders.sum(axis=1) * 7) % 11

    def cheapest_of(rank):
        def one(orders):
            return np.where(ranks(orders) == rank, 0, 1)

        return plainest_pair(search, relaxed, keep, most, ceiling, one, 1)

    plainest = plainest_pair(search, relaxed, keep, most, ceiling, ranks, 11)
    of_each = (cheapest_of(rank) for rank in range(11))
    expected = next((lots for lots in of_each if lots is not None), None)
    assert search.objective(plainest) == pytest.approx(search.objective(expected), rel=1e-12)


# --- how the work grows -----------------------------------------------------------------------------


def work(quotes: int, target: Target, monkeypatch) -> int:
    """Pairs laid down, times rows looked at, and cells of linear programmes."""
    laid: list[int] = []
    original = module.Box.pairs

    def counted(self, first, second):
        laid.append(first.size)
        return original(self, first, second)

    monkeypatch.setattr(module.Box, "pairs", counted)
    found = solve(programme_of(request_of(chain_of(quotes), target, scenarios_of(15))), time_limit=60.0)
    monkeypatch.undo()
    assert found.gap <= 1e-3 + 1e-9
    return sum(laid)


@pytest.mark.parametrize("target", TARGETS[:2])
def test_pairs_that_are_laid_down_grow_hardly_faster_than_quotes(target, monkeypatch):
    # All there are would be quotes squared: an exponent of 2.
    sizes = np.array([250, 1_000, 4_000])
    counts = [work(int(quotes), target, monkeypatch) for quotes in sizes]
    exponent = np.polyfit(np.log(sizes), np.log(counts), 1)[0]
    assert exponent < 1.3, counts

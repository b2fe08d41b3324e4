"""Rolling over a tree: equal to trying every policy, and never dearer than the clock on the same tree."""

from __future__ import annotations

import itertools

import pytest
from numpy.testing import assert_allclose

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.monitor.programme import programme
from hedging.planner import Target

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])


def every_policy(tree, dates: int) -> float:
    """Least expected cost over all maps from node to action, each followed forward over every path; no Bellman."""
    menus = {}

    def actions(date, ups, held):
        alive = None if held is None or held.expiry <= tree.days[date] else held
        return list(dict.fromkeys(tree.choices(date, ups, alive)))

    def cost_of(policy) -> float:
        total = 0.0
        for path in itertools.product((1, 0), repeat=dates - 1):
            chance, spent, held = 1.0, 0.0, None
            for date in range(dates - 1):
                ups = sum(path[:date])
                alive = None if held is None or held.expiry <= tree.days[date] else held
                choice = policy[path[:date]]
                if choice not in actions(date, ups, alive):
                    return float("inf")
                if choice != alive:
                    spent += tree.trading(date, ups, alive) + tree.trading(date, ups, choice)
                held = choice
                chance *= tree.probability if path[date] else 1.0 - tree.probability
            total += chance * (spent + tree.trading(dates - 1, sum(path), held))
        return total

    places = [p for n in range(dates - 1) for p in itertools.product((1, 0), repeat=n)]
    first = actions(0, 0, None)
    reach = {(): first}
    for place in places[1:]:
        before = reach[place[:-1]]
        menus = [c for held in before for c in actions(len(place), sum(place), held)]
        reach[place] = list(dict.fromkeys(menus))
    return min(
        cost_of(dict(zip(places, choice, strict=True)))
        for choice in itertools.product(*(reach[p] for p in places))
    )


@pytest.mark.parametrize(("band", "step"), [((8, 16), 5.0), ((10, 13), 12.0), ((9, 12), 20.0)])
def test_it_costs_what_the_best_of_all_policies_does(band, step):
    found = programme(BOOK, CHAIN, Target(delta=band), dates=[0.0, step, 2 * step], moneyness=(1.0,))
    assert_allclose(found.first.cost, every_policy(found._tree, 3), rtol=1e-12)


def test_it_is_never_dearer_than_rolling_by_the_clock():
    """The clock rolls into the first expiry of 20 days and more whenever one of less than 7 is held, or must."""
    found = programme(
        BOOK, CHAIN, Target(delta=(8, 16)), dates=[7.0 * k for k in range(7)], moneyness=(0.95,)
    )
    tree = found._tree

    def clock(date, ups, held) -> float:
        alive = None if held is None or held.expiry <= tree.days[date] else held
        if date == len(tree.days) - 1:
            return tree.trading(date, ups, alive)
        choices = list(tree.choices(date, ups, alive))
        stay = alive is not None and alive.expiry - tree.days[date] >= 7 and alive in choices
        fresh = [c for c in choices if c is not None and c.expiry - tree.days[date] >= 20]
        choice = alive if stay else fresh[0] if fresh else choices[0]
        spent = 0.0 if choice == alive else tree.trading(date, ups, alive) + tree.trading(date, ups, choice)
        up, down = (clock(date + 1, ups + k, choice) for k in (1, 0))
        return spent + tree.probability * up + (1 - tree.probability) * down

    assert found.first.cost <= clock(0, 0, None) + 1e-9
    frame = found.to_frame()
    assert len(frame) == 6
    assert frame["rolled"].iloc[0]
    assert found.decision(0, 0, None) == found.first


def test_spot_is_expected_to_stay():
    found = programme(BOOK, CHAIN, Target(delta=(8, 16)), dates=[0.0, 5.0])
    assert_allclose(found.probability * found.up + (1 - found.probability) / found.up, 1.0)


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (Target(delta=(8, 16)), {"dates": [0, 5, 11]}, "equal steps"),
        (Target(delta=(8, 16)), {"dates": [1, 5]}, "ascend from 0"),
        (Target(delta=(8, 16)), {"dates": [0]}, "ascend from 0"),
        (Target(delta=(8, 16), floor=-0.2), {"dates": [0, 5]}, "a band of delta alone; got floor"),
        (Target(vega=(0, None)), {"dates": [0, 5]}, "a band of delta alone"),
        (Target(delta=(8, 16)), {"dates": [0, 5], "moneyness": ()}, "moneyness must be"),
        (Target(delta=(8, 16)), {"dates": [0, 5], "vol": 0.0}, "vol must be"),
        (Target(delta=(40, 50)), {"dates": [0, 5]}, "no put that is listed keeps delta"),
    ],
)
def test_what_is_no_programme_is_refused(target, options, message):
    with pytest.raises(InputError, match=message):
        programme(BOOK, CHAIN, target, **options)

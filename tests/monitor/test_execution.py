"""How a plan is traded: steps by hand, slices of a book, and the risk of half a plan valued by the book itself."""

from __future__ import annotations

import itertools

import pytest
from cases.later import later
from numpy.testing import assert_allclose

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.ladder import Ladder
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.monitor import execution
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, plan

CHAIN = samples.chain()
BOOK = Book([Holding.spot("BTC", 25)])
SCENARIOS = grid([-0.6, -0.3, -0.1, 0.0, 0.1, 0.4], days=[0.0, 10.0])


@pytest.fixture(scope="module")
def collar():
    limits = Limits(budget=0.01, max_legs=2)
    return plan(BOOK, CHAIN, Target(delta=(8, 12), floor=-0.3), limits, scenarios=SCENARIOS)


def test_steps_go_from_the_own_side_over_the_middle_to_the_other(collar):
    found = execution(collar, CHAIN, scenarios=SCENARIOS)
    assert len(found.stages) == len(collar.legs) == 2
    for stage in found.stages:
        row = CHAIN.row(stage.instrument)
        own, other = ("bid", "ask") if stage.side == "buy" else ("ask", "bid")
        patient, middle, crossing = stage.steps
        assert (patient.price, crossing.price) == (row[f"{own}_quoted"], row[f"{other}_quoted"])
        assert min(patient.price, crossing.price) <= middle.price <= max(patient.price, crossing.price)
        half = stage.contracts * (row["ask"] - row["bid"]) / 2.0
        fee = stage.contracts * 0.0003 * CHAIN.spot  # no premium so small that its cap binds
        assert_allclose(patient.cost, fee - half, atol=1e-6)
        assert_allclose(crossing.cost, fee + half, atol=1e-6)
        assert middle.cost <= fee + 1e-9  # never dearer than the true middle
        assert_allclose(
            [s.dearer for s in stage.steps], [0.0, middle.cost - patient.cost, crossing.cost - middle.cost]
        )
    assert_allclose(found.spared, sum(s.steps[-1].cost - s.steps[0].cost for s in found.stages))


def test_half_a_plan_is_worth_what_the_book_with_half_of_it_is(collar):
    found = execution(collar, CHAIN, scenarios=SCENARIOS)
    market, legs = Market.of(CHAIN), {leg.instrument.symbol: leg for leg in collar.legs}
    now = BOOK.value(market)

    def worst(some) -> float:
        after = book_from(collar.inputs["book"]) + some
        return float((after.cash + after.values(market, SCENARIOS).sum(axis=2)).min() - now)

    assert_allclose(found.before, worst([]))
    done = []
    for stage in found.stages:
        done.append(legs[stage.instrument])
        assert_allclose(stage.worst, worst(done))
        assert_allclose(stage.risk, max(found.before - stage.worst, 0.0), atol=1e-9)
    assert found.stages[0].side == "buy"  # the short never before the long
    passed = {order: worst([legs[order[0]]]) for order in itertools.permutations(legs)}
    assert_allclose(found.stages[0].worst, max(v for o, v in passed.items() if legs[o[0]].quantity > 0))


def test_slices_take_the_levels_and_say_what_is_beyond(collar):
    leg = collar.legs[0]
    price = CHAIN.row(leg.instrument.symbol)["ask_quoted"]
    ladder = Ladder(asks=((price, 1.0), (price + 0.001, 2.0)))
    found = execution(collar, CHAIN, depth={leg.instrument.symbol: ladder}, scenarios=SCENARIOS)
    (stage,) = [each for each in found.stages if each.instrument == leg.instrument.symbol]
    assert [(each.contracts, each.price) for each in stage.slices[:2]] == [
        (1.0, price),
        (2.0, round(price + 0.001, 10)),
    ]
    assert stage.slices[2].price is None
    assert_allclose(sum(each.contracts for each in stage.slices), leg.quantity)
    row = CHAIN.row(leg.instrument.symbol)
    middle = 0.5 * (row["bid"] + row["ask"])
    assert_allclose(stage.slices[1].cost, 2.0 * ((price + 0.001) * CHAIN.spot - middle))
    assert "beyond what is quoted" in repr(found)


def test_newer_quotes_price_it_and_older_ones_are_refused(collar):
    newer = execution(collar, later(CHAIN, 1.0, 0.05), scenarios=SCENARIOS)
    assert newer.stages[0].steps != execution(collar, CHAIN, scenarios=SCENARIOS).stages[0].steps
    with pytest.raises(InputError, match="older than the plan"):
        execution(collar, later(CHAIN, -1.0, 0.0), scenarios=SCENARIOS)


def test_nothing_to_trade_is_nothing():
    found = execution(plan(BOOK, CHAIN, Target(delta=(20, 30)), effort=Effort(alternatives=False)), CHAIN)
    assert found.stages == ()
    assert found.leg_risk is None
    assert found.to_frame().empty

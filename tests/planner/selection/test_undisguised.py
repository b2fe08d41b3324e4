"""Disguised sales, deep shorts and single lots give way to the plain trade where it costs hardly more."""

from __future__ import annotations

import numpy as np
import pytest
from cases.planner import LOOSE, programme_for, small_chain, tradable

from hedging.book.book import Book, Holding
from hedging.book.structure import disguises
from hedging.market.contracts import FeeRule, Option
from hedging.market.market import Market
from hedging.planner import Effort, Limits, Outright, Target, plan
from hedging.planner.request.default_scenarios import default_scenarios
from hedging.planner.selection.undisguised import laughable, undisguised
from hedging.planner.solver.search import Solution

PARITY = [("p", 100.0, 30), ("c", 100.0, 30), ("p", 85.0, 30), ("c", 40.0, 30)]
BOOK = Book([Holding.spot("BTC", 10)])
TARGET = Target(delta=(4.0, 5.0))


def problem_with(spread: float, book: Book = BOOK, **limits):
    terms = Limits(outright=(Outright("spot", half_spread=spread),), price_per_leg=0.0, **LOOSE, **limits)
    whole = programme_for(
        book, (Market.of(small_chain(PARITY)),), TARGET, terms, 30.0, default_scenarios(30.0)
    )
    return tradable(whole, terms)


def lots_of(programme, orders: dict[tuple[str, float], float]) -> np.ndarray:
    """Lots by kind and strike; sold where negative."""
    out = np.zeros(len(programme.candidates))
    for i, (item, size) in enumerate(
        zip(programme.candidates.instruments, programme.candidates.size, strict=True)
    ):
        if isinstance(item, Option):
            quantity = orders.get((item.flag, item.strike), 0.0)
            out[i] = abs(quantity) if quantity * size > 0 else 0.0
    return out


def solution_of(programme, orders) -> Solution:
    lots = lots_of(programme, orders)
    return Solution(lots, float(programme.candidates.cost @ lots), 0.0, 0)


@pytest.mark.parametrize("orders", [{("p", 100.0): 6, ("c", 100.0): -6}, {("c", 40.0): -6}])
def test_a_sale_in_disguise_becomes_the_sale(orders):
    programme = problem_with(spread=1e-4)
    before = solution_of(programme, orders)
    assert laughable(programme.candidates, before.lots).any()
    after = undisguised(programme, before, cost=before.objective)
    assert after.objective <= before.objective
    assert after.objective == pytest.approx(float(programme.candidates.cost @ after.lots))
    assert not laughable(programme.candidates, after.lots).any()
    (leg,) = np.flatnonzero(after.lots)
    assert programme.candidates.kinds[leg] == "spot"
    assert 4.0 - 1e-6 <= 10 + programme.candidates.delta @ after.lots <= 5.0 + 1e-6


def test_a_sale_in_disguise_stays_where_every_plain_trade_costs_more():
    programme = problem_with(spread=1e-4)
    before = solution_of(programme, {("p", 100.0): 6, ("c", 100.0): -6})
    assert undisguised(programme, before, cost=0.0) is before


def test_a_single_lot_beside_many_is_rounding():
    programme = problem_with(spread=1e-4)
    mixed = lots_of(programme, {("p", 100.0): 12, ("p", 85.0): 1})
    assert laughable(programme.candidates, mixed).sum() == 1
    alone = lots_of(programme, {("p", 100.0): 1})
    assert not laughable(programme.candidates, alone).any()


def test_a_collar_of_two_strikes_is_no_disguise():
    programme = problem_with(spread=1e-4)
    assert not laughable(programme.candidates, lots_of(programme, {("p", 85.0): 6, ("c", 100.0): -6})).any()


def test_what_is_held_may_be_closed_whatever_it_is():
    deep = small_chain(PARITY).option("BTC-8MAR26-40-C")
    programme = problem_with(spread=1e-4, book=Book([*BOOK.holdings, Holding(deep, 6.0)]))
    sold = [
        i
        for i, item in enumerate(programme.candidates.instruments)
        if item == deep and programme.candidates.size[i] < 0
    ]
    closing, opening = (6.0 * (np.arange(len(programme.candidates)) == i) for i in sold)
    assert not laughable(programme.candidates, closing).any()
    assert laughable(programme.candidates, opening).any()


def test_where_outright_is_allowed_and_no_dearer_no_plan_is_a_disguise():
    chain = small_chain(PARITY, spreads=[0.002] * len(PARITY))
    forced = plan(BOOK, chain, TARGET, Limits(price_per_leg=0.0, **LOOSE), effort=Effort(alternatives=False))
    dear = forced.cost.execution / 5.5 / 100.0  # what the sale may cost a unit to be no dearer
    limits = Limits(outright=(Outright("spot", half_spread=0.5 * dear, fee=FeeRule(0.0)),), **LOOSE)
    found = plan(BOOK, chain, TARGET, limits, effort=Effort(alternatives=False))
    assert disguises(found.legs) == ()
    assert [leg.instrument.symbol for leg in found.legs] == ["BTC"]

"""What a plan is while it fills: every order tried, the ticks by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from cases.planner import COIN, LOOSE, SPOT, coins, small_chain
from numpy.testing import assert_allclose

from hedging.book.legs import option_leg
from hedging.book.pnl import pnl_of
from hedging.market.market import Market
from hedging.planner import Limits, Target, plan, read_plan
from hedging.planner.explain.fills import a_tick_worse, best_order, fills_of, longs_before
from hedging.planner.request.request import Request

CHAIN = small_chain([("p", 80.0, 30), ("p", 90.0, 30), ("c", 110.0, 30), ("c", 130.0, 30)])
BTC = Market.of(CHAIN)


@pytest.mark.parametrize("seed", range(20))
def test_no_order_of_legs_passes_a_better_worst_state(seed: int) -> None:
    draw = np.random.default_rng(seed)
    count = int(draw.integers(2, 6))
    lost = draw.normal(size=2**count)

    def passed(order: tuple[int, ...]) -> tuple[float, float]:
        states = np.cumsum([1 << i for i in order])[:-1]
        return float(lost[states].max()), float(lost[states].sum())

    found = passed(tuple(best_order(lost)))
    assert_allclose(found[0], min(passed(order)[0] for order in itertools.permutations(range(count))))


@pytest.mark.parametrize("seed", range(10))
def test_no_short_comes_before_a_long_and_of_the_other_orders_none_is_better(seed: int) -> None:
    draw = np.random.default_rng(seed)
    lost = draw.normal(size=16)
    before = [0, 0b1001, 0b1001, 0]  # legs 1 and 2 are sold, 0 and 3 bought
    orders = [o for o in itertools.permutations(range(4)) if set(o[:2]) == {0, 3}]

    def worst(order: tuple[int, ...]) -> float:
        return float(lost[np.cumsum([1 << i for i in order])[:-1]].max())

    found = tuple(best_order(lost, before))
    assert found in orders
    assert_allclose(worst(found), min(map(worst, orders)))


def test_what_is_held_is_no_short_when_it_is_sold() -> None:
    rows = [row.symbol for row in CHAIN.quotes.itertuples()]
    buy, sale = option_leg(CHAIN, rows[0], 2.0), option_leg(CHAIN, rows[1], -2.0)
    assert longs_before(coins(4.0), (buy, sale)) == [0, 0b01]
    assert longs_before(coins(4.0) + [option_leg(CHAIN, rows[1], 2.0)], (buy, sale)) == [0, 0]
    assert longs_before(coins(4.0) + [option_leg(CHAIN, rows[1], 1.0)], (buy, sale)) == [0, 0b01]


def test_the_put_of_a_collar_is_bought_first() -> None:
    book = coins(4.0)
    symbols = {(row.flag, row.strike): row.symbol for row in CHAIN.quotes.itertuples()}
    call = option_leg(CHAIN, symbols["c", 110.0], -4.0)
    put = option_leg(CHAIN, symbols["p", 90.0], 4.0)
    request = Request.of(book, CHAIN, Target(floor=-0.3), Limits(**LOOSE))
    found = fills_of(request, (call, put), book.value(BTC))
    assert found is not None
    assert found.best is not None
    assert found.worst is not None
    assert found.order == (f"buy {symbols['p', 90.0]}", f"sell {symbols['c', 110.0]}")
    for state, leg in ((found.best, put), (found.worst, call)):
        after = book + [leg]
        gained = pnl_of(after, (BTC,), request.scenarios).min() + after.value(BTC) - book.value(BTC)
        assert_allclose(state.share, gained / book.value(BTC))
        assert state.filled == (leg.instrument.symbol,)
    assert found.worst.share < found.best.share
    assert_allclose(found.tick_cost, 8.0 * COIN.ticks[0][1] * SPOT)


def test_a_tick_is_paid_more_and_got_less() -> None:
    for quantity in (2.0, -2.0):
        leg = option_leg(CHAIN, str(CHAIN.quotes["symbol"].iloc[0]), quantity)
        worse = a_tick_worse(leg)
        assert_allclose(worse.paid - leg.paid, 2.0 * 1e-4 * SPOT)
        assert_allclose(worse.quoted_price - leg.quoted_price, np.sign(quantity) * 1e-4, atol=1e-9)


def test_the_plan_shows_and_keeps_its_fills(tmp_path) -> None:
    found = plan(coins(4.0), CHAIN, Target(floor=-0.25), Limits(budget=0.004, **LOOSE))
    assert found.fills is not None
    assert f"fills         {found.fills.order[0]}" in repr(found)
    found.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").fills == found.fills
    assert any(check.limit.kind == "budget" for check in found.fills.misses) == (
        found.cost.premium + found.fills.tick_cost > 0.004 * found.base
    )

"""Orders into the depth of the book: what their levels cost, and that no whole book of levels is cheaper."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from cases.depth import deep, walked
from cases.orders import enumerated
from cases.planner import CASH, COIN, LOOSE, small_chain

from hedging import samples
from hedging.book.book import Book, Holding
from hedging.book.ladder import Ladder
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import grid
from hedging.planner import Effort, Limits, Target, audit, plan, read_plan
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.saved import limits_from
from hedging.venues import deribit

BOOK, CHAIN = samples.book(), samples.chain()


@pytest.mark.parametrize("seed", range(4))
def test_no_book_of_levels_is_cheaper(seed):
    random = np.random.default_rng(seed)
    chain = small_chain(
        [("p", 85.0, 30), ("p", 95.0, 60), ("c", 110.0, 30)],
        terms=COIN if seed % 2 else CASH,
        spreads=[0.03] * 3,
        sizes=[1.0] * 3,
    )
    books, market, book = deep(chain, seed), Market.of(chain), Book([Holding.spot("BTC", 5.0)], cash=20.0)
    delta = float(random.uniform(2.0, 4.2))
    target = Target(
        delta=(delta - 0.4, delta + 0.4), floor=float(random.uniform(-0.6, -0.3)) if seed % 3 else None
    )
    limits = Limits(
        depth=books,
        max_legs=int(random.integers(1, 4)),
        budget=0.06 if seed % 2 else None,
        parsimony=0.0,
        **LOOSE | {"max_leg_share": 0.8},
    )
    scenarios = grid(np.linspace(-0.6, 0.6, 7), (0.0,), (5.0, 20.0))

    def order(symbol):
        held = {1.0: sum(s for _, s in books[symbol].asks), -1.0: sum(s for _, s in books[symbol].bids)}
        return lambda q: option_leg(chain, symbol, q, books[symbol]) if abs(q) <= held[np.sign(q)] else None

    orders = [order(symbol) for symbol in chain.quotes["symbol"]]
    expected = enumerated(book, market, orders, target, limits, scenarios, most=4)
    ask = partial(
        plan,
        book,
        chain,
        target,
        horizon=20.0,
        scenarios=scenarios,
        effort=Effort(gap=1e-6, alternatives=False),
    )
    if not np.isfinite(expected):
        with pytest.raises(InfeasibleHedgeError):
            ask(limits)
        return
    found = ask(limits)
    assert found.objective == pytest.approx(expected, rel=2e-6, abs=1e-7)
    assert len({leg.instrument for leg in found.legs}) == len(found.legs)
    # The best quotes alone can do no more, and dearer where they can.
    try:
        shallow = ask(replace(limits, depth={}))
    except InfeasibleHedgeError:
        return
    assert found.objective <= shallow.objective + 1e-6


def test_a_plan_into_the_book_is_saved_and_sent_with_its_limits(tmp_path):
    books = {}
    for row in CHAIN.quotes.itertuples():
        tick = CHAIN.terms.tick_at(row.ask_quoted)
        prices = [round(row.ask_quoted + step * tick, 4) for step in range(8)]
        books[row.symbol] = Ladder(asks=tuple((price, 4.0) for price in prices))
    limits = Limits(depth=books, expiries=(20, 60), max_legs=1)
    found = plan(BOOK, CHAIN, Target(delta=(18, 20), floor=-0.75), limits, effort=Effort(alternatives=False))
    (leg,) = found.legs
    average, worst = walked(books[leg.instrument.symbol], leg.quantity)
    assert worst > average > books[leg.instrument.symbol].asks[0][0]
    assert found.orders["limit_price"].tolist() == [pytest.approx(worst, rel=1e-12)]
    assert found.cost.premium == pytest.approx(leg.units * average * CHAIN.spot)
    (sent,) = deribit.orders(found)
    assert sent["params"]["price"] == worst
    assert found.ticket()["orders"][0]["limit_price"] == pytest.approx(worst, rel=1e-12)
    found.to_json(tmp_path / "plan.json")
    saved = read_plan(tmp_path / "plan.json")
    assert (saved.legs, saved.id) == (found.legs, found.id)
    assert saved.to_dict() == found.to_dict() == json.loads(found.to_json())
    assert limits_from(saved.inputs["limits"]) == limits
    assert audit(saved, CHAIN).ok


@pytest.mark.parametrize("depth", [{"A": ((0.05, 1.0),)}, 5, None])
def test_depth_is_ladders(depth):
    with pytest.raises(InputError, match="depth must map symbols to Ladder"):
        Limits(depth=depth)
    with pytest.raises(InputError, match="needs the columns symbol, side"):
        deribit.ladders(pd.DataFrame(), CHAIN)

"""What a strategy gains is its own: what the book's contracts had gained before it traded them is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.strategies import falling
from cases.tapes import LATER
from numpy.testing import assert_allclose

import hedging as hg
from hedging import margin
from hedging.backtest import Order, Rules, State, Strategy, run
from hedging.book import DeclaredAccount
from hedging.market import Future, Instrument, Perpetual
from hedging.market.contracts import FeeRule

COINS = hg.Holding.spot("BTC", 10.0)
BARE = Rules(funding=0.0, half_spread=0.0, linear_fee=FeeRule(0.0))


def ordering(
    item: Instrument | str, trades: dict[int, float], seen: list[tuple[float, float, float]]
) -> Strategy:
    def strategy(state: State) -> list[Order]:
        seen.append((state.cost, state.value, sum(held.quantity for held in state.overlay)))
        step = len(state.times) - 1
        return [Order(item, trades[step])] if step in trades else []

    return strategy


@pytest.mark.parametrize("own", [0.0, 5.0, 3.0, 1.0, -2.0])
@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_a_sale_of_the_book_s_perpetual_begins_at_its_price(own: float, settlement: str) -> None:
    # Three sold at 80,000, two bought back at 78,000, one left at 76,000; the book's had gained since 60,000.
    # In coin the two are 156,000 of the 240,000 that were sold: 1.95 of the three.
    back = {"coin": 1.95, "cash": 2.0}[settlement]
    held = [hg.Holding.perpetual("BTC", own, 60_000.0, settlement=settlement)] if own else []
    seen: list[tuple[float, float, float]] = []
    item = Perpetual("BTC", settlement)
    tape = falling(80_000.0, 79_000.0, 78_000.0, 76_000.0)
    done = run(hg.Book([COINS, *held]), tape, ordering(item, {0: -3.0, 2: 2.0}, seen), rules=BARE)
    made, left = back * 2_000.0, (3.0 - back) * 4_000.0
    assert_allclose(seen, [(0, 0, 0), (0, 3_000.0, -3), (0, 6_000.0, -3), (-made, left, back - 3)], atol=1e-9)
    (row,) = done.rolls.to_dict("records")
    assert (row["quantity"], row["price"], row["how"]) == (-3.0, 80_000.0, "held")
    flow = {"coin": made / 78_000.0, "cash": made}[settlement]
    assert_allclose((row["coin" if settlement == "coin" else "money"], row["left"]), (flow, left))


@pytest.mark.parametrize("seed", range(4))
def test_flows_of_its_own_and_what_is_left_are_the_gain_over_holding(seed: int) -> None:
    # Settled in money nothing is revalued later, so that the two add up to the cent, funding and fees included.
    draw = np.random.default_rng(seed)
    tape = falling(*(80_000.0 * np.exp(0.03 * draw.standard_normal(7)).cumprod()))
    later = Future("BTC", LATER, "cash")
    items = [Perpetual("BTC", "cash"), later]
    sizes = draw.integers(-30, 31, (7, 2)) / 10.0

    def strategy(state: State) -> list[Order]:
        row = sizes[len(state.times) - 1]
        return [Order(item, size) for item, size in zip(items, row, strict=True) if size]

    book = hg.Book(
        [COINS, hg.Holding(items[0], 2.0, 60_000.0), hg.Holding(later, -1.5, 70_000.0)], cash=1_000_000.0
    )
    done = run(book, tape, strategy, rules=Rules(funding=0.0003))
    mine = sum(entry.money for entry in done.own) + sum(done.left.values())
    assert_allclose(mine, done.equity.iloc[-1] - done.held.iloc[-1], atol=1e-4)
    assert_allclose(mine, done.rolls["money"].sum() + done.rolls["left"].sum(), atol=1e-6)


def test_a_contract_that_is_bought_again_is_a_leg_of_its_own() -> None:
    tape = falling(*[80_000.0] * 5)
    done = run(
        hg.Book([COINS]),
        tape,
        ordering(Perpetual("BTC", "coin"), {0: -1.0, 1: 1.0, 2: -2.0, 3: 2.0}, []),
        rules=BARE,
    )
    assert done.rolls["ended"].tolist() == [tape.times[1], tape.times[3]]


def test_a_liquidation_ends_what_the_strategy_had_of_it() -> None:
    # Half of the book's short is bought back; the rest is liquidated, and the purchase ends at that price.
    short = hg.Holding.perpetual("BTC", -5.0, 80_000.0).in_account("deribit")
    coins = hg.Holding.spot("BTC", 0.3).in_account("deribit")
    book = hg.Book([COINS, coins, short], accounts=[DeclaredAccount("deribit")], orders="deribit")
    tape = falling(80_000.0, 81_000.0, 95_000.0, 95_000.0)
    done = run(book, tape, ordering(Perpetual("BTC", "coin"), {0: 2.0}, []), rules=BARE)
    left = hg.Book(
        [coins, hg.Holding.perpetual("BTC", -3.0, 80_000.0).in_account("deribit")], accounts=book.accounts
    )
    at = margin.liquidation_price(left, hg.Market.of(tape.chain(1)), account="deribit").up
    (row,) = done.rolls.to_dict("records")
    assert (row["quantity"], row["how"], row["ended"]) == (2.0, "liquidation", tape.times[2])
    assert_allclose(row["coin"], 2.0 * (at - 80_000.0) / at, rtol=1e-6)
    assert pd.isna(row["left"])

"""The replay by hand-worked numbers and identities: whatever is traded, the ledger adds up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.strategies import falling, scripted
from cases.tapes import EXPIRY, FREE, LATER, TERMS, call, made_chain, name, put, random_tape, smile_chain
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, Tape, hold, rolled, run, run_blocks
from hedging.book import option_leg
from hedging.errors import InputError, SolverError
from hedging.market import FeeRule, Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 2.0)])
NO_COSTS = Rules(longest_gap=60.0, half_spread=0.0, linear_fee=FeeRule(0.0), delivery_fee=FeeRule(0.0))
MONTHLY = Rules(longest_gap=60.0)
PERPETUAL = Perpetual("BTC", "coin")


def hand_tape() -> Tape:
    first = [put(75_000.0, bid=0.0190, ask=0.0200, mark=0.0195)]
    second = [put(65_000.0, LATER, bid=0.0140, ask=0.0150, mark=0.0145)]
    third = [put(60_000.0, pd.Timestamp("2026-03-27T08:00Z"), bid=0.01, ask=0.02, mark=0.015)]
    chains = [
        made_chain("2026-01-02T09:00Z", 80_000.0, first),
        made_chain("2026-01-30T09:30Z", 71_000.0, second),
        made_chain("2026-02-27T10:00Z", 66_500.0, third),
    ]
    published = pd.Series([70_000.0, 66_000.0], index=pd.DatetimeIndex([EXPIRY, LATER]))
    return Tape.of(chains, delivery=published)


def test_two_rolls_by_hand_to_the_satoshi() -> None:
    buys = [Order(name("p", 75_000.0), 2.0)], [Order(name("p", 65_000.0, LATER), 2.1)]
    done = run(COINS, hand_tape(), scripted(*buys), rules=MONTHLY)
    # 2 puts at 0.0200, fee 0.0003 each; 75,000 / 70,000 - 1 paid on each, delivery fee 0.00015;
    # 2.1 puts at 0.0150, fee 0.0003 each, which expire above their strike.
    payoff = 2.0 * (75_000.0 / 70_000.0 - 1.0)
    coins = [2.0 - 0.0400 - 0.0006]
    coins.append(coins[0] + payoff - 0.0003 - 0.0315 - 0.00063)
    coins.append(coins[1])
    assert_allclose([point.coins for point in done.points], coins, rtol=0, atol=5e-9)
    assert round(done.points[-1].coins, 8) == 2.06982714
    assert_allclose(done.equity.iloc[0], (coins[0] + 2.0 * 0.0195) * 80_000.0, rtol=1e-12)
    assert_allclose(done.equity.iloc[-1], coins[-1] * 66_500.0, rtol=1e-12)
    kinds = ["open", "fee", "settle", "delivery fee", "open", "fee", "settle"]
    assert list(done.ledger["kind"]) == kinds
    settled = done.ledger[done.ledger["kind"] == "settle"]
    assert list(settled["index"]) == [70_000.0, 66_000.0]  # each expiry at its own price
    assert list(settled["time"]) == [EXPIRY, LATER]
    # Bare from each expiry to the next trade: 1.5 h, then 2.0 h to the end.
    assert_allclose(done.uncovered[0], 3.5)


def test_book_already_holding_options_is_marked_and_settled() -> None:
    option = hg.Holding.option("BTC", "p", 75_000.0, EXPIRY, 2.0, terms=TERMS)
    done = run(hg.Book([hg.Holding.spot("BTC", 2.0), option]), hand_tape(), hold, rules=MONTHLY)
    assert_allclose(done.start_value, (2.0 + 2.0 * 0.0195) * 80_000.0, rtol=1e-12)
    assert_allclose(done.points[1].coins, 2.0 + 2.0 * (75_000.0 / 70_000.0 - 1.0) - 0.0003, atol=1e-12)
    with pytest.raises(InputError, match=r"expired at 2026-01-30 .* before the first snapshot"):
        run(hg.Book([option]), hand_tape().taken([1, 2]), hold)


def parity_tape() -> Tape:
    chains = []
    for time, spot in (("2026-01-02T09:00Z", 80_000.0), ("2026-01-20T09:00Z", 84_000.0)):
        level = 0.05
        gap = 1.0 - 80_000.0 / spot
        quotes = (dict.fromkeys(("bid", "ask", "mark"), x) for x in (level + gap, level))
        chains.append(
            made_chain(
                time, spot, [call(80_000.0, **next(quotes)), put(80_000.0, **next(quotes))], terms=FREE
            )
        )
    later = [put(50_000.0, LATER, bid=0.05, ask=0.05, mark=0.05)]
    chains += [
        made_chain(time, spot, later, terms=FREE)
        for time, spot in ((EXPIRY, 91_000.0), ("2026-02-01T09:00Z", 60_000.0))
    ]
    return Tape.of(chains)


def test_call_less_put_less_perpetual_is_cash_before_and_after_expiry() -> None:
    steps = (
        [Order(name("c", 80_000.0), 1.0), Order(name("p", 80_000.0), -1.0), Order(PERPETUAL, -1.0)],
        None,
        [Order(PERPETUAL, 1.0, whole=True)],
    )
    done = run(hg.Book(cash=100_000.0), parity_tape(), scripted(*steps), rules=NO_COSTS)
    assert_allclose(done.equity, 100_000.0, rtol=0, atol=1e-6)
    assert abs(done.points[-1].coins) < 1e-12
    assert done.end.cash == 100_000.0


def test_both_legs_of_one_expiry_settle_at_one_price_in_coin() -> None:
    steps = ([Order(name("c", 80_000.0), 1.0), Order(name("p", 80_000.0), 1.0)],)
    done = run(hg.Book([hg.Holding.spot("BTC", 1.0)]), parity_tape(), scripted(*steps), rules=NO_COSTS)
    settled = done.ledger[done.ledger["kind"] == "settle"]
    assert settled["index"].nunique() == 1
    # A coin payoff is 1 - K / S coins, not 1 / S of anything.
    assert_allclose(sorted(settled["price"]), [0.0, 1.0 - 80_000.0 / 91_000.0], atol=1e-15)


def test_holding_loses_nothing_to_the_engine() -> None:
    tape = random_tape(1)
    done = run(hg.Book([hg.Holding.spot("BTC", 7.0)], cash=123.0), tape, hold)
    assert list(done.equity) == [123.0 + 7.0 * spot for spot in tape.spot]
    assert done.entries == ()
    assert done.advantage == 0.0


@pytest.mark.parametrize("cut", [3, 6, 9])
@pytest.mark.parametrize("make", ["put", "collar"])
def test_a_scrambled_future_changes_no_decision(cut: int, make: str) -> None:
    tape, other = random_tape(11), random_tape(12)
    mixed = Tape.of(
        [*(tape.chain(k) for k in range(cut)), *(other.chain(k) for k in range(cut, 12))],
        delivery=tape.deliveries,
    )
    strategy = rolled(make, (5.0, 60.0), roll=3.0)
    before = [e for e in run(COINS, tape, strategy).entries if e.time <= tape.times[cut - 1]]
    again = [e for e in run(COINS, mixed, strategy).entries if e.time <= tape.times[cut - 1]]
    assert before == again
    assert before


def test_doubling_the_book_doubles_every_flow() -> None:
    tape = random_tape(13, terms=replace(TERMS, lot=1e-9))
    strategy = rolled("collar", (5.0, 60.0))
    one, two = (run(hg.Book([hg.Holding.spot("BTC", n)]), tape, strategy).ledger for n in (3.0, 6.0))
    assert len(one) == len(two) > 4
    for column in ("coin", "quantity", "half_spread"):
        assert_allclose(two[column], 2.0 * one[column], rtol=1e-6)
    assert list(one["instrument"]) == list(two["instrument"])


def fixed(*quantities: float):
    """Orders of the same quantities at the first and the fifth snapshot, sold again two later."""
    names = [name("p", 80_000.0, LATER), name("c", 90_000.0, LATER)]

    def trade(state):
        orders = [Order(each, q) for each, q in zip(names, quantities, strict=True)]
        turn = {1: 1.0, 3: -1.0, 5: 1.0, 7: -1.0}.get(len(state.times))
        return None if turn is None else [Order(o.instrument, turn * o.quantity) for o in orders]

    return trade


def test_quote_mid_and_mark_meet_within_the_spread() -> None:
    tape = random_tape(14, missing=0.0)
    free = {"fee": FeeRule(0.0), "delivery_fee": FeeRule(0.0)}
    runs = {
        p: run(COINS, tape, fixed(1.0, -1.0), rules=Rules(price=p, **free)) for p in ("quote", "mid", "mark")
    }
    ledger = runs["quote"].ledger
    crossed = (ledger["half_spread"] / ledger["index"]).sum()  # coins
    assert crossed > 0
    ends = {price: done.points[-1].coins for price, done in runs.items()}
    assert_allclose(ends["mid"] - ends["quote"], crossed, rtol=1e-9)
    assert abs(ends["mark"] - ends["quote"]) <= crossed * (1 + 1e-9)


def test_runs_of_tranches_add_up_to_the_run_of_the_whole() -> None:
    tape = random_tape(15, missing=0.0)
    books = [hg.Book([hg.Holding.spot("BTC", n)]) for n in (1.5, 2.5, 4.0)]
    put_only, call_only = run(books[0], tape, fixed(1.0, 0.0)), run(books[1], tape, fixed(0.0, -2.0))
    whole = run(books[2], tape, fixed(1.0, -2.0))
    assert_allclose(put_only.equity + call_only.equity, whole.equity, rtol=1e-12)


@pytest.mark.slow  # fifteen tapes drawn and replayed
@settings(max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    seed=st.integers(0, 5),
    plan=st.lists(
        st.lists(st.tuples(st.integers(0, 30), st.integers(-40, 40)), max_size=3),
        min_size=4,
        max_size=12,
    ),
    rules=st.sampled_from(
        [
            Rules(),
            Rules(delay=1),
            Rules(price="mark"),
            Rules(funding=1e-4),
            Rules(open_interest=0.5, depth=True),
        ]
    ),
)
def test_random_ledgers_always_reconcile(seed, plan, rules) -> None:
    tape = random_tape(seed)

    def trade(state):
        step = plan[len(state.times) - 1] if len(state.times) <= len(plan) else []
        quotes = state.chain.quotes.dropna(subset=["bid", "ask"])
        orders = {}
        for pick, lots in step:
            row = quotes["symbol"].iloc[pick % len(quotes)] if pick % 5 else PERPETUAL
            orders[row] = Order(row, round(0.1 * lots, 10))
        return list(orders.values())

    book = hg.Book([hg.Holding.spot("BTC", 50.0), hg.Holding.perpetual("BTC", -1.0, 81_000.0)], cash=1_000.0)
    done = run(book, tape, trade, rules=rules)  # reconciled at every snapshot, or an error
    ledger = done.ledger
    assert_allclose(50.0 + ledger["coin"].sum(), done.points[-1].coins, atol=1e-9)
    assert_allclose(1_000.0 + ledger["money"].sum(), done.points[-1].cash, atol=0.005)
    assert_allclose(
        done.attribution().drop(columns="total").sum(axis=1), done.attribution()["total"], atol=1e-6
    )
    assert_allclose(done.costs["money"].sum(), done.equity.iloc[-1] - done.held.iloc[-1], atol=0.01)


def test_a_ledger_that_does_not_add_up_is_an_error(monkeypatch) -> None:
    from hedging.backtest import replay

    def leaking(book, leg, where):
        book, flow, fee = honest(book, leg, where)
        return book + [replace(leg, quantity=0.1 * np.sign(leg.quantity))], flow, fee

    honest = replay.traded
    monkeypatch.setattr(replay, "traded", leaking)
    with pytest.raises(SolverError, match=r"does not reconcile at made\.csv, 2026-01-01 09:00:00 UTC"):
        run(COINS, random_tape(14, missing=0.0), fixed(1.0, 0.0))


def test_funding_is_paid_by_longs_in_elapsed_time() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 5.0), hg.Holding.perpetual("BTC", 2.0, 80_000.0)])
    tape = falling(80_000.0, 79_000.0, 78_000.0)
    done = run(book, tape, hold, rules=Rules(funding=0.0001))
    money = 2.0 * 80_000.0  # what it stands for since it was entered, whatever the index does
    paid_in_coin = [-money * 0.0003 / 79_000.0, -money * 0.0003 / 78_000.0]  # three times eight hours a day
    assert_allclose(done.ledger["coin"], paid_in_coin, rtol=1e-12)
    paid = pd.Series([0.001, 0.002], index=pd.DatetimeIndex(["2026-01-02T16:00Z", "2026-01-02T09:00Z"]))
    done = run(book, tape, hold, rules=Rules(funding=paid))
    assert_allclose(
        done.ledger["coin"], [-money * 0.001 / 79_000.0], rtol=1e-12
    )  # that of the first snapshot itself was paid before
    short = hg.Book([hg.Holding.perpetual("BTC", -2.0, 80_000.0)], cash=50_000.0)
    assert run(short, tape, hold, rules=Rules(funding=0.0001)).ledger["coin"].gt(0).all()


def test_a_hole_ends_the_run_and_no_equity_is_drawn_across_it() -> None:
    tape = random_tape(16, 12).taken([0, 1, 2, 8, 9])
    done = run(COINS, tape, hold)
    assert len(done.points) == 3
    assert "hole of 12.0 days" in done.ended
    assert [len(each.points) for each in run_blocks(COINS, tape, hold)] == [3, 2]
    assert len(run(COINS, tape, hold, rules=Rules(longest_gap=20)).points) == 5


def test_a_strategy_that_mutates_its_state_reaches_nothing() -> None:
    tape = random_tape(17, missing=0.0)
    symbol = name("p", 80_000.0, LATER)

    def honest(state):
        return [option_leg(state.chain, symbol, 1.0)] if len(state.times) == 1 else None

    def cheat(state):
        quotes = state.chain.quotes
        quotes["ask"] = 0.0001
        state.spot[:] = 1.0
        with pytest.raises(AttributeError):
            state.book = None
        if len(state.times) > 1:
            return None
        leg = option_leg(state.chain, symbol, 1.0)
        return [replace(leg, price=0.01, fee=0.0)]

    assert list(run(COINS, tape, cheat).equity) == list(run(COINS, tape, honest).equity)


def test_a_put_that_is_worth_less_than_its_fee_costs_no_more_than_the_cap() -> None:
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, [put(50_000.0, ask=0.0001, mark=0.00001)])])
    done = run(COINS, tape, scripted([Order(name("p", 50_000.0), 1.0)]))
    assert_allclose(done.ledger["coin"], [-0.0001, -0.0000125], rtol=1e-12)


def test_marks_are_counted_by_whose_word_they_are() -> None:
    symbol = name("p", 80_000.0)
    chains = [smile_chain(f"2026-01-{day:02d}T09:00Z", 80_000.0) for day in (2, 3)]
    gone = chains[1].quotes[chains[1].quotes["symbol"] != symbol].reset_index(drop=True)
    tape = Tape.of([chains[0], replace(chains[1], quotes=gone)])
    done = run(COINS, tape, scripted([Order(symbol, 1.0)]))
    assert done.marks == {"venue": 1, "smile": 1}
    # At one vol everywhere the surface prices the missing put as the chain did.
    mark = float(chains[1].row(symbol)["mark"])
    assert_allclose(done.points[-1].options, mark, rtol=0.02)


def test_files_without_marks_use_mids_bids_and_zeros() -> None:
    def chain(time, **quotes):
        return made_chain(time, 80_000.0, [put(75_000.0, **quotes), put(70_000.0, bid=0.01, ask=0.012)])

    tape = Tape.of(
        [
            chain("2026-01-02T09:00Z", bid=0.018, ask=0.020),
            chain("2026-01-03T09:00Z", bid=0.016),
            chain("2026-01-04T09:00Z", ask=0.02),
        ]
    )
    done = run(COINS, tape, scripted([Order(name("p", 75_000.0), 1.0)]))
    assert_allclose([point.options / 80_000.0 for point in done.points], [0.019, 0.016, 0.0], atol=1e-12)
    assert done.marks == {"mid": 1, "bid": 1, "zero": 1}


def test_books_that_the_tape_cannot_price_are_refused() -> None:
    tape = random_tape(1, 2)
    with pytest.raises(InputError, match="book holds ETH"):
        run(hg.Book([hg.Holding.spot("ETH", 1.0)]), tape, hold)
    with pytest.raises(InputError, match="empty"):
        run(hg.Book(), tape, hold)
    with pytest.raises(InputError, match="numeraire"):
        run(hg.Book([hg.Holding.spot("BTC", 1.0)], numeraire="EUR"), tape, hold)
    with pytest.raises(InputError, match="number of a snapshot"):
        run(COINS, tape, hold, first=2)

"""Orders that a replay refuses, cuts, delays or waits with, each counted and named."""

from __future__ import annotations

import pandas as pd
import pytest
from cases.strategies import scripted
from cases.tapes import LATER, TERMS, made_chain, name, put, random_tape
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, Tape, Wait, run
from hedging.errors import InputError
from hedging.market import Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 2.0)])


def test_a_delayed_order_trades_at_the_next_quotes() -> None:
    tape = random_tape(14, missing=0.0)
    symbol = name("p", 80_000.0, LATER)
    done = run(COINS, tape, scripted([Order(symbol, 1.0)]), rules=Rules(delay=1))
    entry = done.entries[0]
    assert entry.time == tape.times[1]
    assert_allclose(entry.price, tape.quote(1, symbol).ask / tape.spot[1], rtol=1e-9)


def test_orders_are_cut_to_the_shares_allowed_and_counted() -> None:
    row = put(75_000.0, bid=0.019, ask=0.02, mark=0.0195, ask_size=3.0, open_interest=10.0, volume=1.0)
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, [row])])
    buy = scripted([Order(name("p", 75_000.0), 5.0)])
    for rules, kept, said in (
        (Rules(), 5.0, "orders beyond the size quoted"),
        (Rules(depth=True), 3.0, "orders cut to the size quoted"),
        (Rules(open_interest=0.25), 2.5, "orders cut to the share of open interest"),
        (Rules(volume=0.55), 0.5, "orders cut to the share of volume"),
    ):
        done = run(hg.Book([hg.Holding.spot("BTC", 9.0)]), tape, buy, rules=rules)
        assert done.entries[0].quantity == kept
        assert done.counts[said] == 1
    done = run(hg.Book([hg.Holding.spot("BTC", 9.0)]), tape, buy, rules=Rules(volume=0.05))
    assert done.entries == ()
    assert done.counts == {"refused: nothing left within the share of volume": 1}


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (Order("BTC-30JAN26-99000-P", 1.0), "not listed there"),
        (Order(hg.Option("BTC", "p", 75_000.0, pd.Timestamp("2026-01-01T08:00Z"), TERMS), 1.0), "expired at"),
        (Order(name("p", 75_000.0), 0.05), "whole lots of 0.1; got 0.05"),
        (Order(name("p", 75_000.0), float("nan")), "finite number"),
        (Order(name("p", 70_000.0), -1.0), "has no bid"),
        (Order(Perpetual("ETH", "coin"), 1.0), "not on BTC"),
        ("buy", "must be Leg or Order"),
    ],
)
def test_orders_that_cannot_be_name_file_time_and_rule(order, said) -> None:
    rows = [put(75_000.0, bid=0.019, ask=0.02), put(70_000.0, ask=0.01)]
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, rows)])
    with pytest.raises(InputError, match=f"made.csv, 2026-01-02 09:00:00 UTC.*{said}"):
        run(COINS, tape, scripted([order]))


def test_a_strategy_that_returns_a_number_is_told_what_to_return() -> None:
    with pytest.raises(InputError, match="must return legs, orders, an overlay"):
        run(COINS, random_tape(1, 2), lambda _state: 3.0)


def test_a_close_without_a_quote_is_refused_counted_and_kept_to_expiry() -> None:
    quoted, bare = put(75_000.0, bid=0.01, ask=0.02, mark=0.015), put(75_000.0, ask=0.02, mark=0.011)
    times = ("2026-01-02T09:00Z", "2026-01-04T09:00Z")
    tape = Tape.of([made_chain(t, 80_000.0, [row]) for t, row in zip(times, (quoted, bare), strict=True)])
    symbol = name("p", 75_000.0)
    done = run(COINS, tape, scripted([Order(symbol, 1.0)], [Order(symbol, -1.0)]))
    assert done.counts["refused: close without a quote"] == 1
    assert list(done.ledger["kind"]) == ["open", "fee"]
    assert_allclose(done.points[-1].options, 0.011 * 80_000.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"delay": 2},
        {"price": "best"},
        {"open_interest": 0.0},
        {"longest_gap": 0.0},
        {"half_spread": -0.1},
        {"funding": float("nan")},
        {"funding": pd.Series([0.1], index=[0])},
        {"delivery": "high"},
    ],
)
def test_rules_out_of_range_are_refused(bad) -> None:
    with pytest.raises(InputError):
        Rules(**bad)


def test_waits_are_counted_by_their_reason() -> None:
    done = run(COINS, random_tape(1, 3), lambda _state: Wait("no view"))
    assert done.counts == {"waited: no view": 3}

"""Orders that a replay refuses, cuts, delays or waits with, each counted and named."""

from __future__ import annotations

import pandas as pd
import pytest
from cases.strategies import scripted
from cases.tapes import FREE, LATER, TERMS, made_chain, name, put, random_tape, smile_chain
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
        (Order("BTC-1JAN26-75000-P", 1.0), "expired at 2026-01-01 08:00 UTC"),  # by its name alone
        (Order("btc-30jan26-75000-p", 1.0), "not listed there.*did you mean BTC-30JAN26-75000-P"),
        (Order("BTC-PERPETUAL", 1.0), "no option: order it as a Perpetual or a Future"),
        (Order("BTC-30JAN26", 1.0), "no option: order it as a Perpetual or a Future"),
        ("buy", "must be Leg or Order"),
    ],
)
def test_orders_that_cannot_be_name_file_time_and_rule(order, said) -> None:
    rows = [put(75_000.0, bid=0.019, ask=0.02), put(70_000.0, ask=0.01)]
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, rows)])
    with pytest.raises(InputError, match=f"made.csv, 2026-01-02 09:00:00 UTC.*{said}"):
        run(COINS, tape, scripted([order]))


FUTURE = hg.Future("BTC", LATER)
OUTRIGHT = [hg.Spot("BTC"), Perpetual("BTC", "coin"), Perpetual("BTC", "cash"), FUTURE]


@pytest.mark.parametrize(
    "item", OUTRIGHT, ids=lambda item: f"{item.symbol} {getattr(item, 'settlement', '')}"
)
@pytest.mark.parametrize("quantity", [1e-5, -1e-5, 0.00015, -0.33333, 1.00005])
def test_an_outright_below_or_between_its_lots_is_refused(item, quantity) -> None:
    tape = Tape.of([smile_chain("2026-01-02T09:00Z", 80_000.0)])
    with pytest.raises(InputError, match=r"made.csv, 2026-01-02 09:00:00 UTC: .* whole lots of 0.0001; got"):
        run(COINS, tape, scripted([Order(item, quantity)]))


@pytest.mark.parametrize(
    "item", OUTRIGHT, ids=lambda item: f"{item.symbol} {getattr(item, 'settlement', '')}"
)
@pytest.mark.parametrize("quantity", [0.0001, -0.0003, 0.1 + 0.2, 12_345.6789, -1e6])
def test_an_outright_in_whole_lots_is_filled(item, quantity) -> None:
    tape = Tape.of([smile_chain("2026-01-02T09:00Z", 80_000.0)])
    rich = hg.Book([hg.Holding.spot("BTC", 2e6)], cash=1e10)
    done = run(rich, tape, scripted([Order(item, quantity)]))
    assert_allclose(sum(each.quantity for each in done.entries if each.kind != "fee"), quantity, rtol=1e-12)


@pytest.mark.parametrize("expiry", ["2030-01-01T08:00Z", "2026-02-06T08:00Z"])
def test_a_future_that_nobody_lists_is_refused(expiry: str) -> None:
    future = hg.Future("BTC", pd.Timestamp(expiry))
    chains = [smile_chain("2026-01-02T09:00Z", 80_000.0), smile_chain("2026-01-03T09:00Z", 80_000.0)]
    with pytest.raises(
        InputError, match=r"2026-01-02 09:00:00 UTC: .* no future and no option of the snapshot expires"
    ):
        run(COINS, Tape.of(chains), scripted([Order(future, 1.0)]))
    late = run(COINS, Tape.of(chains), scripted([Order(future, 1.0)]), rules=Rules(delay=1))
    assert late.counts == {"refused: no longer listed": 1}
    held = hg.Book([hg.Holding.spot("BTC", 2.0), hg.Holding(future, 1.0, 80_000.0)])
    done = run(held, Tape.of(chains), scripted([Order(future, -1.0)]))
    assert next(entry.kind for entry in done.entries) == "close"


def test_a_trace_of_a_lot_is_no_lot() -> None:
    tape = Tape.of([smile_chain("2026-01-02T09:00Z", 80_000.0)])
    with pytest.raises(InputError, match=r"whole lots of 0\.1; got 1e-12"):
        run(COINS, tape, scripted([Order(name("p", 80_000.0, LATER), 1e-12)]))


def test_what_is_held_may_be_closed_as_it_stands() -> None:
    held = [hg.Holding.perpetual("BTC", 0.12345678, 80_000.0), hg.Holding.perpetual("BTC", 1.0, 79_000.0)]
    tape = Tape.of([smile_chain("2026-01-02T09:00Z", 80_000.0)])
    book = hg.Book([hg.Holding.spot("BTC", 2.00001), *held])
    for item, quantity in ((Perpetual("BTC", "coin"), -1.12345678), (hg.Spot("BTC"), -2.00001)):
        done = run(book, tape, scripted([Order(item, quantity, whole=True)]), rules=Rules(funding=0.0))
        assert [entry.kind for entry in done.entries if entry.kind != "fee"] == ["close"]
        assert item not in [each.instrument for each in done.end.holdings if each.quantity]
    with pytest.raises(InputError, match="whole lots"):
        run(book, tape, scripted([Order(Perpetual("BTC", "coin"), -0.12345678)]))
    wrong = run(book, tape, scripted([Order(Perpetual("BTC", "coin"), 1.0, whole=True)]))
    assert not wrong.entries
    assert wrong.counts == {"refused: nothing held to close": 1}


def test_a_venue_whose_lots_are_not_known_takes_any_quantity() -> None:
    tape = Tape.of([smile_chain("2026-01-02T09:00Z", 80_000.0, terms=FREE)])
    assert run(COINS, tape, scripted([Order(Perpetual("BTC", "coin"), 1e-7)])).entries


def test_an_option_that_has_expired_is_called_so_however_it_is_named() -> None:
    """Also where only another snapshot of the tape knows it, whose name says nothing."""
    odd = put(75_000.0, pd.Timestamp("2026-01-03T08:00Z"), bid=0.019, ask=0.02, symbol="P75")
    chains = [
        made_chain("2026-01-02T09:00Z", 80_000.0, [odd, put(70_000.0, ask=0.01)]),
        made_chain("2026-01-04T09:00Z", 80_000.0, [put(70_000.0, ask=0.01)]),
    ]
    tape = Tape.of(chains, delivery=pd.Series([80_000.0], index=pd.DatetimeIndex(["2026-01-03T08:00Z"])))
    option = hg.Option("BTC", "p", 75_000.0, pd.Timestamp("2026-01-03T08:00Z"), TERMS, "P75")
    for instrument in ("P75", option, "BTC-3JAN26-75000-P", "BTC-3JAN26-75001-C"):
        with pytest.raises(InputError, match=r"2026-01-04 09:00:00 UTC: .* expired at 2026-01-03 08:00 UTC"):
            run(COINS, tape, scripted(None, [Order(instrument, 1.0)]))


def test_an_order_that_no_next_snapshot_follows_is_counted() -> None:
    tape = random_tape(14, 2, missing=0.0)
    buy = [Order(name("p", 80_000.0, LATER), 1.0)]
    done = run(COINS, tape, scripted(None, buy), rules=Rules(delay=1))
    assert done.entries == ()
    assert done.counts == {"orders that no next snapshot followed": 1}


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
        {"depth": 5},
        {"depth": 1},
        {"depth": None},
        {"depth": "true"},
        {"delay": True},
        {"delay": 0.0},
        {"delay": None},
        {"open_interest": True},
        {"open_interest": "0.1"},
        {"volume": float("inf")},
        {"longest_gap": float("nan")},
        {"longest_gap": "5"},
        {"half_spread": False},
        {"half_spread": "0.1"},
        {"liquidation_fee": None},
        {"liquidation_fee": 1.0},
        {"funding": True},
        {"funding": "0.1"},
        {"funding": pd.Series(["a"], index=pd.DatetimeIndex(["2026-01-01T00:00Z"]))},
        {"funding": pd.Series([float("inf")], index=pd.DatetimeIndex(["2026-01-01T00:00Z"]))},
        {"funding": 0.5},
        {"funding": pd.Series([1.0], index=pd.DatetimeIndex(["2026-01-01T00:00Z"]))},
        {"funding": pd.Series([1e-4, 1e-4], index=pd.DatetimeIndex(["2026-01-01T00:00Z"] * 2))},
        {"fee": 0.0003},
        {"delivery_fee": 0.0},
        {"linear_fee": "0"},
        {"price": None},
    ],
)
def test_rules_out_of_range_are_refused(bad) -> None:
    with pytest.raises(InputError):
        Rules(**bad)


def test_a_payment_of_a_month_may_be_larger_than_one_of_eight_hours() -> None:
    months = pd.date_range("2024-01-01", periods=3, freq="30D", tz="UTC")
    Rules(funding=pd.Series([0.4, 1.08, -0.1], months))  # as alts of 2024 and 2025 paid
    with pytest.raises(InputError, match="at most 10% either way"):
        Rules(funding=pd.Series([0.4, 0.1], pd.date_range("2024-01-01", periods=2, freq="8h", tz="UTC")))


def test_waits_are_counted_by_their_reason() -> None:
    done = run(COINS, random_tape(1, 3), lambda _state: Wait("no view"))
    assert done.counts == {"waited: no view": 3}


def test_a_limit_that_the_quotes_do_not_say_is_counted() -> None:
    row = put(75_000.0, bid=0.019, ask=0.02, mark=0.0195)
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, [row])])
    done = run(COINS, tape, scripted([Order(name("p", 75_000.0), 1.0)]), rules=Rules(depth=True, volume=0.1))
    assert done.counts == {
        "orders not cut, size quoted unknown": 1,
        "orders not cut, share of volume unknown": 1,
    }

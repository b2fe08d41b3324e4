"""Settlement and fees by hand: calls and puts in and out of the money, in coin and in money, and premiums below a fee."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from cases.strategies import scripted
from cases.tapes import EXPIRY, TERMS, call, made_chain, name, put
from numpy.testing import assert_allclose

import hedging as hg
from hedging.backtest import Order, Rules, Tape, run
from hedging.market import FeeRule
from hedging.market.contracts import ContractTerms

CASH = ContractTerms("cash", lot=0.1, ticks=((0.0, 1.0),), fee=FeeRule(0.0003, 0.125), venue="deribit")
LONG = Rules(longest_gap=60.0)
COINS = hg.Book([hg.Holding.spot("BTC", 3.0)], cash=50_000.0)


def one_expiry(price: float, terms: ContractTerms = TERMS, unit: float = 1.0) -> Tape:
    """A call and a put at 80,000, quoted at 0.02 of 80,000 in coin or money, delivered at a price."""
    quotes = {"bid": 0.0195 * unit, "ask": 0.0205 * unit, "mark": 0.02 * unit}
    rows = [call(80_000.0, **quotes), put(80_000.0, **quotes)]
    later = [put(50_000.0, pd.Timestamp("2026-02-27T08:00Z"), bid=0.01 * unit, ask=0.02 * unit)]
    units = {"price": "coin" if terms.settlement == "coin" else "money", "vol": "decimal"}
    chains = [
        made_chain("2026-01-28T09:00Z", 80_000.0, rows, terms=terms, units=units),
        made_chain("2026-01-30T09:30Z", price * 1.01, later, terms=terms, units=units),
    ]
    return Tape.of(chains, delivery=pd.Series([price], index=pd.DatetimeIndex([EXPIRY])))


@pytest.mark.parametrize("quantity", [2.0, -2.0])
@pytest.mark.parametrize(
    ("flag", "price", "payoff"),
    [
        ("c", 90_000.0, 1.0 - 80_000.0 / 90_000.0),
        ("c", 80_040.0, 1.0 - 80_000.0 / 80_040.0),
        ("c", 80_000.0, 0.0),
        ("c", 70_000.0, 0.0),
        ("p", 70_000.0, 80_000.0 / 70_000.0 - 1.0),
        ("p", 80_000.0, 0.0),
        ("p", 90_000.0, 0.0),
    ],
)
def test_an_option_in_coin_pays_its_payoff_less_a_capped_fee(flag, price, payoff, quantity) -> None:
    done = run(COINS, one_expiry(price), scripted([Order(name(flag, 80_000.0), quantity)]), rules=LONG)
    fee = abs(quantity) * min(
        0.00015, 0.125 * payoff
    )  # Deribit's delivery fee, at most an eighth of what is paid
    settled = done.ledger[done.ledger["kind"] == "settle"].iloc[0]
    assert_allclose(settled["coin"], quantity * payoff, atol=1e-12)
    assert (settled["time"], settled["index"], settled["quantity"]) == (EXPIRY, price, -quantity)
    paid = done.ledger.loc[done.ledger["kind"] == "delivery fee", "coin"]
    assert_allclose(paid.sum(), -fee, atol=1e-12)
    assert len(paid) == (1 if payoff else 0)
    traded = -quantity * (0.0205 if quantity > 0 else 0.0195) - abs(quantity) * 0.0003
    assert_allclose(done.points[-1].coins, 3.0 + traded + quantity * payoff - fee, atol=1e-12)
    assert done.points[-1].cash == 50_000.0


@pytest.mark.parametrize("quantity", [2.0, -2.0])
@pytest.mark.parametrize(
    ("flag", "price", "payoff"),
    [("c", 90_000.0, 10_000.0), ("c", 80_010.0, 10.0), ("c", 79_000.0, 0.0), ("p", 70_000.0, 10_000.0)],
)
def test_an_option_in_money_pays_its_payoff_less_a_capped_fee(flag, price, payoff, quantity) -> None:
    tape = one_expiry(price, CASH, 80_000.0)
    done = run(COINS, tape, scripted([Order(name(flag, 80_000.0), quantity)]), rules=LONG)
    fee = abs(quantity) * min(0.00015 * price, 0.125 * payoff)
    traded = -quantity * (1_640.0 if quantity > 0 else 1_560.0) - abs(quantity) * 24.0
    assert_allclose(done.points[-1].cash, 50_000.0 + traded + quantity * payoff - fee, atol=1e-8)
    assert done.points[-1].coins == 3.0


def test_a_covered_call_in_the_money_ends_at_its_strike_in_money() -> None:
    """One coin and a call sold on it: worth the strike at delivery, the premium aside."""
    book = hg.Book([hg.Holding.spot("BTC", 1.0)])
    rules = replace(LONG, fee=FeeRule(0.0), delivery_fee=FeeRule(0.0))
    for price in (80_001.0, 90_000.0, 160_000.0):
        done = run(book, one_expiry(price), scripted([Order(name("c", 80_000.0), -1.0)]), rules=rules)
        assert_allclose((done.points[-1].coins - 0.0195) * price, 80_000.0, rtol=1e-12)


def test_a_put_worth_less_than_its_fee_is_sold_and_the_ledger_says_what_it_cost() -> None:
    row = put(50_000.0, bid=0.0001, ask=0.0002, mark=0.0001)
    tape = Tape.of([made_chain("2026-01-02T09:00Z", 80_000.0, [row])])
    held = hg.Holding.option("BTC", "p", 50_000.0, EXPIRY, 1.0, terms=TERMS)
    book = hg.Book([hg.Holding.spot("BTC", 1.0), held])
    sell = scripted([Order(name("p", 50_000.0), -1.0)])
    capped = run(book, tape, sell)
    assert_allclose(capped.ledger["coin"], [0.0001, -0.0000125], rtol=1e-12)
    # A venue without a cap: selling it costs more than it brings.
    bare = run(book, tape, sell, rules=Rules(fee=FeeRule(0.0003)))
    assert_allclose(bare.ledger["coin"], [0.0001, -0.0003], rtol=1e-12)
    assert bare.end.holdings[0].quantity < 1.0


def test_each_delivery_price_says_where_it_comes_from() -> None:
    expiries = [pd.Timestamp(f"2026-01-{day:02d}T08:00Z") for day in (3, 4, 5)]
    rows = [put(75_000.0, expiry, bid=0.075, ask=0.08, mark=0.077) for expiry in expiries]
    later = [put(60_000.0, bid=0.01, ask=0.011, mark=0.0105)]
    chains = [made_chain("2026-01-02T09:00Z", 70_000.0, rows)]
    chains += [made_chain(f"2026-01-{day:02d}T10:00Z", 70_100.0, later) for day in (3, 4, 5)]
    bars = hg.backtest.Delivery(
        pd.Series([70_200.0, 70_300.0], index=pd.DatetimeIndex(expiries[:2])),
        pd.Series([70_250.0, 70_350.0], index=pd.DatetimeIndex(expiries[:2])),
        "hour bar of bars.csv, its close",
    )
    published = pd.Series([70_400.0], index=pd.DatetimeIndex(expiries[:1]))
    tape = Tape.of(chains, delivery=[bars, published])
    buys = scripted([Order(name("p", 75_000.0, expiry), 1.0) for expiry in expiries])
    done = run(COINS, tape, buys)
    settled = done.ledger[done.ledger["kind"] == "settle"]
    assert list(settled["index"]) == [70_400.0, 70_300.0, 70_100.0]
    assert list(settled["source"]) == ["published prices", bars.source, "index 2.0 h after expiry"]
    opened = run(COINS, tape, buys, rules=Rules(delivery="open"))
    assert list(opened.ledger.loc[opened.ledger["kind"] == "settle", "index"]) == [
        70_400.0,
        70_350.0,
        70_100.0,
    ]
    change = opened.points[-1].coins - done.points[-1].coins
    assert_allclose(done.other_delivery, change, atol=1e-12)


def expiring(delivery) -> hg.backtest.Backtest:
    """A put bought on 2 January and settled on 3 January, an hour before the next snapshot."""
    expiry = pd.Timestamp("2026-01-03T08:00Z")
    rows = [put(75_000.0, expiry, bid=0.075, ask=0.08, mark=0.077)]
    chains = [
        made_chain("2026-01-02T09:00Z", 70_000.0, rows),
        made_chain("2026-01-03T09:00Z", 70_100.0, [put(60_000.0, bid=0.01, ask=0.011, mark=0.0105)]),
    ]
    buys = scripted([Order(name("p", 75_000.0, expiry), 1.0)])
    return run(COINS, Tape.of(chains, delivery=delivery), buys, rules=Rules())


def bars(*hours: str) -> hg.backtest.Delivery:
    times = pd.DatetimeIndex([pd.Timestamp(f"2026-01-{hour}Z") for hour in hours])
    close, opens = (pd.Series(price, index=times) for price in (70_200.0, 70_250.0))
    return hg.backtest.Delivery(close, opens, "hour bar of bars.csv, its close")


@pytest.mark.parametrize(
    ("delivery", "source", "edge", "unused"),
    [
        (None, "index after expiry", False, ()),
        (bars("03T08:00"), "hour bar of bars.csv, its close", True, ()),
        (bars("05T08:00"), "index after expiry", False, ("hour bar of bars.csv, its close",)),
        (pd.Series([70_300.0], index=pd.DatetimeIndex(["2026-01-03T08:00Z"])), "published prices", False, ()),
        (
            [bars("03T08:00"), pd.Series([70_300.0], index=pd.DatetimeIndex(["2026-01-03T08:00Z"]))],
            "published prices",
            False,
            ("hour bar of bars.csv, its close",),
        ),
    ],
    ids=["index", "bar", "bar of another day", "published", "published before bar"],
)
def test_a_run_names_where_delivery_prices_come_from_and_which_were_never_used(
    delivery, source, edge, unused
) -> None:
    done = expiring(delivery)
    said = " ".join(repr(done).split())
    assert done.deliveries == {source: 1}
    assert done.to_dict()["delivery prices"] == {source: 1}
    assert f"delivery prices {source} 1" in said
    assert ("other edge" in said) == edge
    assert (done.to_dict()["numbers"]["other delivery"] is not None) == edge
    assert [text for text in done.remarks if "No delivery price of" in text] == [
        text for each in unused for text in done.remarks if f"No delivery price of {each} was used" in text
    ]
    assert len(done.remarks) == len(unused)


def test_a_settlement_at_the_open_of_its_hour_is_called_so() -> None:
    expiry = pd.Timestamp("2026-01-03T08:00Z")
    closing = expiring(bars("03T08:00"))
    done = run(
        COINS, closing.tape, scripted([Order(name("p", 75_000.0, expiry), 1.0)]), rules=Rules(delivery="open")
    )
    assert done.deliveries == {"hour bar of bars.csv, its open": 1}
    assert done.remarks == []


@pytest.mark.parametrize("own", [1.0, 4.0, -1.0, -2.0, -3.0])
def test_a_roll_gets_its_own_part_of_a_settlement(own: float) -> None:
    # Two bought beside `own` that the book came with: one settlement of both, of which two are the strategy's.
    tape = one_expiry(70_000.0)
    held = hg.Book([*COINS.holdings, hg.Holding(tape.option(0, name("p", 80_000.0)), own)], cash=50_000.0)
    done = run(held, tape, scripted([Order(name("p", 80_000.0), 2.0)]), rules=LONG)
    payoff = 80_000.0 / 70_000.0 - 1.0
    (row,) = done.rolls.to_dict("records")
    assert (row["quantity"], row["how"], row["delivery"]) == (2.0, "settle", 70_000.0)
    assert_allclose(row["coin"], 2.0 * (payoff - 0.00015 - 0.0205 - 0.0003), atol=1e-12)

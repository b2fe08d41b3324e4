"""Accounts that a book declares: their flows stay in them, their own rules hold, and what lies cold is never touched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.strategies import falling, scripted
from cases.tapes import EXPIRY, LATER, TERMS, made_chain, name
from numpy.testing import assert_allclose

import hedging as hg
from hedging import greeks, margin
from hedging.backtest import Order, Rules, Tape, compare, hold, pair, rolled, run
from hedging.book import DeclaredAccount, Transfer
from hedging.errors import InputError
from hedging.market import Future, Perpetual, Spot

PERPETUAL = Perpetual("BTC", "coin")
COLD = hg.Holding.spot("BTC", 100.0)
COINS = hg.Holding.spot("BTC", 0.3).in_account("deribit")
SHORT = hg.Holding.perpetual("BTC", -5.0, 80_000.0).in_account("deribit")
RISING = (80_000.0, 81_000.0, 90_000.0)


def declared(*holdings, name="deribit", **more):
    return hg.Book(holdings, accounts=[DeclaredAccount(name)], **more)


def coins_in(book, account):
    return sum(h.units for h in book.holdings if h.instrument.symbol == "BTC" and h.account == account)


@pytest.mark.parametrize("funding", [0.0, 1e-12, -1e-12])
@pytest.mark.parametrize("order", [(COLD, COINS, SHORT), (COINS, COLD, SHORT), (SHORT, COINS, COLD)])
def test_flows_leave_the_accounts_as_they_are_and_a_loss_in_the_account_that_made_it(order, funding) -> None:
    book, tape = declared(*order), falling(*RISING)
    done = run(book, tape, hold, rules=Rules(funding=funding))
    said = margin.liquidation_price(book, hg.Market.of(tape.chain(1)), account="deribit").up
    row = done.ledger[done.ledger["kind"] == "liquidation"].iloc[0]
    assert_allclose(row["index"], said, rtol=1e-9)
    assert done.end.accounts == book.accounts
    assert coins_in(done.end, "") == 100.0
    left = 0.3 - 5.0 * (said - 80_000.0) / said - 0.0075 * 5.0 * 80_000.0 / said
    assert_allclose(coins_in(done.end, "deribit"), left, rtol=1e-8)


def test_money_of_a_flow_lies_in_its_account() -> None:
    linear = hg.Holding.perpetual("BTC", 1.0, 80_000.0, settlement="cash").in_account("b")
    accounts = [DeclaredAccount("a", cash=7.0), DeclaredAccount("b", cash=50_000.0)]
    book = hg.Book([COLD, linear], cash=60_000.0, accounts=accounts, orders="a")
    done = run(book, falling(80_000.0, 79_000.0), hold, rules=Rules(funding=0.0001))
    paid = 79_000.0 * 0.0003  # a position in units pays on its worth now
    assert_allclose([each.cash for each in done.end.accounts], [7.0, 50_000.0 - paid], rtol=1e-12)
    assert_allclose(done.end.cash, 60_000.0 - paid, rtol=1e-12)


def test_the_rules_of_the_book_hold_unless_others_are_given_and_the_run_says_which() -> None:
    book = declared(COLD, replace(COINS, quantity=1.5), SHORT)
    tape = falling(80_000.0, 81_000.0, 140_000.0)
    own, given = (run(book, tape, hold, account=each) for each in (None, margin.DERIBIT_BTC_2024))
    for done, model in ((own, margin.DERIBIT_BTC), (given, margin.DERIBIT_BTC_2024)):
        said = margin.liquidation_price(book, hg.Market.of(tape.chain(1)), model, account="deribit").up
        assert_allclose(done.ledger["index"].iloc[0], said, rtol=1e-9)
    assert own.summary["margin"] == "deribit (standard): by the rules that the book declares"
    assert "PortfolioMargin" in given.summary["margin"]
    assert "instead of its own" in given.summary["margin"]
    plain = run(hg.Book([COLD, SHORT]), tape, hold)
    assert not plain.margin
    assert "margin" not in plain.summary


def test_a_cold_position_is_liquidated_by_nobody_and_settles_cold() -> None:
    put = hg.Holding.option("BTC", "p", 90_000.0, EXPIRY, 1.0, terms=TERMS)
    book = declared(COLD, COINS, replace(SHORT, account=""), put)
    tape = falling(*RISING)
    tape = Tape.of([tape.chain(k) for k in range(3)], delivery=pd.Series([80_000.0], index=[EXPIRY]))
    done = run(book, tape, hold)
    assert not len(done.ledger)


def test_each_account_is_liquidated_by_itself() -> None:
    other = [hg.Holding.spot("BTC", 50.0).in_account("b"), replace(SHORT, account="b")]
    accounts = [DeclaredAccount("deribit"), DeclaredAccount("b")]
    book = hg.Book([COINS, SHORT, *other], accounts=accounts, orders="b")
    done = run(book, falling(*RISING), hold, rules=Rules(funding=0.0))
    assert list(done.ledger["kind"]) == ["liquidation", "liquidation fee"]
    assert [held.account for held in done.end.holdings if held.instrument == PERPETUAL] == ["b"]
    assert coins_in(done.end, "b") == 50.0
    with pytest.raises(InputError, match="say where orders are traded"):
        run(hg.Book([COINS, SHORT, *other], accounts=accounts), falling(*RISING), rolled("put"))


def test_a_close_happens_where_the_position_lies() -> None:
    accounts = [DeclaredAccount("a"), DeclaredAccount("b")]
    coins, tape = hg.Holding.spot("BTC", 10.0), falling(80_000.0, 80_000.0)
    held = [
        coins.in_account("a"),
        coins.in_account("b"),
        hg.Holding(tape.option(0, name("p", 80_000.0, LATER)), 1.0).in_account("b"),
        hg.Holding.perpetual("BTC", 2.0, 80_000.0).in_account("b"),
    ]
    book = hg.Book(held, accounts=accounts, orders="a")
    orders = [Order(name("p", 80_000.0, LATER), -1.5), Order(PERPETUAL, -2.0, whole=True)]
    done = run(book, tape, scripted(orders), rules=Rules(funding=0.0))
    left = [(h.account, h.quantity) for h in done.end.holdings if h.instrument.symbol != "BTC"]
    assert left == [("a", -0.5)]
    ledger = done.ledger
    for account, kind in (("a", "open"), ("b", "close")):
        mine = ledger[(ledger["kind"] == kind) & ledger["instrument"].str.endswith("-P")]["coin"].sum()
        assert coins_in(done.end, account) == pytest.approx(10.0 + mine, abs=0.002)  # and fees


TOP_UP = Transfer("BTC", 2.0, "cold", "deribit", day=1.0)


def test_a_transfer_that_arrives_in_time_keeps_an_account_alive() -> None:
    # Liquidated at 90,000 as it stands (see above); two coins more arrive at 81,000.
    book = declared(COLD, COINS, SHORT, transfers=[TOP_UP])
    done = run(book, falling(*RISING), hold, rules=Rules(funding=0.0))
    assert done.counts == {"transfers carried out": 1}
    assert (coins_in(done.end, ""), coins_in(done.end, "deribit")) == (98.0, 2.3)
    late = declared(COLD, COINS, SHORT, transfers=[replace(TOP_UP, day=2.0)])
    done = run(late, falling(*RISING), hold, rules=Rules(funding=0.0))
    assert done.counts == {"transfers carried out": 1, "liquidations": 1}


@pytest.mark.parametrize(
    ("transfer", "said"),
    [
        (replace(TOP_UP, quantity=101.0), "transfers refused: their source had less"),
        (Transfer("BTC", 0.29, "deribit", "cold", day=1.0), "or less than its initial margin left"),
        (Transfer("USD", 1.0, "deribit", "cold", day=1.0), "transfers refused: their source had less"),
        (replace(TOP_UP, source=""), "not carried out: a return is over what was there at the start"),
        (replace(TOP_UP, asset="USDC"), "not carried out: the tape prices BTC and USD"),
        (replace(TOP_UP, day=None, date=pd.Timestamp("2026-01-01T00:00Z")), "before the first snapshot"),
    ],
)
def test_a_transfer_that_cannot_be_followed_is_counted_with_its_reason(transfer: Transfer, said: str) -> None:
    done = run(declared(COLD, COINS, SHORT, transfers=[transfer]), falling(80_000.0, 81_000.0), hold)
    (reason,) = (each for each in done.counts if "transfer" in each)
    assert said in reason
    assert coins_in(done.end, "") == 100.0


def test_money_moves_between_accounts_and_the_equity_stays() -> None:
    accounts = [DeclaredAccount("a", cash=100.0), DeclaredAccount("b", cash=5.0)]
    moves = [Transfer("USD", 60.0, "a", "b", day=0.0), Transfer("USD", 20.0, "b", "cold", day=1.0)]
    book = hg.Book([COLD], cash=105.0, accounts=accounts, orders="a", transfers=moves)
    done = run(book, falling(80_000.0, 80_000.0), hold)
    assert [each.cash for each in done.end.accounts] == [40.0, 45.0]
    assert (done.end.cash, done.equity.iloc[-1]) == (105.0, 105.0 + 100.0 * 80_000.0)


def with_basis(time: str, spot: float, ratio: float):
    """A chain at one vol whose forwards are the spot times `ratio`."""
    rows = []
    for strike in np.arange(0.7, 1.35, 0.05) * 80_000.0:
        for flag in "cp":
            years = (LATER - pd.Timestamp(time)) / pd.Timedelta(days=365)
            mark = float(greeks.black76_price(flag, spot * ratio, strike, years, 0.0, 0.6)) / (spot * ratio)
            row = {"flag": flag, "strike": round(strike, 2), "expiry": LATER, "mark": mark, "mark_vol": 0.6}
            rows.append(row | {"forward": spot * ratio, "bid": mark, "ask": mark + 0.001})
    return made_chain(time, spot, rows)


def test_a_dated_future_is_liquidated_at_its_own_price() -> None:
    """At the liquidation price an account has its maintenance left: 5 x 80,000 x (1 % + 0.005 % x size) of coin."""
    future = Future("BTC", LATER, "coin")
    book = hg.Book([hg.Holding.spot("BTC", 1.5), hg.Holding(future, 5.0, 84_000.0)])
    chains = [
        with_basis(f"2026-01-0{day}T09:00Z", spot, 1.05)
        for day, spot in ((2, 80_000.0), (3, 79_000.0), (4, 50_000.0))
    ]
    done = run(book, Tape.of(chains), hold, account=margin.DERIBIT_BTC, rules=Rules(liquidation_fee=0.0))
    row = done.ledger[done.ledger["kind"] == "liquidation"].iloc[0]
    assert_allclose(row["price"], 1.05 * row["index"], rtol=1e-6)
    assert_allclose(row["coin"], 5.0 * (1.0 - 84_000.0 / row["price"]), rtol=1e-9)
    left = coins_in(done.end, "")
    size = 5.0 * 84_000.0 / row["price"]
    assert_allclose(left, size * (0.01 + 0.00005 * size), rtol=1e-3)
    assert "bankrupt" not in done.ended


def test_fees_of_a_close_are_on_the_money_that_the_contract_stands_for() -> None:
    held = hg.Holding.perpetual("BTC", 2.0, 80_000.0)
    book = hg.Book([hg.Holding.spot("BTC", 5.0), held])
    rules = Rules(funding=0.0, half_spread=0.0, linear_fee=hg.market.FeeRule(0.001))
    done = run(book, falling(40_000.0, 40_000.0), scripted([Order(PERPETUAL, -2.0, whole=True)]), rules=rules)
    assert_allclose(done.ledger["coin"], [2.0 * (40_000 - 80_000) / 40_000, -0.001 * 160_000 / 40_000])
    cash = Perpetual("BTC", "cash")
    book = hg.Book([hg.Holding(cash, 2.0, 80_000.0)], cash=200_000.0)
    done = run(book, falling(40_000.0, 40_000.0), scripted([Order(cash, -2.0)]), rules=rules)
    assert_allclose(done.ledger["money"], [-80_000.0, -0.001 * 80_000])


def test_an_overlay_that_nets_against_the_book_is_still_the_strategy_s() -> None:
    symbol, seen = name("p", 80_000.0, LATER), []

    def watching(state):
        seen.append([(held.instrument.symbol, held.quantity) for held in state.overlay])
        return [Order(symbol, 1.0)] if len(seen) == 1 else None

    tape = falling(80_000.0, 80_000.0, 80_000.0)
    short = hg.Holding(tape.option(0, symbol), -1.0)
    run(hg.Book([hg.Holding.spot("BTC", 2.0), short]), tape, watching)
    assert seen == [[], [(symbol, 1.0)], [(symbol, 1.0)]]


def test_times_of_which_no_funding_is_known_are_named() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 5.0), hg.Holding.perpetual("BTC", 2.0, 80_000.0)])
    tape = falling(*[80_000.0] * 6)  # at 09:00 from the 2nd to the 7th
    hours = pd.date_range("2026-01-03T08:00Z", "2026-01-06T08:00Z", freq="8h")
    payments = pd.Series(0.001, index=hours.delete(slice(3, 7)))  # 8:00 of the 4th to 16:00 of the 5th
    done = run(book, tape, hold, rules=Rules(funding=payments))
    assert_allclose(done.ledger["coin"].sum(), -2.0 * 0.001 * len(payments))
    at = [[f"{time:%d %H}" for time in span] for span in done.unfunded]
    assert at == [["02 09", "03 00"], ["04 00", "05 08"], ["06 16", "07 09"]]
    assert done.counts["snapshots without funding, taken as 0"] == 4
    said = (
        "No funding is known from 2026-01-02 09:00 to 2026-01-03 00:00, 2026-01-04 00:00 to 2026-01-05 08:00"
    )
    assert any(each.startswith(said) for each in done.remarks)
    whole = pd.Series(0.001, index=pd.date_range("2026-01-01T08:00Z", "2026-01-08T08:00Z", freq="8h"))
    assert not run(book, tape, hold, rules=Rules(funding=whole)).unfunded


def test_a_pair_s_second_sees_what_the_first_wants() -> None:
    seen = []

    def first(state):
        return [Order(name("p", 80_000.0, LATER), 1.0)]

    def second(state):
        seen.append([(held.instrument.symbol, held.quantity) for held in state.book.holdings[1:]])

    run(hg.Book([hg.Holding.spot("BTC", 2.0)]), falling(80_000.0), pair(first, second))
    assert seen == [[(name("p", 80_000.0, LATER), 1.0)]]


def test_a_comparison_says_by_which_rules() -> None:
    book = declared(hg.Holding.spot("BTC", 2.0).in_account("deribit"))
    text = str(compare(book, falling(*RISING), [hold], starts=1))
    assert "deribit (standard): by the rules that the book declares" in text.replace("\n", " ")


def test_a_purse_that_owes_more_is_refused_beside_one_that_owes_already() -> None:
    """Money that is missing before the order must not hide coins that are missing after it."""
    coins = hg.Holding.spot("BTC", 0.01).in_account("a")
    book = hg.Book([coins], cash=-100.0, accounts=[DeclaredAccount("a", cash=-100.0)])
    buy = [Order(name("p", 80_000.0, LATER), 1.0)]
    done = run(hg.Book([COLD, *book.holdings], cash=-100.0, accounts=book.accounts), falling(80_000.0, 80_000.0),
               scripted(buy))  # fmt: skip
    assert done.counts == {"refused: not enough margin for it in the account a": 1}


LINEAR = hg.Holding.perpetual("BTC", 1.0, 80_000.0, settlement="cash").in_account("deribit")


@pytest.mark.parametrize(
    ("spots", "lost", "kept"),
    [
        ((80_000.0, 79_000.0, 70_000.0), LINEAR, SHORT),
        (RISING, SHORT, LINEAR),
        ((80_000.0, 81_000.0), None, SHORT),
    ],
)
def test_each_purse_of_a_segregated_account_is_liquidated_by_itself(spots, lost, kept) -> None:
    coins, account = replace(COINS, quantity=0.3), DeclaredAccount("deribit", cash=5_000.0)
    book, tape = hg.Book([COLD, coins, SHORT, LINEAR], cash=5_000.0, accounts=[account]), falling(*spots)
    done = run(book, tape, hold, rules=Rules(funding=0.0))
    fell = [(each.instrument, each.index) for each in done.entries if each.kind == "liquidation"]
    left = [held for held in done.end.holdings if held.instrument != Spot("BTC")]
    if lost is None:
        assert (fell, left) == ([], [SHORT, LINEAR])
        return
    # The purse alone, as a book of its own.
    purse = hg.Book([lost, coins] if lost is SHORT else [lost], cash=5_000.0 * (lost is LINEAR), accounts=[
        replace(account, cash=5_000.0 * (lost is LINEAR))])  # fmt: skip
    found = margin.liquidation_price(purse, hg.Market.of(tape.chain(1)))
    assert fell == [
        (lost.instrument.symbol, pytest.approx(found.up if lost is SHORT else found.down, rel=1e-9))
    ]
    assert left == [kept]
    assert (done.end.accounts[0].cash == 5_000.0) == (lost is SHORT)
    assert (coins_in(done.end, "deribit") == 0.3) == (lost is LINEAR)


def test_what_one_purse_has_pays_for_nothing_in_another() -> None:
    poor = hg.Book([COLD, LINEAR], cash=1e6, accounts=[DeclaredAccount("deribit", cash=1e6)])
    buy = scripted([Order(name("p", 80_000.0, LATER), 0.1)])
    done = run(poor, falling(80_000.0, 80_000.0), buy)
    assert done.counts["refused: not enough margin for it in the account deribit"] == 1
    rich = hg.Book([COLD, COINS, LINEAR], cash=1e6, accounts=[DeclaredAccount("deribit", cash=1e6)])
    assert run(rich, falling(80_000.0, 80_000.0), buy).entries[0].kind == "open"


def test_a_cross_account_is_margined_as_one() -> None:
    linear = replace(LINEAR, quantity=0.1)
    account = DeclaredAccount("deribit", cash=5_000.0, model="cross-standard", haircuts={"BTC": 0.1})
    held = [COLD, replace(COINS, quantity=2.0), SHORT, linear]
    done = run(hg.Book(held, cash=5_000.0, accounts=[account]), falling(*RISING), hold)
    assert "liquidation" not in set(done.ledger.get("kind", ()))

"""Books that lose all they have: on the way, at once, by holding or by the strategy; the ledger adds up to the end."""

from __future__ import annotations

import json
import math

import pytest
from cases.strategies import falling, scripted
from cases.tapes import LATER, TERMS, name
from numpy.testing import assert_allclose

import hedging as hg
from hedging import margin
from hedging.backtest import Order, Rules, compare, hold, run, starts, sweep
from hedging.errors import InputError
from hedging.market import Perpetual

PERPETUAL = Perpetual("BTC", "coin")
FREE = Rules(funding=0.0)
SPOTS = (80_000.0, 70_000.0, 60_000.0, 90_000.0)
LEVERAGED = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 4.0, 80_000.0)])


def entries_add_up(done, coins: float, money: float) -> None:
    ledger = done.ledger
    assert_allclose(coins + ledger["coin"].sum(), done.points[-1].coins, atol=1e-9)
    assert_allclose(money + ledger["money"].sum(), done.points[-1].cash, atol=0.005)


def test_holding_that_is_lost_ends_there_and_its_loss_stands_beside_the_strategy() -> None:
    # 1 BTC and 4 BTC of a perpetual bought at 80,000: at 60,000 worth 60,000 - 80,000.
    held = run(LEVERAGED, falling(*SPOTS), hold, rules=FREE)
    assert_allclose(held.equity, [80_000.0, 30_000.0, -20_000.0])
    assert held.ended == "the book is bankrupt at 2026-01-04 09:00 UTC"
    assert held.counts == {"bankrupt": 1}
    sold = run(LEVERAGED, falling(*SPOTS), scripted([Order(PERPETUAL, -4.0)]), rules=FREE)
    assert sold.ended == "the tape ends"
    assert_allclose(sold.held, [80_000.0, 30_000.0, -20_000.0, -20_000.0])
    entries_add_up(sold, 1.0, 0.0)
    assert_allclose(sold.costs["money"].sum(), sold.equity.iloc[-1] + 20_000.0)
    assert math.isnan(run(LEVERAGED, falling(*SPOTS), hold, rules=FREE).numbers()["return a year"])
    # After the loss nothing is left that could fall further.
    assert sold.protection["held"].iloc[0] == pytest.approx(-50_000.0 / 30_000.0)


def test_a_strategy_that_loses_all_is_shown_beside_holding_that_does_not() -> None:
    lost = run(
        hg.Book([hg.Holding.spot("BTC", 1.0)]),
        falling(80_000.0, 60_000.0, 90_000.0),
        scripted([Order(PERPETUAL, 6.0)]),
        rules=FREE,
    )
    assert lost.ended.startswith("the book is bankrupt")
    assert len(lost.points) == len(lost.held) == 2
    entries_add_up(lost, 1.0, 0.0)
    assert lost.drawdown.depth < -1.0


@pytest.mark.parametrize("account", [None, margin.DERIBIT_BTC], ids=["no account", "account"])
@pytest.mark.parametrize(
    "book",
    [
        LEVERAGED,
        hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-65_000.0),
        hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-60_000.0),  # worth nothing, to the cent
        hg.Book(
            [
                hg.Holding.spot("BTC", 0.5),
                hg.Holding.option("BTC", "p", 80_000.0, LATER, -3.0, terms=TERMS),
            ]
        ),
    ],
    ids=["leveraged", "in debt", "at nothing", "sold puts"],
)
def test_every_answer_of_a_lost_book_is_given_or_is_nothing(book, account) -> None:
    buys = scripted([Order(name("p", 80_000.0), 0.1)])
    for strategy in (hold, buys):
        done = run(book, falling(*SPOTS), strategy, rules=FREE, account=account)  # warnings are errors
        compared = compare(book, falling(*SPOTS), {"it": strategy}, starts=1, rules=FREE, account=account)
        for text in (repr(done), done._repr_html_(), repr(compared)):
            assert not {"nan", "inf"} & set(text.replace("%", " ").replace(",", " ").lower().split())
        json.loads(done.to_json())
        parts = done.attribution()
        assert_allclose(parts.drop(columns="total").sum(axis=1), parts["total"], atol=1e-6)
        entries_add_up(
            done, sum(h.quantity for h in book.holdings if h.instrument == hg.Spot("BTC")), book.cash
        )


@pytest.mark.parametrize(
    "book",
    [
        hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-90_000.0),
        hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-80_000.0),
        hg.Book([hg.Holding.perpetual("BTC", -1.0, 80_000.0)]),
        hg.Book(cash=-1_000.0),
    ],
)
def test_a_book_that_is_worth_nothing_at_the_start_is_refused_by_file_and_time(book) -> None:
    with pytest.raises(InputError, match=r"is worth .* USD at made\.csv, 2026-01-02 09:00:00 UTC.*above 0"):
        run(book, falling(*SPOTS), hold)


# In debt by 65,000: nothing is left on the third day, when a coin is worth 60,000.
INDEBTED = hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-65_000.0)


def test_starts_at_which_the_book_is_already_lost_are_left_out_and_named() -> None:
    compared = compare(INDEBTED, falling(*SPOTS), [hold], starts=3, rules=FREE)
    found = compared.starts
    assert found["refused"].isna().tolist() == [True, True, False]
    assert found["refused"].iloc[2] == "the book is worth -5,000.00 USD"
    # 80,000 - 65,000 and 70,000 - 65,000 to begin with, bankrupt at 60,000 - 65,000.
    assert_allclose(found["return"], [-4.0 / 3.0, -2.0, math.nan])
    text = " ".join(repr(compared).split())
    assert "over 2 of 3 starts" in text
    assert "1 of 3 starts left out: 2026-01-04 (the book is worth -5,000.00 USD)." in text
    json.dumps(compared.to_dict(), allow_nan=False)
    begun = starts(INDEBTED, falling(*SPOTS), hold, 3, rules=FREE)
    assert_allclose(begun.spread.loc["return"], [-5.0 / 3.0, -2.0, -4.0 / 3.0])
    assert "begun on each of 2 days" in repr(begun)
    assert "1 of 3 starts left out" in " ".join(repr(begun).split())


def test_starts_after_an_option_of_the_book_has_expired_are_left_out(tmp_path) -> None:
    option = hg.Holding.option("BTC", "p", 80_000.0, "2026-01-04T08:00Z", 1.0, terms=TERMS)
    book = hg.Book([hg.Holding.spot("BTC", 1.0), option])
    table = sweep(book, falling(*SPOTS), {"hold": hold}, starts=3, rules=FREE, folder=tmp_path)
    assert table["refused"].iloc[2] == "BTC-4JAN26-80000-P of the book expired at 2026-01-04 08:00 UTC"
    assert table["refused"].isna().sum() == 2
    again = sweep(book, falling(*SPOTS), {"hold": hold}, starts=3, rules=FREE, folder=tmp_path)
    assert again.equals(table)


def test_a_book_that_no_start_can_be_begun_with_is_refused() -> None:
    lost = hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-95_000.0)
    with pytest.raises(InputError, match=r"on none of 3 days, from 2026-01-02 on: the book is worth -15,000"):
        starts(lost, falling(*SPOTS), hold, 3, rules=FREE)


def test_a_run_that_ends_before_the_tape_says_so_beside_the_others() -> None:
    sold = scripted([Order(PERPETUAL, -4.0)])
    compared = compare(LEVERAGED, falling(*SPOTS), {"hold": hold, "sold": sold}, starts=1, rules=FREE)
    text = " ".join(repr(compared).split())
    assert "hold: ended early, as the book is bankrupt at 2026-01-04 09:00 UTC." in text
    assert "BTC, 2026-01-02 to 2026-01-05" in text


def test_a_book_of_cash_alone_goes_bankrupt_too() -> None:
    # Four bought at 80,000 by 30,000 of cash: at 70,000 they have lost 40,000 or more, and a rise comes too late.
    lost = run(
        hg.Book(cash=30_000.0),
        falling(80_000.0, 70_000.0, 95_000.0),
        scripted([Order(Perpetual("BTC", "cash"), 4.0)]),
        rules=FREE,
    )
    assert lost.ended.startswith("the book is bankrupt")
    assert lost.equity.iloc[-1] <= -10_000.0

"""Orders that nobody could pay are refused and counted; what an account lends, and what is owed anyway, is not."""

from __future__ import annotations

import pytest
from cases.strategies import falling, scripted
from cases.tapes import LATER, TERMS, name
from numpy.testing import assert_allclose

import hedging as hg
from hedging import margin
from hedging.backtest import Order, Rules, compare, hold, rolled, run
from hedging.market import Perpetual

COINS = hg.Book([hg.Holding.spot("BTC", 1.0)])
MONEY = hg.Book(cash=100_000.0)
PUT = name("p", 72_000.0, LATER)
SPOT, INVERSE, LINEAR = hg.Spot("BTC"), Perpetual("BTC", "coin"), Perpetual("BTC", "cash")
FLAT = (80_000.0, 80_000.0)
RULES = Rules(funding=0.0)


@pytest.mark.parametrize(
    ("book", "order", "what"),
    [
        (COINS, Order(PUT, 100.0), "BTC"),
        (MONEY, Order(PUT, 0.1), "BTC"),
        (COINS, Order(SPOT, 1.0), "USD"),
        (MONEY, Order(SPOT, 2.0), "USD"),
        (COINS, Order(SPOT, -1.5), "BTC"),
        (MONEY, Order(INVERSE, 1.0), "BTC"),  # its fee is paid in coin
        (COINS, Order(LINEAR, 1.0), "USD"),
        (hg.Book([hg.Holding.spot("BTC", 1.0)], cash=-10.0), Order(SPOT, 0.0001), "USD"),
    ],
)
def test_what_a_book_cannot_pay_is_refused_by_what_is_missing(book, order, what) -> None:
    done = run(book, falling(*FLAT), scripted([order]), rules=RULES)
    assert done.entries == ()
    assert done.counts == {f"refused: not enough {what} to pay for it": 1}
    said = " ".join(repr(done).split())
    assert "an account that lends on margin" in said
    assert any("could not pay" in each for each in done.to_dict()["remarks"])


def test_what_can_be_paid_to_the_last_coin_is_traded() -> None:
    for book, order in ((COINS, Order(SPOT, -1.0)), (MONEY, Order(SPOT, 1.2)), (COINS, Order(PUT, 10.0))):
        assert run(book, falling(*FLAT), scripted([order]), rules=RULES).entries


def test_no_balance_of_a_book_without_an_account_falls_below_zero_by_an_order() -> None:
    orders = [
        [Order(PUT, 20.0)],
        [Order(SPOT, 0.3)],
        [Order(INVERSE, -2.0), Order(PUT, 30.0)],
        [Order(SPOT, -0.6)],
    ]
    done = run(COINS, falling(*(80_000.0,) * 4), scripted(*orders), rules=RULES)
    assert min(min(point.coins, point.cash) for point in done.points) >= 0.0


def test_a_sale_pays_for_what_is_bought_with_it() -> None:
    book = hg.Book(
        [hg.Holding.spot("BTC", 0.001), hg.Holding.option("BTC", "p", 72_000.0, LATER, 1.0, terms=TERMS)]
    )
    lower = Order(name("p", 70_000.0, LATER), 1.0)
    assert run(book, falling(*FLAT), scripted([lower])).entries == ()
    assert run(book, falling(*FLAT), scripted([Order(PUT, -1.0), lower])).entries


def test_what_is_owed_anyway_may_be_paid() -> None:
    """A perpetual at a loss beyond the coins is closed: the venue has counted the loss already."""
    book = hg.Book([hg.Holding.spot("BTC", 0.1), hg.Holding.perpetual("BTC", 2.0, 80_000.0)], cash=50_000.0)
    done = run(book, falling(80_000.0, 72_000.0), scripted(None, [Order(INVERSE, -2.0)]), rules=RULES)
    assert [entry.kind for entry in done.entries] == ["close", "fee"]
    assert done.points[-1].coins < 0.0
    # A gain that is not yet paid out pays: the venue settles it daily.
    gained = run(book, falling(80_000.0, 90_000.0), scripted(None, [Order(PUT, 1.0)]), rules=RULES)
    assert gained.entries


def test_an_account_lends_to_its_initial_margin_and_no_further() -> None:
    rules = margin.DERIBIT_BTC
    few = run(COINS, falling(*FLAT), scripted([Order(INVERSE, 10.0)]), rules=RULES, account=rules)
    many = run(COINS, falling(*FLAT), scripted([Order(INVERSE, 60.0)]), rules=RULES, account=rules)
    assert few.entries
    assert many.entries == ()
    assert many.counts == {"refused: not enough margin for it in the account": 1}
    book = hg.Book([*COINS.holdings, hg.Holding.perpetual("BTC", 10.0, 80_000.0)])
    checked = margin.assess(book, falling(*FLAT).chain(0), rules)
    assert (checked.balance > checked.initial).all()


def test_a_strategy_that_nothing_can_be_paid_for_is_told_apart_from_holding() -> None:
    compared = compare(MONEY, falling(*FLAT), {"buy": scripted([Order(PUT, 1.0)])}, starts=1)
    said = " ".join(repr(compared).split())
    assert "buy never traded (refused: not enough BTC to pay for it)" in said
    assert "buy: Orders that the book could not pay were refused" in said


def test_a_loss_of_more_than_there_was_is_said() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 4.0, 80_000.0)])
    compared = compare(book, falling(80_000.0, 60_000.0), [hold], starts=1, rules=RULES)
    said = " ".join(repr(compared).split())
    assert compared.runs[0].total_return < -1.0
    assert (
        "hold: More was lost than there was: the equity falls to -25% of the start. Without an account"
        in said
    )
    assert "More was lost" not in repr(
        compare(book, falling(80_000.0, 79_000.0), [hold], starts=1, rules=RULES)
    )


SHORT = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 6.0, 80_000.0)])


@pytest.mark.parametrize(
    "account", [margin.DERIBIT_BTC, margin.DERIBIT_BTC_2024], ids=["standard", "portfolio"]
)
def test_holding_beside_a_strategy_is_the_run_of_holding(account) -> None:
    """In the same account: what is liquidated is liquidated in the benchmark too."""
    tape = falling(80_000.0, 74_000.0, 68_000.0, 80_000.0)
    idle = scripted()
    for strategy in (idle, rolled("put")):
        compared = compare(SHORT, tape, {"it": strategy}, starts=2, rules=RULES, account=account)
        held = run(SHORT, tape, hold, rules=RULES, account=account)
        assert held.counts["liquidations"] == 1
        found = compared.runs[1]
        assert found.holding is not None
        assert found.holding.entries == held.entries == compared.runs[0].entries
        assert_allclose(found.held, held.equity)
        table = compared.starts.set_index(["variant", "start"])["return"].unstack(0)
        above = compared.starts.query("variant == 'it'")["against holding"].to_numpy()
        assert_allclose(above, (table["it"] - table["hold"]).to_numpy(), atol=1e-12)
        alone = run(SHORT, tape, strategy, rules=RULES, account=account)
        assert_allclose(alone.advantage, alone.total_return - held.total_return, atol=1e-12)
    assert compare(SHORT, tape, {"it": idle}, starts=1, rules=RULES, account=account).runs[1].advantage == 0.0


def test_an_account_that_is_exhausted_at_the_start_is_said_so() -> None:
    book = hg.Book([hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 8.0, 90_000.0)], cash=50_000.0)
    done = run(book, falling(*FLAT), hold, rules=RULES, account=margin.DERIBIT_BTC)
    assert done.counts["account below its maintenance margin at the first snapshot"] == 1
    assert "below its maintenance margin at the first snapshot already" in " ".join(repr(done).split())
    fine = run(COINS, falling(*FLAT), hold, rules=RULES, account=margin.DERIBIT_BTC)
    assert fine.remarks == []

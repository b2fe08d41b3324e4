"""What of a book is said though it is taken: prices paid of another unit, options that none quotes, transfers of too much."""

from __future__ import annotations

import pytest

from hedging import Holding, samples
from hedging.book import DeclaredAccount, Transfer
from hedging.book.against import against
from hedging.book.book import Book
from hedging.book.doubts import doubts, doubts_without_quotes, overdrawn
from hedging.market.market import Market
from hedging.planner import Target, plan

MARKET = Market.of(samples.chain())  # spot 70,000


def account(name: str, **told: object) -> DeclaredAccount:
    return DeclaredAccount(name, **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "of_perpetuals", "of_coins"),
    [
        (70.5, True, True),
        (70_000_000.0, True, True),
        (141.0, True, False),  # bitcoin in 2013
        (139.0, True, True),
        (7_000_000.0, True, False),  # a coin that lost 99 %
        (1_399.0, True, False),
        (1_401.0, False, False),
        (3.49e6, False, False),
        (3.51e6, True, False),
    ],
)
def test_a_price_paid_that_may_be_of_another_unit_is_doubted(
    entry: float, of_perpetuals: bool, of_coins: bool
) -> None:
    for held, doubted in (
        (Holding.perpetual("BTC", 25, entry=entry), of_perpetuals),
        (Holding.spot("BTC", 25, entry=entry), of_coins),
    ):
        said = list(doubts(Book([held]), MARKET))
        assert bool(said) == doubted
        assert all(f"entered at {entry:,.10g} USD, where its quotes are at 70,000" in each for each in said)


def test_no_entry_and_the_price_of_an_option_are_not_doubted() -> None:
    put = Holding.option("BTC", "p", 68_000, "2026-04-10", 5, entry=12.0, terms=MARKET.chain.terms)
    assert list(doubts(Book([Holding.spot("BTC", 25), put]), MARKET)) == []


def test_a_plan_and_the_check_say_which_option_held_is_valued_by_the_surface() -> None:
    strange = Holding.option("BTC", "p", 68_500, "2026-04-10", 5, terms=MARKET.chain.terms)
    quoted = Holding.option("BTC", "p", 68_000, "2026-04-10", 5, terms=MARKET.chain.terms)
    book = Book([Holding.spot("BTC", 25), quoted, strange])
    (said,) = doubts(book, MARKET)
    assert "no quote can be used of BTC-10APR26-68500-P, held: valued by the surface" in said
    assert said in against(book, [MARKET]).doubts
    assert said in plan(book, MARKET, Target(delta=(5, 25))).warnings


def test_what_transfers_take_out_of_each_account_by_their_order() -> None:
    coins = [Holding.spot("BTC", 25).in_account("d"), Holding.spot("BTC", 4)]
    accounts = [account("d", cash=1_000.0, stablecoins={"USDC": 500.0}), account("e")]

    def book(*transfers: Transfer) -> Book:
        return Book(coins, cash=2_000.0, accounts=accounts, orders="d", transfers=transfers)

    def short(name: str, *transfers: Transfer) -> str:
        return overdrawn(book(*transfers), name)

    assert short("d", Transfer("BTC", 25, "d", "e", day=3)) == ""
    assert (
        short("d", Transfer("BTC", 26, "d", "e", day=3))
        == "1 BTC more out of account d than lies there on day 3"
    )
    # A deposit of the same moment is there, a later one is not.
    assert short("d", Transfer("BTC", 26, "d", "e", day=3), Transfer("BTC", 1, "cold", "d", day=3)) == ""
    assert short("d", Transfer("BTC", 26, "d", "e", day=3), Transfer("BTC", 1, "cold", "d", day=4))
    # Money counts together: 1,000 of cash and 500 of a stablecoin.
    assert short("d", Transfer("USD", 1_500, "d", "", day=1)) == ""
    assert short("d", Transfer("USDC", 1_501, "d", "", day=1)).startswith("1 USDC more")
    assert short("e", Transfer("BTC", 3, "e", "", day=2)).startswith("3 BTC more out of account e")
    assert short("cold", Transfer("BTC", 5, "cold", "d", day=0)).startswith("1 BTC more out of 'cold'")
    # Days and dates are in no order without quotes.
    mixed = [Transfer("BTC", 30, "d", "e", day=3), Transfer("BTC", 9, "", "d", date="2026-03-03T00:00Z")]  # type: ignore[arg-type]
    assert overdrawn(book(*mixed), "d") == ""
    assert overdrawn(book(*mixed), "d", MARKET.as_of) == ""
    assert overdrawn(book(mixed[0]), "d", MARKET.as_of).startswith("5 BTC more")


def test_what_a_book_says_by_itself() -> None:
    coins = [Holding.spot("BTC", 25)]
    assert list(doubts_without_quotes(Book(coins))) == []
    assert list(doubts_without_quotes(Book(coins, numeraire="BTC"))) == []
    for name in ("EUR", "ETH"):
        (said,) = doubts_without_quotes(Book(coins, numeraire=name))
        assert said.startswith(f"numeraire '{name}' is neither USD nor an asset held (BTC)")

"""A recorded account becomes a book whose parts add up to the account's equity."""

from __future__ import annotations

import pytest
from numpy.testing import assert_allclose

from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual, Spot
from hedging.venues.deribit import book_from_account

# The example of the exchange's own documentation of private/get_positions, with a gain of the session added.
PERPETUAL = {
    "instrument_name": "BTC-PERPETUAL",
    "kind": "future",
    "direction": "buy",
    "size": 50,
    "size_currency": 0.006687487,
    "average_price": 7440.18,
    "mark_price": 7476.65,
    "settlement_price": 7460.0,
    "floating_profit_loss": 50 * (1 / 7460.0 - 1 / 7476.65),
    "total_profit_loss": 0.000032781,
}
PUT = {
    "instrument_name": "BTC-27MAR26-6000-P",
    "kind": "option",
    "direction": "sell",
    "size": -2.5,
    "average_price": 0.03,
    "average_price_usd": 220.5,
    "mark_price": 0.0275,
    "floating_profit_loss": 0.00625,
}
SUMMARY = {"currency": "BTC", "equity": 3.25, "balance": 3.3, "margin_balance": 3.2}
AS_OF = "2026-02-06T00:00Z"


def parts(book: Book) -> dict:
    return {type(holding.instrument): holding for holding in book.holdings}


def test_the_parts_add_up_to_the_equity():
    book = book_from_account([PERPETUAL, PUT], SUMMARY, as_of=AS_OF)
    held = parts(book)
    perpetual, put, coins = held[Perpetual], held[Option], held[Spot]
    # Since the settlement at 7460 the perpetual has gained what the exchange says it has.
    assert_allclose(perpetual.entry, 7460.0, rtol=1e-12)
    gain = perpetual.quantity * (7476.65 - perpetual.entry) / 7476.65
    assert_allclose(gain, PERPETUAL["floating_profit_loss"], rtol=1e-9)
    assert (put.quantity, put.entry, put.instrument.terms.lot) == (-2.5, 220.5, 0.1)
    assert_allclose(coins.quantity + gain - 2.5 * 0.0275, 3.25, rtol=1e-12)
    assert book.cash == 0.0


def test_the_documented_gain_since_entry_is_that_of_an_inverse_contract():
    since_entry = PERPETUAL | {"floating_profit_loss": PERPETUAL["total_profit_loss"]}
    held = parts(book_from_account([since_entry], SUMMARY, as_of=AS_OF))[Perpetual]
    assert_allclose(held.entry, 7440.18, rtol=1e-6)


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: {"jsonrpc": "2.0", "result": x}])
def test_envelopes_and_several_currencies(wrap):
    linear = {
        "instrument_name": "SOL_USDC-PERPETUAL",
        "size": -30.0,
        "mark_price": 150.0,
        "floating_profit_loss": 60.0,
    }
    option = {
        "instrument_name": "SOL_USDC-27MAR26-120-P",
        "size": 40.0,
        "mark_price": 5.0,
        "average_price": 4.0,
    }
    summaries = {
        "summaries": [SUMMARY, {"currency": "USDC", "equity": 1_000.0}, {"currency": "ETH", "equity": 0.0}]
    }
    book = book_from_account(wrap([linear, option, PUT | {"size": 0.0}]), wrap(summaries), as_of=AS_OF)
    assert_allclose(book.cash, 1_000.0 - 60.0 - 200.0)
    held = parts(book)
    assert (held[Perpetual].quantity, held[Perpetual].entry) == (-30.0, 152.0)
    assert (held[Option].quantity, held[Option].units, held[Option].entry) == (4.0, 40.0, 4.0)
    assert [h for h in book.holdings if isinstance(h.instrument, Spot)] == [Holding.spot("BTC", 3.25)]
    assert book.assets == ("SOL", "BTC")


def test_an_unknown_entry_of_an_option_stays_unknown():
    held = parts(book_from_account([PUT | {"average_price_usd": None}], SUMMARY, as_of=AS_OF))[Option]
    assert held.entry is None


@pytest.mark.parametrize(
    ("positions", "summary", "message"),
    [
        ([PERPETUAL | {"instrument_name": "AAPL"}], SUMMARY, "in 'AAPL', which is no option or future"),
        (
            [PERPETUAL | {"mark_price": None}],
            SUMMARY,
            "mark_price of BTC-PERPETUAL must be a number; got None",
        ),
        ([PERPETUAL], SUMMARY | {"equity": "3.25"}, "equity of BTC must be a number; got '3.25'"),
        ([PERPETUAL], SUMMARY | {"currency": "ETH"}, "settles in BTC, but the summary is of ETH"),
        ({"error": {"code": 13009}}, SUMMARY, "size of None must be a number"),
        ("nothing", SUMMARY, "positions must be a recorded reply"),
    ],
)
def test_what_cannot_be_read_is_named(positions, summary, message):
    with pytest.raises(InputError, match=message):
        book_from_account(positions, summary, as_of=AS_OF)

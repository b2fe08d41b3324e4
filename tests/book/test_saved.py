"""Books as plain values and back: nothing of what is held, where it lies and what moves is lost."""

from __future__ import annotations

import json

import pandas as pd

from hedging import samples
from hedging.book import Book, DeclaredAccount, Holding, Transfer
from hedging.book.saved import book_from, book_to_dict


def through_json(book: Book) -> Book:
    return book_from(json.loads(json.dumps(book_to_dict(book), allow_nan=False)))


def test_accounts_transfers_and_where_orders_go_come_back() -> None:
    option = samples.chain().option(samples.chain().quotes["symbol"].iloc[0])
    expiry = pd.Timestamp("2026-03-27T08:00Z")
    book = Book(
        Holding.spot("BTC", 3.0, 60_000.0),
        Holding.perpetual("BTC", -1.0, 60_000.0).in_account("deribit"),
        Holding.future("BTC", expiry, 0.5, 61_000.0).in_account("desk"),
        Holding(option, 0.1, None, "deribit"),
        cash=1_250.0,
        numeraire="BTC",
        accounts=[
            DeclaredAccount("deribit", "cross-standard", 50.0, {"USDC": 200.0}, {"BTC": 0.1}),
            DeclaredAccount("desk", "flat", parameters={"initial": 0.1, "maintenance": 0.05}),
        ],
        transfers=[
            Transfer("BTC", 0.5, "cold", "deribit", day=3),
            Transfer("USDC", 10.0, "deribit", date=pd.Timestamp("2026-03-01T08:00Z")),
        ],
        orders="desk",
    )
    assert through_json(book) == book


def test_a_book_without_accounts_comes_back_and_one_saved_before_there_were_any_is_read() -> None:
    book = samples.book()
    assert through_json(book) == book
    plain = book_to_dict(book)
    for name in ("accounts", "transfers", "orders"):
        del plain[name]
    for row in plain["holdings"]:
        del row["account"]
    assert book_from(plain) == book

"""Damaged books, as values, TOML and accounts of an exchange: an input error, or a book of finite numbers."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

from cases.mutations import damaged, damaged_bytes
from cases.outcomes import attempt, tries
from hypothesis import given

from hedging import Market, samples
from hedging.book import Book, book_from_dict, read_book
from hedging.errors import InputError
from hedging.venues.deribit import book_from_account

TOLD = {
    "cash": 1_000.0,
    "numeraire": "USD",
    "orders": "deribit",
    "accounts": {
        "deribit": {
            "model": "cross-standard",
            "cash": 50.0,
            "stablecoins": {"USDC": 200.0},
            "haircuts": {"BTC": 0.1},
        },
        "desk": {"model": "flat", "parameters": {"initial": 0.1, "maintenance": 0.05}},
    },
    "transfers": [{"asset": "BTC", "quantity": 0.5, "from": "cold", "to": "deribit", "day": 3}],
    "holdings": [
        {"asset": "BTC", "kind": "spot", "quantity": 3.0, "entry": 60_000.0},
        {"asset": "BTC", "kind": "perpetual", "quantity": -1.0, "entry": 60_000, "account": "deribit"},
        {
            "asset": "BTC",
            "kind": "future",
            "quantity": 1.0,
            "entry": 6e4,
            "expiry": "2026-06-26",
            "settlement": "coin",
        },
        {
            "asset": "BTC",
            "kind": "option",
            "quantity": 2.0,
            "flag": "p",
            "strike": 6e4,
            "expiry": "2026-06-26",
        },
    ],
}
TEXT = b"""
cash = 1000.0
numeraire = "USD"
[[holdings]]
asset = "BTC"
kind = "spot"
quantity = 25
entry = 88_000
[[holdings]]
asset = "BTC"
kind = "option"
flag = "p"
strike = 60_000
expiry = 2026-06-26
quantity = 10
"""
POSITIONS = [
    {
        "instrument_name": "BTC-PERPETUAL",
        "size": -50_000.0,
        "mark_price": 70_000.0,
        "floating_profit_loss": 0.01,
    },
    {"instrument_name": "BTC-26JUN26-60000-P", "size": 3.0, "mark_price": 0.05, "average_price_usd": 3_000.0},
    {
        "instrument_name": "BTC-26JUN26",
        "size": 10_000.0,
        "mark_price": 71_000.0,
        "floating_profit_loss": -0.01,
    },
]
SUMMARY = [{"currency": "BTC", "equity": 3.0}, {"currency": "USDC", "equity": 1_000.0}]


@cache
def sample_market() -> Market:
    """One market for all examples: its surface is fitted once."""
    return Market.of(samples.chain())


def assert_judged(found: Book | str) -> None:
    """A book that was taken has a value, or says why not."""
    if isinstance(found, Book):
        market = sample_market()
        value = attempt("books, valued", lambda: found.value(market), InputError)
        assert isinstance(value, str) or math.isfinite(value)


@tries(120)
@given(damaged(TOLD))
def test_values(told: Any) -> None:
    assert_judged(attempt("books", lambda: book_from_dict(told), InputError))


@tries(120)
@given(damaged_bytes(TEXT))
def test_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(content)
    assert_judged(attempt("books, TOML", lambda: read_book(path), InputError))


@tries(150)
@given(damaged([POSITIONS, SUMMARY]))
def test_accounts(both: Any) -> None:
    positions, summary = (both + [None, None])[:2] if isinstance(both, list) else (both, None)
    assert_judged(
        attempt(
            "accounts", lambda: book_from_account(positions, summary, as_of="2026-03-02T12:00Z"), InputError
        )
    )

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hedging import InputError, read_book
from hedging.book.files import book_from_dict
from hedging.market.contracts import Future, Option, Perpetual, Spot

FILE = """
cash = 1000
numeraire = "USD"

[[holdings]]
asset = "BTC"
kind = "spot"
quantity = 25
entry_price = 88_000

[[holdings]]
asset = "BTC"
kind = "perpetual"
quantity = -3.5
entry = 91_000

[[holdings]]
asset = "BTC"
kind = "future"
expiry = 2026-06-26
quantity = 2
entry = 90_500

[[holdings]]
asset = "BTC"
kind = "option"
flag = "p"
strike = 60_000
expiry = "2026-03-27T08:00:00Z"
quantity = 5
"""


def test_a_book_file_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_text(FILE)
    book = read_book(path)
    assert (book.cash, book.numeraire, book.assets) == (1000.0, "USD", ("BTC",))
    spot, perpetual, future, option = book.holdings
    assert spot.instrument == Spot("BTC")
    assert (spot.quantity, spot.entry) == (25.0, 88_000.0)
    assert perpetual.instrument == Perpetual("BTC", "coin")
    assert perpetual.units == -3.5
    # A bare date is 08:00 UTC, when Deribit's contracts expire.
    assert future.instrument == Future("BTC", pd.Timestamp("2026-06-26T08:00Z"), "coin")
    assert isinstance(option.instrument, Option)
    assert option.instrument.symbol == "BTC-27MAR26-60000-P"
    assert option.entry is None


def test_every_mistake_is_named_at_once() -> None:
    content = {
        "cash": float("inf"),
        "holdings": [
            {"asset": "BTC", "kind": "spot", "quantity": -25},
            {"asset": "", "kind": "perpetual", "quantity": float("nan")},
            {"asset": "BTC", "kind": "option", "quantity": 1, "flag": "call", "strike": 0, "expiry": "June"},
            {"asset": "BTC", "kind": "spot", "quantity": 1, "entri": 5},
            {"asset": "BTC", "kind": "swap", "quantity": 1},
        ],
    }
    with pytest.raises(InputError) as caught:
        book_from_dict(content, source="book.toml")
    message = str(caught.value)
    assert message.startswith("book.toml: ")
    for part in (
        "cash: input should be a finite number; got inf",
        "holdings.0.spot.quantity: input should be greater than or equal to 0; got -25",
        "holdings.1.perpetual.asset",
        "holdings.1.perpetual.quantity: input should be a finite number; got nan",
        "holdings.1.perpetual.entry_price: field required",
        "holdings.2.option.flag: input should be 'c' or 'p'; got 'call'",
        "holdings.2.option.strike: input should be greater than 0; got 0",
        "holdings.2.option.expiry: expiry must be a time; got 'June'",
        "holdings.3.spot.entri: no such key",
        "holdings.4: input tag 'swap'",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holdings: field required"),
        ("holdings = []", "at least 1"),
        ("cash = ", "is not TOML"),
        ("cash = 0x" + "f" * 5_000, "cash is a whole number of more than 308 digits"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "book.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_book(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.toml cannot be read: No such file"):
        read_book(tmp_path / "nowhere.toml")


SPOT = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("25", '"25"', "quantity: input should be a valid number; got '25'"),
        ("25", "true", "quantity: input should be a valid number; got True"),
        ('kind = "spot"\n', "", "kind is missing; it must be spot, perpetual, future or option"),
        ("25", "1e300", "quantity of BTC must be a number of at most 1e"),
        ("25", "25\nentry = 1\nentry_price = 2", "given twice under two names"),
        ('"spot"', '"future"\nentry = 1\nexpiry = 20260327', "expiry must be a time"),
        ('"spot"', '"future"\nentry = 1\nexpiry = 2026-03-27T08:00:00', "expiry must carry a time zone"),
    ],
)
def test_a_wrong_value_is_named_and_never_converted(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "book.toml"
    path.write_text(SPOT.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_book(path)
    assert message in str(caught.value)
    assert str(caught.value).count("got") <= 1
    assert ".." not in str(caught.value).removeprefix(str(path))


def test_a_file_that_begins_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SPOT.encode())
    assert read_book(path).holdings[0].units == 25.0

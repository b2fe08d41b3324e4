"""Names that would steer a terminal are refused wherever they are read, and hints of TOML that leave the book whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from hedging import Book, Holding, OptionChain
from hedging._ground import forms
from hedging._ground.names import shown
from hedging.book import read_book
from hedging.book.accounts import DeclaredAccount, Transfer
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual

ESC, RIGHT_TO_LEFT = "B\x1b[31mTC", "B\u202eTC"
CONTROL = "without control characters"
PLAIN = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'


@pytest.mark.parametrize("name", [ESC, RIGHT_TO_LEFT, "B\nTC", "B\x00TC"])
@pytest.mark.parametrize(
    "make",
    [
        lambda name: Holding.spot(name, 1.0),
        Perpetual,
        lambda name: Option("BTC", "p", 60_000.0, "2026-03-27", venue_symbol=name),
        lambda name: DeclaredAccount(name),
        lambda name: DeclaredAccount("deribit", stablecoins={name: 1.0}),
        lambda name: Transfer(name, 1.0, target="cold", day=1.0),
        lambda name: Holding(Perpetual("BTC"), 1.0, 70_000.0, account=name),
        forms.asset,
        lambda name: forms.bands(f"{name}=8:12"),
    ],
)
def test_a_name_with_control_characters_is_refused(make, name: str) -> None:
    with pytest.raises(InputError, match=CONTROL):
        make(name)


def test_a_chain_rejects_rows_whose_names_would_steer_a_terminal(sample: OptionChain) -> None:
    table = pd.DataFrame({
        "symbol": ["X-1", "X-2\x1b[2J"], "flag": ["c", "p"], "strike": 100.0, "expiry": "2026-03-27T08:00Z",
        "forward": 100.0, "bid": [4.9, 4.8], "ask": [5.1, 5.2], "mark_vol": 0.4,
    })  # fmt: skip
    how = {"as_of": "2026-02-06T08:00Z", "units": {"price": "money", "vol": "decimal"}}
    chain = OptionChain.from_frame(table, asset="XYZ", **how)
    assert chain.quotes["symbol"].tolist() == ["X-1"]
    assert chain.rejected["reason"].tolist() == ["name not understood"]
    with pytest.raises(InputError, match=CONTROL):
        OptionChain.from_frame(table, asset=ESC, **how)


def test_a_book_file_with_such_a_name_is_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "book.toml"
    file.write_text(PLAIN.replace("BTC", r"B\u001b[31mTC"))
    with pytest.raises(InputError, match=rf"line 2, holding 1: asset must be a name {CONTROL}"):
        read_book(file)


def test_what_a_terminal_is_sent_keeps_its_lines_and_shows_what_would_steer_it() -> None:
    assert shown("BTC\n  é 漢 ±\tx") == "BTC\n  é 漢 ±\tx"
    assert shown("a\x1b[31m\r\u202eb") == r"a\x1b[31m\r\u202eb"


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        (PLAIN + "quantity = 11\n", "line 5: it is there twice; got 'quantity = 11': leave one of the two lines out"),
        (PLAIN + "[targets]\n[targets]\n", "put all its keys under one of the two headers"),
        (PLAIN.replace('"BTC"', "“BTC”  # the coin"), 'write asset = "BTC", with straight quotes'),
        (PLAIN.replace('"BTC"', "‘BTC’"), 'write asset = "BTC", with straight quotes'),
        (PLAIN.replace('"BTC"', '"BTC”'), 'write asset = "BTC", with straight quotes'),
        (PLAIN + "[targets]\ndelta = { BTC = „8:12“ }", 'write delta = { BTC = "8:12" }, with straight quotes'),
    ],
)  # fmt: skip
def test_a_hint_leaves_the_book_as_it_is_meant(wrong: str, hint: str, tmp_path: Path) -> None:
    file = tmp_path / "book.toml"
    file.write_text(wrong, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_book(file)
    assert hint in str(caught.value)
    assert 'write quantity = "11"' not in str(caught.value)


def test_line_ends_of_old_macs_are_line_ends(tmp_path: Path) -> None:
    file = tmp_path / "book.toml"
    file.write_bytes(PLAIN.replace("\n", "\r").encode())
    assert read_book(file) == Book([Holding.spot("BTC", 25.0)])

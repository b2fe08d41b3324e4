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
            {"asset": "BTC", "kind": "option", "quantity": 1, "flag": "cal", "strike": 0, "expiry": "June"},
            {"asset": "BTC", "kind": "spot", "quantity": 1, "entri": 5},
            {"asset": "BTC", "kind": "pott", "quantity": 1},
            {"contract": "BTC-27FEB26-80000-X", "quantity": 1},
            {"contract": "BTC-27FEB26-80000-P", "strike": 50_000, "quantity": 1},
        ],
    }
    with pytest.raises(InputError) as caught:
        book_from_dict(content, source="book.toml")
    message = str(caught.value)
    assert message.startswith("book.toml: ")
    for part in (
        "cash must be a finite number; got inf",
        "holding 1: quantity must be >= 0; got -25",
        "holding 2: asset must not be empty",
        "holding 2: quantity must be a finite number; got nan",
        "holding 2: entry is missing: write entry = 88_000",
        "holding 3: flag must be c or p; got 'cal'",
        "holding 3: strike must be > 0; got 0",
        "holding 3: expiry must be a time; got 'June'",
        "holding 4: entri: no such key; did you mean entry?",
        "holding 5: kind must be spot, perpetual, future, option, put or call; got 'pott'; did you mean spot?",
        "holding 6: contract must be a name such as BTC-27MAR26-60000-P",
        "holding 7: strike 50000 contradicts 'BTC-27FEB26-80000-P', which says 80000",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty: it needs a .*holdings.* table"),
        ("# nothing yet", "is empty"),
        ("cash = 5", "holdings is missing: write a table"),
        ("holdings = []", "line 1: holdings must not be empty"),
        ("holdings = 5", "write ..holdings.., in two brackets"),
        ("[holdings]\nasset = 'BTC'", "write ..holdings.., in two brackets"),
        ("cash = ", "is not TOML: line 1: a value is a number, text in quotes.*got 'cash ='"),
        (
            "numeraire = BTC",
            "text in quotes.*got 'numeraire = BTC': write numeraire = \"BTC\"; hedging book new FILE writes one",
        ),
        ("cash = 0,125", "got 'cash = 0,125': write cash = 0.125;"),
        ("cash = .5", "got 'cash = .5': write cash = 0.5;"),
        ("cash = 007", "got 'cash = 007': write cash = 7;"),
        ("cash = 88,000", "got 'cash = 88,000': write cash = 88_000 or 88;"),
        ("cash = 1\n\n5 coins", "line 3: a line is key = value, or a .table.; got '5 coins'"),
        ("cash = 1\ncash = 2", "line 2: it is there twice; got 'cash = 2'"),
        ("[[holdings]\nasset = 'BTC'", "line 1: a bracket is not closed"),
        ("numeraire = 'BTC\ncash = 1", "quotes are not closed until the end of the file"),
        ('numeraire = "BTC\ncash = 1', "line 1: its quotes are not closed; got 'numeraire"),
        ("cash = 0x" + "f" * 5_000, "more than 308 digits"),
    ],
)
def test_unusable_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "book.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_book(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere.toml cannot be read: there is no such file"):
        read_book(tmp_path / "nowhere.toml")


SPOT = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("25", '"25"', "line 4, holding 1: quantity must be a number, without quotes; got '25'"),
        ("25", "true", "line 4, holding 1: quantity must be a number; got true"),
        (
            'kind = "spot"\n',
            "",
            "line 1, holding 1: kind is missing; it must be spot, perpetual, future, option, put or call",
        ),
        ("25", "1e300", "quantity of BTC must be a number of at most 1e"),
        ("25", "25\nentry = 1\nentry_price = 2", "given twice under two names"),
        ('"spot"', '"future"\nentry = 1\nexpiry = 20260327', "got 20260327: write expiry = 2026-03-27"),
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


@pytest.mark.parametrize(
    ("told", "symbol"),
    [
        ({"contract": "BTC-27FEB26-80000-P"}, "BTC-27FEB26-80000-P"),
        ({"contract": "btc-27feb26-80000-p"}, "BTC-27FEB26-80000-P"),
        ({"contract": "XRP_USDC-21SEP26-1d325-C"}, "XRP_USDC-21SEP26-1d325-C"),
        ({"contract": "BTC-PERPETUAL", "entry": 1}, "BTC-PERPETUAL"),
        ({"contract": "BTC-27MAR26", "entry": 1}, "BTC-27MAR26"),
        ({"asset": "btc", "kind": "PERP", "entry": 1}, "BTC-PERPETUAL"),
        ({"asset": "Btc", "kind": "Spot"}, "BTC"),
        ({"asset": "eth", "kind": "put", "strike": 2000, "expiry": "2026-03-27"}, "ETH-27MAR26-2000-P"),
        ({"asset": "eth", "kind": "CALL", "strike": 2000, "expiry": "2026-03-27"}, "ETH-27MAR26-2000-C"),
        (
            {"asset": "eth", "kind": "Option", "flag": "Put", "strike": 2000, "expiry": "2026-03-27"},
            "ETH-27MAR26-2000-P",
        ),
    ],
)
def test_a_holding_may_be_written_as_people_write_it(told: dict, symbol: str) -> None:
    (holding,) = book_from_dict({"holdings": [told | {"quantity": 2}]}).holdings
    assert holding.instrument.symbol == symbol
    assert holding.quantity == 2.0
    settlement = getattr(getattr(holding.instrument, "terms", holding.instrument), "settlement", None)
    assert settlement in (None, "cash" if "USDC" in symbol else "coin")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"asset": "BTC-27FEB26-80000-P"}, '"BTC-27FEB26-80000-P" in place of asset'),
        (
            {"asset": "btc_27feb26_80000_p", "kind": "spot"},
            '"BTC-27FEB26-80000-P" in place of asset and kind',
        ),
        ({"asset": "BTC-PERPETUAL", "kind": "spot"}, '"BTC-PERPETUAL" in place of asset and kind'),
        ({"asset": "BTC/PERP", "kind": "perpetual"}, '"BTC-PERPETUAL" in place of asset and kind'),
        ({"asset": "BTC-27FEB26", "kind": "future"}, '"BTC-27FEB26" in place of asset and kind'),
    ],
)
def test_the_name_of_a_contract_where_the_asset_belongs_says_where_it_belongs(told: dict, said: str) -> None:
    with pytest.raises(InputError, match=f"write contract = {said}"):
        book_from_dict({"holdings": [told | {"quantity": 1, "entry": 1.0}]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            '[[holdings]]\ncontract = "BTC-27MAR26-60000-P-USDT"',
            'write contract = "BTC-27MAR26-60000-P" and settlement',
        ),
        ('[[holdings]]\ncontract = "BTCUSDT"', "'BTCUSDT': else give asset, kind"),
        ('asset = "BTC"\nkind = "spot"', "kind: no such key here; it belongs below a"),
        ('[[holdings]]\nasset = "BTC"\nkind = "short"', "the sign of quantity says which side"),
        ('[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = -1', "what is held short is a perpetual"),
        (SPOT + "[accounts]\nmodel = 'flat'", r"write \[accounts.NAME\]"),
        (SPOT + "[account.x]\nmodel = 'flat'", "account: no such key; did you mean accounts"),
    ],
)
def test_what_else_is_written_in_its_place_is_told(content: str, said: str, tmp_path: Path) -> None:
    (path := tmp_path / "book.toml").write_text(content + "\n")
    with pytest.raises(InputError, match=said):
        read_book(path)


@pytest.mark.parametrize("asset", ["BTC_USDC", "SOL_USDC", "BRK-B", "BTC-USD", "BTCUSDT", "RDS.A", "kPEPE"])
def test_what_names_no_contract_is_an_asset(asset: str) -> None:
    held = {"asset": asset, "kind": "spot", "quantity": 1}
    assert book_from_dict({"holdings": [held]}).assets == (asset,)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cash = 5", "no such key here; it belongs to the top of the file"),
        ('numeraire = "BTC"', "it belongs to the top of the file"),
        ('floor = "-15%"', r"it belongs in \[targets\]: move the line there"),
        ("max-legs = 2", r"it belongs in \[limits\]"),
        ('targets = { delta = "8:12" }', r"it is a table of its own: write \[targets\]"),
        ('accounts.desk.model = "flat"', r"write \[accounts.NAME\]"),
    ],
)
def test_a_line_below_a_holding_that_another_table_has_says_where_it_goes(
    line: str, said: str, tmp_path: Path
) -> None:
    (path := tmp_path / "book.toml").write_text(f"{SPOT}\n{line}\n")
    with pytest.raises(InputError, match=f"line .*holding 1: .*{said}"):
        read_book(path)


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_book_in_utf_16_says_what_it_is(coding: str, tmp_path: Path) -> None:
    (path := tmp_path / "book.toml").write_bytes(SPOT.encode(coding))
    with pytest.raises(InputError, match="is text in UTF-16; save it in UTF-8"):
        read_book(path)


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_lines_are_counted_whatever_ends_them(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes((SPOT + "\n" + SPOT.replace("25", "many")).replace("\n", ends).encode())
    with pytest.raises(InputError, match=r"not TOML.*line 9"):
        read_book(path)
    path.write_bytes((SPOT + "\n" + SPOT.replace("25", "'many'")).replace("\n", ends).encode())
    with pytest.raises(InputError, match="line 9, holding 2: quantity must be a number"):
        read_book(path)


def test_a_book_of_us_options_says_exercise_and_where_it_is_listed() -> None:
    option = {
        "asset": "SPY",
        "kind": "option",
        "flag": "p",
        "strike": 440,
        "expiry": "2026-03-27",
        "quantity": 10,
    }
    us = {"settlement": "cash", "multiplier": 100, "lot": 1}
    for more in ({"exercise": "american"}, {"venue": "cboe"}):
        held = book_from_dict({"holdings": [option | us | more]}).holdings[0]
        assert (held.units, held.instrument.expiry) == (1_000.0, pd.Timestamp("2026-03-27T20:00Z"))
    assert book_from_dict({"holdings": [option]}).holdings[0].instrument.expiry.hour == 8


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("shares", Spot),
        ("Stock", Spot),
        ("ETF", Spot),
        ("coin", Spot),
        ("perp", Perpetual),
        ("swap", Perpetual),
    ],
)
def test_what_people_call_a_holding_is_taken(kind: str, meant: type, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(
        f'[[holdings]]\nasset = "NVDA"\nkind = "{kind}"\nquantity = 700\nentry = 190\n'
    )
    (held,) = read_book(tmp_path / "book.toml").holdings
    assert isinstance(held.instrument, meant)
    assert (held.instrument.asset, held.quantity) == ("NVDA", 700)

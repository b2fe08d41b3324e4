"""Headers that someone changed: the same chain, or what is missing by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.tables import rows

from hedging import OptionChain, read_chain
from hedging.errors import ChainError

YAHOO = ("contractSymbol", "lastTradeDate", "strike", "bid", "ask", "openInterest", "underlyingPrice")


def summary() -> pd.DataFrame:
    return pd.DataFrame(rows())


def bybit() -> pd.DataFrame:
    names = [f"BTC-27MAR26-{strike}-{flag}-USDT" for strike in (60_000, 70_000, 80_000) for flag in "CP"]
    bids = [10_500.0, 450.0, 2_900.0, 2_800.0, 400.0, 10_300.0]
    table = {"symbol": names, "bid": bids, "ask": 1.1 * np.array(bids), "iv": 0.5}
    return pd.DataFrame(table).assign(download_date="2026-02-06T08:00:00Z")


def yahoo() -> pd.DataFrame:
    rows = [
        (f"XYZ260320{flag}{strike:05d}000", "2026-02-06 20:59:00+00:00", float(strike), bid, bid + 0.1, 5, 100.0)
        for strike, bids in ((95, (7.0, 1.6)), (100, (4.0, 3.6)), (105, (2.0, 6.6)))
        for flag, bid in zip("CP", bids, strict=True)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(YAHOO))


FILES = {"summary": (summary, {}), "bybit": (bybit, {}), "yahoo": (yahoo, {"at": "2026-02-06T21:00Z"})}
KNOWN_BY = {
    "summary": ("deribit-summary", "creation_timestamp"),
    "bybit": ("bybit-table", "iv"),
    "yahoo": ("yfinance", "lastTradeDate"),
}


def read(tmp_path: Path, table: pd.DataFrame, given: dict[str, Any]) -> OptionChain:
    path = tmp_path / "x.csv"
    table.to_csv(path, index=False)
    return read_chain(path, **given)


def same(one: OptionChain, other: OptionChain) -> None:
    pd.testing.assert_frame_equal(one.quotes, other.quotes, check_exact=True)
    assert (one.asset, one.spot, one.as_of, one.terms, one.notes) == (
        other.asset,
        other.spot,
        other.as_of,
        other.terms,
        other.notes,
    )


@pytest.mark.parametrize("kind", FILES)
def test_order_capitals_and_blanks_of_a_header_change_nothing(kind: str, tmp_path: Path) -> None:
    made, given = FILES[kind]
    whole = read(tmp_path, made(), given)
    same(read(tmp_path, made()[made().columns[::-1]], given), whole)
    for change in (str.upper, str.title, lambda name: f" {name} "):
        same(read(tmp_path, made().rename(columns=change), given), whole)


@pytest.mark.parametrize("kind", FILES)
def test_the_column_that_a_format_lacks_is_named(kind: str, tmp_path: Path) -> None:
    made, given = FILES[kind]
    name, column = KNOWN_BY[kind]
    for table in (made().drop(columns=column), made().rename(columns={column: "something"})):
        with pytest.raises(ChainError, match=f"no known format .* Of {name} it lacks '{column}'"):
            read(tmp_path, table, given)


def test_a_side_without_its_column_is_told(tmp_path: Path) -> None:
    for renamed in ({"ask_price": "offer"}, {"ask_price": "ASK PRICE"}):
        with pytest.raises(ChainError, match="a column 'bid_price' of bids and none 'ask_price' of asks"):
            read(tmp_path, summary().rename(columns=renamed), {})
    unquoted = summary().assign(ask_price=np.nan)  # nobody offers, which is no fault of the file
    assert read(tmp_path, unquoted, {}).quotes["ask"].isna().all()


def test_what_stands_in_for_a_column_is_noted(tmp_path: Path) -> None:
    found = read(tmp_path, summary().drop(columns="underlying_price"), {})
    assert any(note.startswith("no column 'underlying_price'") for note in found.notes)
    assert not read(tmp_path, summary(), {}).notes

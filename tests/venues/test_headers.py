"""Headers that someone changed: the same chain, or what is missing by its name."""

from __future__ import annotations

import json
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


def end_of_day() -> pd.DataFrame:
    made = yahoo().assign(day="2026-02-06", expiry="2026-03-20")
    made["side"] = made["contractSymbol"].str[9].map({"C": "Call", "P": "Put"})
    names = {
        "day": "Effective Date",
        "expiry": "Expiry Date",
        "side": "Option Type",
        "openInterest": "Open Interest",
    }
    usual = {"strike": "Strike", "bid": "Bid", "ask": "Ask"}
    return made.rename(columns=names | usual)[[*names.values(), *usual.values()]]


FILES = {
    "summary": (summary, {}),
    "bybit": (bybit, {}),
    "yahoo": (yahoo, {"at": "2026-02-06T21:00Z"}),
    "end of day": (end_of_day, {"asset": "XYZ", "spot": 100.0}),
}
KNOWN_BY = {
    "summary": ("deribit-summary", "creation_timestamp"),
    "bybit": ("bybit-table", "iv"),
    "yahoo": ("yfinance", "lastTradeDate"),
    "end of day": ("end-of-day", "Option Type"),
}


def read(tmp_path: Path, table: pd.DataFrame, given: dict[str, Any]) -> OptionChain:
    path = tmp_path / "x.csv"
    table.to_csv(path, index=False)
    return read_chain(path, **given)


def assert_same(one: OptionChain, other: OptionChain) -> None:
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
    assert_same(read(tmp_path, made()[made().columns[::-1]], given), whole)
    for change in (str.upper, str.title, lambda name: f" {name} "):
        assert_same(read(tmp_path, made().rename(columns=change), given), whole)


def in_json(table: pd.DataFrame) -> list[str]:
    rows = table.to_dict("records")
    split = {"columns": list(table.columns), "data": table.to_numpy(dtype=object).tolist()}
    shapes = (rows, {"status": "ok", "data": rows}, table.to_dict(), table.to_dict("list"), split)
    return [*map(json.dumps, shapes), "\n".join(map(json.dumps, rows))]


@pytest.mark.parametrize("kind", FILES)
def test_a_known_table_is_known_in_json_and_below_other_lines(kind: str, tmp_path: Path) -> None:
    made, given = FILES[kind]
    whole = read(tmp_path, made(), given)
    text = made().to_csv(index=False)
    for written in (*in_json(made()), f"# saved by me\n{text}", f"My export\n\n{text}"):
        path = tmp_path / "x.txt"
        path.write_text(written, encoding="utf-8")
        assert_same(read_chain(path, **given), whole)


def test_times_of_a_summary_are_read_however_they_were_saved(tmp_path: Path) -> None:
    whole, counts = read(tmp_path, summary(), {}), summary()["creation_timestamp"]
    zoned = pd.to_datetime(counts, unit="ms", utc=True)
    for times in (
        counts // 1_000,
        counts * 1_000,
        counts * 1_000_000,
        zoned,
        zoned.dt.tz_convert("Asia/Tokyo"),
    ):
        assert_same(read(tmp_path, summary().assign(creation_timestamp=times), {}), whole)
    naive = summary().assign(creation_timestamp=zoned.dt.tz_localize(None))
    with pytest.raises(ChainError, match="must carry a time zone"):
        read(tmp_path, naive, {})
    assert_same(read(tmp_path, naive, {"timezone": "UTC"}), whole)


@pytest.mark.parametrize("kind", FILES)
def test_no_quote_is_rejected_for_a_count_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    made, given = FILES[kind]
    name = next(
        (
            each
            for each in made().columns
            if each.lower().replace(" ", "_") in ("open_interest", "openinterest")
        ),
        "",
    )
    if not name:  # a table without counts
        return
    whole = read(tmp_path, made(), given)
    found = read(tmp_path, made().assign(**{name: "$1,200"}), given)
    assert len(found.quotes) == len(whole.quotes)
    assert found.quotes["open_interest"].isna().all()
    assert any(note.startswith("open_interest is no number in") for note in found.notes)


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
    found = read(tmp_path, summary().assign(mark_iv="-"), {})
    assert any(note.startswith("nothing in column 'mark_iv'") for note in found.notes)
    found = read(tmp_path, summary().assign(estimated_delivery_price=np.nan), {})
    assert any("stands for spot" in note for note in found.notes)
    assert not read(tmp_path, summary(), {}).notes


QUOTED = [(95, 7.0, 1.6), (100, 4.0, 3.6), (105, 2.0, 6.6)]  # strike, bids of call and put
SITE = {"60000-C": 0.15, "60000-P": 0.007, "70000-C": 0.06, "70000-P": 0.05, "80000-C": 0.02, "80000-P": 0.14}


def cboe() -> list[str]:
    side = "Last Sale,Bid,Ask,Open Interest"
    lines = [
        f"Fri Mar 20 2026,SPXW260320C{strike:05d}000,0,{call},{call + 0.1},5,"
        f"{strike},SPXW260320P{strike:05d}000,0,{put},{put + 0.1},6"
        for strike, call, put in QUOTED
    ]
    return [f"Expiration Date,Calls,{side},Strike,Puts,{side}", *lines]


def thinkorswim() -> list[str]:
    side = "Symbol,Net Change,Bid,Ask,Open Interest"
    lines = [
        f"SPXW2620C{strike},0,{call},{call + 0.1},5,SPXW2620O{strike},0,{put},{put + 0.1},6"
        for strike, call, put in QUOTED
    ]
    return [f"{side},{side}", *lines]


def site_export() -> list[str]:
    lines = [
        f"BTC-27MAR26-{name},5,-,-,-,1,50,{mark - 0.001:.4f},{mark},{mark + 0.001:.4f},60,2"
        for name, mark in SITE.items()
    ]
    unquoted = f"BTC-27MAR26-90000-C,5,-,-,-,-,-,-,{0.01},-,-,-"
    return ["Instrument,Open,ExtValue,NDelta,Last,Size,IV Bid,Bid,Mark,Ask,IV Ask,Size", *lines, unquoted]


CBOE_HEAD = 'Index,Last: 100,Change: 0\n"Date: February 6, 2026 at 3:31 PM EST",Bid: 100,Ask: 100\n'
PAGES = {
    "cboe": (CBOE_HEAD, cboe(), {}),
    "thinkorswim": ("", thinkorswim(), {"at": "2026-02-06T21:00Z"}),
    "export": ("", site_export(), {"at": "2026-02-06T08:00Z"}),
}
ASIDE = ["open_interest", "volume"]  # what nothing is computed of


@pytest.mark.parametrize("kind", PAGES)
def test_no_column_of_a_page_is_taken_for_another(kind: str, tmp_path: Path) -> None:
    head, lines, given = PAGES[kind]
    cells = [line.split(",") for line in lines]
    path = tmp_path / "x.csv"

    def outcome(changed: list[list[str]]) -> OptionChain | str:
        path.write_text(head + "\n".join(map(",".join, changed)) + "\n", encoding="utf-8")
        try:
            return read_chain(path, **given)
        except ChainError as error:
            return str(error)

    whole = outcome(cells)
    assert isinstance(whole, OptionChain)
    assert len(whole.quotes) == len(cells[1:]) * (1 if kind == "export" else 2)
    refused = 0
    for place, name in enumerate(cells[0]):
        renamed = [[*cells[0][:place], "something", *cells[0][place + 1 :]], *cells[1:]]
        for found in (outcome(renamed), outcome([line[:place] + line[place + 1 :] for line in cells])):
            told = found if isinstance(found, str) else " ".join(found.notes)
            refused += isinstance(found, str)
            if f"'{name}'" not in told:
                assert isinstance(found, OptionChain), told
                pd.testing.assert_frame_equal(
                    found.quotes.drop(columns=ASIDE), whole.quotes.drop(columns=ASIDE), check_exact=True
                )
    assert refused >= 10  # symbols, bids and asks, and sizes of an export, in two ways


def test_a_column_of_money_is_not_taken_for_one_in_coin(tmp_path: Path) -> None:
    names = {"bid_price": "bid_btc", "ask_price": "ask_btc", "underlying_price": "underlying"}
    when = "2026-02-06T08:00:00Z"
    table = summary().drop(columns="mark_price").rename(columns=names)
    found = read(tmp_path, table.assign(timestamp=when, quote_timestamp=when, mark=3_000.0), {})
    assert any("'mark_btc'" in note for note in found.notes)
    assert (found.quotes["mark"] != 3_000.0).all()

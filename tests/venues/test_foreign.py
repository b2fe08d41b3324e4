"""What parsers throw at a file is our error, in little time; what no quote can be is listed, not believed."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from cases.tables import chain, rows, table

from hedging.book import book_from_dict, read_book
from hedging.errors import ChainError, InputError
from hedging.market import health
from hedging.market.contracts import ContractTerms, Option
from hedging.units import utc
from hedging.venues import read_chain


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([b"BTC"] * 2, "column 'bid', row 0: a cell must be a number, text or time; got bytes"),
        ([[1.0], [2.0]], "must be a number, text or time"),
        ([{"a": 1}, {"a": 2}], "must be a number, text or time"),
    ],
)
def test_cells_of_parquet_that_hold_something_else(tmp_path, cells, said):
    frame = pd.DataFrame({"instrument_name": ["BTC-27MAR26-70000-P", "BTC-27MAR26-80000-C"], "bid": cells})
    frame.to_parquet(tmp_path / "x.parquet")
    with pytest.raises(ChainError, match=said):
        read_chain(tmp_path / "x.parquet")


@pytest.mark.parametrize("value", ["1e400", "9" * 400, "9" * 5_000, "-" + "9" * 400])
def test_numbers_of_json_that_none_can_be(tmp_path, value):
    text = json.dumps(rows()).replace(json.dumps(rows()[0]["bid_price"]), value, 1)
    (tmp_path / "x.json").write_text(text)
    try:
        read = read_chain(tmp_path / "x.json")
    except ChainError:
        return
    assert len(read.quotes) + len(read.rejected) + len(read.futures) == len(rows())


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, '{"result": {"a": [[[]]]}}']
)
def test_json_that_is_deep(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ChainError, match=r"x\.json"):
        read_chain(tmp_path / "x.json")


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n" + "1," * 3_000_000 + "1\n",
        ",".join(f"c{i}" for i in range(20_000)) + "\n" + "1," * 19_999 + "1\n",
        ",".join("c" for _ in range(20_000)) + "\n",
    ],
)
def test_lines_of_more_fields_than_any_table_has_cost_no_time(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ChainError, match="a table of quotes has at most 1,000"):
        read_chain(tmp_path / "x.csv")  # a parser would take minutes


@pytest.mark.parametrize("zone", ["", ".", "/", "Europe", "a\0b", "Mars/Olympus"])
def test_a_zone_that_is_none(tmp_path, zone):
    frame = pd.DataFrame(
        {"symbol": ["BTC-27MAR26-70000-P-USDT"], "download_date": ["2025-07-02 10:00:00"], "bid1Price": [1.0],
         "ask1Price": [2.0], "underlyingPrice": [60_000.0], "markIv": [0.5], "markPrice": [1.5], "indexPrice": [6e4]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "x.csv", index=False)
    with pytest.raises(InputError, match="timezone must be a name"):
        read_chain(tmp_path / "x.csv", timezone=zone)


@pytest.mark.parametrize("year", [1, 1677, 2262, 2300, 8022, 9999])
def test_no_time_of_a_quote_lies_in_such_a_year(year):
    with pytest.raises(InputError, match="must lie between 1900 and 2200"):
        utc(f"{year:04d}-06-26T08:00:00Z", "expiry")


@pytest.mark.parametrize(
    ("key", "value"),
    [("multiplier", 1e300), ("multiplier", 1e-300), ("lot", 1e300), ("strike", 1e300), ("expiry", "8022-06-26"),
     ("expiry", "2262-06-26"), ("quantity", 1e300), ("entry", 1e300), ("strike", 10**400)],
)  # fmt: skip
def test_numbers_of_a_book_that_none_can_be(key, value):
    held = {
        "asset": "BTC",
        "kind": "option",
        "flag": "p",
        "strike": 6e4,
        "quantity": 1.0,
        "expiry": "2026-06-26",
    }
    book_from_dict({"holdings": [held]})
    with pytest.raises(InputError):
        book_from_dict({"holdings": [held | {key: value}]})


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5_000, "a." * 5_000 + "a = 1", "x" * 40_000_000, "a = 1\n\0", "\xff"]
)
def test_toml_that_is_deep_or_huge(tmp_path, text):
    (tmp_path / "book.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"book\.toml"):
        read_book(tmp_path / "book.toml")


def test_terms_and_strikes_have_a_range():
    for terms in ({"multiplier": 1e13}, {"lot": 1e-13}, {"multiplier": float("nan")}, {"lot": float("inf")}):
        with pytest.raises(InputError):
            ContractTerms(**terms)
    for strike in (0.0, -1.0, 1e16, float("nan"), float("inf")):
        with pytest.raises(InputError, match="strike"):
            Option("BTC", "c", strike, utc("2026-06-26T08:00Z"))


IMPOSSIBLE = [
    ("bid", 5.0, "bid above any possible value"),
    ("mark", 3_500.0, "mark above any possible value"),
    ("mark", 1e-9, "mark below intrinsic"),
    ("bid_size", -1.0, "negative size or count"),
    ("ask_size", -0.1, "negative size or count"),
    ("open_interest", -5.0, "negative size or count"),
    ("volume", -5.0, "negative size or count"),
    ("mark", -0.01, "negative price"),
]


@pytest.mark.parametrize(("column", "value", "reason"), IMPOSSIBLE)
def test_what_no_quote_can_be_is_rejected(column, value, reason):
    frame = table()
    if column not in frame:
        frame[column] = 1.0 if column != "mark" else float("nan")
    deep = {
        "flag": "p",
        "strike": 140_000.0,
        "bid": float("nan"),
        "ask": float("nan"),
        "mark_vol": float("nan"),
    }
    frame["mark"] = float("nan")
    frame = pd.concat([frame, pd.DataFrame([frame.iloc[0].to_dict() | deep | {"mark": 1.0, column: value}])])
    read = chain(frame.reset_index(drop=True))
    assert reason in read.rejected["reason"].tolist()
    assert len(read.quotes) == len(frame) - len(read.rejected)


def test_what_is_only_odd_is_kept_and_told():
    frame = table()
    frame["mark"] = float("nan")
    deep = {
        "flag": "p",
        "strike": 140_000.0,
        "bid": float("nan"),
        "ask": float("nan"),
        "mark_vol": float("nan"),
    }
    odd = frame.iloc[0].to_dict() | deep | {"mark": 140_000.0 / frame["forward"].iloc[0] - 1.0 - 1e-3}
    read = chain(pd.concat([frame, pd.DataFrame([odd])]).reset_index(drop=True))
    assert (read.quotes["strike"] == 140_000.0).any()
    assert "mark below intrinsic" in health.check(read).violations["rule"].tolist()

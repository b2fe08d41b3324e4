"""Whatever is done to a quote file, reading it gives a chain with reasons or a ChainError, never anything else."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.tables import SUMMARY_AS_OF, chain, rows, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.venues import read_chain

junk = st.sampled_from(
    [None, "", "abc", 1e308, -1, 0, True, [], {}, "1e999", "nan", float("nan"), 10**30, 32_503_708_800_000,
     "2026-02-30", "<html>", "BTC-31JUN26-1-C", "BTC-6MAR26-0-C", "1,5", " 5 ", 5e-324, "1970-01-01T00:00Z"]
)  # fmt: skip
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def outcome(path: Path, count: int | None = None, **pick: object) -> OptionChain | str:
    """The chain, with every row accounted for, or the message of the ChainError, which names the file."""
    try:
        read = read_chain(path, **pick)
    except ChainError as error:
        said = str(error)
    else:
        return checked(read, count)
    assert path.name in said
    return said


def checked(read: OptionChain, count: int | None) -> OptionChain:
    """The chain, with every row of so many kept, or listed with its reason."""
    assert count is None or len(read.quotes) + len(read.rejected) + len(read.futures) == count
    assert (read.rejected["reason"] != "").all()
    return read


def saved(folder: Path, content: object) -> Path:
    path = folder / "chain.json"
    path.write_text(json.dumps(content))
    return path


def test_the_untouched_rows_are_all_kept(tmp_path):
    assert outcome(saved(tmp_path, rows()), 20).rejected.empty


@quick
@given(
    st.lists(st.tuples(st.integers(0, 19), st.sampled_from(list(rows()[0])), junk), min_size=1, max_size=6)
)
def test_cells_with_junk(tmp_path, changes):
    made = rows()
    for row, column, value in changes:
        made[row][column] = value
    assert outcome(saved(tmp_path, made), 20)


@quick
@given(
    st.sampled_from(list(rows()[0])),
    st.sampled_from(list(rows()[0])),
    junk,
    st.sampled_from(["swap", "drop", "fill"]),
)
def test_whole_columns_swapped_dropped_or_filled(tmp_path, column, other, value, change):
    made = rows()
    for row in made:
        if change == "swap":
            row[column], row[other] = row[other], row[column]
        elif change == "drop":
            del row[column]
        else:
            row[column] = value
    assert outcome(saved(tmp_path, made), 20)


@quick
@given(st.integers(0, 5_000), st.sampled_from('{}[]",:x0\x00é'))
def test_a_character_changed_or_the_rest_cut_off(tmp_path, position, character):
    text = json.dumps(rows())
    path = tmp_path / "chain.json"
    path.write_text(text[: position % len(text)])
    assert isinstance(outcome(path), str)
    path.write_text(text[:position] + character + text[position + 1 :])
    outcome(path)


@quick
@given(st.data())
def test_gzip_with_a_flipped_bit_or_cut_off_is_refused(tmp_path, data):
    packed = bytearray(gzip.compress(json.dumps(rows()).encode(), mtime=0))
    cut = data.draw(st.integers(1, len(packed) - 1))
    path = tmp_path / "chain.json.gz"
    path.write_bytes(packed[:cut])
    assert isinstance(outcome(path), str)
    # Behind the ten bytes of the head, which hold nothing but a time and a name, a checksum sees every bit.
    path.write_bytes(bytes(packed))
    whole = outcome(path)
    packed[data.draw(st.integers(10, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(bytes(packed))
    found = outcome(path)
    # The last byte of the packed stream may end in bits that mean nothing.
    assert isinstance(found, str) or found.quotes.equals(whole.quotes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            json.loads('{"jsonrpc": "2.0", "error": {"code": 10028, "message": "too_many_requests"}}'),
            "error reply (too_many_requests 10028)",
        ),
        ([], "no known format"),
        ([{}], "no known format"),
        ({"result": None}, "no known format"),
        ([rows()[0] | {"creation_timestamp": 0}], "between 2000 and 2100, all counted alike; got 0"),
        ([rows()[0] | {"creation_timestamp": 32_503_708_800_000}], "between 2000 and 2100"),
        ([rows()[0] | {"instrument_name": "AAPL260320C00100000"}], "no option at all"),
        (rows() + rows(), None),
    ],
)
def test_replies_that_are_none(tmp_path, content, message):
    got = outcome(saved(tmp_path, content))
    if message is None:
        assert got.rejected["reason"].value_counts().to_dict() == {"duplicate": 20}
    else:
        assert message in got


@pytest.mark.parametrize("wrap", [list, lambda made: {"result": made}, None])
def test_rows_that_share_no_keys_are_refused_before_a_table_is_made_of_them(tmp_path, wrap):
    """Of 20,000 such rows it would have 400 million cells."""
    made = [rows()[0] | {f"k{place}": place} for place in range(1_001)]
    path = tmp_path / "chain.json"
    path.write_text("\n".join(map(json.dumps, made)) if wrap is None else json.dumps(wrap(made)))
    assert "different keys; a table of quotes has at most 1,000" in outcome(path)


def test_repeated_keys_and_columns_are_refused(tmp_path):
    path = tmp_path / "chain"
    text = json.dumps(rows()).replace('"mark_iv": 55.0', '"mark_iv": 55.0, "mark_iv": 65.0', 1)
    path.write_text(text)
    assert "the key 'mark_iv' stands more than once in one object" in outcome(path)
    table = pd.DataFrame(rows()).assign(timestamp=SUMMARY_AS_OF, expiry=SUMMARY_AS_OF)
    table.columns = table.columns.str.replace("mark_price", "mark_iv")
    path.write_text(table.to_csv(index=False))
    assert "columns ['mark_iv'] occur more than once" in outcome(path)
    arrow = pytest.importorskip("pyarrow")
    columns = [arrow.array(table.iloc[:, i]) for i in range(table.shape[1])]
    pytest.importorskip("pyarrow.parquet").write_table(arrow.table(columns, list(table.columns)), path)
    assert "mark_iv" in outcome(path)  # refused by us or, in its words, by pyarrow


def test_vols_said_in_the_wrong_unit_are_suspected():
    percent = {"price": "coin", "vol": "percent"}
    with pytest.raises(ChainError, match=r"rejected: \{'vol unit suspected': 4\}"):
        chain(table(mark_vol=[0.60, 0.55, 0.55, 0.54]), units=percent)
    with pytest.raises(ChainError, match=r"rejected: \{'vol unit suspected': 4\}"):
        chain(units={"price": "coin", "vol": "decimal"})
    crash = table(mark_vol=[1.6, 1.55, 1.5, 1.54])  # 150 %: as per cent still a possible vol
    with pytest.raises(ChainError, match=r"do not price their own quotes.*percent or decimal"):
        chain(crash, units=percent)


def test_prices_said_in_the_wrong_unit_are_suspected():
    with pytest.raises(ChainError, match=r"percent or decimal, coin or money"):
        chain(units={"price": "money", "vol": "percent"}, terms=None)
    dear = table(**{side: table()[side] * 70_500 for side in ("bid", "ask", "mark")})
    with pytest.raises(ChainError, match="junk spread"):
        chain(dear)


def test_strike_and_forward_swapped_are_rejected_by_name():
    swapped = table().rename(columns={"strike": "forward", "forward": "strike"})
    with pytest.raises(ChainError, match="forward off its expiry's median"):
        chain(swapped)


def test_names_and_columns_that_differ_are_rejected(tmp_path):
    day = pd.DataFrame(rows()).rename(columns={"estimated_delivery_price": "index_price"})
    day = day.assign(
        timestamp=SUMMARY_AS_OF, expiry=pd.Timestamp("2026-03-27T08:00Z"), strike=50_000.0, option_type="call"
    )
    day.to_parquet(tmp_path / "day.parquet")
    reasons = read_chain(tmp_path / "day.parquet").rejected["reason"].value_counts().to_dict()
    assert reasons == {"name and strike differ": 16, "name and type differ": 2, "name and expiry differ": 1}


# --- real files -------------------------------------------------------------------------------------

TABLES = [
    ("deribit_full_20260206T043012Z.csv.gz", {"asset": "BTC"}),
    ("deribit_btc_ticker_20200521.csv.gz", {}),
    ("deribit_btc_quotes_20260428.csv.gz", {"at": "2026-04-28T21:29Z"}),
    ("bybit_btc_sol_usdt_20250702.csv.gz", {"asset": "BTC", "timezone": "Europe/Rome"}),
    ("testnet_deribit_eth_ticker_20210211.csv.gz", {}),
]


@pytest.mark.parametrize(("file", "pick"), TABLES)
@settings(quick, max_examples=15)
@given(data=st.data())
def test_recorded_tables_with_cells_columns_or_ends_spoilt(shared_data, tmp_path, file, pick, data):
    lines = gzip.decompress((shared_data / "chains" / file).read_bytes()).decode().splitlines()[:60]
    head, *body = list(csv.reader(lines))
    column = data.draw(st.integers(0, len(head) - 1))
    value = str(data.draw(junk))
    change = data.draw(st.sampled_from(["cells", "column", "swap", "drop", "cut"]))
    if change == "cells":
        for row in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=5)):
            body[row][column] = value
    elif change == "column":
        body = [[*row[:column], value, *row[column + 1 :]] for row in body]
    elif change == "swap":
        other = data.draw(st.integers(0, len(head) - 1))
        head[column], head[other] = head[other], head[column]
    elif change == "drop":
        head = [*head[:column], *head[column + 1 :]]
        body = [[*row[:column], *row[column + 1 :]] for row in body]
    text = io.StringIO()
    csv.writer(text).writerows([head, *body])
    whole = text.getvalue()
    end = data.draw(st.integers(1, len(whole))) if change == "cut" else len(whole)
    path = tmp_path / "table.csv"
    path.write_text(whole[:end])
    assert outcome(path, **pick)


@settings(quick, max_examples=25)
@given(data=st.data())
def test_a_recorded_cboe_table_spoilt(shared_data, tmp_path, data):
    packed = (shared_data / "chains/cboe_spx_20220610.csv.gz").read_bytes()
    lines = gzip.decompress(packed).decode().splitlines()[:330]
    line = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[line].split(",")
    cells[data.draw(st.integers(0, len(cells) - 1))] = str(data.draw(junk))
    lines[line] = ",".join(cells)
    path = tmp_path / "quotes.csv"
    path.write_text("\n".join(lines)[: data.draw(st.sampled_from([10**9, 40_000, 300]))])
    assert outcome(path)


def test_numbers_of_a_chain_are_finite_or_missing(tmp_path):
    made = rows()
    made[0]["mark_price"], made[1]["open_interest"], made[2]["bid_price"] = 1e308, "1e999", -0.1
    read = outcome(saved(tmp_path, made), 20)
    reasons = set(read.rejected["reason"])
    # pandas before 3 takes "1e999" for no number, later ones for infinity; either way it is named.
    told = any(note.startswith("open_interest is no number in 1 row") for note in read.notes)
    assert told or "open_interest is not finite" in reasons
    assert {"mark is beyond belief", "negative price"} <= reasons
    assert len(reasons) == 3 - told
    assert not np.isinf(read.quotes.select_dtypes(float)).any(axis=None)

"""Damaged quote files of every format: a chain whose numbers lie in their ranges, or a ChainError; nothing else."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from cases.mutations import as_json, damaged, damaged_bytes, junk
from cases.outcomes import attempt, tries
from hypothesis import given
from hypothesis import strategies as st

from hedging import samples
from hedging.errors import ChainError
from hedging.market import OptionChain
from hedging.venues import read_chain, read_chains, write_chain
from hedging.venues.own import _digest as digest_of

from .test_replies import assert_in_range

RECORDED = {
    "bybit_btc_sol_usdt_20250702.csv.gz": {"asset": "BTC", "timezone": "UTC"},
    "cboe_spx_20220610.csv.gz": {},
    "deribit_btc_book_summary_20250614.json.gz": {},
    "deribit_btc_daily_20251230_20260531.parquet": {},
    "deribit_btc_eod_2021_2022.parquet": {},
    "deribit_btc_quotes_20260428.csv.gz": {},
    "deribit_btc_snapshot_20260526.json.gz": {},
    "deribit_btc_ticker_20200521.csv.gz": {},
    "deribit_full_20260111T091434Z.csv.gz": {"asset": "BTC"},
    "testnet_deribit_btc_ticker_20210211.csv.gz": {},
}
FOUND = {
    "deribit_btc_book_summary_20240312.csv.gz": {},
    "deribit_site_export_btc_26apr24.csv": {"at": "2024-04-08T08:00Z"},
    "tda_msft_puts_20210518.json.gz": {},
    "thinkorswim_spy_2018.csv.gz": {"at": "2018-01-02T20:00Z"},
    "yfinance_aapl_20260211.csv.gz": {},
}
ROWS = 40
LATER = {"cboe": 400, "yfinance": 600}  # the first options expired on the day itself


@cache
def opened(path: Path) -> bytes | pd.DataFrame:
    """The first rows of a recorded file, without its compression."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path).head(ROWS)
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    if text.lstrip()[:1] in b"[{":
        whole = json.loads(text)
        return as_json(shortened(whole)).encode()
    lines = text.splitlines(keepends=True)
    first = next((start for name, start in LATER.items() if path.name.startswith(name)), 4)
    rows = slice(first, first + ROWS)
    return b"".join([*lines[:4], *lines[rows]])


def shortened(value: Any) -> Any:
    """The same with the first entries of every list."""
    if isinstance(value, list):
        return [shortened(each) for each in value[:12]]
    return {key: shortened(each) for key, each in value.items()} if isinstance(value, dict) else value


def read_first(path: Path, pick: dict[str, Any]) -> OptionChain:
    """The first chain of a file, or the only one where the file does not say its time."""
    return read_chain(path, **pick) if "at" in pick else next(iter(read_chains(path, **pick)))


def assert_read(path: Path, **pick: Any) -> None:
    found = attempt("files", lambda: read_first(path, pick), ChainError)
    if isinstance(found, OptionChain):
        assert_in_range(found)
        assert (found.rejected["reason"] != "").all()


@st.composite
def damaged_cells(draw: st.DrawFn, table: list[list[str]]) -> list[list[str]]:
    """A table of text with cells, columns and rows that are not what they were."""
    made = [list(row) for row in table]
    for _ in range(draw(st.integers(1, 4))):
        row, column = draw(st.integers(0, len(made) - 1)), draw(st.integers(0, max(map(len, table)) - 1))
        how = draw(st.sampled_from(["cell", "cell", "column", "drop", "repeat", "short"]))
        if how == "cell" and column < len(made[row]):
            made[row][column] = str(draw(junk))
        elif how == "column":
            value = str(draw(junk))
            made = [made[0], *([*line[:column], value, *line[column + 1 :]] for line in made[1:])]
        elif how == "drop":
            made = [line[:column] + line[column + 1 :] for line in made]
        elif how == "repeat":
            made.insert(row, list(made[row]))
        elif how == "short":
            made[row] = made[row][:column]
    return made


@pytest.mark.parametrize("name", [*RECORDED, *FOUND])
def test_recorded(name: str, shared_data: Path, tmp_path: Path) -> None:
    whole = opened(shared_data / ("found" if name in FOUND else "chains") / name)
    pick = (RECORDED | FOUND)[name]

    def damage() -> st.SearchStrategy[tuple[str, bytes]]:
        if isinstance(whole, pd.DataFrame):
            frames = damaged_frames(whole)
            return frames.map(lambda frame: (".parquet", parquet(frame)))
        if whole[:1] in b"[{":
            values = damaged(json.loads(whole)).map(
                lambda value: (".json", as_json(value).encode("utf-8", "replace"))
            )
            return values | damaged_bytes(whole).map(lambda data: (".json", data))
        lines = list(csv.reader(io.StringIO(whole.decode())))
        cells = damaged_cells(lines).map(lambda table: (".csv", as_csv(table)))
        return cells | damaged_bytes(whole).map(lambda data: (".csv", data))

    # A slice is a chain, or the damage would test nothing; one of a day's updates may need all of them.
    path = tmp_path / (
        "x.parquet" if isinstance(whole, pd.DataFrame) else "x.json" if whole[:1] in b"[{" else "x.csv"
    )
    path.write_bytes(parquet(whole) if isinstance(whole, pd.DataFrame) else whole)
    assert isinstance(read_first(path, pick), OptionChain)

    # Implied dividends and early exercise take their time: fewer of these.
    @tries(2 if name in FOUND else 12)
    @given(damage())
    def run(made: tuple[str, bytes]) -> None:
        path = tmp_path / f"x{made[0]}"
        path.write_bytes(made[1])
        assert_read(path, **pick)

    run()


@st.composite
def damaged_frames(draw: st.DrawFn, frame: pd.DataFrame) -> pd.DataFrame:
    made = frame.copy()
    for _ in range(draw(st.integers(1, 3))):
        if not len(made.columns):
            return made
        column = draw(st.sampled_from(list(made.columns)))
        how = draw(st.sampled_from(["cell", "column", "drop", "kind", "rename", "rows"]))
        if how == "drop":
            made = made.drop(columns=column)
        elif how == "rename":
            made = made.rename(columns={column: draw(st.text(max_size=4))})
        elif how == "rows":
            made = made.iloc[: draw(st.integers(0, len(made)))]
        elif how == "kind":
            kinds = [
                str,
                lambda cell: [cell],
                lambda cell: str(cell).encode(),
                lambda _: None,
                lambda _: float("inf"),
            ]
            made[column] = [draw(st.sampled_from(kinds))(cell) for cell in made[column]][:1] * len(made)
        else:
            cells = made[column].astype(object).tolist()
            value = draw(junk)
            where = range(len(cells)) if how == "column" else [draw(st.integers(0, max(len(cells) - 1, 0)))]
            made[column] = pd.Series(
                [value if place in where else cell for place, cell in enumerate(cells)],
                index=made.index,
                dtype=object,
            )
    return made


def parquet(frame: pd.DataFrame) -> bytes:
    """The bytes of a table, or of one in text where Arrow has no type for what is in it."""
    sink = io.BytesIO()
    try:
        frame.to_parquet(sink)
    except Exception:  # whatever the writer cannot do is not what is tested
        sink = io.BytesIO()
        named = frame.set_axis([f"{number}{name}" for number, name in enumerate(frame.columns)], axis=1)
        named.astype(str).map(lambda cell: str(cell).encode("utf-8", "replace").decode()).to_parquet(sink)
    return sink.getvalue()


def as_csv(table: list[list[str]]) -> bytes:
    made = io.StringIO()
    csv.writer(made).writerows(table)
    return made.getvalue().encode("utf-8", "replace")


@cache
def own() -> bytes:
    path = Path(__file__).parents[1] / "venues" / "chains" / "version_1.csv"
    return path.read_bytes()


@tries(120)
@given(damaged_bytes(own()))
def test_our_own_before_there_was_a_digest(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert_read(path)


@cache
def written() -> tuple[OptionChain, bytes]:
    """The sample chain with the bytes of its file."""
    made = samples.chain()
    with TemporaryDirectory() as folder:
        write_chain(made, Path(folder, "x.csv"))
        return made, Path(folder, "x.csv").read_bytes()


@tries(20)
@given(st.data())
def test_our_own_is_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "x.csv"
    made, whole = written()
    path.write_bytes(data.draw(damaged_bytes(whole)))
    found = attempt("files, our own", lambda: read_chain(path), ChainError)
    if isinstance(found, OptionChain):
        pd.testing.assert_frame_equal(found.quotes, made.quotes, check_exact=True)


@cache
def sealed() -> tuple[str, dict[str, Any], list[list[str]]]:
    """The start of the first line of a short file of our own, its head, and its rows."""
    made = samples.chain()
    made = replace(made, quotes=made.quotes.head(ROWS), rejected=made.rejected.head(2))
    with TemporaryDirectory() as folder:
        write_chain(made, Path(folder, "x.csv"))
        first, *rows = Path(folder, "x.csv").read_text().splitlines()
    mark = first.index("{")
    return first[:mark], json.loads(first[mark:]), list(csv.reader(rows))


@tries(60)
@given(st.data())
def test_our_own_sealed_anew_lies_within_its_ranges(tmp_path: Path, data: st.DataObject) -> None:
    """Who edits a file of ours and gives it the count and the digest that fit is judged as any other file."""
    start, head, table = sealed()
    rows = data.draw(damaged_cells(table) | st.just(table))
    head = data.draw(damaged(head) | st.just(head))
    body = as_csv(rows).decode().replace("\r\n", "\n")
    if isinstance(head, dict):
        head |= {"rows": len(rows) - 1}
        head["digest"] = digest_of(head, body)
    path = tmp_path / "x.csv"
    path.write_bytes(f"{start}{as_json(head)}\n{body}".encode("utf-8", "replace"))
    found = attempt("files, our own sealed anew", lambda: read_chain(path), ChainError)
    if isinstance(found, OptionChain):
        assert_in_range(found)

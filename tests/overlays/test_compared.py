"""The table of overlays side by side: a frame to programs, three tables to readers, with nothing beyond the edge."""

from __future__ import annotations

import pickle

import pandas as pd
import pytest

from hedging import overlays, samples


@pytest.fixture(scope="module")
def table() -> overlays.Compared:
    book, chain = samples.book(), samples.chain()
    return overlays.compare(book, chain, [overlays.collar(book, chain), overlays.protective_put(book, chain)])


def test_it_prints_every_number_in_three_tables(table: overlays.Compared) -> None:
    text = repr(table)
    assert text.count("protective put") == 3
    assert max(map(len, text.splitlines())) < 150
    for header in (
        "execution [USD]",
        "breakeven [USD]",
        "at +50%",
        "vega [USD per point]",
        "carry a day [USD]",
    ):
        assert header in text
    put = table.loc["protective put"]
    for number in (f"{put.premium:,.0f}", f"{put.vega:,.0f}", f"{put.carry_day:,.0f}", f"{put.delta:.3f}"):
        assert number in text
    assert "e+" not in text
    assert "cap of collar: where a rally of 100 % ends" in text


def test_in_a_notebook_it_is_three_tables(table: overlays.Compared) -> None:
    html = table._repr_html_()
    assert html.count("<table") == 3
    assert html.count("<th ") == 4 + 8 + 7
    assert "NaN" not in html


def test_it_is_a_frame_and_what_is_taken_out_is_a_plain_one(table: overlays.Compared) -> None:
    assert isinstance(table, pd.DataFrame)
    assert type(table[["floor"]]) is type(table.reset_index()) is type(table.to_frame()) is pd.DataFrame
    assert "floor" in repr(table[["floor"]])
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(table)).to_frame(), table.to_frame())


def test_one_that_lost_a_column_prints_as_a_frame(table: overlays.Compared) -> None:
    less = pickle.loads(pickle.dumps(table))
    del less["vega"]
    assert "gain 25" in repr(less)
    assert "gain 25" in less._repr_html_()

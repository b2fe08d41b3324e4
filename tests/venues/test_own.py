"""Our own format reads back to the same chain, to the bit."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from cases.tables import chain, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedging import samples
from hedging.errors import ChainError, InputError
from hedging.market.chain import ChainRules, OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.venues import read_chain, write_chain
from hedging.venues.deribit import futures_from_rows
from hedging.venues.deribit.names import named

ENDINGS = [".parquet", ".csv", ".csv.gz"]


def assert_same(one: OptionChain, other: OptionChain) -> None:
    for name in ("quotes", "rejected", "futures"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    for name in ("asset", "as_of", "spot", "terms", "source", "sha256"):
        assert getattr(one, name) == getattr(other, name)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_chain_with_futures_and_rejected_rows_reads_back(tmp_path, ending):
    futures = futures_from_rows(
        named(
            pd.DataFrame({"instrument_name": ["BTC-PERPETUAL", "BTC-27MAR26"], "bid_price": [1 / 3, np.nan]})
        )
    )
    made = chain(
        table(bid=[0.5, 0.06, np.nan, 0.1 + 0.2]), futures=futures, sha256="ab", source='a "name", with\nall'
    )
    assert len(made.rejected) == 2
    write_chain(made, tmp_path / f"x{ending}")
    assert_same(made, read_chain(tmp_path / f"x{ending}"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_chain_is_the_same_bytes(tmp_path, ending):
    for name in "ab":
        write_chain(chain(), tmp_path / f"{name}{ending}")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


prices = st.floats(min_value=1e-7, max_value=0.4, allow_nan=False)
rows = st.lists(
    st.tuples(
        st.sampled_from("cp"),
        st.floats(min_value=1e-3, max_value=1e7),
        prices,
        st.none() | prices,
        st.none() | st.floats(min_value=0.02, max_value=9.0),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows, lot=st.floats(min_value=1e-6, max_value=1e6), fee=st.floats(min_value=0, max_value=1))
def test_any_chain_reads_back_equal(tmp_path, ending, rows, lot, fee):
    frame = pd.DataFrame(rows, columns=["flag", "strike", "bid", "ask", "mark_vol"]).astype(
        {"ask": float, "mark_vol": float}
    )
    frame = frame.assign(
        expiry="2026-03-27T08:00Z", forward=70_000.0, symbol=[f"row, {i}" for i in range(len(frame))]
    )
    terms = ContractTerms(
        "coin", "USD", 1.0, lot, ((0.0, 1e-4), (1 / 3, 5e-4)), FeeRule(fee, 0.125), "deribit"
    )
    try:
        made = chain(frame, terms=terms, units={"price": "coin", "vol": "decimal"})
    except ChainError:
        return  # no row of these was usable, or vols and prices contradict; the reasons are tested elsewhere
    write_chain(made, tmp_path / f"x{ending}")
    assert_same(made, read_chain(tmp_path / f"x{ending}"))


def test_an_unknown_ending_and_a_foreign_version_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.parquet, \.csv, \.csv\.gz"):
        write_chain(chain(), tmp_path / "chain.xlsx")
    write_chain(chain(), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text().replace('"version": 3', '"version": 4')
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ChainError, match="is of version 4"):
        read_chain(tmp_path / "x.csv")


def test_another_asset_than_the_one_inside_is_refused(tmp_path):
    write_chain(chain(), tmp_path / "x.csv")
    with pytest.raises(ChainError, match="holds BTC, not ETH"):
        read_chain(tmp_path / "x.csv", asset="ETH")


def test_a_cut_off_file_is_no_chain(tmp_path):
    write_chain(chain(), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text()
    for length in (40, len(text) // 2, text.index("\n") + 30):
        (tmp_path / "x.csv").write_text(text[:length])
        with pytest.raises(ChainError):
            read_chain(tmp_path / "x.csv")


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_half_of_the_quotes_is_not_the_chain(tmp_path, ending):
    made = samples.chain()
    path = tmp_path / f"x{ending}"
    write_chain(made, path)
    if ending == ".parquet":
        whole = pq.read_table(path)
        pq.write_table(whole.slice(0, 252), path)
    else:
        opened = gzip.open if ending == ".csv.gz" else open
        with opened(path, "rt") as stream:
            lines = stream.readlines()
        with opened(path, "wt") as stream:
            stream.writelines(lines[: 2 + 252])
    with pytest.raises(ChainError, match="it has 252 of 506 quotes"):
        read_chain(path)


def test_every_edit_is_refused(tmp_path):
    write_chain(samples.chain(), tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text()
    edits = [
        ('"spot": 70000.0', '"spot": NaN'),
        ('"spot": 70000.0', '"spot": 70001.0'),
        ('"lot": 0.1', '"lot": 10'),
        (",BTC-", ",ETH-"),
        (",c,", ",p,"),
        ("0.0505", "0.5505"),
    ]
    for old, new in edits:
        if old not in text:
            continue
        (tmp_path / "x.csv").write_text(text.replace(old, new, 1))
        with pytest.raises(ChainError, match="digest does not fit"):
            read_chain(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("bid", -500.0, "negative price"),
        ("ask", -1.0, "negative price"),
        ("mark_vol", -0.5, "negative price"),
        ("bid_size", -1.0, "negative size or count"),
        ("open_interest", -1.0, "negative size or count"),
        ("strike", 0.0, "strike not above 0"),
        ("forward", np.nan, "no forward"),
        ("discount", 3.0, "discount not in (0, 2)"),
        ("bid", 1e9, "crossed"),
        ("flag", "x", "name not understood"),
        ("expiry", pd.Timestamp("2020-01-01T08:00Z"), "expired"),
        ("symbol", "the next one", "duplicate"),
        ("ask", np.inf, "ask is not finite"),
        ("bid", 1e200, "bid is beyond belief"),
        *(
            ("time_to_expiry", left, "time to expiry does not fit the expiry")
            for left in (-1.0, 0.0, np.nan, np.inf, 1e300)
        ),
        *(
            (f"{side}_quoted", price, "a price as quoted is negative or beyond belief")
            for side in ("bid", "ask", "mark")
            for price in (-1.0, np.inf, 1e300)
        ),
    ],
)
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_quote_that_no_rules_allow_is_listed_with_its_reason(tmp_path, ending, column, value, reason):
    """Also where a digest fits, as in a file that another program wrote."""
    made = samples.chain()
    quotes = made.quotes.copy()
    place = int(np.flatnonzero(quotes["bid"].notna() & quotes["ask"].notna())[5])
    quotes.loc[place, column] = quotes["symbol"].iloc[place - 1] if column == "symbol" else value
    write_chain(replace(made, quotes=quotes), tmp_path / f"x{ending}")
    read = read_chain(tmp_path / f"x{ending}")
    assert len(read.quotes) == len(made.quotes) - 1
    assert read.rejected["reason"].tolist() == [reason]
    assert read.rejected["row"].tolist() == [place]


@pytest.mark.parametrize("spot", [0.0, -1.0, np.nan, np.inf, 1e300])
def test_a_spot_that_none_can_be_is_refused(tmp_path, spot):
    write_chain(replace(samples.chain(), spot=spot), tmp_path / "x.csv")
    with pytest.raises(ChainError, match="spot must be a number > 0"):
        read_chain(tmp_path / "x.csv")


@pytest.mark.parametrize("version", [1, 2, 3])
def test_files_of_every_version_are_read(version):
    made = chain(table(bid=[0.05, 0.06, np.nan, 0.1]))
    made = made.with_terms(combo_waiver=0.0)  # of which these files know nothing
    assert_same(made, read_chain(Path(__file__).parent / "chains" / f"version_{version}.csv"))


def test_quotes_judged_before_are_not_judged_again(tmp_path):
    write_chain(chain(), tmp_path / "x.csv")
    with pytest.raises(ChainError, match="judged when they were first read"):
        read_chain(tmp_path / "x.csv", rules=ChainRules())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda head: head | {"version": 1}, "was edited|digest does not fit"),
        (
            lambda head: {k: v for k, v in head.items() if k != "rows"} | {"version": 1},
            "cut off or was edited",
        ),
        (lambda head: head | {"version": True}, "is of version True"),
    ],
)
def test_an_older_version_in_the_head_hides_no_edit(tmp_path, edit, message):
    write_chain(samples.chain(), tmp_path / "x.csv")
    first, _, rest = (tmp_path / "x.csv").read_text().partition("\n")
    mark, _, head = first.partition("{")
    cut = "\n".join(rest.split("\n")[:50]) + "\n"
    (tmp_path / "x.csv").write_text(f"{mark}{json.dumps(edit(json.loads('{' + head)))}\n{cut}")
    with pytest.raises(ChainError, match=message):
        read_chain(tmp_path / "x.csv")

"""Our own format reads back to the same chain, to the bit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.tables import chain, table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    text = (tmp_path / "x.csv").read_text().replace('"version": 1', '"version": 2')
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ChainError, match="is of version 2"):
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


def test_quotes_judged_before_are_not_judged_again(tmp_path):
    write_chain(chain(), tmp_path / "x.csv")
    with pytest.raises(ChainError, match="judged when they were first read"):
        read_chain(tmp_path / "x.csv", rules=ChainRules())

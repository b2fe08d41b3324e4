"""Contradictions between quotes are found where they are, and nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging import samples
from hedging.greeks import black76_price
from hedging.market import health
from hedging.market.chain import OptionChain
from hedging.venues import read_chain

STRIKES = np.array([80.0, 90.0, 100.0, 110.0, 120.0])


def fair(forward: float = 100.0, vol: float = 0.5, half: float = 0.05, **columns: object) -> pd.DataFrame:
    """Consistent quotes of one expiry: calls and puts around Black-76 at one vol."""
    flag, strike = np.repeat(["c", "p"], 5), np.tile(STRIKES, 2)
    price = black76_price(flag, forward, strike, 49 / 365, 0.0, vol)
    table = {
        "flag": flag,
        "strike": strike,
        "expiry": "2026-03-27T08:00Z",
        "bid": price - half,
        "ask": price + half,
    }
    return pd.DataFrame(table | columns)


def chain(frame: pd.DataFrame) -> OptionChain:
    return OptionChain.from_frame(
        frame, asset="XYZ", as_of="2026-02-06T08:00Z", units={"price": "money", "vol": "decimal"}
    )


def test_consistent_quotes_have_no_violation_and_parity_gives_their_forward_back():
    found = health.check(chain(fair(forward=101.0)))
    assert found.violations.empty
    assert_allclose(found.forwards["forward"], 101.0, rtol=1e-12)
    assert not found.forwards["stale"].any()


def test_a_stale_forward_is_outside_what_parity_allows():
    found = health.check(chain(fair(forward=101.0).assign(forward=100.0)))
    assert found.forwards["stale"].all()
    assert_allclose(found.forwards["parity"], 101.0, rtol=1e-12)
    parity = found.violations[found.violations["rule"] == "put-call parity"]
    assert_allclose(parity["amount"], 1.0 - 2 * 0.05, rtol=1e-9)  # off by 1, less both half spreads


@pytest.mark.parametrize("left_out", [[], ["mark_vol"], ["mark"], ["mark", "mark_vol"]])
def test_what_could_not_be_looked_at_is_null_in_json(left_out: list[str]) -> None:
    """Without marks there is no round trip to measure."""
    whole = fair().assign(forward=100.0, mark=lambda rows: 0.5 * (rows["bid"] + rows["ask"]), mark_vol=0.5)
    found = health.check(chain(whole.drop(columns=left_out)))
    assert bool(found.round_trip["count"]) == ("mark" not in left_out)
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert list(told) == [
        *["title", "kept", "rejected", "missing", "unsaid", "forwards", "violations", "spot", "round_trip"],
        "round_trip_worst",
    ]
    assert (told["round_trip"]["median"] is None) == (not told["round_trip"]["count"])
    assert told["kept"] == found.kept > 0


@pytest.mark.parametrize(
    ("row", "bid", "rule", "amount"),
    [
        (3, lambda t: t.loc[2, "ask"] + 0.15, "call rises with strike", 0.15),
        (5, lambda t: t.loc[6, "ask"] + 0.15, "put falls with strike", 0.15),
        (7, lambda t: t.loc[[6, 8], "ask"].mean() + 0.1, "put butterfly below 0", 0.1),
    ],
)
def test_a_bid_beyond_what_others_ask_is_named(row, bid, rule, amount):
    frame = fair().assign(forward=100.0)
    frame.loc[row, "bid"] = bid(frame)
    frame.loc[row, "ask"] = frame.loc[row, "bid"] + 0.1
    found = health.check(chain(frame)).violations
    assert rule in found["rule"].tolist()
    assert_allclose(found.loc[found["rule"] == rule, "amount"].max(), amount, rtol=1e-9)


def test_missing_sides_are_no_violation_but_counted():
    frame = fair().assign(forward=100.0)
    frame.loc[[0, 1], "bid"] = np.nan
    found = health.check(chain(frame))
    assert found.violations.empty
    assert_allclose(found.missing["bid"], 0.2)


def test_columns_that_no_quote_fills_are_named():
    """A table without a column of open interest, and one whose cells of it say nothing, are alike."""
    sizes = {"bid_size": 1.0, "ask_size": 2.0, "volume": 0.0}
    for columns in (sizes, sizes | {"open_interest": "-"}, sizes | {"open_interest": np.nan}):
        found = health.check(chain(fair(**columns)))
        assert found.unsaid == ("open_interest",)
        assert "no quote says its open interest" in repr(found)
        assert found.to_dict()["unsaid"] == ["open_interest"]
    full = chain(fair(**sizes, open_interest=[5.0, *[None] * 9]))
    assert health.check(full).unsaid == ()
    assert "no quote says" not in repr(health.check(full))


def test_it_prints_and_becomes_json():
    found = health.check(chain(fair(forward=101.0).assign(forward=100.0)))
    assert "1 with a forward outside what put-call parity allows" in repr(found)
    assert json.loads(json.dumps(found.to_dict()))["kept"] == 10


def test_the_four_recorded_pairs_with_two_forwards_are_found(shared_data):
    chains = shared_data / "chains"
    eth = read_chain(chains / "deribit_eth_daily_20251230_20260531.parquet", at="2026-02-03")
    found = health.check(eth).violations
    # Marks deep in the money were made with the other forward of the two.
    assert set(found["rule"]) == {"put-call parity", "mark below intrinsic"}
    assert (found["amount"][found["rule"] == "mark below intrinsic"] < 0.002 * eth.spot).all()
    found = found[found["rule"] == "put-call parity"]
    # README of the data: 4 pairs are off by more than 5e-4 coins, all of them in this snapshot.
    assert (found["amount"] / eth.spot > 5e-4).sum() == 4
    quiet = read_chain(chains / "deribit_btc_book_summary_20250614.json.gz")
    assert health.check(quiet).violations.empty


# --- spot -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("off", "stale"), [(0.0, False), (0.003, False), (0.012, True), (-0.05, True)])
def test_a_spot_that_contradicts_the_first_forward_is_said(off, stale):
    quotes = fair(forward=100.0).assign(expiry="2026-02-07T08:00Z")
    made = OptionChain.from_frame(
        quotes,
        asset="XYZ",
        as_of="2026-02-06T08:00Z",
        units={"price": "money", "vol": "decimal"},
        spot=100.0 * (1.0 + off),
    )
    found = health.check(made)
    assert found.spot["stale"] == stale
    assert ("off the first forward" in repr(found)) == stale
    assert_allclose(found.spot["carry"], -365 * np.log1p(off), atol=1e-9)
    assert json.loads(json.dumps(found.to_dict()))["spot"]["stale"] == stale


def test_a_carry_over_a_year_is_no_stale_spot():
    quotes = fair(forward=120.0).assign(expiry="2027-02-06T08:00Z", index=100.0)
    assert not health.check(chain(quotes)).spot["stale"]


def test_no_recorded_chain_of_a_live_exchange_has_a_stale_spot(shared_data):
    file = shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz"
    for asset in ("BTC", "ETH"):
        assert not health.check(read_chain(file, asset=asset)).spot["stale"]
    test = shared_data / "chains" / "testnet_deribit_btc_ticker_20210211.csv.gz"
    assert health.check(read_chain(test)).spot["stale"]  # 5.4 % off: no market prices


def test_the_quote_whose_mark_contradicts_its_vol_most_is_named() -> None:
    chain = samples.chain()
    symbol = "BTC-10APR26-68000-P"
    odd = chain.quotes["symbol"] == symbol
    told = health.check(
        replace(chain, quotes=chain.quotes.assign(mark_vol=chain.quotes["mark_vol"].mask(odd, 0.05)))
    )
    assert told.round_trip.name == symbol
    # 51 % of vol against 5 %, by the quoted mark: 0.05 coins less next to nothing.
    assert told.round_trip["most"] == pytest.approx(0.05, abs=2e-3)
    assert f"most 0.05 at {symbol}" in " ".join(repr(told).split())

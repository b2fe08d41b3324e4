"""Every recorded chain file is read, and every quirk the data is known for is dealt with on its real rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging.errors import ChainError
from hedging.market import health
from hedging.market.chain import QUOTE_COLUMNS, ChainRules, OptionChain
from hedging.market.contracts import FeeRule
from hedging.venues import read_chain

ROME = {"timezone": "Europe/Rome"}
# file, what to pick, asset of the chain, rows of that pick (by the data's own README or a plain count)
FILES = [
    ("bybit_btc_sol_usdt_20250702.csv.gz", {"asset": "BTC", **ROME}, "BTC", 652),
    ("bybit_btc_sol_usdt_20250702.csv.gz", {"asset": "SOL", **ROME}, "SOL", 302),
    ("cboe_spx_20220610.csv.gz", {}, "SPX", 2 * 9_835),
    ("deribit_btc_book_summary_20250614.json.gz", {}, "BTC", 746),
    ("deribit_btc_daily_20251230_20260531.parquet", {"at": "2026-01-13"}, "BTC", 374),
    ("deribit_btc_eod_2021_2022.parquet", {"at": "2021-06-01"}, "BTC", 434),
    ("deribit_btc_quotes_20260428.csv.gz", {"at": "2026-04-28T21:29Z"}, "BTC", 119),
    ("deribit_btc_quotes_20260428.csv.gz", {"at": "2026-04-28T21:34Z"}, "BTC", 233),
    ("deribit_btc_snapshot_20260526.json.gz", {}, "BTC", 878),
    ("deribit_btc_ticker_20200521.csv.gz", {}, "BTC", 326),
    ("deribit_crash_6h_20260129_20260208.parquet", {"asset": "ETH", "at": "2026-02-05T12:00Z"}, "ETH", None),
    ("deribit_eth_daily_20251230_20260531.parquet", {"at": "2026-02-03"}, "ETH", 452),
    ("deribit_full_20260111T091434Z.csv.gz", {"asset": "BTC"}, "BTC", 626),
    ("deribit_full_20260111T091434Z.csv.gz", {"asset": "ETH"}, "ETH", 654),
    ("deribit_full_20260206T043012Z.csv.gz", {"asset": "BTC"}, "BTC", 930),
    ("deribit_full_20260511T121945Z.csv.gz", {"asset": "ETH"}, "ETH", 704),
    ("testnet_deribit_btc_ticker_20210211.csv.gz", {}, "BTC", 976),
    ("testnet_deribit_eth_ticker_20210211.csv.gz", {}, "ETH", 996),
]


@pytest.fixture
def read(shared_data):
    return lambda file, **pick: read_chain(shared_data / "chains" / file, **pick)


@pytest.mark.parametrize(("file", "pick", "asset", "rows"), FILES)
def test_every_row_of_every_file_is_kept_or_rejected(read, file, pick, asset, rows):
    chain = read(file, **pick)
    assert chain.asset == asset
    assert rows in (None, len(chain.quotes) + len(chain.rejected))
    assert list(chain.quotes.columns) == list(QUOTE_COLUMNS)
    assert (chain.rejected["reason"] != "").all()
    assert chain.quotes["symbol"].is_unique
    needed = ["strike", "time_to_expiry", "forward", "discount"]
    assert (chain.quotes[needed] > 0).all(axis=None)
    assert np.isfinite(chain.quotes[needed]).all(axis=None)
    assert len(chain.sha256) == 64


def test_every_file_of_the_folder_is_covered(shared_data):
    assert {path.name for path in (shared_data / "chains").iterdir()} == {file for file, *_ in FILES}


@pytest.mark.parametrize(
    ("file", "pick"),
    [
        ("bybit_btc_sol_usdt_20250702.csv.gz", {"asset": "BTC", **ROME}),
        ("cboe_spx_20220610.csv.gz", {}),
        ("deribit_btc_book_summary_20250614.json.gz", {}),
        ("deribit_btc_daily_20251230_20260531.parquet", {"at": "2026-01-13"}),
        ("deribit_btc_quotes_20260428.csv.gz", {"at": "2026-04-28T21:34Z"}),
        ("deribit_btc_snapshot_20260526.json.gz", {}),
        ("deribit_full_20260111T091434Z.csv.gz", {"asset": "BTC"}),
        ("testnet_deribit_btc_ticker_20210211.csv.gz", {}),
    ],
)
def test_rules_hold_whatever_the_format(read, file, pick):
    loose, strict = (read(file, **pick, rules=ChainRules(two_sided=both)) for both in (False, True))
    both = loose.quotes[["bid", "ask"]].notna().all(axis=1)
    assert strict.quotes["symbol"].tolist() == loose.quotes.loc[both, "symbol"].tolist()
    reasons = strict.rejected["reason"].value_counts()
    assert reasons.get("no two-sided quote", 0) == (~both).sum()


def rejected(chain: OptionChain, symbol: str) -> str:
    return chain.rejected.set_index("symbol").loc[symbol, "reason"]


# --- what a loader must expect, 1 to 11 of the data's README ----------------------------------------


def test_1_missing_quotes_are_missing_whether_null_or_zero(read):
    daily = read("deribit_btc_daily_20251230_20260531.parquet", at="2026-01-13").quotes  # null
    missing = daily[["bid", "ask"]].isna().sum()
    assert missing.to_dict() == {"bid": 178, "ask": 189}
    old = read("deribit_btc_eod_2021_2022.parquet", at="2021-06-01").quotes  # 0.0
    assert old.loc[old["symbol"] == "BTC-1JUN21-30000-C", ["bid", "ask"]].isna().all(axis=None)
    assert (old[["bid", "ask"]].min() > 0).all()


def test_2_worthless_options_keep_their_one_tick_ask_and_tiny_mark(shared_data):
    chain = read_chain(shared_data / "api/deribit_book_summary_btc_option.json")
    row = chain.row("BTC-23MAY26-69000-P")
    assert np.isnan(row["bid"])
    assert (row["ask_quoted"], row["mark_quoted"], row["mark_vol"]) == (0.0001, 1.3e-07, 0.586)


def test_2_a_bid_below_intrinsic_value_is_a_bid(shared_data):
    row = read_chain(shared_data / "api/deribit_result_ticker_options.json", asset="BTC").row(
        "BTC-21SEP26-68000-C"
    )
    assert row["bid_quoted"] == 0.1565  # bid_iv is 0.0 there, ask_iv 315.62
    assert row["bid_quoted"] < 1 - row["strike"] / row["forward"]


def test_3_open_interest_without_a_bid_is_no_reason_to_reject(read):
    row = read("deribit_btc_daily_20251230_20260531.parquet", at="2026-05-31").row("BTC-26JUN26-125000-C")
    assert row["open_interest"] == 1944
    assert np.isnan(row["bid"])


def test_4_a_mark_outside_the_quote_is_kept_as_shown(read):
    quotes = read("deribit_btc_book_summary_20250614.json.gz").quotes
    outside = (quotes["mark"] > quotes["ask"]) | (quotes["mark"] < quotes["bid"])
    assert 0.01 < outside.mean() < 0.05


def test_5_each_row_is_priced_on_its_own_forward(read):
    quotes = read("deribit_full_20260206T043012Z.csv.gz", asset="BTC").quotes
    assert quotes.groupby("expiry")["forward"].nunique().max() > 1
    assert_allclose(quotes["discount"] * quotes["forward"], 64_774.21, rtol=1e-4)


def test_6_forwards_that_differ_a_little_inside_an_expiry_are_kept(read):
    chain = read("deribit_eth_daily_20251230_20260531.parquet", at="2026-02-03")
    spread = health.check(chain).forwards["spread"]
    assert 0.001 < spread.max() < 0.003
    assert "forward off its expiry's median" not in set(chain.rejected["reason"])


def test_7_hours_to_expiry_are_counted_to_the_second(read):
    quotes = read("deribit_full_20260206T043012Z.csv.gz", asset="BTC").quotes
    left = pd.Timestamp("2026-02-06T08:00Z") - pd.Timestamp("2026-02-06T04:30:12.553805Z")
    assert_allclose(quotes["time_to_expiry"].min(), left.total_seconds() / (365 * 86_400), rtol=1e-9)


def test_8_ticks_have_steps_and_the_recorded_prices_lie_on_them(read):
    chain = read("deribit_full_20260511T121945Z.csv.gz", asset="BTC")
    asks = chain.quotes["ask_quoted"].dropna()
    ticks = asks.map(chain.terms.tick_at)
    assert_allclose((asks / ticks).round() * ticks, asks, atol=1e-12)
    assert set(ticks) == {0.0001, 0.0005}


@pytest.mark.parametrize("day", ["2021-06-01", "2022-02-24"])
def test_8_before_the_finer_ticks_prices_lie_on_the_old_one(read, day):
    chain = read("deribit_btc_eod_2021_2022.parquet", at=day)
    assert chain.terms.ticks == ((0.0, 0.0005),)
    bids = chain.quotes["bid_quoted"].dropna()
    assert_allclose((bids / 0.0005).round() * 0.0005, bids, atol=1e-12)


def test_9_junk_quotes_of_bybit_are_rejected_and_zero_is_none(read):
    bitcoin = read("bybit_btc_sol_usdt_20250702.csv.gz", asset="BTC", **ROME)
    assert rejected(bitcoin, "BTC-26SEP25-300000-C-USDT") == "junk spread"  # bid 5, ask 120,000
    solana = read("bybit_btc_sol_usdt_20250702.csv.gz", asset="SOL", **ROME)
    assert np.isnan(solana.row("SOL-25JUL25-280-P-USDT")["ask"])  # bid 0.01, ask 0


def test_10_cboe_has_expired_rows_and_two_roots_of_one_day_that_settle_at_different_times(read):
    chain = read("cboe_spx_20220610.csv.gz")
    assert chain.as_of == pd.Timestamp("2022-06-10T20:15Z")  # saved on Saturday; quotes of Friday's close
    assert set(chain.rejected["reason"]) == {"expired", "no quote"}
    assert rejected(chain, "SPXW220610C00800000") == "expired"
    monthly, weekly = (chain.row(f"{root}220715P03900000") for root in ("SPX", "SPXW"))
    assert monthly["expiry"] == pd.Timestamp("2022-07-15T13:30Z")
    assert weekly["expiry"] == pd.Timestamp("2022-07-15T20:00Z")
    assert not health.check(chain).forwards["stale"].any()


def test_11_futures_of_a_mixed_reply_become_the_curve(shared_data, tmp_path):
    import json

    api = shared_data / "api"
    rows = [
        row
        for name in ("option", "future")
        for row in json.loads((api / f"deribit_book_summary_btc_{name}.json").read_text())["result"]
    ]
    (tmp_path / "mixed.json").write_text(json.dumps(rows))
    chain = read_chain(tmp_path / "mixed.json")
    assert (len(chain.quotes), len(chain.futures)) == (5, 13)
    perpetual = chain.futures.iloc[-1]
    assert (perpetual["symbol"], perpetual["funding_8h"]) == ("BTC-PERPETUAL", 5.06e-06)
    assert (chain.futures["expiry"].dropna().diff().dropna() > pd.Timedelta(0)).all()


# --- numbers against the venues' own ----------------------------------------------------------------


def test_forwards_and_rates_of_the_index_are_smooth_and_its_vols_those_of_cboe(read):
    chain = read("cboe_spx_20220610.csv.gz")
    near = chain.expiries[chain.expiries["days"].between(4, 115)]
    assert near["forward"].between(3_908, 3_913).all()  # README of the data: 3908 to 3912
    quotes = chain.quotes.set_index("symbol")
    rates = -np.log(quotes["discount"]) / quotes["time_to_expiry"]
    assert rates.between(0.002, 0.036).all()  # US bills to five-year swaps of June 2022
    # IV of the file for an at-the-money call and put, two expiries each.
    for symbol, shown in [("SPXW220623C03995000", 0.2448), ("SPX220819P02000000", 0.6404)]:
        assert_allclose(quotes.loc[symbol, "mark_vol"], shown, atol=0.004)


def test_linear_options_price_without_discount_and_in_contracts_of_many_coins(shared_data):
    chain = read_chain(shared_data / "api/deribit_result_ticker_options.json", asset="XRP")
    assert (chain.asset, chain.terms.currency, chain.terms.multiplier, chain.terms.lot) == (
        "XRP",
        "USDC",
        1_000,
        1,
    )
    row = chain.row("XRP_USDC-21SEP26-1d25-P")
    assert (row["strike"], row["discount"], row["ask"], row["ask_size"]) == (1.25, 1.0, 0.0025, 25.0)
    assert chain.terms.fee == FeeRule(0.0003, 0.125)


def test_two_snapshots_of_a_day_ask_for_a_time(read):
    with pytest.raises(ChainError, match=r"has 4 snapshots on 2026-02-05: .*; pass at= with one of these"):
        read("deribit_crash_6h_20260129_20260208.parquet", asset="BTC", at="2026-02-05")
    with pytest.raises(ChainError, match="no snapshot on that day up to 2026-02-05T00:00Z"):
        read("deribit_crash_6h_20260129_20260208.parquet", asset="BTC", at="2026-02-05T00:00Z")


def test_times_without_a_zone_are_refused(read):
    with pytest.raises(ChainError, match="'download_date' must carry a time zone"):
        read("bybit_btc_sol_usdt_20250702.csv.gz", asset="BTC")
    chain = read("bybit_btc_sol_usdt_20250702.csv.gz", asset="BTC", **ROME)
    assert chain.as_of.floor("min") == pd.Timestamp("2025-07-02T11:31Z")  # README of the data


def test_a_contract_polled_twice_keeps_its_later_quote(read):
    chain = read("testnet_deribit_btc_ticker_20210211.csv.gz")
    assert chain.rejected["reason"].value_counts()["duplicate"] == 488


@pytest.mark.parametrize(
    ("file", "pick", "median", "most"),
    [
        ("deribit_btc_book_summary_20250614.json.gz", {}, 2e-5, 2e-4),
        ("deribit_full_20260511T121945Z.csv.gz", {"asset": "BTC"}, 2e-5, 6e-4),
        ("deribit_full_20260206T043012Z.csv.gz", {"asset": "BTC"}, 1e-4, 3e-3),
        ("deribit_btc_snapshot_20260526.json.gz", {}, 2e-5, 6e-4),
    ],
)
def test_black_76_at_the_shown_vol_gives_the_shown_mark_back(read, file, pick, median, most):
    found = health.check(read(file, **pick)).round_trip  # coin; tolerances of the data's README and of 2.1
    assert found["median"] < median
    assert found["p99"] < most


def test_implied_vols_of_marks_are_the_shown_vols(read):
    from hedging.greeks import black76_implied_vol

    quotes = read("deribit_btc_book_summary_20250614.json.gz").quotes
    live = quotes[(quotes["mark_quoted"] > 1e-3) & (quotes["time_to_expiry"] > 1 / 365)]
    out = live[(live["flag"] == "c") == (live["strike"] > live["forward"])]
    columns = (out[name].to_numpy() for name in ("flag", "forward", "strike", "time_to_expiry"))
    vol = black76_implied_vol((out["mark_quoted"] * out["forward"]).to_numpy(), *columns)
    off = np.abs(vol - out["mark_vol"]) * 100
    assert np.median(off) < 0.01  # vol points; shown vols have two decimals of a point
    assert np.quantile(off, 0.99) < 0.1

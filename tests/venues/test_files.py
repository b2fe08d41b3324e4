"""Recorded files become chains, and files that hold several chains say what is in them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging.errors import ChainError, InputError
from hedging.greeks import black76_price
from hedging.market.chain import ChainRules
from hedging.market.contracts import FeeRule
from hedging.venues import _opening, read_chain, read_chains
from hedging.venues.deribit import at_account_fees, linear_terms, option_terms, parse_name


def summary_rows() -> list[dict]:
    """Rows in the shape of get_book_summary_by_currency."""
    return [
        {
            "instrument_name": f"{coin}-27MAR26-{strike}-{flag}",
            "bid_price": None if strike == 80_000 else 0.05,
            "ask_price": 0.06,
            "mark_price": 0.055,
            "mark_iv": 55.0,
            "underlying_price": 70_500.0,
            "estimated_delivery_price": 70_000.0,
            "creation_timestamp": 1_770_352_212_553,
            "open_interest": 1.0,
            "volume": 0.0,
        }
        for coin in ("BTC", "ETH")
        for strike in (60_000, 80_000)
        for flag in "CP"
    ]


def saved(folder: Path, content: object, name: str = "chain.json.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(json.dumps(content).encode()))
    return path


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"jsonrpc": "2.0", "result": rows}])
def test_a_book_summary_is_read_with_or_without_its_envelope(tmp_path, wrap):
    chain = read_chain(saved(tmp_path, wrap(summary_rows())), asset="BTC")
    assert (chain.asset, chain.spot, len(chain.quotes)) == ("BTC", 70_000.0, 2)
    assert chain.as_of == pd.Timestamp("2026-02-06T04:30:12.553Z")
    assert set(chain.rejected["reason"]) == {"ask below intrinsic"}  # 0.06 for 0.149 and 0.135


def test_a_file_with_two_assets_asks_which(tmp_path):
    path = saved(tmp_path, summary_rows())
    with pytest.raises(ChainError, match=r"BTC \(4 rows\), ETH \(4 rows\); pass asset="):
        read_chain(path)
    with pytest.raises(ChainError, match="it has no SOL_USDC"):
        read_chain(path, asset="SOL_USDC")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"[]" * 999, mtime=0)[:20], "gzip data is cut off"),
        (b'[{"instrument_name": "BTC', "JSON is cut off"),
        (b"<html>502</html>", "holds HTML"),
        (b"", "is empty"),
        (b"a,b\n1,2\n", "of no known format"),
        (b"PAR1xxxx", "Parquet data is cut off"),
        (b"\xff\xfe\x00", "neither Parquet nor UTF-16"),
        (b"\xffa,b", "neither Parquet nor UTF-8"),
    ],
)
def test_a_file_that_is_no_chain_says_what_it_is(tmp_path, content, message):
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(ChainError, match=message):
        read_chain(path)


def test_a_missing_file_and_an_unknown_format_are_named(tmp_path):
    with pytest.raises(ChainError, match="there is no"):
        read_chain(tmp_path / "nowhere.json")
    with pytest.raises(ChainError, match="format must be one of hedging, deribit-summary"):
        read_chain(tmp_path / "nowhere.json", format="excel")


def test_names_of_deribit():
    assert parse_name("BTC-5MAR26-70000-P") == ("BTC", pd.Timestamp("2026-03-05T08:00Z"), 70_000.0, "p")
    assert parse_name("BTC-27MAR26").flag == ""
    for other in ("BTC-5MAX26-70000-P", "BTC-31JUN26-70000-P", "BTC-5MAR26-70000-X", ""):
        assert parse_name(other) is None


def test_terms_are_those_of_the_date():
    assert option_terms("SOL_USDC", "2026-07-31T23:59Z").fee.rate == 0.0005
    assert option_terms("SOL_USDC", "2026-08-01T00:00Z").fee.rate == 0.0003
    assert option_terms("XRP_USDC", "2026-09-20T00:00Z").multiplier == 1000
    assert linear_terms("perpetual", "2026-07-31T00:00Z").fee.rate == 0.0005


def test_fees_of_a_tier_and_of_orders_that_rest_take_the_place_of_the_standard_ones(tmp_path):
    """Deribit's table from 1 August 2026: 10.42 % of the premium at most in tier 1, 4.17 % in tier 5."""
    early = read_chain(saved(tmp_path, summary_rows()), asset="BTC")
    chain = replace(early, as_of=pd.Timestamp("2026-08-02", tz="UTC"))
    assert at_account_fees(early, tier=1).terms.fee.cap == 0.125  # there was one tier
    assert at_account_fees(chain, tier=1).terms.fee.cap == 0.1042
    assert at_account_fees(chain, tier=5, maker=True).terms.fee == FeeRule(0.0003, 0.0417)
    with pytest.raises(InputError, match="tier must be a whole number from 0 to 5"):
        at_account_fees(chain, tier=6)
    with pytest.raises(InputError, match=r"known of Deribit alone; the chain is of okx.*--fee"):
        at_account_fees(chain.with_terms(venue="okx"), tier=1)


def test_rules_reach_the_quotes_of_a_file(tmp_path):
    path = saved(tmp_path, summary_rows())
    strict = read_chain(path, asset="BTC", rules=ChainRules(two_sided=True, max_below_intrinsic=np.inf))
    assert strict.rejected["reason"].tolist() == ["no two-sided quote"] * 2


# --- several chains of one file ---------------------------------------------------------------------


def research_rows(times: list[str], strike: float = 70_000.0) -> pd.DataFrame:
    """Rows in the shape of the recorded daily files: one call at each time, its bid counting the times."""
    row = {
        "instrument_name": f"BTC-27MAR26-{strike:.0f}-C",
        "expiry": pd.Timestamp("2026-03-27T08:00Z"),
        "strike": strike,
        "option_type": "call",
        "underlying_price": 70_500.0,
        "index_price": 70_000.0,
        "ask_price": 0.09,
        "mark_price": 0.075,
        "mark_iv": 55.0,
    }
    stamps = pd.to_datetime(pd.Series(times), format="ISO8601", utc=True)
    return pd.DataFrame([row] * len(times)).assign(
        timestamp=stamps, bid_price=[0.07 + 0.001 * i for i in range(len(times))]
    )


TIMES = ["2026-02-06T08:00:01.5Z", "2026-02-06T08:00:01Z", "2026-02-05T08:00:00Z"]


def test_chains_of_a_file_come_in_the_order_of_time_and_none_twice(tmp_path):
    research_rows(TIMES).to_parquet(tmp_path / "days.parquet")
    chains = list(read_chains(tmp_path / "days.parquet"))
    assert [chain.as_of for chain in chains] == sorted(map(pd.Timestamp, TIMES))
    # The two within one second are told apart: each has its own quote.
    assert_allclose([chain.quotes["bid_quoted"].item() for chain in chains], [0.072, 0.071, 0.070])


def test_a_chain_is_read_when_its_turn_comes_and_what_is_wrong_with_it_names_its_time(tmp_path):
    rows = research_rows([*TIMES[:2], "2026-04-05T08:00:00Z"])  # after the option's expiry
    rows.to_parquet(tmp_path / "days.parquet")
    chains = read_chains(tmp_path / "days.parquet")
    assert next(chains).as_of == pd.Timestamp(TIMES[1])
    assert next(chains).as_of == pd.Timestamp(TIMES[0])
    with pytest.raises(ChainError, match=r"chain of 2026-04-05 08:00:00\+00:00 .*rejected: {'expired': 1}"):
        next(chains)


def test_a_file_of_one_chain_gives_that_one(tmp_path):
    path = saved(tmp_path, summary_rows())
    (only,) = read_chains(path, asset="BTC")
    pd.testing.assert_frame_equal(only.quotes, read_chain(path, asset="BTC").quotes)
    with pytest.raises(ChainError, match=r"every= is for files of single updates"):
        read_chains(path, asset="BTC", every="1h")


def test_a_file_that_is_none_is_refused_before_the_first_chain(tmp_path):
    with pytest.raises(ChainError, match="there is no"):
        read_chains(tmp_path / "nowhere.json")
    with pytest.raises(ChainError, match=r"BTC \(4 rows\), ETH \(4 rows\); pass asset="):
        next(read_chains(saved(tmp_path, summary_rows())))


def test_days_put_together_under_one_index_stay_apart(tmp_path):
    """pd.concat(days) repeats the index of each day, and Parquet keeps it."""
    days = [research_rows([time]) for time in TIMES[1:]]
    pd.concat(days).to_parquet(tmp_path / "days.parquet")
    for place, time in enumerate(TIMES[1:]):
        chain = read_chain(tmp_path / "days.parquet", at=time)
        assert len(chain.quotes) + len(chain.rejected) == len(days[place])
        assert chain.as_of == pd.Timestamp(time)


def test_the_chain_after_one_that_cannot_be_read_can_be(tmp_path):
    rows = research_rows(TIMES)
    rows.loc[1, "mark_iv"] = -1.0  # of the middle one in time
    rows.loc[1, ["underlying_price", "index_price"]] = np.nan
    rows.to_parquet(tmp_path / "days.parquet")
    chains = read_chains(tmp_path / "days.parquet")
    assert next(chains).as_of == pd.Timestamp(TIMES[2])
    with pytest.raises(ChainError, match=r"chain of 2026-02-06 08:00:01\+00:00 cannot be read"):
        next(chains)
    assert next(chains).as_of == pd.Timestamp(TIMES[0])
    with pytest.raises(StopIteration):
        next(chains)


def test_rows_without_a_currency_are_what_their_names_say(tmp_path):
    rows = pd.concat([research_rows(TIMES[:1], strike) for strike in (70_000.0, 72_000.0, 74_000.0)])
    rows = rows.assign(currency=["BTC", None, None]).reset_index(drop=True)
    rows.loc[2, "instrument_name"] = "who knows"
    rows.to_parquet(tmp_path / "day.parquet")
    chain = read_chain(tmp_path / "day.parquet")
    assert chain.quotes["strike"].tolist() == [70_000.0, 72_000.0]
    assert chain.rejected["symbol"].tolist() == ["who knows"]


@pytest.mark.parametrize("asset", ["ETH", "DOGE"])
@pytest.mark.parametrize("currency", [{}, {"currency": "BTC"}])
def test_an_asset_that_a_file_has_not_is_refused_before_the_first_chain(tmp_path, asset, currency):
    research_rows(TIMES).assign(**currency).to_parquet(tmp_path / "days.parquet")
    with pytest.raises(ChainError, match=f"days.parquet holds BTC .*it has no {asset}"):
        read_chains(tmp_path / "days.parquet", asset=asset)


@pytest.mark.parametrize(
    "columns",
    [
        "instrument_name,underlying_price,mark_iv,timestamp,expiry",
        "instrument_name,underlying,implied_volatility,timestamp",
        "instrument_name,timestamp,quote_timestamp,bid_btc",
        "symbol,bid,ask,iv,download_date",
        "exchange,symbol,timestamp,local_timestamp,strike_price,mark_iv",
    ],
)
@pytest.mark.parametrize("read", [read_chain, read_chains])
def test_a_table_without_rows_is_refused(tmp_path, columns, read):
    (tmp_path / "none.csv").write_text(columns + "\n")
    with pytest.raises(ChainError, match=r"none.csv holds no rows of quotes"):
        read(tmp_path / "none.csv")


def test_what_is_no_path_no_format_or_no_number_of_this_world_is_refused(tmp_path):
    for path in (None, 3):
        with pytest.raises(ChainError, match="path must be the path of a file"):
            read_chain(path)
    with pytest.raises(ChainError, match="cannot be read"):
        read_chain("a\0b")
    with pytest.raises(ChainError, match="format must be one of"):
        read_chain(saved(tmp_path, summary_rows()), format=["hedging"])
    (tmp_path / "long.json").write_text('[{"mark_price": ' + "9" * 5_000 + "}]")
    with pytest.raises(ChainError, match="JSON is cut off or damaged"):
        read_chain(tmp_path / "long.json")


def test_every_snapshot_of_the_recorded_files_has_its_turn(shared_data):
    chains = shared_data / "chains"
    path = chains / "deribit_crash_6h_20260129_20260208.parquet"
    there = pd.read_parquet(path)
    there = there[there["currency"] == "ETH"].groupby("timestamp").size()
    read = {chain.as_of: len(chain.quotes) + len(chain.rejected) for chain in read_chains(path, asset="ETH")}
    assert list(read) == sorted(read)
    assert read == dict(zip(pd.DatetimeIndex(there.index).tz_convert("UTC"), there, strict=True))
    assert len(read) == 43
    counts = [
        len(list(read_chains(chains / file, **pick)))
        for file, pick in [
            ("deribit_btc_quotes_20260428.csv.gz", {}),
            ("deribit_full_20260111T091434Z.csv.gz", {"asset": "BTC"}),
            ("bybit_btc_sol_usdt_20250702.csv.gz", {"asset": "SOL", "timezone": "Europe/Rome"}),
            ("cboe_spx_20220610.csv.gz", {}),
        ]
    ]
    assert counts == [2, 1, 1, 1]


# --- the recorded files -----------------------------------------------------------------------------


def round_trip_errors(chain) -> np.ndarray:
    """|mark - Black-76 at the venue's own vol|, in coin."""
    q = chain.quotes.dropna(subset=["mark_quoted", "mark_vol"])
    model = black76_price(
        q["flag"].to_numpy(), q["forward"].to_numpy(), q["strike"].to_numpy(),
        q["time_to_expiry"].to_numpy(), 0.0, q["mark_vol"].to_numpy(),
    )  # fmt: skip
    return np.abs(q["mark_quoted"].to_numpy() - model / q["forward"].to_numpy())


def test_the_recorded_book_summary(shared_data):
    chain = read_chain(shared_data / "chains/deribit_btc_book_summary_20250614.json.gz")
    assert (chain.asset, chain.spot) == ("BTC", 105_383.56)
    assert len(chain.quotes) + len(chain.rejected) == 746
    assert np.median(round_trip_errors(chain)) < 2e-5  # README: 1.1e-5 on another day
    row = chain.row("BTC-25JUL25-86000-P")
    assert (row["bid_quoted"], row["ask_quoted"], row["mark_quoted"]) == (0.006, 0.007, 0.00646652)


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_the_full_crash_file_holds_two_assets(shared_data, asset):
    path = shared_data / "chains/deribit_full_20260206T043012Z.csv.gz"
    chain = read_chain(path, asset=asset)
    assert chain.quotes["mark_vol"].between(0.2, 4).all()
    assert np.median(round_trip_errors(chain)) < 1e-4
    with pytest.raises(ChainError, match=r"BTC \(\d+ rows\), ETH \(\d+ rows\)"):
        read_chain(path)


def test_the_daily_file_is_read_one_day_at_a_time(shared_data):
    path = shared_data / "chains/deribit_btc_daily_20251230_20260531.parquet"
    chain = read_chain(path, at="2026-02-05")
    assert chain.as_of.strftime("%Y-%m-%d") == "2026-02-05"
    assert_allclose(chain.quotes["discount"] * chain.quotes["forward"], chain.spot, rtol=1e-14)
    with pytest.raises(ChainError, match="153 snapshots from 2025-12-30 17:31:15 to 2026-05-31 11:05:26 UTC"):
        read_chain(path)
    with pytest.raises(ChainError, match="no snapshot on 2024-01-01"):
        read_chain(path, at="2024-01-01")


def test_a_time_listed_in_the_message_finds_its_own_snapshot(shared_data):
    path = shared_data / "chains" / "deribit_crash_6h_20260129_20260208.parquet"
    with pytest.raises(ChainError, match="has 4 snapshots on 2026-01-29") as caught:
        read_chain(path, asset="BTC", at="2026-01-29")
    listed = re.findall(r"\d\d:\d\d:\d\d", str(caught.value))
    written = re.search(r"written as (\S+)\.$", str(caught.value))[1]
    assert listed.pop() == written[11:19]  # as it stands in the message, it picks its own
    assert f"{read_chain(path, asset='BTC', at=written).as_of:%Y-%m-%dT%H:%M:%SZ}" == written
    assert len(listed) == 4
    for time in listed:
        chain = read_chain(path, asset="BTC", at=f"2026-01-29T{time}Z")
        assert f"{chain.as_of:%H:%M:%S}" == time
    earlier = read_chain(path, asset="BTC", at=f"2026-01-29T{listed[1][:5]}:00Z")  # the last one up to then
    assert f"{earlier.as_of:%H:%M:%S}" == listed[0]


def test_a_file_that_unpacks_to_more_than_any_holds_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_opening, "_MOST_UNPACKED", 1_000_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"0,\n" * 1_000_000))
    with pytest.raises(ChainError, match="unpacks to more than 1,000,000 bytes"):
        read_chain(path)


def zipped(*files: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files:
            packed.writestr(name, data)
    return made.getvalue()


PACKED = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(("a/", b""), ("a/chain.json", data), ("__MACOSX/a/._chain.json", b"x")),
}


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_file_is_the_file(tmp_path, ending):
    plain, packed = tmp_path / "chain.json", tmp_path / f"packed.{ending}"
    plain.write_text(json.dumps(summary_rows()[:4]))
    packed.write_bytes(PACKED[ending](plain.read_bytes()))
    pd.testing.assert_frame_equal(read_chain(packed).quotes, read_chain(plain).quotes, check_exact=True)
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(ChainError, match=r"packed\.\w+: the \w+ data is cut off or damaged"):
        read_chain(packed)


@pytest.mark.parametrize("names", [(), ("calls.csv", "puts.csv")])
def test_a_zip_of_several_files_asks_which(tmp_path, names):
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(*((name, b"a,b,c\n1,2,3\n") for name in names)) if names else zipped(("a/", b"")))
    with pytest.raises(ChainError, match=", ".join(names) or "the zip holds no file"):
        read_chain(path)


def test_a_line_longer_than_any_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "line.csv"
    path.write_text("a,b\n" + "x" * 1_100_000 + ",1\n")
    with pytest.raises(ChainError, match="a line of 1,100,002 characters"):
        read_chain(path)


@pytest.mark.parametrize("zone", [5, b"UTC", 1.5])
def test_a_zone_is_a_name(tmp_path, zone):
    path = tmp_path / "any.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="timezone must be a name"):
        read_chain(path, timezone=zone)

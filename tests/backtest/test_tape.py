"""The tape: every chain of it is the one that its file gives alone, and what is odd about files is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.tapes import EXPIRY, made_chain, put, random_tape

import hedging as hg
from hedging.backtest import Tape, read_tape
from hedging.errors import ChainError, InputError
from hedging.venues import read_chain, read_chains, write_chain

DAILY = "deribit_btc_daily_20251230_20260531.parquet"
CRASH = "deribit_crash_6h_20260129_20260208.parquet"
RECORDED = [
    (DAILY, None, 7),
    ("deribit_eth_daily_20251230_20260531.parquet", None, 11),
    (CRASH, "BTC", 5),
    (CRASH, "ETH", 6),
    ("deribit_btc_eod_2021_2022.parquet", None, 13),
    ("deribit_btc_quotes_20260428.csv.gz", None, 1),
    ("deribit_full_20260206T043012Z.csv.gz", "ETH", 1),
    ("deribit_btc_book_summary_20250614.json.gz", None, 1),
    ("deribit_btc_ticker_20200521.csv.gz", None, 1),
    ("deribit_btc_snapshot_20260526.json.gz", None, 1),
]


def assert_same_chain(one: hg.OptionChain, other: hg.OptionChain) -> None:
    for table in ("quotes", "rejected", "futures"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)
    assert (one.asset, one.as_of, one.spot, one.terms) == (other.asset, other.as_of, other.spot, other.terms)
    assert (one.source, one.sha256) == (other.source, other.sha256)


@pytest.mark.parametrize(("name", "asset", "step"), RECORDED)
def test_each_chain_is_the_one_read_alone(shared_data, name, asset, step) -> None:
    tape = read_tape(shared_data / "chains" / name, asset=asset)
    for number in range(0, len(tape), step):
        alone = (
            read_chain(shared_data / "chains" / name, at=tape.times[number], asset=asset)
            if len(tape) > 1
            else read_chain(shared_data / "chains" / name, asset=asset)
        )
        assert_same_chain(tape.chain(number), alone)


def test_read_chains_goes_the_same_way(shared_data) -> None:
    path = shared_data / "chains" / DAILY
    tape, chains = read_tape(path), list(read_chains(path))
    assert len(chains) == len(tape) == 153
    for number in (0, 1, 2, 9, 50, 152):
        assert_same_chain(chains[number], tape.chain(number))


def test_a_broken_snapshot_is_named_and_the_others_are_read(tmp_path, shared_data) -> None:
    table = pd.read_parquet(shared_data / "chains" / DAILY)
    second = table["timestamp"].unique()[1]
    sick = table["timestamp"] == second
    table.loc[sick, ["bid_price", "ask_price", "mark_price", "mark_iv"]] = -1.0
    table[table["timestamp"] <= table["timestamp"].unique()[2]].to_parquet(tmp_path / "sick.parquet")
    tape = read_tape(tmp_path / "sick.parquet")
    assert len(tape) == 2
    assert [time for time, _ in tape.unusable] == [pd.Timestamp(second)]
    chains = read_chains(tmp_path / "sick.parquet")
    assert next(chains).as_of == tape.times[0]
    with pytest.raises(ChainError, match=r"chain of 2025-12-31 .* cannot be read.*no usable quote"):
        next(chains)
    assert next(chains).as_of == tape.times[1]


def test_saved_form_reads_back_to_the_bit(tmp_path, shared_data) -> None:
    delivery = shared_data / "prices" / "hourly_binance_spot_btc_eth.parquet"
    tape = read_tape(shared_data / "chains" / CRASH, asset="BTC", delivery=delivery)
    tape.save(tmp_path / "tape.parquet")
    back = read_tape(tmp_path / "tape.parquet")
    assert back.digest == tape.digest
    for number in (0, 17, len(tape) - 1):
        assert_same_chain(back.chain(number), tape.chain(number))
    expiry = pd.Timestamp("2026-02-06T08:00Z")
    assert back.delivery(expiry) == tape.delivery(expiry)


def test_a_cut_off_saved_form_is_refused(tmp_path) -> None:
    random_tape(1, 3).save(tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) // 2])
    with pytest.raises(ChainError):
        read_tape(tmp_path / "cut.parquet")
    with pytest.raises(InputError, match=r"must end in \.parquet"):
        random_tape(1, 3).save(tmp_path / "tape.csv")


def two_days(tmp_path, first: str, second: str, bid: float = 0.01) -> None:
    for name, time in (("a.parquet", first), ("b.parquet", second)):
        chain = made_chain(time, 80_000.0, [put(70_000.0, bid=bid if name[0] == "a" else 0.01, ask=0.02)])
        write_chain(chain, tmp_path / name)


def test_files_out_of_order_are_put_in_order(tmp_path) -> None:
    two_days(tmp_path, "2026-01-03T09:00Z", "2026-01-02T09:00Z")
    tape = read_tape(tmp_path)
    assert list(tape.times) == [pd.Timestamp("2026-01-02T09:00Z"), pd.Timestamp("2026-01-03T09:00Z")]
    assert tape.missing_days == []


def test_a_snapshot_in_two_files_counts_once_or_is_refused(tmp_path) -> None:
    two_days(tmp_path, "2026-01-02T09:00Z", "2026-01-02T09:00Z")
    tape = read_tape([tmp_path / "a.parquet", tmp_path / "b.parquet"])
    assert len(tape) == 1
    assert "twice" in tape.skipped[0]
    two_days(tmp_path, "2026-01-02T09:00Z", "2026-01-02T09:00Z", bid=0.015)
    with pytest.raises(ChainError, match="different quotes of BTC at 2026-01-02"):
        read_tape(tmp_path)


SILENT = "[QUOTE_UNIXTIME],[UNDERLYING_LAST],[EXPIRE_DATE],[STRIKE],[C_BID],[C_ASK],[P_BID],[P_ASK]\n"


def silent_file(path, day: int) -> None:
    """A table of option quotes that says nothing of its underlying."""
    lines = [
        f"{day * 86_400},400.0,2022-02-18,{strike},{max(400 - strike, 0) + 5},{max(400 - strike, 0) + 5.2},"
        f"{max(strike - 400, 0) + 5},{max(strike - 400, 0) + 5.2}\n"
        for strike in range(380, 425, 5)
    ]
    path.write_text(SILENT + "".join(lines))


def test_a_file_that_does_not_name_its_underlying_is_no_other_asset_s(tmp_path) -> None:
    """In a folder it would pass for whatever is asked for; alone, or among its like, it is what its user says."""
    silent_file(tmp_path / "a.csv", 18_993)
    silent_file(tmp_path / "b.csv", 18_994)
    tape = read_tape(tmp_path, asset="SPY")
    assert (tape.asset, len(tape)) == ("SPY", 2)
    assert len(read_tape([tmp_path / "a.csv", tmp_path / "b.csv"], asset="SPY")) == 2
    write_chain(
        made_chain("2026-01-02T09:00Z", 80_000.0, [put(70_000.0, bid=0.01, ask=0.02)]), tmp_path / "c.parquet"
    )
    tape = read_tape(tmp_path, asset="BTC")
    assert list(tape.times) == [pd.Timestamp("2026-01-02T09:00Z")]
    assert [what.partition(";")[0] for what in tape.skipped] == [
        f"{name}.csv does not name its underlying" for name in "ab"
    ]


def three_days(tmp_path, shuffled: list[list[int]]) -> list[str]:
    """Three snapshots of one chain as files of raw rows, each with the rows said, in that order."""
    rows = []
    for day in (2, 3, 4):
        for strike in (60_000, 70_000, 80_000):
            for flag in "CP":
                mark = max((strike - 75_000) / 75_000 * (1 if flag == "P" else -1), 0.0) + 0.02
                rows.append(
                    {
                        "timestamp": f"2026-01-{day:02d} 09:00:00+00:00",
                        "instrument_name": f"BTC-30JAN26-{strike}-{flag}",
                        "expiry": "2026-01-30 08:00:00+00:00",
                        "strike": float(strike),
                        "option_type": "call" if flag == "C" else "put",
                        "bid_price": round(mark - 0.001, 4),
                        "ask_price": round(mark + 0.001, 4),
                        "mark_price": round(mark, 4),
                        "mark_iv": 60.0,
                        "underlying_price": 75_000.0,
                        "underlying_index": "SYN.BTC-30JAN26",
                        "index_price": 75_000.0,
                        "delta": 0.5,
                        "vega": 50.0,
                        "open_interest": 10.0,
                        "volume": 1.0,
                    }
                )
    table, names = pd.DataFrame(rows), []
    for number, places in enumerate(shuffled):
        names.append(str(tmp_path / f"part{number}.csv"))
        table.iloc[places].to_csv(names[-1], index=False)
    return names


WHOLE = list(range(18))


@pytest.mark.parametrize(
    ("parts", "twice"),
    [
        ([WHOLE[::-1]], 0),
        ([list(np.random.default_rng(1).permutation(18))], 0),
        ([WHOLE[12:], WHOLE[6:12], WHOLE[:6]], 0),  # files from the last day to the first
        ([WHOLE[:12], WHOLE[6:]], 1),
        ([WHOLE, WHOLE, WHOLE[:6]], 4),
        ([WHOLE[6:12], WHOLE], 1),
    ],
)
def test_rows_and_files_in_any_order_and_overlap_are_one_tape(tmp_path, parts, twice) -> None:
    whole = read_tape(three_days(tmp_path, [WHOLE]))
    assert len(whole) == 3
    files = three_days(tmp_path, parts)
    for given in (files, files[::-1]):
        tape = read_tape(given)
        assert tape.digest == whole.digest
        assert [what for what in tape.skipped if "twice" in what] == list(tape.skipped)
        assert len(tape.skipped) == twice


def test_rows_that_stand_twice_in_a_file_count_once_and_are_named(tmp_path) -> None:
    whole = read_tape(three_days(tmp_path, [WHOLE]))
    tape = read_tape(three_days(tmp_path, [WHOLE + WHOLE[3:8]]))
    assert tape.digest == whole.digest
    assert len(tape.snapshots.rejected) == 5
    assert tape.snapshots.rejected["symbol"].str.startswith("BTC-30JAN26-").all()


def test_an_overlap_that_differs_is_refused_with_both_files(tmp_path) -> None:
    files = three_days(tmp_path, [WHOLE, WHOLE[:4]])  # half of the first snapshot's rows
    with pytest.raises(
        ChainError, match=r"part0\.csv and part1\.csv show different quotes of BTC at 2026-01-02"
    ):
        read_tape(files)


@pytest.mark.parametrize("path", [5, None, 3.0, [5], [None]])
def test_what_is_no_path_is_refused(path) -> None:
    with pytest.raises(ChainError, match="a file, a folder or several files"):
        read_tape(path)


def test_chains_in_memory_must_ascend() -> None:
    chains = [made_chain(f"2026-01-0{day}T09:00Z", 80_000.0, [put(70_000.0, ask=0.02)]) for day in (2, 3)]
    for wrong in (chains[::-1], [chains[0], chains[0]]):
        with pytest.raises(InputError, match="must ascend in time"):
            Tape.of(wrong)


def test_other_assets_are_refused_in_paths_and_named_in_folders(tmp_path, shared_data) -> None:
    eth = shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz"
    with pytest.raises(ChainError, match=r"holds BTC .* ETH"):
        read_tape(eth)
    chains = [made_chain("2026-01-02T09:00Z", 80_000.0, [put(70_000.0, bid=0.01, ask=0.02)])]
    write_chain(chains[0], tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text("{}")
    tape = read_tape(tmp_path, asset="BTC")
    assert len(tape) == 1
    assert "b.json" in tape.skipped[0]
    with pytest.raises(ChainError, match="not ETH"):
        read_tape(tmp_path / "a.parquet", asset="ETH")


def test_gaps_blocks_and_missing_days(shared_data) -> None:
    tape = read_tape(shared_data / "chains" / "deribit_btc_eod_2021_2022.parquet")
    gaps = tape.gaps()
    assert len(gaps) == 1
    assert 153 < gaps["days"][0] < 155
    assert [len(block) for block in tape.blocks()] == [61, 59]
    assert len(tape.missing_days) == 153
    assert "missing days" in repr(tape)


def test_between_takes_whole_days_and_refuses_empty_ranges() -> None:
    tape = random_tape(2, 5)
    assert len(tape.between("2026-01-03", "2026-01-05")) == 2
    with pytest.raises(InputError, match="no snapshot of BTC"):
        tape.between("2026-03-01", "2026-03-02")
    with pytest.raises(InputError):
        tape.chain(5)


def test_tapes_of_no_or_mixed_or_doubled_chains_are_refused() -> None:
    tape = random_tape(3, 3)
    with pytest.raises(InputError, match="at least one chain"):
        Tape.of([])
    with pytest.raises(InputError, match="must ascend in time"):
        Tape.of([tape.chain(1), tape.chain(0)])
    with pytest.raises(InputError, match="must ascend in time"):
        Tape.of([tape.chain(1), tape.chain(1)])


def test_what_a_caller_writes_into_a_chain_stays_there() -> None:
    tape = random_tape(4, 2)
    chain = tape.chain(0)
    before = float(tape.snapshots.quotes["mark"].iloc[0])
    chain.quotes["mark"] = 1e9
    chain.quotes.loc[0, "ask"] = 1e9
    assert tape.chain(0).quotes["mark"].iloc[0] == before
    assert tape.shared_chain(0).quotes["mark"].iloc[0] == before


def test_a_digest_tells_tapes_apart() -> None:
    tape = random_tape(5, 4)
    assert tape.digest == random_tape(5, 4).digest
    assert tape.digest != random_tape(6, 4).digest
    assert tape.digest != tape.taken([0, 1]).digest
    chains = [tape.chain(k) for k in range(4)]
    quotes = chains[2].quotes.assign(bid=np.nextafter(chains[2].quotes["bid"], 0.0))
    chains[2] = replace(chains[2], quotes=quotes)
    changed = Tape.of(chains, delivery=pd.Series([1.0], index=pd.DatetimeIndex([EXPIRY])))
    assert changed.digest != tape.digest


@pytest.mark.parametrize("column", ["funding_8h", "mark"])
def test_a_digest_tells_funding_and_marks_of_futures_apart(column: str) -> None:
    # A replay pays the one and is liquidated at the other.
    chains = [random_tape(5, 2).chain(k) for k in range(2)]
    rows = pd.DataFrame(
        {
            "symbol": ["BTC-PERPETUAL"],
            "expiry": [pd.NaT],
            "bid": [1.0],
            "ask": [2.0],
            "mark": [1.5],
            "funding_8h": [1e-4],
        }
    )
    one, other = (
        Tape.of([replace(each, futures=rows.assign(**{column: value})) for each in chains])
        for value in (1e-4, 1e-2)
    )
    assert one.digest != other.digest
    assert (
        one.digest
        == Tape.of([replace(each, futures=rows.assign(**{column: 1e-4})) for each in chains]).digest
    )

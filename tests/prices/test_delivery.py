"""Delivery prices: which one counts, from where, and what is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from cases.tapes import EXPIRY, made_chain, put

from hedging.backtest import Tape, read_delivery
from hedging.errors import ChainError, InputError

ROWS = [put(70_000.0, pd.Timestamp("2026-02-27T08:00Z"), bid=0.01, ask=0.02)]


def tape(after: str, delivery=None) -> Tape:
    times = ("2026-01-29T09:00Z", after)
    return Tape.of([made_chain(time, 80_000.0 + k, ROWS) for k, time in enumerate(times)], delivery=delivery)


def hour_bars(tmp_path, **columns) -> object:
    bars = pd.DataFrame(
        {
            "ticker": "BTC",
            "open_time": pd.to_datetime(["2026-01-30 06:00", "2026-01-30 07:00", "2026-01-30 08:00"]),
            "open": [79_000.0, 79_100.0, 79_300.0],
            "close": [79_100.0, 79_300.0, 79_500.0],
        }
    ).assign(**columns)
    bars.to_parquet(tmp_path / "bars.parquet")
    return tmp_path / "bars.parquet"


def test_the_reply_of_the_exchange_is_read(shared_data) -> None:
    found = read_delivery(shared_data / "api" / "deribit_result_get_delivery_prices_btc_usd.json", "BTC")
    assert found.at(pd.Timestamp("2026-09-18T08:00Z")).price == 77_720.28
    assert found.at(pd.Timestamp("2026-09-18T09:00Z")) is None
    assert found.source.startswith("published")


def test_published_beats_hour_bar_beats_index(tmp_path) -> None:
    bars = hour_bars(tmp_path)
    published = pd.Series([79_222.0], index=pd.DatetimeIndex([EXPIRY]))
    assert tape("2026-01-30T09:30Z", [bars, published]).delivery(EXPIRY).price == 79_222.0
    found = tape("2026-01-30T09:30Z", bars).delivery(EXPIRY)
    assert (found.price, found.other) == (
        79_300.0,
        79_100.0,
    )  # the bar that opens at 07:00 ends with the expiry
    assert "hour bar" in found.source
    last = tape("2026-01-30T09:30Z").delivery(EXPIRY)
    assert last.price == 80_001.0
    assert "1.5 h after" in last.source


def test_no_index_later_than_eight_hours_is_taken() -> None:
    assert tape("2026-01-30T16:00Z").delivery(EXPIRY).price == 80_001.0
    with pytest.raises(InputError, match=r"no delivery price of BTC at 2026-01-30 08:00.*8 hours.*delivery="):
        tape("2026-01-30T16:01Z").delivery(EXPIRY)


def test_bars_that_do_not_say_their_edge_are_refused(tmp_path) -> None:
    path = hour_bars(tmp_path)
    bars = pd.read_parquet(path).rename(columns={"open_time": "time"})
    bars.to_csv(tmp_path / "bars.csv", index=False)
    with pytest.raises(ChainError, match="open_time or close_time"):
        read_delivery(tmp_path / "bars.csv", "BTC")
    assert read_delivery(tmp_path / "bars.csv", "BTC", stamped="close_time").at(EXPIRY).price == 79_500.0
    assert read_delivery(tmp_path / "bars.csv", "BTC", stamped="open_time").at(EXPIRY).price == 79_300.0


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"ticker": "ETH"}, "no BTC"),
        ({"close": [1.0, -1.0, 2.0]}, "must be > 0"),
        ({"open_time": pd.to_datetime(["2026-01-28", "2026-01-29", "2026-01-30"])}, "hour bars"),
        (
            {"open_time": pd.to_datetime(["2026-01-30 07:00"] * 2 + ["2026-01-30 08:00"])},
            "apart|more than once",
        ),
    ],
)
def test_bad_bars_are_refused_with_the_file_and_the_rule(tmp_path, columns, said) -> None:
    with pytest.raises(ChainError, match=said):
        read_delivery(hour_bars(tmp_path, **columns), "BTC")


def test_prices_of_another_asset_are_noticed(tmp_path) -> None:
    bars = hour_bars(tmp_path, open=2_000.0, close=2_000.0)
    with pytest.raises(InputError, match="of another asset"):
        tape("2026-01-30T09:30Z", bars).delivery(EXPIRY)


def test_files_that_are_none_are_refused(tmp_path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"result": {"data": [{"date": "x"}]}}))
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and no more")
    for name in ("a.json", "b.parquet", "c.csv", "d.txt"):
        with pytest.raises(ChainError, match=name):
            read_delivery(tmp_path / name, "BTC")
    with pytest.raises(ChainError, match="time zone"):
        tape("2026-01-30T09:30Z", pd.Series([1.0], index=pd.DatetimeIndex(["2026-01-30"])))

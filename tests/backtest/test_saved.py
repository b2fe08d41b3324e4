"""A saved tape that is not what was saved: whatever byte is flipped or missing, it is an error."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.tapes import made_chain, put, random_tape

from hedging.backtest import Tape, read_tape
from hedging.backtest import saved as module
from hedging.backtest.saved import load_tape
from hedging.errors import ChainError, HedgingError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "tape.parquet"
    tape = random_tape(7, 5)
    tape.save(path)
    assert read_tape(path).digest == tape.digest
    return path


def test_every_flipped_byte_is_an_error(saved, tmp_path) -> None:
    content, broken = saved.read_bytes(), tmp_path / "broken.parquet"
    random = np.random.default_rng(3)
    places = [
        0,
        3,
        len(content) - 1,
        len(content) - 5,
        content.index(b'"sha256"') + 2,
        content.index(b'"sha256"') + 14,
    ]
    for place in [*places, *random.integers(0, len(content), 250)]:
        flipped = bytearray(content)
        flipped[place] ^= int(random.integers(1, 256))
        broken.write_bytes(flipped)
        with pytest.raises(ChainError):
            Tape(*load_tape(broken))


def test_a_flipped_byte_is_an_error_of_the_reader_too(saved, tmp_path) -> None:
    content, broken = saved.read_bytes(), tmp_path / "broken.parquet"
    for place in range(4, len(content), len(content) // 25):
        flipped = bytearray(content)
        flipped[place] ^= 0xFF
        broken.write_bytes(flipped)
        with pytest.raises(HedgingError):
            read_tape(broken)
    broken.write_bytes(content[: len(content) // 2])
    with pytest.raises(HedgingError):
        read_tape(broken)


def test_a_tape_of_before_without_a_digest_is_read(saved, tmp_path, monkeypatch) -> None:
    head = module._head
    monkeypatch.setattr(module, "_summed", lambda content: content)
    for version in (1, 2):
        monkeypatch.setattr(
            module,
            "_head",
            lambda tape, v=version: {k: x for k, x in head(tape).items() if k != "sha256"} | {"version": v},
        )
        random_tape(7, 5).save(tmp_path / f"{version}.parquet")
    assert read_tape(tmp_path / "1.parquet").digest == read_tape(saved).digest
    with pytest.raises(ChainError, match="it has lost its digest"):
        read_tape(tmp_path / "2.parquet")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, False),
        ({"bid": 0.0185}, True),
        ({"ask": 0.0205}, True),
        ({"mark": 0.0193}, True),
        ({"bid_size": 3.0}, False),
    ],
)
def test_two_quotes_of_one_contract_at_one_time_are_told_from_two_copies(other, said) -> None:
    quote = {"bid": 0.019, "ask": 0.02, "mark": 0.0195}
    rows = [put(75_000.0, **quote), put(70_000.0, ask=0.01), put(75_000.0, **quote | other)]
    chain = made_chain("2026-01-02T09:00Z", 80_000.0, rows)
    assert len(chain.quotes) == 2
    assert chain.rejected["reason"].tolist() == ["duplicate"]
    assert ("quotes it otherwise" in chain.rejected["detail"].iloc[0]) == said


def test_a_file_with_two_quotes_of_a_contract_at_one_time_says_so(shared_data, tmp_path) -> None:
    table = pd.read_parquet(shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet")
    first = table[table["timestamp"].isin(table["timestamp"].unique()[:2])]
    first.to_parquet(tmp_path / "once.parquet")
    pd.concat([first, first]).to_parquet(tmp_path / "copied.parquet")
    other = first[first["bid_price"].notna()].tail(1).assign(bid_price=lambda t: t["bid_price"] * 0.99)
    pd.concat([first, other]).to_parquet(tmp_path / "twice.parquet")
    assert (
        read_tape(tmp_path / "once.parquet").skipped == read_tape(tmp_path / "copied.parquet").skipped == ()
    )
    (said,) = read_tape(tmp_path / "twice.parquet").skipped
    assert said.startswith("1 row of twice.parquet that quote a contract otherwise")
    assert other["instrument_name"].iloc[0] in said
    assert f"{other['timestamp'].iloc[0]:%Y-%m-%d %H:%M:%S} UTC" in said


def test_all_hours_of_day_are_shown() -> None:
    rows = [put(75_000.0, bid=0.019, ask=0.02)]
    chains = [made_chain(f"2026-01-02T{hour:02d}:30Z", 80_000.0, rows) for hour in (1, 7, 9, 13, 19, 23)]
    assert Tape.of(chains).summary()["hours of day"] == "01h 1, 07h 1, 09h 1, 13h 1, 19h 1, 23h 1"

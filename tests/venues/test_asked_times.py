"""Times and assets that are asked for: they never contradict what a file says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from hedging.errors import ChainError
from hedging.venues import read_chain

END_OF_DAY = "Effective Date,Expiry Date,Option Type,Strike,Bid,Ask\n" + "".join(
    f"2024-11-11,2024-12-20,{kind},{strike},{max(sign * (100 - strike), 0) + 3},{max(sign * (100 - strike), 0) + 3.2}\n"
    for strike in range(90, 115, 5)
    for kind, sign in (("Call", 1), ("Put", -1))
)


@pytest.fixture
def delayed(tmp_path: Path) -> Path:
    """A reply of Cboe's, of half past ten in New York on 2026-02-06: 15:30 UTC."""
    options = [
        {"option": f"SPY260320{flag}{strike:05d}000", "bid": value, "ask": value + 0.2}
        for strike in range(90, 115, 5)
        for flag, value in (("C", max(100 - strike, 0) + 3.0), ("P", max(strike - 100, 0) + 3.0))
    ]
    data = {"current_price": 100.0, "last_trade_time": "2026-02-06T10:30:00", "options": options}
    path = tmp_path / "delayed.json"
    path.write_text(json.dumps({"symbol": "SPY", "data": data}))
    return path


@pytest.mark.parametrize(
    ("at", "zone", "taken"),
    [
        ("2026-02-06", None, "15:30"),
        ("2026-02-06", "America/New_York", "15:30"),
        ("2026-02-06T15:30Z", None, "15:30"),
        ("2026-02-06T15:45Z", None, "15:45"),
        ("2026-02-06T10:45", "America/New_York", "15:45"),
    ],
)
def test_a_file_that_says_its_time_is_of_that_or_of_a_later_one_of_its_day(
    at: str, zone: str | None, taken: str, delayed: Path
) -> None:
    assert read_chain(delayed, at=at, timezone=zone).as_of == pd.Timestamp(f"2026-02-06T{taken}Z")


@pytest.mark.parametrize(
    ("at", "how"),
    [
        ("2026-02-05", "not of"),
        ("2026-02-07", "not of"),
        ("2026-02-12T15:30Z", "not of"),
        ("2026-02-06T15:29Z", "after"),
    ],
)
def test_a_file_that_says_its_time_is_not_dated_anew(at: str, how: str, delayed: Path) -> None:
    with pytest.raises(ChainError, match=f"is of 2026-02-06T15:30Z, {how} {at}"):
        read_chain(delayed, at=at)


def test_a_day_is_one_of_the_zone_given_where_a_file_has_several(tmp_path: Path) -> None:
    """22:00 in New York is the next day of UTC."""
    seconds = [int(pd.Timestamp(each).timestamp()) for each in ("2024-11-11T15:00Z", "2024-11-12T03:00Z")]
    head = "[QUOTE_UNIXTIME],[UNDERLYING_LAST],[EXPIRE_DATE],[STRIKE],[C_BID],[C_ASK],[P_BID],[P_ASK]\n"
    lines = [
        f"{second},100,2024-12-20,{strike},{max(100 - strike, 0) + 3},{max(100 - strike, 0) + 3.2},"
        f"{max(strike - 100, 0) + 3},{max(strike - 100, 0) + 3.2}\n"
        for second in seconds
        for strike in range(90, 115, 5)
    ]
    path = tmp_path / "several.csv"
    path.write_text(head + "".join(lines))
    assert read_chain(path, asset="SPY", at="2024-11-12").as_of.hour == 3
    with pytest.raises(ChainError, match="has 2 snapshots on 2024-11-11"):
        read_chain(path, asset="SPY", at="2024-11-11", timezone="America/New_York")
    late = read_chain(path, asset="SPY", at="2024-11-11T22:30", timezone="America/New_York")
    assert late.as_of == pd.Timestamp("2024-11-12T03:00Z")


def test_a_file_that_does_not_name_its_underlying_is_none_that_must(tmp_path: Path) -> None:
    path = tmp_path / "eod.csv"
    path.write_text(END_OF_DAY)
    assert read_chain(path, asset="SPX").asset == "SPX"
    with pytest.raises(ChainError, match="does not name its underlying; if it is of BTC"):
        read_chain(path, asset="BTC", named=True)

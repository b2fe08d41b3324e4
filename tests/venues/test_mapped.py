"""Tables read by a map: days beside times, zones, tickers and cells that say nothing, each by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hedging import greeks, read_chain
from hedging.errors import ChainError
from hedging.market.chain import OptionChain

STRIKES = np.array([900.0, 1_000.0, 1_100.0, 1_200.0])
DAYS = ("2026-02-27", "2026-03-27", "2026-06-26")  # the last two on either side of a clock change in Berlin
LOCAL = "17:30"
ENDS = [pd.Timestamp(f"{day} {LOCAL}", tz="Europe/Berlin").tz_convert("UTC") for day in DAYS]
AS_OF = pd.Timestamp("2026-02-06T14:30Z")
MAP: dict[str, Any] = {
    "asset": "XYZ",
    "as_of": "2026-02-06T14:30:00Z",
    "timezone": "Europe/Berlin",
    "expiry_time": LOCAL,
    "units": {"price": "money", "vol": "decimal"},
    "terms": {"settlement": "cash"},
    "columns": {
        "flag": "Type",
        "strike": "Strike",
        "expiry": "Expiry",
        "bid": "Bid",
        "ask": "Ask",
        "forward": "Fwd",
    },
}


def table() -> pd.DataFrame:
    rows = pd.DataFrame(
        [(flag, k, i) for i in range(3) for flag in "cp" for k in STRIKES], columns=["Type", "Strike", "i"]
    )
    years = np.array([(end - AS_OF).total_seconds() / 86_400 / 365 for end in ENDS])[rows["i"]]
    mid = greeks.black76_price(rows["Type"].to_numpy(), 1_050.0, rows["Strike"].to_numpy(), years, 0.0, 0.4)
    return rows.assign(Expiry=[DAYS[i] for i in rows["i"]], Fwd=1_050.0, Bid=mid - 0.5, Ask=mid + 0.5).drop(
        columns="i"
    )


def read(
    frame: pd.DataFrame,
    folder: Path,
    *,
    at: Any = None,
    underlying: Any = None,
    zone: Any = None,
    **said: Any,
) -> OptionChain:
    path = folder / "table.csv"
    frame.to_csv(path, index=False)
    told = {key: value for key, value in (MAP | said).items() if value is not None}
    return read_chain(path, map=told, at=at, asset=underlying, timezone=zone)


def as_column(name: str, ours: str, **more: Any) -> dict[str, Any]:
    return {"columns": MAP["columns"] | {ours: name}, ours: None, **more}


def ends(chain: OptionChain) -> list[pd.Timestamp]:
    return sorted(chain.quotes["expiry"].unique())


@pytest.mark.parametrize("timed", [(), (0,), (1,), (0, 2), (0, 1, 2)])
def test_expiries_that_are_days_are_so_each_by_itself(tmp_path, timed):
    frame = table()
    frame["Expiry"] = [f"{day} {LOCAL}" if DAYS.index(day) in timed else day for day in frame["Expiry"]]
    assert ends(read(frame, tmp_path)) == ENDS
    if len(timed) < 3:
        with pytest.raises(ChainError, match=r"expiries are days, such as 2026-.*must say expiry_time"):
            read(frame, tmp_path, expiry_time=None)


def test_each_cell_may_say_its_own_offset(tmp_path):
    frame = table()
    frame["Expiry"] = [
        pd.Timestamp(f"{day} {LOCAL}", tz="Europe/Berlin").isoformat() for day in frame["Expiry"]
    ]
    assert {text[-6:] for text in frame["Expiry"]} == {"+01:00", "+02:00"}
    assert ends(read(frame, tmp_path, expiry_time=None, timezone=None)) == ENDS
    frame.loc[3, "Expiry"] = f"{DAYS[0]} {LOCAL}"
    with pytest.raises(ChainError, match=r"column 'expiry' has times with a zone beside times without one"):
        read(frame, tmp_path)


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Europe/Berlin"])
def test_the_zone_of_a_map_is_of_all_its_times_whatever_the_caller_s_is(tmp_path, zone):
    frame = table().assign(When="2026-02-06 15:30")
    chain = read(frame, tmp_path, zone=zone, **as_column("When", "as_of"))
    assert (chain.as_of, ends(chain)) == (AS_OF, ENDS)


def test_a_day_in_the_table_is_not_dated_anew_to_another(tmp_path):
    frame, said = table().assign(When="2026-02-06"), as_column("When", "as_of")
    assert read(frame, tmp_path, at="2026-02-06T14:30Z", **said).as_of == AS_OF
    # The first and the last moment of that day in Berlin, and those just beyond.
    assert read(frame, tmp_path, at="2026-02-05T23:00Z", **said).as_of == pd.Timestamp("2026-02-05T23:00Z")
    for other in ("2026-02-05T22:59Z", "2026-02-06T23:00Z", "2026-02-20T14:30Z"):
        with pytest.raises(ChainError, match=rf"is of 2026-02-06, not of {other}"):
            read(frame, tmp_path, at=other, **said)


def test_rows_with_a_time_each_are_not_one_quote(tmp_path):
    frame = table()
    frame["When"] = [f"2026-02-06T14:29:{second:02d}Z" for second in range(len(frame))]
    for at in (None, "2026-02-06T14:30Z"):
        with pytest.raises(
            ChainError, match=r"stamps its rows one by one .24 times of 24 rows.*one time into all rows"
        ):
            read(frame, tmp_path, at=at, **as_column("When", "as_of"))


@pytest.mark.parametrize("blank", ["", None, "  "])
def test_a_row_without_an_asset_is_no_other_s(tmp_path, blank):
    mine, other = (
        table().assign(Root="XYZ"),
        table().assign(Root="ABC", Strike=lambda rows: rows["Strike"] / 2.0),
    )
    both, said = pd.concat([mine, other], ignore_index=True), as_column("Root", "asset")
    assert len(read(both, tmp_path, underlying="XYZ", **said).quotes) == len(mine)
    both.loc[1, "Root"] = blank
    with pytest.raises(
        ChainError,
        match=r"1 row of 48 say no asset, of a table that has 'XYZ', 'ABC': write it into each row",
    ):
        read(both, tmp_path, underlying="XYZ", **said)
    one = mine.copy()
    one.loc[1, "Root"] = blank
    assert len(read(one, tmp_path, **said).quotes) == len(mine)


@pytest.mark.parametrize("blanks", [0, 3])
def test_a_ticker_may_be_a_number(tmp_path, blanks):
    frame, said = table().assign(Root=700), as_column("Root", "asset")
    frame["Root"] = frame["Root"].where(frame.index >= blanks)  # which makes 700.0 of the others
    chain = read(frame, tmp_path, **said)
    assert (chain.asset, len(chain.quotes)) == ("700", len(frame))
    several = pd.concat([table().assign(Root=700), table().assign(Root=7203)])
    assert read(several, tmp_path, underlying="7203", **said).asset == "7203"

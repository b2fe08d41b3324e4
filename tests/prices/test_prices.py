"""Prices as a value: cut at an instant, restarts apart, nothing filled in, nothing silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import bars, long, walks

import hedging as hg
from hedging.errors import InputError
from hedging.prices import Bar, Prices, compare, day_end

DAY = pd.Timedelta(days=1)


@pytest.mark.parametrize(
    ("file", "coins", "bar", "stamp"),
    [
        ("daily_close_utc_2021_2025", 69, "1 d", "open"),
        ("daily_ohlc_2017_2024", 54, "1 d", "open"),
        ("daily_ohlcv_binance_2021_2022", 67, "1 d", "open"),
        ("hourly_binance_perp_btc_eth", 2, "1 h", "open"),
        ("hourly_binance_spot_btc_eth", 2, "1 h", "open"),
        ("hourly_close_21coins_crashes", 22, "1 h", "close"),
    ],
)
def test_every_recorded_file_is_read(shared_data: Path, file: str, coins: int, bar: str, stamp: str) -> None:
    prices = hg.read_prices(shared_data / "prices" / f"{file}.parquet")
    assert (len(prices.coins), str(prices.bar), prices.bar.stamp) == (coins, bar, stamp)
    assert ("assumed" in {event.kind for event in prices.events}) == (bar == "1 h")


@pytest.mark.parametrize("layout", [None, "wide"])
def test_assets_are_called_as_columns_of_other_tables_are(layout: str | None) -> None:
    """Coinbase, Lowe's and Opendoor, each a column of closes."""
    closes = pd.DataFrame({"COIN": [1.0, 2.0], "LOW": [3.0, 4.0], "OPEN": [5.0, 6.0]})
    table = closes.assign(Date=pd.date_range("2026-01-01", periods=2))
    assert Prices.from_frame(table, layout=layout).coins == ("COIN", "LOW", "OPEN")
    told = pd.DataFrame({"Date": table["Date"], "COIN": "A", "Close": closes["LOW"], "Low": closes["COIN"]})
    assert Prices.from_frame(told).coins == ("A",)


def test_luna_that_starts_again_is_another_coin(shared_data: Path) -> None:
    for file, last in (
        ("daily_close_utc_2021_2025", "2022-05-12"),
        ("daily_ohlcv_binance_2021_2022", "2022-05-13"),
    ):
        closes = hg.read_prices(shared_data / "prices" / f"{file}.parquet").closes
        assert closes["LUNA"].last_valid_index() == pd.Timestamp(last, tz="UTC")
        assert closes["LUNA@2022-05-31"].first_valid_index() == pd.Timestamp("2022-05-31", tz="UTC")
        assert closes["LUNA@2022-05-31"].iloc[-1] < 10 < closes["LUNA"].max()


def test_what_is_known_to_be_wrong_with_the_recorded_files_is_found(shared_data: Path) -> None:
    closes = hg.read_prices(shared_data / "prices" / "daily_close_utc_2021_2025.parquet")
    gap = next(event for event in closes.events if event.kind == "gap" and event.coin == "FTT")
    assert gap.done.startswith("311 bars")
    old = hg.read_prices(shared_data / "prices" / "daily_ohlc_2017_2024.parquet")
    prints = {(event.coin, str(event.first.date())) for event in old.events if event.kind == "bad print"}
    assert prints == {("MKR", "2018-04-07"), ("SC", "2019-08-02")}
    gaps = {event.coin for event in old.events if event.kind == "gap"}
    assert gaps == {"AVAX", "BAT", "CHZ", "DOT", "FIL", "FTT", "LINK", "LTC", "MKR", "SC", "XRP"}


def test_two_families_of_closes_end_their_days_at_other_hours(shared_data: Path) -> None:
    folder = shared_data / "prices"
    utc = hg.read_prices(folder / "daily_close_utc_2021_2025.parquet")
    old = hg.read_prices(folder / "daily_ohlc_2017_2024.parquet")
    binance = hg.read_prices(folder / "daily_ohlcv_binance_2021_2022.parquet")
    assert compare(utc, binance).same_cut
    assert not compare(utc, old).same_cut
    assert "other hours" in repr(compare(utc, old))
    hourly = hg.read_prices(folder / "hourly_close_21coins_crashes.parquet")
    assert set(day_end(old, hourly)["hour"]) <= {22, 23}
    assert set(day_end(utc, hourly)["hour"]) == {24}


def test_a_date_means_its_whole_day_and_a_time_bars_closed_by_then() -> None:
    prices = Prices.from_frame(walks())
    assert prices.until("2024-02-01").as_of == pd.Timestamp("2024-02-01", tz="UTC")
    assert prices.until(pd.Timestamp("2024-02-01").date()).as_of == pd.Timestamp("2024-02-01", tz="UTC")
    assert prices.until("2024-02-01T23:59Z").as_of == pd.Timestamp("2024-01-31", tz="UTC")
    assert prices.until("2024-02-02T00:00Z").as_of == pd.Timestamp("2024-02-01", tz="UTC")


@pytest.mark.parametrize(("stamp", "last"), [("open", "2024-01-02T11:00Z"), ("close", "2024-01-02T12:00Z")])
def test_what_a_stamp_means_decides_which_hour_is_known(stamp: str, last: str) -> None:
    hours = pd.date_range("2024-01-01", periods=72, freq="h", tz="UTC", name=f"{stamp}_time")
    prices = Prices.from_frame(pd.DataFrame({"BTC": np.arange(1.0, 73.0)}, hours))
    assert prices.until("2024-01-02T12:00Z").as_of == pd.Timestamp(last)
    with pytest.raises(InputError, match="open or close"):
        Prices.from_frame(pd.DataFrame({"BTC": np.arange(1.0, 73.0)}, hours.rename("time")))


@pytest.mark.parametrize("at", ["2023-12-31", "2024-05-30", "2030-01-01", "2023-12-01T00:00Z"])
def test_outside_of_the_file_there_is_nothing(at: str) -> None:
    prices = Prices.from_frame(walks())
    assert prices.stamps[-1] == pd.Timestamp("2024-05-29", tz="UTC")
    with pytest.raises(InputError, match=r"before the first bar|after the last bar"):
        prices.until(at)
    with pytest.raises(InputError, match="in a hole of the file"):
        Prices.from_frame(walks().drop(walks().index[40:60])).until("2024-02-20")


def test_a_time_without_a_zone_is_no_instant() -> None:
    with pytest.raises(InputError, match="must carry a time zone"):
        Prices.from_frame(walks()).until("2024-02-01T12:00")


def test_order_of_rows_and_columns_changes_nothing() -> None:
    table = bars()
    whole = Prices.from_frame(table)
    mixed = Prices.from_frame(table.sample(frac=1, random_state=3))
    for name, values in whole.fields.items():
        np.testing.assert_array_equal(values, mixed.fields[name])
    wide = walks()
    np.testing.assert_array_equal(
        Prices.from_frame(wide).fields["close"],
        Prices.from_frame(wide[wide.columns[::-1]].iloc[::-1]).fields["close"],
    )
    np.testing.assert_array_equal(
        Prices.from_frame(wide).fields["close"], Prices.from_frame(long(wide)).fields["close"]
    )


@pytest.mark.parametrize("away", [2, 4, 6, 30])
@pytest.mark.parametrize("factor", [0.005, 0.5, 2.0, 300.0])
def test_a_symbol_is_a_new_coin_after_days_away_at_another_price(away: int, factor: float) -> None:
    table = walks(days=120)
    table.loc[table.index[60 : 60 + away], "C03"] = np.nan
    table.loc[table.index[60 + away] :, "C03"] *= factor
    again = f"C03@{table.index[60 + away].date()}"
    assert (again in Prices.from_frame(table).coins) == (away >= 5 and factor in (0.005, 300.0))


def test_a_hole_of_the_whole_file_is_no_restart() -> None:
    table = walks(days=120).drop(walks(days=120).index[50:80])
    table.iloc[50:] *= 100.0
    prices = Prices.from_frame(table)
    assert not any("@" in coin for coin in prices.coins)
    assert [event.done for event in prices.events if event.coin == ""] == [
        "30 bars missing for every coin; not filled, no window reaches across"
    ]


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, -np.inf, np.nan])
def test_what_is_no_price_is_taken_out_and_listed(value: float) -> None:
    table = walks()
    table.iloc[70, 4] = value
    prices = Prices.from_frame(table)
    kinds = {event.kind for event in prices.events if event.coin == "C03"}
    assert kinds == ({"gap"} if np.isnan(value) else {"gap", "rejected"})
    assert np.isnan(prices.closes.iloc[70]["C03"])


def test_a_bad_print_is_known_from_the_next_bar_on() -> None:
    table = walks()
    table.iloc[70, 4] *= 3.0
    prices = Prices.from_frame(table)
    day, next_day = table.index[70], table.index[71]
    assert np.isfinite(prices.until(day.date()).closes.loc[day, "C03"])
    assert np.isnan(prices.until(next_day.date()).closes.loc[day, "C03"])
    assert prices.closes.loc[day, "C03"] == table.iloc[70, 4]
    assert [event.first for event in prices.events if event.kind == "bad print"] == [day]


def test_events_by_a_date_know_nothing_of_later_ones() -> None:
    table = walks()
    cut = 90
    before = Prices.from_frame(table).until(table.index[cut].date()).events
    table.iloc[cut + 1 :] = np.nan
    table.iloc[cut + 1 :, 0] = 5.0
    assert Prices.from_frame(table).until(table.index[cut].date()).events == before


def test_a_value_cannot_be_changed() -> None:
    prices = Prices.from_frame(walks())
    with pytest.raises(ValueError, match="read-only"):
        prices.fields["close"][0, 0] = 1.0
    table = prices.closes
    table.iloc[0, 0] = -1.0
    assert prices.closes.iloc[0, 0] > 0
    past = prices.until()
    with pytest.raises(ValueError, match="read-only"):
        past.fields["close"][0, 0] = 1.0


@pytest.mark.parametrize("stamp", ["open_time", "close_time"])
def test_a_day_that_is_not_over_is_no_bar(stamp: str) -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 3 + 9, freq="h", tz="UTC")
    table = pd.DataFrame({stamp: hours, "close": np.linspace(100.0, 200.0, len(hours))})
    days = Prices.from_frame(table, asset="BTC").daily()
    assert days.stamps[-1] == pd.Timestamp("2024-01-03", tz="UTC")
    assert np.isfinite(days.closes["BTC"].iloc[-1])
    with pytest.raises(InputError, match="holds no day that is over: its last bar closed on 2024-01-01"):
        Prices.from_frame(table.iloc[1:9], asset="BTC").daily()


def test_days_are_made_of_hours() -> None:
    rng = np.random.default_rng(2)
    hours = pd.date_range("2024-01-01", periods=24 * 5, freq="h", tz="UTC")
    close = 100 * np.exp(rng.normal(0, 0.01, 120).cumsum())
    table = pd.DataFrame(
        {"open_time": hours, "close": close, "high": close * 1.01, "low": close * 0.99, "volume": 1.0}
    )
    days = Prices.from_frame(table.drop(index=30), asset="BTC").daily()
    assert days.bar == Bar(DAY, "open")
    np.testing.assert_array_equal(days.closes["BTC"], close[23::24])
    highs = (close * 1.01).reshape(5, 24).max(axis=1)
    np.testing.assert_array_equal(days.table("high")["BTC"], np.where(np.arange(5) == 1, np.nan, highs))
    np.testing.assert_array_equal(days.table("volume")["BTC"], [24, np.nan, 24, 24, 24])


BAD_TABLES = {
    "no times": (lambda t: t.reset_index(drop=True), "no column of times"),
    "text": (
        lambda t: t.astype(object).where(t != t.iloc[3, 2], "12,5"),
        r"prices of C01 must be numbers; got '12,5' on 2024-01-04",
    ),
    "two rows of a day": (
        lambda t: pd.concat([t, t.iloc[5:6]]),
        "2024-01-06 00:00 stands in more than one row",
    ),
    "two columns of a coin": (
        lambda t: pd.concat([t, t["C01"]], axis=1),
        "C01 stands in more than one column",
    ),
    "uneven": (
        lambda t: t.set_axis(t.index[:-1].append(t.index[-1:] + pd.Timedelta(hours=7))),
        "whole multiples",
    ),
    "empty": (lambda t: t.iloc[:0], "has no rows"),
    "one day": (lambda t: t.iloc[:1], "one time only"),
    "no price": (lambda t: t * 0.0, "no close that is a number > 0"),
    "numbers for times": (
        lambda t: t.set_axis(range(len(t))).rename_axis("date").reset_index(),
        "numbers are no times",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_table_that_cannot_be_used_says_why(case: str) -> None:
    spoil, message = BAD_TABLES[case]
    with pytest.raises(InputError, match=message):
        Prices.from_frame(spoil(walks()))


def test_a_long_table_that_repeats_or_hides_its_coin_says_so() -> None:
    table = long(walks())
    with pytest.raises(InputError, match=r"BTC has more than one row on 2024-01-01 00:00 \(2 rows repeat\)"):
        Prices.from_frame(pd.concat([table, table.iloc[:1]]))
    with pytest.raises(InputError, match="does not name its coin"):
        Prices.from_frame(table[table["ticker"] == "BTC"].drop(columns="ticker"))
    with pytest.raises(InputError, match="has no XYZ"):
        Prices.from_frame(table, asset="XYZ")
    assert Prices.from_frame(table, asset=["BTC", "C01"]).coins == ("BTC", "C01")


def test_a_file_is_read_or_refused_with_its_name(tmp_path: Path) -> None:
    walks().to_csv(tmp_path / "wide.csv.gz")
    prices = hg.read_prices(tmp_path / "wide.csv.gz")
    assert (len(prices.coins), len(prices), prices.source) == (13, 150, "wide.csv.gz")
    (tmp_path / "no.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match=r"no.json must be a table of prices"):
        hg.read_prices(tmp_path / "no.json")
    with pytest.raises(InputError, match="cannot be read"):
        hg.read_prices(tmp_path / "absent.csv")


def test_tables_as_pandas_writes_them(tmp_path: Path) -> None:
    """With their times as an index, named or not, and long ones with two."""
    table = walks(coins=3)
    table.rename_axis(None).to_csv(tmp_path / "nameless.csv")
    table.to_parquet(tmp_path / "named.parquet")
    table.rename_axis(None).to_parquet(tmp_path / "nameless.parquet")
    long(table).set_index(["date", "ticker"]).to_parquet(tmp_path / "long.parquet")
    for file in ("nameless.csv", "named.parquet", "nameless.parquet", "long.parquet"):
        found = hg.read_prices(tmp_path / file)
        np.testing.assert_allclose(found.closes, table, err_msg=file)
        assert (found.stamps == table.index).all()


def test_what_is_wrong_with_a_file_is_named(tmp_path: Path) -> None:
    table = walks(coins=3)
    twice = table.set_axis(["BTC", "C00", "C00", "C02"], axis=1)
    text = table.astype(object)
    text.iloc[140, 2] = "abc"
    cases = {
        "twice.csv": (twice, "C00 stands in more than one column"),
        "text.csv": (text, r"prices of C01 must be numbers; got 'abc' on 2024-05-20 00:00 \(1 such\)"),
        "times.csv": (
            table.set_axis(["yesterday"] * 150).rename_axis("date"),
            "must hold times such as 2026-02-06; got 'yesterday' in row 0",
        ),
        "rows.csv": (table.reset_index(drop=True), "numbers are no times"),
    }
    for file, (content, message) in cases.items():
        content.to_csv(tmp_path / file)
        with pytest.raises(InputError, match=f"{file}.*{message}"):
            hg.read_prices(tmp_path / file)

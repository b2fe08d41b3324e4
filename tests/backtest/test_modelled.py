"""Modelled chains: at one vol they are Black-76, fitted they lie beside the recorded ones, and say what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import hedging as hg
from hedging import backtest as bt
from hedging import greeks
from hedging.errors import InputError

TIMES = pd.date_range("2026-01-05T09:00Z", periods=5, freq="7D")
PRICES = pd.Series([80_000.0, 82_000.0, 79_000.0, 75_000.0, 76_000.0], index=TIMES)
VOLS = pd.Series(0.5, index=pd.date_range("2026-01-05T00:00Z", "2026-02-03T00:00Z", freq="D"))


def test_flat_smile_without_a_spread_is_black_76_on_whole_ticks() -> None:
    tape = bt.modelled(PRICES, VOLS, bt.SmileShape(), bt.SpreadShape(0.0, 0.0), asset="BTC")
    quotes = tape.chain(0).quotes
    said = greeks.black76_price(
        quotes["flag"].to_numpy(),
        80_000.0,
        quotes["strike"].to_numpy(),
        quotes["time_to_expiry"].to_numpy(),
        0.0,
        0.5,
    )
    assert_allclose(quotes["mark"], said, rtol=1e-12, atol=1e-9)
    ticks = np.where(quotes["ask_quoted"] >= 0.005, 0.0005, 0.0001)
    assert_allclose(quotes["ask_quoted"] / ticks, np.round(quotes["ask_quoted"] / ticks), atol=1e-6)
    both = quotes.dropna(subset=["bid"])
    assert (both["bid_quoted"] <= both["mark_quoted"] + 1e-12).all()
    assert (both["ask_quoted"] >= both["mark_quoted"] - 1e-12).all()
    assert (both["ask_quoted"] - both["bid_quoted"]).max() <= 0.0005 + 1e-12


def test_expiries_are_deribits_calendar() -> None:
    said = [f"{day:%d%b}" for day in bt.deribit_expiries(pd.Timestamp("2026-01-05T09:00Z"))]
    assert said == ["09Jan", "16Jan", "23Jan", "30Jan", "27Feb", "27Mar", "26Jun"]
    assert bt.deribit_expiries(pd.Timestamp("2026-01-08T09:00Z"))[0] == pd.Timestamp("2026-01-16T08:00Z")


def test_the_word_modelled_stands_in_every_form(tmp_path) -> None:
    delivery = pd.Series([75_500.0], index=pd.DatetimeIndex(["2026-01-30T08:00Z"]))
    shapes = (bt.SmileShape(0.95, -0.1, 0.05), bt.SpreadShape())
    tape = bt.modelled(PRICES, VOLS, *shapes, asset="BTC", delivery=delivery)
    book = hg.Book([hg.Holding.spot("BTC", 2.0)])
    rules = bt.Rules(longest_gap=10.0)
    found = bt.compare(book, tape, [bt.rolled("put")], starts=1, rules=rules)
    run = found.runs[1]
    for form in (
        repr(tape),
        repr(run),
        run._repr_html_(),
        repr(found),
        run.to_json(),
        str(found.to_dict()["quotes"]),
        repr(bt.starts(book, tape, bt.rolled("put"), 2, rules=rules)),
        bt.starts(book, tape, bt.rolled("put"), 2, rules=rules)._repr_html_(),
        run.ledger.to_csv(),
        run.trades.to_csv(),
        run.rolls.to_csv(),
        run.to_frame().to_csv(),
        bt.sweep(book, tape, {"put": bt.rolled("put")}, rules=rules).to_csv(),
    ):
        assert "modelled" in form
    for picture in (
        run.plot(),
        hg.plots.rolls(run),
        hg.plots.waterfall(run),
        hg.plots.cost_against_protection(found),
    ):
        assert "modelled" in picture.get_title(loc="left")
    tape.save(tmp_path / "m.parquet")
    assert hg.read_tape(tmp_path / "m.parquet").kind == "modelled"


@pytest.mark.parametrize(
    ("prices", "vols", "said"),
    [
        (PRICES, VOLS[:10], "no vol within 3 days before 2026-01-19"),
        (PRICES, VOLS[5:], "there is none before"),
        (PRICES, VOLS * 100, "per cent"),
        (PRICES * -1, VOLS, "must be > 0"),
        (PRICES.tz_localize(None), VOLS, "time zone"),
        (pd.concat([PRICES, PRICES]), VOLS, "more than once"),
    ],
)
def test_series_that_cannot_be_used_are_refused(prices, vols, said) -> None:
    with pytest.raises(InputError, match=said):
        bt.modelled(prices, vols, bt.SmileShape(), bt.SpreadShape(), asset="BTC")


def test_a_fit_gives_back_the_shape_that_made_the_quotes() -> None:
    shape, spread = bt.SmileShape(0.95, -0.10, 0.04, -0.05), bt.SpreadShape(0.03, 0.05)
    tape = bt.modelled(PRICES, VOLS, shape, spread, asset="BTC")
    fitted = bt.fit_smile(tape, VOLS)
    assert_allclose(
        [fitted.level, fitted.skew, fitted.bend, fitted.term], [0.95, -0.10, 0.04, -0.05], atol=5e-3
    )
    found = bt.fit_spread(tape)
    assert_allclose([found.put, found.call], [0.03, 0.05], rtol=0.4)  # a tick is a tenth of such a premium


def test_fitted_to_recorded_chains_the_median_premium_is_within_ten_per_cent(shared_data) -> None:
    tape = hg.read_tape(
        shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet", end="2026-04-28"
    )
    table = pd.read_parquet(shared_data / "vol" / "dvol_hourly.parquet")
    table = table[table["currency"] == "BTC"]
    close = pd.DatetimeIndex(pd.to_datetime(table["hour_open"], utc=True)) + pd.Timedelta(hours=1)
    vols = pd.Series(table["dvol"].to_numpy() / 100.0, index=close)
    tape = tape.taken(range(0, len(tape), 3))
    smile, spread = bt.fit_smile(tape, vols), bt.fit_spread(tape)
    # Half spread over mark at 25 delta, 20 to 45 days: 1.9 % for puts, 2.3 % for calls in the median.
    assert_allclose([spread.put, spread.call], [0.019, 0.023], atol=0.003)
    table = bt.beside(tape, vols, smile, spread)
    assert 0.9 < table["ratio"].median() < 1.1
    assert abs(table["ratio"].median() - 1.0) < abs((table["flat"] / table["recorded"]).median() - 1.0)
    assert smile.skew < 0.0


@pytest.mark.parametrize(
    "bad", [{"level": -1.0}, {"level": float("nan")}, {"skew": float("inf")}, {"term": "1"}]
)
def test_a_smile_of_no_numbers_is_refused_by_name(bad) -> None:
    with pytest.raises(InputError, match=f"{next(iter(bad))} of a smile"):
        bt.SmileShape(**bad)

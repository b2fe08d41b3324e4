"""Velocity and acceleration of a series: exact on parabolas, honest errors on random walks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging.errors import InputError
from hedging.paths.momentum import measure, rolling


def series(log_price: np.ndarray, freq: str = "h") -> pd.Series:
    return pd.Series(
        100 * np.exp(log_price), pd.date_range("2026-01-01", periods=log_price.size, freq=freq, tz="UTC")
    )


@pytest.mark.parametrize("freq", ["h", "D"])
@pytest.mark.parametrize("half_life", [None, 2.0])
def test_parabola_comes_back_exactly(freq: str, half_life: float | None) -> None:
    step = 1 / 24 if freq == "h" else 1.0
    t = np.arange(400) * step
    found = measure(series(-0.03 * t - 0.002 * t**2 / 2, freq), window=7, half_life=half_life)
    assert_allclose(found.velocity, -0.03 - 0.002 * t[-1], rtol=1e-8)
    assert_allclose(found.acceleration, -0.002, rtol=1e-6)
    assert found.velocity_error < 1e-9


def test_irregular_bars_are_taken_at_their_own_times() -> None:
    t = np.sort(np.random.default_rng(3).uniform(0, 10, 60))
    times = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(t, unit="D")
    found = measure(pd.Series(np.exp(0.01 * t - 0.004 * t**2 / 2), times), window=8)
    assert_allclose([found.velocity, found.acceleration], [0.01 - 0.004 * t[-1], -0.004], rtol=1e-6)


@pytest.mark.parametrize("half_life", [None, 3.0])
def test_errors_are_the_spread_of_the_estimates_over_random_walks(half_life: float | None) -> None:
    random = np.random.default_rng(5)
    found = [
        measure(series(np.cumsum(random.normal(0, 0.005, 200))), window=7, half_life=half_life)
        for _ in range(400)
    ]
    for name in ("velocity", "acceleration"):
        estimates = np.array([getattr(item, name) for item in found])
        errors = np.array([getattr(item, f"{name}_error") for item in found])
        assert abs(estimates.mean()) < 3 * estimates.std() / 20
        # The mean stated variance is the true one within the noise of 400 trials.
        assert_allclose(np.sqrt((errors**2).mean()), estimates.std(), rtol=0.12)


def test_window_and_half_life_forget_what_lies_before() -> None:
    t = np.arange(600) / 24
    bent = np.where(t < 15, 0.05 * t, 0.75 - 0.04 * (t - 15))
    now = measure(series(bent), window=5)
    assert_allclose([now.velocity, now.acceleration], [-0.04, 0.0], atol=1e-9)
    assert now.bars == 121


def test_rolling_is_measure_at_every_bar() -> None:
    prices = series(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 60)))
    table = rolling(prices, window=1.0)
    assert len(table) == 60 - 24
    one = measure(prices.iloc[:41], window=1.0)
    assert_allclose(
        table.iloc[40 - 24], [one.velocity, one.velocity_error, one.acceleration, one.acceleration_error]
    )


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (pd.Series([1.0, 2.0]), "over a DatetimeIndex"),
        (series(np.zeros(10)).iloc[::-1], "ascend"),
        (series(np.array([0.0, np.nan, 0.0, 0.0, 0.0, 0.0])), "numbers > 0; got nan at 2026-01-01 01:00"),
        (series(np.zeros(4)), "holds 4 bars, and 5 are needed"),
    ],
)
def test_bad_series_are_refused(prices: pd.Series, message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure(prices)


def test_bad_windows_are_refused() -> None:
    with pytest.raises(InputError, match="window must be"):
        measure(series(np.zeros(10)), window=0)
    with pytest.raises(InputError, match="half_life must be"):
        measure(series(np.zeros(10)), half_life=-1)


def test_crash_of_february_2026_was_falling_faster_and_faster(shared_data: object) -> None:
    file = shared_data / "prices" / "hourly_binance_spot_btc_eth.parquet"  # type: ignore[operator]
    table = pd.read_parquet(file)
    rows = table[table["ticker"].str.startswith("BTC")]
    close = pd.Series(rows["close"].to_numpy(), pd.DatetimeIndex(rows["open_time"]))
    found = measure(close[:"2026-02-05 20:00"], window=3)
    assert found.velocity < -0.05
    assert found.acceleration < 0
    assert str(found).startswith("2026-02-05 20:00: velocity -")

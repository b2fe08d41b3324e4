"""Funding as a plan counts it: what may turn pays for nothing, and what is paid is counted at its worst."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import InputError
from hedging.planner import Funding

RATES = st.floats(-0.003, 0.003)


def history(rates, freq="8h"):
    return pd.Series(rates, index=pd.date_range("2024-01-01", periods=len(rates), freq=freq, tz="UTC"))


@given(RATES, RATES, RATES)
def test_no_side_ever_receives_anything_unless_asked(rate, one, other):
    funding = Funding(rate, low=min(one, other), high=max(one, other))
    assert funding.counted(+1) >= max(rate, 0.0)
    assert funding.counted(-1) >= max(-rate, 0.0)


@given(RATES, RATES, RATES, st.floats(0.0, 0.5))
def test_income_counts_a_share_of_the_least_of_what_is_known(rate, one, other, share):
    low, high = min(one, other), max(one, other)
    funding = Funding(rate, low=low, high=high, received=share)
    short = funding.counted(-1)
    assert short == pytest.approx(max(-rate, -low) if min(rate, low) < 0 else -share * min(rate, low))
    assert short >= -0.5 * abs(rate)


def test_percentiles_are_of_means_over_a_horizon():
    rates = np.repeat([1e-4, -2e-4, 4e-4], 300)  # 100 days of each
    funding = Funding.from_history(history(rates), 30.0, rate=1e-4)
    windows = np.convolve(rates, np.ones(90) / 90.0, "valid")
    assert funding.low == pytest.approx(np.quantile(windows, 0.1), abs=3e-6)
    assert funding.high == pytest.approx(np.quantile(windows, 0.9), abs=3e-6)
    assert funding.counted(+1) == funding.high
    assert funding.counted(-1) == -funding.low


def test_hourly_rates_are_the_same_rates_more_often():
    rates = np.repeat([1e-4, -2e-4, 4e-4], 300)
    slow = Funding.from_history(history(rates), 30.0)
    fast = Funding.from_history(history(np.repeat(rates, 8), "1h"), 30.0)
    assert (fast.low, fast.high) == (pytest.approx(slow.low, abs=3e-6), pytest.approx(slow.high, abs=3e-6))


def test_windows_across_a_gap_do_not_count():
    early, late = history(np.full(150, 1e-4)), history(np.full(150, 5e-4))
    late.index = late.index + pd.Timedelta(days=400)
    found = Funding.from_history(pd.concat([early, late]), 30.0, percentile=1.0)
    assert (found.low, found.high) == (pytest.approx(1e-4), pytest.approx(5e-4))


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": 0.02},
        {"rate": float("nan")},
        {"rate": 1e-4, "low": 1e-4},
        {"low": 2e-4, "high": 1e-4},
        {"rate": 1e-4, "received": 0.2},
        {"low": 0.0, "high": 1e-4, "received": 0.6},
        {"rate": "0.01%"},
    ],
)
def test_funding_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(InputError):
        Funding(**wrong)


def test_a_history_too_short_for_the_horizon_is_refused():
    with pytest.raises(InputError, match="windows of 30 days"):
        Funding.from_history(history(np.full(80, 1e-4)), 30.0)
    with pytest.raises(InputError, match="by time"):
        Funding.from_history(pd.Series([1e-4] * 200), 30.0)

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from hedging import InputError, Prices, backtest
from hedging.paths import block_bootstrap, from_prices
from hedging.planner import Funding
from hedging.screen import run
from hedging.units import GREEK_UNITS, days, days_apart, utc, years

UNITS = ("s", "ms", "us", "ns")


def test_a_year_has_365_days_of_24_hours() -> None:
    start = pd.Timestamp("2024-02-28T08:00Z")  # a leap day lies between: it counts like any other
    assert years(start, pd.Timestamp("2025-02-27T08:00Z")) == 1.0
    assert days(start, pd.Timestamp("2024-03-01T20:00Z")) == 2.5


def test_time_resolves_seconds() -> None:
    start = pd.Timestamp("2026-02-06T04:30:00Z")
    assert years(start, start + pd.Timedelta(seconds=1)) == pytest.approx(1 / 31_536_000, rel=1e-15)


@pytest.mark.parametrize("unit", UNITS)
def test_days_apart_do_not_turn_on_what_an_index_counts_in(unit: str) -> None:
    times = pd.DatetimeIndex(["2026-02-06T04:30Z", "2026-02-07T04:30Z", "2026-02-07T10:30Z"]).as_unit(unit)
    assert_array_equal(days_apart(times), [1.0, 0.25])


def daily(unit: str) -> pd.Series:
    index = pd.date_range("2024-01-01T08:00Z", periods=120, freq="D").as_unit(unit)
    steps = np.random.default_rng(5).normal(0.0, 0.03, index.size)
    return pd.Series(40_000.0 * np.exp(np.cumsum(steps)), index=index, name="BTC")


def a_tape(prices: pd.Series) -> object:
    shapes = backtest.SmileShape(1.0, 0.0, 0.0, 0.0), backtest.SpreadShape()
    tape = backtest.modelled(prices[:4], prices[:4] * 0.0 + 0.6, *shapes, asset="BTC")
    return tape.digest, len(tape.gaps(0.5)), tape.gaps(0.5)["days"].tolist()


@pytest.mark.parametrize(
    "use",
    [
        a_tape,
        lambda prices: from_prices(prices).days.tolist(),
        lambda prices: block_bootstrap(prices.to_frame(), days=5, scenarios=7, seed=1)["BTC"].spot.tolist(),
        lambda prices: Funding.from_history(prices / 1e9, 10.0),
        lambda prices: run(Prices.from_frame(prices.to_frame().assign(ETH=prices**0.5))).to_dict(),
    ],
)
def test_the_unit_of_an_index_changes_nothing(use: Callable[[pd.Series], object]) -> None:
    """pandas counts times in ns, us, ms or s, by version and by where they come from."""
    expected, *others = (str(use(daily(unit))) for unit in UNITS)
    assert others == [expected] * len(others)


def test_other_zones_become_utc() -> None:
    assert utc("2026-03-27T09:00+01:00") == pd.Timestamp("2026-03-27T08:00Z")


@pytest.mark.parametrize("value", ["2026-03-27", "tomorrow", None, float("nan"), [1, 2]])
def test_times_without_a_zone_or_meaning_are_refused(value: object) -> None:
    with pytest.raises(InputError, match="as_of must"):
        utc(value, "as_of")  # type: ignore[arg-type]


def test_market_units_are_those_of_py_vollib_and_deribit() -> None:
    # Hull's table gives raw vega 12.1055, theta -4.3053, rho 8.9070; py_vollib prints these:
    assert 12.1055 * GREEK_UNITS["vega"].scale == pytest.approx(0.121055)
    assert -4.3053 * GREEK_UNITS["theta"].scale == pytest.approx(-0.011795, abs=1e-6)
    assert 8.9070 * GREEK_UNITS["rho"].scale == pytest.approx(0.089070)
    # A cross derivative carries the scales of both variables.
    for cross, first, second in [
        ("volga", "vega", "vega"),
        ("veta", "vega", "theta"),
        ("ultima", "volga", "vega"),
    ]:
        product = GREEK_UNITS[first].scale * GREEK_UNITS[second].scale
        assert GREEK_UNITS[cross].scale == pytest.approx(product)

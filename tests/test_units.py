from __future__ import annotations

import pandas as pd
import pytest

from hedging import InputError
from hedging.units import GREEK_UNITS, days, utc, years


def test_a_year_has_365_days_of_24_hours() -> None:
    start = pd.Timestamp("2024-02-28T08:00Z")  # a leap day lies between: it counts like any other
    assert years(start, pd.Timestamp("2025-02-27T08:00Z")) == 1.0
    assert days(start, pd.Timestamp("2024-03-01T20:00Z")) == 2.5


def test_time_resolves_seconds() -> None:
    start = pd.Timestamp("2026-02-06T04:30:00Z")
    assert years(start, start + pd.Timedelta(seconds=1)) == pytest.approx(1 / 31_536_000, rel=1e-15)


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

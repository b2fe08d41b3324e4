"""Promises held against a walk made by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from hedging.risk import Promise


def promise(*rows: tuple[float, float, float, float], **how: object) -> Promise:
    dates = pd.date_range("2024-01-01", periods=len(rows), freq="30D", tz="UTC")
    walk = Promise.table({day: Promise.row(*row) for day, row in zip(dates, rows, strict=True)})
    given: dict[str, object] = {
        "value": 1_000.0,
        "horizon": 30.0,
        "level": 0.95,
        "quantile": (0.30, 0.15),
        "shortfall": (0.40, 0.20),
        "walk": walk,
        "stays": pd.Series({"SOL": 0.7, "DOGE": 0.3}),
    }
    return Promise(**(given | how))  # type: ignore[arg-type]


KEPT = (0.5, 0.15, -0.20, -0.10)
BROKEN = (0.5, 0.15, -0.40, -0.33)


def test_a_kept_promise_is_what_was_promised() -> None:
    found = promise(*[KEPT] * 12)
    assert (found.promised, found.falls, found.kept, found.left) == (0.5, 12, 12, 0.5)
    assert found.calibrated == 0.5
    assert found.loss == 0.15
    assert found.usable
    assert "A loss of 15% holds in 95% of outcomes like those of these years, no hard floor" in found.verdict
    assert "SOL +70%, DOGE +30%" in repr(found)
    assert "(promised 50% left)" in repr(found)


def test_a_first_rule_that_promised_less_than_it_left() -> None:
    """As a first rule did: promised 0.46, left 0.62 in the median."""
    found = promise(*[(0.46, 0.15, -0.10, -0.062)] * 12, shortfall=(0.5, 0.23))
    assert found.promised == pytest.approx(0.46)
    assert found.calibrated == pytest.approx(0.62)
    assert "(promised 46% left, 62% by what the past broke)" in repr(found)
    assert found.loss == 0.15  # none lost more than that


def test_a_broken_promise_is_widened_until_the_level_of_periods_keeps_it() -> None:
    once = promise(*[KEPT] * 30, BROKEN, BROKEN)
    assert once.kept == 30
    assert once.loss == pytest.approx(0.33)  # 2 of 32 are more than 5 %
    assert not once.usable  # more than without
    rare = promise(*[KEPT] * 40, BROKEN)
    assert rare.loss == 0.15  # 1 of 41 is less than 5 %
    assert rare.usable
    assert "40 of 41 past periods of 30 days kept" in rare.verdict


def test_too_few_falls_and_a_hedge_that_leaves_all_are_refused() -> None:
    few = promise(*[KEPT] * 9, *[(0.5, 0.15, 0.1, 0.05)] * 9)
    assert few.left is None
    assert not few.usable
    assert few.verdict.startswith("Refused: what is held fell in 9 of 18")
    worse = promise(*[(0.5, 0.15, -0.14, -0.145)] * 20)
    assert worse.left is not None
    assert worse.left > 1.0
    assert worse.verdict.startswith("Refused: 20 of 20")


@pytest.mark.parametrize(("left", "usable"), [(0.15, True), (0.16, False)])  # of 0.20: 75 % and 80 %
def test_what_leaves_more_of_a_fall_than_a_basket_may_is_refused(left: float, usable: bool) -> None:
    """Each period kept its loss; by the basket's rule of 75 % alone is one of them refused."""
    found = promise(*[(0.5, 0.17, -0.20, -left)] * 20)
    assert found.kept == 20
    assert found.calibrated == pytest.approx(left / 0.20)
    assert found.usable is usable
    assert (found.refusal is None) is usable
    if not usable:
        assert "80% of a fall is left, where a hedge may leave at most 75%" in found.verdict


def test_a_share_left_that_is_little_saves_no_promise_that_loses_more_than_without() -> None:
    found = promise(*[KEPT] * 30, BROKEN, BROKEN)
    assert found.calibrated == pytest.approx(0.5)
    assert found.refusal is not None
    assert "a loss of 33%, where 30% are lost without" in found.refusal


def test_a_small_fall_is_no_fall() -> None:
    assert math.isnan(Promise.row(0.5, 0.15, -0.049, -0.2)[-1])
    assert Promise.row(0.5, 0.15, -0.05, -0.02)[-1] == pytest.approx(0.4)


def test_plain_values_come_back() -> None:
    found = promise(*[KEPT] * 12, (0.5, 0.15, 0.1, 0.05))
    saved = found.to_dict()
    again = Promise.from_dict(saved)
    assert again.to_dict() == saved
    assert saved["walk"][-1]["left"] is None
    assert saved["walk"][0]["date"] == "2024-01-01T00:00:00+00:00"

"""A plan as a value: saved, read back, printed."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from hedging import samples
from hedging.errors import InputError
from hedging.planner import (
    Effort,
    HedgePlan,
    Limits,
    Target,
    plan,
    read_plan,
)

BOOK, CHAIN = samples.book(), samples.chain()


def test_whole_numbers_of_numpy_and_open_windows_are_saved(tmp_path):
    limits = Limits(expiries=(7, math.inf), max_legs=np.int64(2))
    made = plan(
        BOOK, CHAIN, Target(delta=(8, 12)), limits, horizon=np.int64(30), effort=Effort(alternatives=False)
    )
    made.to_json(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").id == made.id


@pytest.fixture(scope="module")
def sample_plan() -> HedgePlan:
    return plan(
        samples.book(),
        samples.chain(),
        Target(delta=(8, 12), vega=(0, None), floor=-0.2),
        Limits(budget=0.02),
    )


def test_a_saved_plan_reads_back_the_same(sample_plan, tmp_path):
    path = tmp_path / "plan.json"
    text = sample_plan.to_json(path)
    again = read_plan(path)
    assert again.to_json() == text
    assert again.legs == sample_plan.legs
    assert (samples.book() + again) == (samples.book() + sample_plan)


def test_the_json_holds_what_was_promised(sample_plan):
    saved = json.loads(sample_plan.to_json())
    promised = "status objective bound gap seconds cost orders before after binding inputs units"
    assert set(promised.split()) <= set(saved)
    assert (
        {"delta", "gamma", "vega", "theta", "value"}
        <= set(saved["before"]["BTC"])
        <= set(saved["units"]) | {"spot"}
    )
    assert {"instrument", "side", "quantity", "limit_price", "quote_unit", "limit_price_money"} <= set(
        saved["orders"][0]
    )
    assert saved["inputs"]["files"][0]["sha256"] == samples.chain().sha256
    assert saved["inputs"]["as_of"].startswith("2026-03-02T12:00")


def test_a_plan_prints_on_one_page(sample_plan):
    lines = repr(sample_plan).splitlines()
    assert 12 <= len(lines) <= 30
    assert all(len(line) < 120 for line in lines)
    for leg in sample_plan.legs:
        assert leg.instrument.symbol in repr(sample_plan)
        assert leg.instrument.symbol in sample_plan._repr_html_()


def test_what_is_no_plan_is_refused_when_read(tmp_path):
    path = tmp_path / "other.json"
    with pytest.raises(InputError, match="cannot be read"):
        read_plan(path)
    path.write_text('{"legs": 3}')
    with pytest.raises(InputError, match="no hedge plan"):
        read_plan(path)

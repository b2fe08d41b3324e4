"""Floors against a search of its own: a few of the plans that tests/bench/search_floors.py goes through."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cases.floor_search import lowest
from cases.planner import coins, small_chain

from hedging import read_chain
from hedging.market.market import Market
from hedging.planner import Effort, Limits, Outright, Target, plan
from hedging.planner.request.request import Request

QUIET = Effort(alternatives=False, gap=1e-2)
WEEKLY = [1, 2, 3, 8, 15, 22, 29, 57]
CURVED = 2e-4  # of the base: what still lives is curved between nodes


def searched(book, market, target, limits, horizon):
    found = plan(book, market, target, limits, horizon=horizon, effort=QUIET)
    turning = Request.of(book, market, target, limits, horizon=horizon).turning
    assert turning is not None
    least, _ = lowest(book, market, found, turning.end, seed=3)
    return found, least


@pytest.mark.parametrize("day", ["2026-01-20", "2026-02-05", "2026-03-24", "2026-05-08"])
def test_nothing_recorded_breaks_a_floor(shared_data: Path, day: str) -> None:
    file = shared_data / "chains" / "deribit_btc_daily_20251230_20260531.parquet"
    market = Market.of(read_chain(file, asset="BTC", at=day))
    limits = Limits(expiries=(1.0, 35.0), outright=(Outright("perpetual"),), budget=0.06, max_legs=3)
    found, least = searched(coins(25.0), market, Target(floor=-0.15, delta=(None, 18.0)), limits, 30.0)
    assert found.legs
    assert least >= -0.15 - CURVED


@pytest.mark.parametrize("seed", range(3))
def test_nothing_on_a_calendar_of_weeks_breaks_a_floor(seed: int) -> None:
    vol = float(np.random.default_rng(seed).uniform(0.4, 0.9))
    menu = [(flag, float(k), day) for day in WEEKLY for flag in "pc" for k in range(76, 125, 8)]
    market = Market.of(small_chain(menu, vol=vol, spreads=[0.03] * len(menu)))
    limits = Limits(expiries=(1.0, 35.0), outright=(Outright("perpetual"),), budget=0.06, max_legs=4)
    found, least = searched(coins(25.0), market, Target(floor=-0.2, delta=(None, 15.0)), limits, 28.0)
    assert found.legs
    assert least >= -0.2 - CURVED


def test_the_search_finds_what_does_break_one() -> None:
    """A put that ends before the horizon: spot that falls after it loses what no floor was held over."""
    market = Market.of(small_chain([("p", 95.0, 8), ("p", 90.0, 29), ("c", 110.0, 29)]))
    target, limits = Target(floor=-0.15), Limits(expiries=(1.0, 10.0), budget=0.2, deltas=(0.0, 1.0))
    found = plan(coins(25.0), market, target, limits, horizon=8.0, effort=QUIET)
    assert lowest(coins(25.0), market, found, 8.0, seed=3)[0] >= -0.15 - CURVED
    assert lowest(coins(25.0), market, found, 20.0, seed=3)[0] < -0.3

"""Intervals and tests of luck, on curves whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.tapes import random_tape
from numpy.testing import assert_allclose

import hedging as hg
from hedging import backtest as bt
from hedging.backtest.result import Point
from hedging.errors import InputError


def curve(drift: float, noise: float, seed: int, *, periods: int = 150, name: str = "made") -> bt.Backtest:
    """A run whose log-returns above holding are `drift` a period and `noise` around it."""
    random, tape = np.random.default_rng(seed), random_tape(50, 2)
    first = bt.run(hg.Book([hg.Holding.spot("BTC", 1.0)]), tape, bt.hold)
    times = pd.date_range("2026-01-01T09:00Z", periods=periods + 1, freq="D").as_unit("ns")
    market = np.random.default_rng(0).normal(0.0, 0.03, periods)
    above = drift + noise * random.standard_normal(periods)

    def made(steps):
        values = 100.0 * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
        points = [
            Point(t, 1.0, float(v), 0.0, float(v), 0.0, 0.0) for t, v in zip(times, values, strict=True)
        ]
        run = replace(first, points=tuple(points), start_value=100.0, name=name)
        object.__setattr__(run, "times", times)
        return run

    held, run = made(market), made(market + above)
    return_run = replace(run, holding=held)
    object.__setattr__(return_run, "times", times)
    object.__setattr__(return_run.holding, "times", times)
    return return_run


def test_an_interval_holds_the_truth_and_tightens_with_noise() -> None:
    quiet, loud = (
        bt.interval(curve(0.001, noise, 1)).loc["against holding a year"] for noise in (0.002, 0.02)
    )
    for row, noise in ((quiet, 0.002), (loud, 0.02)):
        assert row["low"] < row["value"] < row["high"]
        # Independent periods: the interval is that of a mean, 1.96 standard errors each way.
        half = 1.96 * noise / np.sqrt(150) * 365
        assert 0.5 < (row["high"] - row["low"]) / (2 * half) < 1.5
    assert_allclose((loud["high"] - loud["low"]) / (quiet["high"] - quiet["low"]), 10.0, rtol=0.05)
    assert bt.interval(curve(0.001, 0.02, 1)).equals(bt.interval(curve(0.001, 0.02, 1)))


def test_the_interval_is_that_of_arch() -> None:
    bootstrap = pytest.importorskip("arch.bootstrap")
    run = curve(0.001, 0.02, 1)
    found = bt.interval(run).loc["against holding a year"]
    above = np.diff(np.log(run.equity)) - np.diff(np.log(run.held))
    drawn = bootstrap.StationaryBootstrap(found["block"], above, seed=5).apply(
        lambda rows: rows.mean() * 365, 4_000
    )
    assert_allclose(np.quantile(drawn, [0.025, 0.975]), found[["low", "high"]].astype(float), rtol=0.05)


def test_a_comparison_prints_the_interval_of_each_strategy_that_traded() -> None:
    tape, book = random_tape(50, 24), hg.Book([hg.Holding.spot("BTC", 1.0)])
    never = bt.rolled("put", (900.0, 901.0), name="never")
    found = bt.compare(book, tape, {"put": bt.rolled("put", (3.0, 90.0)), "never": never}, starts=1)
    mine = bt.interval(found.runs[1]).loc["against holding a year"]
    assert list(found.intervals.index) == ["put"]
    assert found.intervals.loc["put"].to_dict() == mine[["value", "low", "high"]].to_dict()
    printed = [line.split() for line in str(found).splitlines() if line.startswith("put ")]
    assert printed[1][1:] == [f"{mine[name]:+.1%}" for name in ("value", "low", "high")]
    assert found.to_dict()["intervals"][0]["low"] == mine["low"]
    short = bt.compare(book, tape.taken(range(12)), {"put": bt.rolled("put", (3.0, 90.0))}, starts=1)
    assert short.intervals.empty
    assert "bootstrap" not in str(short)


def test_many_tries_of_nothing_are_no_find_but_one_good_one_is() -> None:
    pytest.importorskip("arch")
    nothing = [curve(0.0, 0.01, seed, name=f"noise {seed}") for seed in range(2, 10)]
    assert bt.superior(nothing, draws=500)["consistent"] > 0.05
    good = curve(0.004, 0.01, 20, name="good")
    assert bt.superior([*nothing, good], draws=500)["consistent"] < 0.05


def test_deflated_sharpe_and_walk_forward() -> None:
    pytest.importorskip("skfolio")
    nothing = [curve(0.0, 0.01, seed, name=f"noise {seed}") for seed in range(2, 10)]
    good = curve(0.009, 0.01, 20, name="good")
    found = bt.deflated_sharpe([*nothing, good])
    assert (found["name"], found["trials"]) == ("good", 9)
    assert found["probability"] > 0.95 > bt.deflated_sharpe(nothing)["probability"]
    table = bt.walk_forward([*nothing, good], train=60, test=30)
    assert set(table["chosen"]) == {"good"}
    assert len(table) == 3
    assert_allclose(table["after"].mean(), 30 * 0.009, rtol=0.3)


def test_too_few_periods_and_other_snapshots_are_refused() -> None:
    with pytest.raises(InputError, match="more than 20 periods"):
        bt.interval(curve(0.0, 0.01, 1, periods=10))
    with pytest.raises(InputError, match="same snapshots"):
        bt.superior([curve(0.0, 0.01, 1), curve(0.0, 0.01, 1, periods=100)])
    with pytest.raises(InputError, match="level must lie"):
        bt.interval(curve(0.0, 0.01, 1), level=1.0)

"""Settings of numpy's floating point are the caller's: none of them reaches what this library computes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cases.markets import flat_chain
from cases.tapes import random_tape
from matplotlib.axes import Axes

import hedging as hg

CHAIN = flat_chain(half_spread=0.01)
BOOK = hg.Book(hg.Holding.spot("BTC", 10.0), hg.Holding.perpetual("BTC", 2.0, 90.0), cash=50.0)
TARGET = hg.Target(delta=(4.0, 8.0), floor=-0.6)
TAPE, PUT = random_tape(32), hg.backtest.rolled("put", (3.0, 60.0))
LATER = replace(flat_chain(spot=90.0, half_spread=0.01), as_of=CHAIN.as_of + np.timedelta64(1, "D"))
CRASH = hg.crash_path(velocity=-0.05, acceleration=-0.01, days=20)


@pytest.fixture(scope="module")
def plan() -> hg.HedgePlan:
    return hg.plan(BOOK, CHAIN, TARGET)


def page(plan: hg.HedgePlan, path: Path) -> Path:
    plan.report(path, CHAIN)
    return path


MAIN: dict[str, Callable[[hg.HedgePlan, Path], object]] = {
    "plan": lambda _plan, _path: hg.plan(BOOK, CHAIN, TARGET),
    "frontier": lambda _plan, _path: hg.frontier(BOOK, CHAIN, TARGET, over="floor", levels=[-0.6, -0.5]),
    "audit": lambda plan, _path: repr(hg.audit(plan, CHAIN)),
    "scenario": lambda plan, _path: repr(hg.scenario.run(BOOK, CHAIN, CRASH, overlay=plan)),
    "drawn": lambda plan, _path: hg.scenario.run(
        BOOK, CHAIN, hg.scenario.draw(CHAIN, 30.0, 50, 1), overlay=plan
    ),
    "overlays": lambda _plan, _path: repr(hg.overlays.compare(BOOK, CHAIN)),
    "survival": lambda plan, _path: hg.margin.survive(
        BOOK, CHAIN, CRASH, hg.margin.DERIBIT_BTC, overlay=plan
    ),
    "check": lambda _plan, _path: repr(hg.market.check(CHAIN)),
    "attribution": lambda _plan, _path: hg.risk.attribution(BOOK, CHAIN, CRASH),
    "profile": lambda plan, _path: hg.risk.profile(BOOK + plan, CHAIN),
    "explain": lambda plan, _path: repr(hg.explain(plan, CHAIN, LATER)),
    "robust": lambda _plan, _path: hg.plan(BOOK, CHAIN, hg.Target(delta=(4.0, 8.0), robust=True)),
    "backtest": lambda _plan, _path: hg.backtest.run(hg.Book(hg.Holding.spot("BTC", 2.0)), TAPE, PUT),
    "payoff": lambda plan, _path: hg.plots.payoff(BOOK, CHAIN, overlay=plan),
    "report": lambda plan, path: page(plan, path / "report.html"),
}


def told(result: object) -> str:
    """What a result says, but for the seconds that it took; of a picture its curves, of a page all of it."""
    if isinstance(result, Axes):
        return repr([line.get_xydata().tolist() for line in result.get_lines()])
    if isinstance(result, Path):
        result = result.read_text(encoding="utf-8")
    return re.sub(r"\d+\.\d+ s\b", "", str(result))


@pytest.mark.parametrize("name", MAIN)
def test_numpy_set_to_raise_or_to_ignore_changes_nothing(
    name: str, plan: hg.HedgePlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Warnings are errors in these tests, so that one setting finds what the other would print."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    with np.errstate(all="ignore"):
        quiet = told(MAIN[name](plan, tmp_path))
    with np.errstate(all="raise"):
        assert told(MAIN[name](plan, tmp_path)) == quiet

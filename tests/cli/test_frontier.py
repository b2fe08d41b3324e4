"""``hedging frontier``: the library's curve, as text, JSON, CSV and a picture."""

from __future__ import annotations

import json
import os
import signal
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hedging import samples
from hedging.cli import main as cli
from hedging.planner import Limits, Target, frontier
from hedging.venues import write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'
RUN = ["frontier", "book.toml", "--chain", "chain.csv"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(samples.chain(), tmp_path / "chain.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_curve_is_that_of_the_library_in_every_form(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--delta", "6:16", "--budget", "3%", "--max-legs", "2", "--levels", "-10%:-30%:3"]
    files = ["--json", "curve.json", "--csv", "curve.csv", "--plot", "curve.png"]
    assert cli.main([*RUN, *asked, *files]) == 0
    expected = frontier(
        samples.book(),
        samples.chain(),
        Target(delta=(6, 16)),
        Limits(budget=0.03, max_legs=2),
        levels=[-0.1, -0.2, -0.3],
    )
    saved = json.loads((folder / "curve.json").read_text())
    assert np.allclose([row["cost"] for row in saved["levels"]], expected.table["cost"], rtol=1e-2)
    assert np.allclose([row["floor"] for row in saved["levels"]], [-0.1, -0.2, -0.3])
    assert list(pd.read_csv(folder / "curve.csv").columns) == list(expected.table.columns)
    assert (folder / "curve.png").stat().st_size > 10_000
    assert "Cost against floor, base 1,750,000" in capsys.readouterr().out


def test_a_frontier_runs_over_the_budget_and_the_shortfall(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    over = {
        "budget": ["--levels", "1%,3%", "--floor", "7:-20%,30:-30%"],
        "shortfall": ["--levels", "-20%,-30%", "--outcomes", "200"],
    }
    for name, more in over.items():
        assert (
            cli.main([*RUN, "--over", name, "--delta", "4:16", *more, "--max-legs", "2", "--json", "-"]) == 0
        )
        saved = json.loads(capsys.readouterr().out)
        assert saved["over"] == name
        costs = [row["cost"] for row in saved["levels"]]
        assert costs[0] >= costs[1] - 1e-6


def test_an_interruption_keeps_the_levels_that_are_done_and_says_how_many(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = import_module("hedging.planner.frontier")
    solve, calls = module.solve, iter(range(1_000))

    def pressed_at_the_third(*given: Any, **more: Any) -> Any:
        if next(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return solve(*given, **more)

    monkeypatch.setattr(module, "solve", pressed_at_the_third)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    try:
        line = ["--delta", "6:16", "--max-legs", "1", "--levels", "-40%:-90%:40", "--json", "curve.json"]
        assert cli.main([*RUN, *line]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    captured = capsys.readouterr()
    assert captured.err == "hedging: interrupted: 2 of 40 levels\n"
    assert "Cost against floor" in captured.out
    assert len(json.loads((folder / "curve.json").read_text())["levels"]) == 2


def test_an_interruption_before_the_first_level_leaves_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def pressed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("hedging.planner.frontier"), "solve", pressed)
    assert cli.main([*RUN, "--delta", "6:16", "--json", "curve.json"]) == 130
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hedging: interrupted\n")
    assert not (folder / "curve.json").exists()


def test_a_view_is_said_with_the_curve(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*RUN, "--drift", "-40%", "--max-legs", "1", "--levels", "-30%,-50%"]) == 0
    assert "under the view: drift -40 % a year" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--levels", "-5%:-60%"], "--levels must be FROM:TO:N"),
        (["--levels", "-5%:-60%:1"], "--levels must be FROM:TO:N"),
        (["--levels", "-5%,much"], "--levels must be shares of the book"),
        (["--levels", "5%"], "levels of floor must be shares of the book from -100% to 0%"),
        (["--over", "delta"], "--over must be one of floor, shortfall, budget"),
        (["--floor", "7:-8%,30:-15%"], "--floor is what this frontier moves"),
        (["--over", "budget", "--value-at-risk", "-10%", "--outcomes", "50"], "takes no value at risk"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN, *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err

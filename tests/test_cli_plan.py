"""``hedging plan`` beyond delta, vega and floor: each option is what the library is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hedging import cli, samples
from hedging.planner import Limits, Target, View, plan
from hedging.venues import write_chain

BOOK = '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 25\nentry = 88_000\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(samples.chain(), tmp_path / "chain.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(folder: Path, *arguments: str) -> dict:
    run = ["plan", "book.toml", "--chain", "chain.csv", *arguments, "--json", "plan.json"]
    assert cli.main(run) == 0
    return json.loads((folder / "plan.json").read_text())


def orders(saved: dict) -> list[tuple[str, str, float]]:
    return [(order["instrument"], order["side"], order["quantity"]) for order in saved["orders"]]


def test_more_bands_are_those_of_a_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--delta-value", "500000:800000", "--vega-weighted", "-200:", "--delta-rule", "0.5"]
    saved = planned(folder, *arguments, "--max-legs", "2")
    target = Target(delta_value=(500_000, 800_000), vega_weighted=(-200, None), delta_rule=0.5)
    expected = plan(samples.book(), samples.chain(), target, Limits(max_legs=2), compare=False)
    assert orders(saved) == orders(expected.to_dict())
    assert saved["inputs"]["target"] == json.loads(json.dumps(target.to_dict()))
    assert "delta_value stickiness 0.5" in capsys.readouterr().out


def test_the_least_worst_loss_within_a_cost(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--minimise", "worst", "--cost", "0.1%", "--delta", "6:14", "--max-legs", "2")
    assert saved["inputs"]["target"]["minimise"] == "worst"
    assert saved["cost"]["execution"] <= 0.001 * saved["base"] * (1 + 1e-6)
    assert "minimised" in capsys.readouterr().out


def test_limits_on_outcomes_draw_them_and_say_so_by_seed(folder: Path) -> None:
    arguments = ["--delta", "6:16", "--shortfall", "-15%", "--value-at-risk", "-14%", "--level", "90%"]
    first, again = (planned(folder, *arguments, "--outcomes", "200", "--max-legs", "2") for _ in range(2))
    assert orders(first) == orders(again)
    assert first["inputs"]["outcomes"] == 200
    assert first["inputs"]["target"]["level"] == 0.9
    checks = {check["limit"]: check for check in first["checks"]}
    assert checks["shortfall"]["ok"]
    assert checks["value_at_risk"]["ok"]


def test_outcomes_are_reweighted_to_fit_the_quotes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--delta", "6:16", "--shortfall", "-20%", "--expiries", "31:45", "--max-legs", "1"]
    saved = planned(folder, *arguments, "--outcomes", "300", "--reweight")
    assert saved["outcomes"]["reweighted"]
    assert saved["outcomes"]["largest_gain_left"] <= 0.0 < saved["outcomes"]["largest_gain"]
    assert "300, no free lunch" in capsys.readouterr().out


def test_a_view_is_printed_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--delta", "8:20", "--drift", "-40%", "--vol", "55%", "--max-legs", "1")
    assert saved["inputs"]["view"] == View(drift=-0.4, vol=0.55).to_dict()
    assert saved["cost"]["carry"] < 0
    assert "drift -40 % a year, vol 55 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "a plan needs a target: give --delta LO:HI, --floor SHARE or another of --delta, --delta-value"),
        (["--minimise", "premium"], "argument --minimise: invalid choice: 'premium'"),
        (["--minimise", "worst", "--floor", "-15%"], "leave out floor"),
        (["--value-at-risk", "14%"], "value_at_risk must be a share between -1 and 0"),
        (["--delta", "8:12", "--delta-rule", "sticky"], "rule must be one of"),
        (["--delta", "8:12", "--vol", "0"], "vol must be a number > 0"),
        (["--shortfall", "-10%", "--level", "100%"], "level must lie between 0 and 1"),
        (["--shortfall", "-10%", "--outcomes", "0"], "scenarios"),
        (["--cost", "-1%", "--delta", "8:12"], "cost must be a share >= 0"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", "chain.csv", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_what_a_command_line_leaves_out_is_the_default_of_the_library(folder: Path) -> None:
    saved = planned(folder, "--delta", "8:12")
    assert saved["inputs"]["target"] == {"delta": [8.0, 12.0]}
    assert saved["inputs"]["view"] is None
    assert saved["inputs"]["outcomes"] is None
    assert saved["inputs"]["limits"] == json.loads(json.dumps(Limits().to_dict()))


def test_floors_by_day_are_those_of_a_target(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = planned(folder, "--floor", "7:-12%,30:-0.2", "--delta", "6:16", "--max-legs", "2")
    assert saved["inputs"]["target"]["floor"] == [[7.0, -0.12], [30.0, -0.2]]
    assert "floor day 7" in capsys.readouterr().out
    for wrong in ("7:-12%,", "7:-12%,x:-20%", "7:"):
        assert cli.main(["plan", "book.toml", "--chain", "chain.csv", "--floor", wrong]) == 2
        assert "argument --floor: must be" in capsys.readouterr().err

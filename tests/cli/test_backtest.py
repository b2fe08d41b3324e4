"""The command ``hedging backtest``: what it prints and writes, and how it refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from cases.tapes import random_tape

from hedging.cli.main import main

BOOK = 'cash = 0\n[[holdings]]\nkind = "spot"\nasset = "BTC"\nquantity = 2\n'


@pytest.fixture
def files(tmp_path):
    random_tape(41).save(tmp_path / "tape.parquet")
    (tmp_path / "book.toml").write_text(BOOK)
    return tmp_path


def command(files, *more: str) -> list[str]:
    return ["backtest", str(files / "book.toml"), "--chains", str(files / "tape.parquet"), *more]


def test_it_prints_the_comparison_and_each_run(files, capsys) -> None:
    more = ("--strategy", "put,collar", "--set", "days=3:60", "--set", "delta=0.25", "--starts", "2")
    assert main(command(files, *more)) == 0
    out = capsys.readouterr().out
    for said in ("hold", "collar", "2 starts", "max drawdown", "reconciled", "without overlay"):
        assert said in out


def test_json_csv_and_picture(files, capsys) -> None:
    more = (
        "--set",
        "days=3:60",
        "--json",
        "-",
        "--csv",
        str(files / "l.csv"),
        "--plot",
        str(files / "p.png"),
    )
    assert main(command(files, *more)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["quotes"] == "recorded"
    assert [run["name"] for run in found["runs"]] == ["hold", "put"]
    ledger = pd.read_csv(files / "l.csv")
    assert len(ledger) == len(found["runs"][1]["ledger"])
    assert (files / "p.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--strategy", "straddle"), "a strategy must be one of hold, put"),
        (("--set", "delta"), "write it as key=value"),
        (("--set", "deltas=3"), "no such setting: deltas"),
        (("--set", "delta=x"), "must be a number"),
        (("--set", "days=30"), "a window such as 20:45"),
        (("--set", "delay=2"), "delay must be 0 or 1"),
        (("--strategy", "banded"), "--set target="),
        (("--from", "2027-01-01"), "no snapshot of BTC"),
        (("--starts", "500"), "starts must be a whole number of days"),
        (("--asset", "ETH"), "not ETH"),
        (("--prices", "nowhere.parquet"), "nowhere.parquet cannot be read"),
        (("--json", "-", "--csv", "-"), "only one result can go to stdout"),
        (("--plot", "p.bmp"), "the ending must be one of"),
    ],
)
def test_bad_input_is_one_line_and_code_2(files, capsys, more, said) -> None:
    assert main(command(files, *more)) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_book_of_several_assets_or_another_is_refused(files, capsys) -> None:
    (files / "book.toml").write_text(BOOK + '[[holdings]]\nkind = "spot"\nasset = "ETH"\nquantity = 2\n')
    assert main(command(files)) == 2
    assert "must hold one asset" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_done(files, capsys, monkeypatch) -> None:
    import hedging

    honest, calls = hedging.backtest.compare, []

    def stopped(*args, **keywords):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return honest(*args, **keywords)

    monkeypatch.setattr(hedging.backtest, "compare", stopped)
    assert (
        main(
            command(files, "--strategy", "put,collar", "--set", "days=3:60", "--json", str(files / "j.json"))
        )
        == 130
    )
    assert "interrupted" in capsys.readouterr().err
    assert [run["name"] for run in json.loads((files / "j.json").read_text())["runs"]] == ["hold", "put"]

"""``hedging screen``: the library's screen, as text, JSON, CSV and pictures; bad input in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import bars, walks

import hedging as hg
from hedging.cli import main as cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    walks(coins=8, days=200).to_csv(tmp_path / "prices.csv")
    bars().to_csv(tmp_path / "bars.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_screen_is_that_of_the_library_in_every_form(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ["--json", "s.json", "--csv", "s.csv", "--plot", "s.png"]
    assert cli.main(["screen", "prices.csv", "--at", "2024-06-30", "--windows", "30,90", *files]) == 0
    expected = hg.screen.run(hg.read_prices("prices.csv"), at="2024-06-30", windows=(30, 90))
    assert json.loads((folder / "s.json").read_text()) == expected.to_dict()
    table = pd.read_csv(folder / "s.csv", index_col="coin")
    np.testing.assert_allclose(table["alpha_90"], expected.table["alpha_90"])
    assert (folder / "s.png").stat().st_size > 20_000
    shown = capsys.readouterr().out
    assert expected.weakest(1)[0] in shown
    assert "last bar 2024-06-30" in shown


def test_history_stands_beside_and_ends_where_the_screen_does(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["screen", "prices.csv", "--at", "2024-06-30", "--history", "--json", "-"]) == 0
    saved = json.loads(capsys.readouterr().out)
    assert saved["history"]["dates"][1] == "2024-06-30"
    assert {row["horizon"] for row in saved["history"]["measures"]} == {30, 90}


@pytest.mark.parametrize("benchmark", ["equal", "volume", "C02"])
def test_benchmarks(folder: Path, capsys: pytest.CaptureFixture[str], benchmark: str) -> None:
    assert cli.main(["screen", "bars.csv", "--benchmark", benchmark, "--windows", "30", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["benchmark"] == benchmark


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["absent.csv"], "'absent.csv' cannot be read"),
        (["prices.csv", "--benchmark", "XYZ"], "the benchmark 'XYZ' is not in prices.csv"),
        (["prices.csv", "--benchmark", "volume"], "prices.csv has no volumes"),
        (["prices.csv", "--at", "2030-01-01"], "after the last bar"),
        (["prices.csv", "--at", "soon"], "at must be a time"),
        (["prices.csv", "--windows", "30,x"], "must be whole days"),
        (["prices.csv", "--windows", "5"], ">= 10"),
        (["prices.csv", "--windows", "500"], "needs 501 closes in a row"),
        (["prices.csv", "--plot", "s.txt"], "the ending must be one of"),
        (["text.csv"], "text.csv: prices of ETH must be numbers; got 'n/a?' on 2024-01-02"),
        (["twice.csv"], "twice.csv: BTC has more than one row on 2024-01-01"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_two(
    folder: Path, capsys: pytest.CaptureFixture[str], argv: list[str], message: str
) -> None:
    (folder / "text.csv").write_text("date,BTC,ETH\n2024-01-01,1,2\n2024-01-02,1,n/a?\n2024-01-03,1,2\n")
    (folder / "twice.csv").write_text(
        "ticker,date,close\nBTC,2024-01-01,1\nBTC,2024-01-01,1\nBTC,2024-01-02,1\n"
    )
    assert cli.main(["screen", *argv]) == 2
    shown = capsys.readouterr()
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not shown.out


def test_what_is_odd_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = walks(coins=8, days=200)
    table.iloc[-40, 3] = np.nan
    table.iloc[-20, 5] *= 4.0
    table.to_csv(folder / "odd.csv")
    assert cli.main(["screen", "odd.csv"]) == 0
    shown = capsys.readouterr().out
    assert "left out: C02, windows 60, 90, 97" in shown
    assert "odd: C04 2024-06-29: bad print" in shown


def test_the_table_goes_to_stdout_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["screen", "prices.csv", "--csv", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("coin,verdict,")
    assert len(lines) == 9
    assert not (folder / "-").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--chain", "none.csv"], "--chain: the ways out are those of a book; give --book BOOK"),
        (["--floor", "-10%", "--horizon", "20"], "--floor, --horizon: the ways out"),
        (["--csv", "-", "--json", "-"], "only one result can go to stdout"),
    ],
)
def test_what_would_be_lost_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert cli.main(["screen", "prices.csv", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_funding_of_a_coin_that_is_not_held_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text('[[holdings]]\nasset = "C01"\nkind = "spot"\nquantity = 10\n')
    assert cli.main(["screen", "prices.csv", "--book", "book.toml", "--funding", "XYZ=0.01%"]) == 2
    assert "--funding names XYZ, which the book does not hold; it holds C01" in capsys.readouterr().err
    assert cli.main(["screen", "prices.csv", "--book", "book.toml", "--funding", "C01=0.01%"]) == 0

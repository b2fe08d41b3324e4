"""``hedging plan --prices``: a book of which some coins have no chain."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from cases.coins import walks
from cases.commands import one_line

from hedging import samples
from hedging.cli import main as cli
from hedging.venues import write_chain

BOOK = "".join(
    f'[[holdings]]\nasset = "{coin}"\nkind = "spot"\nquantity = {quantity}\n'
    for coin, quantity in (("BTC", 2), ("C00", 500))
)
COMMON = ["plan", "book.toml", "--prices", "prices.csv", "--outcomes", "200", "--price-days", "200"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(samples.chain(), tmp_path / "chain.csv")
    table = walks(coins=1, days=330, own=0.01)
    table.index = pd.date_range(end="2026-03-01", periods=330, tz="UTC", name="date")
    (table / table.iloc[-1] * [samples.SPOT, 200.0]).to_csv(tmp_path / "prices.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_options_of_one_coin_stand_in_for_another(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--chain", "chain.csv", "--shortfall", "-14%", "--max-legs", "2"]
    assert cli.main([*COMMON, *more, "--json", "plan.json", "--plot", "payoff.png"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "promise Refused: what is held fell in" in printed  # of five periods
    assert "note nothing is promised of this plan: what is held fell in" in printed
    assert "C00 moves 1." in printed
    saved = json.loads((folder / "plan.json").read_text())
    assert saved["inputs"]["prices"]["source"] == "prices.csv"
    assert saved["inputs"]["prices"]["days"] == 200
    assert set(saved["promise"]["stays"]) == {"BTC", "C00"}
    assert (folder / "payoff.png").stat().st_size > 10_000


def test_no_chain_and_a_floor_over_outcomes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*COMMON, "--floor", "-12%", "--outright", "perpetual", "--json", "-"]) == 0
    told = capsys.readouterr()
    saved = json.loads(told.out)
    assert "nothing is promised of this plan: what is held fell in" in told.err
    assert saved["warnings"][0].startswith("nothing is promised of this plan: ")
    assert saved["inputs"]["target"]["value_at_risk"] == -0.12
    assert {order["terms"]["kind"] for order in saved["orders"]} == {"perpetual"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "book.toml", "--floor", "-15%"], "give --chain FILE, or --prices FILE"),
        (
            ["plan", "book.toml", "--chain", "chain.csv", "--floor", "-15%"],
            "no --chain brings C00, which the book holds: ",
        ),
        (
            ["plan", "book.toml", "--chain", "chain.csv", "--price-days", "100", "--floor", "-15%"],
            "give --prices FILE too",
        ),
        ([*COMMON, "--chain", "chain.csv", "--floor", "7:-8%,30:-15%"], "a floor by day is held over"),
        ([*COMMON, "--chain", "chain.csv", "--shortfall", "-15%", "--reweight"], "--reweight moves drawn"),
        (
            [*COMMON[:-1], "20", "--chain", "chain.csv", "--floor", "-15%"],
            "days must be a whole number from 90",
        ),
        (["plan", "book.toml", "--prices", "none.csv", "--floor", "-15%"], "none.csv' cannot be read"),
        (["plan", "book.toml", "--prices", "book.toml", "--floor", "-15%"], "book.toml"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert cli.main(arguments) == 2
    assert message in one_line(capsys)

"""The command `hedging scenario`: every kind of path, drawn, saved and printed, and accounts along them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.commands import one_line

import hedging as hg
from hedging.cli import main as cli
from hedging.errors import InputError
from hedging.venues import write_chain

PERPETUAL = """
[[holdings]]
asset = "BTC"
kind = "spot"
quantity = 1

[[holdings]]
asset = "BTC"
kind = "perpetual"
quantity = 3
entry = 64_774.21
"""


@pytest.mark.parametrize(
    ("mode", "picture"),
    [
        (["--velocity", "-2%", "--acceleration", "-0.4%", "--days", "5"], "fan.png"),
        (["--replay", "feb-2026"], "replay.png"),
        (["--grid", "--days", "10"], "grid.png"),
        (["--monte-carlo", "200", "--days", "20", "--tails", "jumps"], "drawn.png"),
    ],
)
def test_every_kind_of_scenario_prints_saves_and_draws(
    folder: Path, chain_file: str, mode: list[str], picture: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["scenario", "book.toml", "--chain", chain_file, *mode, "--json", "out.json", "--plot", picture]
    assert cli.main(run) == 0
    captured = capsys.readouterr()
    assert captured.out
    assert captured.err == ""
    assert json.loads((folder / "out.json").read_text())
    assert (folder / picture).stat().st_size > 10_000


def test_the_grid_holds_the_position_itself(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scenario", "book.toml", "--chain", chain_file, "--grid", "--json", "-"]) == 0
    grid = json.loads(capsys.readouterr().out)
    for move, row in zip(grid["spot_moves"], grid["gains"], strict=True):
        assert row == pytest.approx([25 * 64_774.21 * move] * len(grid["vol_shifts"]), abs=1e-3)


def test_drawn_paths_repeat_with_their_seed(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = ["scenario", "book.toml", "--chain", chain_file, "--monte-carlo", "300", "--json", "-", "--seed"]
    printed = []
    for seed in ("5", "5", "6"):
        assert cli.main([*draw, seed]) == 0
        printed.append(json.loads(capsys.readouterr().out)["risk"])
    assert printed[0] == printed[1] != printed[2]


def test_an_account_is_followed_to_its_liquidation(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(PERPETUAL)
    run = [
        "scenario",
        "book.toml",
        "--chain",
        chain_file,
        "--velocity",
        "-2%",
        "--account",
        "standard",
        "--json",
        "-",
    ]
    assert cli.main(run) == 0
    survival = json.loads(capsys.readouterr().out)["survival"]["account alone"]
    (row,) = survival["scenarios"]
    assert row["survives"] is False
    # Three coins long on one: P = A (1 + m) / (C + A / P0) with m = 1 % + 0.005 % a coin of size A / P.
    amount = 3 * 64_774.21
    rate = 0.01 + 0.00005 * amount / row["price"]
    # The price is read off a straight line between two days.
    assert row["price"] == pytest.approx(amount * (1 + rate) / 4.0, rel=3e-3)


def test_declared_accounts_are_followed_unasked(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    held = PERPETUAL.replace("[[holdings]]", '[[holdings]]\naccount = "deribit"')
    cold = '\n[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 12.5\n'
    (folder / "book.toml").write_text(held + cold + '\n[accounts.deribit]\nmodel = "standard"\n')
    base = ["scenario", "book.toml", "--chain", chain_file]
    assert cli.main([*base, "--velocity", "-2%", "--json", "-"]) == 0
    kept = json.loads(capsys.readouterr().out)["survival"]["deribit alone"]
    assert kept["scenarios"][0]["survives"] is False
    assert kept["not_counted"] == "12.5 BTC held cold"
    for kind in (
        ["--velocity", "-2%"],
        ["--grid"],
        ["--monte-carlo", "50"],
        ["--velocity", "-2%", "--account", "portfolio"],
    ):
        assert cli.main([*base, *kind]) == 0
        printed = capsys.readouterr().out
        assert "deribit: survives alone " in printed
        assert "counted: " in printed
        assert "not counted: 12.5 BTC held cold" in printed


def test_an_account_alone_and_with_the_plan_stands_in_one_table(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    held = PERPETUAL.replace("[[holdings]]", '[[holdings]]\naccount = "deribit"')
    (folder / "book.toml").write_text(held + '\n[accounts.deribit]\nmodel = "standard"\n')
    base = ["book.toml", "--chain", chain_file]
    assert cli.main(["plan", *base, "--delta", "1:3", "--max-legs", "1", "--json", "plan.json"]) == 0
    capsys.readouterr()
    run = ["scenario", *base, "--plan", "plan.json", "--velocity", "-2%"]
    assert cli.main([*run, "--json", "kept.json"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    (alone,), (hedged,) = ([row for row in rows if row[:1] == [word]] for word in ("alone", "with"))
    kept = json.loads((folder / "kept.json").read_text())["survival"]
    for row, way in ((alone[1:], "alone"), (hedged[3:], "with the plan")):
        found = kept[f"deribit {way}"]["scenarios"][0]
        assert (row[0] == "yes") == found["survives"]
        assert float(row[-2].replace(",", "")) == pytest.approx(found["least headroom"], abs=1e-4)


def test_wrong_kinds_of_scenario_are_named(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["scenario", "book.toml", "--chain", chain_file]
    for arguments, message in [
        ([], "scenario needs one of --velocity, --replay, --monte-carlo, --grid"),
        (["--grid", "--velocity", "-2%"], "--velocity and --grid exclude each other"),
        (["--replay", "atlantis"], "no replay is called 'atlantis'; there are mar-2020"),
        (["--monte-carlo", "0"], "--monte-carlo must be a whole number >= 1"),
        (["--plan", "nowhere.json", "--grid"], "nowhere.json"),
    ]:
        assert cli.main([*base, *arguments]) == 2
        assert message in one_line(capsys)


TWO = """
[[holdings]]
asset = "BTC"
kind = "spot"
quantity = 12

[[holdings]]
asset = "ETH"
kind = "spot"
quantity = 400
"""


def test_two_assets_fall_by_their_stress_betas(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(TWO)
    run = ["scenario", "book.toml", "--chain", chain_file]
    assert cli.main([*run, "--velocity", "-3%", "--days", "10", "--json", "-", "--plot", "fan.png"]) == 0
    found = json.loads(capsys.readouterr().out)
    spot = found["scenarios"][0]["spot"]
    btc, eth = (np.log(spot[asset][-1] / spot[asset][0]) for asset in ("BTC", "ETH"))
    assert btc == pytest.approx(-0.30)
    assert eth == pytest.approx(-0.30 * 1.35)  # ETH's beta of May 2021 and May 2022
    assert (folder / "fan.png").stat().st_size > 10_000


def test_two_assets_move_alike_over_a_grid_and_together_when_drawn(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(TWO)
    run = ["scenario", "book.toml", "--chain", chain_file]
    assert cli.main([*run, "--grid", "--json", "-"]) == 0
    grid = json.loads(capsys.readouterr().out)
    value = 12 * 64_774.21 + 400 * 1_910.97
    for move, row in zip(grid["spot_moves"], grid["gains"], strict=True):
        assert row == pytest.approx([value * move] * len(row), rel=1e-6, abs=1.0)
    assert cli.main([*run, "--grid"]) == 0
    assert "BTC and ETH move by the same share" in capsys.readouterr().out
    worst = []
    for share in ("0%", "80%", "100%"):
        assert cli.main([*run, "--monte-carlo", "2000", "--correlation", share, "--json", "-"]) == 0
        drawn = json.loads(capsys.readouterr().out)
        assert drawn["correlation"] == pytest.approx(float(share[:-1]) / 100)
        worst.append(drawn["risk"][0]["ES"])
    assert worst == sorted(worst)  # losses, greater the closer they follow each other


def test_an_asset_without_a_stress_beta_is_named(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from hedging.paths import stress_betas

    with pytest.raises(InputError, match="no stress beta is known for PAXG"):
        stress_betas(["BTC", "PAXG"])
    assert stress_betas(["ETH", "BTC"])["BTC"] == pytest.approx(1 / 1.35)


def test_the_library_falls_as_the_command_does_by_the_rule_of_the_chain(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sample's vol is not 60 %, so that a path that knows no market ends elsewhere."""
    write_chain(hg.samples.chain(), folder / "chain.csv")
    (folder / "book.toml").write_text(
        '[[holdings]]\nasset = "BTC"\nkind = "spot"\nquantity = 5\n'
        '[[holdings]]\ncontract = "BTC-27MAR26-60000-P"\nquantity = 4\n'
    )
    run = ["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%", "--acceleration", "-0.4%"]
    assert cli.main([*run, "--days", "14", "--csv", "-"]) == 0
    told = capsys.readouterr().out
    book, chain = hg.read_book("book.toml"), hg.read_chain("chain.csv")
    ends = []
    for more in ({"reaction": hg.scenario.rule_of(chain)}, {}):
        fall = hg.crash_path(-0.02, -0.004, 14, **more)
        ends.append(hg.scenario.run(book, chain, fall).total[0, -1])
    table = pd.read_csv(io.StringIO(told))
    found = table[table["day"] == 14.0].groupby("scenario")["pnl"].sum()
    assert (found - ends[0]).abs().min() < 0.01
    assert (found - ends[1]).abs().min() > 1.0


def test_no_name_of_ours_is_a_formula_in_a_spreadsheet(
    folder: Path, sample: hg.OptionChain, capsys: pytest.CaptureFixture[str]
) -> None:
    write_chain(sample, folder / "chain.csv")
    for move in (
        ["--velocity", "-2%", "--acceleration", "-0.4%", "--days", "2"],
        ["--grid"],
        ["--replay", "feb-2026"],
    ):
        assert cli.main(["scenario", "book.toml", "--chain", "chain.csv", *move, "--csv", "-"]) == 0
        assert "'" not in capsys.readouterr().out

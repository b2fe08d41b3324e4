"""The command, run as a user runs it: results, files, messages, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cases.commands import BOOK, REFERENCE, one_line
from cases.processes import command, printed

from hedging import OptionChain, errors, read_book, read_chain, read_plan, samples
from hedging._ground import forms
from hedging.backtest import STRATEGIES
from hedging.cli import _console, backtest
from hedging.cli import main as cli
from hedging.venues import write_chain


def every_kind(error: type[errors.HedgingError]) -> list[type[errors.HedgingError]]:
    """All kinds of an error, at any depth."""
    return [kind for below in error.__subclasses__() for kind in (below, *every_kind(below))]


def test_plan_prints_and_writes_what_it_found(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--json", "plan.json", "--orders", "orders.csv", "--plot", "payoff.png"]
    assert cli.main(["plan", "book.toml", "--chain", chain_file, *REFERENCE, *outputs]) == 0
    printed = capsys.readouterr().out
    saved = json.loads((folder / "plan.json").read_text())
    assert saved["status"] == "optimal"
    for order in saved["orders"]:
        assert order["instrument"] in printed
        assert order["instrument"] in (folder / "orders.csv").read_text()
    for key in (
        "objective",
        "bound",
        "gap",
        "seconds",
        "cost",
        "before",
        "after",
        "binding",
        "inputs",
        "units",
    ):
        assert key in saved
    assert 8 <= saved["after"]["BTC"]["delta"] <= 12
    assert saved["before"]["BTC"]["delta"] == 25
    assert (folder / "payoff.png").stat().st_size > 10_000
    assert sorted(path.name for path in folder.iterdir()) == [
        "book.toml",
        "orders.csv",
        "payoff.png",
        "plan.json",
    ]
    assert read_plan(folder / "plan.json").orders["instrument"].tolist() == [
        order["instrument"] for order in saved["orders"]
    ]


def test_json_on_stdout_is_nothing_but_json(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", chain_file, *REFERENCE, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["orders"]


def test_scenario_takes_a_saved_plan(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", chain_file, *REFERENCE, "--json", "plan.json"]) == 0
    fall = ["--velocity", "-2%", "--acceleration", "-0.4%", "--days", "14"]
    files = ["--json", "crash.json", "--plot", "crash.svg"]
    run = ["scenario", "book.toml", "--plan", "plan.json", "--chain", chain_file, *fall, *files]
    capsys.readouterr()
    assert cli.main(run) == 0
    assert capsys.readouterr().out
    assert json.loads((folder / "crash.json").read_text())
    assert (folder / "crash.svg").read_text().lstrip().startswith("<?xml")


def test_overlays_stand_side_by_side(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["overlays", "book.toml", "--chain", chain_file, "--json", "-"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["overlay"] for row in rows][:2] == ["no hedge", "protective put"]


def test_negative_shares_parse_both_ways(folder: Path) -> None:
    joined = cli._join_negatives(
        ["plan", "--floor", "-15%", "--velocity", "-.02", "--json", "-", "--vega", "-5:5"]
    )
    assert joined == ["plan", "--floor=-15%", "--velocity=-.02", "--json", "-", "--vega=-5:5"]
    assert cli._join_negatives(["--floor=-15%"]) == ["--floor=-15%"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--delta", "12:8"], "--delta must have the low end first; got '12:8': write 8:12"),
        (
            ["--delta", "8"],
            "--delta must be a band LO:HI, LO: or :HI, or VALUE+-TOLERANCE; got '8': write 8: for at least that",
        ),
        (["--delta", "a:b"], "--delta must be a band of numbers such as 8:12; got 'a:b'"),
        (
            ["--floor", "-15"],
            "--floor must be a share like -15% or -0.15, or money with its currency like -20000USD; got '-15': write -15%",
        ),
        (["--floor", "nan"], "--floor must be a share"),
        (["--max-legs", "two"], "--max-legs must be a whole number >= 1; got 'two'"),
        (
            ["--expiries", "20"],
            "--expiries must be DAYS:DAYS such as 20:100, or dates such as 2026-03-01:2026-06-01; got '20': write 20:",
        ),
        (["--horizon", "inf"], "--horizon must be a number of days > 0, such as 30; got 'inf'"),
        (["--colour"], "--colour: hedging plan takes no such option"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", "chain.json", *arguments]) == 2
    assert message in one_line(capsys)


def test_missing_and_unusable_files_are_one_line_and_code_2(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "nowhere.toml", "--chain", "chain.json"]) == 2
    assert "book file nowhere.toml cannot be read: there is no such file" in one_line(capsys)
    assert cli.main(["plan", "book.toml", "--chain", "nowhere.json"]) == 2
    assert "nowhere.json" in one_line(capsys)
    (folder / "chain.json").write_text("<html>Service unavailable</html>")
    assert cli.main(["plan", "book.toml", "--chain", "chain.json"]) == 2
    assert "chain.json" in one_line(capsys)
    (folder / "chain.json").write_text("[]")
    assert cli.main(["plan", "book.toml", "--chain", "chain.json"]) == 2
    assert "chain.json" in one_line(capsys)
    (folder / "book.toml").write_text(BOOK.replace("25", "nan"))
    assert cli.main(["plan", "book.toml", "--chain", "chain.json"]) == 2
    assert "book.toml: line 4, holding 1: quantity must be a finite number; got nan" in one_line(capsys)


def test_a_book_of_another_asset_is_named(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(BOOK.replace("BTC", "DOGE"))
    assert cli.main(["plan", "book.toml", "--chain", chain_file, *REFERENCE]) == 2
    assert "DOGE" in one_line(capsys)
    assert cli.main(["plan", "book.toml", "--chain", chain_file, "--asset", "BTC", *REFERENCE]) == 2
    assert "the book holds DOGE, but the chain is BTC" in one_line(capsys)


def test_a_window_without_options_is_named(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = [
        "plan",
        "book.toml",
        "--chain",
        chain_file,
        "--delta",
        "8:12",
        "--expiries",
        "700:800",
        "--json",
        "p.json",
    ]
    assert cli.main(run) == 2
    assert "700" in one_line(capsys)
    assert not (folder / "p.json").exists()


def test_no_feasible_plan_is_code_1_with_the_closest(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = ["--delta", "20:25", "--floor", "-1%", "--budget", "0.1%", "--max-legs", "2"]
    assert cli.main(["plan", "book.toml", "--chain", chain_file, *impossible, "--json", "plan.json"]) == 1
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "floor" in captured.err
    assert json.loads((folder / "plan.json").read_text())["status"] == "closest"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (["--plot", "payoff.xyz"], "--plot payoff.xyz: the ending must be one of .pdf, .png, .svg"),
        (["--plot", "missing/payoff.png"], "missing/payoff.png cannot be written"),
        (["--orders", "missing/orders.csv"], "missing/orders.csv cannot be written"),
        (["--orders", "."], ". is a folder"),
        (["--orders", ""], "must not be empty"),
    ],
)
def test_an_output_that_cannot_be_written_stops_before_the_work(
    folder: Path, output: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["plan", "book.toml", "--chain", "chain.json", *REFERENCE, "--json", "plan.json", *output]
    assert cli.main(run) == 2
    assert message in one_line(capsys)
    assert [path.name for path in folder.iterdir()] == ["book.toml"]


@pytest.mark.parametrize(
    ("quantity", "message"), [("1e-9", "no order fits a position of 1e-09 BTC"), ("1e300", "at most 1e+15")]
)
def test_a_position_beyond_all_sizes_is_one_line_and_code_2(
    folder: Path, sample: OptionChain, quantity: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_chain(sample, folder / "chain.csv")
    (folder / "book.toml").write_text(BOOK.replace("25", quantity))
    assert cli.main(["plan", "book.toml", "--chain", "chain.csv", "--delta", "8:12"]) == 2
    assert message in one_line(capsys)


def test_a_plan_without_a_target_is_refused(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", chain_file, "--budget", "2%"]) == 2
    assert "a plan needs a target: give --delta LO:HI" in one_line(capsys)


@pytest.mark.parametrize("share", ["2", "-15", "1001%", "two%", "nan%"])
def test_a_share_that_may_be_a_percentage_is_refused(
    folder: Path, share: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["plan", "book.toml", "--chain", "c.json", "--delta", "8:12", "--budget", share]) == 2
    assert (
        f"--budget must be a share like 2% or 0.02, or money with its currency like 20000USD; got '{share}'"
        in one_line(capsys)
    )
    assert [forms.share(text) for text in ("150%", "2%", "0.02", "1")] == [1.5, 0.02, 0.02, 1.0]


def test_each_asset_of_a_book_has_its_overlays(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["overlays", "book.toml", "--chain", chain_file, "--structure", "collar", "--json", "-"]
    alone = {}
    for asset, units in (("BTC", 25), ("ETH", 300)):
        (folder / "book.toml").write_text(BOOK.replace("BTC", asset).replace("25", str(units)))
        assert cli.main(run) == 0
        alone[asset] = json.loads(capsys.readouterr().out)
    (folder / "book.toml").write_text(BOOK + BOOK.replace("BTC", "ETH").replace("25", "300"))
    assert cli.main(run) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows == [{"asset": asset} | row for asset, found in alone.items() for row in found]
    assert cli.main([*run, "--asset", "ETH"]) == 0
    assert json.loads(capsys.readouterr().out) == alone["ETH"]
    assert cli.main(run[:-2]) == 0
    printed = capsys.readouterr().out
    assert printed.index("BTC\n") < printed.index("ETH\n")


def test_a_picture_of_the_overlays_of_several_assets_says_what_to_do(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "book.toml").write_text(BOOK + BOOK.replace("BTC", "ETH"))
    assert cli.main(["overlays", "book.toml", "--chain", chain_file, "--plot", "x.png"]) == 2
    assert (
        "--plot draws the overlays of one asset, and the book holds several: give --asset NAME"
        in one_line(capsys)
    )


def test_overlays_print_a_table_and_write_strict_json(
    folder: Path, chain_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["overlays", "book.toml", "--chain", chain_file, "--json", "table.json"]) == 0
    printed = capsys.readouterr().out
    assert "unbounded" in printed
    assert "e+0" not in printed

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    rows = json.loads((folder / "table.json").read_text(), parse_constant=refuse)
    assert rows[0]["cap"] is None
    assert rows[0]["upside"] == pytest.approx(25.0)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "plan" in capsys.readouterr().out
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("hedging 0.")
    assert cli.main([]) == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["plan", "--help"], ["--delta"], ["plan"]])
def test_help_and_usage_load_no_numbers_library(arguments: list[str]) -> None:
    heavy = ("numpy", "pandas", "scipy", "matplotlib", "pydantic", "jinja2", "dataclasses", "hedging.planner")
    run = f"import contextlib, io, sys; from hedging.cli.main import main\nargv = {arguments!r}\n"
    quiet = "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()): main(argv)\n"
    assert printed(f"{run}{quiet}print(*[name for name in {heavy!r} if name in sys.modules])") == []


def test_help_names_the_strategies_that_there_are() -> None:
    assert tuple(backtest.STRATEGIES.split(", ")) == STRATEGIES


@pytest.mark.parametrize("kind", [errors.HedgingError, *every_kind(errors.HedgingError)])
def test_the_code_is_that_of_the_error(
    kind: type[errors.HedgingError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise kind("went\nwrong")

    monkeypatch.setattr(_console, "check_outputs", fail)
    assert cli.main(["audit", "plan.json", "--chain", "chain.json"]) == kind("went").exit_code
    assert one_line(capsys) == "hedging: went wrong\n"


def test_the_codes_are_those_of_the_readme() -> None:
    ways_out = {
        "HedgingError": 3,
        "InputError": 2,
        "ChainError": 2,
        "InfeasibleHedgeError": 1,
        "SolverError": 3,
        "VenueError": 3,
        "MissingExtraError": 2,
    }
    kinds = [errors.HedgingError, *every_kind(errors.HedgingError)]
    assert {kind.__name__: kind.exit_code for kind in kinds if kind.__name__ in ways_out} == ways_out


def test_demo_writes_everything_under_one_folder_and_repeats_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["demo", "-o", "out"]) == 0
    first = capsys.readouterr().out
    names = [
        "book.toml",
        "chain.csv",
        "crash.png",
        "orders.csv",
        "overlays.csv",
        "payoff.png",
        "plan.json",
        "report.html",
        "scenarios.csv",
    ]
    assert sorted(path.name for path in (folder / "out").iterdir()) == names
    orders = (folder / "out" / "orders.csv").read_bytes()
    assert "synthetic" in first
    assert read_book(folder / "out" / "book.toml") == samples.book()
    assert read_chain(folder / "out" / "chain.csv").quotes.equals(samples.chain().quotes)
    assert_goes_on_with_the_same_plan(first, capsys)
    (folder / "out" / "book.toml").write_text("# mine")
    assert cli.main(["demo", "-o", "out"]) == 0
    assert "kept out/book.toml, which was there" in capsys.readouterr().out
    assert (folder / "out" / "book.toml").read_text() == "# mine"
    assert (folder / "out" / "orders.csv").read_bytes() == orders


def assert_goes_on_with_the_same_plan(demo: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line that the demo ends in gives the demo's plan, to the last digit."""
    line = demo.rpartition("next: hedging ")[2].split()
    assert cli.main([*line, "--json", "next.json"]) == 0
    said, plan, again = capsys.readouterr().out, read_plan("out/plan.json"), read_plan("next.json")
    assert again.orders.equals(plan.orders)
    assert again.to_dict()["checks"] == plan.to_dict()["checks"]
    assert said.splitlines()[0] in demo


def test_python_m_hedging_is_the_command(folder: Path) -> None:
    done = command("plan", "nowhere.toml", "--chain", "x")
    assert done.returncode == 2
    assert done.stderr.startswith("hedging: book file nowhere.toml cannot be read")
    assert "Traceback" not in done.stderr

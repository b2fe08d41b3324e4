"""Messages of the library in the words of the command, and the nearest right word wherever one is refused."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from cases.commands import one_line

from hedging import OptionChain
from hedging._ground import fields
from hedging.cli import main as cli
from hedging.cli._words import calls_in_words, in_words_of
from hedging.cli.main import the_parser
from hedging.venues import write_chain

RUN = ["plan", "book.toml", "--chain", "chain.csv"]
SCENARIO = ["scenario", "book.toml", "--chain", "chain.csv"]


@pytest.fixture(autouse=True)
def inputs(folder: Path, sample: OptionChain) -> Path:
    write_chain(sample, folder / "chain.csv")
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plna"], "did you mean plan?"),
        (["chain", "shw"], "did you mean show?"),
        ([], "COMMAND is missing: one of plan, frontier"),
        (["book"], "STEP is missing: one of new, check, schema"),
        (["plan"], "plan needs BOOK"),
        ([*RUN, "--dleta", "8:12"], "did you mean --delta?"),
        ([*RUN, "--delta"], "--delta needs a value LO:HI"),
        ([*RUN, "--solver", "higs"], "did you mean highs?"),
        ([*RUN, "--delta", "8-12"], "write 8:12"),
        ([*RUN, "--delta", "8..12"], "write 8:12"),
        ([*RUN, "--delta", "[8, 12]"], "write 8:12"),
        ([*RUN, "--delta", ">8"], "write 8:"),
        ([*RUN, "--delta", "<=12"], "write :12"),
        ([*RUN, "--delta", "10"], "write 10: for at least that, :10 for at most that, 10+-TOLERANCE"),
        ([*RUN, "--delta", "40%:60%"], "in units such as 8:12, not in per cent; got '40%:60%'"),
        ([*RUN, "--floor", "15%"], "write -15%"),
        ([*RUN, "--floor", "-15"], "write -15% for a share, -15USD for money"),
        ([*RUN, "--budget", "-2%"], "write 2%"),
        ([*RUN, "--budget", "-15"], "write 15% for a share, 15USD for money"),
        ([*RUN, "--budget", "$20,000"], "write 20000USD for money"),
        ([*RUN, "--budget", "20000"], "write 20000USD for money"),
        ([*RUN, "--expiries", "20"], "write 20: for at least that, :20 for at most that"),
        ([*RUN, "--expiries", "100:20"], "write 20:100"),
        ([*RUN, "--expiries", "2026-02-30"], "which is no day of the calendar"),
        ([*RUN, "--deltas", "10:40"], "write 10%:40% for per cent"),
        ([*RUN, "--moneyness", "70:130"], "write 70%:130% for per cent of spot"),
        (
            [*RUN, "--delta", "8:12", "--moneyness", "3:4"],
            "strikes of 3 to 4 times spot and from 7 days has a bid",
        ),
        ([*RUN, "--delta", "8:12", "--expiries", "700:800"], "got 700 to 800 days"),
        ([*RUN, "--delta", "8:12", "--budget", "20000 EUR"], "--budget of 20,000 EUR is in none of BTC, USD"),
        ([*RUN, "--delta", "8:12", "--format", "deribt-summary"], "did you mean deribit-summary?"),
        ([*RUN, "--delta", "8:12", "--asset", "eth"], "holds BTC, not ETH"),
        ([*SCENARIO, "--velocity", "2%"], "write -2% for a fall, +2% for a rise"),
        ([*SCENARIO, "--replay", "feb2026"], "did you mean feb-2026?"),
        ([*SCENARIO, "--grid", "--replay", "feb-2026"], "--replay and --grid exclude each other"),
        (SCENARIO, "scenario needs one of --velocity, --replay, --monte-carlo, --grid"),
        (["overlays", *RUN[1:], "--structure", "colar"], "did you mean collar?"),
        (["backtest", *RUN[1:], "--strategy", "putt"], "did you mean put?"),
        pytest.param(
            ["chain", "fetch", "deribt", "BTC", "-o", "x.csv"],
            "venue must be one",
            marks=pytest.mark.skipif(find_spec("ccxt") is None, reason="ccxt knows the venues"),
        ),
        ([*RUN, "--delta", "8:12", "--json", "-", "--csv", "-"], "only one result can go to stdout"),
        ([*RUN, "--delta", "8:12", "--json", "x", "--csv", "x"], "is named twice"),
    ],
)
def test_what_is_refused_is_told_with_the_way_out(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 2
    said = one_line(capsys)
    assert message in said
    for foreign in ("invalid", "argument -", "asset=", "field required", "input tag", "{", "%%", "?."):
        assert foreign not in said


def test_a_rise_is_written_with_its_sign(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*SCENARIO, "--velocity", "+2%", "--days", "5"]) == 0
    assert "+2 %/day" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("pass asset='BTC', one of BTC, ETH", "give --asset BTC, one of BTC, ETH"),
        ("max_legs must be a whole number", "--max-legs must be a whole number"),
        ("widen min_leg_share or Limits(budget=0.02)", "widen --min-leg-share or --budget 0.02"),
        ("quoted_size=False, and close=True", "quoted_size=False, and close=True"),
        ("a price of 12 is no strike", "a price of 12 is no strike"),
    ],
)
def test_arguments_of_calls_are_options_of_the_command(written: str, shown: str) -> None:
    parser = the_parser().parse_args([*RUN, "--delta", "8:12"]).parser
    assert in_words_of(parser, written) == shown


def test_a_plan_that_is_printed_speaks_of_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*RUN, "--delta", "8:12", "--deltas", "0.9:1", "--max-legs", "1"]) == 0
    shown = capsys.readouterr().out
    assert "--budget bounds it" in " ".join(shown.split())
    assert "Limits(" not in shown


def test_calls_of_what_has_no_option_stay_as_they_are() -> None:
    assert (
        calls_in_words("Limits(expiries=..., max_legs=...) gives fewer")
        == "--expiries, --max-legs gives fewer"
    )
    assert calls_in_words("Limits(quoted_size=False)") == "Limits(quoted_size=False)"


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (["help"], ["--help"]),
        (["help", "chain", "show"], ["chain", "show", "--help"]),
        (["plan", "help"], ["plan", "--help"]),
        (["-V"], ["--version"]),
    ],
)
def test_help_is_what_people_type_for_it(
    asked: list[str], meant: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(meant) == 0
    told = capsys.readouterr().out
    assert cli.main(asked) == 0
    assert capsys.readouterr().out == told


@pytest.mark.parametrize("name", ["", "plan", "watch", "chain show", "backtest", "overlays", "worth"])
def test_help_fits_sixty_columns_and_its_example_can_be_copied(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {}
    for columns in (60, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert cli.main([*name.split(), "--help"]) == 0
        told[columns] = capsys.readouterr().out
    assert max(map(len, told[60].splitlines())) <= 60
    if name:
        example = told[200].partition("example:\n")[2].split("\n\n")[0].strip()
        joined = told[60].partition("example:\n")[2].split("\n\n")[0].replace("\\\n", " ")
        assert " ".join(joined.split()) == example


@pytest.mark.parametrize("word", ["perp", "Perps", "swap", "perpetual"])
def test_a_perpetual_by_any_of_its_names(word: str) -> None:
    assert fields.LIMITS["outright"](word) == ("perpetual",)

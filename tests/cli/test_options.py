"""All options of all commands in one table: one name, one form, one default, one meaning; and the two lengths of help."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases.strangers import write_files

from hedging import samples, venues
from hedging._ground import fields
from hedging.cli import main as cli
from hedging.cli.main import the_parser

# What an option of one name means in another command, where that is not word for word the same.
SAME_IN_OTHER_WORDS = {
    "-o": "where the result of the command goes",
    "--asset": "which underlying; that of a backtest is the book's where none is named",
    "--at": "of what is recorded, the state at that time",
    "--book": "the book",
    "--chain": "quotes: a file; of a watch also a folder or live, of a backtest a folder",
    "--csv": "the table printed",
    "--expiries": "days to expiry to choose from; where limits are asked, also dates",
    "--floor": "worst loss; of a screen one number",
    "--funding": "what longs pay per 8 hours",
    "--funding-history": "rates per 8 hours by time; what a backtest pays is what they were, not a percentile",
    "--plot": "the picture of the command",
}
OTHER_FORMS = {"-o": {"FILE", "DIR"}, "--chain": {"FILE", "FILE|FOLDER|live", "FILE|FOLDER"}}
OTHER_DEFAULTS = {"-o": {None, "report.html", "hedging-demo"}}
COMMANDS = {
    *("plan", "frontier", "overlays", "audit", "watch", "roll", "scenario", "chain", "screen", "backtest"),
    *("report", "book", "demo", "completion", "explain", "worth"),
}


def parsers(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from parsers(below, f"{name} {word}".strip())


PARSERS = dict(parsers(the_parser()))


def options() -> dict[str, list[argparse.Action]]:
    found: dict[str, list[argparse.Action]] = defaultdict(list)
    for parser in PARSERS.values():
        for action in parser._actions:
            if action.option_strings:
                found[action.option_strings[0]].append(action)
    return found


OPTIONS = options()


def test_the_commands_are_all_there() -> None:
    assert {name for name in PARSERS if name and " " not in name} == COMMANDS


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_an_option_is_the_same_in_every_command(name: str) -> None:
    actions = OPTIONS[name]
    forms = {action.metavar for action in actions if action.nargs != 0}
    assert len(forms) <= 1 or forms <= OTHER_FORMS[name], forms
    defaults = {None if action.default in (None, [], {}, False) else action.default for action in actions}
    assert len(defaults) <= 1 or defaults <= OTHER_DEFAULTS[name], defaults
    assert len({tuple(action.choices or ()) for action in actions}) == 1
    assert len({action.help for action in actions}) == 1 or name in SAME_IN_OTHER_WORDS


def test_no_exception_is_left_over() -> None:
    several = {name for name, actions in OPTIONS.items() if len({action.help for action in actions}) > 1}
    assert set(SAME_IN_OTHER_WORDS) == several


def test_every_field_of_a_mandate_that_is_written_has_its_option() -> None:
    plan = {action.dest for action in PARSERS["plan"]._actions}
    assert {*fields.TARGETS, *fields.LIMITS} <= plan


@pytest.mark.parametrize("name", PARSERS)
def test_every_option_has_a_help_that_formats_and_says_per_cent_once(name: str) -> None:
    parser = PARSERS[name]
    assert all(action.help for action in parser._actions if action.option_strings)
    text = parser.format_help()
    assert "%%" not in text
    assert "%(" not in text


@pytest.mark.parametrize("name", PARSERS)
def test_no_option_given_twice_loses_the_first(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Either both count, or the line is refused, in whatever of its names the option is written."""
    for action in PARSERS[name]._actions:
        if not action.option_strings or action.nargs == 0 or isinstance(action, argparse._AppendAction):
            continue
        first, last = action.option_strings[0], action.option_strings[-1]
        for twice in ([first, "x", last, "y"], [f"{last}=x", first, "y"]):
            with pytest.raises(SystemExit) as left:
                PARSERS[name].parse_args(twice)
            assert left.value.code == 2
            assert f"{first} is given twice" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["plan", "frontier", "scenario", "overlays"])
def test_the_short_help_shows_what_most_need_and_the_long_one_all(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([command, "--help"]) == 0
    short = capsys.readouterr().out
    assert cli.main([command, "--help-all"]) == 0
    whole = capsys.readouterr().out
    shown = set(re.findall(r"^  (--[a-z-]+)", short, re.MULTILINE)) - {"--help-all"}
    assert 6 <= len(shown) <= 9
    assert shown < set(re.findall(r"^  (--[a-z-]+)", whole, re.MULTILINE))
    every = {name for action in PARSERS[command]._actions for name in action.option_strings}
    assert all(re.search(rf"^  .*{name}\b", whole, re.MULTILINE) for name in every)
    assert "more options: hedging" in short
    assert "more options" not in whole


def examples() -> dict[str, str]:
    """The line below "example:" of every help, by command."""
    found = {
        name: re.search(r"^example:\n  ((?:.*\\\n)*.*)$", each.format_help(), re.MULTILINE)
        for name, each in PARSERS.items()
    }
    return {name: re.sub(r" \\\n +", " ", match[1]) for name, match in found.items() if match}


def test_every_command_has_an_example() -> None:
    groups = {"", "book", "chain"}
    assert set(examples()) == set(PARSERS) - groups


@pytest.fixture(scope="module")
def example_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the examples name, so that each line works as it stands."""
    path = tmp_path_factory.mktemp("examples")
    write_files(path)
    return path


# The demo's is the command itself, which `test_main` runs.
@pytest.mark.parametrize("name", sorted(set(examples()) - {"demo"}))
def test_the_example_of_a_help_works(
    name: str,
    example_files: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(shutil.copytree(example_files, tmp_path / "own"))
    monkeypatch.setattr(venues, "fetch_chain", lambda *_, **__: samples.chain())
    line = re.sub(r'^eval "\$\((.*)\)"$', r"\1", examples()[name]).replace(
        "book new book.toml", "book new new.toml"
    )
    assert cli.main(shlex.split(line)[1:]) == 0
    assert capsys.readouterr().err == ""


def test_exit_codes_are_in_the_help_and_in_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in readme.splitlines() if line.startswith("Exit codes:")]
    for code in ("0", "1", "2", "3", "130"):
        assert re.search(rf"^  {code} ", text, re.MULTILINE)
        assert re.search(rf"\b{code} ", line)

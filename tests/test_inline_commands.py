"""Commands that stand within a sentence of the README, a page or the template are ones that the command takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from hedging.cli.main import _join_negatives, the_parser

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "hedging" / "book" / "template.toml",
]
NAMED = re.compile(r"hedging(?: [a-z]+){1,2}")  # a command by its name alone says nothing of how it is called


def commands() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        marks = "  " if page.suffix == ".toml" else "`"
        for told in re.findall(rf"{marks}(hedging [a-z][^`\n]*?){marks}", page.read_text(encoding="utf-8")):
            line = told.partition("  #")[0].strip()
            if not NAMED.fullmatch(line) and "..." not in line and not line.endswith("\\"):
                found.append((page.name, line))
    return found


def test_there_are_commands_to_try() -> None:
    assert ("README.md", "hedging chain fetch bybit BTC -o bybit.parquet") in commands()


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_command_as_it_is_written_is_taken(page: str, line: str) -> None:
    try:
        _, unknown = the_parser().parse_known_args(_join_negatives(shlex.split(line)[1:]))
    except SystemExit as left:  # --help and --version leave too
        unknown = [] if not left.code else [line]
    assert not unknown

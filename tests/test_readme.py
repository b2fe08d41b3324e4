"""What the README shows is what happens."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hedging import samples
from hedging.book import book_from_dict
from hedging.market import Market

README = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->.*?```\w*\n(.*?)```", README, re.S)
    assert found, f"README.md has no block behind <!-- {mark} -->"
    return found.group(1)


def test_the_script_runs_and_prints_the_plan_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    script = block("script")
    assert sum(bool(line.strip()) and not line.startswith("import") for line in script.splitlines()) <= 10
    exec(compile(script, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    # What stands beside is the closest found in a time; the proof says how long it took.
    certain = [line for line in block("output").splitlines() if not re.match(r"  (instead|proof) ", line)]
    assert len(certain) > 15
    for line in certain:
        assert line in printed
    assert (tmp_path / "payoff.png").stat().st_size > 10_000


def test_both_commands_set_up_everything_by_themselves() -> None:
    for mark in ("demo", "tests"):
        assert block(mark).startswith("python3 -m venv .venv && .venv/bin/python -m pip install -q -e ")


def test_the_book_is_one_that_can_be_planned_for() -> None:
    book = book_from_dict(tomllib.loads(block("book")))
    kinds = {type(holding.instrument).__name__ for holding in book.holdings}
    assert kinds == {"Spot", "Perpetual", "Option"}
    assert book.exposure(Market.of(samples.chain())).delta > 10


def test_what_stands_before_the_picture_is_short() -> None:
    """Two screens of 40 lines at 100 columns, wrapped as a reader sees them."""
    before = README[: README.index("![")]
    assert sum(max(1, -(-len(line) // 100)) for line in before.splitlines()) <= 80


def test_the_sample_is_labelled_synthetic() -> None:
    assert "synthetic" in samples.chain().source
    assert "synthetic" in README


def test_every_extra_is_told_with_what_it_brings_and_how_to_install_it() -> None:
    root = Path(__file__).resolve().parents[1]
    extras = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    start = (root / "docs" / "start.md").read_text(encoding="utf-8")
    table, same = (
        re.search(r"\| extra \| brings \| for \|\n(?:\|.*\n)+", text)[0]  # type: ignore[index]
        for text in (README, start)
    )
    assert table == same
    told = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert told == set(extras["optional-dependencies"])
    assert 'pip install -e ".[name]"' in README

from __future__ import annotations

from pathlib import Path

import pytest

from hedging import InputError
from hedging._writing import whole_file, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    write_text(target, "old")
    with pytest.raises(ZeroDivisionError), whole_file(target) as aside:
        aside.write_text(f"ne{1 // 0}")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_write_replaces_the_old_file_and_keeps_the_suffix(tmp_path: Path) -> None:
    target = tmp_path / "payoff.png"
    write_text(target, "old")
    with whole_file(target) as aside:
        assert aside.suffix == ".png"
        aside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


@pytest.mark.parametrize("name", ["missing/plan.json", "."])
def test_an_unwritable_place_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be written|is a folder"):
        write_text(tmp_path / name, "x")

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hedging import InputError
from hedging._writing import check_writable, whole_file, write_csv, write_text


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


@pytest.mark.parametrize("name", ["missing/plan.json", "."])
def test_an_unwritable_place_is_known_before_the_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be written|is a folder"):
        check_writable(tmp_path / name)
    check_writable(tmp_path / "plan.json")
    assert not list(tmp_path.iterdir())


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    check_writable(pipe)
    write_text(pipe, "plan")
    assert os.read(reader, 100) == b"plan"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_full_device_is_an_input_error_and_stays_a_device() -> None:
    full = Path("/dev/full")
    if not (full.exists() and stat.S_ISCHR(full.stat().st_mode)) or os.access(full.parent, os.W_OK):
        pytest.skip("needs /dev/full and no right to replace it")
    with pytest.raises(InputError, match="/dev/full cannot be written"):
        write_text(full, "x")


def test_a_link_stays_a_link_and_its_file_gets_the_text(tmp_path: Path) -> None:
    target, link = tmp_path / "kept.json", tmp_path / "latest.json"
    write_text(target, "old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_rights_of_a_replaced_file_are_kept_and_a_new_one_has_the_usual(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    write_text(target, "old")
    usual = tmp_path / "usual"
    usual.touch()
    assert target.stat().st_mode == usual.stat().st_mode
    target.chmod(0o600)
    write_text(target, "new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_what_killed_processes_left_aside_is_removed(tmp_path):
    target = tmp_path / "plan.json"
    with whole_file(target) as aside:
        left = aside.name
    old, new, other = tmp_path / left, tmp_path / f"{left[:-5]}x.json", tmp_path / ".plan-mine.json"
    for path in (old, new, other):
        path.write_text("")
    for path in (old, other):
        os.utime(path, (0, 0))
    write_text(target, "{}")
    assert {path.name for path in tmp_path.iterdir()} == {"plan.json", new.name, other.name}


def test_no_text_of_a_table_is_a_formula_in_a_spreadsheet(tmp_path):
    names = ["=1+1", "+x", "-x", "@x", "\t=1", " =1", "-5", "+1e3", "BTC", "", None]
    frame = pd.DataFrame(
        {"=name": names, "pnl": np.arange(len(names)) - 5.0, "at": pd.Timestamp("2026-01-01")}
    )
    write_csv(tmp_path / "x.csv", frame)
    again = pd.read_csv(tmp_path / "x.csv", keep_default_na=False, dtype=str)
    safe = ["'=1+1", "'+x", "'-x", "'@x", "'\t=1", "' =1", "-5", "+1e3", "BTC", "", ""]
    assert again["'=name"].tolist() == safe
    assert again["pnl"].astype(float).tolist() == frame["pnl"].tolist()
    assert frame["=name"].tolist()[:-1] == names[:-1]

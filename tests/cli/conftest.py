"""A folder with a book to run the command in, and a recorded chain."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cases.commands import BOOK

from hedging.cli import _overwriting, main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def chain_file(shared_data: Path) -> str:
    return str(shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz")


@pytest.fixture(autouse=True)
def every_result_is_known_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test of the command writes as a result could be written anew."""
    written: list[str] = []

    def noting(args: argparse.Namespace) -> None:
        _overwriting.check_overwriting(args)
        given = [getattr(args, name, None) for name in _overwriting.OUTPUTS if name != "json_lines"]
        written.extend(os.path.realpath(file) for file in given if file and file != "-" and "\0" not in file)

    def running(argv: list[str], run: Callable[[list[str]], int] = main._run) -> int:
        written.clear()
        code = run(argv)
        for file in filter(os.path.isfile, written):
            assert file.endswith(".toml") or not _overwriting._no_result(file, chain=True), file
        return code

    monkeypatch.setattr(main, "check_overwriting", noting)
    monkeypatch.setattr(main, "_run", running)

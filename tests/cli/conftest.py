"""A folder with a book to run the command in, and a recorded chain."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases.commands import BOOK


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def chain_file(shared_data: Path) -> str:
    return str(shared_data / "chains" / "deribit_full_20260206T043012Z.csv.gz")

"""The guide for contributors names files that exist, and its commands are those of the entry script."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / ".github" / "CONTRIBUTING.md"

pytestmark = pytest.mark.skipif(not GUIDE.exists(), reason="the sdist leaves the guide for contributors out")


def test_every_path_it_names_is_there() -> None:
    named = re.findall(r"`((?:hedging|tests|\.ci|CHANGELOG)[\w./]*)[^`]*`", GUIDE.read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_task_it_names_is_one() -> None:
    script = (ROOT / ".ci" / "task").read_text(encoding="utf-8")
    tasks = set(re.findall(r"\.ci/task (\w+)", GUIDE.read_text(encoding="utf-8")))
    assert tasks == {"check", "test", "docs", "all"}
    for task in tasks:
        assert re.search(rf"^    (?:[\w |]*\b)?{task}\)", script, re.M), task

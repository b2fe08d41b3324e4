"""The library logs and never prints; to import it changes nothing of the program that does."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hedging

HOUSE = Path(hedging.__file__).parent
LOUD = {"print", "pprint", "input", "breakpoint"}
GLOBAL = {
    "basicConfig",
    "addHandler",
    "setLevel",
    "disable",
    "captureWarnings",
    "simplefilter",
    "filterwarnings",
}
GLOBAL |= {"seterr", "set_option", "rcParams", "setlocale", "seed", "excepthook", "displayhook", "signal"}


def words(source: str | ast.stmt, *, names: set[str]) -> Iterator[int]:
    """Lines on which a name is called, or set or changed as an attribute."""
    for node in ast.walk(ast.parse(source) if isinstance(source, str) else source):
        if isinstance(node, ast.Call):
            called = node.func
            found = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
            if found in names:
                yield node.lineno
        elif isinstance(node, ast.Assign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                inside = {getattr(each, "attr", "") for each in ast.walk(target)}
                if inside & names:
                    yield node.lineno


def rooms() -> list[Path]:
    """All files but those of the command, which prints."""
    command = {HOUSE / "cli", HOUSE / "__main__.py"}
    return [path for path in sorted(HOUSE.rglob("*.py")) if not command & {path, *path.parents}]


def test_the_searches_find_what_they_look_for() -> None:
    assert sorted(words("print(1)\nx.pprint(2)\n'print(3)'", names=LOUD)) == [1, 2]
    source = "logging.basicConfig()\nmpl.rcParams['x'] = 1\nnp.seterr(all='raise')\nsys.excepthook = f\nx = 1"
    assert sorted(words(source, names=GLOBAL)) == [1, 2, 3, 4]


def test_no_room_prints_or_asks() -> None:
    found = [
        f"{path}:{line}" for path in rooms() for line in words(path.read_text(encoding="utf-8"), names=LOUD)
    ]
    assert not found


def test_nobody_writes_to_a_stream_but_the_command() -> None:
    for path in rooms():
        source = path.read_text(encoding="utf-8")
        assert "sys.stdout" not in source, path
        assert "sys.stderr" not in source, path


def at_import(source: str) -> Iterator[ast.stmt]:
    """The statements that run when a file is imported."""
    stack: list[ast.stmt] = list(ast.parse(source).body)
    while stack:
        statement = stack.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        inner = [each for each in ast.iter_child_nodes(statement) if isinstance(each, ast.stmt)]
        stack += inner
        if not inner:
            yield statement


def test_no_file_changes_global_state_when_it_is_imported() -> None:
    found = [
        f"{path}:{statement.lineno}"
        for path in sorted(HOUSE.rglob("*.py"))
        for statement in at_import(path.read_text(encoding="utf-8"))
        if any(words(statement, names=GLOBAL))
    ]
    assert not found


def test_loggers_bear_the_name_of_their_room() -> None:
    """Whoever sets up logging by ``logging.getLogger("hedging")`` hears all of it."""
    named = [path for path in rooms() if "getLogger" in path.read_text(encoding="utf-8")]
    assert named
    for path in named:
        source = path.read_text(encoding="utf-8")
        assert source.count("getLogger(") == source.count("getLogger(__name__)"), path


STATE = """
import locale, logging, random, signal, sys, warnings
import numpy as np, pandas as pd, matplotlib as mpl
import scipy.sparse, scipy.special, scipy.stats  # these add filters of their own
def state():
    root = logging.getLogger()
    return (
        list(root.handlers), root.level, logging.getLogger("hedging").handlers, logging.getLogger("hedging").level,
        list(warnings.filters), np.geterr(), dict(mpl.rcParams), mpl.get_backend(auto_select=False),
        random.getstate(), np.random.get_state()[1].tolist(), locale.setlocale(locale.LC_ALL),
        sys.excepthook, sys.displayhook, signal.getsignal(signal.SIGINT), pd.get_option("display.width"), sys.path[:],
    )
before = state()
import hedging as hg
for name in hg.__all__:
    getattr(hg, name)
after = state()
names = "handlers level own own_level filters geterr rc backend random numpy locale except display sigint pandas path".split()
print([name for name, a, b in zip(names, before, after) if a != b])
"""


@pytest.mark.slow  # a fresh process that loads every room: 2 s
def test_importing_every_room_changes_nothing_global_and_says_nothing() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", STATE], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "[]\n", "")


def test_what_is_read_and_planned_is_logged_and_nothing_is_printed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    hedging.venues.write_chain(hedging.samples.chain(), tmp_path / "chain.csv")
    with caplog.at_level("INFO", logger="hedging"):
        chain = hedging.read_chain(tmp_path / "chain.csv")
        limits = hedging.Limits(max_legs=1, expiries=(20, 60))
        hedging.plan(hedging.samples.book(), chain, hedging.Target(delta=(8, 16)), limits)
    read, planned = (record.getMessage() for record in caplog.records)
    assert f"chain.csv is hedging: {len(chain.quotes)} quotes kept, 0 rejected" in read
    assert planned.startswith("optimal, objective ")
    assert capfd.readouterr() == ("", "")

"""Files and streams as they happen to be: folders, unreadable, empty, huge, of another system, from stdin, of a newer version."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from cases.commands import one_line
from cases.processes import ROOT, command

from hedging import OptionChain
from hedging.cli import main as cli
from hedging.venues import write_chain

PLAN = ["plan", "book.toml", "--chain", "chain.csv", "--delta", "8:12", "--max-legs", "1"]
HUGE = 100_000_000
BOM = b"\xef\xbb\xbf"
# Every input of every command, by where it stands on the line.
INPUTS = {
    "book": ["plan", "{}", "--chain", "chain.csv", "--delta", "8:12"],
    "chain": ["plan", "book.toml", "--chain", "{}", "--delta", "8:12"],
    "plan": ["audit", "{}", "--chain", "chain.csv"],
    "plan of a scenario": [
        "scenario",
        "book.toml",
        "--chain",
        "chain.csv",
        "--velocity",
        "-2%",
        "--plan",
        "{}",
    ],
    "watched": ["watch", "{}", "--chain", "chain.csv"],
    "rolled": ["roll", "{}", "--chain", "chain.csv"],
    "checked": ["book", "check", "{}"],
    "shown": ["chain", "show", "{}"],
    "prices": ["screen", "{}"],
    "recorded": ["backtest", "book.toml", "--chain", "{}"],
}


@pytest.fixture(autouse=True)
def inputs(folder: Path, sample: OptionChain) -> Path:
    write_chain(sample, folder / "chain.csv")
    return folder


def refused(name: str, file: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main([part.format(file) for part in INPUTS[name]]) == 2
    return one_line(capsys)


@pytest.mark.parametrize("name", [name for name in INPUTS if name != "recorded"])
def test_a_folder_in_place_of_a_file_is_said(
    name: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "here").mkdir()
    assert "here cannot be read: it is a folder" in refused(name, "here", capsys).replace("'", "")


@pytest.mark.parametrize("name", INPUTS)
def test_a_file_that_is_not_there_is_said(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere.x" in refused(name, "nowhere.x", capsys)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("content", [b"", b"\n\n", BOM])
def test_an_empty_file_is_one_line(
    name: str, content: bytes, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "empty.csv").write_bytes(content)
    assert "empty.csv" in refused(name, "empty.csv", capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_said(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (inputs / "book.toml").chmod(0)
    assert cli.main(PLAN) == 2
    assert "cannot be read: its permissions keep you out" in one_line(capsys)


def test_an_unreadable_file_is_said_whoever_runs_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    monkeypatch.setattr(Path, "read_bytes", denied)
    assert cli.main(PLAN) == 2
    assert "cannot be read: its permissions keep you out" in one_line(capsys)


def windows(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\r\n")


def marked(raw: bytes) -> bytes:
    return BOM + raw


@pytest.mark.parametrize("change", [windows, marked])
def test_files_as_windows_saves_them_are_the_same(
    change: Callable[[bytes], bytes], inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%", "--json", "-"]
    assert cli.main(run) == 0
    first = json.loads(capsys.readouterr().out)
    for name in ("book.toml", "chain.csv"):
        (inputs / name).write_bytes(change((inputs / name).read_bytes()))
    assert cli.main(run) == 0
    assert json.loads(capsys.readouterr().out) == first


@pytest.mark.slow  # files of 100 MB are written and read
@pytest.mark.parametrize("name", ["book", "chain", "prices"])
def test_a_hundred_megabytes_of_nothing_are_one_short_line(
    name: str, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inputs / "huge.csv").write_bytes(b"x" * HUGE)
    assert len(refused(name, "huge.csv", capsys)) < 1_000


def test_a_plan_of_a_newer_version_says_so(inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*PLAN, "--json", "plan.json"]) == 0
    saved = json.loads((inputs / "plan.json").read_text())
    (inputs / "plan.json").write_text(json.dumps(saved | {"version": 99}))
    capsys.readouterr()
    assert cli.main(["audit", "plan.json", "--chain", "chain.csv"]) == 2
    assert "plan.json is a plan file of version 99" in one_line(capsys)


@pytest.mark.slow  # two processes that plan and draw
def test_two_commands_that_write_one_folder_leave_whole_files(inputs: Path) -> None:
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "hedging", *PLAN, "--json", "plan.json", "--csv", "orders.csv"],
            stdout=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(2)
    ]
    assert [run.wait() for run in runs] == [0, 0]
    assert json.loads((inputs / "plan.json").read_text())["status"] == "optimal"
    assert (inputs / "orders.csv").read_text().startswith("instrument,")
    assert {path.name for path in inputs.iterdir()} == {"book.toml", "chain.csv", "plan.json", "orders.csv"}


# --- stdin ----------------------------------------------------------------------------------------------


def from_stdin(content: bytes | str, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = content.encode() if isinstance(content, str) else content
    stdin = SimpleNamespace(buffer=io.BytesIO(raw), closed=False, isatty=lambda: False)
    monkeypatch.setattr(sys, "stdin", stdin)


@pytest.mark.parametrize("place", [1, 3])
def test_one_input_may_come_from_stdin(
    place: int, inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%"]
    assert cli.main(run) == 0
    first = capsys.readouterr().out
    from_stdin((inputs / run[place]).read_bytes(), monkeypatch)
    assert cli.main([*run[:place], "-", *run[place + 1 :]]) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "is to be read from stdin, and nothing came"), ("quantity = ", "stdin is not TOML")],
)
def test_what_comes_from_stdin_is_named_as_that(
    content: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from_stdin(content, monkeypatch)
    assert cli.main(["plan", "-", "--chain", "chain.csv", "--delta", "8:12"]) == 2
    assert message in one_line(capsys)


def test_two_inputs_from_stdin_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["plan", "-", "--chain", "-", "--delta", "8:12"]) == 2
    assert "only one input can come from stdin" in one_line(capsys)


def test_a_closed_stdin_is_one_line() -> None:
    done = command("plan", "-", "--chain", "chain.csv", "--delta", "8:12", redirected="<&-")
    assert done.returncode == 2
    assert done.stderr == "hedging: book is to be read from stdin, which is closed.\n"


def test_a_stdin_that_never_comes_is_left_by_an_interruption() -> None:
    read, write = os.pipe()  # nobody writes into it
    code = (
        "import os, signal, sys, threading; from hedging.cli.main import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored in a shell's background
        "threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "sys.exit(main(['book', 'check', '-']))"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=read,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(read)
        os.close(write)
    assert (done.returncode, done.stderr) == (130, "hedging: interrupted\n")

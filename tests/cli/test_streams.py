"""Streams that are closed, full or left early: results or one line, never a traceback, at any of them."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from cases.commands import BOOK
from cases.processes import command, command_into_a_pipe_that_nobody_reads, forked_command

from hedging import OptionChain
from hedging.cli import main as cli
from hedging.venues import write_chain

FULL = "hedging: what was asked for cannot be written to stdout: No space left on device.\n"
INFEASIBLE = ["plan", "book.toml", "--chain", "chain.csv", "--delta", "20:25", "--floor", "-1%"]
INFEASIBLE += ["--budget", "0.1%", "--max-legs", "1"]
# Each with the exit code that it has where nothing is wrong with its streams.
COMMANDS = {
    "help": (["--help"], 0),
    "version": (["--version"], 0),
    "no command": ([], 2),
    "wrong usage": (["plan", "book.toml", "--chain", "chain.csv", "--delta", "a"], 2),
    "bad input": (["plan", "nowhere.toml", "--chain", "chain.csv", "--delta", "8:12"], 2),
    "results": (["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%"], 0),
    "json": (["overlays", "book.toml", "--chain", "chain.csv", "--json", "-"], 0),
    "results, then a complaint": (INFEASIBLE, 1),
}
PRINTING = [name for name in COMMANDS if name not in ("no command", "wrong usage", "bad input")]

# What starts at once has a process of its own; the others are forks of one, which has loaded what they load.
LIGHT = ("help", "version", "no command", "wrong usage")
SHELL = {"stdin": "<", "stdout": ">", "stderr": "2>"}

needs_full = pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full here")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, sample: OptionChain, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "book.toml").write_text(BOOK)
    write_chain(sample, tmp_path / "chain.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(name: str, **streams: str) -> CompletedProcess[str]:
    """A command whose streams lead to a file or are closed."""
    if name not in LIGHT:
        return forked_command(*COMMANDS[name][0], **streams)
    lead = (SHELL[stream] + ("&-" if there == "closed" else there) for stream, there in streams.items())
    return command(*COMMANDS[name][0], redirected=" ".join(lead))


@pytest.mark.parametrize("name", COMMANDS)
def test_results_that_a_closed_stdout_lost_are_said(name: str) -> None:
    code, lost = COMMANDS[name][1], name in PRINTING
    done = ran(name, stdout="closed")
    assert done.returncode == (code or (3 if lost else 0))
    assert done.stderr.count("\n") == lost + (code != 0), done.stderr
    assert done.stderr.endswith("cannot be written to stdout: it is closed.\n") == lost


@pytest.mark.parametrize("name", PRINTING)
def test_a_reader_that_has_seen_enough_ends_it_quietly(name: str) -> None:
    arguments, code = COMMANDS[name]
    if name in LIGHT:
        returned, said = command_into_a_pipe_that_nobody_reads(*arguments)
    else:
        done = forked_command(*arguments, stdout="unread")
        returned, said = done.returncode, done.stderr
    assert returned == code
    assert said.count("\n") == (code != 0), said


@needs_full
@pytest.mark.parametrize("name", PRINTING)
def test_a_full_disk_under_stdout_is_said(name: str) -> None:
    code = COMMANDS[name][1]
    done = ran(name, stdout="/dev/full")
    assert done.returncode == (code or 3)
    assert done.stderr.endswith(FULL)
    assert done.stderr.count("\n") == 1 + (code != 0), done.stderr


@needs_full
@pytest.mark.parametrize("told", [["plan", "--help-all"], ["plan", "--help"], ["--version"]])
def test_help_that_a_full_disk_cannot_take_is_said(told: list[str]) -> None:
    done = command(*told, redirected=">/dev/full")
    assert done.returncode == 3
    assert done.stderr.endswith(FULL)
    assert done.stderr.count("\n") == 1


WRITING = {
    "report": ["report", "book.toml", "--chain", "chain.csv", "-o", "out.html"],
    "json": ["overlays", "book.toml", "--chain", "chain.csv", "--json", "out.json"],
    "csv": ["overlays", "book.toml", "--chain", "chain.csv", "--csv", "out.csv"],
    "plot": ["overlays", "book.toml", "--chain", "chain.csv", "--plot", "out.png"],
}


@pytest.mark.parametrize("name", WRITING)
def test_a_full_disk_under_a_file_is_the_systems_fault_and_leaves_nothing(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = sorted(folder.iterdir())

    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert cli.main(WRITING[name]) == 3
    assert "cannot be written: No space left on device" in capsys.readouterr().err
    assert sorted(folder.iterdir()) == left


@needs_full
@pytest.mark.parametrize("there", ["closed", "/dev/full"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_stderr_that_takes_nothing_changes_neither_results_nor_code(name: str, there: str) -> None:
    code = COMMANDS[name][1]
    done = ran(name, stderr=there)
    assert (done.returncode, done.stderr) == (code, "")
    if name == "json":
        assert json.loads(done.stdout)
    assert not any(
        line.startswith("hedging: ") for line in done.stdout.splitlines()
    )  # no complaint among them


@pytest.mark.parametrize("name", COMMANDS)
def test_no_stream_at_all(name: str, folder: Path) -> None:
    assert ran(name, stdin="closed", stdout="closed", stderr="closed").returncode == COMMANDS[name][1]


def test_files_are_written_though_nobody_listens(folder: Path) -> None:
    crash = [*COMMANDS["results"][0], "--json", "crash.json"]
    assert command(*crash, redirected="<&- >&- 2>&-").returncode == 0
    assert json.loads((folder / "crash.json").read_text())
    (folder / "crash.json").unlink()
    assert command(*crash, redirected=">&-").returncode == 0  # the file has it
    assert json.loads((folder / "crash.json").read_text())

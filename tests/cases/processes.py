"""Code and commands run in a process of their own, as a user starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import hedging

ROOT = Path(hedging.__file__).parents[1]


def command(*arguments: str, redirected: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``python -m hedging`` from a shell, which may redirect its streams; warnings are errors."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -W error -m hedging "$@" {redirected}', sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


# Loads what commands load, once; then forks for each line, opens the streams as Python does when it starts, and runs
# the command to the end of the process. What the command loads would take ten times as long as what it does.
_FORKS = """
import json, os, runpy, sys
import hedging.cli.main, hedging.overlays, hedging.planner, hedging.scenario, hedging.venues

def lead(number, name):
    if name == "closed":
        return os.close(number)
    if name == "unread":
        read, there = os.pipe()
        os.close(read)
    else:
        there = os.open(name, os.O_RDWR | os.O_CREAT)
    os.dup2(there, number)
    os.close(there)

def opened(number, mode, errors):
    try:
        os.fstat(number)
    except OSError:
        return None
    return open(number, mode, encoding="utf-8", errors=errors, closefd=False)

for line in sys.stdin:
    asked = json.loads(line)
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    os.chdir(asked["folder"])
    for number, name in enumerate(asked["streams"]):
        lead(number, name)
    sys.stdin, sys.stdout = opened(0, "r", "strict"), opened(1, "w", "strict")
    sys.stderr = opened(2, "w", "backslashreplace")
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    sys.argv[1:] = asked["arguments"]
    runpy.run_module("hedging", run_name="__main__", alter_sys=True)
"""


@cache
def _forking() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", _FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def forked_command(*arguments: str, **streams: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a fork of a process that has loaded it; each of stdin, stdout and stderr may be something else.

    A stream is the name of a file, ``closed``, or ``unread`` for a pipe that nobody reads.
    """
    forking = _forking()
    assert forking.stdin is not None
    assert forking.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        named = {"stdin": os.devnull, "stdout": str(out), "stderr": str(err)} | streams
        asked = {"arguments": arguments, "folder": os.getcwd(), "streams": list(named.values())}
        print(json.dumps(asked), file=forking.stdin, flush=True)
        code = int(forking.stdout.readline())
        said = [path.read_text("utf-8") if path.exists() else "" for path in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *said)


def command_into_a_pipe_that_nobody_reads(*arguments: str) -> tuple[int, str]:
    """Run ``python -m hedging`` with stdout as ``| true`` leaves it; the exit code and stderr."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "hedging", *arguments],
            stdout=write,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
    finally:
        os.close(write)
    return done.returncode, done.stderr


def in_a_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run some code in a fresh process, on one thread; warnings are errors."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"},
    )


def printed(code: str) -> list[str]:
    """The words that some code prints in a fresh process, where warnings are errors."""
    done = in_a_process(code)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()

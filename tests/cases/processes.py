"""Code and commands run in a process of their own, as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
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

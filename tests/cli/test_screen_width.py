"""Results on a terminal: no wider than it is, no number broken, colour where it is taken; the same as ever in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from cases.processes import ROOT

from hedging import OptionChain, samples
from hedging._ground.tables import Page, Table, as_text, frame_text, on_screen
from hedging.cli import _screen
from hedging.venues import write_chain

NUMBER = re.compile(r"(?<![\w.,-])[-+]?\d[\d,]*(?:\.\d+)?%?(?![\w,])")
ESCAPE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")
RUNS = {
    "plan": [
        "plan",
        "book.toml",
        "--chain",
        "chain.csv",
        "--delta",
        "8:12",
        "--floor",
        "-15%",
        "--gap",
        "5%",
    ],
    "overlays": ["overlays", "book.toml", "--chain", "chain.csv", "--structure", "collar"],
    "scenario": ["scenario", "book.toml", "--chain", "chain.csv", "--velocity", "-2%"],
    "grid": ["scenario", "book.toml", "--chain", "chain.csv", "--grid"],
}


@cache  # of the same sample each time
def on_terminal(columns: int, run: str, **environment: str) -> str:
    """What a command shows on a terminal of so many columns."""
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR")}
    env |= {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"} | environment
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        os.execvpe(sys.executable, [sys.executable, "-m", "hedging", *RUNS[run]], env)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # what Linux says at the end of a terminal
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown.decode()
    # Progress comes and goes on one line; what is left of it is what follows its last return to the left edge.
    lines = shown.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition("\r")[2] for line in lines)


@pytest.fixture(autouse=True)
def inputs(folder: Path, sample: OptionChain) -> Path:
    write_chain(sample, folder / "chain.csv")
    return folder


@pytest.mark.slow  # a process for each run and width
@pytest.mark.parametrize(("name", "columns"), [("plan", 80), ("plan", 60), ("overlays", 60), ("grid", 60)])
def test_no_line_is_wider_than_the_terminal_and_no_number_breaks(name: str, columns: int) -> None:
    whole = on_terminal(400, name, TERM="dumb")
    shown = on_terminal(columns, name, TERM="dumb")
    assert max(map(len, shown.split("\n"))) <= columns
    numbers = {each for each in NUMBER.findall(whole) if not each.endswith(("s", "."))}
    seconds = {each for each in numbers if re.search(rf"{re.escape(each)} s\b", whole)}  # differ run by run
    assert numbers - seconds <= set(NUMBER.findall(shown))


@pytest.mark.slow  # a process for each
def test_a_terminal_of_twenty_columns_gets_its_results() -> None:
    assert "BTC-" in on_terminal(20, "plan", TERM="dumb")


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_is_left_out_where_it_is_not_wanted(environment: dict[str, str]) -> None:
    coloured = on_terminal(80, "scenario")
    plain = on_terminal(80, "scenario", **environment)
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert ESCAPE.sub("", coloured) == plain


def test_columns_that_do_not_fit_stand_below_after_the_first() -> None:
    frame = pd.DataFrame({"name": ["one", "two"], "low": [1.25, 10.25], "high": [2.5, 20.5]})
    with on_screen(14):
        lines = frame_text(frame, index=False).split("\n")
    assert lines == ["name   low", " one  1.25", " two 10.25", "", "name  high", " one   2.5", " two  20.5"]
    assert frame_text(frame, index=False) == frame.to_string(index=False)


def test_the_columns_that_tell_rows_apart_are_repeated() -> None:
    frame = pd.DataFrame(
        {"side": ["buy", "buy", "sell"], "contract": ["A", "B", "A"], "low": [1, 2, 3], "high": [4, 5, 6]}
    )
    with on_screen(22):
        first, second = frame_text(frame, index=False).split("\n\n")
        page = as_text(Page("", (Table(frame),))).split("\n\n")
    for part in (first, second, *page):
        assert len({tuple(line.split()[:2]) for line in part.split("\n")}) == 4
    with on_screen(14):  # where no other column fits beside both, as before
        assert frame_text(frame, index=False).startswith("side contract\n")


def test_without_a_terminal_texts_are_what_they_are_everywhere() -> None:
    text = repr(samples.chain())
    with on_screen(60):
        assert max(map(len, repr(samples.chain()).split("\n"))) <= 60
    assert repr(samples.chain()) == text


@pytest.mark.parametrize("width", [20, 60, 80])
def test_long_lines_break_between_words(width: int) -> None:
    line = "  remark        " + "what was paid is 12,345.67 USD " * 9
    parts = list(_screen.fitted(line, width))
    assert all(len(part) <= width for part in parts)
    assert " ".join(" ".join(parts).split()) == " ".join(line.split())

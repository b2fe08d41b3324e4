"""Results on a terminal: fitted to its width, with some colour where it takes that; plain and stable anywhere else."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager

from hedging._ground.names import shown

__all__ = ["columns", "fitted", "in_colour", "show", "sized"]

NARROWEST, USUAL = 20, 80
_DUMB = ("dumb", "unknown", "")


def columns() -> int | None:
    """Columns of the terminal that stdout is, None where it is none."""
    if not sys.stdout.isatty():
        return None
    told = os.environ.get("COLUMNS", "")
    try:
        found = int(told) if told.isdecimal() else os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        found = USUAL
    return max(found or USUAL, NARROWEST)


def in_colour() -> bool:
    """Whether the terminal takes colours, and nobody said that they are not wanted."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") not in _DUMB


@contextmanager
def sized() -> Iterator[None]:
    """Let results that are made within fit the terminal."""
    width = columns()
    if width is None:
        yield
        return
    from hedging._ground.tables import on_screen

    with on_screen(width):
        yield


def show(text: str) -> None:
    """Print a result: as it is into a pipe or a file, fitted and with some colour on a terminal."""
    width, text = columns(), shown(text)
    if width is None:
        print(text)
        return
    for number, line in enumerate(fitted(text, width)):
        _print(line, head=number == 0)


def fitted(text: str, width: int) -> Iterator[str]:
    r"""The lines of a text, those that are too long over several: no word and no number is broken.

    Examples
    --------
    >>> list(fitted("cost 12,345.67 USD of the book\n  note  premium", 16))
    ['cost 12,345.67', '  USD of the', '  book', '  note  premium']
    """
    for line in text.split("\n"):
        if len(line) <= width:
            yield line
            continue
        lead = len(line) - len(line.lstrip()) + 2
        yield from textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * min(lead, width // 3),
            break_long_words=False,
            break_on_hyphens=False,
        )


def _print(line: str, *, head: bool) -> None:
    """One line: a heading in bold, the name that begins a line and losses in colour."""
    if not in_colour():
        print(line)
        return
    try:
        from rich.console import Console
        from rich.text import Text
    except ModuleNotFoundError:  # the extra cli
        print(line)
        return
    coloured = Text(line, style="bold" if head else "", no_wrap=True, overflow="ignore", end="\n")
    if not head:
        coloured.highlight_regex(r"(?<![\w.])-(?:\d[\d,.]*)?\d(?:e[+-]?\d+)?%?(?![\w-])", "red")
        coloured.highlight_regex(
            re.compile(r"^  (?:in [A-Z]+|inside quotes|[a-z][a-z ]{2,13}(?=  ))"), "cyan"
        )
    Console(file=sys.stdout, highlight=False, legacy_windows=False).print(
        coloured, soft_wrap=True, crop=False
    )

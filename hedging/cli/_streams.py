"""Standard streams that are closed, full, or written to by others: none of it ends in a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

__all__ = ["complain", "discard", "flush", "own_streams"]


@contextmanager
def own_streams() -> Iterator[None]:
    """Keep stdout for our results, and give what is closed from the start a place to go.

    HiGHS prints a line of its own to stdout, in the middle of any JSON. Without a stdout argparse prints to
    stderr, and without a stderr `print` takes stdout for it.
    """
    theirs = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _apart(theirs[0]), theirs[1] or _nowhere(2)
    ours = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = theirs
        for stream in ours:
            if stream not in theirs:
                with suppress(OSError):  # what a stream cannot take was said by then
                    stream.close()


def _apart(stdout: TextIO | None) -> TextIO:
    """Give a stream to where stdout leads, while all that goes to its number is dropped."""
    if stdout is None:
        return _nowhere(1)
    try:
        number = os.dup(stdout.fileno())
    except (OSError, ValueError):  # no file below it: nothing to protect
        return stdout
    discard(stdout)
    return os.fdopen(number, "w", encoding=stdout.encoding, errors="replace")


def _nowhere(number: int) -> TextIO:
    """Give a stream that drops all, and take the number too: the next file opened would get it."""
    try:
        os.fstat(number)
    except OSError:
        _redirect(number)
    return open(os.devnull, "w", encoding="utf-8")


def _redirect(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def discard(stream: TextIO) -> None:
    """Send what a stream still buffers, and all that follows, nowhere: it would fail again at exit."""
    with suppress(OSError, ValueError):  # no file below it
        _redirect(stream.fileno())


def flush() -> None:
    """Hand over what was printed; what stderr cannot take is dropped.

    Raises
    ------
    OSError
        If the reader of stdout is gone, or the disk under it is full.
    """
    for stream in (sys.stderr, sys.stdout):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            discard(stream)
            if stream is sys.stdout:
                raise


def complain(error: object) -> None:
    """Say in one line on stderr what went wrong."""
    if sys.stderr is None:
        return
    try:
        print("hedging: " + " ".join(str(error).split()), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)

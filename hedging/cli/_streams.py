"""Standard streams that are closed, full, or written to by others: none of it ends in a traceback."""

from __future__ import annotations

import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast

from hedging._ground.names import shown

__all__ = ["complain", "discard", "flush", "forgive", "own_streams"]


@contextmanager
def own_streams() -> Iterator[None]:
    """Keep stdout for our results, and give what is closed from the start a place to go.

    HiGHS prints a line of its own to stdout, in the middle of any JSON. Without a stdout argparse prints to
    stderr, and without a stderr `print` takes stdout for it.
    """
    theirs = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _apart(theirs[0], alone=theirs[1] is None), theirs[1] or _nowhere(2)
    ours = sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdout, sys.stderr = theirs
        for stream in ours:
            if stream not in theirs:
                with suppress(OSError):  # what a stream cannot take was said by then
                    stream.close()


class _Closed(io.TextIOBase):
    """Where stdout was closed before we came: it drops what is printed, and knows whether anything was."""

    lost = False

    def write(self, text: str) -> int:
        self.lost = self.lost or bool(text)
        return len(text)

    def writable(self) -> bool:
        return True


def forgive() -> None:
    """Results that went to a file as well are not lost where stdout is closed."""
    if isinstance(sys.stdout, _Closed):
        sys.stdout.lost = False


def _apart(stdout: TextIO | None, alone: bool) -> TextIO:
    """Give a stream to where stdout leads, while all that goes to its number is dropped.

    Of a closed one it tells later that results were lost; not where stderr is closed too: nobody listens at all.
    """
    if stdout is None:
        nowhere = _nowhere(1)
        if alone:
            return nowhere
        nowhere.close()
        return cast("TextIO", _Closed())
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
        If the reader of stdout is gone, the disk under it is full, or it was closed and something was printed.
    """
    if isinstance(sys.stdout, _Closed) and sys.stdout.lost:
        raise OSError(errno.EBADF, "it is closed")
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
        said = re.sub(r"\?\.(?=\s|$)", "?", " ".join(str(error).split()))
        print("hedging: " + shown(said), file=sys.stderr, flush=True)
    except OSError:
        discard(sys.stderr)

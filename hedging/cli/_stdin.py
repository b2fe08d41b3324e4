"""Files that are read from stdin, where ``-`` is written in their place."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hedging.cli._streams import complain
from hedging.errors import HedgingError, InputError

__all__ = ["from_stdin", "named"]

NAME, PREFIX = "stdin", "hedging-stdin-"
INPUTS = ("book", "plan", "chain", "prices", "file", "files")
STDIN = "-"


@contextmanager
def from_stdin(args: argparse.Namespace) -> Iterator[None]:
    """Read stdin aside for the one input that is ``-``; readers look into a file more than once.

    Raises
    ------
    InputError
        If several inputs are, stdin is closed, or nothing comes.
    """
    asked = [(name, value) for name in INPUTS if STDIN in _each(value := getattr(args, name, None))]
    if not asked:
        yield
        return
    if len(asked) > 1 or _each(asked[0][1]).count(STDIN) > 1:
        raise InputError("only one input can come from stdin: give a file for the others.")
    name, value = asked[0]
    with tempfile.TemporaryDirectory(prefix=PREFIX) as folder:
        path = Path(folder, NAME)
        _save(path, name)
        given = [str(path) if each == STDIN else each for each in _each(value)]
        setattr(args, name, given if isinstance(value, list) else given[0])
        try:
            yield
        except HedgingError as error:
            error.args = tuple(str(each).replace(str(path), NAME) for each in error.args)
            raise


def named(file: str) -> str:
    """A file as messages name it: stdin, where it was read from there."""
    path = Path(file)
    return NAME if path.name == NAME and path.parent.name.startswith(PREFIX) else file


def _each(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _save(path: Path, name: str) -> None:
    stdin = sys.stdin
    if stdin is None or stdin.closed:
        raise InputError(f"{name} is to be read from stdin, which is closed.")
    if stdin.isatty():
        complain(f"reading the {name} from stdin; end it with Ctrl-D")
    try:
        with path.open("wb") as stream:
            shutil.copyfileobj(stdin.buffer, stream)
    except OSError as error:
        raise InputError(f"{name} cannot be read from stdin: {error.strerror or error}.") from error
    if not path.stat().st_size:
        raise InputError(f"{name} is to be read from stdin, and nothing came.")

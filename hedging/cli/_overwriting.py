"""Results overwrite older results alone: no input of the command, and no file that somebody wrote or recorded."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from hedging._ground.file_kinds import kind_of_bytes, kind_of_text
from hedging.cli._unknown import CHAINS
from hedging.errors import InputError

__all__ = ["INPUTS", "OUTPUTS", "check_overwriting"]

INPUTS = (
    *("book", "plan", "chain", "chains", "file", "files", "prices", "coin_prices", "map", "beside"),
    *("dividends", "depth", "funding_history", "rules", "backtest", "screen"),
)
"""Arguments that name a file or a folder that is read; some take words and amounts too, which are no files."""

OUTPUTS = ("json", "csv", "plot", "ticket", "output", "json_lines")
"""Arguments that name what a command writes its result to."""

STDIN = "-"
_LOOKED_AT = 1_000_000  # bytes of a file that would be overwritten


def check_overwriting(args: argparse.Namespace) -> None:
    """Refuse a result that would overwrite what is read, by whatever path or link, or what is no result, before any work.

    Raises
    ------
    InputError
        If there is one; it names the option and the file.
    """
    read = [place for name in INPUTS for place in _places(getattr(args, name, None))]
    for name in OUTPUTS:
        file = getattr(args, name, None)
        # By the name that is written in the end: `none/../book.toml` and `book.toml/` are `book.toml`.
        written = file if file in (None, STDIN) or "\0" in file else os.path.realpath(file)
        if written in (None, STDIN) or not os.path.isfile(
            written
        ):  # what is not there yet overwrites nothing
            continue
        names = next(a.option_strings for a in args.parser._actions if a.dest == name)
        option = args.parser.called(names or [name])
        if any(_same(place, written) for place in read):
            raise InputError(f"{option} {file} is the file that is read; give another name.")
        if folder := next((place for place in read if _lies_in(written, place)), None):
            raise InputError(
                f"{option} {file} is one of the files of {folder}, which are read; give another name."
            )
        # A book of its own `book new` judges itself, and a watch goes on from its file.
        if names and name != "json_lines" and (kind := _no_result(written, chain=name == "output")):
            raise InputError(f"{option} {file} is {kind}, which no result replaces; give another name.")


def _no_result(file: str, *, chain: bool) -> str:
    """What a file is that no command wrote as its result: a book, recorded quotes, prices; empty of any other.

    With `chain` a chain may be written anew.
    """
    try:
        with open(file, "rb") as stream:
            data = stream.read(_LOOKED_AT)
    except OSError:  # which the writer tells
        return ""
    text = data.decode("utf-8-sig", "replace")
    recorded = data.startswith((b"\x1f\x8b", b"PAR1", b"# hedging")) or text.lstrip().startswith('{"jsonrpc"')
    if recorded:
        return "" if chain else kind_of_bytes(data).partition(", which")[0] or "recorded quotes"
    kind = kind_of_text(text).partition(", which")[0]
    return kind if kind.startswith(("a book in", "a map of", "rules of", "a table of")) else ""


def _places(value: object) -> Iterator[str]:
    """The files that the value of an argument names; ``FILE+BESIDE`` names two."""
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield each
            if not os.path.exists(each):
                yield from each.split("+", 1)


def _same(place: str, file: str) -> bool:
    """Whether two names are of one file; stdin may be redirected from it."""
    try:
        if place == STDIN:
            return os.path.samestat(os.fstat(sys.stdin.fileno()), os.stat(file))
        return os.path.samefile(place, file)
    except (OSError, ValueError, AttributeError):  # none there, no name of a file, or no stdin
        return False


def _lies_in(file: str, folder: str) -> bool:
    """Whether a file is a quote file of a folder that is read; others there are left alone."""
    return os.path.isdir(folder) and file.lower().endswith(CHAINS) and _same(folder, str(Path(file).parent))

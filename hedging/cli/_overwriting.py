"""Results overwrite older results alone: no input of the command, and nothing that no command wrote."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from hedging._ground.file_kinds import kind_of_bytes
from hedging._ground.packing import packed_by, unpacked
from hedging.cli._results import is_result
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
_NAMED = ("a book in", "a map of", "rules of", "a table ", "a chain of", "a file, packed")


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
        names, form = next((a.option_strings, a.metavar) for a in args.parser._actions if a.dest == name)
        if form == "DIR":  # which says itself that it takes no file
            continue
        option = args.parser.called(names or [name])
        if any(_same(place, written) for place in read):
            raise InputError(f"{option} {file} is the file that is read; give another name.")
        if folder := next((place for place in read if _lies_in(written, place)), None):
            raise InputError(
                f"{option} {file} is one of the files of {folder}, which are read; give another name."
            )
        # A book of its own `book new` judges itself, and a watch goes on from its file.
        if names and name != "json_lines" and (kind := _no_result(written, chain=name == "output")):
            raise InputError(
                f"{option} {file} is {kind}, which no result replaces; give another name, or remove that file first."
            )


def _no_result(file: str, *, chain: bool) -> str:
    """What a file is that no command wrote as its result; empty of any other.

    With `chain` a chain may be written anew.
    """
    try:
        with open(file, "rb") as stream:
            data = stream.read(_LOOKED_AT)
            stream.seek(max(0, os.path.getsize(file) - _LOOKED_AT))
            end = stream.read(_LOOKED_AT)
    except OSError:  # which the writer tells
        return ""
    if is_result(data) or (chain and _is_chain(data, end)):
        return ""
    known = kind_of_bytes(data).partition(", which")[0]
    return known if known.startswith(_NAMED) else "a file that no command of hedging wrote"


def _is_chain(begin: bytes, end: bytes) -> bool:
    """Whether a file is one chain as we write it, by its first line or, of Parquet, by the words at its end."""
    if begin.startswith(b"PAR1"):
        return b"hedging-chain" in end
    try:
        text = unpacked(begin, _LOOKED_AT) if packed_by(begin) else begin
    except ValueError:  # cut off
        return False
    return text.startswith(b"# hedging-chain")


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

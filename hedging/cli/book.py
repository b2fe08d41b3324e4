"""The command ``hedging book``: write a book's file to begin with, check one, print the schema of all."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hedging._ground.forms import written
from hedging._ground.reading import in_line_order
from hedging._writing import check_writable, write_text
from hedging.cli import _console as console
from hedging.cli._parser import command as a_command
from hedging.cli._streams import complain
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.book import Book
    from hedging.planner import Mandate

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``book`` and its steps."""
    text = "book files: write one to begin with, check one, print their schema"
    book = commands.add_parser("book", help=text, description=f"{text[0].upper()}{text[1:]}.")
    book.set_defaults(parser=book)
    steps = book.add_subparsers(metavar="STEP", required=True)

    new = a_command(
        steps,
        "new",
        _new,
        "write a commented file with every kind of holding, targets and limits",
        example="hedging book new book.toml",
    )
    new.add_argument("output", nargs="?", default="book.toml", metavar="FILE", help="default book.toml, or -")

    check = a_command(
        steps,
        "check",
        _check,
        "what a file says, or every mistake in it",
        example="hedging book check book.toml",
    )
    check.add_argument("book", metavar="BOOK", help="TOML file of what is held, or -")
    text = "also whether these quotes have every contract; again for each asset of the book"
    console.add_chain(check, several=True, required=False, text=text)
    check.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(check, "holdings")

    schema = a_command(
        steps,
        "schema",
        _schema,
        "the JSON schema of book files, by which editors complete and check them",
        example="hedging book schema -o book.schema.json",
    )
    schema.add_argument("-o", "--output", metavar="FILE", help="write to a file; stdout without")


def _new(args: argparse.Namespace) -> int:
    from hedging.book import template

    if args.output == "-":
        print(template(), end="")
        return 0
    check_writable(args.output)
    if os.path.exists(os.path.realpath(args.output)):  # the name that is written in the end
        raise InputError(f"{args.output} exists already: give the name of a new file.")
    write_text(args.output, template())
    print(f"wrote {args.output}\nnext: hedging book check {args.output}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from hedging.book.doubts import doubts_without_quotes
    from hedging.planner import read_mandate
    from hedging.planner.request.misfits import misfits

    console.check_outputs(args.json, args.csv)
    book, mandate = _both(args.book, _read_held, read_mandate)
    if wrong := misfits(args.book, book, mandate):
        raise InputError(f"{args.book}: {' | '.join(wrong)}.")
    notes = [f"note: {each}" for each in doubts_without_quotes(book)]
    looked_at = [*notes, *_check_chain(args, book)]
    if args.json:
        console.emit_json(args.json, _content(book, mandate))
    if args.csv:
        console.emit_csv(args.csv, book.to_frame())
    if "-" not in (args.json, args.csv):
        console.show("\n".join([str(book), _told(mandate), *looked_at]))
    else:
        for line in looked_at:
            complain(line)
    return 0


def _read_held(path: str) -> Book:
    """The book of a file, where every holding holds something."""
    from hedging.book import read_book
    from hedging.book.against import nothing_held

    book = read_book(path)
    if wrong := nothing_held(book.holdings):
        raise InputError(f"{path}: {' | '.join(wrong)}.")
    return book


def _both(path: str, *readers: Any) -> list[Any]:
    """What each reader makes of a file; the mistakes that any of them finds, all at once."""
    found, wrong = [], []
    for read in readers:
        try:
            found.append(read(path))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        first, *others = dict.fromkeys(wrong)
        if not first.startswith(f"{path}: "):  # no file, or none in TOML
            raise InputError(first)
        each = [part for text in (first, *others) for part in text.removeprefix(f"{path}: ").split(" | ")]
        raise InputError(f"{path}: {' | '.join(in_line_order(part.removesuffix('.') for part in each))}.")
    return found


def _check_chain(args: argparse.Namespace, book: Book) -> list[str]:
    """What the quotes were looked at for.

    Raises
    ------
    InputError
        If they do not list or cannot price all of the book, or its numeraire is none of theirs.
    """
    if not args.chain:
        return []
    from hedging.book.against import against

    assets = (args.asset,) if args.asset else book.assets or (None,)
    found = against(book, console.read_markets(args, assets))
    if found.mistakes:
        raise InputError(f"{args.book}: {' | '.join(each.rstrip('.') for each in found.mistakes)}.")
    return [
        *(f"checked: {each}: all listed and priced" for each in found.looked_at),
        *(f"note: {each}" for each in found.doubts),
    ]


def _content(book: Book, mandate: Mandate) -> dict[str, Any]:
    from hedging.book.saved import book_to_dict

    return book_to_dict(book) | {
        "targets": {name: str(written(value)) for name, value in mandate.targets.items()},
        "limits": {name: str(written(value)) for name, value in mandate.limits.items()},
    }


def _told(mandate: Mandate) -> str:
    """The mandate in two lines."""
    lines = []
    for name, fields in (("targets", mandate.targets), ("limits", mandate.limits)):
        told = ", ".join(f"{key.replace('_', '-')} {_shown(value)}" for key, value in fields.items())
        lines.append(f"{name:<9}{told or 'none: give them to hedging plan'}")
    return "\n".join(lines)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_shown(name)} {_shown(part)}" for name, part in value.items())
    if (
        isinstance(value, tuple)
        and not hasattr(value, "_fields")
        and all(not isinstance(v, str) for v in value)
    ):
        return ":".join("" if end in (None, float("inf")) else f"{end:g}" for end in value)
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _schema(args: argparse.Namespace) -> int:
    from hedging.planner import book_schema

    text = json.dumps(book_schema(), indent=2)
    if args.output in (None, "-"):
        print(text)
    else:
        write_text(args.output, text + "\n")
    return 0

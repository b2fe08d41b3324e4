"""The command ``hedging book``: write a book's file to begin with, check one, print the schema of all."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedging._ground.forms import asset, written
from hedging._writing import check_writable, write_text
from hedging.cli import _console as console
from hedging.cli._parser import command as a_command
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
    new.add_argument("file", nargs="?", default="book.toml", metavar="FILE", help="default book.toml, or -")

    check = a_command(
        steps,
        "check",
        _check,
        "what a file says, or every mistake in it",
        example="hedging book check book.toml",
    )
    check.add_argument("book", metavar="BOOK", help="TOML file of what is held, or -")
    check.add_argument("--chain", metavar="FILE", help="also whether these quotes have every contract")
    check.add_argument("--asset", metavar="NAME", type=asset, help="which underlying, in a file of several")
    check.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")

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

    if args.file == "-":
        print(template(), end="")
        return 0
    check_writable(args.file)
    if Path(args.file).exists():
        raise InputError(f"{args.file} exists already: give the name of a new file.")
    write_text(args.file, template())
    print(f"wrote {args.file}\nnext: hedging book check {args.file}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from hedging.book import read_book
    from hedging.planner import read_mandate

    console.check_outputs(args.json)
    book, mandate = _both(args.book, read_book, read_mandate)
    if args.chain:
        _check_chain(args, book)
    if args.json:
        console.emit_json(args.json, _content(book, mandate))
    if args.json != "-":
        console.show(f"{book}\n{_told(mandate)}")
    return 0


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
        raise InputError(
            " | ".join([first.removesuffix("."), *(each.removeprefix(f"{path}: ") for each in others)])
        )
    return found


def _check_chain(args: argparse.Namespace, book: Book) -> None:
    """Refuse a book that the quotes cannot price."""
    from hedging.market import Market
    from hedging.venues import read_chain

    for name in (args.asset,) if args.asset else book.assets:
        book.exposure(Market.of(read_chain(args.chain, asset=name)))


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
    if (
        isinstance(value, tuple)
        and not hasattr(value, "_fields")
        and all(not isinstance(v, str) for v in value)
    ):
        return ":".join("" if end in (None, float("inf")) else f"{end:g}" for end in value)
    return str(value)


def _schema(args: argparse.Namespace) -> int:
    from hedging.planner import book_schema

    text = json.dumps(book_schema(), indent=2)
    if args.output in (None, "-"):
        print(text)
    else:
        write_text(args.output, text + "\n")
    return 0

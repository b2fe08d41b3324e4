"""Options that a request would not look at: each is refused with what it goes with, never ignored."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hedging.cli._parser import Parser, option
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.book import Book
    from hedging.planner import Mandate

__all__ = ["check_printed", "check_several", "check_used"]

_DRAWN = "--shortfall, --value-at-risk or --minimise shortfall"
_OUTCOMES = ("outcomes", "seed", "correlation")
_JOINT = ("joint", "betas", "residual")
_FUNDING = ("funding", "funding_history", "funding_received")


def check_used(args: argparse.Namespace, mandate: Mandate, book: Book) -> None:
    """Refuse options that change nothing of what the book's file and the other options ask for.

    Raises
    ------
    InputError
        If there is one; it names what it goes with.
    """
    for name, beside in _unused(args, mandate, book):
        if option(name) in args.parser._option_string_actions and args.parser.gives(option(name)):
            called = option(name)
            raise InputError(f"{called} changes nothing here: it goes with {beside}; leave {called} out.")


def check_several(args: argparse.Namespace, book: Book) -> None:
    """Refuse a correlation of one asset alone.

    Raises
    ------
    InputError
        If it is given.
    """
    if len(book.assets) < 2 and args.parser.gives("--correlation"):
        raise InputError(
            "--correlation is of several assets, and the book holds one: leave --correlation out."
        )


def _unused(args: argparse.Namespace, mandate: Mandate, book: Book) -> Iterator[tuple[str, str]]:
    """Names that would not be looked at, with what they go with."""
    targets = mandate.targets
    tails = bool({"shortfall", "value_at_risk"} & {*targets}) or targets.get("minimise") == "shortfall"
    if not tails and getattr(args, "over", None) != "shortfall":
        yield "level", _DRAWN
        if getattr(args, "prices", None) is None:
            yield from ((name, f"outcomes that are drawn, by {_DRAWN}") for name in _OUTCOMES)
    if "vega_weighted" not in targets:
        yield "reference_days", "--vega-weighted"
    if len({*book.assets, *([args.asset] if args.asset else [])}) < 2:
        yield from ((name, "a book of several assets") for name in (*_JOINT, "correlation"))
    if (
        "floor" not in targets
        and targets.get("minimise") != "worst"
        and getattr(args, "over", None) != "floor"
    ):
        yield from ((name, "--floor or --minimise worst") for name in _JOINT)
    if getattr(args, "prices", None) is not None:
        yield "correlation", "outcomes drawn without --prices"
    if not _perpetuals(mandate, book):
        yield from ((name, "perpetuals, held or offered by --outright perpetual") for name in _FUNDING)


def _perpetuals(mandate: Mandate, book: Book) -> bool:
    from hedging.market.contracts import Perpetual

    held = any(isinstance(holding.instrument, Perpetual) for holding in book.holdings)
    return held or "perpetual" in mandate.limits.get("outright", ())


def check_printed(args: argparse.Namespace, *names: str) -> None:
    """Refuse what is printed beside a result where stdout takes the result as a file.

    Raises
    ------
    InputError
        If one of the names is asked for, and one of the files is ``-``.
    """
    parser: Parser = args.parser
    taken = [name for name in ("json", "csv", "ticket") if getattr(args, name, None) == "-"]
    asked = [name for name in names if getattr(args, name)]
    if taken and asked:
        called = parser.called([option(asked[0])])
        raise InputError(
            f"{called} is printed with the plan, and {option(taken[0])} - leaves stdout to itself: "
            f"give {option(taken[0])} a file, or leave {called} out."
        )

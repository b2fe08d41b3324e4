"""The command ``hedging frontier``: one limit from tight to wide, and what each level costs."""

from __future__ import annotations

import argparse
from typing import Any

from hedging._ground import forms
from hedging._ground.counts import number_of
from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli import _streams as streams
from hedging.errors import InputError

__all__ = ["add_parser"]

INTERRUPTED = 130


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``frontier`` to the commands."""
    command = console.command(
        commands,
        "frontier",
        _run,
        "what protection costs: one limit from tight to wide",
        example="hedging frontier book.toml --chain chain.csv --delta 6:16 --max-legs 2 --levels -10%:-30%:3",
    )
    command.usage = "hedging frontier BOOK --chain FILE [options]"
    command.show_in_help("--chain", "--over", "--levels", "--delta", "--vega", "--budget", "--json", "--plot")
    asked.add_chains(command)
    command.add_argument(
        "--over",
        choices=["floor", "shortfall", "budget"],
        default="floor",
        help="the limit that moves (default floor)",
    )
    command.add_argument(
        "--levels",
        type=_levels,
        metavar="LEVELS",
        help="shares with commas, or from:to:how many: -5%%:-60%%:12",
    )
    asked.add_asked(command)
    asked.add_effort(command)
    console.add_table(command, "table")
    console.add_outputs(command, "frontier")


def _levels(text: str) -> list[float]:
    """Shares with commas, or evenly spaced ones."""
    if ":" not in text:
        return [_level(part, text) for part in text.split(",")]
    ends, _, count = text.rpartition(":")
    first, colon, last = ends.partition(":")
    if not colon or not count.isdecimal() or not 2 <= forms.whole(count) <= 1_000:
        near = f": write {text}:12" if text.count(":") == 1 else ""
        raise InputError(f"must be FROM:TO:N with 2 <= N <= 1000, or shares with commas; got {text!r}{near}")
    import numpy as np

    return [float(level) for level in np.linspace(_level(first, text), _level(last, text), int(count))]


def _level(part: str, text: str) -> float:
    """One share; money is of no book here."""
    try:
        return forms.share(part)
    except InputError as error:
        _, found, near = str(error).partition(": write ")
        how = f": write {text.replace(part, near.split(' ')[0])}" if found else ""
        raise InputError(
            f"must be shares of the book, such as 0.5%,1%,2% or -5%:-60%:12; got {text!r}{how}"
        ) from None


def _check_levels(args: argparse.Namespace) -> None:
    """Refuse levels of the other sign before a chain is read."""
    if args.levels is None:
        return
    least, most = (0.0, 10.0) if args.over == "budget" else (-1.0, 0.0)
    wrong = next((level for level in args.levels if not least <= level <= most), None)
    if wrong is not None:
        what = "what is spent is written" if args.over == "budget" else "a loss is written"
        how = f": {what} {-100.0 * wrong:.6g}%" if least <= -wrong <= most else ""
        raise InputError(
            f"--levels of {args.over} must be shares of the book from {100.0 * least:g}% to {100.0 * most:g}%; "
            f"got {100.0 * wrong:.6g}%{how}."
        )


def _run(args: argparse.Namespace) -> int:
    from hedging.planner import frontier

    console.check_outputs(args.json, args.csv, plot=args.plot)
    if args.parser.gives(f"--{args.over}"):
        raise InputError(
            f"--{args.over} is what this frontier moves: say between which with --levels, or move another by --over."
        )
    _check_levels(args)
    mandate, source = asked.asked_of(args)
    book, markets = asked.book_and_markets(args, mandate)
    target, limits = asked.request_of(args, mandate, book, markets)
    outcomes = None
    if target.needs_outcomes or args.over == "shortfall":
        outcomes = asked.outcomes_of(args, markets, mandate.horizon)
    with console.search_progress("frontier") as progress:
        found = frontier(
            book,
            markets,
            target,
            limits,
            over=args.over,
            levels=args.levels,
            horizon=mandate.horizon,
            outcomes=outcomes,
            view=asked.view_of(args),
            effort=asked.effort_of(args, progress, gap=1e-2),
        )
    if args.json:
        console.emit_json(args.json, found.to_dict() | {"asked": source.to_dict() if source else None})
    if args.csv:
        console.emit_csv(args.csv, found.table)
    if "-" not in (args.json, args.csv):
        console.show(found, *([f"asked: {source}"] if source else []))
    if args.plot:
        from hedging.plots import frontier as draw

        drawn = draw(found, currency=markets[0].currency)
        console.save_figure(drawn.figure, args.plot)
    if found.missing:
        streams.complain(
            f"interrupted: {len(found.table)} of {number_of(len(found.table) + found.missing, 'level')}"
        )
        return INTERRUPTED
    return 0

"""The command ``hedging frontier``: one limit from tight to wide, and what each level costs."""

from __future__ import annotations

import argparse
from typing import Any

from hedging.cli import _asked as asked
from hedging.cli import _console as console

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``frontier`` to the commands."""
    command = console.command(
        commands, "frontier", _run, "what protection costs: one limit from tight to wide"
    )
    command.usage = "hedging frontier BOOK --chain FILE [options]"
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
    asked.add_effort(command, gap="1%%", seconds="10, for all levels")
    command.add_argument("--csv", metavar="FILE", help="write the table as CSV")
    console.add_outputs(command, "frontier")


def _levels(text: str) -> list[float]:
    """Shares with commas, or evenly spaced ones."""
    if ":" not in text:
        return [console.share(part) for part in text.split(",")]
    ends, _, count = text.rpartition(":")
    first, colon, last = ends.partition(":")
    if not colon or not 2 <= console.whole(count) <= 1_000:
        raise argparse.ArgumentTypeError(f"must be FROM:TO:N with 2 <= N <= 1000; got {text!r}")
    import numpy as np

    return [float(level) for level in np.linspace(console.share(first), console.share(last), int(count))]


def _run(args: argparse.Namespace) -> int:
    from hedging.planner import frontier

    console.check_outputs(args.json, args.csv, plot=args.plot)
    book, markets = asked.book_and_markets(args)
    target = asked.target_of(args)
    outcomes = asked.outcomes_of(args, markets) if target.needs_outcomes or args.over == "shortfall" else None
    with console.search_progress("frontier") as progress:
        found = frontier(
            book,
            markets,
            target,
            asked.limits_of(args),
            over=args.over,
            levels=args.levels,
            horizon=args.horizon,
            outcomes=outcomes,
            view=asked.view_of(args),
            effort=asked.effort_of(args, progress, gap=1e-2),
        )
    if args.json:
        console.emit_json(args.json, found.to_dict())
    if args.json != "-":
        print(found)
    if args.csv:
        console.write_table(args.csv, found.table)
    if args.plot:
        from hedging.plots import frontier as draw

        drawn = draw(found, currency=markets[0].currency)
        console.save_figure(drawn.figure, args.plot)
    return 0

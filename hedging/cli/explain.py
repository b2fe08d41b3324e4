"""The command ``hedging explain``: what earned what since a plan was made, over recorded chains."""

from __future__ import annotations

import argparse
import re
from typing import Any, Final

from hedging._ground import forms
from hedging._ground.counts import number_of
from hedging.cli import _console as console
from hedging.cli._recorded import recorded
from hedging.cli.audit import add_deliveries, settled_of
from hedging.errors import ChainError, InputError

__all__ = ["add_parser"]

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``explain`` to the commands."""
    command = console.command(
        commands,
        "explain",
        _run,
        "what earned what since a saved plan was made: Greeks, trades, fees, settlements, and what is left",
        example="hedging explain plan.json --chain recorded/",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    command.add_argument(
        "--chain",
        required=True,
        action="append",
        metavar="FILE|FOLDER",
        help="recorded quotes, from the plan's on; again for each file",
    )
    command.add_argument(
        "--since",
        type=forms.moment,
        metavar="TIME",
        help="leave out chains before a day or time, UTC; else from the plan on",
    )
    command.add_argument(
        "--until", type=forms.moment, metavar="TIME", help="leave out chains after a day or time, UTC"
    )
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    add_deliveries(command)
    console.add_table(command, "steps")
    console.add_outputs(command, "waterfall")


def _run(args: argparse.Namespace) -> int:
    from hedging.monitor import explain_over
    from hedging.planner import read_plan
    from hedging.planner.result.belonging import assets_of

    console.check_outputs(args.json, args.csv, plot=args.plot)
    plan = read_plan(args.plan, trust=not args.edited)
    found = explain_over(
        plan,
        _chains(args, assets_of(plan), plan.inputs["as_of"]),
        settled=settled_of(args),
        delivery=args.prices or None,
    )
    console.emit(args, found)
    if args.plot:
        console.save_figure(found.plot().figure, args.plot)
    return 0


def _chains(args: argparse.Namespace, assets: tuple[str, ...], made: str) -> list[Any]:
    """The chains from the plan on, within the times asked for; those that cannot be used are told and left out."""
    from hedging.cli._streams import complain
    from hedging.units import utc

    first = max(utc(made), utc(_begin(args.since), "--since") if args.since else utc(made))
    last = None if args.until is None else utc(_end(args.until), "--until")
    if last is not None and first > last:
        raise InputError(
            f"--until {args.until} is before the first chain looked at, {first:%Y-%m-%d %H:%M} UTC."
        )
    chains = []
    for when, read in recorded(args.chain, assets):
        if when >= first and (last is None or when <= last):
            try:
                chains.append(read())
            except ChainError as error:
                complain(f"left out: {error}")
    if len(chains) < 2:
        raise InputError(
            f"--chain {' '.join(args.chain)} has {number_of(len(chains), 'chain')} from {first:%Y-%m-%d %H:%M} UTC on"
            f"{'' if last is None else f' to {last:%Y-%m-%d %H:%M} UTC'}; two are needed."
        )
    return chains


def _begin(text: str) -> str:
    """The begin of a day, where a time is a day alone."""
    from hedging.units import utc_day

    return utc_day(text, "--since").isoformat() if DAY.fullmatch(text) else text


def _end(text: str) -> str:
    from hedging.units import utc_day

    if not DAY.fullmatch(text):
        return text
    return utc_day(text, "--until").isoformat().replace("T00:00:00", "T23:59:59.999")

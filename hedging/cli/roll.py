"""The command ``hedging roll``: keeping the puts of a saved plan beside what could replace them."""

from __future__ import annotations

import argparse
from typing import Any

from hedging._ground import forms
from hedging.cli import _console as console
from hedging.cli.audit import add_deliveries, settled_of

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``roll`` to the commands."""
    command = console.command(
        commands, "roll", _run, "keep, roll down, roll out or monetise the puts of a saved plan"
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(command)
    command.add_argument(
        "--when", type=forms.number, metavar="DAYS", help="days to expiry under which it is due"
    )
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    add_deliveries(command)
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(command, "choices")


def _run(args: argparse.Namespace) -> int:
    from hedging.monitor import roll
    from hedging.planner import read_plan

    console.check_outputs(args.json, args.csv)
    plan = read_plan(args.plan, trust=not args.edited)
    chain = console.chain_of(args, args.chain, args.asset or plan.before.asset)
    found = roll(plan, chain, when=args.when, settled=settled_of(args), delivery=args.prices or None)
    if args.json:
        console.emit_json(args.json, found.to_dict())
    if args.csv:
        console.emit_csv(args.csv, found.to_frame())
    if "-" not in (args.json, args.csv):
        console.show(found)
    return 0

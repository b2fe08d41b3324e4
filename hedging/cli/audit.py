"""The command ``hedging audit``: a saved plan held against newer quotes."""

from __future__ import annotations

import argparse
from typing import Any

from hedging.cli import _console as console

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``audit`` to the commands."""
    command = console.command(commands, "audit", _run, "a saved plan against newer quotes")
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(command, several=True)
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")


def _run(args: argparse.Namespace) -> int:
    from hedging.planner import audit, read_plan

    console.check_outputs(args.json)
    plan = read_plan(args.plan)
    held = tuple(before.asset for before, _ in plan.exposures)
    found = audit(plan, console.read_markets(args, (args.asset,) if args.asset else held))
    if args.json:
        console.emit_json(args.json, found.to_dict())
    if args.json != "-":
        print(found)
    return 0

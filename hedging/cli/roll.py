"""The command ``hedging roll``: keeping the puts of a saved plan beside what could replace them."""

from __future__ import annotations

import argparse
from typing import Any

from hedging._ground import forms
from hedging.cli import _console as console
from hedging.cli.audit import add_deliveries, settled_of
from hedging.errors import InputError

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``roll`` to the commands."""
    command = console.command(
        commands,
        "roll",
        _run,
        "keep, roll down, roll out or monetise the puts of a saved plan",
        example="hedging roll plan.json --chain tomorrow.csv",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(command)
    how = command.add_mutually_exclusive_group()
    how.add_argument(
        "--when", type=forms.days_left, metavar="DAYS", help="days to expiry under which it is due"
    )
    how.add_argument(
        "--programme",
        type=_steps,
        metavar="DAYS:TIMES",
        help="which put to hold when, over a tree: 7:6 decides each week for six; holds the plan's delta alone",
    )
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    add_deliveries(command)
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(command, "choices")


def _steps(text: str) -> tuple[float, int]:
    """Days between decisions and their number, written as ``7:6``."""
    step, colon, times = text.partition(":")
    try:
        days, count = forms.days(step), forms.count(times)
    except InputError:
        colon = ""
    if not colon:
        raise InputError(f"must be DAYS:TIMES, as 7:6 for six weeks; got {text!r}")
    return days, count


def _dates(step: float, count: int) -> list[float]:
    """Days of decisions."""
    from hedging.monitor.programme import MOST_DATES

    if count > MOST_DATES:
        raise InputError(
            f"--programme takes {MOST_DATES} steps at most; got {count:,}: write {step:g}:{MOST_DATES}."
        )
    return [number * step for number in range(count + 1)]


def _run(args: argparse.Namespace) -> int:
    from hedging.monitor import programme_of, roll
    from hedging.planner import read_plan
    from hedging.planner.result.belonging import check_one_asset

    console.check_outputs(args.json, args.csv)
    plan = read_plan(args.plan, trust=not args.edited)
    check_one_asset(plan, "a programme" if args.programme else "a roll")  # before any chain is read
    chain = console.chain_of(args, args.chain, args.asset or plan.before.asset)
    given = {"settled": settled_of(args), "delivery": args.prices or None}
    if args.programme:
        found: Any = programme_of(plan, chain, dates=_dates(*args.programme), **given)
    else:
        found = roll(plan, chain, when=args.when, **given)
    console.emit(args, found)
    return 0

"""The command ``hedging audit``: a saved plan held against newer quotes."""

from __future__ import annotations

import argparse
from typing import Any

from hedging._ground import forms
from hedging._ground.spellings import form_meant
from hedging.cli import _console as console
from hedging.errors import InputError

__all__ = ["add_deliveries", "add_parser", "settled_of"]

BROKEN = 1  # a target is: what cron and scripts look at


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``audit`` to the commands."""
    command = console.command(
        commands,
        "audit",
        _run,
        "a saved plan against newer quotes; leaves with 1 where a target is broken",
        example="hedging audit plan.json --chain tomorrow.csv",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(command, several=True)
    command.add_argument("--book", metavar="FILE", help="TOML file of the book that the plan must belong to")
    add_deliveries(command)
    command.add_argument(
        "--coin-prices", metavar="FILE", help="daily prices of every coin, where some have no chain"
    )
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    command.add_argument("--no-repair", action="store_true", help="the verdict alone, at once")
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(command, "targets")


def add_deliveries(command: console.Parser) -> None:
    """Where delivery prices of what has expired come from."""
    command.add_argument(
        "--settled",
        metavar="EXPIRY=PRICE",
        action="append",
        default=[],
        help="delivery price of what has expired: BTC-27FEB26=67690.6; again for each expiry",
    )
    command.add_argument(
        "--delivery",
        "--prices",
        dest="prices",
        metavar="FILE",
        action="append",
        default=[],
        help="file of delivery prices, or of hour bars",
    )


def settled_of(args: argparse.Namespace) -> dict[str, float]:
    """Delivery prices by expiry, from ``--settled``.

    Raises
    ------
    InputError
        If one is not written EXPIRY=PRICE, or an expiry has two.
    """
    found: dict[str, float] = {}
    for text in args.settled:
        name, sign, price = text.partition("=")
        name = name.strip().upper()
        try:
            value = float(price.replace("_", ""))
        except ValueError:
            value = float("nan")
        if not sign or not name or not 0 < value < float("inf"):
            near = form_meant(price, forms.positive, units=("USD",)) if sign and name else ""
            how = f": write {name}={near}" if near else ""
            raise InputError(f"--settled takes EXPIRY=PRICE, such as BTC-27FEB26=67690.6; got {text!r}{how}.")
        if found.get(name, value) != value:
            raise InputError(
                f"--settled gives {name} two prices, {found[name]:g} and {value:g}; which is meant?"
            )
        found[name] = value
    return found


def _run(args: argparse.Namespace) -> int:
    from hedging.book import read_book
    from hedging.planner import audit, read_plan
    from hedging.venues import read_prices

    console.check_outputs(args.json, args.csv)
    plan = read_plan(args.plan, trust=not args.edited)
    held = tuple(before.asset for before, _ in plan.exposures)
    found = audit(
        plan,
        console.read_markets(
            args, (args.asset,) if args.asset else held, all_quoted=args.coin_prices is None
        ),
        settled=settled_of(args),
        delivery=args.prices or None,
        book=read_book(args.book) if args.book else None,
        prices=None if args.coin_prices is None else read_prices(args.coin_prices, timezone=args.timezone),
        restore=not args.no_repair,
    )
    console.emit(args, found)
    return 0 if found.ok else BROKEN

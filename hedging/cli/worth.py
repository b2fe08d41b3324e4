"""The command ``hedging worth``: what a package that a market maker quotes is worth to a saved plan."""

from __future__ import annotations

import argparse
import re
from typing import Any

from hedging._ground import forms
from hedging.cli import _console as console
from hedging.cli.audit import add_deliveries, settled_of
from hedging.errors import InputError

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``worth`` to the commands."""
    command = console.command(
        commands,
        "worth",
        _run,
        "the price at which a package changes nothing for a saved plan's book and targets; whether a quote beats the screen",
        example="hedging worth plan.json --chain chain.csv --quote 40000",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(command, several=True)
    command.add_argument(
        "--leg",
        metavar="SYMBOL=CONTRACTS",
        action="append",
        default=[],
        help="of the package: BTC-27MAR26-60000-P=25, or =-25 to sell; again for each (default the plan's options)",
    )
    command.add_argument(
        "--quote",
        type=forms.number,
        metavar="MONEY",
        help="net premium asked for all of it; < 0 where it is received",
    )
    add_deliveries(command)
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    console.add_table(command, "package")


def _run(args: argparse.Namespace) -> int:
    from hedging.book.expired import DeliveryPrices, settle
    from hedging.book.saved import book_from
    from hedging.monitor import worth
    from hedging.planner import read_plan
    from hedging.planner.result.belonging import assets_of, days_since
    from hedging.planner.result.saved import limits_from, target_from

    console.check_outputs(args.json, args.csv)
    plan = read_plan(args.plan, trust=not args.edited)
    asked, target = plan.inputs, target_from(plan.inputs["target"])
    own = target.floor is not None and not asked["scenarios"].get("default")
    if target.needs_outcomes or own:
        raise InputError(
            "the plan was made over scenarios or outcomes of its own, which are not saved with it: ask "
            "hedging.worth(package, book, chain, target, limits, scenarios=..., outcomes=...)."
        )
    markets = console.read_markets(args, (args.asset,) if args.asset else assets_of(plan))
    by_asset = {market.asset: market for market in markets}
    days_since(plan, by_asset)
    prices = DeliveryPrices.of(settled_of(args), args.prices or None, by_asset)
    book, _ = settle(book_from(asked["book"]), by_asset, prices, asked["spot"])
    found = worth(
        _package(args, plan),
        book,
        markets,
        target,
        limits_from(asked["limits"]),
        quote=args.quote,
        horizon=asked["horizon_days"],
    )
    console.emit(args, found)
    return 0


def _package(args: argparse.Namespace, plan: Any) -> dict[str, float]:
    """Signed contracts by symbol, as given or as the plan orders them."""
    from hedging.market.contracts import Option

    package: dict[str, float] = {}
    for text in args.leg:
        symbol, sign, contracts = text.partition("=")
        symbol = forms.asset(symbol)
        try:
            count = float(contracts)
        except ValueError:
            count = 0.0
        if not sign or not symbol or not 0.0 < abs(count) < float("inf"):
            turned = re.fullmatch(r"(\S+-[CP])\s*[:xX*]\s*(-?[\d.]+)", text)
            near = f": write {turned[1]}={turned[2]}" if turned else ""
            raise InputError(
                f"--leg takes SYMBOL=CONTRACTS, such as BTC-27MAR26-60000-P=-25; got {text!r}{near}."
            )
        if symbol in package:
            raise InputError(f"--leg gives {symbol} twice; give it once, with all its contracts.")
        package[symbol] = count
    own = {leg.instrument.symbol: leg.quantity for leg in plan.legs if isinstance(leg.instrument, Option)}
    if not (package or own):
        raise InputError("the plan orders no option: name a package, --leg SYMBOL=CONTRACTS.")
    return package or own

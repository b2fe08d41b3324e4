"""The command ``hedging plan``: targets, limits and a view in, a proven plan out."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import hedging
from hedging import _console as console
from hedging._writing import write_text
from hedging.errors import InfeasibleHedgeError, InputError

if TYPE_CHECKING:
    from hedging import Book, HedgePlan, Market, OptionChain, Paths
    from hedging.planner import View

__all__ = ["add_parser"]


def _floor(text: str) -> float | dict[float, float]:
    """A share for all dates, or shares by day as ``7:-8%,30:-15%``."""
    if ":" not in text:
        return console.share(text)
    pairs = [part.partition(":") for part in text.split(",")]
    return {console.number(day): console.share(least) for day, _, least in pairs}


# Each with its parser, its form and its help; the name is that of `Target`, with dashes.
TARGETS: tuple[tuple[str, Any, str, str], ...] = (
    ("delta", console.band, "LO:HI", "delta of the hedged book, in coins"),
    ("delta_value", console.band, "LO:HI", "the same in money"),
    ("gamma", console.band, "LO:HI", "gamma, coins per 1.00 of spot"),
    ("vega", console.band, "LO:HI", "vega of the hedged book, money per vol point"),
    ("vega_weighted", console.band, "LO:HI", "the same, each expiry by the root of 30 days over its own"),
    ("theta", console.band, "LO:HI", "theta, money a day"),
    ("floor", _floor, "SHARE", "worst loss over the scenarios: -15%%, or by day: 7:-8%%,30:-15%%"),
    ("shortfall", console.share, "SHARE", "mean of the worst outcomes, drawn as by --outcomes: -20%%"),
    ("value_at_risk", console.share, "SHARE", "loss that the outcomes exceed with 1 - level at most"),
)
LIMITS: tuple[tuple[str, Any, str, str], ...] = (
    ("budget", console.share, "SHARE", "most net premium, share of the book: 2%%"),
    ("cost", console.share, "SHARE", "most execution cost, share of the book: 0.5%%"),
    ("max_legs", int, "N", "most legs"),
    ("expiries", console.window, "DAYS:DAYS", "days to expiry to choose from"),
)


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``plan`` to the commands."""
    plan = console.command(
        commands, "plan", _run, "the overlay that meets the targets at the least cost, proven"
    )
    console.add_inputs(plan)
    for name, kind, form, text in (*TARGETS, *LIMITS):
        plan.add_argument(_option(name), type=kind, metavar=form, help=text)
    plan.add_argument(
        "--minimise",
        choices=["cost", "worst", "shortfall"],
        default="cost",
        help="the cost, or the worst loss or the shortfall within --cost (default cost)",
    )
    plan.add_argument(
        "--level", type=console.share, default=0.95, metavar="SHARE", help="of the outcomes: 95%%"
    )
    plan.add_argument(
        "--outcomes", type=int, default=1_000, metavar="N", help="drawn with fat tails (default 1000)"
    )
    plan.add_argument(
        "--seed", type=console.whole, default=1, metavar="N", help="of the outcomes (default 1)"
    )
    plan.add_argument(
        "--reweight",
        action="store_true",
        help="move the outcomes' probabilities until no order gains on average",
    )
    plan.add_argument(
        "--delta-rule",
        type=_rule,
        metavar="RULE",
        help="how vol moves with spot: sticky_strike, sticky_moneyness, or a ratio",
    )
    plan.add_argument("--drift", type=console.share, metavar="SHARE", help="a view: drift a year, -40%%")
    plan.add_argument("--vol", type=console.share, metavar="SHARE", help="a view: vol to expect, 55%%")
    plan.add_argument(
        "--horizon", type=console.number, default=30.0, metavar="DAYS", help="days the floor holds for"
    )
    plan.add_argument("--orders", metavar="FILE", help="write the orders as CSV")
    plan.add_argument("--ticket", metavar="FILE", help="write a ticket for any venue as JSON")
    console.add_outputs(plan, "payoff")


def _rule(text: str) -> str | float:
    """A rule's name, or its ratio as a number; which names there are `Target` knows."""
    try:
        return float(text)
    except ValueError:
        return text


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _run(args: argparse.Namespace) -> int:
    console.check_outputs(args.json, args.orders, args.ticket, plot=args.plot)
    book, chain = console.read_inputs(args)
    target, limits, view = _target(args), _limits(args), _view(args)
    market = hedging.Market.of(chain)
    outcomes = _outcomes(args, market) if target.needs_outcomes else None
    try:
        plan = hedging.plan(
            book,
            market,
            target,
            limits,
            horizon=args.horizon,
            outcomes=outcomes,
            reweight=args.reweight,
            view=view,
        )
    except InfeasibleHedgeError as error:
        if error.closest is not None:
            _show(args, error.closest, book, chain)
        raise
    _show(args, plan, book, chain)
    return 0


def _target(args: argparse.Namespace) -> hedging.Target:
    given = {name: getattr(args, name) for name, *_ in TARGETS if getattr(args, name) is not None}
    if not given and args.minimise == "cost":
        named = ", ".join(_option(name) for name, *_ in TARGETS)
        raise InputError(f"a plan needs a target: give --delta LO:HI, --floor SHARE or another of {named}.")
    return hedging.Target(**given, level=args.level, minimise=args.minimise, delta_rule=args.delta_rule)


def _limits(args: argparse.Namespace) -> hedging.Limits:
    given = {name: getattr(args, name) for name, *_ in LIMITS}
    return hedging.Limits(**{name: value for name, value in given.items() if value is not None})


def _view(args: argparse.Namespace) -> View | None:
    if args.drift is None and args.vol is None:
        return None
    return hedging.planner.View(drift=args.drift, vol=args.vol)


def _outcomes(args: argparse.Namespace, market: Market) -> Paths:
    return console.drawn(market, args.horizon, args.outcomes, args.seed)[market.asset]


def _show(args: argparse.Namespace, plan: HedgePlan, book: Book, chain: OptionChain) -> None:
    text = plan.to_json()
    if args.json == "-":
        print(text)
    else:
        print(plan)
    if args.json and args.json != "-":
        write_text(args.json, text + "\n")
    if args.orders:
        console.write_table(args.orders, plan.orders)
    if args.ticket:
        plan.to_ticket(args.ticket)
    if args.plot:
        console.save_figure(hedging.plots.payoff(book, chain, overlay=plan).figure, args.plot)

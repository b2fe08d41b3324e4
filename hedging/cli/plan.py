"""The command ``hedging plan``: targets, limits and a view in, a proven plan out."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from hedging._ground import forms
from hedging._writing import write_text
from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli._survive import add_survive
from hedging.cli._used import check_printed
from hedging.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hedging.book import Book
    from hedging.market import Market
    from hedging.planner import HedgePlan, Mandate, MandateSource

__all__ = ["add_parser"]

# As in `hedging.venues.TICKETS`, which is not loaded for a help text.
TICKETS = ("any", "fix", "deribit", "deribit-combo", "deribit-rfq", "bybit", "okx", "binance")


EXAMPLE = "hedging plan book.toml --chain chain.csv --delta 8:12 --floor -15% --budget 2% --json plan.json"
COMMON = ("--chain", "--delta", "--vega", "--floor", "--budget", "--max-legs", "--expiries", "--json")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``plan`` to the commands."""
    text = "the overlay that meets the targets at the least cost, proven"
    plan = console.command(commands, "plan", _run, text, example=EXAMPLE)
    plan.show_in_help(*COMMON)
    asked.add_chains(plan, required=False)
    asked.add_prices(plan)
    asked.add_asked(plan)
    add_survive(plan)
    plan.add_argument(
        "--minimise",
        choices=["cost", "worst", "shortfall", "margin"],
        help="the cost, or the worst loss, the shortfall or the account's initial margin within --cost (default cost)",
    )
    plan.add_argument(
        "--reweight",
        action="store_true",
        help="move the outcomes' probabilities until no order gains on average",
    )
    asked.add_effort(plan)
    plan.add_argument(
        "--depth",
        metavar="FILE",
        action="append",
        default=[],
        help="order books, which orders may climb: a table of symbol, side, level, price, amount, or get_order_book replies",
    )
    plan.add_argument("--ticket", metavar="FILE|-", help="write a ticket to a file or to stdout")
    plan.add_argument(
        "--ticket-for",
        metavar="VENUE",
        choices=TICKETS,
        default="any",
        help=f"what the ticket is for: {', '.join(TICKETS)} (default any)",
    )
    plan.goes_with("--ticket-for", "--ticket")
    plan.add_argument(
        "--tier", type=forms.whole, default=0, metavar="N", help="fees of Deribit's tier 0 to 5 (default 0)"
    )
    plan.add_argument("--maker", action="store_true", help="fees of orders that rest in Deribit's book")
    plan.add_argument(
        "--trading",
        action="store_true",
        help="also print which order first, limits from patient to crossing, slices, what half a plan would cost, and the next trades of delta",
    )
    plan.add_argument(
        "--second-opinion",
        action="store_true",
        help="also print each option's value and Greeks by vollib beside ours",
    )
    plan.add_argument(
        "--assumptions",
        action="store_true",
        help="also print what scenarios of these assets assume, and whence",
    )
    console.add_outputs(plan, "payoff")
    console.add_table(plan, "orders", also="--orders")


def _run(args: argparse.Namespace) -> int:
    from dataclasses import replace

    from hedging.planner import InfeasibleHedgeError, Outcomes
    from hedging.planner import plan as find

    console.check_outputs(args.json, args.csv, args.ticket, plot=args.plot)
    check_printed(args, "trading", "second_opinion", "assumptions")
    prices = asked.history_of(args)
    mandate, source = asked.asked_of(args)
    book, markets = asked.book_and_markets(args, mandate, all_quoted=prices is None)
    book = mandate.accounts(book)
    if prices is not None:
        markets = prices.markets(book, markets)
    _check_target(args, mandate)
    _check_ticket(args, markets)
    target, limits = asked.request_of(args, mandate, book, markets)
    limits = replace(limits, depth=asked.depth_of(args, markets))
    outcomes = None
    if args.reweight and prices is not None:
        raise InputError("--reweight moves drawn outcomes: those of --prices stay as they were.")
    if target.needs_outcomes and prices is None:
        outcomes = Outcomes(asked.outcomes_of(args, markets, mandate.horizon), reweight=args.reweight)
    elif args.reweight:
        raise InputError(
            "--reweight moves the probabilities of outcomes: give --shortfall or --value-at-risk too."
        )
    try:
        with console.search_progress("plan") as progress:
            plan = find(
                book,
                markets,
                target,
                limits,
                horizon=mandate.horizon,
                outcomes=outcomes,
                prices=prices,
                view=asked.view_of(args),
                effort=asked.effort_of(args, progress, gap=1e-3),
            )
    except InfeasibleHedgeError as error:
        if error.closest is not None:
            _show(args, error.closest, book, error.closest.markets or markets, source)
        raise
    _show(args, plan, book, plan.markets, source)
    return 0


def _check_target(args: argparse.Namespace, mandate: Mandate) -> None:
    """Refuse to plan without anything to reach."""
    if not mandate.aims:
        names = [name for name, *_ in asked.TARGETS]
        named = ", ".join(map(asked.option, names))
        view = "a view says what to expect, not what to reach, and " if asked.view_of(args) else ""
        raise InputError(
            f"{view}a plan needs a target: give --delta LO:HI, --floor SHARE or another of {named}, or write "
            f"[targets] in {args.book}."
        )


def _show(
    args: argparse.Namespace, plan: HedgePlan, book: Book, markets: Sequence[Market], source: MandateSource
) -> None:
    from dataclasses import replace

    plan = replace(plan, asked=source or None)
    text = plan.to_json()
    if args.json == "-":
        print(text)
    elif "-" not in (args.csv, args.ticket):
        console.show(plan)
        if args.assumptions:
            console.show(f"\n{console.text_of(plan.assumptions(), index=False)}")
        if args.trading:
            _show_trading(args, plan, markets)
        if args.second_opinion:
            opinion = plan.second_opinion()
            console.show(
                f"\nsecond opinion, one unit of each option by vollib beside ours (largest difference "
                f"{opinion.attrs['largest']:.2g} of ours)\n{console.text_of(opinion, index=False)}"
            )
    if "-" in (args.json, args.csv, args.ticket) and plan.promise is not None and not plan.promise.usable:
        print(f"hedging: nothing is promised of this plan: {plan.promise.refusal}", file=sys.stderr)
    if args.json and args.json != "-":
        write_text(args.json, text + "\n")
    if args.csv:
        console.emit_csv(args.csv, plan.orders)
    if args.ticket:
        _emit_ticket(args, plan)
    if args.plot:
        from hedging.plots import payoff

        console.save_figure(payoff(book, markets, overlay=plan).figure, args.plot)


def _show_trading(args: argparse.Namespace, plan: HedgePlan, markets: Sequence[Market]) -> None:
    """How the orders are traded, and of one asset what its band of delta asks for next."""
    from hedging.monitor import execution, next_trades

    console.show(f"\n{execution(plan, markets, depth=asked.depth_of(args, markets))}")
    if len(markets) == 1 and plan.inputs["target"].get("delta") and markets[0].chain.terms.outrights:
        console.show(next_trades(plan, markets[0]))


def _check_ticket(args: argparse.Namespace, markets: Sequence[Market]) -> None:
    """Refuse a venue that does not trade these options before the work, not after it."""
    if args.ticket and args.ticket_for not in ("any", "fix"):
        from hedging.venues.tickets import check_venue

        for market in markets:
            check_venue(market.chain, args.ticket_for)


def _emit_ticket(args: argparse.Namespace, plan: HedgePlan) -> None:
    """Write the orders as the venue asked for takes them."""
    if args.ticket_for == "fix":
        from hedging.book import fix_orders

        console.emit_csv(args.ticket, fix_orders(plan, currency=plan.inputs["currency"]))
    elif args.ticket_for == "any":
        console.emit_json(args.ticket, plan.ticket())
    else:
        from hedging.venues import venue_ticket

        console.emit_json(args.ticket, venue_ticket(plan, args.ticket_for))

"""``hedging overlays``: structures side by side, or one of them over strikes and expiries."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli import _streams as streams
from hedging.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from hedging.book import Book
    from hedging.market import Market, OptionChain
    from hedging.overlays import Overlay, Overlays, Tolerance

__all__ = ["add_parser"]

Rows: TypeAlias = "list[dict[str, Any]]"
Show: TypeAlias = "Callable[[argparse.Namespace, Book, OptionChain, dict[str, float]], Rows]"

_LEGS = {"put": "the put", "lower": "the put below it", "call": "the call", "upper": "the call above it"}
_OVER = ("premium_share", "floor")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = console.command(commands, "overlays", _overlays, "standard overlays side by side")
    asked.add_chains(parser)
    parser.add_argument(
        "--structure",
        action="append",
        metavar="NAME",
        help="such as collar; again for several (default: all)",
    )
    for leg, which in _LEGS.items():
        group = parser.add_mutually_exclusive_group()
        group.add_argument(f"--{leg}-strike", type=console.number, metavar="PRICE", help=f"strike of {which}")
        group.add_argument(f"--{leg}-delta", type=console.number, metavar="DELTA", help="or its delta: .25")
    parser.add_argument(
        "--days", "--expiries", type=console.window, metavar="DAYS:DAYS", help="days to expiry: 20:45"
    )
    parser.add_argument(
        "--far-days", type=console.window, metavar="DAYS:DAYS", help="of what a calendar buys: 45:100"
    )
    parser.add_argument(
        "--coverage", type=console.share, default=1.0, metavar="SHARE", help="share to cover: 100%%"
    )
    _add_tolerances(parser)
    over = parser.add_mutually_exclusive_group()
    over.add_argument(
        "--over-strikes",
        type=_shares,
        metavar="SHARES",
        help="one structure at every expiry: 80%%,90%%,100%%",
    )
    over.add_argument("--over-deltas", type=_numbers, metavar="DELTAS", help="the same at deltas: .1,.2,.3")
    console.add_outputs(parser, "overlays")


def _add_tolerances(parser: console.Parser) -> None:
    parser.add_argument(
        "--delta-tolerance",
        type=console.number,
        metavar="DELTA",
        help="largest distance from a delta asked for (default: .1)",
    )
    parser.add_argument(
        "--off-mark",
        type=_off_mark,
        metavar="SHARE|any",
        help="largest distance of a traded quote from its mark (default: 25%%); any consents to all",
    )


def _overlays(args: argparse.Namespace) -> int:
    console.check_outputs(args.json, plot=args.plot)
    book, markets = asked.book_and_markets(args)
    if args.asset and len(book.assets) > 1:
        book = _part(book, args.asset)
    legs = {
        f"{leg}_{kind}": value
        for leg in _LEGS
        for kind in ("strike", "delta")
        if (value := getattr(args, f"{leg}_{kind}")) is not None
    }
    show = _over if args.over_strikes or args.over_deltas else _beside
    if len(markets) == 1:
        return _written(args, show(args, book, markets[0].chain, legs))
    if args.plot:
        raise InputError(
            "--plot draws the overlays of one asset, and the book holds several: give --asset NAME."
        )
    return _written(args, [row for market in markets for row in _of_asset(args, book, market, legs, show)])


def _of_asset(
    args: argparse.Namespace, book: Book, market: Market, legs: dict[str, float], show: Show
) -> Rows:
    """What is held of one asset of several, under its name."""
    if args.json != "-":
        print(f"{market.asset}\n")
    rows = show(args, _part(book, market.asset), market.chain, legs)
    if args.json != "-":
        print()
    return [{"asset": market.asset} | row for row in rows]


def _part(book: Book, asset: str) -> Book:
    from hedging.book import Book

    return Book(book.of(asset))


def _written(args: argparse.Namespace, rows: Rows) -> int:
    if args.json:
        console.emit_json(args.json, rows)
    return 0


def _beside(args: argparse.Namespace, book: Book, chain: OptionChain, legs: dict[str, float]) -> Rows:
    """Structures side by side."""
    from hedging.overlays import FAR, MONTH, STRUCTURES, compare, standard

    found = standard(
        book,
        chain,
        coverage=args.coverage,
        days=args.days or MONTH,
        far_days=args.far_days or FAR,
        tolerance=_tolerance(args),
        structures=args.structure or STRUCTURES,
        **legs,
    )
    rows = _show(args, chain, found, compare(book, chain, found))
    for name, why in found.refused.items():
        streams.complain(f"no {name}: {why}")
    return rows


def _show(args: argparse.Namespace, chain: OptionChain, found: Overlays, table: pd.DataFrame) -> Rows:
    from hedging.overlays import shown
    from hedging.plots import overlays as picture

    if args.json != "-":
        print(shown(table).to_string())
        for overlay in found:
            print(f"\n{overlay}")
    if args.plot:
        axes = picture(table, currency=chain.terms.currency)
        console.save_figure(axes.figure, args.plot)
    # JSON knows no infinity: null is unbounded, or a breakeven that does not exist.
    rows = console.records(table.replace([math.inf, -math.inf], math.nan).reset_index())
    trades = {overlay.name: _traded(overlay) for overlay in found}
    return [row | trades.get(row["overlay"], {}) for row in rows]


def _traded(overlay: Overlay) -> dict[str, Any]:
    return {"orders": console.records(overlay.orders), "remarks": list(overlay.remarks)}


def _over(args: argparse.Namespace, book: Book, chain: OptionChain, legs: dict[str, float]) -> Rows:
    """One structure over strikes and expiries."""
    from hedging.overlays import MONTH, over_strikes, over_strikes_shown

    if len(args.structure or ()) != 1:
        raise InputError("a table over strikes or deltas is of one structure: give --structure NAME once.")
    if args.plot:
        raise InputError(
            "--plot draws overlays side by side, not a table over strikes: leave one of them out."
        )
    two = args.far_days is not None
    table = over_strikes(
        args.structure[0],
        book,
        chain,
        strikes=args.over_strikes or (),
        deltas=args.over_deltas or (),
        expiries=(args.far_days if two else args.days) or (0.0, math.inf),
        coverage=args.coverage,
        days=(args.days if two else None) or MONTH,
        tolerance=_tolerance(args),
        **legs,
    )
    if args.json != "-":
        texts = [over_strikes_shown(table, column).to_string() for column in _OVER]
        heads = ("premium, share of the book", "worst result at expiry, share of the book")
        print("\n\n".join(f"{head}\n{text}" for head, text in zip(heads, texts, strict=True)))
    return console.records(table.replace([math.inf, -math.inf], math.nan))


def _tolerance(args: argparse.Namespace) -> Tolerance:
    from hedging.overlays import Tolerance

    asked = {"delta": args.delta_tolerance, "off_mark": args.off_mark}
    return Tolerance(**{name: value for name, value in asked.items() if value is not None})


def _off_mark(text: str) -> float:
    return math.inf if text == "any" else console.share(text)


def _shares(text: str) -> list[float]:
    return [console.share(part) for part in text.split(",")]


def _numbers(text: str) -> list[float]:
    return [console.number(part) for part in text.split(",")]

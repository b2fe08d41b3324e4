"""``hedging overlays``: structures side by side, or one of them over strikes and expiries."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging._ground import forms
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

Found: TypeAlias = "tuple[list[dict[str, Any]], pd.DataFrame, list[object]]"  # rows, table, what is printed
Find: TypeAlias = "Callable[[argparse.Namespace, Book, OptionChain, dict[str, float]], Found]"

_LEGS = {"put": "the put", "lower": "the put below it", "call": "the call", "upper": "the call above it"}
_OVER = {
    "premium_share": "premium, share of the book",
    "floor": "worst result at expiry, share of the book, counted in {}",
}


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = console.command(
        commands,
        "overlays",
        _overlays,
        "standard overlays side by side",
        example="hedging overlays book.toml --chain chain.csv --put-delta 0.25 --expiries 20:45 --coverage 80%",
    )
    parser.show_in_help(
        *(
            "--chain",
            "--structure",
            "--put-strike",
            "--put-delta",
            "--expiries",
            "--coverage",
            "--json",
            "--plot",
        )
    )
    asked.add_chains(parser)
    parser.add_argument(
        "--structure",
        action="append",
        metavar="NAME",
        help="such as collar; again for several (default: all)",
    )
    for leg, which in _LEGS.items():
        group = parser.add_mutually_exclusive_group()
        group.add_argument(f"--{leg}-strike", type=forms.number, metavar="PRICE", help=f"strike of {which}")
        group.add_argument(f"--{leg}-delta", type=forms.delta, metavar="DELTA", help="or its delta: .25")
    parser.add_argument(
        "--expiries",
        "--days",
        dest="days",
        type=forms.window,
        metavar="DAYS:DAYS",
        help="days to expiry to choose from: 20:45, or dates: 2026-03-27:2026-04-24",
    )
    parser.add_argument(
        "--far-expiries",
        "--far-days",
        dest="far_days",
        type=forms.window,
        metavar="DAYS:DAYS",
        help="of what a calendar buys: 45:100",
    )
    parser.add_argument(
        "--coverage", type=forms.share, default=1.0, metavar="SHARE", help="share to cover: 100%%"
    )
    _add_tolerances(parser)
    over = parser.add_mutually_exclusive_group()
    over.add_argument(
        "--over-strikes",
        type=_shares,
        metavar="SHARES",
        help="one structure at every expiry: 80%%,90%%,100%%",
    )
    over.add_argument("--over-deltas", type=_deltas, metavar="DELTAS", help="the same at deltas: .1,.2,.3")
    console.add_outputs(parser, "overlays")
    console.add_table(parser, "table")


def _in_days(window: Any, markets: Sequence[Market]) -> Any:
    """A window of dates as one of days from the quotes; another as it is."""
    from hedging.planner.request.mandate import days_of

    if not isinstance(window, forms.Dates):
        return window
    first, last = days_of(window, markets[0].as_of)
    return first, math.inf if last is None else last


def _add_tolerances(parser: console.Parser) -> None:
    parser.add_argument(
        "--delta-tolerance",
        type=forms.number,
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
    console.check_outputs(args.json, args.csv, plot=args.plot)
    _check_structures(args)
    book, markets = asked.book_and_markets(args)
    args.days, args.far_days = (_in_days(each, markets) for each in (args.days, args.far_days))
    if args.asset and len(book.assets) > 1:
        book = _part(book, args.asset)
    legs = {
        f"{leg}_{kind}": value
        for leg in _LEGS
        for kind in ("strike", "delta")
        if (value := getattr(args, f"{leg}_{kind}")) is not None
    }
    if args.plot and len(markets) > 1:
        raise InputError(
            "--plot draws the overlays of one asset, and the book holds several: give --asset NAME."
        )
    find = _over if args.over_strikes or args.over_deltas else _beside
    if len(markets) == 1:
        return _emit(args, [find(args, book, markets[0].chain, legs)])
    return _emit(args, [_of_asset(args, book, market, legs, find) for market in markets])


def _check_structures(args: argparse.Namespace) -> None:
    """Refuse what no structure asked for would look at, before any file is read."""
    from hedging.overlays.standard import BY_NAME, named

    asked_for = [named(name) for name in args.structure or BY_NAME]
    if twice := next((name for name in asked_for if asked_for.count(name) > 1), None):
        raise InputError(f"--structure {twice} is given twice: once is enough.")
    if args.far_days is not None and not any(BY_NAME[name].two_expiries for name in asked_for):
        called = args.parser.called(("--far-expiries", "--far-days"))
        raise InputError(
            f"{called} is of what a calendar or diagonal buys, and {', '.join(asked_for)} has one expiry: "
            f"leave {called} out."
        )
    if args.over_strikes and args.over_deltas:
        raise InputError("--over-strikes and --over-deltas exclude each other: leave one of them out.")
    if not any(BY_NAME[name].legs for name in asked_for):
        for option in ("--expiries", "--delta-tolerance", "--off-mark"):
            if args.parser.gives(option):
                raise InputError(
                    f"{option} is of options, and {', '.join(asked_for)} has none: leave it out."
                )


def _of_asset(
    args: argparse.Namespace, book: Book, market: Market, legs: dict[str, float], find: Find
) -> Found:
    """What is held of one asset of several, under its name."""
    rows, table, parts = find(args, _part(book, market.asset), market.chain, legs)
    table.insert(0, "asset", market.asset)
    return [{"asset": market.asset} | row for row in rows], table, [market.asset, *parts]


def _emit(args: argparse.Namespace, found: list[Found]) -> int:
    """Print what was found, or write it as JSON or CSV."""
    if args.json:
        console.emit_json(args.json, [row for rows, _, _ in found for row in rows])
    if args.csv:
        import pandas as pd

        console.emit_csv(args.csv, pd.concat([table for _, table, _ in found], ignore_index=True))
    if "-" not in (args.json, args.csv):
        console.show(*(part for _, _, parts in found for part in parts))
    return 0


def _part(book: Book, asset: str) -> Book:
    from hedging.book import Book

    return Book(book.of(asset), numeraire=asset if book.numeraire == asset else "USD")


def _beside(args: argparse.Namespace, book: Book, chain: OptionChain, legs: dict[str, float]) -> Found:
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
    for name, why in found.refused.items():
        streams.complain(f"no {name}: {why}")
    return _compared(args, found, compare(book, chain, found))


def _compared(args: argparse.Namespace, found: Overlays, table: pd.DataFrame) -> Found:
    if args.plot:
        from hedging.plots import overlays as picture

        axes = picture(table)
        console.save_figure(axes.figure, args.plot)
    # JSON knows no infinity: null is unbounded, or a breakeven that does not exist.
    rows = console.records(_with_unit(table).replace([math.inf, -math.inf], math.nan).reset_index())
    trades = {overlay.name: _traded(overlay) for overlay in found}
    rows = [row | trades.get(row["overlay"], {}) for row in rows]
    return rows, _with_unit(table).reset_index(), [table, *found]


def _with_unit(table: pd.DataFrame) -> pd.DataFrame:
    """The numbers, with what they are counted in."""
    return table.assign(currency=table.attrs["currency"])


def _traded(overlay: Overlay) -> dict[str, Any]:
    return {"orders": console.records(overlay.orders), "remarks": list(overlay.remarks)}


def _over(args: argparse.Namespace, book: Book, chain: OptionChain, legs: dict[str, float]) -> Found:
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
    told = _with_unit(table)
    shown = _OVER | ({"symbol": "contract"} if chain.venues else {})
    rows = console.records(told.replace([math.inf, -math.inf], math.nan))
    return (
        rows,
        told,
        [
            f"{head.format(table.attrs['currency'])}\n{console.text_of(over_strikes_shown(table, column))}"
            for column, head in shown.items()
        ],
    )


def _tolerance(args: argparse.Namespace) -> Tolerance:
    from hedging.overlays import Tolerance

    asked = {"delta": args.delta_tolerance, "off_mark": args.off_mark}
    return Tolerance(**{name: value for name, value in asked.items() if value is not None})


def _off_mark(text: str) -> float:
    if text == "any":
        return math.inf
    try:
        return forms.share(text)
    except InputError as error:
        near = ": write any" if text.lower() in ("all", "every", "none", "inf", "no") else ""
        raise InputError(f"must be a share like 25%, or any; got {text!r}{near}") from error


def _shares(text: str) -> list[float]:
    return [forms.share(part) for part in text.split(",")]


def _deltas(text: str) -> list[float]:
    return [forms.delta(part) for part in text.split(",")]

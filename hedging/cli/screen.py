"""The command ``hedging screen``: which coins decline, why, and what that was worth knowing before."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hedging._ground import forms
from hedging.cli import _console as console
from hedging.cli._reading import add_zone
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.market import OptionChain
    from hedging.prices import Prices
    from hedging.screen import Decision, History, Screen

__all__ = ["add_parser"]

_DEFAULT_FLOOR, _DEFAULT_HORIZON = -0.15, 30.0
DRAWN = 5  # weakest coins of the pictures over time


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``screen`` to the commands."""
    command = console.command(
        commands,
        "screen",
        _run,
        "which coins decline and why, from their prices",
        example="hedging screen prices.csv --benchmark BTC --plot screen.png",
    )
    command.add_argument("prices", metavar="PRICES", help="file of prices: CSV or Parquet, long or wide")
    command.add_argument(
        "--benchmark", default="BTC", metavar="COIN", help="a coin, equal or volume (default BTC)"
    )
    command.add_argument(
        "--at", type=forms.moment, metavar="TIME", help="with what was known at the end of that UTC day"
    )
    command.add_argument(
        "--windows", type=_windows, default=(30, 60, 90), metavar="DAYS,DAYS", help="default 30,60,90"
    )
    add_zone(command)
    command.add_argument(
        "--history", action="store_true", help="what past cases of each verdict were followed by"
    )
    command.add_argument(
        "--book", metavar="FILE", help="TOML file of what is held: the ways out of its laggards"
    )
    command.add_argument(
        "--chain", action="append", default=[], metavar="FILE", help="option quotes of a coin; again for each"
    )
    command.add_argument(
        "--funding",
        type=forms.funding,
        metavar="RATE",
        help="of perpetuals, what longs pay per 8 hours: 0.01%%, or by asset: DOGE=0.01%%",
    )
    command.add_argument(
        "--floor", type=forms.loss, metavar="SHARE", help="worst loss to keep (default -15%%)"
    )
    command.add_argument(
        "--horizon", type=forms.days, metavar="DAYS", help="days the floor holds for (default 30)"
    )
    command.add_argument(
        "--together", action="store_true", help="also plan for all laggards of the book as one"
    )
    console.add_table(command, "whole table")
    console.add_outputs(command, "ranking, rolling alpha and drawdowns")


def _windows(text: str) -> tuple[int, ...]:
    try:
        return tuple(forms.whole(part.strip()) for part in text.split(","))
    except InputError as error:
        raise InputError(f"must be whole days with commas, such as 30,60,90; got {text!r}") from error


def _run(args: argparse.Namespace) -> int:
    from hedging.screen import run
    from hedging.venues import read_prices

    console.check_outputs(args.json, args.csv, plot=args.plot)
    _check_book(args)
    prices = read_prices(args.prices, timezone=args.timezone)
    named = {each.lower(): each for each in ("volume", "equal", *prices.coins)}
    args.benchmark = named.get(args.benchmark.lower(), args.benchmark)
    past = _history(args, prices) if args.history else None
    screen = run(prices, args.benchmark, args.at, args.windows, history=past)
    decision = _decision(args, prices, screen) if args.book else None
    if args.json:
        content = screen.to_dict()
        if past is not None:
            content["history"] = past.to_dict()
        if decision is not None:
            content["decision"] = decision.to_dict()
        console.emit_json(args.json, content)
    if args.csv:
        console.emit_csv(args.csv, screen.to_frame().reset_index())
    if "-" not in (args.json, args.csv):
        told = "\n".join([str(screen), *_oddities(screen)])
        console.show(told, *(part for part in (past, decision) if part is not None))
    if args.plot:
        _draw(args, prices, screen, decision)
    return 0


def _check_book(args: argparse.Namespace) -> None:
    """Refuse what is asked of a book where none is given."""
    given = {
        "--chain": bool(args.chain),
        "--funding": bool(args.funding),
        "--floor": args.floor is not None,
        "--horizon": args.horizon is not None,
        "--together": args.together,
    }
    lost = [name for name, there in given.items() if there]
    if lost and not args.book:
        raise InputError(f"{', '.join(lost)}: the ways out are those of a book; give --book BOOK.")


def _history(args: argparse.Namespace, prices: Prices) -> History:
    """Past cases, none of them later than the screen."""
    from hedging.screen import history

    if args.at:
        prices = prices.before(args.at)
    with console.progress("history") as progress:
        return history(prices, benchmark=args.benchmark, windows=args.windows, progress=progress)


def _decision(args: argparse.Namespace, prices: Prices, screen: Screen) -> Decision:
    """The ways out of the laggards of a book, with the chains that are of its time."""
    from hedging.book import read_book
    from hedging.screen import decide

    book = read_book(args.book)
    day = screen.as_of + prices.daily().bar.length  # quotes are taken after the last close
    chains = {}
    for file in args.chain:
        chain = _chain_after(file, day)
        chains[chain.asset] = chain
    floor = _DEFAULT_FLOOR if args.floor is None else args.floor
    if isinstance(floor, forms.Money):
        raise InputError(f"--floor of {floor} is money: of each laggard give a share, such as -15%.")
    funding = args.funding or {}
    if isinstance(funding, dict) and (
        unknown := [name for name in funding if name not in {*book.assets, *chains}]
    ):
        raise InputError(
            f"--funding names {', '.join(unknown)}, which the book does not hold; it holds {', '.join(book.assets)}."
        )
    return decide(
        book,
        prices,
        chains,
        funding if isinstance(funding, dict) else dict.fromkeys(book.assets, funding),
        floor,
        args.horizon or _DEFAULT_HORIZON,
        at=args.at,
        benchmark=args.benchmark,
        together=args.together,
    )


def _chain_after(file: str, day: Any) -> OptionChain:
    """The chain of a file: its only one, or that of the day after the last close."""
    from hedging.venues import read_chain

    try:
        return read_chain(file)
    except InputError as error:
        try:
            return read_chain(file, at=f"{day:%Y-%m-%d}")
        except InputError:
            raise error from None


def _oddities(screen: Screen) -> Iterator[str]:
    """Coins that were left out, and what was odd about those that were not."""
    for coin, of_coin in screen.excluded.groupby("coin"):
        days = ", ".join(map(str, of_coin["window"]))
        yield f"left out: {coin}, windows {days}: {of_coin['reason'].iloc[-1]}"
    for event in screen.events:
        if event.kind != "late listing":
            yield f"odd: {event}"


def _draw(args: argparse.Namespace, prices: Prices, screen: Screen, decision: Decision | None) -> None:
    """Rankings, rolling alpha and drawdowns on one sheet, and the ways out."""
    from matplotlib import pyplot as plt

    from hedging import plots
    from hedging import screen as room
    from hedging.plots.style import styled

    coins = screen.weakest(DRAWN)
    if not coins:
        raise InputError("--plot: no coin to draw.")
    drawn = decision is not None and bool(decision.ways)
    with styled():
        figure = plt.figure(figsize=(10.0, 4.4 * (4 if drawn else 3)), layout="constrained")
        # Each with a layout of its own: what stands beside the ways takes no room from the others.
        parts: Any = figure.subfigures(2, 1, height_ratios=[3, 1]) if drawn else [figure.subfigures()]
        axes = parts[0].subplot_mosaic([["by alpha", "by break"], ["alpha"] * 2, ["drawdowns"] * 2])
    try:
        window = max(screen.windows)
        alphas = room.rolling_alpha(prices, coins, window=window, benchmark=screen.benchmark, at=args.at)
        plots.ranking(screen, ax=axes["by alpha"])
        # A long window sees decay, never a run: who breaks stands beside, by the measure that does.
        known = screen.table.get("break_peers")
        broken = known is not None and known.notna().any()
        plots.ranking(screen, "break_peers" if broken else "momentum_1w", ax=axes["by break"])
        plots.rolling_alpha(alphas, window=window, ax=axes["alpha"])
        plots.drawdowns(room.drawdowns(prices, coins, at=args.at), ax=axes["drawdowns"])
        if decision is not None and drawn:
            plots.decision(decision, ax=parts[1].subplots())
        console.save_figure(figure, args.plot)
    finally:
        plt.close(figure)

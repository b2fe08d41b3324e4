"""The command ``hedging screen``: which coins decline, why, and what that was worth knowing before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import hedging
from hedging.cli import _console as console
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging import Prices
    from hedging.screen import History, Screen

__all__ = ["add_parser"]

DRAWN = 5  # weakest coins of the pictures over time


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``screen`` to the commands."""
    command = console.command(commands, "screen", _run, "which coins decline and why, from their prices")
    command.add_argument("prices", metavar="PRICES", help="file of prices: CSV or Parquet, long or wide")
    command.add_argument(
        "--benchmark", default="BTC", metavar="COIN", help="a coin, equal or volume (default BTC)"
    )
    command.add_argument("--at", metavar="DATE", help="with what was known at the end of that UTC day")
    command.add_argument(
        "--windows", type=_windows, default=(30, 60, 90), metavar="DAYS,DAYS", help="default 30,60,90"
    )
    command.add_argument("--timezone", metavar="ZONE", help="zone of times that carry none: Europe/Rome")
    command.add_argument(
        "--history", action="store_true", help="what past cases of each verdict were followed by"
    )
    command.add_argument("--csv", metavar="FILE", help="write the whole table as CSV")
    console.add_outputs(command, "ranking, rolling alpha and drawdowns")


def _windows(text: str) -> tuple[int, ...]:
    return tuple(console.whole(part.strip()) for part in text.split(","))


def _run(args: argparse.Namespace) -> int:
    console.check_outputs(args.json, args.csv, plot=args.plot)
    prices = hedging.read_prices(args.prices, timezone=args.timezone)
    past = _history(args, prices) if args.history else None
    screen = hedging.screen.run(prices, args.benchmark, args.at, args.windows, history=past)
    if args.json:
        content = screen.to_dict()
        if past is not None:
            content["history"] = past.to_dict()
        console.emit_json(args.json, content)
    if args.json != "-":
        print(screen)
        _print_oddities(screen)
        if past is not None:
            print(f"\n{past}")
    if args.csv:
        console.write_table(args.csv, screen.to_frame().reset_index())
    if args.plot:
        _draw(args, prices, screen)
    return 0


def _history(args: argparse.Namespace, prices: Prices) -> History:
    """Past cases, none of them later than the screen."""
    if args.at:
        prices = prices.before(args.at)
    with console.progress("history") as progress:
        return hedging.screen.history(
            prices, benchmark=args.benchmark, windows=args.windows, progress=progress
        )


def _print_oddities(screen: Screen) -> None:
    """Coins that were left out, and what was odd about those that were not."""
    for coin, of_coin in screen.excluded.groupby("coin"):
        days = ", ".join(map(str, of_coin["window"]))
        print(f"left out: {coin}, windows {days}: {of_coin['reason'].iloc[-1]}")
    for event in screen.events:
        if event.kind != "late listing":
            print(f"odd: {event}")


def _draw(args: argparse.Namespace, prices: Prices, screen: Screen) -> None:
    """Three pictures on one sheet."""
    from matplotlib import pyplot as plt

    from hedging.plots.style import styled

    coins = screen.weakest(DRAWN)
    if not coins:
        raise InputError("--plot: no coin to draw.")
    with styled():
        figure, (first, second, third) = plt.subplots(3, 1, figsize=(8.0, 13.0), layout="constrained")
    try:
        window = max(screen.windows)
        alphas = hedging.screen.rolling_alpha(
            prices, coins, window=window, benchmark=screen.benchmark, at=args.at
        )
        hedging.plots.ranking(screen, ax=first)
        hedging.plots.rolling_alpha(alphas, window=window, ax=second)
        hedging.plots.drawdowns(hedging.screen.drawdowns(prices, coins, at=args.at), ax=third)
        console.save_figure(figure, args.plot)
    finally:
        plt.close(figure)

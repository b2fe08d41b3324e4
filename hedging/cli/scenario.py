"""The command ``hedging scenario``: a fall, a replay, a grid or drawn paths, with and without a plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging._ground import forms
from hedging._ground.counts import number_of
from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli._moves import add_correlation, drawn
from hedging.cli._survive import add_account
from hedging.cli._used import check_several

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from hedging.book import Book
    from hedging.margin import Survival
    from hedging.margin.side_by_side import SideBySide
    from hedging.market import Market
    from hedging.paths.by_asset import PathsBy
    from hedging.planner import HedgePlan
    from hedging.scenario import ScenarioResult

Markets: TypeAlias = "tuple[Market, ...]"

__all__ = ["ACCELERATIONS", "add_parser"]

ACCELERATIONS = (1.0, 2.0, 4.0)
GRID_MOVES = (-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2)
GRID_VOLS = (-0.1, 0.0, 0.1, 0.2, 0.4)
WHOLE_FROM = 1_000.0  # gains in so much are shown in whole units


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``scenario`` to the commands."""
    command = console.command(
        commands,
        "scenario",
        _run,
        "what a fall does to the book and its margin, with and without a plan",
        example="hedging scenario book.toml --plan plan.json --chain chain.csv --velocity -2% --acceleration -0.4% --days 14",
    )
    command.show_in_help(
        *("--chain", "--plan", "--velocity", "--acceleration", "--days", "--replay", "--account", "--plot")
    )
    asked.add_chains(command)
    command.add_argument("--plan", metavar="FILE", help="a plan saved by: hedging plan --json FILE")
    kind = command.add_mutually_exclusive_group(required=True)
    kind.add_argument(
        "--velocity",
        type=forms.velocity,
        metavar="SHARE",
        help="an accelerating fall: log-price a day, -2%%; +2%% is a rise",
    )
    kind.add_argument(
        "--replay", metavar="NAME", help="a crash that happened: feb-2026, oct-2025, ftx-2022 ..."
    )
    kind.add_argument(
        "--monte-carlo", type=forms.count, metavar="N", help="N paths drawn from what the chain quotes"
    )
    kind.add_argument("--grid", action="store_true", help="spot moves by vol shifts on the day of --days")
    command.add_argument(
        "--acceleration",
        type=forms.share,
        default=0.0,
        metavar="SHARE",
        help="added to the velocity a day, each day: -0.4%%",
    )
    command.add_argument(
        "--days", type=forms.days, default=21.0, metavar="DAYS", help="length of the path (default 21)"
    )
    command.add_argument(
        "--tails",
        choices=["student-t", "jumps"],
        default="student-t",
        help="of --monte-carlo: the model that orders paths over dates and assets",
    )
    add_correlation(command)
    command.add_argument(
        "--seed", type=forms.whole, default=1, metavar="N", help="of what is drawn (default 1)"
    )
    add_account(command)
    command.goes_with("--acceleration", "--velocity")
    command.goes_with("--days", "--velocity", "--monte-carlo", "--grid", why=", as a replay has its own")
    for drawn_by in ("--tails", "--seed", "--correlation"):
        command.goes_with(drawn_by, "--monte-carlo")
    console.add_outputs(command, "scenario")
    console.add_table(command, "table")


def _run(args: argparse.Namespace) -> int:
    from hedging.planner import read_plan

    console.check_outputs(args.json, args.csv, plot=args.plot)
    book, markets = asked.book_and_markets(args)
    check_several(args, book)
    overlay = read_plan(args.plan) if args.plan else None
    if overlay is not None:
        _check_plan(args, overlay, book, markets)
    if args.grid:
        return _grid(args, book, markets, overlay)
    if args.monte_carlo is not None:
        return _monte_carlo(args, book, markets, overlay)
    return _path(args, book, markets, overlay)


def _check_plan(args: argparse.Namespace, overlay: HedgePlan, book: Book, markets: Markets) -> None:
    """Refuse a plan of other assets or of later quotes; of another book of the same ones, say how it differs."""
    from hedging.cli._streams import complain
    from hedging.planner.result.belonging import days_since, other_book

    days_since(overlay, {market.asset: market for market in markets})
    differs = other_book(overlay, book)
    if differs:
        complain(f"{args.plan} was planned for another book: {differs}")


def _path(args: argparse.Namespace, book: Book, markets: Markets, overlay: HedgePlan | None) -> int:
    """One path: an accelerating fall, or a crash that happened."""
    from functools import partial

    from hedging.paths import crash_path, fan
    from hedging.scenario import run
    from hedging.scenario.joint import falls, replayed

    if args.replay is not None:
        paths = drawn = replayed(markets, args.replay)
    else:
        fall = (args.velocity, args.acceleration, args.days)
        paths = falls(markets, partial(crash_path, *fall))
        drawn = falls(markets, partial(fan, *fall, multiples=ACCELERATIONS))
    result = run(book, markets, paths, overlay=overlay)
    accounts = _accounts(args, book, markets, paths, overlay)
    content = result.to_dict()
    if accounts:
        content["survival"] = {f"{each.name} {way}": _plain(kept) for each, way, kept in _each(accounts)}
    _show(args, content, result.to_frame(), result, *accounts)
    if args.plot:
        console.save_figure(_fan(args, book, markets, drawn, overlay), args.plot)
    return 0


def _fan(
    args: argparse.Namespace, book: Book, markets: Markets, paths: PathsBy, overlay: HedgePlan | None
) -> Figure:
    from hedging.plots import crash_fan
    from hedging.scenario import run

    result = run(book, markets, paths, overlay=overlay)
    ways = {"position alone": None, "with overlay": overlay}
    kept = {how: _survivals(args, book, markets, paths, legs) for how, legs in ways.items()}
    return crash_fan(result, survival=kept)


def _accounts(
    args: argparse.Namespace, book: Book, markets: Markets, paths: PathsBy, overlay: HedgePlan | None
) -> list[SideBySide]:
    """Every account along the paths, without the plan and with it."""
    from hedging.margin.side_by_side import SideBySide

    ways = {"alone": None} | ({"with the plan": overlay} if overlay else {})
    kept = {way: _survivals(args, book, markets, paths, legs) for way, legs in ways.items()}
    names = dict.fromkeys(name for each in kept.values() for name in each)
    return [
        SideBySide(name, {way: each[name] for way, each in kept.items() if name in each}) for name in names
    ]


def _each(accounts: list[SideBySide]) -> Iterator[tuple[SideBySide, str, Survival]]:
    """Every account with every book."""
    return ((each, way, kept) for each in accounts for way, kept in each.ways.items())


def _survivals(
    args: argparse.Namespace, book: Book, markets: Markets, paths: PathsBy, legs: HedgePlan | None
) -> dict[str, Survival]:
    """The accounts that the book declares; all of it where it declares none and one is asked for."""
    from hedging.margin import survive_accounts

    return survive_accounts(book.with_model(args.account) if args.account else book, markets, paths, legs)


def _plain(kept: Survival) -> dict[str, Any]:
    told = {"currency": kept.currency, "counted": kept.counted, "not_counted": kept.left_out}
    return told | {"scenarios": console.records(kept.summary().reset_index())}


def _many(content: dict[str, Any], accounts: list[SideBySide]) -> list[str]:
    """Of many scenarios: how many each account survives, into the content and in words."""
    if accounts:
        content["survival"] = _shares(accounts)
    return [each.heading() for each in accounts]


def _shares(accounts: list[SideBySide]) -> dict[str, Any]:
    return {
        f"{each.name} {way}": {
            "currency": kept.currency,
            "counted": kept.counted,
            "not_counted": kept.left_out,
            "survived": int(kept.survives.sum()),
            "scenarios": len(kept.labels),
        }
        for each, way, kept in _each(accounts)
    }


def _grid(args: argparse.Namespace, book: Book, markets: Markets, overlay: HedgePlan | None) -> int:
    from hedging.scenario import table as over_grid

    table = over_grid(book, markets, overlay, spot_moves=GRID_MOVES, vol_shifts=GRID_VOLS, days=args.days)
    content = {
        "day": args.days,
        "currency": table.attrs["currency"],
        "filled": table.attrs["filled"],
        "spot_moves": list(GRID_MOVES),
        "vol_shifts": list(GRID_VOLS),
        "gains": table.to_numpy().tolist(),
    }
    shown = table.rename(index=lambda x: f"{x:+.0%}", columns=lambda x: f"vol {100 * x:+.0f} pt")
    shown.index.name, shown.columns.name = "spot", None
    head = (
        f"gain on day {args.days:g} in {table.attrs['currency']}, {'with' if overlay else 'without'} a plan"
        f"{_alike(markets)}{_since(markets, table.attrs['filled'])}"
    )
    from hedging.paths import grid

    nodes = dict.fromkeys((market.asset for market in markets), grid(GRID_MOVES, GRID_VOLS, [args.days]))
    told = _many(content, _accounts(args, book, markets, nodes, overlay))
    _show(args, content, table.reset_index(), head, console.text_of(shown, float_format=_form(table)), *told)
    if args.plot:
        from hedging.plots import heatmap

        console.save_figure(heatmap(table).figure, args.plot)
    return 0


def _monte_carlo(args: argparse.Namespace, book: Book, markets: Markets, overlay: HedgePlan | None) -> int:
    from hedging.risk import tail_risk
    from hedging.scenario import run

    paths = drawn(markets, args.days, args.monte_carlo, args.seed, args.correlation, args.tails)
    with console.progress("scenarios") as report:
        result = run(book, markets, paths, overlay=overlay, progress=report)
    gains = _end_gains(result)
    risk = tail_risk(gains)
    content = {
        "scenarios": args.monte_carlo,
        "seed": args.seed,
        "tails": args.tails,
        "vol": {market.asset: market.vol_of_30_days for market in markets},
        "correlation": args.correlation if len(markets) > 1 else None,
        "days": args.days,
        "risk": console.records(risk.reset_index()),
    }
    head = (
        f"{number_of(args.monte_carlo, 'path')} of {number_of(args.days, 'day')}, {args.tails}, at the chain's own vols "
        f"({_vols(args, markets)}) (seed {args.seed}); losses in {result.currency}{_since(markets, result.filled)}"
    )
    told = _many(content, _accounts(args, book, markets, paths, overlay))
    _show(
        args, content, risk.reset_index(), head, console.text_of(risk, float_format="{:,.6g}".format), *told
    )
    if args.plot:
        from hedging.plots import distribution

        axes = distribution(gains, risk, currency=result.currency)
        console.save_figure(axes.figure, args.plot)
    return 0


def _since(markets: Markets, filled: str | pd.Timestamp | None) -> str:
    """From when gains count, where the orders of a plan were filled before."""
    if filled is None:
        return ""
    from hedging.book.entering import counted_from
    from hedging.units import utc

    return f"; gains: {counted_from(markets[0].as_of, utc(filled))}"


def _form(table: pd.DataFrame) -> Callable[[float], str]:
    """Whole units where gains are large, as money is; else to five digits."""
    from hedging._ground.cells import figure

    large = bool((table.abs() >= WHOLE_FROM).any(axis=None))
    return "{:,.0f}".format if large else lambda gain: figure(gain, 5)


def _alike(markets: Markets) -> str:
    several = len(markets) > 1
    return f"; {' and '.join(market.asset for market in markets)} move by the same share" if several else ""


def _vols(args: argparse.Namespace, markets: Markets) -> str:
    if len(markets) == 1:
        return f"{markets[0].vol_of_30_days:.1%} for 30 days"
    vols = ", ".join(f"{market.asset} {market.vol_of_30_days:.1%}" for market in markets)
    return f"{vols} for 30 days; correlation {args.correlation:.0%}"


def _end_gains(result: ScenarioResult) -> dict[str, Any]:
    alone = {"position alone": result.position[:, -1]}
    return alone | ({"with overlay": result.total[:, -1]} if result.has_overlay else {})


def _show(args: argparse.Namespace, content: dict[str, Any], table: pd.DataFrame, *parts: object) -> None:
    """Print the parts, or write the content as JSON and the table as CSV, or all of it."""
    if args.json:
        console.emit_json(args.json, content)
    if args.csv:
        console.emit_csv(args.csv, table)
    if "-" not in (args.json, args.csv):
        console.show(*parts)

"""The command ``hedging demo``: the main job on a synthetic sample, with all that it writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedging._ground.counts import number_of
from hedging._writing import write_text
from hedging.cli import _console as console
from hedging.cli.scenario import ACCELERATIONS

if TYPE_CHECKING:
    from hedging.book import Book
    from hedging.market import OptionChain
    from hedging.planner import HedgePlan
    from hedging.scenario import ScenarioResult

__all__ = ["add_parser"]

FOLDER, BOOK, CHAIN = "hedging-demo", "book.toml", "chain.csv"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``demo`` to the commands."""
    text = "the main job on a synthetic sample; needs no data and no network"
    command = console.command(
        commands,
        "demo",
        _run,
        text,
        example="hedging demo -o hedging-demo",
    )
    command.add_argument("-o", "--output", default=FOLDER, metavar="DIR", help=f"default: {FOLDER}")


def _run(args: argparse.Namespace) -> int:
    from hedging import paths, samples, scenario
    from hedging.planner import Limits, Target
    from hedging.planner import plan as find

    folder = console.folder(args.output)
    book, chain = samples.book(), samples.chain()
    target = Target(delta=(8, 12), vega=(0, None), floor=-0.15)
    limits = Limits(budget=0.02, max_legs=4, expiries=(20, 100))
    plan = find(book, chain, target, limits, horizon=30)
    print(f"{chain.source}: {number_of(len(chain.quotes), 'quote')}, {chain.asset} at {chain.spot:,.0f}\n")
    console.show(plan)
    falls = paths.fan(-0.02, -0.004, 14, multiples=ACCELERATIONS)
    crash = scenario.run(book, chain, falls, overlay=plan)
    console.show(f"\n{crash}\n")
    for file in _write(folder, book, chain, plan, crash):
        print(f"wrote {folder / file}")
    print(f"next: hedging plan {folder / BOOK} --chain {folder / CHAIN}")
    return 0


def _write(
    folder: Path, book: Book, chain: OptionChain, plan: HedgePlan, crash: ScenarioResult
) -> tuple[str, ...]:
    """Write report, plan, orders, tables, pictures, and what goes on from there into a folder; their names."""
    from hedging import overlays, plots
    from hedging.book import template
    from hedging.venues import write_chain

    own = (folder / BOOK).exists()  # it was written to be changed
    if not own:
        write_text(folder / BOOK, template())
    write_chain(chain, folder / CHAIN)

    write_text(folder / "plan.json", plan.to_json() + "\n")
    console.write_table(folder / "orders.csv", plan.orders)
    console.write_table(folder / "overlays.csv", overlays.compare(book, chain).reset_index())
    console.write_table(folder / "scenarios.csv", crash.to_frame())
    console.save_figure(plots.payoff(book, chain, overlay=plan).figure, folder / "payoff.png")
    console.save_figure(plots.crash_fan(crash), folder / "crash.png")
    plan.report(folder / "report.html")
    return (
        "report.html",
        "plan.json",
        "orders.csv",
        "overlays.csv",
        "scenarios.csv",
        "payoff.png",
        "crash.png",
        CHAIN,
        *(() if own else (BOOK,)),
    )

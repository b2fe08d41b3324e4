"""The command ``hedging demo``: the main job on a synthetic sample, with all that it writes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hedging._ground.counts import number_of
from hedging._ground.toml import parse_toml
from hedging._writing import write_text
from hedging.cli import _console as console
from hedging.cli.scenario import ACCELERATIONS
from hedging.errors import HedgingError, InputError

if TYPE_CHECKING:
    from hedging.book import Book
    from hedging.market import OptionChain
    from hedging.planner import HedgePlan
    from hedging.scenario import ScenarioResult

__all__ = ["add_parser"]

# Lines of the template that the sample is asked otherwise: long vol only, of expiries that a desk rolls.
_ASKED = {'# vega = "0:"  ': 'vega = "0:"    ', 'expiries = "7:"    ': 'expiries = "20:100"'}
FOLDER, BOOK, CHAIN = "hedging-demo", "book.toml", "chain.csv"
WRITTEN = (
    "report.html",
    "plan.json",
    "orders.csv",
    "overlays.csv",
    "scenarios.csv",
    "payoff.png",
    "crash.png",
)


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
    from hedging.planner import plan as find
    from hedging.planner.request.mandate import mandate_from_dict

    folder = console.folder(args.output)
    book, chain = samples.book(), samples.chain()
    _check_folder(folder, chain)
    mandate = mandate_from_dict(parse_toml(_book_file(), BOOK))
    plan = find(book, chain, *mandate.resolve(book, chain), horizon=mandate.horizon)
    print(f"{chain.source}: {number_of(len(chain.quotes), 'quote')}, {chain.asset} at {chain.spot:,.0f}\n")
    console.show(plan)
    falls = paths.fan(-0.02, -0.004, 14, multiples=ACCELERATIONS)
    crash = scenario.run(book, chain, falls, overlay=plan)
    console.show(f"\n{crash}\n")
    written = _write(folder, book, chain, plan, crash)
    for file in written:
        print(f"wrote {folder / file}")
    if BOOK not in written:
        print(f"kept {folder / BOOK}, which was there")
    print(f"next: hedging plan {folder / BOOK} --chain {folder / CHAIN}")
    return 0


def _check_folder(folder: Path, chain: OptionChain) -> None:
    """Refuse a folder with files of these names that no demo wrote; one that did left its chain there."""
    there = [name for name in (*WRITTEN, CHAIN) if (folder / name).exists()]
    if there and not _is_a_demos(folder, chain):
        raise InputError(
            f"{folder} holds {', '.join(there)} of its own, which the demo would replace: give -o another folder."
        )


def _is_a_demos(folder: Path, chain: OptionChain) -> bool:
    from hedging.venues import read_chain

    try:
        return bool(read_chain(folder / CHAIN).quotes.equals(chain.quotes))
    except HedgingError:
        return False


def _book_file() -> str:
    """The book of the sample with what its plan is asked: what goes on from it begins with the same plan."""
    from hedging.book import template

    text = template()
    for line, ours in _ASKED.items():
        text = text.replace(line, ours)
    return text


def _write(
    folder: Path, book: Book, chain: OptionChain, plan: HedgePlan, crash: ScenarioResult
) -> tuple[str, ...]:
    """Write report, plan, orders, tables, pictures, and what goes on from there into a folder; their names."""
    from hedging import overlays, plots
    from hedging.venues import write_chain

    own = (folder / BOOK).exists()  # it was written to be changed
    if not own:
        write_text(folder / BOOK, _book_file())
    write_chain(chain, folder / CHAIN)

    write_text(folder / "plan.json", plan.to_json() + "\n")
    console.write_table(folder / "orders.csv", plan.orders)
    console.write_table(folder / "overlays.csv", overlays.compare(book, chain).reset_index())
    console.write_table(folder / "scenarios.csv", crash.to_frame())
    console.save_figure(plots.payoff(book, chain, overlay=plan).figure, folder / "payoff.png")
    console.save_figure(plots.crash_fan(crash), folder / "crash.png")
    plan.report(folder / "report.html")
    return (*WRITTEN, CHAIN, *(() if own else (BOOK,)))

"""The command ``hedging report``: one self-contained HTML page of a book, its plan and what was found out about it."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

from hedging.cli import _asked as asked
from hedging.cli import _console as console
from hedging.cli._survive import add_account

__all__ = ["add_parser"]

DEFAULT = "report.html"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``report`` to the commands."""
    text = "one HTML page: position, plan and proof, payoffs with sliders, falls, accounts, quotes"
    command = console.command(
        commands,
        "report",
        _run,
        text,
        example="hedging report book.toml --chain chain.csv --plan plan.json -o report.html",
    )
    asked.add_chains(command)
    command.add_argument("--plan", metavar="FILE", help="a plan saved by: hedging plan --json FILE")
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    command.goes_with("--edited", "--plan")
    command.add_argument("--backtest", metavar="FILE", help="saved by: hedging backtest --json FILE")
    command.add_argument("--screen", metavar="FILE", help="saved by: hedging screen --json FILE")
    add_account(command)
    command.add_argument("-o", "--output", default=DEFAULT, metavar="FILE", help=f"default: {DEFAULT}")


def _run(args: argparse.Namespace) -> int:
    from hedging import report
    from hedging.planner import read_plan
    from hedging.report.page import check_page

    check_page(args.output, "-o")
    console.check_outputs(args.output)
    book, markets = asked.book_and_markets(args)
    report.write(
        args.output,
        book.with_model(args.account) if args.account else book,
        markets,
        read_plan(args.plan, trust=not args.edited) if args.plan else None,
        backtest=_read(args.backtest, "--backtest"),
        screen=_read(args.screen, "--screen"),
        files=_files(args),
        command=_command(args),
    )
    print(f"wrote {args.output}")
    return 0


def _read(path: str | None, option: str) -> Any:
    """A saved result as plain values."""
    if path is None:
        return None
    from hedging._ground.reading import parse_json, read_text

    return parse_json(read_text(path, what=option), f"{option} {path}")


def _files(args: argparse.Namespace) -> dict[str, str]:
    """Files read, by what they hold."""
    one = len(args.chain) == 1
    chains = {"chain" if one else f"chain {place}": file for place, file in enumerate(args.chain, start=1)}
    others = {name: getattr(args, name) for name in ("plan", "backtest", "screen")}
    return {"book": args.book} | chains | {name: file for name, file in others.items() if file}


def _command(args: argparse.Namespace) -> str:
    """The command line that makes the same page: all that was typed."""
    words = ["hedging", "report"]
    named = {action.dest: action.option_strings for action in args.parser._actions}
    for name, text in args.parser.texts:
        words += [args.parser.called(named[name]), text] if named[name] else [text]
    return shlex.join([*words, *(["--edited"] if args.edited else [])])

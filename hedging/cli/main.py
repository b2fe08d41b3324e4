"""The command ``hedging``: parse, call one public function, print.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 no feasible plan (the closest one is
printed), or a watched target is broken; 2 bad input; 3 no time for a plan, or the solver, an exchange or the
system failed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import gc
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from hedging.cli import _screen as screen
from hedging.cli import _streams as streams
from hedging.cli import audit as cli_audit
from hedging.cli import backtest as cli_backtest
from hedging.cli import book as cli_book
from hedging.cli import chain as cli_chain
from hedging.cli import completion as cli_completion
from hedging.cli import demo as cli_demo
from hedging.cli import explain as cli_explain
from hedging.cli import frontier as cli_frontier
from hedging.cli import overlays as cli_overlays
from hedging.cli import plan as cli_plan
from hedging.cli import report as cli_report
from hedging.cli import roll as cli_roll
from hedging.cli import scenario as cli_scenario
from hedging.cli import screen as cli_screen
from hedging.cli import watch as cli_watch
from hedging.cli import worth as cli_worth
from hedging.cli._overwriting import OUTPUTS, check_overwriting
from hedging.cli._parser import CODES, Parser
from hedging.cli._stdin import from_stdin
from hedging.cli._unknown import unknown_argument
from hedging.cli._words import in_words_of
from hedging.errors import HedgingError

__all__ = ["main", "the_parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; no error of ours leaves a traceback."""
    if argv is not None:
        return _settled(list(argv))
    # Of a process of our own, a twelfth would be spent on looking for garbage in what it has just imported.
    gc.set_threshold(200_000, 20, 100)
    with streams.own_streams():
        return _settled(sys.argv[1:])


def _settled(argv: list[str]) -> int:
    """Run the command until all that it printed is out."""
    code = 0
    try:
        code = _run(argv)
        streams.flush()
    except BrokenPipeError:  # the reader (head, less) has seen enough
        streams.discard(sys.stdout)
    except OSError as error:  # a full disk under stdout, above all
        streams.discard(sys.stdout)
        streams.complain(f"what was asked for cannot be written to stdout: {error.strerror or error}.")
        code = code or HedgingError.exit_code
    return code


def _run(argv: list[str]) -> int:
    parser: Parser | None = None
    args = argparse.Namespace()
    try:
        args, unknown = the_parser().parse_known_args(_join_negatives(_asking_for_help(argv)))
        parser = args.parser
        if unknown:
            parser.error(unknown_argument(parser, unknown))
        args.parser.check_given()
        check_overwriting(args)
        with from_stdin(args), screen.sized():
            code: int = args.run(args)
        results = {getattr(args, name, None) for name in OUTPUTS} - {None}
        if results and "-" not in results:
            streams.forgive()
    except SystemExit as leave:  # --help, --version, or wrong usage
        return int(leave.code or 0)
    except HedgingError as error:
        streams.complain(in_words_of(parser, str(error), _in_book(args)))
        return error.exit_code
    except KeyboardInterrupt:
        streams.complain("interrupted")
        return 130
    return code


def _in_book(args: argparse.Namespace) -> dict[str, str]:
    """The targets and limits that the book's file gives and no option, each with the file."""
    file = getattr(args, "book", None)
    if not isinstance(file, str) or not hasattr(args, "floor"):
        return {}
    from hedging.planner import read_mandate

    with suppress(HedgingError):
        told = read_mandate(file)
        return {name: file for name in (*told.targets, *told.limits) if getattr(args, name, None) is None}
    return {}


class _Version(argparse.Action):
    """Prints the version; the front door that knows it was passed on the way here."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        print(f"hedging {sys.modules['hedging'].__version__}")
        parser.exit()


# --- the arguments ----------------------------------------------------------------------------------


def _asking_for_help(argv: list[str]) -> list[str]:
    """Let ``help``, ``help plan`` and ``plan help`` mean ``--help``, as many commands have it."""
    if argv[:1] == ["version"]:
        return ["--version"]
    if argv[:1] == ["help"]:
        return [*argv[1:], "--help"]
    if len(argv) > 1 and argv[-1] == "help" and not any(word.startswith("-") for word in argv):
        return [*argv[:-1], "--help"]
    return argv


def _join_negatives(argv: list[str]) -> list[str]:
    """Let ``--floor -15%`` mean ``--floor=-15%``: argparse would take ``-15%`` for an option."""
    joined: list[str] = []
    for token in argv:
        takes_value = joined and re.fullmatch(r"--[a-z][a-z-]*", joined[-1])
        if takes_value and re.match(r"-\.?\d", token):
            joined[-1] += f"={token}"
        else:
            joined.append(token)
    return joined


def the_parser() -> Parser:
    """The whole command line."""
    parser = Parser(
        prog="hedging",
        description="Options-overlay hedging: Greeks, a proven plan in whole lots, and crash scenarios.",
        epilog=f"Shares are written 2% or 0.02, bands LO:HI, LO: or :HI, windows DAYS:DAYS;\n- is stdin or stdout.\n\n{CODES}",
    )
    parser.add_argument("-V", "--version", action=_Version, nargs=0, help="show the version and leave")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    cli_plan.add_parser(commands)
    cli_frontier.add_parser(commands)

    cli_overlays.add_parser(commands)

    cli_audit.add_parser(commands)
    cli_watch.add_parser(commands)
    cli_explain.add_parser(commands)
    cli_roll.add_parser(commands)
    cli_worth.add_parser(commands)
    cli_scenario.add_parser(commands)
    cli_chain.add_parser(commands)
    cli_screen.add_parser(commands)
    cli_backtest.add_parser(commands)
    cli_report.add_parser(commands)
    cli_book.add_parser(commands)
    cli_demo.add_parser(commands)
    cli_completion.add_parser(commands, parser)
    return parser

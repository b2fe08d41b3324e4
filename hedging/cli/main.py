"""The command ``hedging``: parse, call one public function, print.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 no feasible plan (the closest one is
printed); 2 bad input; 3 the solver, an exchange or the system failed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence

import hedging
from hedging._writing import write_text
from hedging.cli import _console as console
from hedging.cli import backtest as cli_backtest
from hedging.cli import chain as cli_chain
from hedging.cli import frontier as cli_frontier
from hedging.cli import plan as cli_plan
from hedging.cli import scenario as cli_scenario
from hedging.errors import HedgingError, InfeasibleHedgeError, InputError, MissingExtraError

__all__ = ["main"]

DEMO_FOLDER = "hedging-demo"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; no error of ours leaves a traceback."""
    if argv is None:
        _silence_libraries()
    try:
        args = _parser().parse_args(_join_negatives(sys.argv[1:] if argv is None else list(argv)))
    except SystemExit as leave:  # --help, --version, or wrong usage
        return int(leave.code or 0)
    try:
        code: int = args.run(args)
        if sys.stdout is not None:  # None where it was closed from the start
            sys.stdout.flush()
    except InfeasibleHedgeError as error:
        _complain(error)
        return 1
    except (InputError, MissingExtraError) as error:
        _complain(error)
        return 2
    except HedgingError as error:
        _complain(error)
        return 3
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Nothing may be flushed into the closed pipe at exit.
        sys.stdout = None
        return 0
    except OSError as error:  # a full disk under stdout, above all: nothing is flushed into that either
        sys.stdout = None
        _complain(error)
        return 3
    except KeyboardInterrupt:
        print("hedging: interrupted", file=sys.stderr)
        return 130
    return code


def _silence_libraries() -> None:
    """Keep stdout for our results: HiGHS prints a line of its own there, in the middle of any JSON."""
    if sys.stdout is None:
        return
    try:
        ours = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding, errors="replace")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # stdout is no file: nothing to protect
        return
    sys.stdout = ours


def _complain(error: Exception) -> None:
    print("hedging: " + " ".join(str(error).split()), file=sys.stderr)


# --- the commands -----------------------------------------------------------------------------------


def _overlays(args: argparse.Namespace) -> int:
    console.check_outputs(args.json)
    book, chain = console.read_inputs(args)
    overlays = hedging.overlays.standard(book, chain, coverage=args.coverage, days=args.expiries)
    table = hedging.overlays.compare(book, chain, overlays)
    if args.json:
        # JSON knows no infinity: null is unbounded, or a breakeven that does not exist.
        console.emit_json(args.json, table.replace([math.inf, -math.inf], math.nan).reset_index())
    if args.json != "-":
        print(hedging.overlays.shown(table).to_string())
        for overlay in overlays:
            print(f"\n{overlay}")
    return 0


def _audit(args: argparse.Namespace) -> int:
    console.check_outputs(args.json)
    plan = hedging.read_plan(args.plan)
    held = tuple(before.asset for before, _ in plan.exposures)
    audit = plan.audit(console.read_markets(args, (args.asset,) if args.asset else held))
    if args.json:
        console.emit_json(args.json, audit.to_dict())
    if args.json != "-":
        print(audit)
    return 0


def _demo(args: argparse.Namespace) -> int:
    folder = console.folder(args.output)
    book, chain = hedging.samples.book(), hedging.samples.chain()
    plan = hedging.plan(
        book,
        chain,
        hedging.Target(delta=(8, 12), vega=(0, None), floor=-0.15),
        hedging.Limits(budget=0.02, max_legs=4, expiries=(20, 100)),
        horizon=30,
    )
    print(f"{chain.source}: {len(chain.quotes)} quotes, {chain.asset} at {chain.spot:,.0f}\n")
    print(plan)
    falls = hedging.paths.fan(-0.02, -0.004, 14, multiples=cli_scenario.ACCELERATIONS)
    crash = hedging.scenario.run(book, chain, falls, overlay=plan)
    print(f"\n{crash}\n")
    write_text(folder / "plan.json", plan.to_json() + "\n")
    console.write_table(folder / "orders.csv", plan.orders)
    console.write_table(folder / "overlays.csv", hedging.overlays.compare(book, chain).reset_index())
    console.write_table(folder / "scenarios.csv", crash.to_frame())
    console.save_figure(hedging.plots.payoff(book, chain, overlay=plan).figure, folder / "payoff.png")
    console.save_figure(hedging.plots.crash_fan(crash), folder / "crash.png")
    for file in ("plan.json", "orders.csv", "overlays.csv", "scenarios.csv", "payoff.png", "crash.png"):
        print(f"wrote {folder / file}")
    return 0


# --- the arguments ----------------------------------------------------------------------------------


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


def _parser() -> console.Parser:
    parser = console.Parser(
        prog="hedging",
        description="Options-overlay hedging: Greeks, a proven plan in whole lots, and crash scenarios.",
        epilog="Shares are written 2%% or 0.02, bands LO:HI, LO: or :HI, windows DAYS:DAYS.",
    )
    parser.add_argument("--version", action="version", version=f"hedging {hedging.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    cli_plan.add_parser(commands)
    cli_frontier.add_parser(commands)

    overlays = console.command(commands, "overlays", _overlays, "standard overlays side by side")
    console.add_inputs(overlays)
    overlays.add_argument(
        "--coverage", type=console.share, default=1.0, metavar="SHARE", help="share to cover: 100%%"
    )
    overlays.add_argument("--expiries", type=console.window, default=(20.0, 45.0), metavar="DAYS:DAYS")
    overlays.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")

    audit = console.command(commands, "audit", _audit, "a saved plan against newer quotes")
    audit.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    console.add_chain(audit, several=True)
    audit.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")

    cli_scenario.add_parser(commands)
    cli_chain.add_parser(commands)
    cli_backtest.add_parser(commands)

    demo = console.command(
        commands, "demo", _demo, "the main job on a synthetic sample; needs no data and no network"
    )
    demo.add_argument("-o", "--output", default=DEMO_FOLDER, metavar="DIR", help=f"default: {DEMO_FOLDER}")
    return parser

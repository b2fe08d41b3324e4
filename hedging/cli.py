"""The command ``hedging``: parse, call one public function, print.

Results go to stdout, everything else to stderr. Exit codes: 0 done; 1 no feasible plan (the closest one is
printed); 2 bad input; 3 the solver, an exchange or the system failed; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd

import hedging
from hedging import cli_chain
from hedging._writing import check_writable, whole_file, write_text
from hedging.errors import HedgingError, InfeasibleHedgeError, InputError, MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hedging import Book, HedgePlan, OptionChain

__all__ = ["main"]

DEMO_FOLDER = "hedging-demo"
ACCELERATIONS = (1.0, 2.0, 4.0)
PICTURES = (".pdf", ".png", ".svg")


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


def _plan(args: argparse.Namespace) -> int:
    _check_outputs(args.json, args.orders, plot=args.plot)
    book = hedging.read_book(args.book)
    chain = _chain(args, book)
    try:
        plan = hedging.plan(book, chain, _target(args), _limits(args), horizon=args.horizon)
    except InfeasibleHedgeError as error:
        if error.closest is not None:
            _show_plan(args, error.closest, book, chain)
        raise
    _show_plan(args, plan, book, chain)
    return 0


def _show_plan(args: argparse.Namespace, plan: HedgePlan, book: Book, chain: OptionChain) -> None:
    text = plan.to_json()
    if args.json == "-":
        print(text)
    else:
        print(plan)
    if args.json and args.json != "-":
        write_text(args.json, text + "\n")
    if args.orders:
        _write_table(args.orders, plan.orders)
    if args.plot:
        _save(hedging.plots.payoff(book, chain, overlay=plan).figure, args.plot)


def _overlays(args: argparse.Namespace) -> int:
    _check_outputs(args.json)
    book = hedging.read_book(args.book)
    chain = _chain(args, book)
    overlays = hedging.overlays.standard(book, chain, coverage=args.coverage, days=args.expiries)
    table = hedging.overlays.compare(book, chain, overlays)
    if args.json:
        # JSON knows no infinity: null is unbounded, or a breakeven that does not exist.
        _emit_json(args.json, table.replace([math.inf, -math.inf], math.nan).reset_index())
    if args.json != "-":
        print(hedging.overlays.shown(table).to_string())
        for overlay in overlays:
            print(f"\n{overlay}")
    return 0


def _scenario(args: argparse.Namespace) -> int:
    _check_outputs(args.json, plot=args.plot)
    book = hedging.read_book(args.book)
    chain = _chain(args, book)
    overlay = hedging.read_plan(args.plan) if args.plan else None
    path = hedging.crash_path(args.velocity, args.acceleration, args.days)
    result = hedging.scenario.run(book, chain, path, overlay=overlay)
    if args.json:
        _emit_json(args.json, result.to_dict())
    if args.json != "-":
        print(result)
    if args.plot:
        _save(_fan(args, book, chain, overlay), args.plot)
    return 0


def _fan(args: argparse.Namespace, book: Book, chain: OptionChain, overlay: HedgePlan | None) -> Figure:
    """Picture of the same fall at one, two and four times the acceleration."""
    paths = [
        hedging.crash_path(args.velocity, times * args.acceleration, args.days) for times in ACCELERATIONS
    ]
    joined = hedging.paths.join(*paths)
    return hedging.plots.crash_fan(hedging.scenario.run(book, chain, joined, overlay=overlay))


def _demo(args: argparse.Namespace) -> int:
    folder = _folder(args.output)
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
    falls = [hedging.crash_path(-0.02, times * -0.004, 14) for times in ACCELERATIONS]
    crash = hedging.scenario.run(book, chain, hedging.paths.join(*falls), overlay=plan)
    print(f"\n{crash}\n")
    write_text(folder / "plan.json", plan.to_json() + "\n")
    _write_table(folder / "orders.csv", plan.orders)
    _write_table(folder / "overlays.csv", hedging.overlays.compare(book, chain).reset_index())
    _write_table(folder / "scenarios.csv", crash.to_frame())
    _save(hedging.plots.payoff(book, chain, overlay=plan).figure, folder / "payoff.png")
    _save(hedging.plots.crash_fan(crash), folder / "crash.png")
    for file in ("plan.json", "orders.csv", "overlays.csv", "scenarios.csv", "payoff.png", "crash.png"):
        print(f"wrote {folder / file}")
    return 0


# --- reading and writing ----------------------------------------------------------------------------


def _chain(args: argparse.Namespace, book: Book) -> OptionChain:
    if len(book.assets) > 1:
        raise InputError(
            f"the book holds {', '.join(book.assets)}, and the command works on one asset: write a book file for "
            "each, or call hedging.plan with a chain of each."
        )
    asset = args.asset or (book.assets[0] if book.assets else None)
    return hedging.read_chain(args.chain, format=args.format, at=args.at, asset=asset)


def _check_outputs(*files: str | None, plot: str | None = None) -> None:
    """Refuse what cannot be written before the work, so that no run ends with half of its files."""
    if plot is not None and Path(plot).suffix.lower() not in PICTURES:
        raise InputError(f"--plot {plot}: the ending must be one of {', '.join(PICTURES)}.")
    for file in (*files, plot):
        if file is not None and file != "-":
            check_writable(file)


def _folder(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"-o {folder} must be a folder that can be written: {error.strerror or error}."
        ) from error
    return folder


def _write_table(path: str | Path, table: Any) -> None:
    with whole_file(path) as aside:
        table.to_csv(aside, index=False)


def _emit_json(path: str, content: Any) -> None:
    if isinstance(content, pd.DataFrame):
        content = content.astype(object).where(content.notna(), None).to_dict(orient="records")
    text = json.dumps(content, indent=2, allow_nan=False, default=str)
    if path == "-":
        print(text)
    else:
        write_text(path, text + "\n")


def _save(figure: Any, path: str | Path) -> None:
    with whole_file(path) as aside:
        figure.savefig(aside, dpi=150)


# --- the arguments ----------------------------------------------------------------------------------


def _target(args: argparse.Namespace) -> hedging.Target:
    if args.delta is None and args.vega is None and args.floor is None:
        raise InputError("a plan needs a target: give --delta LO:HI, --vega LO:HI or --floor SHARE.")
    return hedging.Target(delta=args.delta, vega=args.vega, floor=args.floor)


def _limits(args: argparse.Namespace) -> hedging.Limits:
    given = {"budget": args.budget, "max_legs": args.max_legs, "expiries": args.expiries}
    return hedging.Limits(**{name: value for name, value in given.items() if value is not None})


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


def _share(text: str) -> float:
    """A share written as ``-15%`` or ``-0.15``."""
    try:
        value = float(text[:-1]) / 100.0 if text.endswith("%") else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a share like 2% or 0.02; got {text!r}") from None
    # A bare 2 is 200 % to one reader and 2 % to the next.
    if not abs(value) <= (10 if text.endswith("%") else 1):  # also NaN
        raise argparse.ArgumentTypeError(f"must be a share like 2% or 0.02; got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number; got {text!r}") from None
    if not abs(value) < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a finite number; got {text!r}")
    return value


def _band(text: str) -> tuple[float | None, float | None]:
    """A band written as ``8:12``, ``8:`` or ``:12``."""
    low, colon, high = text.partition(":")
    if not colon or not (low or high):
        raise argparse.ArgumentTypeError(f"must be a band LO:HI, LO: or :HI; got {text!r}")
    ends = tuple(_number(end) if end else None for end in (low, high))
    if ends[0] is not None and ends[1] is not None and ends[0] > ends[1]:
        raise argparse.ArgumentTypeError(f"the low end must not exceed the high end; got {text!r}")
    return ends[0], ends[1]


def _window(text: str) -> tuple[float, float]:
    """A window of days written as ``20:100``."""
    low, high = _band(text)
    if low is None or high is None or low < 0:
        raise argparse.ArgumentTypeError(f"must be DAYS:DAYS, both given and >= 0; got {text!r}")
    return low, high


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the whole usage is what --help is for."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"hedging: {message} (try {self.prog} --help)\n")


def _parser() -> _Parser:
    parser = _Parser(
        prog="hedging",
        description="Options-overlay hedging: Greeks, a proven plan in whole lots, and crash scenarios.",
        epilog="Shares are written 2%% or 0.02, bands LO:HI, LO: or :HI, windows DAYS:DAYS.",
    )
    parser.add_argument("--version", action="version", version=f"hedging {hedging.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    plan = _command(commands, "plan", _plan, "the overlay that meets the targets at the least cost, proven")
    _add_inputs(plan)
    plan.add_argument("--delta", type=_band, metavar="LO:HI", help="delta of the hedged book, in coins")
    plan.add_argument(
        "--vega", type=_band, metavar="LO:HI", help="vega of the hedged book, money per vol point"
    )
    plan.add_argument("--floor", type=_share, metavar="SHARE", help="worst loss over the scenarios: -15%%")
    plan.add_argument(
        "--budget", type=_share, metavar="SHARE", help="most net premium, share of the book: 2%%"
    )
    plan.add_argument("--max-legs", type=int, metavar="N", help="most legs")
    plan.add_argument("--expiries", type=_window, metavar="DAYS:DAYS", help="days to expiry to choose from")
    plan.add_argument(
        "--horizon", type=_number, default=30.0, metavar="DAYS", help="days the floor holds for"
    )
    plan.add_argument("--orders", metavar="FILE", help="write the order ticket as CSV")
    _add_outputs(plan, "payoff")

    overlays = _command(commands, "overlays", _overlays, "standard overlays side by side")
    _add_inputs(overlays)
    overlays.add_argument(
        "--coverage", type=_share, default=1.0, metavar="SHARE", help="share to cover: 100%%"
    )
    overlays.add_argument("--expiries", type=_window, default=(20.0, 45.0), metavar="DAYS:DAYS")
    overlays.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")

    crash = _command(
        commands, "scenario", _scenario, "what an accelerating fall does, with and without a plan"
    )
    _add_inputs(crash)
    crash.add_argument("--plan", metavar="FILE", help="a plan saved by: hedging plan --json FILE")
    crash.add_argument(
        "--velocity", type=_share, required=True, metavar="SHARE", help="log-price a day: -2%%"
    )
    crash.add_argument(
        "--acceleration", type=_share, default=0.0, metavar="SHARE", help="a day, each day: -0.4%%"
    )
    crash.add_argument("--days", type=_number, default=21.0, metavar="N", help="length of the path")
    _add_outputs(crash, "accelerating path")

    cli_chain.add_parser(commands)

    demo = _command(
        commands, "demo", _demo, "the main job on a synthetic sample; needs no data and no network"
    )
    demo.add_argument("-o", "--output", default=DEMO_FOLDER, metavar="DIR", help=f"default: {DEMO_FOLDER}")
    return parser


def _command(
    commands: argparse._SubParsersAction[_Parser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> _Parser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=run)
    return command


def _add_inputs(command: _Parser) -> None:
    command.add_argument("book", metavar="BOOK", help="TOML file of what is held")
    command.add_argument("--chain", required=True, metavar="FILE", help="file of option quotes")
    command.add_argument("--format", metavar="NAME", help="format of the chain; recognised if not given")
    command.add_argument("--at", metavar="TIME", help="which day or time, in a file of several chains")
    command.add_argument("--asset", metavar="NAME", help="which underlying, in a file of several")


def _add_outputs(command: _Parser, picture: str) -> None:
    command.add_argument("--json", metavar="FILE|-", help="write JSON to a file or to stdout")
    command.add_argument("--plot", metavar="FILE", help=f"draw the {picture} to a PNG, SVG or PDF file")

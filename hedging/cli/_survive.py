"""What an account must live through, on the command line: nodes, moves of spot, a fall, a crash that happened."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hedging.cli import _console as console
from hedging.cli._moves import falls, replayed
from hedging.errors import InputError

if TYPE_CHECKING:
    from hedging.market import Market
    from hedging.paths import Paths
    from hedging.planner import Survive

__all__ = ["add_survive", "survive_of"]

FALL = "fall:"


def add_survive(command: console.Parser) -> None:
    """Arguments of what every margin account must live through."""
    group = command.add_argument_group("margin accounts")
    group.add_argument(
        "--survive",
        metavar="WHERE",
        help="accounts stay above maintenance, one or several with commas: all nodes (nodes), moves of spot "
        "(-40%%:50%%), a crash that happened (feb-2026), a fall by velocity, acceleration, days (fall:-2%%:-0.4%%:21)",
    )
    group.add_argument(
        "--account",
        choices=["standard", "portfolio"],
        help="by these rules instead of those that each account declares",
    )


def survive_of(args: argparse.Namespace, markets: Sequence[Market]) -> Survive | None:
    """The limit asked for, None without one."""
    from hedging.planner import Survive

    if args.survive is None:
        if args.account and args.minimise != "margin":
            raise InputError(
                "--account says by which rules an account must survive, or is freed: give --survive or --minimise margin too."
            )
        return None
    parts = args.survive.split(",")
    moves = [part for part in parts if part != "nodes" and _is_moves(part)]
    if len(moves) > 1 or ("nodes" in parts and moves):
        raise InputError("--survive takes either all nodes or moves LO:HI, once.")
    paths = [_paths(part, markets) for part in parts if part not in ("nodes", *moves)]
    if "nodes" in parts and paths:
        raise InputError("--survive takes all nodes alone, or moves LO:HI beside a fall or a crash.")
    return Survive(paths, _moves(moves[0]) if moves else None, args.account)


def _is_moves(part: str) -> bool:
    return ":" in part and not part.startswith(FALL)


def _moves(text: str) -> tuple[float, float]:
    try:
        low, high = map(console.share, text.split(":"))
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise InputError(f"--survive takes moves as LO:HI, such as -40%:50%; got {text!r}.") from error
    return low, high


def _paths(part: str, markets: Sequence[Market]) -> dict[str, Paths]:
    from functools import partial

    from hedging.paths import crash_path

    if not part.startswith(FALL):
        return replayed(markets, part)
    return falls(markets, partial(crash_path, *_fall(part)))


def _fall(part: str) -> tuple[float, float, float]:

    try:
        velocity, acceleration, days = part.removeprefix(FALL).split(":")
        return console.share(velocity), console.share(acceleration), console.number(days)
    except (ValueError, argparse.ArgumentTypeError) as error:
        raise InputError(
            f"--survive takes a fall as fall:VELOCITY:ACCELERATION:DAYS, such as fall:-2%:-0.4%:21; got {part!r}."
        ) from error

"""The command ``hedging watch``: a saved plan held against chain after chain; transitions only."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging.cli import _console as console
from hedging.cli._streams import complain
from hedging.cli.audit import BROKEN, add_deliveries, settled_of
from hedging.errors import ChainError, HedgingError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from hedging.market import OptionChain
    from hedging.monitor import Event, State, Watch
    from hedging.planner import HedgePlan

__all__ = ["add_parser"]

Source: TypeAlias = "Callable[[], list[OptionChain]]"

LIVE = "live"
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
HOOK_SECONDS = 60.0


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``watch`` to the commands."""
    command = console.command(
        commands,
        "watch",
        _run,
        "a saved plan held against chain after chain: tells transitions only; leaves with 1 where a target is broken",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    command.add_argument(
        "--chain",
        required=True,
        metavar="FILE|FOLDER|live",
        help="quotes; recorded ones are replayed at once",
    )
    command.add_argument("--every", type=_seconds, metavar="TIME", help="look again: 30s, 5m, 1h; else once")
    command.add_argument("--rules", metavar="FILE", help="TOML file of rules: near, near_of, bands, ignore")
    command.add_argument(
        "--json-lines", metavar="FILE", help="append transitions; a watch goes on from there"
    )
    command.add_argument("--hook", metavar="COMMAND", help="run on each transition, which it gets as JSON")
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    command.add_argument("--no-levels", action="store_true", help="leave out where each limit breaks next")
    add_deliveries(command)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None or float(match[1]) <= 0.0:
        raise InputError(f"must be a time such as 30s, 5m or 1h; got {text!r}")
    return float(match[1]) * UNITS[match[2]]


def _run(args: argparse.Namespace) -> int:
    from hedging.monitor import Rules, State, Watch, open_log, read_rules
    from hedging.planner import read_plan

    plan = read_plan(args.plan, trust=not args.edited)
    rules = read_rules(args.rules) if args.rules else Rules()
    watched = Watch(plan, rules, settled_of(args), args.prices or None)
    with open_log(args.json_lines, plan) if args.json_lines else nullcontext() as log:
        state = log.state if log is not None else State()
        state = _watched(args, watched, state, log.write if log is not None else None)
    return BROKEN if "broken" in state.status.values() else 0


def _watched(
    args: argparse.Namespace, watched: Watch, state: State, write: Callable[[Event], None] | None
) -> State:
    """Look, and look again after a while where that is asked for."""
    while True:
        before, last = state, None
        for source in _sources(args, watched.plan, state):
            events, state = watched.step(source, state)
            for event in events:
                if write is not None:
                    write(event)
                print(event, flush=True)
                if args.hook:
                    _hook(args.hook, event)
            last = source
        if last is not None and not args.no_levels and (state.status != before.status or not args.every):
            _tell_levels(args, watched, last, state)
        if not args.every:
            return state
        time.sleep(args.every)


def _sources(args: argparse.Namespace, plan: HedgePlan, state: State) -> Iterator[Source]:
    """What reads each chain, or those of all assets of a joint plan; those that were judged already left out."""
    from hedging.units import utc

    assets = [before.asset for before, _ in plan.exposures]
    if args.chain == LIVE:
        from hedging.venues import deribit

        yield lambda: [deribit.fetch_chain(asset) for asset in assets]
        return
    path = Path(args.chain)
    try:
        tapes = [_tape(path, asset) for asset in assets]
        found = _joint(tapes)
    except HedgingError as error:
        if not path.exists() and not state.last and not args.every:
            raise
        yield partial(_fail, error)
        return
    after = utc(state.last) if state.last else None
    for when, read in sorted(found, key=lambda each: each[0]):
        if after is None or when >= after:  # the last one again: a stop may have cut its transitions short
            yield read


def _joint(tapes: Sequence[Any]) -> list[tuple[pd.Timestamp, Source]]:
    """Times at which every asset has a chain, with what reads them; and those of chains that cannot be used.

    Raises
    ------
    InputError
        If there is no such time.
    """
    places = [{when: number for number, when in enumerate(tape.times)} for tape in tapes]
    shared = [when for when in places[0] if all(when in each for each in places)]
    if not shared:
        raise InputError(
            "the assets of the plan have no chains of the same time; hold it against them with audit."
        )

    def read(when: pd.Timestamp) -> list[OptionChain]:
        return [tape.shared_chain(place[when]) for tape, place in zip(tapes, places, strict=True)]

    found: list[tuple[pd.Timestamp, Source]] = [(when, partial(read, when)) for when in shared]
    bad = {when: why for tape in tapes for when, why in tape.unusable}
    return found + [(when, partial(_fail, ChainError(f"{when}: {why}"))) for when, why in bad.items()]


def _tape(path: Path, asset: str) -> Any:
    from hedging.backtest import read_tape

    return read_tape(path, asset=asset)


def _fail(error: Exception) -> list[OptionChain]:
    raise error


def _tell_levels(args: argparse.Namespace, watched: Watch, source: Source, state: State) -> None:
    """Where each limit breaks next, by the last chain; a chain that cannot be judged has none, nor has a joint plan."""
    if len(watched.plan.exposures) > 1:
        return
    from hedging.monitor import levels_of, next_trades

    settled, files = state.settled, args.prices or None
    try:
        (chain,) = source()
        when = f"{chain.as_of:%Y-%m-%d %H:%M} UTC"
        for level in levels_of(watched.plan, chain, settled=settled, delivery=files):
            print(f"{when}  next        {level}", flush=True)
        if watched.plan.inputs["target"].get("delta"):
            trades = next_trades(watched.plan, chain, settled=settled, delivery=files)
            for line in repr(trades).splitlines()[1:]:
                print(f"{when}  trade       {line.strip()}", flush=True)
    except HedgingError as error:
        complain(f"no levels: {error}")


def _hook(command: str, event: Event) -> None:
    """Run a command with the event on its stdin; the watch goes on whatever comes of it."""
    try:
        subprocess.run(
            shlex.split(command),
            input=json.dumps(event.to_dict()),
            text=True,
            check=True,
            timeout=HOOK_SECONDS,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        complain(f"the hook failed: {error}")

"""The command ``hedging watch``: a saved plan held against chain after chain; transitions only."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from hedging._ground.bounds import MOST_SECONDS
from hedging.cli import _console as console
from hedging.cli import _screen as screen
from hedging.cli._recorded import Source, fail, recorded
from hedging.cli._streams import complain
from hedging.cli.audit import BROKEN, add_deliveries, settled_of
from hedging.errors import HedgingError, InputError

if TYPE_CHECKING:
    from hedging.monitor import Event, State, Watch
    from hedging.planner import HedgePlan

__all__ = ["add_parser"]

LIVE = "live"
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
HOOK_SECONDS = 60.0
UNJUDGED = InputError.exit_code  # the last chain could not be judged: that is no all-clear


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``watch`` to the commands."""
    command = console.command(
        commands,
        "watch",
        _run,
        "a saved plan held against chain after chain: tells transitions only; leaves with 1 where a target is broken",
        example="hedging watch plan.json --chain recorded/ --json-lines watch.jsonl",
    )
    command.add_argument("plan", metavar="PLAN", help="a plan saved by: hedging plan --json FILE")
    command.add_argument(
        "--chain",
        required=True,
        action="append",
        metavar="FILE|FOLDER|live",
        help="quotes; recorded ones are replayed at once; again for each file",
    )
    command.add_argument("--url", help="another address of the API, such as that of the test exchange")
    command.add_argument("--every", type=_seconds, metavar="TIME", help="look again: 30s, 5m, 1h; else once")
    command.add_argument("--rules", metavar="FILE", help="TOML file of rules: near, near_of, bands, ignore")
    command.add_argument(
        "--json-lines",
        metavar="FILE|-",
        help="append transitions, and go on from there; - prints them to stdout instead of sentences",
    )
    command.add_argument("--hook", metavar="COMMAND", help="run on each transition, which it gets as JSON")
    command.add_argument("--edited", action="store_true", help="take a plan whose file was changed by hand")
    command.add_argument("--no-levels", action="store_true", help="leave out where each limit breaks next")
    add_deliveries(command)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text)
    if match is None or float(match[1]) <= 0.0:
        near = re.fullmatch(r"(\d+)\s*(s|m|h)[a-z]*", text)
        how = f": write {near[1]}{near[2]}" if near and float(near[1]) > 0.0 else ""
        raise InputError(f"must be a time such as 30s, 5m or 1h; got {text!r}{how}")
    if (seconds := float(match[1]) * UNITS[match[2]]) > MOST_SECONDS:
        raise InputError(f"must be a time of a week at most, 168h; got {text!r}")
    return seconds


def _run(args: argparse.Namespace) -> int:
    from hedging.monitor import Rules, State, Watch, open_log, read_rules
    from hedging.planner import read_plan

    if args.url and LIVE not in args.chain:
        raise InputError("--url is an exchange's address: it goes with --chain live.")
    _check_hook(args.hook)
    plan = read_plan(args.plan, trust=not args.edited)
    rules = read_rules(args.rules) if args.rules else Rules()
    watched = Watch(plan, rules, settled_of(args), args.prices or None)
    kept = args.json_lines not in (None, "-")
    with open_log(args.json_lines, plan) if kept else nullcontext() as log:
        state = log.state if log is not None else State()
        state = _watched(args, watched, state, log.write if log is not None else None)
    if "broken" in state.status.values():
        return BROKEN
    return UNJUDGED if "cannot be judged" in state.status.values() else 0


def _check_hook(command: str | None) -> None:
    """Refuse a command that is none before anything is watched; what fails later does not stop the watch."""
    if command is None:
        return
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InputError(f"--hook {command!r} cannot be taken apart: its quotes are not closed.") from error
    if not words or shutil.which(words[0]) is None:
        raise InputError(
            f"--hook {command!r}: there is no command {words[0] if words else ''!r} that may be run."
        )


def _watched(
    args: argparse.Namespace, watched: Watch, state: State, write: Callable[[Event], None] | None
) -> State:
    """Look, and look again after a while where that is asked for."""
    while True:
        before, last = state, None
        for source in map(cache, _sources(args, watched.plan, state)):  # read once, also for the levels
            events, state = watched.step(source, state)
            for event in events:
                if write is not None:
                    write(event)
                _tell(json.dumps(event.to_dict()) if args.json_lines == "-" else str(event))
                if args.hook:
                    _hook(args.hook, event)
            last = source
        levels = not args.no_levels and args.json_lines != "-"
        if last is not None and levels and (state.status != before.status or not args.every):
            _tell_levels(args, watched, last, state)
        if not args.every:
            return state
        time.sleep(args.every)


def _sources(args: argparse.Namespace, plan: HedgePlan, state: State) -> Iterator[Source]:
    """What reads each chain, or those of all assets of a joint plan; those that were judged already left out."""
    from hedging.units import utc

    assets = [before.asset for before, _ in plan.exposures]
    if LIVE in args.chain:
        from hedging.venues import deribit

        if len(args.chain) > 1:
            raise InputError("--chain live is of all assets; give it alone.")
        url = args.url or deribit.URL
        yield lambda: [deribit.fetch_chain(asset, url=url) for asset in assets]
        return
    try:
        found = recorded(args.chain, assets)
    except HedgingError as error:
        # Where nothing can be judged at all, the command is wrong; a watch that goes on may meet half a file.
        if not state.last and not args.every:
            raise
        yield partial(fail, error)
        return
    # What is from before the plan is no part of the watch; the last one again, as a stop may have cut its transitions.
    made = plan.as_of
    if not any(when >= made for when, _ in found):
        none = InputError(
            f"--chain {' '.join(args.chain)} has no chain from the plan on, made {made:%Y-%m-%d %H:%M} UTC; its last one is "
            f"of {found[-1][0]:%Y-%m-%d %H:%M} UTC."
        )
        if not args.every:
            raise none
        found = [(made, partial(fail, none))]
    after = max(made, utc(state.last)) if state.last else made
    yield from (read for when, read in found if when >= after)


def _tell_levels(args: argparse.Namespace, watched: Watch, source: Source, state: State) -> None:
    """Where each limit breaks next, what is traded then, and what is worth rolling, by the last chain."""
    from hedging.market.market import markets_of
    from hedging.monitor import levels_of, next_trades, roll_dates
    from hedging.planner.result.saved import target_from

    plan, settled, files = watched.plan, state.settled, args.prices or None
    try:
        markets = markets_of(source())
        when = f"{max(market.as_of for market in markets.values()):%Y-%m-%d %H:%M} UTC"
        found = levels_of(plan, markets, settled=settled, delivery=files)
        lines = [("next", str(level)) for level in found if level.breaks]
        broken = {level.limit for level in found if level.breaks}
        # What is always kept, such as the cover of calls, is not worth a line while nothing breaks it.
        safe = [level.limit for level in found if level.limit not in broken and "covered" not in level.limit]
        if safe:
            lines.append(
                ("next", f"{'; '.join(dict.fromkeys(safe))}: no move that was looked at breaks them")
            )
        lines += [("next", str(date)) for date in roll_dates(plan, markets)]
        target = target_from(plan.inputs["target"])
        for asset in markets:
            if target.band("delta", asset) is not None:
                trades = next_trades(plan, markets, asset=asset, settled=settled, delivery=files)
                of = f"{asset} " if len(markets) > 1 else ""
                lines += [("trade", f"{of}{line.strip()}") for line in repr(trades).splitlines()[1:]]
    except HedgingError as error:
        complain(f"no levels: {error}")
        return
    for kind, text in lines:
        _tell(f"{when}  {kind:<10}  {text}")


def _tell(line: str) -> None:
    """A line at once; fitted to a terminal, the rest below what it says."""
    width = screen.columns()
    if width is not None and not line.startswith("{"):
        line = "\n".join(
            textwrap.wrap(
                line,
                width,
                subsequent_indent=" " * min(32, width // 4),
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    print(line, flush=True)


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

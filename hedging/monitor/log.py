"""The file of a watch: one JSON line a transition. What stands in it is the state, so that a stop loses nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hedging._ground.shown import Shown
from hedging._writing import not_written
from hedging.errors import InputError
from hedging.monitor.watch import Event, State
from hedging.planner.result.plan import HedgePlan

try:
    import fcntl
except ModuleNotFoundError:  # Windows: there two watches on one file are not noticed
    LOCKS = False
else:
    LOCKS = True

__all__ = ["Log", "open_log"]

VERSION = 1


@dataclass(slots=True, repr=False)
class Log(Shown):
    """An open file of transitions.

    Attributes
    ----------
    path : str
    state : State
        Where the watch stood when the file was opened.
    """

    path: str
    state: State
    _stream: BinaryIO

    def write(self, event: Event) -> None:
        """Add one transition, and wait until the disk has it.

        Raises
        ------
        InputError
            If it cannot be written, such as on a full disk: the watch stops, and goes on from here later.
        """
        _append(self._stream, event.to_dict(), self.path)


@contextmanager
def open_log(path: str | Path, plan: HedgePlan) -> Iterator[Log]:
    """Open the file of a watch, new or to go on from; a line that a stop left half-written is taken off.

    Raises
    ------
    InputError
        If it cannot be opened, is of another plan or no such file, or another watch has it open.
    """
    if Path(path).exists() and not Path(path).is_file():
        raise InputError(f"{path} must be a file that can be read again; it is a folder or a device.")
    try:
        stream = open(path, "a+b")  # noqa: SIM115, as only opening it may fail with this message
    except OSError as error:
        raise not_written(path, error) from error
    with stream:
        if LOCKS:
            _lock(stream, path)
        yield Log(str(path), _resumed(stream, str(path), plan), stream)


def _lock(stream: BinaryIO, path: str | Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise InputError(
            f"{path} is open in another watch; give each watch a file of its own, or stop that one."
        ) from error


_HEAD = b'{"watch"'


def _resumed(stream: BinaryIO, path: str, plan: HedgePlan) -> State:
    """The state that the file tells; a file that is empty gets its first line."""
    stream.seek(0)
    whole = stream.read()
    kept, _, partial = whole.rpartition(b"\n")
    lines = kept.split(b"\n") if kept else []
    if not lines and _HEAD.startswith(partial[: len(_HEAD)]):  # nothing yet, or a first line cut off
        stream.truncate(0)
        _append(stream, {"watch": VERSION, "plan": plan.id}, path)
        return State()
    told, read = lines or [partial], []
    try:
        for line in told:
            read.append(json.loads(line))  # noqa: PERF401 - how many were read says which was not
        head, *rest = read
        version, owner = head["watch"], head["plan"]
        events = [Event.from_dict(row) for row in rest]
    except (ValueError, KeyError, TypeError) as error:
        place = len(read) if isinstance(error, ValueError) else 0
        shown = told[place][:40].decode("utf-8", "replace")
        raise InputError(
            f'{path} is no file of a watch, whose lines are JSON and begin with {{"watch": {VERSION}, ...}}; got '
            f"{shown!r} in its line {place + 1}: give the name of a new file."
        ) from error
    if partial:  # an event that was cut off
        stream.truncate(len(whole) - len(partial))
    if version != VERSION:
        raise InputError(f"{path} is of version {version} of a watch's file, not {VERSION}; give a new one.")
    if owner != plan.id:
        raise InputError(f"{path} is of the watch of another plan; give each plan a file of its own.")
    state = State()
    for event in events:
        state = state.after(event)
    return state


def _append(stream: BinaryIO, content: object, path: str) -> None:
    try:
        stream.write(json.dumps(content, allow_nan=False).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    except OSError as error:
        raise not_written(path, error) from error

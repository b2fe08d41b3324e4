"""The clock of a call: when it is to end, for steps in rooms that know nothing of who called them.

A limit of time is a promise for a whole call, most of which lies in rooms below: fits of a surface, values of a
book along thousands of paths. Each of these looks at the clock between two of its steps (`look`), and who set the
limit decides what an answer without the step is. Nothing is set outside a call that has a limit. In a context, not
in an argument: it would go through every function of every room, and no number depends on it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["OutOfTimeError", "look", "now", "over", "seconds_left", "until"]

_END: ContextVar[float] = ContextVar("end", default=math.inf)


class OutOfTimeError(Exception):
    """A step was stopped before its end; never leaves the call that set the limit."""


def now() -> float:
    """Seconds on the clock that ends are given on."""
    return time.perf_counter()


@contextmanager
def until(end: float) -> Iterator[None]:
    """Everything inside is to end by then, or earlier where a limit around it says so."""
    token = _END.set(min(end, _END.get()))
    try:
        yield
    finally:
        _END.reset(token)


def seconds_left() -> float:
    """Time until the end, infinite without a limit."""
    return max(0.0, _END.get() - now())


def over() -> bool:
    """Whether the time is up."""
    return now() >= _END.get()


def look() -> None:
    """Stop here if the time is up.

    Raises
    ------
    OutOfTimeError
    """
    if over():
        raise OutOfTimeError

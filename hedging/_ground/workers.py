"""Waiting for workers that may be gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any, Final, TypeVar

from hedging.errors import HedgingError

__all__ = ["completed", "result_of", "submitted"]

T = TypeVar("T")

TICK: Final = 1.0  # seconds between two looks at the workers
GRACE: Final = 5.0  # seconds in which a pool takes note of a lost worker itself


def submitted(executor: Executor, function: Callable[..., T], *args: Any, **named: Any) -> Future[T]:
    """The future of a call that an executor takes.

    Raises
    ------
    HedgingError
        If it takes no more.
    """
    try:
        return executor.submit(function, *args, **named)
    except BrokenExecutor:
        raise
    except RuntimeError as error:
        raise HedgingError(f"the executor takes no more work ({error}); make a new one.") from error


def completed(futures: Iterable[Future[T]], executor: Executor) -> Iterator[Future[T]]:
    """Futures as they complete; an error where a worker of their pool was killed unnoticed.

    A pool of processes takes note of a killed worker, but not in the middle of a result that it sends: then it
    waits for the rest for ever, and with it who waits for the result, and the interpreter at its end.

    Raises
    ------
    BrokenProcessPool
    """
    left, lost_since = list(futures), None
    while left:
        wait(left, timeout=TICK, return_when=FIRST_COMPLETED)
        done = [future for future in left if future.done()]  # a wait may not hear of cancelled ones
        left = [future for future in left if future not in done]
        yield from done
        if done or not any(worker.exitcode not in (None, 0) for worker in _workers(executor)):
            lost_since = None
            continue
        lost_since = lost_since or time.monotonic()
        if time.monotonic() - lost_since > GRACE:
            _end(executor)
            raise BrokenProcessPool("a process of the pool was killed while it sent a result")


def result_of(future: Future[T], executor: Executor) -> T:
    """Result of a future, with the errors of `completed`."""
    return next(completed([future], executor)).result()


def _workers(executor: Executor) -> list[Any]:
    """Processes of a pool that has some."""
    return list((getattr(executor, "_processes", None) or {}).values())


def _end(executor: Executor) -> None:
    """End what is left of a pool: with nobody there to write the rest, it takes note."""
    for worker in _workers(executor):
        worker.kill()
    with suppress(KeyError, AttributeError, OSError):
        vars(executor)["_result_queue"]._writer.close()  # noqa: SLF001 - the last that could write the rest

"""A worker that is killed while it sends its result: who waits for it is told."""

from __future__ import annotations

import os
import signal
import struct
import sys
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from hedging._ground import workers
from hedging._ground.workers import result_of, submitted
from hedging.errors import HedgingError


def half_a_result() -> None:
    """Announce a thousand bytes to the pool, send two of them and die."""
    queue = sys._getframe(1).f_locals["result_queue"]
    os.write(queue._writer.fileno(), struct.pack("!i", 1_000) + b"ab")
    os.kill(os.getpid(), signal.SIGKILL)


def test_half_a_result_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TICK", 0.05)
    monkeypatch.setattr(workers, "GRACE", 0.2)
    with ProcessPoolExecutor(2) as pool:  # leaving it would wait for ever, too
        lost = pool.submit(half_a_result)
        with pytest.raises(BrokenExecutor, match="while it sent a result"):
            result_of(lost, pool)
        with pytest.raises(BrokenExecutor):
            lost.result(timeout=30.0)


def test_an_executor_that_takes_no_more_says_so() -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(HedgingError, match=r"the executor takes no more work .*; make a new one"):
        submitted(pool, max, 1, 2)


def test_results_and_errors_of_others_are_theirs() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert result_of(threads.submit(max, 1, 2), threads) == 2
        failed: Future[None] = Future()
        failed.set_exception(TimeoutError("of the task"))
        with pytest.raises(TimeoutError, match="of the task"):
            result_of(failed, threads)
        cancelled: Future[None] = Future()
        cancelled.cancel()
        with pytest.raises(CancelledError):
            result_of(cancelled, threads)

"""Sweeps: the same numbers on any executor, resumed where they stopped."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pandas as pd
import pytest
from cases.tapes import random_tape

import hedging as hg
from hedging import backtest as bt
from hedging.backtest import sweep as swept
from hedging.errors import HedgingError, InputError

BOOK = hg.Book([hg.Holding.spot("BTC", 2.0)])
VARIANTS = {f"put {d}": bt.rolled("put", (3.0, 60.0), settings={"delta": d}) for d in (0.2, 0.3)}


def test_numbers_are_the_same_on_any_executor() -> None:
    tape = random_tape(31)
    here = bt.sweep(BOOK, tape, VARIANTS, starts=3)
    assert len(here) == 6
    with ThreadPoolExecutor(2) as threads:
        pd.testing.assert_frame_equal(bt.sweep(BOOK, tape, VARIANTS, starts=3, executor=threads), here)
    single = bt.run(BOOK, tape, VARIANTS["put 0.2"], first=2)
    row = here[(here["variant"] == "put 0.2")].iloc[2]
    assert row["return"] == single.total_return
    assert row["start"] == tape.times[2]


@pytest.mark.slow  # two processes import the library and its numerics: seconds
def test_numbers_are_the_same_in_processes() -> None:
    tape = random_tape(31)
    with ProcessPoolExecutor(2) as processes:
        there = bt.sweep(BOOK, tape, VARIANTS, starts=3, executor=processes)
        one = bt.run(BOOK, tape, VARIANTS["put 0.2"], executor=processes)
    pd.testing.assert_frame_equal(there, bt.sweep(BOOK, tape, VARIANTS, starts=3), check_exact=True)
    assert list(one.equity) == list(bt.run(BOOK, tape, VARIANTS["put 0.2"]).equity)


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path, monkeypatch) -> None:
    from importlib import import_module

    module = import_module("hedging.backtest.sweep")
    tape = random_tape(32)
    whole = swept(BOOK, tape, VARIANTS, starts=3)
    honest, calls = module.replayed, []

    def counted(*args, **keywords):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return honest(*args, **keywords)

    monkeypatch.setattr(module, "replayed", counted)
    with pytest.raises(KeyboardInterrupt):
        swept(BOOK, tape, VARIANTS, starts=3, folder=tmp_path)
    assert len(list(tmp_path.glob("*.run.json"))) == 3
    next(iter(tmp_path.glob("*.run.json"))).write_text('{"variant": "cut o')  # no whole result: run again
    again = swept(BOOK, tape, VARIANTS, starts=3, folder=tmp_path)
    assert len(calls) == 4 + 4
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    # A number that changed since, in a file that reads: run again.
    damaged = next(iter(tmp_path.glob("*.run.json")))
    damaged.write_text(damaged.read_text().replace('"return": ', '"return": 1'))
    pd.testing.assert_frame_equal(
        swept(BOOK, tape, VARIANTS, starts=3, folder=tmp_path), whole, check_exact=True
    )
    assert len(calls) == 8 + 1
    # Another tape or other rules are other runs.
    swept(BOOK, tape, VARIANTS, starts=3, rules=bt.Rules(delay=1), folder=tmp_path)
    assert len(calls) == 9 + 6


def test_a_kept_tape_that_is_damaged_is_written_anew(tmp_path) -> None:
    tape = random_tape(32)
    with ThreadPoolExecutor(1) as threads:
        whole = bt.sweep(BOOK, tape, VARIANTS, starts=2, executor=threads, folder=tmp_path)
        (kept,) = tmp_path.glob("tape-*.parquet")
        kept.write_bytes(kept.read_bytes()[:1_000])
        for result in tmp_path.glob("*.run.json"):
            result.write_text('{"row": [], "digest": ""}')
        again = bt.sweep(BOOK, tape, VARIANTS, starts=2, executor=threads, folder=tmp_path)
    pd.testing.assert_frame_equal(again, whole, check_exact=True)
    assert kept.stat().st_size > 1_000


def test_what_cannot_be_swept_is_refused(tmp_path) -> None:
    tape = random_tape(33, 4)
    with pytest.raises(InputError, match="at least one variant"):
        bt.sweep(BOOK, tape, {})
    with pytest.raises(InputError, match="whole number of days from 1 to 3"):
        bt.sweep(BOOK, tape, VARIANTS, starts=4)
    with pytest.raises(InputError, match="cannot be sent to a process or kept"):
        bt.sweep(BOOK, tape, {"mine": lambda _state: None}, folder=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        bt.sweep(BOOK, tape, VARIANTS, folder=tmp_path / "file")


def test_two_strategies_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two strategies are called"):
        bt.compare(BOOK, random_tape(34, 3), [bt.rolled("put"), bt.rolled("put")], starts=1)


def test_numbers_are_the_same_on_a_dask_cluster(monkeypatch) -> None:
    distributed = pytest.importorskip("distributed")
    # It would ask the system which address leads outside; this cluster lives in this process.
    monkeypatch.setattr("distributed.utils._get_ip", lambda *_args, **_kwargs: "127.0.0.1")
    tape = random_tape(31)
    with distributed.Client(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as client:
        there = bt.sweep(BOOK, tape, VARIANTS, starts=3, executor=client.get_executor())
        one = bt.run(BOOK, tape, VARIANTS["put 0.2"], executor=client.get_executor())
    pd.testing.assert_frame_equal(there, bt.sweep(BOOK, tape, VARIANTS, starts=3), check_exact=True)
    assert list(one.equity) == list(bt.run(BOOK, tape, VARIANTS["put 0.2"]).equity)


class _Losing(ThreadPoolExecutor):
    """Loses so many of the blocks it is given, as a pool does whose worker is killed."""

    def __init__(self, losses: int) -> None:
        super().__init__(1)
        self.losses = losses

    def submit(self, function, /, *args, **keywords):
        if self.losses > 0:
            self.losses -= 1
            lost: Future = Future()
            lost.set_exception(BrokenExecutor("a worker was killed"))
            return lost
        return super().submit(function, *args, **keywords)


def test_a_block_that_is_lost_is_run_once_more_and_then_named(tmp_path) -> None:
    tape = random_tape(31)
    here = bt.sweep(BOOK, tape, VARIANTS, starts=3)
    with _Losing(1) as once:
        pd.testing.assert_frame_equal(bt.sweep(BOOK, tape, VARIANTS, starts=3, executor=once), here)
    with _Losing(100) as always, pytest.raises(HedgingError, match=r"'put 0\.2' to 'put 0\.3' were lost"):
        bt.sweep(BOOK, tape, VARIANTS, starts=3, executor=always, folder=tmp_path)
    with _Losing(1) as once, pytest.raises(HedgingError, match="the run was lost with its worker"):
        bt.run(BOOK, tape, VARIANTS["put 0.2"], executor=once)

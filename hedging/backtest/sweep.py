"""Many runs over one tape: strategies, parameters and starts, through any executor, resumed where they stopped."""

from __future__ import annotations

import hashlib
import json
import pickle
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.nearest import why_not
from hedging._ground.shown import plain
from hedging._ground.workers import completed, result_of, submitted
from hedging._writing import whole_file
from hedging.backtest.result import Backtest
from hedging.backtest.rules import Rules
from hedging.backtest.run import StartError, check_kinds, replayed
from hedging.backtest.saved import load_tape
from hedging.backtest.state import Strategy
from hedging.backtest.tape import Tape
from hedging.book import Book
from hedging.errors import HedgingError, InputError
from hedging.margin import MarginModel

__all__ = ["Row", "first_days", "refused_starts", "sweep", "swept", "table_of"]

BLOCK_SECONDS = 1.0
SUFFIX = ".run.json"
ENGINE = 2  # of results: those kept by an earlier one are run again

Row: TypeAlias = "Mapping[str, Any]"
"""Numbers of one run, or why it could not be begun (``refused``)."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One run: which variant, which first snapshot, and the name its result is kept under."""

    variant: str
    strategy: Strategy
    first: int
    key: str


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all runs of a sweep share."""

    book: Book
    rules: Rules
    account: MarginModel | None


def sweep(
    book: Book,
    tape: Tape,
    variants: Mapping[str, Strategy],
    *,
    starts: int = 1,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
    folder: str | Path | None = None,
) -> pd.DataFrame:
    """Run every variant from each of the first days.

    Parameters
    ----------
    book, tape, rules, account
        As in `run`.
    variants : mapping of name to Strategy
        `rolled` and its likes with different settings.
    starts : int
        How many days to begin on, each variant on each of them.
    executor : Executor, optional
        Where the runs take place: processes, or Dask's ``client.get_executor()``, whose workers must see the same
        files. The numbers are the same on any.
    folder : str or Path, optional
        Where each result is kept, whole or not at all: a sweep that was interrupted goes on where it was.

    Returns
    -------
    DataFrame
        One row a run, in the order of the variants and their starts: ``variant, start``, and the numbers of
        `Backtest.numbers`; of modelled quotes ``quotes``, which says so. Where the book cannot be begun with, as it
        is worth nothing by then or an option of it has expired, the numbers are missing and ``refused`` says why.

    Raises
    ------
    InputError
        As `run`; and if there is no variant, too many starts, no start that the book can be begun with, or a
        strategy cannot be sent or kept.
    """
    rows = dict(
        swept(
            book,
            tape,
            variants,
            starts=starts,
            rules=rules,
            account=account,
            executor=executor,
            folder=folder,
        )
    )
    return table_of([rows[place] for place in sorted(rows)])


def swept(
    book: Book,
    tape: Tape,
    variants: Mapping[str, Strategy],
    *,
    starts: int = 1,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
    folder: str | Path | None = None,
    holds: dict[int, Backtest] | None = None,
) -> Iterator[tuple[int, Row]]:
    """Rows of a sweep as they come, each with its place in the order of the variants and their starts.

    What holding the book did from each start is kept in `holds`, where runs here find it.
    """
    if not variants:
        raise InputError("a sweep needs at least one variant; got none.")
    for each in variants.values():
        check_kinds(book, tape, each, rules, account)
    setting = _Setting(book, rules or Rules(), account)
    tasks = _tasks(tape, variants, starts, setting, named=executor is not None or folder is not None)
    kept = None if folder is None else _folder(folder)
    found = {} if kept is None else _read(kept, tasks)
    places = {(task.variant, task.first): place for place, task in enumerate(tasks)}
    left = [task for task in tasks if (task.variant, task.first) not in found]
    yield from ((places[which], row) for which, row in found.items())
    for task, row in _run(tape, left, setting, executor, kept, {} if holds is None else holds):
        if kept is not None:
            _write(kept, task, row)
        yield places[task.variant, task.first], row


def refused_starts(rows: Iterable[Row]) -> dict[str, str]:
    """Starts that the book could not be begun with, and why, by their time."""
    return {row["start"]: row["refused"] for row in rows if isinstance(row.get("refused"), str)}


def first_days(tape: Tape, count: int) -> list[int]:
    """The first snapshot of each of the first `count` days that have one.

    Raises
    ------
    InputError
        If there are not so many, or nothing would be left to run over.
    """
    days = pd.Series(tape.times.normalize()).drop_duplicates()
    if not (isinstance(count, int) and not isinstance(count, bool) and 1 <= count < max(len(days), 2)):
        raise InputError(
            f"starts must be a whole number of days from 1 to {max(len(days) - 1, 1)}, those of {tape.files} but the last; "
            f"got {count!r}."
        )
    return [int(number) for number in days.index[:count]]


def _tasks(
    tape: Tape, variants: Mapping[str, Strategy], starts: int, setting: _Setting, *, named: bool
) -> list[_Task]:
    tasks = []
    for name, strategy in variants.items():
        head = _digest(tape, name, strategy, setting) if named else ""
        tasks += [_Task(name, strategy, first, f"{head}-{first}") for first in first_days(tape, starts)]
    return tasks


def _digest(tape: Tape, name: str, strategy: Strategy, setting: _Setting) -> str:
    """Digest of all that decides a run but its start."""
    try:
        content = pickle.dumps((ENGINE, tape.digest, name, strategy, setting), protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"the strategy {name!r} cannot be sent to a process or kept in a folder ({error}); define it at the top "
            "of a module, or run without executor and folder."
        ) from error
    return hashlib.sha256(content).hexdigest()[:24]


# --- running ----------------------------------------------------------------------------------------


def _run(
    tape: Tape,
    tasks: Sequence[_Task],
    setting: _Setting,
    executor: Executor | None,
    kept: Path | None,
    holds: dict[int, Backtest],
) -> Iterator[tuple[_Task, dict[str, Any]]]:
    """Rows as they come."""
    if executor is None or not tasks:
        yield from ((task, _row(tape, task, setting, holds)) for task in tasks)
        return
    # The first run, here, says how many make a block of about a second.
    started = time.perf_counter()
    yield tasks[0], _row(tape, tasks[0], setting, holds)
    size = max(1, round(BLOCK_SECONDS / max(time.perf_counter() - started, 1e-3)))
    blocks = [tasks[at : at + size] for at in range(1, len(tasks), size)]
    with _saved(tape, kept) as path:

        def submit(part: Sequence[_Task]) -> Future[list[dict[str, Any]]]:
            try:
                return submitted(executor, _block, str(path), tape.digest, part, setting)
            except BrokenExecutor as error:
                raise _lost(part, error) from error

        futures = {submit(part): part for part in blocks}
        try:
            for future in completed(futures, executor):
                part = futures[future]
                yield from zip(part, _brought_back(future, executor, part, submit), strict=True)
        except BrokenExecutor as error:
            part = next((futures[each] for each in futures if not each.done()), blocks[-1])
            raise _lost(part, error) from error
        finally:
            for future in futures:
                future.cancel()


def _brought_back(
    future: Future[list[dict[str, Any]]],
    executor: Executor,
    part: Sequence[_Task],
    submit: Callable[[Sequence[_Task]], Future[list[dict[str, Any]]]],
) -> list[dict[str, Any]]:
    """Rows of a block, from the worker it was given to, or from another that gets it once more."""
    for last in (False, True):
        try:
            return result_of(future, executor)
        except HedgingError:
            raise
        except (Exception, CancelledError) as error:
            if last:
                raise _lost(part, error) from error
            future = submit(part)
    raise AssertionError("a loop of two ends in its second round")


def _lost(part: Sequence[_Task], error: BaseException) -> HedgingError:
    return HedgingError(
        f"the runs from {part[0].variant!r} to {part[-1].variant!r} were lost with their worker "
        f"({type(error).__name__}: {error}). Was it killed, perhaps for want of memory? Make a new executor; with a "
        "folder= the sweep goes on where it was."
    )


@contextmanager
def _saved(tape: Tape, kept: Path | None) -> Iterator[Path]:
    """The tape as a file that workers read."""
    if kept is not None:
        path = kept / f"tape-{tape.digest[:24]}.parquet"
        tape.save(path)  # anew each time: what lies there may be damaged
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="hedging-") as folder:
        path = Path(folder) / "tape.parquet"
        tape.save(path)
        yield path


_LOADED: dict[str, Tape] = {}  # of a worker, by digest: read once, whatever the number of its blocks


def _block(path: str, digest: str, tasks: Sequence[_Task], setting: _Setting) -> list[dict[str, Any]]:
    """Rows of a block of runs, in a worker."""
    if digest not in _LOADED:
        tape = Tape(*load_tape(Path(path)))
        if tape.digest != digest:
            raise InputError(f"{path} is not the tape that the sweep was asked for.")
        _LOADED.clear()
        _LOADED[digest] = tape
    holds: dict[int, Backtest] = {}
    return [_row(_LOADED[digest], task, setting, holds) for task in tasks]


def _row(tape: Tape, task: _Task, setting: _Setting, holds: dict[int, Backtest]) -> dict[str, Any]:
    known: dict[str, Any] = {"variant": task.variant, "start": tape.times[task.first].isoformat()}
    try:
        done = replayed(setting.book, tape, task.strategy, setting.rules, setting.account, task.first, holds)
    except StartError as error:
        known["refused"] = error.why
    else:
        known |= plain(done.numbers())
    return known if tape.kind == "recorded" else known | {"quotes": tape.kind}


def table_of(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of `swept` as the table of `sweep`."""
    if not rows:
        return pd.DataFrame(columns=["variant", "start"])
    refused = refused_starts(rows)
    if len(refused) == len({row["start"] for row in rows}):
        first, why = next(iter(refused.items()))
        raise InputError(
            f"the book can be begun with on none of {number_of(len(refused), 'day')}, from {first[:10]} on: {why}."
        )
    table = pd.DataFrame(rows)
    for name in ("start", "drawdown from", "drawdown to"):
        table[name] = pd.to_datetime(table[name], utc=True, format="ISO8601")
    return table.astype(dict.fromkeys(table.columns[table.isna().all()], float))


# --- keeping ----------------------------------------------------------------------------------------


def _folder(folder: str | Path) -> Path:
    found = Path(folder)
    try:
        found.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"the folder {folder} cannot be made: {why_not(folder, error)}.") from error
    return found


def _write(folder: Path, task: _Task, row: Mapping[str, Any]) -> None:
    with whole_file(folder / f"{task.key}{SUFFIX}") as aside:
        aside.write_text(json.dumps({"digest": _digest_of(row), "row": row}), encoding="utf-8")


def _digest_of(row: Mapping[str, Any]) -> str:
    """Digest of a row, by which one that was damaged since is told from one that is whole."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16]


def _read(folder: Path, tasks: Sequence[_Task]) -> dict[tuple[str, int], Row]:
    """Results of runs that were done before; what is no whole result is run again."""
    found: dict[tuple[str, int], Row] = {}
    for task in tasks:
        path = folder / f"{task.key}{SUFFIX}"
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            row = kept["row"]
            whole = kept["digest"] == _digest_of(row)
        except (OSError, ValueError, LookupError, TypeError):
            continue
        if whole and isinstance(row, dict) and row.get("variant") == task.variant:
            found[task.variant, task.first] = row
    return found

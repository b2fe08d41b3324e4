"""The engine: what a worker needs, one block of scenarios at a time, on any executor, the same to the bit."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from hedging._ground.workers import result_of, submitted
from hedging._numerics.quiet import quiet
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.pricer import Pricer
from hedging.errors import HedgingError, InputError
from hedging.market.contracts import Instrument, Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.scenario.result import Group
from hedging.units import days as days_between

__all__ = ["Line", "Task", "all_values", "block_values", "exit_cost"]


# Values in one block, over legs, dates and scenarios: some megabytes each, and long enough to work on that
# handing a block to a worker costs nothing beside it.
BLOCK_VALUES = 400_000
# Yet at least so many scenarios, or what a block costs by itself outweighs its work where lines and dates are many;
# unless their values would fill the memory.
LEAST_SCENARIOS = 2_000
MOST_VALUES = 20_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result: what it is called and what it comes to, as a small book."""

    label: str
    group: Group
    book: Book


@dataclass(frozen=True, slots=True)
class _Closing:
    """Cost of closing one option: a share of spot per day on which it is still alive, for all its units."""

    asset: str
    share: float
    last_day: float

    def along(self, pricer: Pricer, paths: Paths) -> Array:
        """Money at every node, shape (dates, scenarios)."""
        spread = 1.0 if paths.spread is None else paths.spread.T
        alive = (paths.days < self.last_day)[:, None]
        return np.asarray(np.where(alive, self.share * spread * pricer.spot * paths.spot.T, 0.0))


def _closing_costs(book: Book, markets: Mapping[str, Market], *, roll: bool) -> Iterator[_Closing]:
    for holding in book.holdings:
        option = holding.instrument
        if isinstance(option, Option):
            market = markets[option.asset]
            half_spread = market.half_spread(option)
            if half_spread > 0:
                share = abs(holding.units) * half_spread / market.spot
                last_day = math.inf if roll else days_between(market.as_of, option.expiry)
                yield _Closing(option.asset, share, last_day)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """All that a worker needs beside the scenarios: pricers, and what each line holds of what they price.

    `parts` lists per line the asset, the place of an instrument in its pricer, and units; `cash` per line;
    `closing` what leaving its options costs, where the values are to have it; `leaving` that of all lines together.
    """

    pricers: dict[str, Pricer]
    parts: tuple[tuple[tuple[str, int, float], ...], ...]
    cash: tuple[float, ...]
    closing: tuple[tuple[_Closing, ...], ...]
    leaving: tuple[_Closing, ...] = ()

    @classmethod
    def of(
        cls,
        lines: Sequence[Line],
        held: Book,
        markets: Mapping[str, Market],
        *,
        closing: bool,
        roll: bool = False,
        nodes: int = 0,
    ) -> Task:
        """Look up in the markets, once, all that the lines hold; `nodes` are the scenarios times dates."""
        places: dict[str, dict[tuple[Instrument, float | None], int]] = {asset: {} for asset in held.assets}
        parts = []
        for line in lines:
            found = []
            for holding in line.book.holdings:
                known = places[holding.asset]
                place = known.setdefault((holding.instrument, holding.entry), len(known))
                found.append((holding.asset, place, holding.units))
            parts.append(tuple(found))
        pricers = {
            asset: Pricer.of(
                [item for item, _ in known],
                [entry for _, entry in known],
                markets[asset],
                roll=roll,
                nodes=nodes,
            )
            for asset, known in places.items()
        }
        leaving = tuple(tuple(_closing_costs(line.book, markets, roll=roll)) for line in lines)
        costs = leaving if closing else tuple(() for _ in lines)
        every = tuple(cost for line in leaving for cost in line)
        return cls(pricers, tuple(parts), tuple(line.book.cash for line in lines), costs, every)


@quiet
def block_values(task: Task, moves: dict[str, Paths], out: Array | None = None) -> Array:
    """Values of all lines in some scenarios, shape (lines, dates, scenarios), in `out` if there is one."""
    each = {asset: pricer.values(moves[asset]).transpose(2, 1, 0) for asset, pricer in task.pricers.items()}
    rolled = {
        asset: dict(zip(pricer.option_columns, pricer.roll_costs(moves[asset]), strict=True))
        if pricer.roll
        else {}
        for asset, pricer in task.pricers.items()
    }
    first = next(iter(moves.values()))
    values = np.empty((len(task.parts), first.days.size, len(first))) if out is None else out
    # Sums in a fixed order, entry by entry: a matrix product would round differently in another block.
    for line, (parts, cash) in enumerate(zip(task.parts, task.cash, strict=True)):
        total = values[line]
        if cash or not parts:
            total[:] = cash
        for count, (asset, place, units) in enumerate(parts):
            if count == 0 and not cash:
                np.multiply(each[asset][place], units, out=total)
            else:
                total += units * each[asset][place]
            if place in rolled[asset]:
                total -= abs(units) * rolled[asset][place]
        for cost in task.closing[line]:
            total -= cost.along(task.pricers[cost.asset], moves[cost.asset])
    return values


def exit_cost(task: Task, moves: dict[str, Paths]) -> Array | None:
    """Half spreads that closing all options would cost, shape (scenarios, dates); None without quoted ones. [money]"""
    if not task.leaving:
        return None
    costs = (cost.along(task.pricers[cost.asset], moves[cost.asset]) for cost in task.leaving)
    return np.asarray(sum(costs)).T


def all_values(
    task: Task,
    moves: dict[str, Paths],
    *,
    executor: Executor | None = None,
    block: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Array:
    """Values of all lines in all scenarios, shape (lines, dates, scenarios), computed block by block."""
    first = next(iter(moves.values()))
    if block is not None and block < 1:
        raise InputError(f"block must be a number of scenarios >= 1; got {block!r}.")
    size = block or _block_size(first.days.size * max(1, len(task.parts)))
    values = np.empty((len(task.parts), first.days.size, len(first)))
    slices = [slice(start, min(start + size, len(first))) for start in range(0, len(first), size)]
    if executor is None and len(slices) == 1:
        block_values(task, moves, values)
        _report(progress, 1, 1)
    elif executor is None:
        # More threads than cores only take turns at the interpreter's lock.
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hedging-scenario") as threads:
            _fill(values, task, moves, slices, threads, progress)
    else:
        _fill(values, task, moves, slices, executor, progress)
    return values


def _block_size(width: int) -> int:
    """Scenarios of a block, where each is so many values wide."""
    return max(1, BLOCK_VALUES // width, min(LEAST_SCENARIOS, MOST_VALUES // width))


def _fill(
    values: Array,
    task: Task,
    moves: dict[str, Paths],
    slices: Sequence[slice],
    executor: Executor,
    progress: Callable[[int, int], object] | None,
) -> None:
    """Write every block's values, with a bounded number of blocks in flight; none is left behind.

    A block whose worker was lost is given to another once.

    Raises
    ------
    HedgingError
        If that is lost as well; it names the scenarios.
    """
    # Threads write where the values belong; from elsewhere they come back and are copied.
    shared = isinstance(executor, ThreadPoolExecutor)
    window = 2 * getattr(executor, "_max_workers", 16)
    waiting: deque[tuple[int, Future[Array]]] = deque()

    def submit(block: int) -> Future[Array]:
        where = slices[block]
        piece = {asset: path.select(where) for asset, path in moves.items()}
        place = (values[:, :, where],) if shared else ()
        return submitted(executor, block_values, task, piece, *place)

    def collect() -> None:
        block, future = waiting.popleft()
        if shared:
            future.result()
        else:
            again = partial(submit, block)
            values[:, :, slices[block]] = _brought_back(future, executor, again, slices[block])
        _report(progress, block + 1, len(slices))

    try:
        for block in range(len(slices)):
            if len(waiting) >= window:
                collect()
            try:
                waiting.append((block, submit(block)))
            except BrokenExecutor as error:
                raise _lost(slices[block], error) from error
        while waiting:
            collect()
    finally:
        for _, unfinished in waiting:
            unfinished.cancel()


def _brought_back(
    future: Future[Array], executor: Executor, submit: Callable[[], Future[Array]], where: slice
) -> Array:
    """Values of a block, from the worker it was given to, or from another that gets it once more."""
    try:
        return result_of(future, executor)
    except HedgingError:
        raise
    except (Exception, CancelledError):
        try:
            return result_of(submit(), executor)
        except HedgingError:
            raise
        except (Exception, CancelledError) as error:
            raise _lost(where, error) from error


def _lost(where: slice, error: BaseException) -> HedgingError:
    return HedgingError(
        f"the block of scenarios {where.start} to {where.stop - 1} was lost with its worker, and once more when another "
        f"took it ({type(error).__name__}: {error}). Was it killed, perhaps for want of memory? Make a new executor, with fewer workers or a "
        "smaller block=."
    )


def _report(progress: Callable[[int, int], object] | None, done: int, count: int) -> None:
    if progress is not None:
        progress(done, count)

"""What is odd about a series of prices: restarts, gaps, stale runs, bad prints, late listings.

Every rule looks back only: that a close was a bad print is known at the next bar, that a symbol started again
when it trades again. Cut the series earlier and the later events are not there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown

__all__ = ["Event", "bad_prints", "find_events", "restarts"]

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PRINT_MOVE: Final = (
    0.6  # log; the largest close-to-close move on record here that came back and was real is 0.57
)
PRINT_LEFT: Final = 0.1  # share of the move that is left after the next bar
STALE_BARS: Final = 5  # unchanged closes in a row; four happen to coins whose tick is coarse
RESTART_DAYS: Final = 5.0  # without a trade while others trade
RESTART_FACTOR: Final = math.log(
    10.0
)  # a price that comes back beyond ten times the old one, or below a tenth


@dataclass(frozen=True, slots=True, repr=False)
class Event(Shown):
    """One oddity of one coin.

    Attributes
    ----------
    kind : str
        ``restart``, ``gap``, ``stale run``, ``bad print``, ``late listing``, ``stopped``, ``rejected`` or
        ``assumed``.
    coin : str
        Its name; empty where the whole file is meant.
    first, last : Timestamp
        Stamps of the first and the last bar concerned.
    done : str
        What it was, and what was done about it.
    """

    kind: str
    coin: str
    first: pd.Timestamp
    last: pd.Timestamp
    done: str

    def __str__(self) -> str:
        dates = f"{self.first:%Y-%m-%d}"
        if self.last != self.first:
            dates += f" to {self.last:%Y-%m-%d}"
        return f"{self.coin or 'file'} {dates}: {self.kind}: {self.done}"


def bad_prints(close: Array) -> Mask:
    """Closes that jump and come back at the next bar, shape as `close`; known from the next bar on.

    A close is one if it moves by more than 0.6 (log) and nine tenths of that are undone by the next bar. A
    bar that is missing on either side leaves it unjudged.
    """
    found = np.zeros(close.shape, dtype=bool)
    if len(close) < 3:
        return found
    logs = np.log(close)
    move, left = logs[1:-1] - logs[:-2], logs[2:] - logs[:-2]
    with np.errstate(invalid="ignore"):
        found[1:-1] = (np.abs(move) > PRINT_MOVE) & (np.abs(left) < PRINT_LEFT * np.abs(move))
    return found


def restarts(close: Array, bars_per_day: float) -> list[int]:
    """Rows at which one coin's symbol starts again as something else; gaps are counted in rows of the table."""
    rows = np.flatnonzero(np.isfinite(close))
    if rows.size < 2:
        return []
    away = np.diff(rows) - 1
    moved = np.abs(np.diff(np.log(close[rows])))
    again = (away >= RESTART_DAYS * bars_per_day) & (moved > RESTART_FACTOR)
    return [int(row) for row in rows[1:][again]]


def find_events(
    stamps: pd.DatetimeIndex, coins: Sequence[str], close: Array, length: pd.Timedelta
) -> tuple[Event, ...]:
    """List what is odd, the file's holes first, then coin by coin in the order of time.

    Parameters
    ----------
    stamps : DatetimeIndex
    coins : sequence of str
    close : ndarray, shape (bars, coins)
    length : Timedelta
        Of a bar.
    """
    prints = bad_prints(close)
    found = list(_holes(stamps, length))
    for column, coin in enumerate(coins):
        of_coin = [
            *_listing(stamps, coin, close[:, column]),
            *_gaps(stamps, coin, close[:, column]),
            *_stale(stamps, coin, close[:, column]),
            *_prints(stamps, coin, close[:, column], prints[:, column]),
        ]
        found += sorted(of_coin, key=lambda event: (event.first, event.kind))
    return tuple(found)


def _runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """First and last place of every run of True."""
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    return zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True)


def _holes(stamps: pd.DatetimeIndex, length: pd.Timedelta) -> Iterator[Event]:
    steps = np.diff(stamps.as_unit("ns").asi8) // length.value
    for row in np.flatnonzero(steps > 1).tolist():
        text = (
            f"{number_of(steps[row] - 1, 'bar')} missing for every coin; not filled, no window reaches across"
        )
        yield Event("gap", "", stamps[row] + length, stamps[row + 1] - length, text)


def _listing(stamps: pd.DatetimeIndex, coin: str, close: Array) -> Iterator[Event]:
    rows = np.flatnonzero(np.isfinite(close))
    if rows.size == 0:
        return
    first, last = int(rows[0]), int(rows[-1])
    if "@" in coin:
        old = coin.partition("@")[0]
        text = f"the symbol {old} started again as a new coin; the two are never one series"
        yield Event("restart", coin, stamps[first], stamps[first], text)
    elif first > 0:
        text = f"first close {number_of(first, 'bar')} after the table begins; no window reaches further back"
        yield Event("late listing", coin, stamps[first], stamps[first], text)
    if last < len(close) - 1:
        text = f"no close in the {number_of(len(close) - 1 - last, 'bar')} since; no window reaches beyond"
        yield Event("stopped", coin, stamps[last], stamps[last], text)


def _gaps(stamps: pd.DatetimeIndex, coin: str, close: Array) -> Iterator[Event]:
    rows = np.flatnonzero(np.isfinite(close))
    if rows.size == 0:
        return
    start = int(rows[0])
    for first, last in _runs(~np.isfinite(close[start : int(rows[-1]) + 1])):
        bars = last - first + 1
        text = f"{number_of(bars, 'bar')} without a close; not filled, windows that need them are refused"
        yield Event("gap", coin, stamps[start + first], stamps[start + last], text)


def _stale(stamps: pd.DatetimeIndex, coin: str, close: Array) -> Iterator[Event]:
    with np.errstate(invalid="ignore"):
        unchanged = np.diff(close) == 0.0
    for first, last in _runs(unchanged):
        if last - first + 1 >= STALE_BARS:
            text = f"close unchanged for {number_of(last - first + 1, 'bar')}; left in"
            yield Event("stale run", coin, stamps[first + 1], stamps[last + 1], text)


def _prints(stamps: pd.DatetimeIndex, coin: str, close: Array, prints: Mask) -> Iterator[Event]:
    for row in np.flatnonzero(prints).tolist():
        text = f"{close[row - 1]:.6g}, {close[row]:.6g}, {close[row + 1]:.6g}; the close is taken out of every measure"
        yield Event("bad print", coin, stamps[row], stamps[row], text)

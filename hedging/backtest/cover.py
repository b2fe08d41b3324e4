"""How long, and over how much of the underlying, a strategy's hedge or the book's own options were held."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from hedging.backtest.costs import Replayed
from hedging.backtest.ledger import MOVES_POSITION
from hedging.market.contracts import Option, Spot

__all__ = ["Bare", "uncovered"]

DUST = 1e-9  # units
HOUR = pd.Timedelta(hours=1)


class Bare(NamedTuple):
    """Time without an overlay, and how much of the underlying the overlay was over.

    Attributes
    ----------
    hours, share : float
        Time in which no option was held and nothing sold or bought against the book, and as a share of the run.
    cover : float
        Share of the underlying that was covered, in the mean of the time; NaN where there is none of either.
    """

    hours: float
    share: float
    cover: float


class _Span(NamedTuple):
    """A time in which no position changed: options in units by flag and side, and the strategy's other contracts."""

    start: pd.Timestamp
    end: pd.Timestamp
    options: dict[tuple[str, bool], float]
    linear: float


def uncovered(run: Replayed) -> Bare:
    """Time in which no overlay was held, from each expiry or close to the next opening, and the mean cover.

    Options count whoever bought them, perpetuals and futures only as the strategy traded them. Of an overlay of
    several legs the largest counts: a spread over all coins covers all of them.
    """
    total = (run.times[-1] - run.times[0]) / HOUR
    own = sum(held.units for held in run.start.holdings if not isinstance(held.instrument, Spot | Option))
    bare, covered, weighed = 0.0, 0.0, 0.0
    for span in _spans(run):
        hours = (span.end - span.start) / HOUR
        if not (span.options or span.linear):
            bare += hours
        point = run.points[max(int(run.times.searchsorted(span.start, side="right")) - 1, 0)]
        underlying = point.coins + own
        if abs(underlying) > DUST:
            against = max(-span.linear * math.copysign(1.0, underlying), 0.0)
            size = max(span.options.values(), default=0.0) + against
            covered += hours * min(size / abs(underlying), 1.0)
            weighed += hours
    return Bare(bare, bare / total if total else 0.0, covered / weighed if weighed else math.nan)


def _spans(run: Replayed) -> Iterator[_Span]:
    """The times between the changes of position."""
    units: dict[str, float] = defaultdict(float)
    flags: dict[str, str] = {}
    linear = 0.0
    for held in run.start.holdings:
        if isinstance(held.instrument, Option):
            units[held.instrument.symbol] += held.units
            flags[held.instrument.symbol] = held.instrument.flag
    multiplier, since = run.tape.terms(0).multiplier, run.times[0]
    traded = (entry for entry in run.own if not (entry.instrument in flags or _flag(run, entry.instrument)))
    options = (entry for entry in run.entries if entry.instrument in flags or _flag(run, entry.instrument))
    for entry in heapq.merge(options, traded, key=lambda entry: entry.time):
        if entry.kind not in MOVES_POSITION or entry.instrument == run.tape.asset:
            continue
        if entry.time > since:
            yield _Span(since, entry.time, _sides(units, flags), linear)
            since = entry.time
        flag = flags.get(entry.instrument) or _flag(run, entry.instrument)
        if flag:
            flags[entry.instrument] = flag
            units[entry.instrument] += entry.quantity * multiplier
        else:
            linear += entry.outright_units
            linear = linear if abs(linear) > DUST else 0.0
    if run.times[-1] > since:
        yield _Span(since, run.times[-1], _sides(units, flags), linear)


def _sides(units: dict[str, float], flags: dict[str, str]) -> dict[tuple[str, bool], float]:
    """Units held by flag and side."""
    found: dict[tuple[str, bool], float] = defaultdict(float)
    for symbol, size in units.items():
        if abs(size) > DUST:
            found[flags[symbol], size > 0] += abs(size)
    return dict(found)


def _flag(run: Replayed, symbol: str) -> str:
    """Put or call as the tape has it; empty of what is no option."""
    return run.tape.flag(symbol) or ""

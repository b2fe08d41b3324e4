"""What longs of a perpetual pay between two snapshots."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.backtest.tape import Tape
from hedging.units import days_apart

__all__ = ["Payments", "Span", "funding_between", "joined", "payments_of"]

EIGHT_HOURS = pd.Timedelta(hours=8)
SLACK = 1.5  # of the usual time between payments, beyond which one is missing

Span: TypeAlias = tuple[pd.Timestamp, pd.Timestamp]
"""From a time to a time."""
ALWAYS: Span = pd.Timestamp.min.tz_localize("UTC"), pd.Timestamp.max.tz_localize("UTC")


@dataclass(frozen=True, slots=True, eq=False)
class Payments:
    """A history of what longs paid, put in order once.

    Attributes
    ----------
    times : DatetimeIndex
        Ascending, UTC.
    paid : ndarray
        [share of what a unit stands for]
    holes : tuple of (Timestamp, Timestamp)
        Times of which it says nothing, where its other payments lead to expect one: outside of it, and between.
    """

    times: pd.DatetimeIndex
    paid: npt.NDArray[np.float64]
    holes: tuple[Span, ...]

    @classmethod
    def of(cls, history: pd.Series) -> Payments:
        """The payments of a Series by time."""
        ordered = history.sort_index(kind="stable")
        times = pd.DatetimeIndex(ordered.index).tz_convert("UTC").as_unit("ns")
        return cls(times, ordered.to_numpy(dtype=float), tuple(_holes(times)))

    def between(self, before: pd.Timestamp, now: pd.Timestamp) -> tuple[float, list[Span]]:
        """What was paid after one time and until another, and the times in between that are not known."""
        first, end = self.times.searchsorted([before, now], side="right")
        inside = ((max(start, before), min(stop, now)) for start, stop in self.holes)
        return float(self.paid[first:end].sum()), [(start, stop) for start, stop in inside if start < stop]


def _holes(times: pd.DatetimeIndex) -> Iterator[Span]:
    if times.empty:
        yield ALWAYS
        return
    apart = np.diff(times.asi8)
    usual = max(pd.Timedelta(int(np.median(apart))), EIGHT_HOURS) if len(apart) else EIGHT_HOURS
    yield ALWAYS[0], times[0] - usual
    # Each payment is for the time before it: after a hole only for the usual one.
    for place in map(int, np.flatnonzero(apart > SLACK * usual.value)):
        yield times[place], times[place + 1] - usual
    yield times[-1] + usual, ALWAYS[1]


def funding_between(tape: Tape, number: int, funding: Payments | float | None) -> tuple[float, list[Span]]:
    """What longs paid from the snapshot before one until it, and the times in between of which nobody says.

    Parameters
    ----------
    tape : Tape
    number : int
        Of the later snapshot.
    funding : Payments, float or None
        A history, or a rate per 8 hours; None takes the rate that the earlier snapshot shows.

    Returns
    -------
    paid : float
        [share of what a unit stands for]
    missing : list of (Timestamp, Timestamp)
    """
    before, now = tape.stamps[number - 1], tape.stamps[number]
    if isinstance(funding, Payments):
        return funding.between(before, now)
    rate = float(tape.funding_8h[number - 1] if funding is None else funding)
    return (0.0, [(before, now)]) if math.isnan(rate) else (rate * ((now - before) / EIGHT_HOURS), [])


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in the order of time, those that meet as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def payments_of(rates: pd.Series) -> pd.Series:
    """What longs pay at each time of a history of rates per 8 hours: the rate over the time since the one before.

    Rows an hour apart pay an eighth each; a row after a hole pays for 8 hours, no longer.

    Parameters
    ----------
    rates : Series
        Share of spot per 8 hours by time, ascending; as `hedging.venues.read_funding` gives it.
    """
    if len(rates) < 2:
        return rates
    hours = days_apart(pd.DatetimeIndex(rates.index)) * 24.0
    return rates * np.minimum(np.concatenate([hours[:1], hours]) / 8.0, 1.0)

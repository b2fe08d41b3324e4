"""What longs of a perpetual pay between two snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import pandas as pd

from hedging.backtest.tape import Tape
from hedging.units import days_apart

__all__ = ["Span", "funding_between", "joined", "payments_of"]

EIGHT_HOURS = pd.Timedelta(hours=8)
SLACK = 1.5  # of the usual time between payments, beyond which one is missing

Span: TypeAlias = tuple[pd.Timestamp, pd.Timestamp]
"""From a time to a time."""


def funding_between(tape: Tape, number: int, funding: pd.Series | float | None) -> tuple[float, list[Span]]:
    """What longs paid from the snapshot before one until it, and the times in between of which nobody says.

    Parameters
    ----------
    tape : Tape
    number : int
        Of the later snapshot.
    funding : Series, float or None
        Paid at each time, or a rate per 8 hours; None takes the rate that the earlier snapshot shows.

    Returns
    -------
    paid : float
        [share of what a unit stands for]
    missing : list of (Timestamp, Timestamp)
    """
    before, now = tape.times[number - 1], tape.times[number]
    if isinstance(funding, pd.Series):
        paid = funding[(funding.index > before) & (funding.index <= now)].sum()
        return float(paid), _missing(funding, before, now)
    rate = _shown(tape, number - 1) if funding is None else float(funding)
    return (0.0, [(before, now)]) if rate is None else (rate * ((now - before) / EIGHT_HOURS), [])


def _missing(payments: pd.Series, before: pd.Timestamp, now: pd.Timestamp) -> list[Span]:
    """Times without a payment that others of the series lead to expect: outside of it, and in its holes."""
    times = pd.DatetimeIndex(payments.index).sort_values()
    if times.empty:
        return [(before, now)]
    apart = np.diff(times.as_unit("ns").asi8)
    usual = max(pd.Timedelta(int(np.median(apart))), EIGHT_HOURS) if len(apart) else EIGHT_HOURS
    holes = [(before, times[0] - usual), (times[-1] + usual, now)]
    # Each payment is for the time before it: after a hole only for the usual one.
    holes += [(times[k], times[k + 1] - usual) for k in map(int, np.flatnonzero(apart > SLACK * usual.value))]
    inside = ((max(start, before), min(end, now)) for start, end in holes)
    return [(start, end) for start, end in inside if start < end]


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in the order of time, those that meet as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return tuple(found)


def _shown(tape: Tape, number: int) -> float | None:
    """The rate per 8 hours that the perpetual's row of a snapshot shows."""
    found, ends = tape.snapshots.futures, tape.snapshots.future_ends
    mine = found.iloc[ends[number] : ends[number + 1]]
    shown = mine.loc[mine["expiry"].isna(), "funding_8h"].dropna()
    return float(shown.iloc[0]) if len(shown) else None


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

"""What longs of a perpetual pay between two snapshots."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging.backtest.tape import Tape
from hedging.units import days_apart

__all__ = ["funding_between", "payments_of"]

EIGHT_HOURS = pd.Timedelta(hours=8)


def funding_between(tape: Tape, number: int, funding: pd.Series | float | None) -> float | None:
    """What longs paid from the snapshot before one until it; None where nobody says.

    Parameters
    ----------
    tape : Tape
    number : int
        Of the later snapshot.
    funding : Series, float or None
        Paid at each time, or a rate per 8 hours; None takes the rate that the earlier snapshot shows.

    Returns
    -------
    float or None
        [share of spot]
    """
    before, now = tape.times[number - 1], tape.times[number]
    if isinstance(funding, pd.Series):
        if funding.empty or before >= funding.index.max() or now < funding.index.min():
            return None
        return float(funding[(funding.index > before) & (funding.index <= now)].sum())
    rate = _shown(tape, number - 1) if funding is None else float(funding)
    return None if rate is None else rate * ((now - before) / EIGHT_HOURS)


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

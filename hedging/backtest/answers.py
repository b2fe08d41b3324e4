"""What a curve of equity answers: return, vol, drawdown, tails, and protection, all of them by elapsed time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.shown import Shown
from hedging.risk import expected_shortfall, value_at_risk
from hedging.units import DAYS_PER_YEAR, days_apart
from hedging.units import years as between

__all__ = ["Drawdown", "crash", "drawdown", "per_year", "protection", "returns", "vol", "yearly", "years_of"]

Array = npt.NDArray[np.float64]

WORST = (0.01, 0.05, 0.10)
LEVEL = 0.95
SHORTEST = 1.0 / DAYS_PER_YEAR  # years


class Drawdown(NamedTuple):
    """The deepest fall from a high.

    Attributes
    ----------
    depth : float
        <= 0, as a share of the high.
    high, low : Timestamp
        When the fall began and where it ended.
    back : Timestamp or None
        When the high was reached again, None if it was not.
    """

    depth: float
    high: pd.Timestamp
    low: pd.Timestamp
    back: pd.Timestamp | None


def years_of(times: pd.DatetimeIndex) -> float:
    """Elapsed time, whatever the number of rows. [years]"""
    return between(times[0], times[-1])


def returns(equity: Array) -> Array:
    """Return of each period between two snapshots, 0 where nothing was left before it. [1]"""
    before, after = equity[:-1], equity[1:]
    return np.divide(after, before, out=np.ones(before.shape), where=before > 0.0) - 1.0


def yearly(total: float, times: pd.DatetimeIndex) -> float:
    """A return over the whole time as one a year, compounded; NaN where nothing is left or less than a day passed."""
    years = years_of(times)
    return (1.0 + total) ** (1.0 / years) - 1.0 if years >= SHORTEST and total > -1.0 else math.nan


def per_year(amount: float, times: pd.DatetimeIndex) -> float:
    """An amount over the whole time as one a year; NaN where less than a day passed, of which no year can be made."""
    years = years_of(times)
    return amount / years if years >= SHORTEST else math.nan


def vol(equity: Array, times: pd.DatetimeIndex) -> float:
    """Vol a year of the log-returns around their drift, by elapsed time: rows may be hours or days apart."""
    years = years_of(times)
    if equity.size < 3 or (equity <= 0).any():  # of one period all is drift
        return math.nan
    steps = np.diff(np.log(equity))
    elapsed = days_apart(times) / DAYS_PER_YEAR
    excess = steps - steps.sum() / years * elapsed
    return math.sqrt(float(excess @ excess) / years)


def drawdown(equity: Array, times: pd.DatetimeIndex) -> Drawdown:
    """The deepest fall from a high of the curve."""
    highs = np.maximum.accumulate(equity)
    low = int((equity / highs - 1.0).argmin())
    high = int(equity[: low + 1].argmax())
    again = np.flatnonzero(equity[low:] >= equity[high])
    back = times[low + int(again[0])] if again.size and low > high else None
    return Drawdown(float(equity[low] / highs[low] - 1.0), times[high], times[low], back)


def tails(equity: Array, level: float = LEVEL) -> tuple[float, float]:
    """Value at risk and expected shortfall of one period, as shares of equity; losses are positive."""
    gains = returns(equity)
    return (
        (value_at_risk(gains, level), expected_shortfall(gains, level))
        if gains.size
        else (math.nan, math.nan)
    )


def protection(equity: Array, held: Array) -> pd.DataFrame:
    """What the strategy did where holding did worst.

    Returns
    -------
    DataFrame
        Index ``worst`` (share of the periods, at least one); ``periods``, mean return of ``held`` and
        ``strategy`` in them, ``saved`` (their difference), ``share saved`` of the loss. [1] NaN where there is no
        period at all.
    """
    mine, theirs = returns(equity), returns(held)
    order = np.argsort(theirs, kind="stable")
    rows = {}
    for share in WORST:
        worst = order[: max(math.ceil(share * theirs.size - 1e-9), 1)]
        if not worst.size:  # one snapshot: no period
            rows[share] = (0, *[math.nan] * 4)
            continue
        lost, kept = float(theirs[worst].mean()), float(mine[worst].mean())
        rows[share] = (worst.size, lost, kept, kept - lost, (kept - lost) / -lost if lost < 0 else math.nan)
    columns = ["periods", "held", "strategy", "saved", "share saved"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("worst")


@dataclass(frozen=True, slots=True, repr=False)
class Crash(Shown):
    """The deepest fall of the held book, and what the strategy kept of it.

    Attributes
    ----------
    start, end : Timestamp
        High and low of the held book.
    held, strategy : float
        Returns between them, NaN where nothing was left at the high. [1]
    """

    start: pd.Timestamp
    end: pd.Timestamp
    held: float
    strategy: float

    @property
    def captured(self) -> float:
        """Share of the fall that the strategy took part in; NaN where there was none."""
        return self.strategy / self.held if self.held < 0 else math.nan


def crash(equity: Array, held: Array, times: pd.DatetimeIndex) -> Crash:
    """The held book's deepest fall, beside the strategy over the same days."""
    fall = drawdown(held, times)
    start, end = times.get_loc(fall.high), times.get_loc(fall.low)
    kept = float(equity[end] / equity[start] - 1.0) if equity[start] > 0.0 else math.nan
    return Crash(fall.high, fall.low, fall.depth, kept)

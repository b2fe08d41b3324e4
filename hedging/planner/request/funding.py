"""Funding: what a perpetual is counted to pay until the horizon, and what of its income is counted, which is little."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.paths.paths import Paths
from hedging.planner.request.coerce import number
from hedging.units import days_apart

__all__ = ["Funding"]

LARGEST = 0.01  # per 8 hours: twice what the venues cap theirs at; beyond it per cent were meant
MOST_RECEIVED = 0.5  # of a low percentile; more would trade for income
COVERED = 0.9  # of a window's rates that must be there
FEWEST = 20  # windows a percentile is taken of


@dataclass(frozen=True, slots=True)
class Funding(Shown):
    """What funding counts for in a plan; longs of a perpetual pay it, and receive it where it is negative.

    A side that pays is counted the worst of today's rate and of a percentile of history. One that receives is
    counted nothing, or a capped share of what it received in a bad stretch of history: income that may turn pays
    for no order.

    Attributes
    ----------
    rate : float, optional
        Today's, per 8 hours; by default the market's. [share of spot]
    low, high : float, optional
        Mean rates over a horizon in a stretch of low funding, and in one of high. [share of spot per 8 hours]
    received : float
        Share of income that counts, at most 0.5; it takes a history. [1]
    source : str
        Where the rate is from.

    Raises
    ------
    InputError
        If a rate is none, low lies above high, or income is to count without a history.

    Examples
    --------
    >>> falling = Funding(rate=1e-4, low=-2e-5, high=3e-4)
    >>> falling.counted(+1), falling.counted(-1)  # a long pays 0.03 %, a short 0.002 %, every 8 hours
    (0.0003, 2e-05)
    """

    rate: float | None = None
    low: float | None = None
    high: float | None = None
    received: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("rate", "low", "high"):
            value = getattr(self, name)
            if value is not None and not abs(number(value)) <= LARGEST:
                raise InputError(
                    f"funding must be a share of spot per 8 hours, 0.01 % written 0.0001, {LARGEST:g} at most; "
                    f"got {value!r} as its {name}."
                )
        if (self.low is None) != (self.high is None):
            raise InputError("funding takes low and high together; Funding.from_history gives both.")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise InputError(f"low of funding must not exceed high; got {self.low!r} and {self.high!r}.")
        if not 0.0 <= number(self.received) <= MOST_RECEIVED:
            raise InputError(
                f"received must be a share of funding's income in [0, {MOST_RECEIVED:g}]; got {self.received!r}."
            )
        if self.received and self.low is None:
            raise InputError("income of funding counts by its history: give Funding.from_history(...).")

    @classmethod
    def from_history(
        cls,
        history: pd.Series,
        horizon: float,
        *,
        rate: float | None = None,
        percentile: float = 0.9,
        received: float = 0.0,
        source: str = "",
    ) -> Funding:
        """Funding at percentiles of its means over every window of a horizon's length.

        Parameters
        ----------
        history : Series
            Rates per 8 hours by time. [share of spot]
        horizon : float
            [days]
        rate : float, optional
            Today's; by default the market's.
        percentile : float
            What longs are counted to pay; shorts by one minus it. [1]
        received : float
            Share of income that counts. [1]
        source : str

        Raises
        ------
        InputError
            If the history has no times, or too few windows of that length.
        """
        if not isinstance(history, pd.Series) or not isinstance(history.index, pd.DatetimeIndex):
            raise InputError("a history of funding must be a Series of rates per 8 hours by time.")
        if not 0.5 <= number(percentile) <= 1.0:
            raise InputError(f"percentile must lie in [0.5, 1]; got {percentile!r}.")
        means = _window_means(history.dropna().sort_index().astype(float), number(horizon))
        if means.size < FEWEST:
            raise InputError(
                f"the history of funding has {number_of(means.size, 'window')} of {number_of(horizon, 'day')} without gaps, and a percentile "
                f"takes {FEWEST}: give a longer one, or the rate alone."
            )
        low, high = np.quantile(means, [1.0 - percentile, percentile])
        return cls(rate, float(low), float(high), received, source)

    def at(self, rate: float, source: str = "") -> Funding:
        """The same with a rate where it has none of its own."""
        return self if self.rate is not None else replace(self, rate=rate, source=self.source or source)

    def counted(self, side: float) -> float:
        """What one side pays per 8 hours, as a plan counts it; below 0 for income. [share of spot]"""
        worst = self._worst(side)
        return worst if worst > 0.0 else self.received * worst if self.received else 0.0

    def along(self, paths: Paths, side: float) -> Paths:
        """Paths that move funding from what one side is counted to pay, and never to where it receives more."""
        if paths.funding_shift is None:
            return paths
        side, counted = math.copysign(1.0, side), self.counted(side)
        pays = np.maximum(self._worst(side) + side * paths.funding_shift, min(counted, 0.0))
        return replace(paths, funding_shift=side * (pays - counted))

    def _worst(self, side: float) -> float:
        """What one side pays per 8 hours at the worst of what is known; below 0 where it receives. [share of spot]"""
        return max(math.copysign(1.0, side) * each for each in (self.rate or 0.0, *self._beyond(side)))

    def _beyond(self, side: float) -> tuple[float, ...]:
        percentile = self.high if side > 0 else self.low
        return () if percentile is None else (percentile,)

    def to_dict(self) -> dict[str, Any]:
        """The funding by field."""
        return asdict(self)

    def __str__(self) -> str:
        text = f"{100.0 * (self.rate or 0.0):+.4g} % per 8 hours{f' ({self.source})' if self.source else ''}"
        sides = (
            f"{name} {_counted(self.counted(side))}" for name, side in (("longs", 1.0), ("shorts", -1.0))
        )
        return f"{text}; counted: {', '.join(sides)}"


def _counted(rate: float) -> str:
    if rate == 0.0:
        return "pay nothing"
    return f"{'pay' if rate > 0 else 'receive'} {100.0 * abs(rate):.4g} %"


def _window_means(history: pd.Series, horizon: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean rate over each window of a length that has its rates."""
    if len(history) < 2:
        return np.zeros(0)
    step = float(np.median(days_apart(pd.DatetimeIndex(history.index))))
    windows = history.rolling(pd.Timedelta(days=horizon))
    whole = windows.count() * step >= COVERED * horizon
    # The first windows reach back before the history and have fewer rates than that.
    return windows.mean()[whole].to_numpy(dtype=float)

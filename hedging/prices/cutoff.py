"""At which hour a day ends: two files of daily closes that disagree are rarely both wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.prices.bar import DAY
from hedging.prices.prices import Prices

__all__ = ["Disagreement", "compare", "day_end"]

AGREE: Final = 5e-4  # median log difference within which two files close at the same time
FEWEST: Final = 20  # days in common


@dataclass(frozen=True, slots=True)
class Disagreement(Shown):
    """How far two files of closes lie apart on the bars that both have.

    Attributes
    ----------
    first, second : str
        The files.
    by_coin : Series
        Median absolute log difference by coin. [1]
    """

    first: str
    second: str
    by_coin: pd.Series[float]

    @property
    def same_cut(self) -> bool:
        """Whether days end at the same hour in both, for all that can be seen."""
        return bool(self.by_coin.median() <= AGREE)

    def __repr__(self) -> str:
        median = self.by_coin.median()
        if self.same_cut:
            return f"{self.first} and {self.second} close together: {number_of(len(self.by_coin), 'coin')}, median difference {median:.2%}"
        return (
            f"{self.first} and {self.second} differ by {median:.2%} in the median of {number_of(len(self.by_coin), 'coin')}: their "
            "days end at other hours. Do not join them, or compare a window across the two."
        )


def compare(first: Prices, second: Prices) -> Disagreement:
    """Compare the closes of two files, coin by coin.

    Raises
    ------
    InputError
        If no coin has twenty bars in both.
    """
    one, two = first.closes, second.closes
    both = one.index.intersection(two.index)
    coins = [coin for coin in one.columns if coin in two.columns]
    apart = (one.loc[both, coins] / two.loc[both, coins]).map(np.log).abs()
    medians = apart.median()[apart.count() >= FEWEST]
    if medians.empty:
        raise InputError(f"{first.source} and {second.source} share no coin with {FEWEST} bars in both.")
    return Disagreement(first.source, second.source, medians)


def day_end(daily: Prices, hourly: Prices) -> pd.DataFrame:
    """Hour of the UTC day at which daily bars end, by the hourly closes that they are nearest to.

    Parameters
    ----------
    daily, hourly : Prices
        Of the same coins; hourly ones decide.

    Returns
    -------
    DataFrame
        Index coin; ``hour`` (24 is the end of the stamped day), ``difference``: median absolute log difference
        at that hour, ``days`` in common.

    Raises
    ------
    InputError
        If the bars are not daily and hourly, or no coin has twenty days in both.
    """
    if daily.bar.length != DAY or hourly.bar.length != pd.Timedelta(hours=1):
        raise InputError(f"day_end compares daily bars with hourly ones; got {daily.bar} and {hourly.bar}.")
    closes = hourly.closes
    if hourly.bar.stamp == "open":
        closes.index += hourly.bar.length
    days = daily.closes
    rows = {}
    for coin in days.columns.intersection(closes.columns):
        own, other = np.log(days[coin].dropna()), np.log(closes[coin].dropna())
        apart = {
            hour: (own - other.reindex(own.index + pd.Timedelta(hours=hour)).set_axis(own.index))
            .abs()
            .dropna()
            for hour in range(1, 49)
        }
        if len(apart[24]) >= FEWEST:
            hour = min(apart, key=lambda each: (float(apart[each].median()), each))
            rows[coin] = (hour, float(apart[hour].median()), len(apart[hour]))
    if not rows:
        raise InputError(f"{daily.source} and {hourly.source} share no coin with {FEWEST} days in both.")
    return pd.DataFrame.from_dict(rows, orient="index", columns=["hour", "difference", "days"]).rename_axis(
        "coin"
    )

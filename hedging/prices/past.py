"""Prices up to an instant: the only thing that a measure is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.prices.events import Event, find_events

__all__ = ["Past"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Past(Shown):
    """What was known of prices at an instant; made by `Prices.until`.

    Attributes
    ----------
    at : Timestamp
        The instant, UTC.
    stamps : DatetimeIndex
        Times of the bars closed by then.
    coins : tuple of str
        Those with a close by then.
    fields : mapping of str to ndarray, shape (bars, coins)
        As in `Prices`, without the bad prints that could be known by then. Read-only.
    as_recorded : ndarray, shape (bars, coins)
        Closes with the bad prints, for the list of events.
    length : Timedelta
        Of a bar.
    source : str
    """

    at: pd.Timestamp
    stamps: pd.DatetimeIndex
    coins: tuple[str, ...]
    fields: Mapping[str, Array]
    as_recorded: Array
    length: pd.Timedelta
    source: str

    def __len__(self) -> int:
        return len(self.stamps)

    def __repr__(self) -> str:
        return f"{self.source} until {self.at}: {number_of(len(self.coins), 'coin')}, last bar {self.as_of:%Y-%m-%d %H:%M}"

    @property
    def as_of(self) -> pd.Timestamp:
        """Stamp of the last bar."""
        return self.stamps[-1]

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What was odd by then."""
        return find_events(self.stamps, self.coins, self.as_recorded, self.length)

    @property
    def closes(self) -> pd.DataFrame:
        """Closes, times by coins, without bad prints."""
        return pd.DataFrame(self.fields["close"].copy(), index=self.stamps, columns=list(self.coins))

    def series(self, coin: str) -> pd.Series[float]:
        """Closes of one coin that are there, by time.

        Raises
        ------
        InputError
            If the coin has no close by then.
        """
        if coin not in self.coins:
            raise InputError(
                f"{self.source} has no close of {coin} by {self.at}; it has {', '.join(self.coins)}."
            )
        values = self.fields["close"][:, self.coins.index(coin)]
        there = np.isfinite(values)
        return pd.Series(values[there], index=self.stamps[there], name=coin)

    def rows_in_a_row(self) -> int:
        """How many bars end the file one bar apart, without a hole before them."""
        steps = np.diff(self.stamps.as_unit("ns").asi8)
        breaks = np.flatnonzero(steps != self.length.value)
        return len(self.stamps) - (int(breaks[-1]) + 1 if breaks.size else 0)

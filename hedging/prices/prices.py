"""Prices of many coins over time, as a value; cut before anything is measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.errors import InputError
from hedging.prices._intake import parts_of
from hedging.prices.bar import DAY, FIELDS, Bar
from hedging.prices.events import Event, bad_prints, find_events
from hedging.prices.past import Past
from hedging.units import utc, utc_day

__all__ = ["Prices"]

Array = npt.NDArray[np.float64]

WHEN: Final = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, eq=False, repr=False)
class Prices(Shown):
    """Prices of many coins; `until` is the only way from here to a measure.

    Attributes
    ----------
    stamps : DatetimeIndex
        Times of the bars as recorded, UTC, ascending.
    coins : tuple of str
        In the order of the alphabet. A symbol that started again is a coin of its own, ``LUNA@2022-05-31``.
    fields : mapping of str to ndarray, shape (bars, coins)
        ``close`` and, where known, ``open, high, low`` [quote currency per coin], ``volume`` [coins],
        ``quote_volume`` [quote currency]. NaN where there is none. Read-only.
    bar : Bar
    noted : tuple of Event
        What the reader refused or took for granted.
    source : str
        Name of the file or table.
    """

    stamps: pd.DatetimeIndex
    coins: tuple[str, ...]
    fields: Mapping[str, Array]
    bar: Bar
    noted: tuple[Event, ...] = ()
    source: str = "table"
    _ends: pd.DatetimeIndex = field(init=False)

    def __post_init__(self) -> None:
        for values in self.fields.values():
            values.setflags(write=False)
        ends = self.stamps + self.bar.length if self.bar.stamp == "open" else self.stamps
        object.__setattr__(self, "_ends", ends)

    def _page(self) -> Page:
        closes = self.table()
        shown = pd.DataFrame(
            {
                "first": [closes[coin].first_valid_index() for coin in self.coins],
                "last": [closes[coin].last_valid_index() for coin in self.coins],
                "bars": closes.count().to_numpy(),
                "last close": [closes[coin].dropna().iloc[-1:].squeeze() for coin in self.coins],
            },
            pd.Index(self.coins, name="coin"),
        )
        return Page(repr(self), (Table(shown, index=True), *self._frames()))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        layout: Literal["long", "wide"] | None = None,
        asset: str | Sequence[str] | None = None,
        timezone: str | None = None,
        bar: Bar | None = None,
        source: str = "table",
    ) -> Prices:
        """Prices from a table.

        Parameters
        ----------
        frame : DataFrame
            Long: a column of coins (``ticker``, ``symbol``, ``coin`` or ``asset``), one of times (``date``,
            ``open_time``, ``close_time``, ``time``), and ``close`` beside any of ``open, high, low, volume,
            quote_volume``. Wide: one of times, or an index of times, and one column of closes a coin.
        layout : {'long', 'wide'}, optional
            By default as the columns say.
        asset : str or sequence of str, optional
            Which coins; for a table of one coin that does not name it, its name.
        timezone : str, optional
            Zone of times that carry none. Without it they are taken as UTC, which `noted` says.
        bar : Bar, optional
            By default read off the stamps and the name of their column; a ``date`` is the day of a bar.
        source : str
            Name for messages.

        Returns
        -------
        Prices

        Raises
        ------
        InputError
            If a coin has two rows of one time or two columns, a price is text, no time column is there, bars
            have no common length, or what a stamp means cannot be told.
        """
        parts = parts_of(frame, layout=layout, asset=asset, timezone=timezone, bar=bar, source=source)
        return cls(*parts)

    def __len__(self) -> int:
        return len(self.stamps)

    def __repr__(self) -> str:
        known = ", ".join(name for name in FIELDS if name in self.fields)
        return (
            f"{self.source}: {number_of(len(self.coins), 'coin')}, {number_of(len(self), 'bar')} of {self.bar} from "
            f"{self.stamps[0]:%Y-%m-%d %H:%M} to {self.stamps[-1]:%Y-%m-%d %H:%M} UTC (stamped at their "
            f"{self.bar.stamp}; {known}), {number_of(len(self.events), 'event')}"
        )

    def table(self, name: str = "close") -> pd.DataFrame:
        """One field as a table, times by coins.

        Raises
        ------
        InputError
            If the field is not known.
        """
        if name not in self.fields:
            raise InputError(f"{self.source} has no {name}; it has {', '.join(self.fields)}.")
        return pd.DataFrame(self.fields[name].copy(), index=self.stamps, columns=list(self.coins))

    @property
    def closes(self) -> pd.DataFrame:
        """Closes, times by coins, as they were read."""
        return self.table("close")

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """What is odd about these prices and what was done about it."""
        return (*self.noted, *find_events(self.stamps, self.coins, self.fields["close"], self.bar.length))

    def until(self, at: str | dt.date | pd.Timestamp | None = None) -> Past:
        """What was known at a time, and nothing else.

        Parameters
        ----------
        at : str, date or Timestamp, optional
            A date means the bars that are complete at the end of that UTC day; a time with a zone the bars
            closed by then. By default all bars.

        Returns
        -------
        Past
            Bad prints are taken out of it, as far as they could be known by then.

        Raises
        ------
        InputError
            If `at` lies before the first bar is closed, after the last one, or in a hole of the file.
        """
        cut = self._ends[-1] if at is None else instant(at)
        count = int(self._ends.searchsorted(cut, side="right"))
        span = f"{self.source} has bars closed from {self._ends[0]:{WHEN}} to {self._ends[-1]:{WHEN}}"
        if count == 0:
            raise InputError(f"at={at} lies before the first bar: {span}.")
        if cut - self._ends[count - 1] >= self.bar.length:
            where = "after the last bar" if count == len(self) else "in a hole of the file"
            raise InputError(
                f"at={at} lies {where}: {span}, and the last one by then on {self._ends[count - 1]:{WHEN}}."
            )
        close = self.fields["close"][:count]
        known = np.isfinite(close).any(axis=0)
        fields = {name: np.array(values[:count, known]) for name, values in self.fields.items()}
        raw = fields["close"].copy()
        prints = bad_prints(raw)
        for values in fields.values():
            values[prints] = np.nan
            values.setflags(write=False)
        coins = tuple(
            coin for coin, is_known in zip(self.coins, np.asarray(known).tolist(), strict=True) if is_known
        )
        return Past(
            at=cut,
            stamps=self.stamps[:count],
            coins=coins,
            fields=fields,
            as_recorded=raw,
            length=self.bar.length,
            source=self.source,
        )

    def before(self, at: str | dt.date | pd.Timestamp) -> Prices:
        """The same prices as if the file had ended at a time, for what looks back over all of it.

        Parameters
        ----------
        at : str, date or Timestamp
            As in `until`.

        Raises
        ------
        InputError
            As `until`.
        """
        past = self.until(at)
        count = len(past)
        places = [self.coins.index(coin) for coin in past.coins]
        fields = {name: values[:count, places].copy() for name, values in self.fields.items()}
        noted = tuple(event for event in self.noted if event.first <= past.at)
        return Prices(self.stamps[:count], past.coins, fields, self.bar, noted, self.source)

    def daily(self) -> Prices:
        """Bars of UTC days from shorter ones.

        A day's close is that of the bar that ends at midnight; its open, high, low and volumes are there only
        if all of its bars are. A last day whose end no bar has reached is not over, and no bar.

        Raises
        ------
        InputError
            If no whole number of bars makes a day, or no day is over.
        """
        if self.bar.length == DAY:
            return self
        per_day = DAY / self.bar.length
        if per_day != round(per_day) or per_day < 1:
            raise InputError(f"{self.source} has bars of {self.bar}, of which no whole number makes a day.")
        opens = self._ends - self.bar.length
        days = opens.normalize()
        parts: dict[str, pd.DataFrame] = {}
        how: dict[str, str] = {
            "open": "first",
            "high": "max",
            "low": "min",
            "volume": "sum",
            "quote_volume": "sum",
        }
        for name, values in self.fields.items():
            by_day = pd.DataFrame(values, index=days).groupby(level=0)
            if name == "close":
                last = self._ends == self._ends.normalize()
                parts[name] = pd.DataFrame(values[last], index=days[last]).reindex(days.unique())
            else:
                whole = by_day.count() == int(per_day)
                parts[name] = by_day.agg(how[name]).where(whole)
        index = pd.DatetimeIndex(parts["close"].index)
        if self._ends[-1] < index[-1] + DAY:
            index = index[:-1]
        if index.empty:
            raise InputError(
                f"{self.source} holds no day that is over: its last bar closed on {self._ends[-1]:%Y-%m-%d %H:%M} UTC."
            )
        fields = {name: table.reindex(index).to_numpy(dtype=float).copy() for name, table in parts.items()}
        return Prices(index, self.coins, fields, Bar(DAY, "open"), self.noted, self.source)


def instant(at: str | dt.date | pd.Timestamp) -> pd.Timestamp:
    """The instant that `at` stands for: the end of a UTC day for a date, itself for a time with a zone."""
    if isinstance(at, dt.date) and not isinstance(at, dt.datetime):
        at = at.isoformat()
    if isinstance(at, str) and len(at.strip()) == 10:
        return utc_day(at, "at") + DAY
    return utc(at, "at")

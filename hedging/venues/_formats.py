"""What a format of quote files is, what may be asked of one, and how a chain is picked out of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.nearest import meant
from hedging.errors import ChainError, InputError
from hedging.market.chain import ChainRules, OptionChain
from hedging.market.contracts import ContractTerms
from hedging.market.snapshots import Snapshots
from hedging.units import utc, utc_day
from hedging.venues._opening import QuoteFile

__all__ = [
    "PRICING",
    "Format",
    "Pick",
    "check_heeded",
    "given_time",
    "of_another_time",
    "own_time",
    "pick_asset",
    "pick_snapshot",
    "snapshots",
    "told_time",
]

PRICING: Final = ("spot", "rate", "dividends")
"""What may be given of the underlying, where a file does not say it."""


@dataclass(frozen=True, slots=True)
class Pick:
    """What the caller asked to read out of a file that may hold several chains, and said of what is not in it."""

    at: str | pd.Timestamp | None = None
    asset: str | None = None
    timezone: str | None = None
    rules: ChainRules | None = None
    terms: ContractTerms | Mapping[str, Any] | None = None
    spot: float | None = None
    rate: float | None = None
    dividends: Mapping[str, float] | None = None  # by ex-date

    def __post_init__(self) -> None:
        if self.timezone is not None and not isinstance(self.timezone, str):
            raise InputError(
                f"timezone must be a name such as 'America/New_York'; got {self.timezone!r:.40}."
            )
        try:
            pd.Timestamp(0).tz_localize(self.timezone)
        except Exception as error:  # pandas' own differ by its release and by the library of zones
            raise InputError(
                f"timezone must be a name such as 'America/New_York'; {self.timezone!r:.40} is none that is known."
            ) from error
        if self.timezone is not None and self.at is not None and not self.of_day:
            object.__setattr__(self, "at", _in_zone(self.at, self.timezone))

    @property
    def of_day(self) -> bool:
        """Whether a day is asked for, not a time."""
        return isinstance(self.at, str) and len(self.at.strip()) == 10

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones that a day may be one of: that given comes before UTC, in which times are told."""
        return ("UTC",) if self.timezone is None else (self.timezone, "UTC")

    def on_day(self, times: pd.DatetimeIndex, zone: str) -> npt.NDArray[np.bool_]:
        """Which of some times are of the day asked for."""
        begin = utc_day(str(self.at), "at").tz_localize(None)
        return np.asarray(times.tz_convert(zone).tz_localize(None).normalize() == begin)


def _in_zone(at: str | pd.Timestamp, zone: str) -> str | pd.Timestamp:
    """A time in a zone, where it carries none; what is no time is left to `utc`, which says so."""
    try:
        stamp = pd.Timestamp(at)
        return at if stamp.tzinfo is not None else stamp.tz_localize(zone)
    except (ValueError, TypeError, LookupError, OSError):  # no time, or an hour that daylight saving skips
        return at


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: how to know it, how to read a chain of it, and the times of its rows if it holds several."""

    name: str
    matches: Callable[[QuoteFile], bool]
    read: Callable[[QuoteFile, Pick], OptionChain]
    times: Callable[[QuoteFile, Pick], pd.Series] | None = None
    read_all: Callable[[QuoteFile, Pick, pd.DatetimeIndex], Snapshots] | None = None  # in one pass
    running: bool = False  # single updates: a chain is what stands at a time, not what carries it
    heeds: tuple[str, ...] = ()  # which of `PRICING` it makes use of
    own_terms: bool = False  # the file says its terms, and no others are taken
    takes_beside: bool = False  # a second file of the same quotes belongs to it
    silent: bool = False  # the file does not name its underlying, which must be given
    columns: tuple[str, ...] = ()  # by which a table of it is known
    also: tuple[str, ...] = ()  # other columns that it reads, where their names have capitals


def known_by_columns(name: str, columns: tuple[str, ...], *readers: Any, **more: Any) -> Format:
    """A format of tables that are known by the names of some columns; the rest as in `Format`."""
    return replace(Format(name, lambda file: {*columns} <= file.columns, *readers, **more), columns=columns)


def columns_there(columns: Mapping[str, str], rows: pd.DataFrame, name: str) -> dict[str, str]:
    """Our columns that a table has, by its own names.

    Raises
    ------
    ChainError
        If it has bids and no asks, or asks and no bids: a column that was renamed, not a side that nobody quotes.
    """
    there = {ours: theirs for ours, theirs in columns.items() if theirs in rows.columns}
    for side, other in (("bid", "ask"), ("ask", "bid")):
        if side in columns and side not in there and other in there:
            raise ChainError(
                f"{name} has a column {there[other]!r} of {other}s and none {columns[side]!r} of {side}s; its columns are "
                f"{', '.join(map(str, rows.columns[:30]))}."
            )
    return there


def check_heeded(
    reader: Format, name: str, pick: Pick | None = None, *, beside: str | Path | None = None
) -> None:
    """Refuse what would be given in vain.

    Raises
    ------
    ChainError
        If a file of the format looks at none of it.
    """
    if beside is not None and not reader.takes_beside:
        raise ChainError(
            f"{name} is of format {reader.name}, to which no second file belongs, as to OKX's and Binance's: leave "
            "beside= out."
        )
    if pick is None:
        return
    for word in (each for each in PRICING if getattr(pick, each) is not None and each not in reader.heeds):
        raise ChainError(
            f"{name} is of format {reader.name}, whose rows say that themselves: leave {word}= out."
        )
    if pick.terms is not None and reader.own_terms:
        raise ChainError(
            f"{name} says its own terms; change them with chain.with_terms(...) once it is read."
        )


def pick_asset(assets: pd.Series, pick: Pick, name: str) -> str:
    """Return the asset to read: the one asked for, or the only one there is.

    Raises
    ------
    ChainError
        If the file has several and none was asked for, or not the one that was.
    """
    counts = assets.value_counts().sort_index()
    if pick.asset is None and len(counts) == 1:
        return str(counts.index[0])
    wanted = [asset for asset in map(str, counts.index) if pick.asset in (asset, asset.partition("_")[0])]
    if pick.asset in wanted or len(wanted) == 1:  # SOL stands for SOL_USDC where that is all there is of it
        return str(pick.asset) if pick.asset in wanted else wanted[0]
    there = (
        ", ".join(f"{asset} ({number_of(count, 'row')})" for asset, count in counts.items())
        or "no option at all"
    )
    if pick.asset is None:
        raise ChainError(f"{name} holds {there}; pass asset= to pick one.")
    raise ChainError(
        f"{name} holds {there}; it has no {pick.asset}{meant(pick.asset, map(str, counts.index)) or '.'}"
    )


def snapshots(times: pd.Series) -> pd.DatetimeIndex:
    """Return the distinct snapshot times of a file, ascending."""
    return pd.DatetimeIndex(times.dropna().unique()).sort_values()


def pick_snapshot(times: pd.Series, pick: Pick, name: str) -> pd.Timestamp:
    """Return the snapshot to read: the one asked for by date or time, or the only one there is.

    Raises
    ------
    ChainError
        If the file has several and none was asked for, or none on that day, or several on it.
    """
    stamps = snapshots(times)
    if stamps.empty:
        raise ChainError(f"{name} has no snapshot with a readable time.")
    if pick.at is None and len(stamps) == 1:
        return stamps[0]
    span = f"{number_of(len(stamps), 'snapshot')} from {told_time(stamps[0])} to {told_time(stamps[-1])} UTC"
    if pick.at is None:
        raise ChainError(f"{name} holds {span}; pass at= to pick one.")
    is_date = pick.of_day
    if is_date:
        found = (stamps[pick.on_day(stamps, zone)] for zone in pick.zones)
        day = next((each for each in found if len(each)), stamps[:0])
    else:
        wanted = utc(pick.at, "at")
        day = stamps[stamps.normalize() == wanted.normalize()]
        if wanted in day:
            return wanted
        # The times that messages list are cut to whole seconds: one given back must find its own snapshot.
        whole = wanted == wanted.floor("s")
        day = day[(day.floor("s") if whole else day) <= wanted][-1:]
    if len(day) == 1:
        return day[0]
    if len(day) > 1:
        listed = ", ".join(f"{stamp:%H:%M:%S}" for stamp in day)
        raise ChainError(
            f"{name} has {number_of(len(day), 'snapshot')} on {pick.at}: {listed} UTC; pass at= with a time, written as "
            f"{day[-1]:%Y-%m-%dT%H:%M:%SZ}."
        )
    raise ChainError(
        f"{name} has no snapshot {'on' if is_date else 'on that day up to'} {pick.at}; it holds {span}."
    )


def told_time(stamp: pd.Timestamp) -> str:
    """A time to the minute, or to the second where it has some: given back, it picks the same snapshot."""
    return f"{stamp:%Y-%m-%d %H:%M:%S}" if stamp.second else f"{stamp:%Y-%m-%d %H:%M}"


def given_time(pick: Pick, name: str) -> pd.Timestamp:
    """The time asked for, of a file whose rows carry none.

    Raises
    ------
    ChainError
        If none was.
    """
    if pick.at is None:
        raise ChainError(
            f"{name} does not say when its quotes were taken; pass at= (--at), as 2026-02-06T08:00Z."
        )
    if pick.of_day:
        raise ChainError(
            f"{name} does not say when its quotes were taken, and {pick.at} is a whole day: pass at= (--at) with a "
            f"time of it, as {pick.at}T16:00Z."
        )
    return utc(pick.at, "at")


def own_time(pick: Pick, told: pd.Timestamp, name: str) -> pd.Timestamp:
    """The time that a file says of its quotes, or the later one of that day that is asked for.

    A day asked for is held against that of the chain once it is read.

    Raises
    ------
    ChainError
        If the time asked for is before the quotes, or of another day.
    """
    if pick.at is None or pick.of_day:
        return told
    asked, taken = utc(pick.at, "at"), told.floor("s")
    same = asked.normalize() == taken.normalize()
    if not same or taken > asked:
        raise of_another_time(name, taken, pick, same_day=same)
    return asked


def of_another_time(name: str, taken: pd.Timestamp, pick: Pick, *, same_day: bool) -> ChainError:
    """What is wrong with a file whose one chain is of another day than asked for, or of a later time of that day."""
    return ChainError(
        f"{name} is of {told_time(taken)} UTC, {'after' if same_day else 'not of'} {pick.at}: leave at= out, or read a "
        f"file of that {'time' if same_day else 'day'}."
    )

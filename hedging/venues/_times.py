"""Times of recorded quotes, and terms by date: no zone is guessed, no year 1970 or 3000 taken at its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeVar

import pandas as pd

from hedging.errors import ChainError
from hedging.units import utc

__all__ = ["epoch", "held", "moments", "reply_times", "stamps"]

Entry = TypeVar("Entry")

_EARLIEST: Final = pd.Timestamp("2000-01-01", tz="UTC")
_LATEST: Final = pd.Timestamp("2100-01-01", tz="UTC")


def epoch(column: pd.Series, unit: Literal["ms", "us"], source: str) -> pd.Series:
    """Times given as a count since 1970.

    Parameters
    ----------
    column : Series
        Counts.
    unit : {'ms', 'us'}
        What is counted.
    source : str
        Name of the file, for messages.

    Returns
    -------
    Series of UTC times

    Raises
    ------
    ChainError
        If one is no number, or no time between 2000 and 2100: a wrong unit lands in 1970 or beyond.
    """
    counts = pd.to_numeric(column, errors="coerce")
    per_second = {"ms": 1e3, "us": 1e6}[unit]
    low, high = (bound.timestamp() * per_second for bound in (_EARLIEST, _LATEST))
    bad = ~counts.between(low, high)
    if bad.any():
        row = column.index[bad][0]
        raise ChainError(
            f"{source}: column {column.name!r}, row {row}: a time must count {unit} since 1970 and lie "
            f"between 2000 and 2100; got {column[bad].iloc[0]!s:.60}."
        )
    return pd.to_datetime(counts.astype("int64"), unit=unit, utc=True)


def moments(column: pd.Series, source: str, timezone: str | None = None) -> pd.Series:
    """Times in whatever form: as text, as times, or as a count since 1970.

    What is counted shows in the size of the numbers: of times between 2000 and 2100 seconds, milliseconds,
    microseconds and nanoseconds are a thousand apart. Parameters and errors as in `stamps`.
    """
    if _is_time(column):
        return stamps(column, source, timezone)
    counts = pd.to_numeric(column, errors="coerce")
    if counts.isna().any():
        return stamps(column, source, timezone)
    low, high = (bound.timestamp() for bound in (_EARLIEST, _LATEST))
    for unit, per_second in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if counts.between(low * per_second, high * per_second).all():
            return pd.to_datetime(counts.astype("int64"), unit=unit, utc=True)  # type: ignore[call-overload, no-any-return]
    raise ChainError(
        f"{source}: column {column.name!r} must hold times between 2000 and 2100, all counted alike; got "
        f"{column.iloc[0]!s:.60}."
    )


def reply_times(column: pd.Series, source: str, timezone: str | None = None) -> pd.Series:
    """Times that an exchange counts in milliseconds, or what was made of them before they were saved."""
    low, high = (1e3 * bound.timestamp() for bound in (_EARLIEST, _LATEST))
    if _is_time(column) or not pd.to_numeric(column, errors="coerce").between(low, high).any():
        return moments(column, source, timezone)
    return epoch(column, "ms", source)  # which names the row that is none


def stamps(column: pd.Series, source: str, timezone: str | None = None) -> pd.Series:
    """Times given as text or as times.

    Parameters
    ----------
    column : Series
        Times, all of them with a zone or all without.
    source : str
        Name of the file, for messages.
    timezone : str, optional
        Zone of times that carry none, such as ``"Europe/Rome"``.

    Returns
    -------
    Series of UTC times

    Raises
    ------
    ChainError
        If one is no time between 2000 and 2100, or carries no zone and none is given.
    """
    try:
        times = column if _is_time(column) else pd.to_datetime(column.map(str), format="ISO8601")
    except (ValueError, TypeError, OverflowError) as error:
        raise ChainError(
            f"{source}: column {column.name!r} holds something that is no time: {error}"
        ) from error
    if not _is_time(times):
        raise ChainError(f"{source}: column {column.name!r} must hold times; got {column.iloc[0]!r}.")
    if times.dt.tz is None:
        if timezone is None:
            raise ChainError(
                f"{source}: column {column.name!r} must carry a time zone, as in 2026-02-06T04:30:12Z; got "
                f"{column.iloc[0]!r}. Pass timezone= if you know it."
            )
        try:
            times = times.dt.tz_localize(timezone)
        except (ValueError, LookupError, OSError) as error:  # no zone, or an hour that daylight saving skips
            raise ChainError(
                f"{source}: timezone {timezone!r} does not fit column {column.name!r}: {error}"
            ) from error
    result: pd.Series = times.dt.tz_convert("UTC")
    bad = ~result.between(_EARLIEST, _LATEST)
    if bad.any():
        raise ChainError(
            f"{source}: column {column.name!r}, row {column.index[bad][0]}: a time must lie between 2000 and "
            f"2100; got {column[bad].iloc[0]!s:.60}."
        )
    return result


def _is_time(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column.dtype)


def held(entries: Mapping[str, Entry], as_of: str | pd.Timestamp) -> Entry:
    """Return the entry with the latest starting date that is not after `as_of`; before all, the first."""
    when = utc(as_of, "as_of")
    started = [start for start in sorted(entries) if utc(f"{start}T00:00Z") <= when]
    return entries[started[-1] if started else min(entries)]

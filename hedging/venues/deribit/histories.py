"""Histories read page by page: windows of time that cover a span, and rows put in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import pandas as pd

from hedging._ground.forms import meant
from hedging.errors import InputError
from hedging.units import utc
from hedging.venues._times import epoch

__all__ = ["check_resolution", "history", "milliseconds", "windows"]

_MOST_PAGES: Final = 10_000


def check_resolution(resolution: str, bars: Mapping[str, int]) -> None:
    """Refuse a length of bars that the exchange has none of: it would ask on for ever."""
    if resolution not in bars:
        raise InputError(
            f"resolution must be one of {', '.join(bars)}; got {resolution!r}{meant(str(resolution), bars) or '.'}"
        )


def milliseconds(value: str | pd.Timestamp) -> int:
    """A time as the exchange counts it, from 1970."""
    return utc(value).value // 1_000_000


def windows(start: str | pd.Timestamp, end: str | pd.Timestamp, width: int) -> Iterator[tuple[int, int]]:
    """Windows of time that cover ``[start, end]`` and share their ends, so that no bar falls between two."""
    low, last = milliseconds(start), milliseconds(end)
    if low > last:
        raise InputError(f"start must not lie after end; got {start} and {end}.")
    if (last - low) / width > _MOST_PAGES:
        raise InputError(
            f"{start} to {end} takes more than {_MOST_PAGES:,} requests; ask for less at a time."
        )
    while True:
        high = min(low + width, last)
        yield low, high
        if high >= last:
            return
        low = high


def history(rows: pd.DataFrame, start: str | pd.Timestamp, end: str | pd.Timestamp) -> pd.DataFrame:
    """Order rows by time, each once, within ``[start, end]``."""
    times = epoch(rows["timestamp"], "ms", "Deribit")
    table = rows.assign(timestamp=times).rename(columns={"timestamp": "time"})
    inside = table["time"].between(utc(start), utc(end))
    return table[inside].drop_duplicates("time").sort_values("time").reset_index(drop=True)

"""When US options trade and settle: sessions of the New York Stock Exchange, holidays and early closes.

By `exchange_calendars`, which the extra ``calendars`` brings. Without it every weekday is a session that closes at
16:00, and the notes of a chain that leans on that say so. (`pandas_market_calendars` needs `exchange_calendars` in
its turn, and pytz beside.)
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from hedging._extras import require
from hedging.errors import MissingExtraError

__all__ = ["LATE", "OPEN", "ZONE", "close_on", "closes_on", "knows_holidays", "last_session"]

ZONE: Final = "America/New_York"
OPEN: Final = pd.Timedelta(hours=9, minutes=30)
LATE: Final = pd.Timedelta(minutes=15)  # that options on indices and funds trade beyond the close of stocks
_CLOSE: Final = pd.Timedelta(hours=16)
_FIRST, _LAST = 1990, 2100  # years that a calendar is asked about


def knows_holidays() -> bool:
    """Whether the extra that brings the calendar is installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            require("exchange_calendars", "calendars")
    except MissingExtraError:
        return False
    return True


def close_on(day: pd.Timestamp) -> pd.Timestamp:
    """Close of the session on a day, or of the last one before it where it has none; UTC.

    Examples
    --------
    >>> close_on(pd.Timestamp("2026-03-28"))  # a Saturday
    Timestamp('2026-03-27 20:00:00+0000', tz='UTC')
    """
    session = last_session(day)
    calendar = _calendar(session.year)
    if calendar is None:
        return (session.tz_localize(ZONE) + _CLOSE).tz_convert("UTC")
    close: pd.Timestamp = calendar.session_close(session)
    return close


def closes_on(days: pd.Series) -> pd.Series:
    """The same of many days; NaT where there is none."""
    known = {day: close_on(day) for day in days.dropna().unique()}
    return pd.Series(pd.DatetimeIndex(days.map(known), tz="UTC").as_unit("ns"), index=days.index)


def last_session(day: pd.Timestamp) -> pd.Timestamp:
    """A day, if there was a session on it, else the last one before; without a zone."""
    plain = pd.Timestamp(day.year, day.month, day.day)
    calendar = _calendar(plain.year)
    if calendar is None:
        return plain - pd.Timedelta(days=max(plain.weekday() - 4, 0))
    session: pd.Timestamp = calendar.date_to_session(plain, "previous")
    return session


@lru_cache(maxsize=8)
def _calendar(year: int) -> Any:
    """The calendar of a year and those around it; None where it is not installed or knows nothing of the year."""
    if not (_FIRST < year < _LAST and knows_holidays()):
        return None
    calendars = require("exchange_calendars", "calendars")
    with warnings.catch_warnings():  # it leads pandas through what the next release does otherwise
        warnings.simplefilter("ignore")
        return calendars.get_calendar("XNYS", start=f"{year - 1}-12-01", end=f"{year + 1}-01-31")

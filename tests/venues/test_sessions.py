"""Sessions of New York: weekends, holidays and early closes, against the exchange's own published days."""

from __future__ import annotations

import pandas as pd
import pytest

from hedging.venues import _sessions
from hedging.venues._sessions import close_on, closes_on, last_session
from hedging.venues._us import session_end, settled_at


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="America/New_York")


@pytest.fixture
def calendar() -> None:
    pytest.importorskip("exchange_calendars")


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize(
    ("day", "close"),
    [
        ("2026-03-27", "2026-03-27 16:00"),  # a Friday in summer time
        ("2026-01-16", "2026-01-16 16:00"),  # and in winter
        ("2026-03-28", "2026-03-27 16:00"),  # a Saturday, as monthly expiries were written until 2015
        ("2026-04-03", "2026-04-02 16:00"),  # Good Friday
        ("2023-11-24", "2023-11-24 13:00"),  # the day after Thanksgiving closes early
        ("2024-07-03", "2024-07-03 13:00"),  # as does the eve of Independence Day
        ("2022-06-20", "2022-06-17 16:00"),  # Juneteenth, observed on a Monday
    ],
)
def test_the_close_of_a_day(day, close) -> None:
    assert close_on(pd.Timestamp(day)) == at(close)


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize(
    ("saved", "quotes", "closed"),
    [
        ("2023-09-14 12:00", "2023-09-14 12:00", False),
        ("2023-09-14 16:10", "2023-09-14 16:10", False),  # options on indices trade until 16:15
        ("2023-09-14 16:31", "2023-09-14 16:15", True),
        ("2023-09-14 08:00", "2023-09-13 16:15", True),  # before the open
        ("2022-06-11 20:47", "2022-06-10 16:15", True),  # on Saturday
        ("2023-11-23 12:00", "2023-11-22 16:15", True),  # Thanksgiving at noon
        ("2023-11-24 14:00", "2023-11-24 13:15", True),
        ("2026-04-06 09:00", "2026-04-02 16:15", True),  # Monday morning after Good Friday
    ],
)
def test_the_time_of_quotes_in_a_file(saved, quotes, closed) -> None:
    assert session_end(at(saved)) == (at(quotes), closed)


def test_expiries_settle_at_the_open_or_at_the_close() -> None:
    days = pd.Series(pd.to_datetime(["2022-06-17", "2022-06-17", None]))
    found = settled_at(days, pd.Series(["SPX", "SPXW", "SPX"]))
    assert list(found[:2]) == [at("2022-06-17 09:30"), at("2022-06-17 16:00")]
    assert pd.isna(found[2])


def test_without_the_extra_weekdays_are_sessions(monkeypatch) -> None:
    monkeypatch.setattr(_sessions, "_calendar", lambda _: None)
    assert close_on(pd.Timestamp("2026-04-03")) == at("2026-04-03 16:00")
    assert last_session(pd.Timestamp("2026-03-29")) == pd.Timestamp("2026-03-27")
    assert closes_on(pd.Series(pd.to_datetime(["2026-03-27"]))).tolist() == [at("2026-03-27 16:00")]

"""What an attempt ended in, counted: a result, or one of our errors. Anything else falls through and fails a test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, settings

from hedging.errors import HedgingError

T = TypeVar("T")

COUNTS: Counter[tuple[str, str]] = Counter()
"""By what was attacked and what it ended in; printed when the session is over."""


def attempt(what: str, call: Callable[[], T], *refusals: type[HedgingError]) -> T | str:
    """The result, or the message of one of our errors: one of `refusals`, if any are given."""
    try:
        found = call()
    except HedgingError as error:
        COUNTS[what, type(error).__name__] += 1
        if refusals and not isinstance(error, refusals):
            raise
        said = str(error)
        assert said, "an error must say something"
        assert "Traceback" not in said
        return said
    COUNTS[what, "result"] += 1
    return found


def tried(short: int, most: int) -> int:
    """So many of some values in a short run, and in proportion more with ``--hypothesis-profile=search``, up to all."""
    return min(most, short * settings().max_examples // 100)


def tries(short: int) -> settings:
    """So many examples in a short run, and in proportion more with ``--hypothesis-profile=search`` or ``night``."""
    factor = settings().max_examples / 100
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=max(1, round(short * factor)), suppress_health_check=slow)

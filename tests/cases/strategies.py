"""Strategies and tapes of a few snapshots, every flow of which can be worked out by hand."""

from __future__ import annotations

from functools import cache

import pandas as pd

from cases.tapes import smile_chain
from hedging.backtest import Tape


def scripted(*steps):
    """A strategy that trades a list of orders at each snapshot in turn."""

    def script(state):
        return steps[len(state.times) - 1] if len(state.times) <= len(steps) else None

    return script


@cache  # and with it what its chains have computed
def falling(*spots: float) -> Tape:
    """A tape of one chain a day, at these spots and one vol."""
    days = pd.date_range("2026-01-02T09:00Z", periods=len(spots), freq="D")
    return Tape.of([smile_chain(day, spot) for day, spot in zip(days, spots, strict=True)])

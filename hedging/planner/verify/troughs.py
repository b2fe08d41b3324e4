"""The worst place of a scenario set for a book."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging.book.book import Book
from hedging.book.pnl import pnl_of
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.result.checks import Trough

__all__ = ["trough_of"]


def trough_of(book: Book, markets: Sequence[Market], scenarios: Paths, base: float, start: float) -> Trough:
    """The worst P&L of a book over a scenario set, against a value of `start`."""
    pnl = pnl_of(book, markets, scenarios) + book.value(*markets) - start
    scenario, date = np.unravel_index(np.argmin(pnl), pnl.shape)
    worst = float(pnl[scenario, date])
    return Trough(worst, worst / base, scenarios.labels[int(scenario)], float(scenarios.days[date]))

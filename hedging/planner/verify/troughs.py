"""The worst place of a scenario set for a book."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging.book.book import Book
from hedging.book.pnl import pnl_of
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy, leading
from hedging.planner.result.checks import Trough

__all__ = ["trough_of"]


def trough_of(book: Book, markets: Sequence[Market], scenarios: PathsBy, base: float, start: float) -> Trough:
    """The worst P&L of a book over a scenario set, against a value of `start`."""
    pnl = pnl_of(book, markets, scenarios) + book.value(*markets) - start
    scenario, date = np.unravel_index(np.argmin(pnl), pnl.shape)
    worst = float(pnl[scenario, date])
    first = leading(scenarios)
    return Trough(worst, worst / base, first.labels[int(scenario)], float(first.days[date]))

"""Gains of a whole book at every node of some paths, counted in its numeraire."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy, leading, paths_of_asset

__all__ = ["growth_of", "pnl_of"]


def pnl_of(book: Book, markets: Sequence[Market], scenarios: PathsBy) -> Array:
    """P&L of a book at every node, shape (scenarios, dates). [money]

    One set of scenarios for several assets moves them all by the same shares.

    Judged in the book's numeraire: where that is a coin, what is gained is coins, at today's price.
    """
    value = np.full(leading(scenarios).spot.shape, book.cash)
    for market in markets:
        value = value + book.total(market, paths_of_asset(scenarios, market.asset))
    return np.asarray(value / growth_of(book, markets, scenarios) - book.value(*markets))


def growth_of(book: Book, markets: Sequence[Market], scenarios: PathsBy) -> Array | float:
    """What the numeraire is worth at every node, as a multiple of today: spot for a coin, 1 for money."""
    if book.numeraire in {market.asset for market in markets}:
        return paths_of_asset(scenarios, book.numeraire).spot
    return 1.0

"""The worst place of a book as a value, and the strikes at which it can be."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from hedging.book.book import Book
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.units import days

__all__ = ["Worst", "strikes_of"]


@dataclass(frozen=True, slots=True)
class Worst:
    """Least value of a book, where and when. [money]"""

    value: float
    scenario: str
    day: float


def strikes_of(book: Book, market: Market) -> dict[float, list[float]]:
    """Strikes of the options held of one asset, as multiples of spot, by the day on which they expire."""
    strikes: dict[float, list[float]] = defaultdict(list)
    for held in book.of(market.asset):
        if isinstance(held.instrument, Option):
            strikes[days(market.as_of, held.instrument.expiry)].append(held.instrument.strike / market.spot)
    return strikes

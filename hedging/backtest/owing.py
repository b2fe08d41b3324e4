"""Whether a book could end in debt: then a run without an account leaves out what its venue would have done."""

from __future__ import annotations

from hedging.backtest.positions import settled, worth
from hedging.backtest.rules import Rules
from hedging.book import Book, Holding
from hedging.market.contracts import Future, Option, Perpetual, Spot

__all__ = ["SPAN", "could_owe", "owes"]

SPAN = 10.0
"""How many times higher or lower the index is looked at."""


def could_owe(book: Book, spot: float) -> bool:
    """Whether all of it would be worth less than nothing, ended at an index up to `SPAN` times as high or as low.

    Its worth there is a straight line between strikes, so that they and the two ends are enough.
    """
    if not owes(book):
        return False
    strikes = [held.instrument.strike for held in book.holdings if isinstance(held.instrument, Option)]
    ends = (spot / SPAN, spot * SPAN)
    prices = [*ends, *(strike for strike in strikes if ends[0] < strike < ends[1])]
    return any(book.cash + sum(_ended(held, price) for held in book.holdings) < 0.0 for price in prices)


def owes(book: Book) -> bool:
    """Whether a venue asks margin for any of it."""
    return any(
        isinstance(held.instrument, Perpetual | Future)
        or (isinstance(held.instrument, Option) and held.quantity < 0.0)
        for held in book.holdings
    )


def _ended(held: Holding, price: float) -> float:
    """What a holding comes to at an index. [money]"""
    if isinstance(held.instrument, Spot):
        return held.units * price
    if isinstance(held.instrument, Option):
        paid, _ = settled(held, price, Rules())
        return paid.coin * price + paid.money
    return worth(held, price, price)

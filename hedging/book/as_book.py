"""Orders as a book of their own: what they are worth, whatever was paid for them."""

from __future__ import annotations

from hedging.book.book import Book, Holding
from hedging.book.legs import Legs, legs_of

__all__ = ["as_book"]


def as_book(overlay: Legs) -> Book:
    """Book of what some orders buy and sell alone, neither premium nor fee taken off.

    ``book + overlay`` has paid for it, and so gains what it is worth less that; this is what it is worth.

    Parameters
    ----------
    overlay : plan, overlay or legs

    Examples
    --------
    >>> import hedging as hg
    >>> chain = hg.samples.chain()
    >>> collar = hg.overlays.collar(hg.samples.book(), chain)
    >>> market = hg.Market.of(chain)
    >>> later = as_book(collar).values(market, hg.grid([0.0], [0.10]))  # at ten vol points more
    >>> later.shape  # scenarios, dates, legs
    (1, 1, 2)
    """
    return Book([Holding(leg.instrument, leg.quantity, leg.price) for leg in legs_of(overlay)])

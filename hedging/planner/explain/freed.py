"""What a plan that minimises margin frees, and what leaves the account for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hedging.book.legs import Leg
from hedging.margin.requirement import initial_margin, rules_in_words
from hedging.planner.request.limit import MARGIN
from hedging.planner.request.request import Request

__all__ = ["freed"]


def freed(request: Request, legs: Sequence[Leg]) -> Iterator[str]:
    """Initial margin without and with the orders, where that is minimised."""
    if request.target.least != MARGIN:
        return
    markets = {market.asset: market for market in request.markets}
    before, after = (initial_margin(book, markets) for book in (request.book, request.book + legs))
    paid, money = sum(leg.paid for leg in legs), request.markets[0].currency
    yield (
        f"initial margin by {rules_in_words(request.book)} goes from {before:,.0f} to {after:,.0f} {money}: "
        f"{before - after:,.0f} freed, {max(paid, 0.0):,.0f} paid out of the account for it"
    )

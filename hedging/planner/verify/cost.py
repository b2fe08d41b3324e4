"""What orders cost, from the orders alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg, cost_of
from hedging.market.contracts import Future, Option
from hedging.market.market import Market
from hedging.planner.request.view import View, expected_gain

__all__ = ["cost_with_carry"]


def cost_with_carry(
    legs: Iterable[Leg], markets: Sequence[Market], horizon: float, view: View | None = None
) -> Cost:
    """Cost of some orders: spread and fees, and the carry of perpetuals to the horizon.

    What has an expiry is at a fair price under the chain's own forward and vol, and carries nothing. Under a
    view, what it expects the orders to gain comes off the carry.
    """
    legs = tuple(legs)
    open_ended = Book() + [leg for leg in legs if not isinstance(leg.instrument, Option | Future)]
    carry = sum(
        -open_ended.exposure(market).theta * horizon for market in markets if open_ended.of(market.asset)
    )
    if view is not None:
        carry -= sum(expected_gain(Book() + legs, market, view, horizon) for market in markets)
    return cost_of(legs, carry)

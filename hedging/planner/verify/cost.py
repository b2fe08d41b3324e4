"""What orders cost, from the orders alone: each is held to the horizon with nothing moving, and what it lost is seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg, cost_of
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.request import Request
from hedging.planner.request.view import expected_gain
from hedging.planner.result.carry import Decay

__all__ = ["cost_with_carry", "decay_of"]


def cost_with_carry(legs: Iterable[Leg], request: Request, *, view: bool = True) -> Cost:
    """Cost of some orders: spread and fees, and the funding and basis that they pay until the horizon.

    Each order is revalued alone, spot where it is, with the funding that its side is counted. Options are at a
    fair price under the chain's own forward and vol, and carry nothing. Under a view, what it expects the orders
    to gain comes off the carry, unless that is left out.
    """
    legs = tuple(legs)
    carry = sum(_paid(leg, request) for leg in legs)
    if view and request.view is not None:
        book = Book() + legs
        carry -= sum(expected_gain(book, market, request.view, request.horizon) for market in request.markets)
    return cost_of(legs, carry)


def _paid(leg: Leg, request: Request) -> float:
    """Funding or basis that one order pays, as it is counted. [money]"""
    if not isinstance(leg.instrument, Perpetual | Future):
        return 0.0
    market = next(each for each in request.markets if each.asset == leg.instrument.asset)
    if isinstance(leg.instrument, Perpetual):
        rate = request.funding_of(market).counted(leg.quantity)
        # A short is owed what a long pays.
        counted = market.with_funding(rate if leg.quantity > 0 else -rate)
        return -_gain(leg, counted, request.horizon)
    return max(0.0, -_gain(leg, market, request.horizon))


def decay_of(legs: Iterable[Leg], markets: Sequence[Market], horizon: float) -> Decay:
    """What holding some orders to a horizon costs if nothing moves, by what decays; funding as it is now."""
    sums = dict.fromkeys(("options", "funding", "basis"), 0.0)
    for leg in legs:
        kind = {Option: "options", Perpetual: "funding", Future: "basis"}.get(type(leg.instrument))
        if kind is not None:
            market = next(each for each in markets if each.asset == leg.instrument.asset)
            sums[kind] -= _gain(leg, market, horizon)
    return Decay(horizon, **sums)


def _gain(leg: Leg, market: Market, horizon: float) -> float:
    """What one order gains by a horizon with spot and vol where they are, its own price left out. [money]"""
    still = Paths(np.array([horizon]), np.ones((1, 1)), np.zeros((1, 1)), ("nothing moves",))
    held = Book() + [leg]
    return float(held.total(market, still).sum()) - (held.value(market) - held.cash)

"""What orders gain in every outcome, in money of today: cash that is paid now and comes back later bears interest.

A plan counts cash as it lies. Where quotes are discounted, every order that lends would then seem to lose and every one
that borrows to gain, whatever spot does: a free lunch of the rate, which nobody is offered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Array
from hedging.book.pnl import growth_of
from hedging.market.contracts import Instrument, Option, Perpetual, Spot
from hedging.market.discounting import discounts
from hedging.market.market import Market
from hedging.paths.by_asset import leading
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["gains_today"]


def gains_today(request: Request, programme: Programme) -> Array:
    """P&L of a lot of each order in every outcome, in the book's numeraire, shape (outcomes, orders). [money]

    What is paid and received in coins stays as it is: their price is the interest on them.
    """
    assert request.outcomes is not None
    paths, columns = request.outcomes.paths, programme.candidates
    last = float(request.outcomes.days[-1]) / DAYS_PER_YEAR
    worth = np.ones(len(columns))
    for market in request.markets:
        here = np.flatnonzero([item.asset == market.asset for item in columns.instruments])
        worth[here] = _discounts([columns.instruments[i] for i in here], market, last)
    if (worth == 1.0).all():
        return programme.outcome_pnl
    spot = np.broadcast_to(growth_of(request.book, request.markets, paths), leading(paths).spot.shape)[:, -1:]
    gains = programme.outcome_pnl * spot
    gains += columns.cash  # in place: of thousands of orders there is no room for copies
    gains *= worth
    gains -= columns.cash
    return np.asarray(gains / spot)


def _discounts(items: Sequence[Instrument], market: Market, last: float) -> Array:
    """Worth today of money that instruments pay at their expiry, or at the last date if that comes first."""
    if market.is_bare:  # nothing says what is paid on the way
        return np.ones(len(items))
    cash = np.array([isinstance(item, Option) and item.terms.settlement == "cash" for item in items])
    paid = np.array(
        [
            last if isinstance(item, Perpetual | Spot) else min(last, years(market.as_of, item.expiry))
            for item in items
        ]
    )
    # What the holder of spot receives on the way is not in its price.
    bought = np.array([isinstance(item, Spot) for item in items])
    return np.select(
        [cash, bought], [discounts(market, paid, coin=False), np.exp(-market.carry(last) * last)], 1.0
    )

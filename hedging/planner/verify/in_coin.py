"""A plan counted in money and in coin.

What is paid today converts at today's price. What is gained does not: the coins that a book is worth on a path
are counted at the price there, so that the worst case in coin is another one than in money. Spot alone loses no
coin in any fall; puts cost coins if it rises. Where spot goes to zero nothing is judged in coin: there any debt
is any number of coins.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hedging.book.book import Book
from hedging.book.legs import Cost
from hedging.paths.by_asset import selected
from hedging.planner.request.default_scenarios import NEAR_ZERO
from hedging.planner.request.request import Request
from hedging.planner.result.checks import Trough
from hedging.planner.result.values import Numeraire
from hedging.planner.verify.troughs import trough_of

__all__ = ["in_coin"]


def in_coin(request: Request, after: Book, cost: Cost, base: float) -> tuple[Numeraire, ...]:
    """A plan in money and in coin; none where there is no one coin that options settle in.

    Parameters
    ----------
    request : Request
    after : Book
        With the orders.
    cost : Cost
        [money]
    base : float
        [money]
    """
    market, book = request.markets[0], request.book
    if len(request.markets) > 1 or all(part.terms.settlement != "coin" for part in market.chain.by_venue()):
        return ()
    above = np.flatnonzero((request.scenarios.spot > 2.0 * NEAR_ZERO).all(axis=1)).tolist()
    value = book.value(market)

    def worst(held: Book) -> Trough:
        """Whatever the funding, as the floor counts it."""
        judged = [
            (
                there.markets,
                selected(there.moves, above) if above and held.numeraire == market.asset else there.moves,
            )
            for there in request.at_fundings(request.scenarios)
        ]
        return min((trough_of(held, *each, base, value) for each in judged), key=lambda trough: trough.pnl)

    def counted(unit: str, price: float) -> Numeraire:
        before, then = (worst(Book(held.holdings, cash=held.cash, numeraire=unit)) for held in (book, after))
        troughs = (replace(before, pnl=before.pnl / price), replace(then, pnl=then.pnl / price))
        return Numeraire(unit, price, cost.at(price), base / price, troughs)

    return counted(market.currency, 1.0), counted(market.asset, market.spot)

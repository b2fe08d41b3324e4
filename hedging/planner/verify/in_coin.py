"""A plan counted in money and in coin.

What is paid today converts at today's price. What is gained does not: the coins that a book is worth on a path
are counted at the price there, so that the worst case in coin is another one than in money. Spot alone loses no
coin in any fall; puts cost coins if it rises. Where spot goes to zero nothing is judged in coin: there any debt
is any number of coins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging.book.book import Book
from hedging.book.legs import Cost
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.default_scenarios import NEAR_ZERO
from hedging.planner.result.values import Numeraire
from hedging.planner.verify.troughs import trough_of

__all__ = ["in_coin"]


def in_coin(
    book: Book, after: Book, cost: Cost, markets: Sequence[Market], scenarios: Paths, base: float
) -> tuple[Numeraire, ...]:
    """A plan in money and in coin; none where there is no one coin that options settle in.

    Parameters
    ----------
    book, after : Book
        Without and with the orders.
    cost : Cost
        [money]
    markets : sequence of Market
    scenarios : Paths
    base : float
        [money]
    """
    if len(markets) != 1 or all(part.terms.settlement != "coin" for part in markets[0].chain.by_venue()):
        return ()
    (market,) = markets

    above = np.flatnonzero((scenarios.spot > 2.0 * NEAR_ZERO).all(axis=1)).tolist()

    def counted(unit: str, price: float) -> Numeraire:
        value = book.value(market)
        judged = scenarios.select(above) if above and unit == market.asset else scenarios
        before, then = (
            trough_of(Book(held.holdings, cash=held.cash, numeraire=unit), markets, judged, base, value)
            for held in (book, after)
        )
        troughs = (replace(before, pnl=before.pnl / price), replace(then, pnl=then.pnl / price))
        return Numeraire(unit, price, cost.at(price), base / price, troughs)

    return counted(market.currency, 1.0), counted(market.asset, market.spot)

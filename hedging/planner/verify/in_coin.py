"""A plan counted in money and in coin.

What is paid today converts at today's price. What is gained does not: the coins that a book is worth on a path
are counted at the price there, so that the worst case in coin is another one than in money. Spot alone loses no
coin in any fall; puts cost coins if it rises. Where spot goes to zero nothing is judged in coin: there any debt
is any number of coins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from hedging.book.book import Book
from hedging.book.legs import Cost
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.default_scenarios import NEAR_ZERO
from hedging.planner.verify.revalue import Trough, trough_of

__all__ = ["Numeraire", "numeraires"]


@dataclass(frozen=True, slots=True)
class Numeraire:
    """Cost and worst case of a plan in one unit of account.

    Attributes
    ----------
    unit : str
        The currency, or the coin.
    price : float
        Of one unit today. [money]
    cost : Cost
        [unit]
    base : float
        What shares are shares of. [unit]
    troughs : tuple of (Trough, Trough)
        Worst case over the scenarios without and with the plan, its P&L what the book is worth in the unit at a
        node less what it is worth today; in coin without the scenarios that go to zero. [unit]
    """

    unit: str
    price: float
    cost: Cost
    base: float
    troughs: tuple[Trough, Trough]

    def __str__(self) -> str:
        alone, hedged = self.troughs
        return (
            f"cost {self._amount(self.cost.execution)}, net premium {self._amount(self.cost.premium)}; worst alone "
            f"{self._loss(alone)}, hedged {self._loss(hedged)} at {hedged.scenario}, day {hedged.day:.4g}"
        )

    def _loss(self, trough: Trough) -> str:
        return f"{self._amount(trough.pnl)} ({round(trough.share, 4) + 0.0:.1%})"

    def _amount(self, amount: float) -> str:
        """Money in whole units, coins to the fourth place; rounding is no loss."""
        digits = 0 if self.price == 1.0 else 4
        return f"{round(amount, digits) + 0.0:,.{digits}f}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name; money is the unit."""
        before, after = (trough.to_dict() for trough in self.troughs)
        return {
            "unit": self.unit,
            "price": self.price,
            "cost": asdict(self.cost) | {"execution": self.cost.execution},
            "base": self.base,
            "worst": {"before": before, "after": after},
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Numeraire:
        """The value that `to_dict` gave."""
        cost = {name: value for name, value in saved["cost"].items() if name != "execution"}
        worst = saved["worst"]
        troughs = (Trough(**worst["before"]), Trough(**worst["after"]))
        return Numeraire(saved["unit"], saved["price"], Cost(**cost), saved["base"], troughs)


def numeraires(
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
    if len(markets) != 1 or markets[0].chain.terms.settlement != "coin":
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

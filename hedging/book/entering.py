"""From what entering costs to what is gained at once: one convention, one line, the same wherever it is shown.

Everything is valued at the chain's own vols and forwards, its marks where it shows any. An order pays its quote and
its fee. Its cost is the half spread, or the distance from the quote to the mark where that is more, so that a quote
that beats the mark costs as much as one that is as bad. What is gained at once by such a quote is therefore no part
of a cost, a floor or an objective; it is part of every value, from the first day on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.book.legs import Leg, cost_of

__all__ = ["Entering"]


@dataclass(frozen=True, slots=True, repr=False)
class Entering(Shown):
    """What some orders cost, and what they are worth at once.

    Attributes
    ----------
    execution : float
        Half spreads and fees. [currency]
    quotes : float
        What the quotes taken are better than that cost supposes, against the values of what is bought and sold.
        [currency]
    currency : str
    coin, spot : str, float
        The coin that a book counts in, if it does, and its price now [money]: then both are said, the second as
        scenarios of the book say it.
    """

    execution: float
    quotes: float
    currency: str = ""
    coin: str = ""
    spot: float = 0.0

    @staticmethod
    def of(legs: Iterable[Leg], at_once: float, currency: str) -> Entering:
        """Of orders that gain so much at the moment they trade, what they pay included; a loss is below 0. [money]"""
        execution = cost_of(legs).execution
        return Entering(execution, at_once + execution, currency)

    @property
    def at_once(self) -> float:
        """Gain at the moment they trade: value less what was paid. [currency]"""
        return self.quotes - self.execution

    def in_coin(self, asset: str, spot: float) -> Entering:
        """The same in coins of an asset."""
        return Entering(self.execution / spot, self.quotes / spot, asset)

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name, in their currency."""
        names = "execution", "quotes", "currency", "at_once"
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        return f"{self._told}, or {self.in_coin(self.coin, self.spot)}" if self.coin else self._told

    @property
    def _told(self) -> str:
        digits, form = (2, "{:+,.2f}") if self._money else (6, "{:+,.6f}")
        # First and last as they stand elsewhere; what lies between them takes the last digit.
        spent, gained = round(-self.execution, digits), round(self.at_once, digits)
        cost, quotes, at_once = (
            form.format(each + 0.0) for each in (spent, round(gained - spent, digits), gained)
        )
        return f"{at_once} {self.currency} at once: execution {cost}, quotes against values {quotes}"

    @property
    def _money(self) -> bool:
        return abs(self.execution) + abs(self.quotes) >= 1.0

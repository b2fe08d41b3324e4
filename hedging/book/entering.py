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

import pandas as pd

from hedging._ground.cells import stamp
from hedging._ground.shown import Shown
from hedging.book.legs import Leg, Legs, cost_of
from hedging.market.market import Market

__all__ = ["Entering", "counted_from", "filled_before"]


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
    def gained(self) -> str:
        """What is gained at once, in its currency."""
        digits, form = (2, "{:+,.2f}") if self._money else (6, "{:+,.6f}")
        return f"{form.format(round(self.at_once, digits) + 0.0)} {self.currency}"

    @property
    def _told(self) -> str:
        digits, form = (2, "{:+,.2f}") if self._money else (6, "{:+,.6f}")
        # First and last as they stand elsewhere; what lies between them takes the last digit.
        spent, gained = round(-self.execution, digits), round(self.at_once, digits)
        cost, quotes = (form.format(each + 0.0) for each in (spent, round(gained - spent, digits)))
        return f"{self.gained} at once: execution {cost}, quotes against values {quotes}"

    @property
    def _money(self) -> bool:
        return abs(self.execution) + abs(self.quotes) >= 1.0


def filled_before(overlay: Legs | None, markets: Iterable[Market]) -> pd.Timestamp | None:
    """When the quotes of a plan's orders were taken, where none of the markets is of that time."""
    made: pd.Timestamp | None = getattr(overlay, "as_of", None)
    return None if made is None or any(market.as_of == made for market in markets) else made


def counted_from(as_of: pd.Timestamp, filled: pd.Timestamp) -> str:
    """From when gains count where orders were filled before: a clause after "gains" or the name of a table.

    Examples
    --------
    >>> counted_from(pd.Timestamp("2026-02-06T04:30Z"), pd.Timestamp("2026-01-11T09:14Z"))
    "the position's since 2026-02-06 04:30 UTC, those of the plan's orders since their fills of 2026-01-11 09:14 UTC"
    """
    return f"the position's since {stamp(as_of)}, those of the plan's orders since their fills of {stamp(filled)}"

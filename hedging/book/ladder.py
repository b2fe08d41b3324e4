"""Depth of an order book: levels, and the average price of an order that climbs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hedging._ground.shown import Shown
from hedging.errors import InputError

__all__ = ["Ladder", "Level"]


class Level(NamedTuple):
    """How far into a ladder an order reaches, and what it pays if it takes all of that.

    Prices as the venue quotes them; `reach` counts contracts from the best price on.
    """

    reach: float
    average: float
    worst: float


@dataclass(frozen=True, slots=True, repr=False)
class Ladder(Shown):
    """Quotes of one contract on both sides, the best first.

    An order that reaches into a level is priced as if it took all of it: never too cheap, and as exact as the
    levels are fine.

    Attributes
    ----------
    bids, asks : tuple of (float, float)
        Price as the venue quotes it, and contracts at it.

    Raises
    ------
    InputError
        If a price or size is no number > 0, or the prices of a side do not get worse.

    Examples
    --------
    >>> Ladder(asks=((1.0, 10.0), (2.0, 30.0))).reached(12.0)
    Level(reach=40.0, average=1.75, worst=2.0)
    """

    bids: tuple[tuple[float, float], ...] = ()
    asks: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for name, worse in (("bids", -1.0), ("asks", 1.0)):
            try:
                side = tuple((float(price), float(size)) for price, size in getattr(self, name))
            except (TypeError, ValueError) as error:
                raise InputError(
                    f"{name} of a ladder must be pairs (price, contracts); got {error}."
                ) from error
            if not all(0.0 < number < np.inf for level in side for number in level):
                raise InputError(f"{name} of a ladder must be prices and sizes > 0; got {side!r:.200}.")
            prices = [worse * price for price, _ in side]
            if sorted(set(prices)) != prices:
                raise InputError(f"{name} of a ladder must get worse from level to level; got {side!r:.200}.")
            object.__setattr__(self, name, side)

    def levels(self, side: float) -> list[Level]:
        """The levels an order may reach, those of the asks for a buy (`side` > 0)."""
        quotes = self.asks if side > 0 else self.bids
        reach, paid, found = 0.0, 0.0, []
        for price, size in quotes:
            reach, paid = reach + size, paid + price * size
            found.append(Level(reach, paid / reach, price))
        return found

    def reached(self, quantity: float) -> Level:
        """The level that an order for some contracts reaches, > 0 to buy.

        Raises
        ------
        InputError
            If the ladder does not hold so many.
        """
        levels = self.levels(quantity)
        for level in levels:
            if abs(quantity) <= level.reach * (1.0 + 1e-9):
                return level
        held = levels[-1].reach if levels else 0.0
        raise InputError(
            f"an order for {abs(quantity):g} contracts finds only {held:g} on its side of the book."
        )

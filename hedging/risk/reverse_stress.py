"""Reverse stress: how far the market has to move for a given loss."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedging._ground.arguments import takes
from hedging._ground.shown import Shown
from hedging._numerics.bisection import first_false
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.market import Market, market_of
from hedging.paths.paths import along, today
from hedging.paths.reactions import STILL, Reaction
from hedging.risk.tails import FURTHEST_FALL, FURTHEST_RISE

__all__ = ["ReverseStress", "reverse_stress"]


@dataclass(frozen=True, slots=True, repr=False)
class ReverseStress(Shown):
    """The smallest moves of spot that lose a given sum; None where no move in reach does.

    Attributes
    ----------
    loss : float
        [money]
    spot : float
        Today's. [money]
    down, up : float or None
        First such prices on the way down and up. [money]
    """

    loss: float
    spot: float
    down: float | None
    up: float | None

    @property
    def down_move(self) -> float | None:
        """The fall as a share of spot, < 0."""
        return None if self.down is None else self.down / self.spot - 1.0

    @property
    def up_move(self) -> float | None:
        """The rise as a share of spot, > 0."""
        return None if self.up is None else self.up / self.spot - 1.0


@takes(book=Book, market=market_of)
def reverse_stress(
    book: Book,
    market: OptionChain | Market,
    loss: float,
    *,
    day: float = 0.0,
    reaction: Reaction = STILL,
) -> ReverseStress:
    """Smallest move of spot that loses a given sum against today's value.

    Parameters
    ----------
    book, market
        As in `attribution`.
    loss : float
        > 0. [money]
    day : float
        When spot gets there, in days from now.
    reaction : Reaction
        What vol does on the way; by default each moneyness keeps its vol.

    Raises
    ------
    InputError
        If the loss is not above 0.
    """
    if not (loss > 0 and math.isfinite(loss)):
        raise InputError(f"loss must be a sum of money > 0; got {loss!r}.")
    found = Market.of(market) if isinstance(market, OptionChain) else market
    start = float(book.total(found, today()).sum())

    def bearable(log_price: Array) -> npt.NDArray[np.bool_]:
        paths = along([day], log_price[:, None], reaction=reaction, averaged=False)
        return np.asarray(book.total(found, paths)[:, 0] - start > -loss)

    ends = (first_false(bearable, end) for end in (FURTHEST_FALL, FURTHEST_RISE))
    down, up = (None if end is None else found.spot * math.exp(end) for end in ends)
    return ReverseStress(loss, found.spot, down, up)

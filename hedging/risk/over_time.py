"""Exposure by date: what becomes of a book's Greeks while its options age and expire."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hedging._ground.arguments import takes
from hedging._numerics.checks import finite
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.paths.paths import grid
from hedging.risk.attribution import greeks_along
from hedging.units import days as days_between

__all__ = ["over_time"]

_DATES, _MONTH = 25, 30.0


@takes(book=Book, market=market_of)
def over_time(
    book: Book,
    market: OptionChain | Market,
    days: Sequence[float] | Array | None = None,
    *,
    spot_moves: Sequence[float] | Array = (-0.2, 0.0, 0.2),
    vol_shift: float = 0.0,
) -> pd.DataFrame:
    """Exposure on dates to come, each as if spot were there by then.

    Parameters
    ----------
    book : Book
        ``book + plan`` for a hedged one; of it, the holdings in the market's asset.
    market : OptionChain or Market
    days : sequence of float, optional
        Days from now, ascending, >= 0; by default 25 dates to the day after the last expiry held, 30 days without one.
    spot_moves : sequence of float
        Relative moves, > -1.
    vol_shift : float
        As in `profile`.

    Returns
    -------
    DataFrame
        Index ``day``; columns ``greek`` by ``spot_move``, units as in `profile`. Its ``attrs`` hold ``as_of``.

    Raises
    ------
    InputError
        If days do not ascend from 0 on.

    Examples
    --------
    >>> import hedging as hg
    >>> over_time(hg.samples.book(), hg.samples.chain(), [0, 10])["delta"].to_numpy().tolist()
    [[25.0, 25.0, 25.0], [25.0, 25.0, 25.0]]
    """
    found = market_of(market)
    at = _default_days(book, found) if days is None else np.ravel(finite("days", days))
    if not at.size or at[0] < 0 or not (np.diff(at) > 0).all():
        raise InputError(f"days must ascend from 0 on; got {list(at)}.")
    moves = np.ravel(finite("spot_moves", spot_moves))
    sums = greeks_along(book, found, grid(moves, [vol_shift], at))
    columns = pd.MultiIndex.from_product([sums, moves], names=["greek", "spot_move"])
    table = pd.DataFrame(np.vstack([*sums.values()]).T, index=pd.Index(at, name="day"), columns=columns)
    table.attrs["as_of"] = found.as_of.isoformat()
    return table


def _default_days(book: Book, market: Market) -> Array:
    """Dates to just after the last expiry held, the eve of each expiry among them."""
    options = [item.instrument for item in book.of(market.asset) if isinstance(item.instrument, Option)]
    ends = np.array([days_between(market.as_of, option.expiry) for option in options])
    last = float(ends.max()) + 1.0 if ends.size else _MONTH
    eves = ends[ends > 1.0] - 0.01
    return np.unique(np.concatenate((np.linspace(0.0, last, _DATES), eves, ends)))

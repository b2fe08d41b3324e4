"""What may be traded or is held, by expiry: the nodes that make expired payoffs exact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._ground.forms import in_words
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.request.limits import Limits
from hedging.units import DAYS_PER_YEAR, days

__all__ = ["strikes_by_day"]


def strikes_by_day(markets: Sequence[Market], limits: Limits, book: Book) -> dict[float, set[float]]:
    """Strikes of what may be traded and of what is held, as multiples of spot, by days to expiry."""
    found: dict[float, set[float]] = defaultdict(set)
    for market in markets:
        clock.look()
        inside = market.chain.quotes[_inside(market, limits)]
        for expiry, strikes in inside["strike"].groupby(inside["expiry"]):
            found[days(market.as_of, expiry)] |= {*(strikes.unique() / market.spot).tolist()}
        for item in book.of(market.asset):
            if isinstance(item.instrument, Option):
                found[days(market.as_of, item.instrument.expiry)].add(item.instrument.strike / market.spot)
    return dict(found)


def inside_windows(market: Market, limits: Limits) -> npt.NDArray[np.bool_]:
    """Which quotes lie within the windows of expiry, delta and moneyness.

    Raises
    ------
    InputError
        If none of a chain does: it says what the chain has.
    """
    inside = _inside(market, limits)
    if not inside.any() and not market.chain.quotes.empty:  # as on a coin on which no option is quoted
        first, last = limits.expiries
        listed = market.chain.expiries["days"]
        if not listed.between(first, np.inf if last is None else last).any():
            raise InputError(
                f"expiries must take in one of the {market.asset} chain, which has "
                f"{', '.join(f'{day:.1f}' for day in listed)} days; got {in_words(first, last)} days."
            )
        market.chain.select(days=(first, np.inf if last is None else last), delta=limits.deltas)
    return inside


def _inside(market: Market, limits: Limits) -> npt.NDArray[np.bool_]:
    """The same, also where that is none: what is held is judged all the same."""
    q, (first, last) = market.chain.quotes, limits.expiries
    if q.empty:
        return np.zeros(0, dtype=bool)
    left = q["time_to_expiry"].to_numpy() * DAYS_PER_YEAR
    moneyness = q["strike"].to_numpy() / market.spot
    inside = (left >= first) & (left <= (np.inf if last is None else last))
    inside &= (moneyness >= limits.moneyness[0]) & (moneyness <= limits.moneyness[1])
    delta = _deltas(market)
    return np.asarray(inside & (delta >= limits.deltas[0]) & (delta <= limits.deltas[1]))


def _deltas(market: Market) -> Array:
    """Absolute delta of each quote; of American options it takes its time, and is asked for more than once."""
    if "deltas" not in market.memo:
        market.memo["deltas"] = market.chain.greeks(("delta",))["delta"].abs().to_numpy()
    found: Array = market.memo["deltas"]
    return found

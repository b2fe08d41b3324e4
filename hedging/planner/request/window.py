"""What may be traded or is held, by expiry: the nodes that make expired payoffs exact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hedging.book.book import Book
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.request.limits import Limits
from hedging.units import DAYS_PER_YEAR, days

__all__ = ["strikes_by_day"]


def strikes_by_day(markets: Sequence[Market], limits: Limits, book: Book) -> dict[float, set[float]]:
    """Strikes of what may be traded and of what is held, as multiples of spot, by days to expiry."""
    found: dict[float, set[float]] = defaultdict(set)
    for market in markets:
        inside = market.chain.quotes[_inside(market.chain, limits)]
        held = [item.instrument for item in book.of(market.asset) if isinstance(item.instrument, Option)]
        listed = [
            *zip(inside["expiry"], inside["strike"], strict=True),
            *((o.expiry, o.strike) for o in held),
        ]
        for expiry, strike in listed:
            found[days(market.as_of, expiry)].add(float(strike) / market.spot)
    return dict(found)


def inside_windows(chain: OptionChain, limits: Limits) -> npt.NDArray[np.bool_]:
    """Which quotes lie within the windows of expiry, delta and moneyness.

    Raises
    ------
    InputError
        If none of a chain does: it says what the chain has.
    """
    first, last = limits.expiries
    if not chain.quotes.empty:  # as on a coin on which no option is quoted
        chain.select(days=(first, np.inf if last is None else last), delta=limits.deltas)
    return _inside(chain, limits)


def _inside(chain: OptionChain, limits: Limits) -> npt.NDArray[np.bool_]:
    """The same, also where that is none: what is held is judged all the same."""
    q, (first, last) = chain.quotes, limits.expiries
    if q.empty:
        return np.zeros(0, dtype=bool)
    left = q["time_to_expiry"].to_numpy() * DAYS_PER_YEAR
    delta = np.abs(chain.greeks(("delta",))["delta"].to_numpy())
    moneyness = q["strike"].to_numpy() / chain.spot
    inside = (left >= first) & (left <= (np.inf if last is None else last))
    for value, (low, high) in ((delta, limits.deltas), (moneyness, limits.moneyness)):
        inside &= (value >= low) & (value <= high)
    return np.asarray(inside)

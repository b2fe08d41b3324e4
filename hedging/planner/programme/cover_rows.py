"""Cover of short tails as rows: no plan is short more than is held, at any expiry, whatever spot does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging._ground import clock
from hedging._numerics.types import Mask
from hedging.book.book import Book
from hedging.market.contracts import Instrument, Option
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.request.limit import Limit

__all__ = ["cover_rows"]

CALLS, PUTS = Limit("calls covered"), Limit("puts covered")


def cover_rows(book: Book, market: Market, candidates: Candidates, here: Mask) -> list[Rows]:
    """No tail is short beyond what is held, at any time: a leg covers only what expires no later, futures too.

    From each expiry on, calls sold must be covered by coins and by calls that still live, and puts sold by
    puts that still live, in number and (which is what counts in coin as spot goes to 0) in strike times
    number. A book that is short already may not get any shorter.
    """
    held = [(holding.instrument, holding.units) for holding in book.of(market.asset)]
    traded = candidates.instruments
    call, put = (
        np.array([isinstance(item, Option) and item.flag == flag for item in traded]) & here
        for flag in ("c", "p")
    )
    linear = np.array([not isinstance(item, Option) for item in traded]) & here
    strike = np.array([item.strike if isinstance(item, Option) else 0.0 for item in traded])
    coins = np.where(here, candidates.coins, 0.0)
    expiries = sorted({day for item in (*traded, *(item for item, _ in held)) if (day := _expiry(item))})
    place: dict[pd.Timestamp | None, int] = {day: number for number, day in enumerate(expiries)}
    until = np.array([place.get(_expiry(item), len(expiries)) for item in traded])
    blocks = []
    for number, expiry in enumerate(expiries or [market.as_of]):
        clock.look()
        lives = until >= number
        alive = [(item, units) for item, units in held if (_expiry(item) or expiry) >= expiry]
        own_calls = sum(q for item, q in alive if not isinstance(item, Option) or item.flag == "c")
        own = [(item.strike, q) for item, q in alive if isinstance(item, Option) and item.flag == "p"]
        own_puts, own_strikes = sum(q for _, q in own), sum(strike * q for strike, q in own)
        # Coins paid as premium cover no call any more. A book without coins owes them all the same, but
        # that is a purchase of coin, no short call.
        slope = np.where((call | linear) & lives, candidates.size, 0.0) - (coins if own_calls > 0 else 0.0)
        puts = np.where(put & lives, candidates.size, 0.0)
        blocks += [
            rows_of(CALLS, -slope, max(own_calls, 0.0), 1.0, soft=False),
            rows_of(PUTS, -puts, max(own_puts, 0.0), 1.0, soft=False),
            rows_of(PUTS, -puts * strike, max(own_strikes, 0.0), market.spot, soft=False),
        ]
    return blocks


def _expiry(item: Instrument) -> pd.Timestamp | None:
    """When an instrument expires, None for spot and perpetuals."""
    return getattr(item, "expiry", None)

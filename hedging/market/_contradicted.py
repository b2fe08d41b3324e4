"""Quotes that the others of their expiry contradict: bids for more than another option and cash would be asked.

A put is worth no more than one of a higher strike, nor than one of a lower strike and the distance of the two in cash;
a call the same the other way round. No forward is asked for, so that a stale one accuses no quote. Of a bid and an ask
that contradict each other one is stale: that which more quotes contradict, of two alone that further in the money.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from hedging._numerics.types import Array, Mask, Rows

__all__ = ["contradicted"]


def contradicted(table: pd.DataFrame, room: float, *, american: bool) -> Mask:
    """Which rows the others of their snapshot and expiry contradict.

    Parameters
    ----------
    table : DataFrame
        As in `hedging.market._cleaning.judge`.
    room : float
        By how much a bid may be above what the other option and the cash cost. [share of the forward]
    american : bool
        Whether the cash is needed today, as the option sold may be exercised at once; else at expiry.
    """
    names = ("bid", "ask", "strike", "forward", "discount")
    bid, ask, strike, forward, discount = (table[name].to_numpy(dtype=float) for name in names)
    bid, ask = np.where(np.isnan(bid), -np.inf, bid), np.where(np.isnan(ask), np.inf, ask)
    into = np.where(table["flag"].to_numpy(dtype=object) == "c", -strike, strike)  # grows into the money
    found = np.zeros(len(table), dtype=bool)
    for rows in _of_one_kind(table, into):
        cash = 1.0 / float(np.median(discount[rows])) if american else 1.0
        least = bid[rows] - room * float(np.median(forward[rows]))
        if (least > _dearest(ask[rows], into[rows] * cash)).any():
            found[rows] = _stale(least, ask[rows], into[rows] * cash)
    return found


def _of_one_kind(table: pd.DataFrame, into: Array) -> Iterator[Rows]:
    """Rows of one snapshot, expiry and flag, those furthest out of the money first."""
    kind = table.groupby(["snapshot", "expiry", "flag"], sort=False).ngroup().to_numpy()
    order = np.lexsort((into, kind))
    if not order.size:  # every row has been rejected already
        return
    yield from np.split(order, np.flatnonzero(np.diff(kind[order])) + 1)


def _dearest(ask: Array, into: Array) -> Array:
    """The most that each option can be worth by the asks of all, which lie in the order of `into`."""
    deeper = np.minimum.accumulate(ask[::-1])[::-1]
    return np.minimum(deeper, np.minimum.accumulate(ask - into) + into)


def _stale(least: Array, ask: Array, into: Array) -> Mask:
    """The rows without which no bid contradicts an ask, those that most others contradict first."""
    against = least[:, None] > ask + np.maximum(into[:, None] - into, 0.0)
    np.fill_diagonal(against, False)  # a quote that is crossed has its own rule
    stale = np.zeros(into.size, dtype=bool)
    while against.any():
        count = against.sum(axis=0) + against.sum(axis=1)
        worst = int(np.flatnonzero(count == count.max())[-1])
        stale[worst] = True
        against[worst], against[:, worst] = False, False
    return stale

"""A floor whose rows are made as they are needed, for any programme: what `hedging.planner` values, asked in parts."""

from __future__ import annotations

import numpy as np

from hedging.book.book import Book
from hedging.book.pnl import growth_of, pnl_of
from hedging.book.pricer import Pricer
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.lazy_rows import LazyRows
from hedging.planner.request.limit import FLOOR


def lazy_floor(
    book: Book, market: Market, candidates: Candidates, scenarios: Paths, share: float, base: float
) -> LazyRows:
    """The floor of one asset's book over all scenarios and dates."""
    count, dates = scenarios.spot.shape
    items = candidates.instruments
    place = {key: at for at, key in enumerate(dict.fromkeys(zip(items, candidates.entry, strict=True)))}
    priced = Pricer.of([key[0] for key in place], [float(key[1]) for key in place], market)
    at = np.array([place[key] for key in zip(items, candidates.entry, strict=True)])
    growth = np.broadcast_to(growth_of(book, [market], scenarios), scenarios.spot.shape)
    held = pnl_of(book, [market], scenarios).ravel() - share * base

    def by_order(orders):
        value = Pricer.of([items[i] for i in orders], list(candidates.entry[orders]), market).values(
            scenarios
        )
        spot = market.spot * scenarios.spot[:, :, None]
        pnl = value * candidates.size[orders] - candidates.coins[orders] * spot - candidates.cash[orders]
        return -(pnl / growth[:, :, None]).reshape(count * dates, -1)

    def by_row(rows):
        scenario, date = np.divmod(rows, dates)
        some, which = np.unique(scenario, return_inverse=True)
        value = priced.values(scenarios.select(list(some)))[which, date]
        spot = market.spot * scenarios.spot[scenario, date][:, None]
        pnl = value[:, at] * candidates.size - candidates.coins * spot - candidates.cash
        return -pnl / growth[scenario, date][:, None]

    return LazyRows(FLOOR, held, by_order, by_row, base, np.arange(len(candidates)))

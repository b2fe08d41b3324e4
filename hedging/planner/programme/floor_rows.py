"""The floor as rows: one for each scenario and date it is judged on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hedging.book.book import Book
from hedging.book.pnl import growth_of, pnl_of
from hedging.errors import InputError
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.columns import Columns
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.request.floors import dates_of
from hedging.planner.request.limit import Limit

__all__ = ["floor_rows"]

MOST_VALUES = 250_000_000  # 2 GB, which the rows and the solver hold some five times over


def floor_rows(
    book: Book,
    markets: Sequence[Market],
    columns: Columns,
    scenarios: Paths,
    floors: Mapping[Limit, float | None],
    base: float,
) -> list[Rows]:
    """One row a scenario and date: what orders lose there beside what the book may."""
    _check_room(len(columns), scenarios)
    unhedged = pnl_of(book, markets, scenarios)
    growth = np.broadcast_to(growth_of(book, markets, scenarios), scenarios.spot.shape)
    pnl = columns.pnl(markets, scenarios) / growth[:, :, None]
    blocks = []
    for limit, share in floors.items():
        at = dates_of(limit, scenarios.days)
        lost, held = -pnl[:, at].reshape(-1, len(columns)), unhedged[:, at].ravel()
        blocks.append(rows_of(limit, lost, held - (share or 0.0) * base, base, many=True))
    return blocks


def _check_room(orders: int, scenarios: Paths) -> None:
    """Refuse a floor that memory does not hold, rather than be killed over it."""
    count, dates = scenarios.spot.shape
    if orders * count * dates > MOST_VALUES:
        raise InputError(
            f"a floor is held at {MOST_VALUES:,} values at most; {count:,} scenarios on {dates} dates for {orders:,} "
            f"orders are {orders * count * dates:,}. Narrow expiries, deltas or moneyness, shorten the horizon, or "
            "give fewer scenarios: the default ones go through every strike of each expiry within the horizon."
        )

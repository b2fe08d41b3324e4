"""The floor as rows: over the grid of scenarios, and over every single turn as they are broken."""

from __future__ import annotations

from functools import cache

import numpy as np

from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging._numerics.types import Rows as Places
from hedging.book.pnl import growth_of, pnl_of
from hedging.errors import InputError
from hedging.paths.by_asset import selected
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.order_pnl import OrderPnl
from hedging.planner.programme.lazy_rows import LazyRows
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.programme.turning_rows import TurningRows
from hedging.planner.request.floors import dates_of, floors_of
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request

__all__ = ["floor_rows"]

LISTED = 15_000_000  # values of rows that are laid out at once; more are made as they are broken
MOST_ROWS = 20_000_000


def floor_rows(
    request: Request, candidates: Candidates, base: float, *, listed: int = LISTED
) -> tuple[list[Rows], tuple[LazyRows | TurningRows, ...]]:
    """One row a scenario and date: what orders lose there beside what the book may; and the single turns.

    At every funding that may come: what is received pays for nothing. Up to so many values of rows are `listed`.
    """
    floors = floors_of(request.target.floor, request.target.least)
    if not floors:
        return [], ()
    each = request.at_fundings(request.scenarios)
    found = [_under(there, candidates, floors, base, listed // len(each)) for there in each]
    return [row for rows, _ in found for row in rows], tuple(row for _, rows in found for row in rows)


def _under(
    request: Request, candidates: Candidates, floors: dict[Limit, float | None], base: float, listing: int
) -> tuple[list[Rows], list[LazyRows | TurningRows]]:
    """The rows under one funding."""
    listed, lazy = _over_grid(request, candidates, floors, base, listing)
    turns: list[LazyRows | TurningRows] = [
        TurningRows(
            limit,
            (share or 0.0) * base,
            request.book,
            request.markets,
            candidates,
            request.turning_to(limit),
            base,
            request.links,
        )
        for limit, share in floors.items()
        if request.turns
    ]
    return listed, [*lazy, *turns]


def _over_grid(
    request: Request, candidates: Candidates, floors: dict[Limit, float | None], base: float, listing: int
) -> tuple[list[Rows], list[LazyRows | TurningRows]]:
    """Values of rows are laid out at once up to some number of them."""
    book, markets, scenarios, moves = request.book, request.markets, request.scenarios, request.moves
    if scenarios.spot.size > MOST_ROWS:
        raise InputError(
            f"a floor is held at {MOST_ROWS:,} scenarios and dates at most; {number_of(len(scenarios), 'scenario')} on "
            f"{number_of(scenarios.days.size, 'date')} are {scenarios.spot.size:,}. Give fewer scenarios."
        )
    growth = np.broadcast_to(growth_of(book, markets, moves), scenarios.spot.shape)
    held = pnl_of(book, markets, moves)

    def lost(orders: Places | slice, rows: Places | slice) -> Array:
        """What a lot of some orders loses in some scenarios, shape (scenarios, dates, orders). [money]"""
        some = selected(moves, rows if isinstance(rows, slice) else rows.tolist())
        few = candidates if isinstance(orders, slice) else candidates.take(orders)
        return np.asarray(-few.pnl(markets, some) / growth[rows][:, :, None])

    single = cache(lambda: OrderPnl.of(candidates, markets))

    def lost_on(rows: Places, dates: Places) -> Array:
        """What a lot of every order loses in some scenarios, each on one date, shape (scenarios, orders). [money]"""
        return np.asarray(-single().on(selected(moves, rows.tolist()), dates) / growth[rows, dates][:, None])

    listed: list[Rows] = []
    lazy: list[LazyRows | TurningRows] = []
    whole = lost(slice(None), slice(None)) if scenarios.spot.size * len(candidates) <= listing else None
    for limit, share in floors.items():
        at = dates_of(limit, scenarios.days)
        left = held[:, at].ravel() - (share or 0.0) * base
        if whole is not None:
            listed.append(rows_of(limit, whole[:, at].reshape(-1, len(candidates)), left, base, many=True))
            continue

        def by_order(orders: Places, at: Places = at) -> Array:
            return lost(orders, slice(None))[:, at].reshape(-1, len(orders))

        def by_row(rows: Places, at: Places = at) -> Array:
            scenario, date = np.divmod(rows, at.size)
            return lost_on(scenario, at[date])

        def named(row: int, at: Places = at) -> tuple[str, float]:
            return scenarios.labels[row // at.size], float(scenarios.days[at[row % at.size]])

        every = np.arange(len(candidates))
        lazy.append(LazyRows(limit, left, by_order, by_row, base, every, named=named))
    return listed, lazy

"""The underlying traded outright, as rows: no more than lowers what is held, or than the delta asked for takes."""

from __future__ import annotations

import numpy as np

from hedging._numerics.types import Mask
from hedging.book.book import Book
from hedging.book.unit_greeks import unit_greeks
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.measures import measures
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.request.limit import Limit
from hedging.planner.request.target import Target

__all__ = ["outright_rows"]

SIDES = {1.0: "outright bought", -1.0: "outright sold"}


def outright_rows(
    book: Book, market: Market, target: Target, candidates: Candidates, here: Mask
) -> list[Rows]:
    """Spot, perpetual and futures together: what lowers exposure may be as large as what is held, and no larger.

    Held is the underlying, net, and what options have of each side. On the side of the holding the underlying is
    traded only as far as the target's delta lies beyond the book's.
    """
    linear = here & np.array([not isinstance(item, Option) for item in candidates.instruments])
    if not linear.any():
        return []
    room = _room(book, market, target)
    rows = []
    for side, name in SIDES.items():
        units = np.where(linear & (candidates.size * side > 0.0), np.abs(candidates.size), 0.0)
        rows.append(rows_of(Limit(name, market.asset), units, room[side], 1.0, soft=False))
    return rows


def _room(book: Book, market: Market, target: Target) -> dict[float, float]:
    """Most that may be bought (+1) and sold (-1) outright. [units of underlying]"""
    held = book.of(market.asset)
    deltas = unit_greeks([item.instrument for item in held], [item.entry for item in held], market)["delta"]
    sizes = np.array([item.units for item in held]) * deltas
    options = np.array([isinstance(item.instrument, Option) for item in held], dtype=bool)
    exposures = np.append(sizes[options], sizes[~options].sum())
    room = {side: float(np.maximum(-side * exposures, 0.0).sum()) for side in SIDES}
    for measure in measures(target, market, several=False):
        if measure.limit.kind in ("delta", "delta_value"):
            coin = 1.0 if measure.in_coins else market.spot
            for side in SIDES:
                asked = _beyond(side, measure.of_book(book), measure.band) / coin
                room[side] = max(room[side], asked)
    return room


def _beyond(side: float, held: float, band: tuple[float | None, float | None]) -> float:
    """How far a band lies beyond what is held on one side: to its far end, or to the near one where that is open."""
    near, far = band if side > 0 else band[::-1]
    if near is None or side * (near - held) <= 0.0:
        return 0.0
    return side * ((near if far is None else far) - held)

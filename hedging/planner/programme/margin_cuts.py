"""Margin that is minimised or limited, as rows that are made as they are broken: planes under a convex requirement.

The planner knows no margin rules: `hedging.margin.requirement` says what the account needs with some orders, and how
that changes with each. The plane through it at the orders that a search looks at lies under the requirement everywhere,
so that few of them, each from the plan before, are as good as all [1]_.

References
----------
.. [1] J. E. Kelley, The cutting-plane method for solving convex programs, 1960.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from hedging._numerics.types import Array, Index
from hedging._numerics.types import Rows as Places
from hedging.book.book import Holding
from hedging.margin.requirement import Requirement
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.limit import MARGIN, Limit
from hedging.planner.request.request import Request

__all__ = ["MarginCuts", "margin_cuts"]

NEAR = 1e-3  # of the base: planes that are no further from the limit are known too
CLOSE = 1e-9  # of the base: a plane this near is the requirement


def margin_cuts(request: Request, candidates: Candidates, base: float) -> tuple[MarginCuts, ...]:
    """The rows of the margin that is minimised, and of that which is limited by rules whose slopes are known."""
    limit, found = request.limits.initial_margin, []
    if request.target.least == MARGIN:
        markets = {market.asset: market for market in request.markets}
        needed = Requirement.of_account(request.book, markets, _orders(candidates))
        found.append(MarginCuts(MARGIN, needed, 0.0, base))
    for market in request.markets if limit is not None else ():
        assert limit is not None
        planes = limit.requirement(request.book, market, _orders(candidates))
        if planes is not None:
            name = Limit("initial_margin", market.asset if len(request.markets) > 1 else "")
            found.append(MarginCuts(name, planes, limit.most * base, base))
    return tuple(found)


def _orders(candidates: Candidates) -> list[Holding]:
    """What one lot of each order adds to an account."""
    contracts = np.sign(candidates.size) * candidates.lot
    return [
        Holding(item, float(count), float(entry))
        for item, count, entry in zip(candidates.instruments, contracts, candidates.entry, strict=True)
    ]


class MarginCuts:
    """Planes under a requirement, numbered in the order in which they were found.

    Parameters
    ----------
    limit : Limit
    requirement : Requirement
    most : float
        What may be needed; 0 where it is minimised. [money]
    base : float
        [money]
    """

    def __init__(self, limit: Limit, requirement: Requirement, most: float, base: float) -> None:
        self.limit, self.scale, self.soft = limit, base, True
        self.requirement, self.most, self.count = requirement, most, requirement.count
        self.orders = np.arange(self.count)
        self.planes: list[tuple[Array, float]] = []

    def __len__(self) -> int:
        return len(self.planes)

    @property
    def held(self) -> Array:
        """What each plane leaves for orders. [money]"""
        return np.array([self.most + left for _, left in self.planes])

    def only(self, keep: Index) -> MarginCuts:
        """Return the same rows over some of the columns; planes are shared."""
        other = copy(self)
        other.orders = self.orders[keep]
        return other

    def wider(self, step: float) -> MarginCuts:
        """Return the same rows for so much more margin that is let be."""
        other = copy(self)
        other.most = self.most + step
        return other

    def over(self, lots: Array) -> Array:
        """By how much each plane is broken at some lots, that through them among these where it may be. [money]"""
        every = np.zeros(self.count)
        every[self.orders] = lots
        needed = self.requirement.at(every)
        known = np.array([slope @ every - left for slope, left in self.planes])
        near = needed > self.most - NEAR * self.scale
        if near and known.max(initial=-np.inf) < needed - CLOSE * self.scale:
            slope = self.requirement.slopes(every)
            self.planes.append((slope, float(slope @ every) - needed))
            known = np.append(known, needed)
        return known - self.most

    def rows(self, at: Places) -> Array:
        """What a lot of each order needs by some planes, shape (rows, columns). [money]"""
        return np.array([self.planes[row][0][self.orders] for row in at]).reshape(len(at), self.orders.size)

    def label(self, row: int) -> tuple[str, float]:
        """What a row is called, and its day."""
        return f"initial margin, plane {row + 1}", 0.0

"""Rows of a scenario set that are made when they are needed: few of many thousands ever are.

A whole chain in whole scenario sets is orders times nodes, gigabytes of which a plan touches some megabytes. What
the search asks for is much less: what the few orders of a plan do in every scenario, and, for the scenarios that
these break, what every order does there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.request.limit import Limit

__all__ = ["LazyRows"]

Indices = npt.NDArray[np.intp]

MOST_KEPT = 250e6  # bytes of orders' effects that are not made again


@dataclass(frozen=True, slots=True, eq=False)
class LazyRows:
    """The rows ``effect @ lots <= held`` of one limit, one a scenario and date, none of them listed.

    Attributes
    ----------
    limit : Limit
    held : ndarray, shape (rows,)
        What is left in each before any order, as a floor's P&L of the book alone less what it may lose. [money]
    by_order : callable
        Takes indices of orders, returns what a lot of each takes from every row, shape (rows, orders). [money]
    by_row : callable
        Takes indices of rows, returns what a lot of every order takes from them, shape (rows, all orders). [money]
    scale : float
        What a miss of 1 is in the norm of the closest plan.
    soft : bool
        Whether the closest plan may miss it.
    named : callable
        What a row is called, and its day.
    orders : ndarray of int
        The columns, as `by_order` and `by_row` count them.
    """

    limit: Limit
    held: Array
    by_order: Callable[[Indices], Array]
    by_row: Callable[[Indices], Array]
    scale: float
    orders: Indices
    soft: bool = True
    named: Callable[[int], tuple[str, float]] = lambda row: (f"row {row}", 0.0)
    _made: dict[int, Array] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.held.size

    def only(self, keep: npt.NDArray[Any]) -> LazyRows:
        """Return the same rows over some of the columns; what was made is shared."""
        return replace(self, orders=self.orders[keep])

    def wider(self, step: float) -> LazyRows:
        """Return the same rows for a floor that is lower by some money."""
        return replace(self, held=self.held + step)

    def over(self, lots: Array) -> Array:
        """By how much each row is broken at some lots, shape (rows,). [money]"""
        used = np.flatnonzero(lots)
        out = -self.held
        for order, count in zip(self.orders[used], lots[used], strict=True):
            out += count * self._effect(int(order))
        return out

    def label(self, row: int) -> tuple[str, float]:
        """What a row is called, and the day on which it is judged."""
        return self.named(row)

    def rows(self, at: Indices) -> Array:
        """What a lot of each order takes from some rows, shape (rows, columns). [money]"""
        return np.asarray(self.by_row(at)[:, self.orders])

    def _effect(self, order: int) -> Array:
        """What a lot of one order takes from every row; kept, as the same few orders are asked for again."""
        if order not in self._made:
            if (len(self._made) + 1) * self.held.nbytes > MOST_KEPT and self._made:
                self._made.pop(next(iter(self._made)))  # the oldest
            self._made[order] = np.ascontiguousarray(self.by_order(np.array([order]))[:, 0])
        return self._made[order]

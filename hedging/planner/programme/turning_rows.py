"""Floor rows over every single turn of spot, made as they are broken; of several assets each by itself, or linked.

What an order gains up to one level before a turn and another after it splits into what it was settled for at the
first and what it is worth at the second. So the worst turn of a plan is found from two short tables of its few
orders, at the strikes of those alone, and of several assets the worst of the sum is the sum of the worst, date by
date. Nothing is laid out over all pairs of levels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from hedging._ground import clock
from hedging._numerics.types import Array, Index, Mask
from hedging._numerics.types import Rows as Places
from hedging.book.book import Book
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.turn_values import Key, TurnValues
from hedging.planner.programme.worst_turn import Follower, Worst, worst_apart, worst_linked
from hedging.planner.request.joint import Link
from hedging.planner.request.limit import Limit
from hedging.planner.request.turning import Turning

__all__ = ["TurningRows"]

NEAR = 1e-3  # of the base: turns that are no further from the floor are known too


class TurningRows:
    """The rows of one floor over every turn, numbered in the order in which they were first broken.

    Parameters
    ----------
    limit : Limit
    least : float
        Least P&L. [money]
    book, markets, columns
    turning : Turning
        Its dates judged are those of the floor.
    base : float
        [money]
    links : {asset: Link}, optional
        How others follow the first asset, where they do.
    """

    def __init__(
        self,
        limit: Limit,
        least: float,
        book: Book,
        markets: Sequence[Market],
        candidates: Candidates,
        turning: Turning,
        base: float,
        links: Mapping[str, Link] | None = None,
    ) -> None:
        self.limit, self.least, self.scale, self.soft = limit, least, base, True
        self.assets = [
            TurnValues(book, market, candidates, turning, first=i == 0) for i, market in enumerate(markets)
        ]
        self.followers = [
            Follower(self.assets[0], each, links[each.market.asset])
            for each in self.assets
            if links and each.market.asset in links
        ]
        for each in self.followers:
            each.settle()
        names = [market.asset for market in markets]
        self.coin = names.index(book.numeraire) if book.numeraire in names else None
        self.now, self.count = book.value(*markets), len(candidates)
        self.orders = np.arange(self.count)
        self.keys: list[tuple[Key, ...]] = []
        self.number: dict[tuple[Key, ...], int] = {}

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def held(self) -> _Held:
        """What the book alone may still lose at each row, by its number. [money]"""
        return _Held(self)

    def only(self, keep: Index) -> TurningRows:
        """Return the same rows over some of the columns; numbers and values are shared."""
        other = copy(self)
        other.orders = self.orders[keep]
        return other

    def wider(self, step: float) -> TurningRows:
        """Return the same rows for a floor that is lower by some money."""
        other = copy(self)
        other.least = self.least - step
        return other

    def over(self, lots: Array) -> Array:
        """By how much every row known is broken at some lots, those of the worst turns among them. [money]"""
        clock.look()
        every = np.zeros(self.count)
        every[self.orders] = lots
        for total, key in self._worst(every):
            near = self.least - (total - self.now) > -NEAR * self.scale
            if near and key not in self.number:
                self.number[key] = len(self.keys)
                self.keys.append(key)
        if not self.keys:
            return np.zeros(0)
        values = [each.at([key[i] for key in self.keys], every) for i, each in enumerate(self.assets)]
        total = np.sum(values, axis=0) / self._growth(np.arange(len(self.keys)))
        return np.asarray(self.least - (total - self.now))

    def _worst(self, lots: Array) -> list[Worst]:
        if self.followers:
            return worst_linked(self.assets[0], self.followers, lots, in_coin=self.coin == 0)
        return worst_apart(self.assets, lots, self.coin)

    def _growth(self, at: Places) -> Array | float:
        """What the numeraire is worth at some rows, as a multiple of today."""
        if self.coin is None:
            return 1.0
        return self.assets[self.coin].levels([self.keys[row][self.coin] for row in at])

    def rows(self, at: Places) -> Array:
        """What a lot of each order takes from some rows, shape (rows, columns). [money]"""
        whole = np.zeros((at.size, self.count))
        for i, each in enumerate(self.assets):
            whole[:, each.candidates] = -each.effect([self.keys[row][i] for row in at])[:, :-1]
        return np.asarray((whole.T / self._growth(at)).T[:, self.orders])

    def held_at(self, at: Places) -> Array:
        """What the book alone may still lose at some rows. [money]"""
        none = np.zeros(self.count)
        parts = [each.at([self.keys[row][i] for row in at], none) for i, each in enumerate(self.assets)]
        alone = np.sum(parts, axis=0) / self._growth(at)
        return np.asarray(alone - self.now - self.least)

    def label(self, row: int) -> tuple[str, float]:
        """What a row is called, and the day on which it is judged."""
        names = [each.label(key) for each, key in zip(self.assets, self.keys[row], strict=True)]
        if len(names) > 1:
            names = [f"{each.market.asset} {name}" for each, name in zip(self.assets, names, strict=True)]
        first = self.assets[0].turning
        return ", ".join(names), float(first.dates[self.keys[row][0][1]])


@dataclass(frozen=True, slots=True)
class _Held:
    rows: TurningRows

    def __getitem__(self, index: Places | Mask) -> Array:
        return self.rows.held_at(np.arange(len(self.rows))[index])

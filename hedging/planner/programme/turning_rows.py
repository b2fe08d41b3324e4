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
        self.known = _Known(len(names))

    def __len__(self) -> int:
        return len(self.known.keys)

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
            if near:
                self.known.add(key)
        return np.asarray(self.least - (self._total(every, self.known.turns) - self.now))

    def _total(self, lots: Array, turns: Places) -> Array:
        """What some orders and the book come to at some turns, shape (turns, assets, 4). [money]"""
        values = [each.at(turns[:, i], lots) for i, each in enumerate(self.assets)]
        return np.asarray(np.sum(values, axis=0) / self._growth(turns))

    def _worst(self, lots: Array) -> list[Worst]:
        if self.followers:
            return worst_linked(self.assets[0], self.followers, lots, in_coin=self.coin == 0)
        return worst_apart(self.assets, lots, self.coin)

    def _growth(self, turns: Places) -> Array | float:
        """What the numeraire is worth at some turns, as a multiple of today."""
        return 1.0 if self.coin is None else self.assets[self.coin].levels(turns[:, self.coin])

    def rows(self, at: Places) -> Array:
        """What a lot of each order takes from some rows, shape (rows, columns). [money]"""
        turns, whole = self.known.turns[at], np.zeros((at.size, self.count))
        for i, each in enumerate(self.assets):
            whole[:, each.candidates] = each.effect(turns[:, i])
        return np.asarray((-whole.T / self._growth(turns)).T[:, self.orders])

    def held_at(self, at: Places) -> Array:
        """What the book alone may still lose at some rows. [money]"""
        return np.asarray(self._total(np.zeros(self.count), self.known.turns[at]) - self.now - self.least)

    def label(self, row: int) -> tuple[str, float]:
        """What a row is called, and the day on which it is judged."""
        names = [each.label(key) for each, key in zip(self.assets, self.known.keys[row], strict=True)]
        if len(names) > 1:
            names = [f"{each.market.asset} {name}" for each, name in zip(self.assets, names, strict=True)]
        first = self.assets[0].turning
        return ", ".join(names), float(first.dates[self.known.keys[row][0][1]])


class _Known:
    """Turns of every asset that were broken so far, each once, in the order in which they were."""

    def __init__(self, assets: int) -> None:
        self.keys: list[tuple[Key, ...]] = []
        self._number: dict[tuple[Key, ...], int] = {}
        self._turns = np.empty((0, assets, 4), dtype=np.intp)

    def add(self, key: tuple[Key, ...]) -> None:
        """Number a turn that is new."""
        if key not in self._number:
            self._number[key] = len(self.keys)
            self.keys.append(key)

    @property
    def turns(self) -> Places:
        """All of them, shape (turns, assets, 4)."""
        if new := self.keys[len(self._turns) :]:
            self._turns = np.concatenate((self._turns, np.array(new, dtype=np.intp)))
        return self._turns


@dataclass(frozen=True, slots=True)
class _Held:
    rows: TurningRows

    def __getitem__(self, index: Places | Mask) -> Array:
        return self.rows.held_at(np.arange(len(self.rows))[index])

"""What the orders and holdings of one asset are worth on either side of a turn of spot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Array, Mask
from hedging._numerics.types import Rows as Places
from hedging.book.book import Book
from hedging.book.pricer import Pricer, unit_values
from hedging.market.contracts import Future, Instrument, Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.turning import SAME_DAY, Turning, turn_label
from hedging.units import days

__all__ = ["Key", "TurnValues"]

Key = tuple[int, int, int, int]
"""Number of expiries before the turn, the date judged, and the levels before and after, by their places."""
LARGE = 20_000_000  # values of a table that is not laid out over all orders


class TurnValues:
    """Tables of one unit of every order and holding, filled for those that are asked for.

    Attributes
    ----------
    candidates : ndarray of int
        The orders of the asset, as the programme counts them; holdings come behind them.
    first, then : ndarray
        Levels before and after a turn, as multiples of today's spot.
    """

    def __init__(
        self, book: Book, market: Market, candidates: Candidates, turning: Turning, *, first: bool
    ) -> None:
        held = book.of(market.asset)
        self.market, self.turning = market, turning
        self.in_coin = book.numeraire == market.asset
        self.money = book.cash if first else 0.0  # which is counted once, with the first asset
        here = [item.asset == market.asset for item in candidates.instruments]
        self.candidates = np.flatnonzero(here)
        items = [candidates.instruments[i] for i in self.candidates]
        self.items: list[Instrument] = [*items, *(each.instrument for each in held)]
        self.entry = [*candidates.entry[self.candidates].tolist(), *(each.entry for each in held)]
        self.size = np.append(candidates.size[self.candidates], [each.units for each in held])
        nothing = np.zeros(len(held))
        self.coins = np.append(candidates.coins[self.candidates], nothing)
        self.cash = np.append(candidates.cash[self.candidates], nothing)
        self.day = np.array([_last_day(item, market) for item in self.items])
        self.coin = np.array([_in_coin(item) for item in self.items], dtype=bool)
        self.strike = np.array([_level(item, market) for item in self.items])
        self.early = self.day < turning.end - SAME_DAY
        self.first = turning.before(self.strike[self.early])
        self.then = turning.after(self.strike[self.day <= turning.end + SAME_DAY])
        self._first_at, self._then_at = _places(self.strike, self.first), _places(self.strike, self.then)
        self._first_always = np.isin(self.first, turning.before(()))
        self._then_always = np.isin(self.then, turning.after(()))
        # Not touched, and so no memory, but for what is asked for.
        self._after = np.empty((len(self.items), turning.dates.size, self.then.size))
        self._before = np.empty((len(self.items), self.first.size))
        self._known = np.zeros(len(self.items), dtype=bool)
        self._pricer: Pricer | None = None  # of every item, for a chain too large for tables

    def worst(self, lots: Array) -> dict[int, list[tuple[float, Key]]]:
        """The least value of some orders and what is held, by date judged and turn, and where. [money]"""
        used, weight = self._used(lots)
        near = self._near(used)
        level, after = self.then[near[1]], self._after[used][:, :, near[1]]
        before = np.where(self.early[used, None], self._before[used][:, near[0]], 0.0)
        paid = self._paid(lots, level)
        found: dict[int, list[tuple[float, Key]]] = {int(date): [] for date in self.turning.judged_at}
        for cut in range(self.turning.expiries.size + 1):
            gone = self._gone(cut)[used]
            coin, cash = ((weight * (gone & kind)) @ before for kind in (self.coin[used], ~self.coin[used]))
            late = np.tensordot(weight * ~gone, after, axes=1)
            settled = np.multiply.outer(coin, level) + cash[:, None] - paid
            for date in self.turning.judged_after(cut):
                value = (settled + late[date]) / (level if self.in_coin else 1.0)
                a, b = divmod(int(value.argmin()), level.size)
                key = cut, int(date), int(near[0][a]), int(near[1][b])
                found[int(date)].append((float(value[a, b]), key))
        return found

    def at(self, keys: Sequence[Key], lots: Array) -> Array:
        """Value of some orders and of what is held at some turns. [money]"""
        used, weight = self._used(lots)
        level = np.array([self.then[key[3]] for key in keys])
        value = weight @ self._gathered(keys, used) - self._paid(lots, level)
        return np.asarray(value / (level if self.in_coin else 1.0))

    def effect(self, keys: Sequence[Key]) -> Array:
        """Value of one lot of every order, and of what is held as a whole, shape (keys, orders + 1). [money]"""
        level = np.array([self.then[key[3]] for key in keys])
        if self._after.size <= LARGE:
            every = np.arange(len(self.items))
            self._fill(every)
            unit = self._gathered(keys, every).T
        else:
            unit = self._priced_at(keys)
        each = unit * self.size - self.coins * self.market.spot * level[:, None] - self.cash
        held = each[:, self.candidates.size :].sum(axis=1) + self.money
        both = np.column_stack((each[:, : self.candidates.size], held))
        return both / level[:, None] if self.in_coin else both

    def label(self, key: Key) -> str:
        """What a turn is called."""
        cut, _, first, then = key
        return turn_label(
            float(self.first[first]),
            float(self.turning.expiries[cut - 1]) if cut else None,
            float(self.then[then]),
        )

    def _used(self, lots: Array) -> tuple[Places, Array]:
        """Orders of some lots and all holdings, valued, and how many units of each."""
        count = np.append(lots[self.candidates], np.ones(len(self.items) - self.candidates.size))
        used = np.flatnonzero(count)
        self._fill(used)
        return used, self.size[used] * count[used]

    def _paid(self, lots: Array, level: Array) -> Array:
        """What was paid for some lots, coins at a level of spot, less the cash that is held. [money]"""
        mine, orders = lots[self.candidates], slice(self.candidates.size)
        coins, cash = float(self.coins[orders] @ mine), float(self.cash[orders] @ mine)
        return np.asarray(coins * self.market.spot * level + cash - self.money)

    def _near(self, used: Places) -> tuple[Places, Places]:
        """Levels that can be the worst: the strikes of what is used, the ends, and the grid."""
        return (
            _marked(self._first_always, self._first_at[used]),
            _marked(self._then_always, self._then_at[used]),
        )

    def _gone(self, cut: int) -> Mask:
        """What has expired before a turn."""
        until = self.turning.expiries[cut - 1] + SAME_DAY if cut else -1.0
        return np.asarray(self.day <= until)

    def _gathered(self, keys: Sequence[Key], which: Places) -> Array:
        """One unit of items that were valued, at some turns, shape (items, keys). [money]"""
        cut, date, first, then = np.array(keys, dtype=np.intp).T
        until = np.where(cut > 0, np.append(self.turning.expiries, 0.0)[cut - 1] + SAME_DAY, -1.0)
        gone = self.day[which][:, None] <= until
        level = np.where(self.coin[which][:, None], self.then[then], 1.0)
        late = self._after[which][:, date, then]
        return np.where(gone, np.where(gone, self._before[which][:, first], 0.0) * level, late)

    def _fill(self, which: Places) -> None:
        """Value what was not valued yet: on every level after a turn, and where it settles before one."""
        new = which[~self._known[which]]
        if not new.size:
            return
        self._known[new] = True
        dates = self.turning.dates
        flat = self._priced(new, np.repeat(self.then[:, None], dates.size, axis=1))
        self._after[new] = flat.transpose(2, 1, 0)
        early = new[self.early[new]]
        if early.size:
            # At the level until everything early is settled, at today's price on the last date.
            until = np.where(dates < self.turning.end - SAME_DAY, self.first[:, None], 1.0)
            self._before[early] = self._priced(early, until)[:, -1].T

    def _priced_at(self, keys: Sequence[Key]) -> Array:
        """One unit of every item at some turns, shape (keys, items), without any table. [money]"""
        dates = self.turning.dates
        until = [self.turning.expiries[key[0] - 1] + SAME_DAY if key[0] else -1.0 for key in keys]
        first, then = (
            np.array([levels[key[i]] for key in keys]) for levels, i in ((self.first, 2), (self.then, 3))
        )
        spot = np.where(dates <= np.array(until)[:, None], first[:, None], then[:, None])
        if self._pricer is None:
            self._pricer = Pricer.of(self.items, self.entry, self.market)
        return self._pricer.values_on(self._paths(spot), np.array([key[1] for key in keys], dtype=np.intp))

    def _paths(self, spot: Array) -> Paths:
        return Paths(self.turning.dates, spot, np.zeros(spot.shape), labels=("",) * len(spot))

    def _priced(self, which: Places, spot: Array) -> Array:
        items, entry = [self.items[i] for i in which], [self.entry[i] for i in which]
        return unit_values(items, entry, self.market, self._paths(spot))


def _last_day(item: Instrument, market: Market) -> float:
    return days(market.as_of, item.expiry) if isinstance(item, Option | Future) else np.inf


def _level(item: Instrument, market: Market) -> float:
    return item.strike / market.spot if isinstance(item, Option) else 1.0


def _places(strikes: Array, levels: Array) -> Places:
    """Where each strike stands among some levels, ascending; behind the last if it is none of them."""
    at = np.searchsorted(levels, strikes)
    return np.where(np.append(levels, np.nan)[at] == strikes, at, levels.size)


def _marked(always: Mask, more: Places) -> Places:
    """Places marked always, and some more; the place behind the last is none."""
    mask = np.append(always, False)
    mask[more] = True
    return np.flatnonzero(mask[:-1])


def _in_coin(item: Instrument) -> bool:
    """Whether what it is settled for are coins, which move with spot from then on."""
    if isinstance(item, Option):
        return item.terms.settlement == "coin"
    return isinstance(item, Future) and item.settlement == "coin"

"""What the orders and holdings of one asset are worth on either side of a turn of spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hedging._ground import clock
from hedging._numerics.types import Array, Mask
from hedging._numerics.types import Rows as Places
from hedging.book.book import Book
from hedging.book.linear import FUNDING_PERIODS_PER_DAY, notional
from hedging.book.pricer import Pricer, unit_values
from hedging.market.contracts import Future, Instrument, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.turning import SAME_DAY, Turning, turn_label
from hedging.units import days

__all__ = ["Key", "Sides", "TurnValues"]

Key = tuple[int, int, int, int]
"""Number of expiries before the turn, the date judged, and the levels before and after, by their places."""
LARGE = 20_000_000  # values of a table that is not laid out over all orders


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Some orders and what is held on either side of every turn.

    Attributes
    ----------
    first, then : ndarray
        Levels before and after a turn, as multiples of today's spot.
    weight : ndarray, shape (items,)
        Units of each.
    gone : ndarray of bool, shape (cuts, items)
        What has expired before each cut.
    coin : ndarray of bool, shape (items,)
        What settles in coin.
    before : ndarray, shape (items, first)
    after : ndarray, shape (items, dates, then)
    paid : ndarray, shape (then,)
        What was paid for the orders, less the cash that is held. [money]
    funding : ndarray, shape (cuts, dates, 2)
        What perpetuals pay by a date: per level before, and per level after. [money]
    """

    first: Array
    then: Array
    weight: Array
    gone: Mask
    coin: Mask
    before: Array
    after: Array
    paid: Array
    funding: Array

    def settled(self, cut: int) -> Array:
        """Value of what has expired before a cut, shape (first, then). [money]"""
        coin, cash = (
            (self.weight * (self.gone[cut] & kind)) @ self.before for kind in (self.coin, ~self.coin)
        )
        return np.asarray(np.multiply.outer(coin, self.then) + cash[:, None])

    def alive(self, cut: int) -> Array:
        """Value of what has not, less what was paid for all and funding after the turn, shape (dates, then). [money]"""
        value = np.tensordot(self.weight * ~self.gone[cut], self.after, axes=1) - self.paid
        return np.asarray(value - np.multiply.outer(self.funding[cut, :, 1], self.then))

    def funded(self, cut: int, date: int) -> Array:
        """Funding that perpetuals paid before a turn, shape (first, 1). [money]"""
        return np.asarray(self.funding[cut, date, 0] * self.first[:, None])

    @property
    def cuts(self) -> list[int]:
        """Cuts before which something happened: more has expired than before the last one, or funding is paid."""
        more = (self.gone[1:] != self.gone[:-1]).any(axis=1) | bool(self.funding[..., 0].any())
        return [0, *(1 + np.flatnonzero(more)).tolist()]


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
        self,
        book: Book,
        market: Market,
        candidates: Candidates,
        turning: Turning,
        *,
        first: bool,
    ) -> None:
        clock.look()
        held = book.of(market.asset)
        self.market, self.turning = market, turning
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
        self.day = _last_days(self.items, market)
        self.until = np.append(-1.0, turning.expiries + SAME_DAY)
        self.gone = self.day <= self.until[:, None]
        self.coin = np.array([_in_coin(item) for item in self.items], dtype=bool)
        self.strike = np.array([_level(item, market) for item in self.items])
        self.early = self.day < turning.end - SAME_DAY
        self.perpetual = np.array([isinstance(item, Perpetual) for item in self.items], dtype=bool)
        daily = market.funding_8h * FUNDING_PERIODS_PER_DAY
        each = zip(self.items, self.entry, strict=True)
        self.rate = np.array([daily * _notional(item, entry, market) for item, entry in each])
        self.funding = _funding_days(turning)
        strikes = self.strike[self.early], self.strike[self.day <= turning.end + SAME_DAY]
        self.first = self.then = np.zeros(0)
        self.spread(turning.before(strikes[0]), turning.after(strikes[1]))

    def spread(self, first: Array, then: Array) -> None:
        """Add levels before and after a turn; what was valued is forgotten."""
        self.first, self.then = np.union1d(self.first, first), np.union1d(self.then, then)
        self._first_at, self._then_at = _places(self.strike, self.first), _places(self.strike, self.then)
        self._first_always = np.isin(self.first, self.turning.before(()))
        self._then_always = np.isin(self.then, self.turning.after(()))
        # Not touched, and so no memory, but for what is asked for.
        self._after = np.empty((len(self.items), self.turning.dates.size, self.then.size))
        self._before = np.empty((len(self.items), self.first.size))
        self._known = np.zeros(len(self.items), dtype=bool)
        self._pricer: Pricer | None = None  # of every item, for a chain too large for tables

    def near(self, lots: Array) -> tuple[Places, Places]:
        """Levels at which some orders and what is held can be worst: their strikes, the ends, and the grid."""
        used = self.used(lots)
        return (
            _marked(self._first_always, self._first_at[used]),
            _marked(self._then_always, self._then_at[used]),
        )

    def of(self, lots: Array, near: tuple[Places, Places]) -> Sides:
        """Some orders and what is held at some levels."""
        used, weight = self._used(lots)
        first, then = self.first[near[0]], self.then[near[1]]
        return Sides(
            first,
            then,
            weight,
            self.gone[:, used],
            self.coin[used],
            np.where(self.early[used, None], self._before[np.ix_(used, near[0])], 0.0),
            self._after[used][:, :, near[1]],
            self._paid(lots, then),
            float(weight @ self.rate[used]) * self.funding,
        )

    def at(self, keys: Places, lots: Array) -> Array:
        """Value of some orders and of what is held at some turns, shape (turns, 4). [money]"""
        used, weight = self._used(lots)
        return np.asarray(weight @ self._gathered(keys, used) - self._paid(lots, self.levels(keys)))

    def levels(self, keys: Places) -> Array:
        """Levels after some turns."""
        return np.asarray(self.then[keys[:, 3]])

    def effect(self, keys: Places) -> Array:
        """Value of one lot of every order at some turns, shape (turns, orders). [money]"""
        orders = np.arange(self.candidates.size)
        if self._after.size <= LARGE:
            self._fill(orders)
            unit = self._gathered(keys, orders).T
        else:
            unit = self._priced_at(keys)[:, orders]
        coins = self.coins[orders] * self.market.spot
        return np.asarray(unit * self.size[orders] - coins * self.levels(keys)[:, None] - self.cash[orders])

    def label(self, key: Key) -> str:
        """What a turn is called."""
        cut, _, first, then = key
        return turn_label(
            float(self.first[first]),
            float(self.turning.expiries[cut - 1]) if cut else None,
            float(self.then[then]),
        )

    def used(self, lots: Array) -> Places:
        """Places of the orders of some lots, and of all holdings."""
        return self._used(lots)[0]

    def _used(self, lots: Array) -> tuple[Places, Array]:
        """Orders of some lots and all holdings, valued, and how many units of each."""
        mine = lots[self.candidates]
        orders = np.flatnonzero(mine)
        used = np.concatenate((orders, np.arange(mine.size, self.size.size)))
        self._fill(used)
        weight = self.size[used]
        weight[: orders.size] *= mine[orders]
        return used, weight

    def _paid(self, lots: Array, level: Array) -> Array:
        """What was paid for some lots, coins at a level of spot, less the cash that is held. [money]"""
        mine, orders = lots[self.candidates], slice(self.candidates.size)
        coins, cash = float(self.coins[orders] @ mine), float(self.cash[orders] @ mine)
        return np.asarray(coins * self.market.spot * level + cash - self.money)

    def _gathered(self, keys: Places, which: Places) -> Array:
        """One unit of items that were valued, at some turns, shape (items, turns). [money]"""
        cut, date, first, then = keys.T
        value = self._after[which[:, None], date, then]
        if (perpetual := self.perpetual[which]).any():
            days = self.funding[cut, date].T
            held = days[0] * self.first[first] + days[1] * self.then[then]
            value[perpetual] -= np.multiply.outer(self.rate[which][perpetual], held)
        gone = self.gone[cut][:, which].T
        if gone.any():
            level = np.where(self.coin[which, None], self.then[then], 1.0)
            settled = np.where(gone, self._before[which[:, None], first], 0.0) * level
            value = np.where(gone, settled, value)
        return np.asarray(value)

    def _fill(self, which: Places) -> None:
        """Value what was not valued yet: on every level after a turn, and where it settles before one."""
        new = which[~self._known[which]]
        if not new.size:
            return
        dates = self.turning.dates
        # What perpetuals pay depends on both levels, and is added where these are known.
        unfunded = self.market.with_funding(0.0)
        flat = self._priced(new, np.repeat(self.then[:, None], dates.size, axis=1), unfunded)
        self._after[new] = flat.transpose(2, 1, 0)
        early = new[self.early[new]]
        if early.size:
            # At the level until everything early is settled, at today's price on the last date.
            until = np.where(dates < self.turning.end - SAME_DAY, self.first[:, None], 1.0)
            self._before[early] = self._priced(early, until)[:, -1].T
        self._known[new] = True  # not before: the time may be up half way

    def _priced_at(self, keys: Places) -> Array:
        """One unit of every item at some turns, shape (turns, items), without any table. [money]"""
        cut, date, first, then = keys.T
        days = self.turning.walked
        before = days <= self.until[cut, None]
        spot = np.where(before, self.first[first, None], self.then[then, None])
        if self._pricer is None:
            self._pricer = Pricer.of(self.items, self.entry, self.market)
        at = np.searchsorted(days, self.turning.dates)[date]
        return self._pricer.values_on(_paths(days, spot), at)

    def _priced(self, which: Places, spot: Array, market: Market | None = None) -> Array:
        items, entries = [self.items[i] for i in which], [self.entry[i] for i in which]
        return unit_values(items, entries, market or self.market, _paths(self.turning.dates, spot))


def _paths(days: Array, spot: Array) -> Paths:
    return Paths(days, spot, np.zeros(spot.shape), labels=("",) * len(spot))


def _funding_days(turning: Turning) -> Array:
    """Days that funding is paid on by a date: at the level before a turn, and at that after it, (cuts, dates, 2). [days]"""
    before = np.minimum(np.append(0.0, turning.expiries)[:, None], turning.dates)
    return np.stack((before, turning.dates - before), axis=-1)


def _last_days(items: Sequence[Instrument], market: Market) -> Array:
    """Days until each expires, infinite for what does not; of an index chain thousands share an expiry."""
    ends = [item.expiry if isinstance(item, Option | Future) else None for item in items]
    left = {end: np.inf if end is None else days(market.as_of, end) for end in {*ends}}
    return np.array([left[end] for end in ends])


def _notional(item: Instrument, entry: float | None, market: Market) -> float:
    """What one unit of a perpetual pays funding on; nothing of anything else. [money]"""
    return notional(item, entry or 0.0, market.spot) if isinstance(item, Perpetual) else 0.0


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

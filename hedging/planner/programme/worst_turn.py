"""The worst turn of some orders: of one asset, of several that move apart, and of several that follow the first.

Apart, the worst of the sum is the sum of the worsts on each date. Where others follow the first, each has a band for
every level of it, and the worst of the sum is over the levels of the first alone, each other at its worst within its
band. What is counted in coin is divided by the level of that coin, which is why its asset comes last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hedging._numerics.types import Array
from hedging._numerics.types import Rows as Places
from hedging.planner.programme.turn_values import Key, Sides, TurnValues
from hedging.planner.request.default_scenarios import TURN_LOW
from hedging.planner.request.joint import Link
from hedging.planner.request.turning import SAME_DAY

__all__ = ["Follower", "Worst", "worst_apart", "worst_linked"]

CLOSE = 1e-12  # of a level: what its digits may differ by
Worst = tuple[float, tuple[Key, ...]]
"""Value, and the turn of every asset. [money]"""
Turns = dict[int, list[tuple[float, Key]]]
"""The worst of each turn of one asset, by date judged. [money]"""


def worst_apart(assets: Sequence[TurnValues], lots: Array, coin: int | None) -> list[Worst]:
    """The worst of each turn of one asset; of several that move apart, of each turn of one beside the others' worst.

    Parameters
    ----------
    assets : sequence of TurnValues
    lots : ndarray
    coin : int, optional
        Place of the asset that is counted in.
    """
    last = coin or 0
    nothing = dict.fromkeys(assets[0].turning.judged_at.tolist(), 0.0)
    turns = {i: _turns(each, lots, nothing, in_coin=False) for i, each in enumerate(assets) if i != last}
    least = {i: {date: min(found) for date, found in each.items()} for i, each in turns.items()}
    beside = {date: sum(each[date][0] for each in least.values()) for date in nothing}
    turns[last] = _turns(assets[last], lots, beside, in_coin=coin is not None)
    least[last] = {date: min(found) for date, found in turns[last].items()}
    if len(assets) == 1:
        return [(value, (key,)) for found in turns[last].values() for value, key in found]
    return list(_apart(turns, least, [last] if coin is not None else list(turns)))


def _apart(
    turns: Mapping[int, Turns], least: Mapping[int, Mapping[int, tuple[float, Key]]], moved: Sequence[int]
) -> Iterator[Worst]:
    """The worst of all assets on each date, and each turn of some of them beside the worst of the others.

    The more of them enter at once, the fewer times the programme is solved again.
    """
    last = moved[-1]
    for i in moved:
        for date, found in turns[i].items():
            for value, key in found:
                keys = {each: worst[date][1] for each, worst in least.items()} | {i: key}
                # What the last counts has the worst of the others in it.
                total = value if i == last else least[last][date][0] + value - least[i][date][0]
                yield total, tuple(keys[each] for each in sorted(keys))


def _turns(asset: TurnValues, lots: Array, beside: Mapping[int, float], *, in_coin: bool) -> Turns:
    """The worst of one asset with what lies beside it, by date judged and turn."""
    near = asset.near(lots)
    sides = asset.of(lots, near)
    found: Turns = {int(date): [] for date in asset.turning.judged_at}
    for cut in sides.cuts:
        settled, alive = sides.settled(cut), sides.alive(cut)
        for date in asset.turning.judged_after(cut).tolist():
            value = settled + (alive[date] + beside[date]) - sides.funded(cut, date)
            value = value / sides.then if in_coin else value
            a, b = divmod(int(value.argmin()), sides.then.size)
            found[date].append((float(value[a, b]), (cut, date, int(near[0][a]), int(near[1][b]))))
    return found


class Follower:
    """An asset that follows the first: its values, and the ends of its band at every level of that.

    Parameters
    ----------
    lead, values : TurnValues
        Of the first asset and of this one; both are given the levels that the other asks for.
    link : Link
    """

    def __init__(self, lead: TurnValues, values: TurnValues, link: Link) -> None:
        self.lead, self.values, self.link = lead, values, link
        every = np.arange(values.strike.size)
        lead.spread(*self._asked(every))

    def settle(self) -> None:
        """Add the ends of the band at every level of the first, once that has all of its levels."""
        lead, values = self.lead, self.values
        lowest = TURN_LOW, lead.turning.lowest
        bands = [self.link.band(*each) for each in zip((lead.first, lead.then), lowest, strict=True)]
        values.spread(*(np.concatenate(band) for band in bands))
        self.first, self.then = _searched(values.first, bands[0]), _searched(values.then, bands[1])

    def _asked(self, items: Places) -> tuple[Array, Array]:
        """Levels of the first, before and after a turn, at which an end of the band meets a strike of some items."""
        turning, strikes, day = self.lead.turning, self.values.strike[items], self.values.day[items]
        settled = strikes[self.values.early[items]], strikes[day <= turning.end + SAME_DAY]
        return self.link.leading(settled[0], TURN_LOW), self.link.leading(settled[1], turning.lowest)

    def asked(self, lots: Array) -> tuple[Places, Places]:
        """Places of those levels for what some orders and the holdings use."""
        found = self._asked(self.values.used(lots))
        return _places(self.lead.first, found[0]), _places(self.lead.then, found[1])

    def beside(self, lots: Array, near: tuple[Places, Places]) -> _Beside:
        """Some orders and what is held, in the bands at some levels of the first."""
        own = self.values.near(lots)
        first, then = _at(self.first, near[0]), _at(self.then, near[1])
        both = _together(own[0], *first), _together(own[1], *then)
        return _Beside(self.values.of(lots, both), both, _searched(both[0], first), _searched(both[1], then))


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """Values of a follower at its own levels, and the first and last of these at each level of the first asset."""

    sides: Sides
    near: tuple[Places, Places]
    first: tuple[Places, Places]
    then: tuple[Places, Places]

    def least(self, cut: int, date: int) -> Array:
        """Least value at a turn, shape (first, then) of the first asset's levels."""
        settled = _least(self.sides.settled(cut) - self.sides.funded(cut, date), *self.first, axis=0)
        return _least(settled + self.sides.alive(cut)[date], *self.then, axis=1)

    def key(self, cut: int, date: int, at: tuple[int, int]) -> Key:
        """Where that is for one turn of the first asset."""
        rows, columns = (
            slice(low[i], high[i] + 1) for (low, high), i in zip((self.first, self.then), at, strict=True)
        )
        value = self.sides.settled(cut)[rows, columns] + self.sides.alive(cut)[date, columns]
        value = value - self.sides.funded(cut, date)[rows]
        a, b = divmod(int(value.argmin()), value.shape[1])
        return cut, date, int(self.near[0][rows.start + a]), int(self.near[1][columns.start + b])


def worst_linked(
    lead: TurnValues, followers: Sequence[Follower], lots: Array, *, in_coin: bool
) -> list[Worst]:
    """The worst turn on each date, of all levels of the first asset, each other at its worst within its band."""
    asked = [lead.near(lots), *(each.asked(lots) for each in followers)]
    near = _together(*(first for first, _ in asked)), _together(*(then for _, then in asked))
    mine, others = lead.of(lots, near), [each.beside(lots, near) for each in followers]
    found: dict[int, Worst] = {}
    for cut in sorted({*mine.cuts, *(cut for each in others for cut in each.sides.cuts)}):
        settled, alive = mine.settled(cut), mine.alive(cut)
        for date in lead.turning.judged_after(cut).tolist():
            value = settled + alive[date] - mine.funded(cut, date)
            value = value + np.sum([each.least(cut, date) for each in others], axis=0)
            value = value / mine.then if in_coin else value
            a, b = divmod(int(value.argmin()), mine.then.size)
            if date not in found or value[a, b] < found[date][0]:
                keys = [each.key(cut, date, (a, b)) for each in others]
                found[date] = float(value[a, b]), ((cut, date, int(near[0][a]), int(near[1][b])), *keys)
    return list(found.values())


def _together(*places: Places) -> Places:
    return np.unique(np.concatenate(places)).astype(np.intp)


def _at(ends: tuple[Places, Places], places: Places) -> tuple[Places, Places]:
    return ends[0][places], ends[1][places]


def _searched(levels: Any, ends: tuple[Any, Any]) -> tuple[Places, Places]:
    """Places of both ends of some bands among levels that have them."""
    return np.searchsorted(levels, ends[0]), np.searchsorted(levels, ends[1])


def _least(values: Array, low: Places, high: Places, *, axis: int) -> Array:
    """Least of neighbours from `low` to `high` along an axis."""
    beyond = np.full_like(np.take(values, [0], axis=axis), np.inf)
    ends = np.column_stack((low, high + 1)).ravel()
    both = np.minimum.reduceat(np.concatenate((values, beyond), axis=axis), ends, axis=axis)
    return both[::2] if axis == 0 else both[:, ::2]


def _places(levels: Array, asked: Array) -> Places:
    """Where some levels stand among others; what differs in the last digits is one."""
    return np.searchsorted(levels, asked * (1.0 - CLOSE))

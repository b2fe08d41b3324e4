"""Survival as rows: what an account keeps above its maintenance at every node, in parts that add up.

The planner knows no margin rules. `hedging.margin` says what the account has without orders and what each order
adds, never more together than that; where the requirement is the worst of a table of losses, each node of the table
is a row. So a plan within the rows survives; `hedging.planner.verify` asks the rules about the whole account.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hedging._ground import clock
from hedging._numerics.types import Array, Mask
from hedging._numerics.types import Rows as Places
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg
from hedging.margin import AccountRules, headroom, rules_of
from hedging.margin.effects import Orders
from hedging.market.contracts import Instrument, Option
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.orders import leg_of
from hedging.planner.programme.lazy_rows import LazyRows
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request

__all__ = ["survival_rows"]


def survival_rows(request: Request, candidates: Candidates, base: float) -> tuple[LazyRows, ...]:
    """The rows of every account, one a node of its rules, scenario and date; in money at the prices there.

    At every funding that may come, as floors: what is received keeps no account alive.
    """
    if request.limits.survive is None:
        return ()
    return tuple(
        row
        for ways in request.ways()
        for there in request.at_fundings(ways)
        for row in _along(there, there.counted(ways), candidates, base)
    )


def _along(request: Request, ways: PathsBy, candidates: Candidates, base: float) -> tuple[LazyRows, ...]:
    """The rows along some paths under one funding."""
    assert not isinstance(ways, Paths)
    survive = request.limits.survive
    assert survive is not None
    markets = {market.asset: market for market in request.markets}
    book, orders = survive.book(request.book), _orders(candidates, markets)
    probe, linear = _probes(request, book, candidates, markets)
    accounts = np.array([book.account_of(item) for item in candidates.instruments])
    rows = []
    rooms = headroom(book, markets, ways, probe)
    charges, rest = _size_charges(book, markets, ways, probe, linear)
    for name, room in rooms.items():
        purse = _Purse(
            book,
            name,
            room.currency,
            markets,
            ways,
            candidates,
            orders,
            len(room.held),
            charges[name],
            accounts == name.partition(": ")[0],
        )
        left = (room.held - rest[name]) * purse.price - survive.spare * base
        every = np.arange(len(candidates))
        rows.append(
            LazyRows(
                Limit("survive", rule=name),
                left.ravel(),
                purse.by_order,
                purse.by_row,
                base,
                every,
                named=purse.label,
            )
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Purse:
    """One purse along some paths: what a lot of each order that is traded there takes from its headroom."""

    book: Book
    name: str
    currency: str
    markets: Mapping[str, Market]
    ways: Mapping[str, Paths]
    candidates: Candidates
    orders: Mapping[str, tuple[Places, Orders]]
    nodes: int
    charges: Mapping[int, Array]
    traded_here: Mask
    made: dict[int, Array] = field(default_factory=dict, repr=False)

    @property
    def price(self) -> Array:
        """Of one unit of its currency at every scenario and date. [money]"""
        market, first = self.markets.get(self.currency), next(iter(self.ways.values()))
        return np.ones(first.spot.shape) if market is None else market.spot * self.ways[self.currency].spot

    @property
    def rules(self) -> AccountRules | None:
        """Of its account; None where no order is traded in it."""
        if not self.traded_here.any():
            return None
        account = self.name.partition(": ")[0]
        return rules_of(next(each for each in self.book.accounts if each.name == account), self.markets)

    def by_order(self, orders: Places) -> Array:
        """Shape (rows, orders). [money]"""
        scenarios, dates = next(iter(self.ways.values())).spot.shape
        every = np.arange(scenarios)
        each = [self._taken(orders, every, date) for date in range(dates)]
        return np.stack(each, axis=3).swapaxes(1, 2).swapaxes(2, 3).reshape(-1, len(orders))

    def by_row(self, rows: Places) -> Array:
        """Shape (rows, columns); kept, as several searches ask for the same few. [money]"""
        new = np.array([row for row in rows if int(row) not in self.made], dtype=np.intp)
        if new.size:
            self.made.update(zip(new.tolist(), self._row(new), strict=True))
        return np.array([self.made[int(row)] for row in rows]).reshape(rows.size, len(self.candidates))

    def _row(self, rows: Places) -> Array:
        node, scenario, date = self._place(rows)
        found = np.zeros((rows.size, len(self.candidates)))
        every = np.arange(len(self.candidates))
        for day in np.unique(date):
            here = np.flatnonzero(date == day)
            some, at = np.unique(scenario[here], return_inverse=True)
            found[here] = self._taken(every, some, int(day))[node[here], :, at]
        return found

    def label(self, row: int) -> tuple[str, float]:
        """What a row is called, and its day."""
        first = next(iter(self.ways.values()))
        _, scenario, date = self._place(np.array([row]))
        return f"{first.labels[int(scenario[0])]}, margin", float(first.days[int(date[0])])

    def _place(self, rows: Places) -> tuple[Places, Places, Places]:
        scenarios, dates = next(iter(self.ways.values())).spot.shape
        node, scenario, date = np.unravel_index(rows, (self.nodes, scenarios, dates))
        return node, scenario, date

    def _taken(self, orders: Places, scenarios: Places, date: int) -> Array:
        """What a lot of some orders takes on one date, shape (nodes, orders, scenarios). [money]"""
        clock.look()
        found, rules = np.zeros((self.nodes, len(orders), scenarios.size)), self.rules
        if rules is None:
            return found
        ways = {asset: paths.select(scenarios.tolist()) for asset, paths in self.ways.items()}
        here = self.traded_here[orders]
        for asset, (index, made) in self.orders.items():
            there = np.flatnonzero(np.isin(orders, index) & here)
            if there.size:
                own = np.searchsorted(index, orders[there])
                some = made if own.size == index.size else made.take(own)
                found[:, there] = some.effects(rules, self.currency, ways[asset], date)
        for at, order in enumerate(orders):
            if (charge := self.charges.get(int(order))) is not None:
                found[:, at] -= charge[scenarios, date]
        lots = self.candidates.most[orders]
        return np.asarray(-found / lots[:, None] * self.price[scenarios, date])


def _orders(candidates: Candidates, markets: Mapping[str, Market]) -> dict[str, tuple[Places, Orders]]:
    """The largest order of each column, by asset: some rates rise with size."""
    found = {}
    for asset, market in markets.items():
        index = np.array(
            [i for i, item in enumerate(candidates.instruments) if item.asset == asset], dtype=np.intp
        )
        few = candidates.take(index)
        contracts = np.sign(few.size) * few.lot * few.most
        held = [
            Holding(item, float(count), float(entry))
            for item, count, entry in zip(few.instruments, contracts, few.entry, strict=True)
        ]
        found[asset] = index, Orders(market, held, few.coins * few.most, few.cash * few.most, few.closes)
    return found


Linears = Mapping[int, Leg]
"""The largest order of each column of spot, perpetuals and futures."""


def _probes(
    request: Request, book: Book, candidates: Candidates, markets: Mapping[str, Market]
) -> tuple[list[Leg], Linears]:
    """An option of each account, so that every purse is looked at; and what is sized together with what is held."""

    def largest(i: int) -> Leg:
        return leg_of(candidates, i, float(candidates.most[i]), markets, request.limits)

    tradable = candidates.tradable(request.limits)
    options: dict[str, int] = {}
    for i, item in enumerate(candidates.instruments):
        if isinstance(item, Option):
            options.setdefault(book.account_of(item), i)
    linear = [
        i for i, item in enumerate(candidates.instruments) if tradable[i] and not isinstance(item, Option)
    ]
    return [largest(i) for i in options.values()], {i: largest(i) for i in linear}


def _size_charges(
    book: Book, markets: Mapping[str, Market], ways: Mapping[str, Paths], probe: list[Leg], linear: Linears
) -> tuple[dict[str, dict[int, Array]], dict[str, Array]]:
    """What rates that rise with size ask for each order beside what is held, and for all of them beside each other.

    By purse, shape (scenarios, dates) each; of the two sides of one contract a plan takes one. [currency]
    """

    def held(*legs: Leg) -> dict[str, Array]:
        return {name: room.held[0] for name, room in headroom(book, markets, ways, [*probe, *legs]).items()}

    alone, each = held(), {i: held(leg) for i, leg in linear.items()}
    larger: dict[Instrument, int] = {}
    for i, leg in linear.items():
        known = larger.get(leg.instrument)
        larger[leg.instrument] = i if known is None or abs(leg.units) > abs(linear[known].units) else known
    together = held(*(linear[i] for i in larger.values()))
    charges = {name: {i: alone[name] - rooms[name] for i, rooms in each.items()} for name in alone}
    rest = {
        name: alone[name] - together[name] - sum(charges[name][i] for i in larger.values()) for name in alone
    }
    return charges, rest

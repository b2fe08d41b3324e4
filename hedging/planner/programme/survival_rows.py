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
from hedging.margin import headroom, rules_of
from hedging.margin.beside import Beside
from hedging.margin.effects import Orders
from hedging.margin.whole import WholeAccount
from hedging.market.contracts import Option
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
    accounts = np.array([book.account_of(item) for item in candidates.instruments])
    linear = [item for item in candidates.instruments if not isinstance(item, Option)]
    rows = []
    for name, room in headroom(book, markets, ways, _probes(request, book, candidates, markets)).items():
        account, _, purse = name.partition(": ")
        declared = next(each for each in book.accounts if each.name == account)
        whole = WholeAccount.of(book, markets, account)
        rules = rules_of(declared, markets)
        beside = Beside.of(rules, purse or room.currency, whole.ledgers, linear)
        held = beside.held(ways)[:, None] + room.held[None]
        taken = _Purse(beside, markets, ways, candidates, orders, len(room.held), accounts == account)
        left = held.reshape(-1, *held.shape[2:]) * taken.price - survive.spare * base
        every = np.arange(len(candidates))
        limit = Limit("survive", rule=name)
        rows.append(
            LazyRows(limit, left.ravel(), taken.by_order, taken.by_row, base, every, named=taken.label)
        )
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Purse:
    """One purse along some paths: what a lot of each order that is traded there takes from its headroom."""

    beside: Beside
    markets: Mapping[str, Market]
    ways: Mapping[str, Paths]
    candidates: Candidates
    orders: Mapping[str, tuple[Places, Orders]]
    nodes: int
    traded_here: Mask
    made: dict[int, Array] = field(default_factory=dict, repr=False)

    @property
    def price(self) -> Array:
        """Of one unit of its currency at every scenario and date. [money]"""
        market, first = self.markets.get(self.beside.purse), next(iter(self.ways.values()))
        return np.ones(first.spot.shape) if market is None else market.spot * self.ways[market.asset].spot

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
        count = self.nodes * len(self.beside.sides)
        node, scenario, date = np.unravel_index(rows, (count, scenarios, dates))
        return node, scenario, date

    def _taken(self, orders: Places, scenarios: Places, date: int) -> Array:
        """What a lot of some orders takes on one date, shape (sides and nodes, orders, scenarios). [money]"""
        clock.look()
        sides = len(self.beside.sides)
        found = np.zeros((sides, self.nodes, len(orders), scenarios.size))
        ways = {asset: paths.select(scenarios.tolist()) for asset, paths in self.ways.items()}
        here = self.traded_here[orders]
        for asset, (index, made) in self.orders.items():
            there = np.flatnonzero(np.isin(orders, index) & here)
            if there.size:
                own = np.searchsorted(index, orders[there])
                some = made if own.size == index.size else made.take(own)
                found[:, :, there] = some.beside(self.beside, ways[asset], date)
        lots = self.candidates.most[orders]
        rows = found.reshape(sides * self.nodes, len(orders), scenarios.size)
        return np.asarray(-rows / lots[:, None] * self.price[scenarios, date])


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


def _probes(request: Request, book: Book, candidates: Candidates, markets: Mapping[str, Market]) -> list[Leg]:
    """An option of each account, so that every purse is looked at."""
    options: dict[str, int] = {}
    for i, item in enumerate(candidates.instruments):
        if isinstance(item, Option):
            options.setdefault(book.account_of(item), i)
    return [
        leg_of(candidates, i, float(candidates.most[i]), markets, request.limits) for i in options.values()
    ]

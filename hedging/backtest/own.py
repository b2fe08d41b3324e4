"""`OwnBook`: what a strategy has traded, as a book that began empty; what the rest gains is the start book's."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pandas as pd

from hedging.backtest.account import Forced
from hedging.backtest.ledger import Entry, Kind
from hedging.backtest.positions import (
    Flow,
    at_price,
    closed_linear,
    ended,
    funded,
    half_of,
    settled,
    split,
    traded,
)
from hedging.backtest.rules import Rules
from hedging.backtest.state import Half
from hedging.book import Book, Holding
from hedging.book.legs import Leg
from hedging.market.contracts import Future, Instrument, Option, Perpetual, Spot
from hedging.prices.delivery import Settlement

__all__ = ["OwnBook"]


@dataclass(slots=True)
class OwnBook:
    """The strategy's own contracts and their flows, as if the book had come with none of the same name.

    Selling what the book came with opens a short position here, whose gain begins at that trade's price.

    Attributes
    ----------
    holdings : tuple of Holding
    entries : list of Entry
    opened : dict of str to Timestamp
        When each half of the overlay was opened.
    cost : dict of str to float
        What it has cost since then. [money]
    """

    holdings: tuple[Holding, ...] = ()
    entries: list[Entry] = field(default_factory=list)
    opened: dict[str, pd.Timestamp] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _shown: tuple[Holding, ...] | None = None

    def trade(self, time: pd.Timestamp, whole: Leg, fee: Flow) -> None:
        """Take in an order as it was filled, and the fee that it paid."""
        if isinstance(whole.instrument, Spot):
            return
        half = half_of(whole.instrument)
        for leg, kind, where in split(Book(self.holdings), whole):
            book, flow, _ = traded(Book(self.holdings), leg, where)
            self._keep(tuple(held for held in book.holdings if not isinstance(held.instrument, Spot)))
            self.cost[half] -= self._enter(time, kind, leg.instrument, leg.quantity, flow, whole.spot)
        if fee.coin or fee.money:
            self.cost[half] -= self._enter(time, "fee", whole.instrument, whole.quantity, fee, whole.spot)
        self.opened.setdefault(half, time)
        self._end_halves()

    def settle(
        self, time: pd.Timestamp, delivery: Callable[[pd.Timestamp], Settlement], rules: Rules
    ) -> None:
        """Settle what has expired, also what nets against the start book's and leaves nothing to settle there."""
        for held in self.holdings:
            item = held.instrument
            if isinstance(item, Option | Future) and item.expiry <= time:
                price = delivery(item.expiry).price
                self._leave(item.expiry, ("settle", "delivery fee"), held, settled(held, price, rules), price)

    def fund(self, time: pd.Timestamp, share: float, spot: float) -> None:
        """Pay or receive the funding of its perpetuals."""
        for held in self.holdings:
            if isinstance(held.instrument, Perpetual):
                flow = funded(held, share, spot)
                self._enter(time, "funding", held.instrument, held.quantity, flow, spot)

    def liquidate(self, time: pd.Timestamp, forced: Forced) -> None:
        """End what stood beside a position that the venue closes, at its price and with its part of the fee."""
        item = forced.held.instrument
        for held in self.holdings:
            if held.instrument == item:
                price = forced.flow.price
                whole = at_price(forced.held, price)  # 0 of what was entered for nothing
                part = at_price(held, price) / whole if whole else 0.0
                flow = (
                    replace(forced.flow, coin=forced.flow.coin * part, money=forced.flow.money * part)
                    if isinstance(item, Option)
                    else closed_linear(held, held.quantity, price, forced.index)
                )
                share = min(max(part, 0.0), 1.0)
                fee = replace(forced.fee, coin=forced.fee.coin * share, money=forced.fee.money * share)
                self._leave(time, ("liquidation", "liquidation fee"), held, (flow, fee), forced.index)

    def shown(self) -> tuple[Holding, ...]:
        """A copy of the holdings down to their contracts: what a strategy does to it stays there."""
        if self._shown is None:
            self._shown = copy.deepcopy(self.holdings)
        return self._shown

    def half(self, name: str, value: Callable[[Holding], float]) -> Half:
        """Its options, or its perpetuals and futures, as a state shows them."""
        held = tuple(each for each in self.shown() if half_of(each.instrument) == name)
        return Half(held, self.opened.get(name), self.cost[name], sum(value(each) for each in held))

    def left(self, value: Callable[[Holding], float]) -> dict[str, float]:
        """What is still held, by contract. [money]"""
        found: dict[str, float] = defaultdict(float)
        for held in self.holdings:
            found[held.instrument.symbol] += value(held)
        return dict(found)

    def _leave(
        self,
        time: pd.Timestamp,
        kinds: tuple[Kind, Kind],
        held: Holding,
        flows: tuple[Flow, Flow],
        index: float,
    ) -> None:
        for kind, flow in ended(kinds, flows):
            self._enter(time, kind, held.instrument, -at_price(held, flows[0].price), flow, index)
        self._keep(tuple(each for each in self.holdings if each is not held))
        self._end_halves()

    def _keep(self, holdings: tuple[Holding, ...]) -> None:
        self.holdings, self._shown = holdings, None

    def _end_halves(self) -> None:
        """With the last contract of its half of the overlay, that half ends."""
        for half in set(self.opened) - {half_of(held.instrument) for held in self.holdings}:
            self.opened.pop(half, None)
            self.cost.pop(half, None)

    def _enter(
        self, time: pd.Timestamp, kind: Kind, item: Instrument, quantity: float, flow: Flow, index: float
    ) -> float:
        """Write down a flow; its value in money."""
        entry = Entry(time, kind, item.symbol, quantity, flow.price, flow.coin, flow.money, index)
        self.entries.append(entry)
        return entry.value

"""The replay: settle, accrue, mark, check margin, ask the strategy, trade, prove that the ledger adds up."""

from __future__ import annotations

import copy
import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pandas as pd

from hedging.backtest.account import EXHAUSTED, Watch, liquidate, without_transfers
from hedging.backtest.asking import altered, asked
from hedging.backtest.fills import Fill, Refusal, fill
from hedging.backtest.funding import Span, funding_between, joined
from hedging.backtest.ledger import Entry, Kind, Running, coins_of
from hedging.backtest.marks import Marker
from hedging.backtest.packages import cut
from hedging.backtest.paying import unpaid
from hedging.backtest.positions import Flow, funded, half_of, settled, split, traded, worth
from hedging.backtest.result import Backtest, Point
from hedging.backtest.rules import Rules
from hedging.backtest.state import Half, Order, State, Strategy, name_of
from hedging.backtest.strategies import Hold
from hedging.backtest.tape import Tape
from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.margin import MarginModel
from hedging.market.contracts import Future, Instrument, Option, Perpetual, Spot
from hedging.prices.delivery import at_open

__all__ = ["Replay", "StartError"]


class StartError(InputError):
    """A book that cannot be begun with at a snapshot, though perhaps at another; `why` is short."""

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


@dataclass(slots=True)
class Replay:
    """One run in progress."""

    book: Book
    tape: Tape
    strategy: Strategy
    rules: Rules
    account: MarginModel | None
    first: int
    entries: list[Entry] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    marks: Counter[str] = field(default_factory=Counter)
    own: dict[str, float] = field(default_factory=dict)  # contracts that the strategy has traded
    items: dict[str, Instrument] = field(default_factory=dict)  # which they are
    opened: dict[str, pd.Timestamp] = field(default_factory=dict)  # the overlay's options, and the rest of it
    cost: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    pending: tuple[Order, ...] = ()
    other_delivery: float | None = None  # coins more, had the other edge of the hour counted; of no hour None
    unfunded: list[Span] = field(default_factory=list)
    ended: str = ""
    shown: Book | None = None
    shown_of: Book | None = None
    start: Book = field(init=False)
    running: Running = field(init=False)
    marker: Marker = field(init=False)
    watch: Watch | None = field(init=False)

    def __post_init__(self) -> None:
        if self.book.transfers:
            self.counts["transfers of the book, not carried out"] += len(self.book.transfers)
            self.book = without_transfers(self.book)
        self.start = self.book
        self.running = Running(self.book)
        self.marker = Marker(self.tape)
        watched = self.account is not None or bool(self.book.accounts)
        self.watch = Watch(self.account) if watched else None

    def result(self) -> Backtest:
        """Go through the tape and return what happened."""
        start_value, _ = self._value(self.first)
        if not start_value > 0.0:
            raise self._worthless(start_value)
        for number in range(self.first, len(self.tape)):
            if number > self.first and self._gap(number):
                break
            self._step(number)
            if self.ended:
                break
        self._check_entries()
        if self.pending:
            self.counts["orders that no next snapshot followed"] += len(self.pending)
        return Backtest(
            name=name_of(self.strategy),
            tape=self.tape,
            strategy=self.strategy,
            rules=self.rules,
            start=self.start,
            end=self.book,
            start_value=start_value,
            entries=tuple(self.entries),
            points=tuple(self.points),
            counts=dict(self.counts),
            marks=dict(self.marks),
            other_delivery=self.other_delivery,
            ended=self.ended or "the tape ends",
            first=self.first,
            margin="" if self.watch is None else self.watch.said(self.start),
            unfunded=joined(self.unfunded),
        )

    def _check_entries(self) -> None:
        """Refuse a ledger that a strategy has written into; what was entered is kept beside it."""
        coins = coins_of(self.start) + math.fsum(entry.coin for entry in self.entries)
        money = self.start.cash + math.fsum(entry.money for entry in self.entries)
        if not (
            math.isclose(coins, self.running.coins, rel_tol=1e-9, abs_tol=1e-9)
            and math.isclose(money, self.running.money, rel_tol=1e-9, abs_tol=0.005)
        ):
            raise altered(self.strategy, self.tape.where(self.first), "ledger")

    def _worthless(self, value: float) -> InputError:
        if not (self.start.holdings or self.start.cash):
            return InputError("the book is empty; there is nothing to hold.")
        why = f"the book is worth {value:,.2f} {self.tape.currency}"
        return StartError(
            f"{why} at {self.tape.where(self.first)}, and a return needs a start above 0. Bring the coins or cash that "
            "stand behind it, or begin on another day: start=....",
            why,
        )

    def _gap(self, number: int) -> bool:
        days = self.tape.days_apart[number - 1]
        if days <= self.rules.longest_gap:
            return False
        self.ended = f"a hole of {days:.1f} days after {self.tape.stamps[number - 1]:%Y-%m-%d %H:%M} UTC"
        return True

    def _step(self, number: int) -> None:
        self._settle(number)
        if number > self.first:
            self._fund(number)
        equity, _ = self._value(number)
        if self.watch is not None and number > self.first:
            self._margin(number)
            equity, _ = self._value(number)
        elif self.watch is not None and self.watch.exhausted(
            self.book, partial(self.marker.market_for, number)
        ):
            self.counts[EXHAUSTED] += 1
        if equity <= 0.0:
            self.ended = f"the book is bankrupt at {self.tape.stamps[number]:%Y-%m-%d %H:%M} UTC"
            self.counts["bankrupt"] += 1
        elif not isinstance(self.strategy, Hold):
            self._decide(number, equity)
        self._record(number)
        if self.watch is not None and not self.ended:
            self.watch.set(self.book, partial(self.marker.market_for, number))

    # --- what happens without being asked for ----------------------------------------------------------

    def _settle(self, number: int) -> None:
        """Settle what has expired since the last snapshot, each expiry at its own delivery price."""
        due = [
            held
            for held in self.book.holdings
            if isinstance(held.instrument, Option | Future)
            and held.instrument.expiry <= self.tape.stamps[number]
        ]
        for held in sorted(due, key=_expiry):
            found = self.tape.delivery(_expiry(held))
            price, other, source = found.price, found.other, found.source
            if self.rules.delivery == "open" and not math.isnan(other):
                price, other, source = other, price, at_open(source)
            flow, fee = settled(held, price, self.rules)
            if not math.isnan(other):
                there = sum(each.at(other) for each in settled(held, other, self.rules))
                self.other_delivery = (self.other_delivery or 0.0) + there - flow.at(price) - fee.at(price)
            self._leave(_expiry(held), ("settle", "delivery fee"), held, (flow, fee), price, source)
            self.counts["settlements"] += 1
        for symbol in [symbol for symbol in self.own if self._is_over(symbol, number)]:
            self._drop(self.items[symbol])  # netted against the book's own: nothing was left to settle

    def _is_over(self, symbol: str, number: int) -> bool:
        expiry = getattr(self.items[symbol], "expiry", None)
        return expiry is not None and bool(expiry <= self.tape.stamps[number])

    def _fund(self, number: int) -> None:
        """Pay or receive the funding of perpetuals since the last snapshot."""
        perpetuals = [held for held in self.book.holdings if isinstance(held.instrument, Perpetual)]
        if not perpetuals:
            return
        share, missing = funding_between(self.tape, number, self.rules.funding)
        if missing:
            self.counts["snapshots without funding, taken as 0"] += 1
            self.unfunded += missing
        if not share:
            return
        spot = float(self.tape.spot[number])
        for held in perpetuals:
            flow = funded(held, share, spot)
            self._enter(self.tape.stamps[number], "funding", held.instrument, held.quantity, flow, spot)
            self.book = flow.into(self.book, self.tape.asset, held.account)

    def _margin(self, number: int) -> None:
        """Liquidate what the account can no longer carry."""
        assert self.watch is not None
        found = liquidate(self.watch, self.book, self.marker, self.tape, number, self.rules)
        for forced in list(found):
            kinds: tuple[Kind, Kind] = ("liquidation", "liquidation fee")
            self._leave(
                self.tape.stamps[number], kinds, forced.held, (forced.flow, forced.fee), forced.index, ""
            )
            self.counts["liquidations"] += 1

    # --- what the strategy asks for ----------------------------------------------------------------------

    def _decide(self, number: int, equity: float) -> None:
        if self.pending:
            orders, self.pending = self.pending, ()
            self._trade(number, orders, late=True)
        where = partial(self.tape.where, number)
        orders, waits = asked(self.strategy, self._state(number, equity), where)
        if self.shown != self.book:
            raise altered(self.strategy, where(), "book")
        if waits:
            self.counts[f"waited: {waits}"] += 1
        if orders and self.rules.delay:
            self.pending = orders
        elif orders:
            self._trade(number, orders, late=False)

    def _state(self, number: int, equity: float) -> State:
        overlay = self._overlay(self._copy())
        halves = self._half(number, overlay, "options"), self._half(number, overlay, "linear")
        return State(
            _chain=self.tape.shared_chain(number),
            book=self._copy(),
            overlay=overlay,
            opened=min((half.opened for half in halves if half.opened is not None), default=None),
            cost=sum(half.cost for half in halves),
            value=sum(half.value for half in halves),
            equity=equity,
            _halves=halves,
            _stamps=self.tape.stamps[self.first : number + 1],
            spot=self.tape.spot[self.first : number + 1].copy(),  # a slice would lead to the whole tape
            entries=tuple(self.entries),
        )

    def _half(self, number: int, overlay: tuple[Holding, ...], half: str) -> Half:
        held = tuple(each for each in overlay if half_of(each.instrument) == half)
        spot = float(self.tape.spot[number])
        value = sum(worth(each, self.marker.mark(number, each).price, spot) for each in held)
        return Half(held, self.opened.get(half), self.cost[half], value)

    def _copy(self) -> Book:
        """The book in a copy down to its contracts, made once for each book: what a strategy does to it stays there."""
        if self.shown is None or self.shown_of is not self.book:
            self.shown, self.shown_of = copy.deepcopy(self.book), self.book
        return self.shown

    def _overlay(self, book: Book) -> tuple[Holding, ...]:
        """Of the book what the strategy has traded; where it traded on top of what was held, its own part."""
        found = []
        left = dict(self.own)
        for held in reversed(book.holdings):
            symbol = held.instrument.symbol
            quantity = left.get(symbol, 0.0)
            if isinstance(held.instrument, Perpetual | Future):  # the newest lots, as many as make it up
                quantity = math.copysign(min(abs(quantity), abs(held.quantity)), quantity)
                quantity = quantity if quantity * held.quantity > 0.0 else 0.0
            if quantity and symbol != self.tape.asset:
                found.append(replace(held, quantity=quantity))
                left[symbol] -= quantity
        # What nets exactly against the book's own is in no holding, and is the strategy's all the same.
        netted = (
            Holding(copy.deepcopy(self.items[symbol]), quantity)
            for symbol, quantity in left.items()
            if quantity and isinstance(self.items[symbol], Option)
        )
        return (*reversed(found), *netted)

    def _trade(self, number: int, orders: Sequence[Order], *, late: bool) -> None:
        """Trade a package whole, cut in proportion, or not at all."""
        held: dict[str, float] = defaultdict(float)
        for item in self.book.holdings:
            held[item.instrument.symbol] += item.quantity
        fills: list[Fill] = []
        for order in orders:
            found = fill(self.tape, self.marker, number, order, held[order.symbol], self.rules, late=late)
            if isinstance(found, Refusal):
                self.counts[f"refused: {found.reason}"] += 1
                return
            fills.append(found)
        package = cut(fills)
        if isinstance(package, Refusal):
            self.counts[f"refused: {package.reason}"] += 1
            return
        if missing := unpaid(self.book, package, self.marker, self.tape, number, self.watch):
            self.counts[f"refused: {missing}"] += 1
            return
        for found in package:
            self.counts.update(found.notes)
            self._execute(number, found)

    def _execute(self, number: int, found: Fill) -> None:
        time, spot = self.tape.stamps[number], float(self.tape.spot[number])
        for leg, kind, where in split(self.book, found.leg):
            book, flow, fee = traded(self.book, leg, where)
            self.book = book
            symbol = leg.instrument.symbol
            cost = abs(leg.units) * leg.half_spread
            self._enter(time, kind, leg.instrument, leg.quantity, flow, spot, cost)
            if fee.coin or fee.money:
                self._enter(time, "fee", leg.instrument, leg.quantity, fee, spot)
            if not isinstance(leg.instrument, Spot):
                self.own[symbol] = self.own.get(symbol, 0.0) + leg.quantity
                self.items[symbol] = leg.instrument
                half = half_of(leg.instrument)
                self.cost[half] -= (flow.coin + fee.coin) * spot + flow.money + fee.money
                if abs(self.own[symbol]) < 1e-12:
                    self._drop(leg.instrument)
                else:
                    self.opened.setdefault(half, time)

    # --- bookkeeping -----------------------------------------------------------------------------------

    def _drop(self, item: Instrument) -> None:
        """Forget a contract that is gone; with the last one of its half of the overlay, that half ends."""
        self.own.pop(item.symbol, None)
        half = half_of(item)
        if not any(half_of(self.items[symbol]) == half for symbol in self.own):
            self.opened.pop(half, None)
            self.cost.pop(half, None)

    def _leave(
        self,
        time: pd.Timestamp,
        kinds: tuple[Kind, Kind],
        held: Holding,
        flows: tuple[Flow, Flow],
        index: float,
        source: str,
    ) -> None:
        """A position that ends without being traded: its flow and its fee, and the book without it."""
        left = [item for item in self.book.holdings if item is not held]
        self.book = self.book.like(left, self.book.cash, self.book.accounts)
        for kind, flow in zip(kinds, flows, strict=True):
            if kind == kinds[0] or flow.coin or flow.money:
                self._enter(time, kind, held.instrument, -held.quantity, flow, index, source=source)
            self.book = flow.into(self.book, self.tape.asset, held.account)
        if not any(item.instrument == held.instrument for item in self.book.holdings):
            self._drop(held.instrument)

    def _enter(
        self,
        time: pd.Timestamp,
        kind: Kind,
        item: Instrument,
        quantity: float,
        flow: Flow,
        index: float,
        half_spread: float = 0.0,
        source: str = "",
    ) -> None:
        entry = Entry(
            time, kind, item.symbol, quantity, flow.price, flow.coin, flow.money, index, half_spread, source
        )
        self.entries.append(entry)
        self.running.add(entry, item)

    def _value(self, number: int) -> tuple[float, dict[str, float]]:
        """Equity and its parts in money at a snapshot."""
        spot = float(self.tape.spot[number])
        parts = {"options": 0.0, "linear": 0.0}
        for held in self.book.holdings:
            if not isinstance(held.instrument, Spot):
                parts[half_of(held.instrument)] += worth(held, self.marker.mark(number, held).price, spot)
        return self.book.cash + coins_of(self.book) * spot + sum(parts.values()), parts

    def _record(self, number: int) -> None:
        """Mark the book after its trades, count whose marks those are, and hold the ledger against it."""
        spot = float(self.tape.spot[number])
        equity, parts = self._value(number)
        prices = {}
        for held in self.book.holdings:
            if not isinstance(held.instrument, Spot):
                found = self.marker.mark(number, held)
                self.marks[found.kind] += 1
                prices[held.instrument.symbol] = found.price
        self.running.check(self.book, prices, equity, spot, partial(self.tape.where, number))
        self.points.append(
            Point(self.tape.stamps[number], spot, equity, coins_of(self.book), self.book.cash, **parts)
        )


def _expiry(held: Holding) -> pd.Timestamp:
    expiry: Any = getattr(held.instrument, "expiry")  # noqa: B009 - only options and futures come here
    return pd.Timestamp(expiry)

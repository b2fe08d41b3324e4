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
from hedging.backtest.funding import Payments, Span, funding_between, joined
from hedging.backtest.ledger import Entry, Kind, Running, coins_of, key_of
from hedging.backtest.marks import Marker
from hedging.backtest.owing import could_owe
from hedging.backtest.own import OwnBook
from hedging.backtest.packages import cut
from hedging.backtest.paying import unpaid
from hedging.backtest.positions import Flow, at_price, ended, funded, half_of, settled, split, traded, worth
from hedging.backtest.result import Backtest, Point
from hedging.backtest.rules import Rules
from hedging.backtest.state import Order, State, Strategy, name_of
from hedging.backtest.strategies import Hold
from hedging.backtest.tape import Tape
from hedging.backtest.transfers import CARRIED_OUT, REFUSED, Schedule, moved
from hedging.book import Book, Holding
from hedging.errors import InputError
from hedging.margin import MarginModel
from hedging.market.contracts import Future, Instrument, Option, Perpetual, Spot
from hedging.prices.delivery import Settlement, at_open

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
    waits: dict[str, str] = field(default_factory=dict)
    own: OwnBook = field(default_factory=OwnBook)
    schedule: Schedule = field(default_factory=Schedule)
    pending: tuple[Order, ...] = ()
    other_delivery: float | None = None  # coins more, had the other edge of the hour counted; of no hour None
    unfunded: list[Span] = field(default_factory=list)
    ended: str = ""
    unmargined: pd.Timestamp | None = None
    shown: Book | None = None
    shown_of: Book | None = None
    start: Book = field(init=False)
    running: Running = field(init=False)
    marker: Marker = field(init=False)
    watch: Watch | None = field(init=False)
    funding: Payments | float | None = field(init=False)

    def __post_init__(self) -> None:
        if self.book.transfers:
            start, asset = self.tape.stamps[self.first], self.tape.asset
            self.schedule = Schedule.of(self.book, start, asset, self.tape.currency)
            self.counts.update(self.schedule.left_out)
            self.book = without_transfers(self.book)
        self.start = self.book
        self.running = Running(self.book)
        self.marker = Marker(self.tape)
        watched = self.account is not None or bool(self.book.accounts)
        self.watch = Watch(self.account) if watched else None
        given = self.rules.funding
        self.funding = Payments.of(given) if isinstance(given, pd.Series) else given

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
            waits=dict(self.waits),
            other_delivery=self.other_delivery,
            ended=self.ended or "the tape ends",
            first=self.first,
            margin="" if self.watch is None else self.watch.said(self.start),
            unfunded=joined(self.unfunded),
            unmargined=self.unmargined,
            own=tuple(self.own.entries),
            left=self.own.left(partial(self._worth, len(self.points) - 1 + self.first)),
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
        else:
            self._transfer(number)
        equity, _ = self._value(number)
        if self.watch is not None and number > self.first:
            self._margin(number)
            equity, _ = self._value(number)
        elif self.watch is not None and self.watch.exhausted(
            self.book, partial(self.marker.market_now, number)
        ):
            self.counts[EXHAUSTED] += 1
        self._transfer(number)
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
            price, other, source = self._delivery(_expiry(held))
            flow, fee = settled(held, price, self.rules)
            if not math.isnan(other):
                there = sum(each.at(other) for each in settled(held, other, self.rules))
                self.other_delivery = (self.other_delivery or 0.0) + there - flow.at(price) - fee.at(price)
            self._leave(_expiry(held), ("settle", "delivery fee"), held, (flow, fee), price, source)
            self.counts["settlements"] += 1
        self.own.settle(self.tape.stamps[number], self._delivery, self.rules)

    def _delivery(self, expiry: pd.Timestamp) -> Settlement:
        """The delivery price of an expiry, at the edge of its hour that the rules say."""
        found = self.tape.delivery(expiry)
        if self.rules.delivery == "open" and not math.isnan(found.other):
            return Settlement(found.other, found.price, at_open(found.source))
        return found

    def _fund(self, number: int) -> None:
        """Pay or receive the funding of perpetuals since the last snapshot."""
        perpetuals = [held for held in self.book.holdings if isinstance(held.instrument, Perpetual)]
        if not (perpetuals or self.own.holdings):
            return
        share, missing = funding_between(self.tape, number, self.funding)
        if missing and perpetuals:
            self.counts["snapshots without funding, taken as 0"] += 1
            self.unfunded += missing
        if not share:
            return
        spot = float(self.tape.spot[number])
        for held in perpetuals:
            flow = funded(held, share, spot)
            self._enter(self.tape.stamps[number], "funding", held.instrument, held.quantity, flow, spot)
            self.book = flow.into(self.book, self.tape.asset, held.account)
        self.own.fund(self.tape.stamps[number], share, spot)

    def _margin(self, number: int) -> None:
        """Liquidate what the account can no longer carry."""
        assert self.watch is not None
        found = liquidate(self.watch, self.book, self.marker, self.tape, number, self.rules)
        for forced in list(found):
            kinds: tuple[Kind, Kind] = ("liquidation", "liquidation fee")
            self._leave(
                self.tape.stamps[number], kinds, forced.held, (forced.flow, forced.fee), forced.index, ""
            )
            self.own.liquidate(self.tape.stamps[number], forced)
            self.counts["liquidations"] += 1

    def _transfer(self, number: int) -> None:
        """Move between the accounts what is due by now."""
        for each in self.schedule.take(self.tape.stamps[number]):
            after = moved(self.book, each, self.tape.asset, self.marker, number, self.watch)
            self.counts[REFUSED if after is None else CARRIED_OUT] += 1
            self.book = self.book if after is None else after

    # --- what the strategy asks for ----------------------------------------------------------------------

    def _decide(self, number: int, equity: float) -> None:
        if self.pending:
            orders, self.pending = self.pending, ()
            self._trade(number, orders, late=True)
        where = partial(self.tape.where, number)
        orders, wait = asked(self.strategy, self._state(number, equity), where)
        if self.shown != self.book:
            raise altered(self.strategy, where(), "book")
        if wait is not None:
            self.counts[f"waited: {wait.reason}"] += 1
            self.waits[wait.reason] = wait.said or wait.reason
        if orders and self.rules.delay:
            self.pending = orders
        elif orders:
            self._trade(number, orders, late=False)

    def _state(self, number: int, equity: float) -> State:
        value = partial(self._worth, number)
        options, outrights = (self.own.half(half, value) for half in ("options", "linear"))
        return State(
            _chain=self.tape.shared_chain(number),
            book=self._copy(),
            overlay=self.own.shown(),
            opened=min(self.own.opened.values(), default=None),
            cost=options.cost + outrights.cost,
            value=options.value + outrights.value,
            equity=equity,
            _halves=(options, outrights),
            _stamps=self.tape.stamps[self.first : number + 1],
            spot=self.tape.spot[self.first : number + 1].copy(),  # a slice would lead to the whole tape
            entries=tuple(self.entries),
        )

    def _copy(self) -> Book:
        """The book in a copy down to its contracts, made once for each book: what a strategy does to it stays there."""
        if self.shown is None or self.shown_of is not self.book:
            self.shown, self.shown_of = copy.deepcopy(self.book), self.book
        return self.shown

    def _trade(self, number: int, orders: Sequence[Order], *, late: bool) -> None:
        """Trade a package whole, cut in proportion, or not at all."""
        held: dict[str | Instrument, float] = defaultdict(float)
        for item in self.book.holdings:
            held[key_of(item.instrument)] += at_price(item, float(self.tape.spot[number]))
        fills: list[Fill] = []
        for order in orders:
            mine = held[key_of(order.instrument)]
            found = fill(self.tape, self.marker, number, order, mine, self.rules, late=late)
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
        fees = []
        for leg, kind, where in split(self.book, found.leg):
            self.book, flow, fee = traded(self.book, leg, where)
            cost = abs(leg.units) * leg.half_spread
            self._enter(time, kind, leg.instrument, leg.quantity, flow, spot, cost)
            if fee.coin or fee.money:
                self._enter(time, "fee", leg.instrument, leg.quantity, fee, spot)
            fees.append(fee)
        self.own.trade(
            time,
            found.leg,
            replace(fees[0], coin=sum(fee.coin for fee in fees), money=sum(fee.money for fee in fees)),
        )

    # --- bookkeeping -----------------------------------------------------------------------------------

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
        for kind, flow in ended(kinds, flows):
            quantity = -at_price(held, flows[0].price)
            self._enter(time, kind, held.instrument, quantity, flow, index, source=source)
            self.book = flow.into(self.book, self.tape.asset, held.account)

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

    def _worth(self, number: int, held: Holding) -> float:
        """What a holding is worth at its mark, of a perpetual or future its gain. [money]"""
        return worth(held, self.marker.mark(number, held).price, float(self.tape.spot[number]))

    def _value(self, number: int) -> tuple[float, dict[str, float]]:
        """Equity and its parts in money at a snapshot."""
        parts = {"options": 0.0, "linear": 0.0}
        for held in self.book.holdings:
            if not isinstance(held.instrument, Spot):
                parts[half_of(held.instrument)] += self._worth(number, held)
        coins = coins_of(self.book) * float(self.tape.spot[number])
        return self.book.cash + coins + sum(parts.values()), parts

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
        if self.watch is None and self.unmargined is None and could_owe(self.book, spot):
            self.unmargined = self.tape.stamps[number]
        self.points.append(
            Point(self.tape.stamps[number], spot, equity, coins_of(self.book), self.book.cash, **parts)
        )


def _expiry(held: Holding) -> pd.Timestamp:
    expiry: Any = getattr(held.instrument, "expiry")  # noqa: B009 - only options and futures come here
    return pd.Timestamp(expiry)

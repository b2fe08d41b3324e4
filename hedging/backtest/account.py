"""The margin account of a replay: the price at which it is liquidated, and what goes when it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hedging.backtest.marks import Marker
from hedging.backtest.positions import Flow, closed_linear
from hedging.backtest.rules import Rules
from hedging.backtest.tape import Tape
from hedging.book import Book, Holding
from hedging.margin import Liquidation, MarginModel, assess, liquidation_price
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Market

__all__ = ["EXHAUSTED", "Forced", "Watch", "liquidate"]


EXHAUSTED = "account below its maintenance margin at the first snapshot"


@dataclass(frozen=True, slots=True)
class Forced:
    """One position that the venue closes: at which index, what it pays out, what the liquidation costs."""

    held: Holding
    index: float
    flow: Flow
    fee: Flow


@dataclass(slots=True)
class Watch:
    """An account model, and the liquidation prices of the book as it stood after the last snapshot's trades."""

    model: MarginModel
    at: Liquidation | None = None

    def set(self, book: Book, market: Market) -> None:
        """Look up where this book would be liquidated; a book that owes nothing never is."""
        self.at = liquidation_price(book, market, self.model) if _owes(book) else None

    def exhausted(self, book: Book, market: Market) -> bool:
        """Whether the account does not cover its requirement as it stands."""
        return _owes(book) and not assess(book, market, self.model).headroom[0] > 0.0

    def price(self, spot: float) -> float | None:
        """The liquidation price that the index has reached since, None if it has reached none."""
        if self.at is None:
            return None
        down, up = self.at.down, self.at.up
        if down is not None and spot <= down:
            return down
        return up if up is not None and spot >= up else None


def _owes(book: Book) -> bool:
    return any(
        isinstance(held.instrument, Perpetual | Future)
        or (isinstance(held.instrument, Option) and held.quantity < 0.0)
        for held in book.holdings
    )


def liquidate(
    watch: Watch, book: Book, marker: Marker, tape: Tape, number: int, rules: Rules
) -> Iterator[Forced]:
    """What the account loses at a snapshot, in the order in which it goes.

    Perpetuals and futures go whole, at the liquidation price that the index has crossed since the last
    snapshot, or at the index where vol, funding or expiries alone exhausted the account. Short options follow at
    the ask, or at the mark where there is none, if that was not enough.
    """
    if not _owes(book):
        return
    spot = float(tape.spot[number])
    price = watch.price(spot)
    market = marker.market(number)
    if price is None and not watch.exhausted(book, market):
        return
    at = spot if price is None else price
    for held in book.holdings:
        if isinstance(held.instrument, Perpetual | Future):
            forced = _closed(held, at, rules)
            book = _without(book, forced, tape.asset)
            yield forced
    for held in book.holdings:
        if isinstance(held.instrument, Option) and held.quantity < 0.0:
            if assess(book, market, watch.model).headroom[0] > 0.0:
                return
            forced = _bought_back(held, marker, tape, number, rules)
            book = _without(book, forced, tape.asset)
            yield forced


def _without(book: Book, forced: Forced, asset: str) -> Book:
    """The book without a position that was closed."""
    left = [item for item in book.holdings if item is not forced.held]
    book = Book(left, cash=book.cash, numeraire=book.numeraire)
    return forced.fee.into(forced.flow.into(book, asset), asset)


def _closed(held: Holding, price: float, rules: Rules) -> Forced:
    coin = getattr(held.instrument, "settlement", "cash") == "coin"
    # A coin-settled contract is a fixed amount of money: units at entry.
    notional = abs(held.units) * (held.entered if coin else price)
    paid = rules.liquidation_fee * notional
    fee = Flow(-paid / price if coin else 0.0, 0.0 if coin else -paid, rules.liquidation_fee)
    return Forced(held, price, closed_linear(held, held.quantity, price, price), fee)


def _bought_back(held: Holding, marker: Marker, tape: Tape, number: int, rules: Rules) -> Forced:
    option, spot = held.instrument, float(tape.spot[number])
    assert isinstance(option, Option)
    quote = tape.quote(number, option.symbol)
    price = marker.mark(number, replace(held)).price if quote is None or quote.ask != quote.ask else quote.ask
    coin = option.terms.settlement == "coin"
    units, rate = abs(held.units), float(rules.option_fee(option.terms).per_unit(price, spot))
    per = spot if coin else 1.0
    flow = Flow(-units * price / per if coin else 0.0, 0.0 if coin else -units * price, price / per)
    return Forced(
        held, spot, flow, Flow(-units * rate / per if coin else 0.0, 0.0 if coin else -units * rate, rate)
    )

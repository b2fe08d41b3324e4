"""The margin accounts of a replay: the price at which each is liquidated, and what goes when it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from hedging.backtest.marks import Marker
from hedging.backtest.owing import owes
from hedging.backtest.positions import Flow, closed_linear
from hedging.backtest.rules import Rules
from hedging.backtest.tape import Tape
from hedging.book import Book, Holding
from hedging.book.linear import notional
from hedging.margin import Liquidation, Margin, MarginModel, liquidation_price, rules_of
from hedging.margin.cross import OneModel, Segregated
from hedging.margin.whole import WholeAccount, by_purse
from hedging.market.contracts import Future, Option, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import today

__all__ = ["EXHAUSTED", "Forced", "Watch", "liquidate", "without_transfers"]


EXHAUSTED = "account below its maintenance margin at the first snapshot"


@dataclass(frozen=True, slots=True)
class Forced:
    """One position that the venue closes: at which index, what it pays out, what the liquidation costs."""

    held: Holding
    index: float
    flow: Flow
    fee: Flow


Purse: TypeAlias = tuple[str, str]
"""Name of an account, and of the purse in it; empty where it has but one."""
Pricing: TypeAlias = Callable[[Book], Market]
"""The market of a snapshot that part of a book needs; see `hedging.backtest.marks.Marker.market_for`."""


@dataclass(slots=True)
class Watch:
    """The rules of the accounts, and where each would be liquidated as it stood after the last snapshot's trades.

    Attributes
    ----------
    model : MarginModel or None
        Rules of every account; None for those that each declares.
    at : dict of (str, str) to Liquidation
        By account and purse, of those that owe something.
    """

    model: MarginModel | None
    at: dict[Purse, Liquidation] = field(default_factory=dict)

    def parts(self, book: Book) -> dict[Purse, Book]:
        """What is margined together, by account and purse; all of the book, named by nothing, where it declares none."""
        if not book.accounts:
            return {("", ""): book}
        found: dict[Purse, Book] = {}
        for declared in book.accounts:
            part = book.account(declared.name)
            apart = self.model is None and isinstance(rules_of(declared, book.assets), Segregated)
            purses = by_purse(part) if apart else {"": part}
            found |= {(declared.name, purse): each for purse, each in purses.items()}
        return found

    def set(self, book: Book, pricing: Pricing) -> None:
        """Look up where the accounts would be liquidated; one that owes nothing never is."""
        self.at = {
            purse: liquidation_price(part, pricing(part), self.model)
            for purse, part in self.parts(book).items()
            if owes(part)
        }

    def exhausted(self, book: Book, pricing: Pricing) -> bool:
        """Whether an account does not cover its requirement as it stands."""
        return any(self.short(part, pricing) for part in self.parts(book).values())

    def short(self, part: Book, pricing: Pricing) -> bool:
        """Whether one account does not."""
        if not owes(part):
            return False
        margins = self._margins(part, pricing(part), every=False).values()
        return not all(margin.headroom[0] > 0.0 for margin in margins)

    def room(self, part: Book, market: Market) -> dict[str, float]:
        """What one account has above its initial margin, purse by purse. [of the purse]"""
        margins = self._margins(part, market, every=True)
        return {purse: float((margin.balance - margin.initial)[0]) for purse, margin in margins.items()}

    def _margins(self, part: Book, market: Market, *, every: bool) -> dict[str, Margin]:
        """Balance and requirements of one account, purse by purse."""
        whole = WholeAccount.of(part, {market.asset: market})
        declared = whole.declared
        if self.model is not None:
            purses = whole.margins(
                OneModel(self.model, declared.haircuts if declared else {}), {market.asset: today()}
            )
        else:
            assert declared is not None  # a replay watches nothing where neither says by which rules
            rules = rules_of(declared, [market.asset])
            purses = whole.margins(rules, {market.asset: today()}, every=every)
        return {purse: margins[0] for purse, margins in purses.items()}

    def price(self, purse: Purse, spot: float) -> float | None:
        """The liquidation price of an account that the index has reached since, None if it has reached none."""
        if purse not in self.at:
            return None
        down, up = self.at[purse].down, self.at[purse].up
        if down is not None and spot <= down:
            return down
        return up if up is not None and spot >= up else None

    def said(self, book: Book) -> str:
        """By which rules which accounts are margined, in words."""
        named = ", ".join(f"{each.name} ({each.model})" for each in book.accounts)
        if self.model is None:
            return f"{named}: by the rules that the book declares"
        given = (
            f"{type(self.model).__name__} as of {self.model.as_of}" if hasattr(self.model, "as_of") else ""
        )
        rules = f"by the rules given ({given or type(self.model).__name__})"
        return f"{named}: {rules} instead of its own" if named else f"all of the book: {rules}"


def without_transfers(book: Book) -> Book:
    """The book without what moves between its accounts, which margin would count a second time."""
    return Book(
        book.holdings, cash=book.cash, numeraire=book.numeraire, accounts=book.accounts, orders=book.orders
    )


def liquidate(
    watch: Watch, book: Book, marker: Marker, tape: Tape, number: int, rules: Rules
) -> Iterator[Forced]:
    """What the accounts lose at a snapshot, in the order in which it goes; what lies in none is left alone.

    Perpetuals and futures go whole, at the liquidation price that the index has crossed since the last
    snapshot, or at the index where vol, funding or expiries alone exhausted the account. Short options follow at
    the ask, or at the mark where there is none, if that was not enough.
    """
    for purse in watch.parts(book):
        for forced in _liquidated(watch, purse, book, marker, tape, number, rules):
            book = _without(book, forced, tape.asset)
            yield forced


def _liquidated(
    watch: Watch, purse: Purse, book: Book, marker: Marker, tape: Tape, number: int, rules: Rules
) -> Iterator[Forced]:
    """What one account, or one purse of it, loses."""
    part = watch.parts(book)[purse]
    if not owes(part):
        return
    spot = float(tape.spot[number])
    price = watch.price(purse, spot)
    pricing = partial(marker.market_now, number)
    if price is None and not watch.short(part, pricing):
        return
    # A liquidation price was reached on the way here, from the state in which it was found.
    at, basis_of = (spot, number) if price is None else (price, number - 1)
    for held in part.holdings:
        if isinstance(held.instrument, Perpetual | Future):
            # A dated future is closed at its own price, which is the index and its basis.
            basis = marker.mark(basis_of, held).price / float(tape.spot[basis_of])
            forced = _closed(held, at, at * basis, rules)
            part = _without(part, forced, tape.asset)
            yield forced
    for held in part.holdings:
        if isinstance(held.instrument, Option) and held.quantity < 0.0:
            if not watch.short(part, pricing):
                return
            forced = _bought_back(held, marker, tape, number, rules)
            part = _without(part, forced, tape.asset)
            yield forced


def _without(book: Book, forced: Forced, asset: str) -> Book:
    """The book without a position that was closed, its flows in the account where it lay."""
    left = [item for item in book.holdings if item is not forced.held]
    book, where = book.like(left, book.cash, book.accounts), forced.held.account
    return forced.fee.into(forced.flow.into(book, asset, where), asset, where)


def _closed(held: Holding, index: float, price: float, rules: Rules) -> Forced:
    item = held.instrument
    assert isinstance(item, Perpetual | Future)
    paid = rules.liquidation_fee * abs(held.units) * notional(item, held.entered, price)
    coin = item.settlement == "coin"
    fee = Flow(-paid / price if coin else 0.0, 0.0 if coin else -paid, rules.liquidation_fee)
    return Forced(held, index, closed_linear(held, held.quantity, price, index), fee)


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

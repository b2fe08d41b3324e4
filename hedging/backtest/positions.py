"""Flows of a trade and of a settlement: the book after them, and what the ledger writes down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from hedging.backtest.ledger import Kind
from hedging.backtest.rules import Rules
from hedging.book import Book, Holding
from hedging.book.expired import payoff_per_unit
from hedging.book.holding import merged
from hedging.book.legs import Leg
from hedging.book.linear import notional
from hedging.market.contracts import Future, Instrument, Option, Perpetual

__all__ = [
    "Flow",
    "Part",
    "at_price",
    "closed_linear",
    "ended",
    "funded",
    "half_of",
    "settled",
    "split",
    "traded",
    "worth",
]

DUST = 1e-11  # of a position: the quantity of a leg has twelve digits

Linear: TypeAlias = Perpetual | Future


@dataclass(frozen=True, slots=True)
class Flow:
    """What comes in (> 0) or goes out in one event.

    Attributes
    ----------
    coin, money : float
        [coins], [money]
    price : float
        As the venue quotes it.
    """

    coin: float
    money: float
    price: float

    def into(self, book: Book, asset: str, where: str) -> Book:
        """The book with this flow in the balances of the account `where`; empty for what lies in none."""
        holdings = list(book.holdings)
        if self.coin:
            coins = Holding.spot(asset, self.coin).in_account(where)
            mine = (
                held.instrument == coins.instrument and (held.account == where or not book.accounts)
                for held in holdings
            )
            place = next((k for k, found in enumerate(mine) if found), None)
            if place is None:
                holdings.append(coins)
            else:
                holdings[place] = replace(holdings[place], quantity=holdings[place].quantity + self.coin)
        accounts = (
            replace(each, cash=each.cash + self.money) if each.name == where else each
            for each in book.accounts
        )
        return book.like(holdings, book.cash + self.money, accounts)

    def at(self, index: float) -> float:
        """The flow in coins at an index price."""
        return self.coin + self.money / index


def worth(held: Holding, price: float, spot: float) -> float:
    """Value of an option at its mark, or of a perpetual or future at its price. [money]"""
    item = held.instrument
    if isinstance(item, Option):
        return held.units * price
    if isinstance(item, Perpetual | Future) and item.settlement == "coin":
        return held.units * spot * (1.0 - held.entered / price)  # a gain in coin, worth the spot
    return held.units * (price - held.entered)


def at_price(held: Holding, price: float) -> float:
    """Quantity of an order at a price that stands for what is held, its sign kept.

    Of a coin-settled perpetual or future that is the quantity of the same money, which is what a venue counts: `q`
    units at `P` close ``q * P / entry`` units that were entered at `entry`. With the gain that this pays out in coin,
    the delta of the book moves by `q`. Anything else is counted alike at every price.
    """
    item = held.instrument
    if not isinstance(item, Perpetual | Future):
        return held.quantity
    return held.quantity * notional(item, held.entered, price) / price


def funded(held: Holding, share: float, spot: float) -> Flow:
    """What a perpetual pays or receives where longs pay a share of what it stands for."""
    item = held.instrument
    assert isinstance(item, Perpetual)
    paid = -held.units * notional(item, held.entered, spot) * share
    coin = item.settlement == "coin"
    return Flow(paid / spot if coin else 0.0, 0.0 if coin else paid, share)


def settled(held: Holding, price: float, rules: Rules) -> tuple[Flow, Flow]:
    """What a contract pays at a delivery price, and the fee of the delivery."""
    item = held.instrument
    if not isinstance(item, Option):
        flow = closed_linear(held, held.quantity, price, price)
        return flow, Flow(0.0, 0.0, 0.0)
    coin = item.terms.settlement == "coin"
    payoff = payoff_per_unit(item, price)
    rate = float(rules.settlement_fee(item.terms).per_unit(payoff, 1.0 if coin else price)) if payoff else 0.0
    return _flow(held.units * payoff, payoff, coin=coin), _flow(-abs(held.units) * rate, rate, coin=coin)


def ended(kinds: tuple[Kind, Kind], flows: tuple[Flow, Flow]) -> Iterator[tuple[Kind, Flow]]:
    """What the ledger writes down of a position that ends: what it paid, and its fee where there is one."""
    (what, paid), (charge, fee) = zip(kinds, flows, strict=True)
    yield what, paid
    if fee.coin or fee.money:
        yield charge, fee


def closed_linear(held: Holding, quantity: float, price: float, spot: float) -> Flow:
    """The gain that closing `quantity` contracts of a perpetual or future at a price pays out."""
    item = held.instrument
    assert isinstance(item, Perpetual | Future)
    part = replace(held, quantity=quantity)
    gain = worth(part, price, spot)
    coin = item.settlement == "coin"
    return Flow(gain / spot if coin else 0.0, 0.0 if coin else gain, price)


class Part(NamedTuple):
    """Part of a trade: what opens or what closes, in one account."""

    leg: Leg
    kind: Kind
    where: str


def split(book: Book, leg: Leg) -> list[Part]:
    """A trade as the parts that close what is held, in the accounts where it lies, and the part that opens."""
    held = sum(at_price(item, leg.price) for item in book.holdings if item.instrument == leg.instrument)
    if held * leg.quantity >= 0.0:
        return [Part(leg, "open", book.account_of(leg.instrument))]
    if abs(leg.quantity) <= abs(held) * (1.0 + DUST):
        return list(_closing(book, leg))
    rest = replace(leg, quantity=round(leg.quantity + held, 12))
    opened = Part(rest, "open", book.account_of(leg.instrument))
    return [*_closing(book, replace(leg, quantity=-held)), opened]


def _closing(book: Book, leg: Leg) -> Iterator[Part]:
    """The parts of a close: first in the account that orders are traded in, then in the others."""
    home = book.account_of(leg.instrument)
    held: dict[str, float] = {}
    for item in book.holdings:
        if item.instrument == leg.instrument:
            held[item.account] = held.get(item.account, 0.0) + at_price(item, leg.price)
    left = leg.quantity
    for where in sorted(held, key=lambda name: name != home):
        if held[where] * left < 0.0:
            part = -held[where] if abs(held[where]) < abs(left) * (1.0 - DUST) else left
            yield Part(replace(leg, quantity=part), "close", where)
            left = round(left - part, 12)


def traded(book: Book, leg: Leg, where: str) -> tuple[Book, Flow, Flow]:
    """The book after one trade in one account that opens or closes, its flow and its fee."""
    item = leg.instrument
    opposite = [
        held
        for held in book.holdings
        if held.instrument == item and held.account == where and held.quantity * leg.quantity < 0
    ]
    if isinstance(item, Perpetual | Future) and opposite:
        book, flow = _closed(book, leg, opposite, where)
        fee = _fee(leg)
        return fee.into(book, item.asset, where), flow, fee
    premium = -leg.units * leg.price
    if isinstance(item, Perpetual | Future):
        flow = Flow(0.0, 0.0, leg.price)
    elif isinstance(item, Option):
        flow = _flow(premium / leg.spot if leg.pays_coin else premium, leg.quoted_price, coin=leg.pays_coin)
    else:
        flow = Flow(leg.units, premium, leg.price)
    return book.executed(leg, where), flow, _fee(leg)


def _fee(leg: Leg) -> Flow:
    """The fee of a leg."""
    paid = abs(leg.units) * leg.fee
    return _flow(-paid / leg.spot if leg.pays_coin else -paid, leg.fee, coin=leg.pays_coin)


def _closed(book: Book, leg: Leg, opposite: list[Holding], where: str) -> tuple[Book, Flow]:
    """Close perpetuals or futures against a leg, the oldest first: the book, and their gain."""
    item = leg.instrument
    assert isinstance(item, Perpetual | Future)
    left, coin, money = -leg.quantity, 0.0, 0.0
    dust = DUST * abs(leg.quantity)  # what its digits leave, however small the last lot
    holdings = list(book.holdings)
    for held in opposite:
        size = at_price(held, leg.price)
        whole = abs(size) <= abs(left) + dust
        part = held.quantity if whole else held.quantity * left / size
        flow = closed_linear(held, part, leg.price, leg.spot)
        coin, money, left = coin + flow.coin, money + flow.money, left - (size if whole else left)
        place = next(k for k, each in enumerate(holdings) if each is held)
        rest = held.quantity - part
        holdings[place : place + 1] = [replace(held, quantity=rest)] if abs(rest) > DUST else []
        if abs(left) <= dust:
            break
    else:  # more than lies in this account
        holdings = list(merged(holdings, Holding(item, -left, leg.price, where)))
    flow = Flow(coin, money, leg.price)
    return flow.into(book.like(holdings, book.cash, book.accounts), item.asset, where), flow


def _flow(amount: float, price: float, *, coin: bool) -> Flow:
    return Flow(amount if coin else 0.0, 0.0 if coin else amount, price)


def half_of(item: Instrument) -> str:
    """Which half of an overlay a contract belongs to."""
    return "options" if isinstance(item, Option) else "linear"

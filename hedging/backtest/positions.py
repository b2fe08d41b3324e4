"""Flows of a trade and of a settlement: the book after them, and what the ledger writes down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from hedging.backtest.ledger import Kind
from hedging.backtest.rules import Rules
from hedging.book import Book, Holding
from hedging.book.expired import payoff_per_unit
from hedging.book.legs import Leg
from hedging.market.contracts import Future, Option, Perpetual

__all__ = ["Flow", "closed_linear", "settled", "split", "traded", "worth"]

DUST = 1e-12  # of a position

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

    def into(self, book: Book, asset: str) -> Book:
        """The book with this flow in its balances."""
        holdings = list(book.holdings)
        if self.coin:
            coins = Holding.spot(asset, self.coin)
            place = next((k for k, held in enumerate(holdings) if held.instrument == coins.instrument), None)
            if place is None:
                holdings.append(coins)
            else:
                holdings[place] = replace(holdings[place], quantity=holdings[place].quantity + self.coin)
        return Book(holdings, cash=book.cash + self.money, numeraire=book.numeraire)

    def at(self, index: float) -> float:
        """The flow in coins at an index price."""
        return self.coin + self.money / index


def worth(held: Holding, price: float, spot: float) -> float:
    """Value of an option at its mark, or of a perpetual or future at its price. [money]"""
    item = held.instrument
    if isinstance(item, Option):
        return held.units * price
    if isinstance(item, Future) and item.settlement == "coin":
        return held.units * spot * (1.0 - held.entered / price)  # a gain in coin, worth the spot
    return held.units * (price - held.entered)


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


def closed_linear(held: Holding, quantity: float, price: float, spot: float) -> Flow:
    """The gain that closing `quantity` contracts of a perpetual or future at a price pays out."""
    item = held.instrument
    assert isinstance(item, Perpetual | Future)
    part = replace(held, quantity=quantity)
    gain = worth(part, price, spot)
    coin = item.settlement == "coin"
    return Flow(gain / spot if coin else 0.0, 0.0 if coin else gain, price)


def split(book: Book, leg: Leg) -> list[tuple[Leg, Kind]]:
    """A trade as the part that closes what is held and the part that opens."""
    held = sum(item.quantity for item in book.holdings if item.instrument == leg.instrument)
    if held * leg.quantity >= 0.0:
        return [(leg, "open")]
    if abs(leg.quantity) <= abs(held) * (1.0 + DUST):
        return [(leg, "close")]
    rest = round(leg.quantity + held, 12)
    return [(replace(leg, quantity=-held), "close"), (replace(leg, quantity=rest), "open")]


def traded(book: Book, leg: Leg) -> tuple[Book, Flow, Flow]:
    """The book after one trade that opens or closes, its flow and its fee."""
    item = leg.instrument
    paid = abs(leg.units) * leg.fee
    fee = _flow(-paid / leg.spot if leg.pays_coin else -paid, leg.fee, coin=leg.pays_coin)
    if not isinstance(item, Perpetual | Future):
        premium = -leg.units * leg.price
        if isinstance(item, Option):
            flow = _flow(
                premium / leg.spot if leg.pays_coin else premium, leg.quoted_price, coin=leg.pays_coin
            )
        else:
            flow = Flow(leg.units, premium, leg.price)
        return book + [leg], flow, fee
    opposite = [
        held for held in book.holdings if held.instrument == item and held.quantity * leg.quantity < 0
    ]
    if not opposite:
        return book + [leg], Flow(0.0, 0.0, leg.price), fee
    book, flow = _closed(book, leg, opposite)
    return fee.into(book, item.asset), flow, fee


def _closed(book: Book, leg: Leg, opposite: list[Holding]) -> tuple[Book, Flow]:
    """Close perpetuals or futures against a leg, the oldest first, and pay out their gain."""
    left, coin, money = -leg.quantity, 0.0, 0.0
    holdings = list(book.holdings)
    for held in opposite:
        part = held.quantity if abs(held.quantity) <= abs(left) else left
        flow = closed_linear(held, part, leg.price, leg.spot)
        coin, money, left = coin + flow.coin, money + flow.money, left - part
        place = next(k for k, item in enumerate(holdings) if item is held)
        rest = held.quantity - part
        holdings[place : place + 1] = [replace(held, quantity=rest)] if abs(rest) > DUST else []
        if abs(left) <= DUST:
            break
    flow = Flow(coin, money, leg.price)
    return flow.into(Book(holdings, cash=book.cash, numeraire=book.numeraire), leg.instrument.asset), flow


def _flow(amount: float, price: float, *, coin: bool) -> Flow:
    return Flow(amount if coin else 0.0, 0.0 if coin else amount, price)

"""`Entry`: one cash flow; what the flows add up to, and the proof that they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypeAlias

import pandas as pd

from hedging._ground.shown import Shown
from hedging.book import Book
from hedging.errors import SolverError
from hedging.market.contracts import Future, Instrument, Option, Perpetual, Spot

__all__ = ["Entry", "Kind", "Running", "coins_of", "key_of", "ledger_frame"]

Kind: TypeAlias = Literal[
    "open", "close", "settle", "fee", "delivery fee", "funding", "liquidation", "liquidation fee"
]

MOVES_POSITION = frozenset({"open", "close", "settle", "liquidation"})
COIN_TOLERANCE = 1e-9  # coins
MONEY_TOLERANCE = 0.005  # half a cent
QUANTITY_TOLERANCE = 1e-9  # contracts
ROUNDING = 1e-12  # of the sums, what floats leave of large ones


@dataclass(frozen=True, slots=True, repr=False)
class Entry(Shown):
    """One cash flow.

    Attributes
    ----------
    time : Timestamp
        UTC; of a settlement the expiry itself.
    kind : str
        open, close, settle, fee, delivery fee, funding, liquidation, liquidation fee.
    instrument : str
        Its symbol.
    quantity : float
        Signed contracts that change hands, > 0 bought; of a fee or funding, those it is paid on. Of a coin-settled
        perpetual or future units at `price`: times it, the money that a venue states; of funding units as entered.
    price : float
        As the venue quotes it: coin per unit for coin-settled options, else money per unit; of funding the
        share of spot.
    coin, money : float
        What comes in (> 0) or goes out. [coins], [money]
    index : float
        Index price at the time, the delivery price at a settlement. [money]
    half_spread : float
        What crossing the spread cost in this trade; no flow of its own. [money]
    source : str
        Where a delivery price comes from; else empty.
    """

    time: pd.Timestamp
    kind: Kind
    instrument: str
    quantity: float
    price: float
    coin: float
    money: float
    index: float
    half_spread: float = 0.0
    source: str = ""

    @property
    def value(self) -> float:
        """The flow in money at its own time. [money]"""
        return self.coin * self.index + self.money

    @property
    def outright_units(self) -> float:
        """Units of underlying by which a trade in a perpetual or future changes those held, as they were entered.

        What closes a coin-settled one at another price than its entry moves the rest of its quantity as coins.
        """
        return self.quantity - self.coin


def ledger_frame(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row a cash flow, in the columns of `Entry`."""
    columns = [each.name for each in fields(Entry)]
    table = pd.DataFrame([asdict(entry) for entry in entries], columns=columns)
    return table.astype({"time": "datetime64[ns, UTC]"}) if len(table) else table


def coins_of(book: Book) -> float:
    """Coins held. [units]"""
    return sum(held.units for held in book.holdings if isinstance(held.instrument, Spot))


@dataclass(slots=True)
class _Position:
    """One contract as the ledger knows it: its net size, and what that stands against.

    Attributes
    ----------
    size : float
        Contracts; money of a coin-settled perpetual or future.
    against : float
        Of perpetuals and futures what was paid for the size, gains paid out included: money, or coins where it
        settles in them.
    """

    item: Instrument
    size: float = 0.0
    against: float = 0.0

    def worth(self, price: float, index: float) -> float:
        """Value at a mark. [money]"""
        if isinstance(self.item, Option):
            return self.size * self.item.terms.multiplier * price
        if _in_coin(self.item):
            return index * (self.against - (self.size / price if self.size else 0.0))
        return self.size * price - self.against


class Running:
    """What the ledger says is held: kept from its entries alone, never from the book that it is compared with."""

    def __init__(self, book: Book) -> None:
        self.coins = coins_of(book)
        self.money = book.cash
        self.positions: dict[str | Instrument, _Position] = {}
        for held in book.holdings:
            if not isinstance(held.instrument, Spot):
                self._moved(held.instrument, held.quantity, held.entry or 0.0)

    def _moved(
        self, item: Instrument, quantity: float, price: float, coin: float = 0.0, money: float = 0.0
    ) -> None:
        found = self.positions.setdefault(key_of(item), _Position(item))
        found.size += _size(item, quantity, price)
        if _in_coin(item):
            found.against += quantity - coin
        elif not isinstance(item, Option):
            found.against += quantity * price + money
        if max(abs(found.size), abs(found.against)) <= QUANTITY_TOLERANCE:
            del self.positions[key_of(item)]

    def add(self, entry: Entry, item: Instrument) -> None:
        """Take in one entry; a trade in the coin itself moves coins, no position."""
        self.coins += entry.coin
        self.money += entry.money
        if entry.kind in MOVES_POSITION and not isinstance(item, Spot):
            self._moved(item, entry.quantity, entry.price, entry.coin, entry.money)

    def check(
        self, book: Book, prices: Mapping[str, float], equity: float, index: float, where: Callable[[], str]
    ) -> None:
        """Hold the ledger against the book: coins, money, every position, and equity at the marks `prices`.

        Raises
        ------
        SolverError
            If start, flows and marks do not add up to the equity: to 1e-9 coins, and to the cent.
        """
        held: dict[str | Instrument, float] = {}
        for holding in book.holdings:
            item = holding.instrument
            if not isinstance(item, Spot):
                size = _size(item, holding.quantity, holding.entry or 0.0)
                held[key_of(item)] = held.get(key_of(item), 0.0) + size
        gaps = [
            ("coins", self.coins, coins_of(book), COIN_TOLERANCE),
            ("money", self.money, book.cash, MONEY_TOLERANCE),
        ]
        for key in sorted(held.keys() | self.positions.keys(), key=_symbol):
            mine = self.positions[key].size if key in self.positions else 0.0
            money = not isinstance(key, str) and _in_coin(key)
            what, tolerance = ("money", MONEY_TOLERANCE) if money else ("contracts", QUANTITY_TOLERANCE)
            gaps.append((f"{what} of {_symbol(key)}", mine, held.get(key, 0.0), tolerance))
        marks = sum(
            each.worth(prices.get(_symbol(key), index), index) for key, each in self.positions.items()
        )
        total = self.coins * index + self.money + marks
        gaps.append(("equity", total, equity, MONEY_TOLERANCE))
        gaps.append(("equity in coin", total / index, equity / index, COIN_TOLERANCE))
        for name, ledger, found, tolerance in gaps:
            if not abs(ledger - found) <= tolerance + ROUNDING * (abs(ledger) + abs(found)):
                raise SolverError(
                    f"the ledger does not reconcile at {where()}: start and flows give {name} {ledger!r}, the book "
                    f"{found!r}. This is an error of the library: please report it."
                )


def _in_coin(item: Instrument) -> bool:
    """Whether it is a perpetual or future whose gain is paid in coin, which venues size in money."""
    return isinstance(item, Perpetual | Future) and item.settlement == "coin"


def _size(item: Instrument, quantity: float, price: float) -> float:
    return quantity * price if _in_coin(item) else quantity


def key_of(item: Instrument | str) -> str | Instrument:
    """By what a position is known: those in coin and in cash have the same symbol where they are no options."""
    return item.symbol if isinstance(item, Option) else item


def _symbol(key: str | Instrument) -> str:
    return key if isinstance(key, str) else key.symbol

"""`Entry`: one cash flow; what the flows add up to, and the proof that they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal, TypeAlias

import pandas as pd

from hedging._ground.shown import Shown
from hedging.book import Book
from hedging.errors import SolverError
from hedging.market.contracts import Future, Instrument, Option, Spot

__all__ = ["Entry", "Kind", "Running", "coins_of", "ledger_frame"]

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
        Signed contracts that change hands, > 0 bought; of a fee or funding, those it is paid on.
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
    """One contract as the ledger knows it: net quantity, what it was bought for, what its gains have paid out."""

    item: Instrument
    quantity: float = 0.0
    bought: float = 0.0  # sum of quantity times price, of perpetuals and futures
    paid_out: float = 0.0  # [money], at the index of each time

    def worth(self, price: float) -> float:
        """Value at a mark, but for futures settled in coin, whose gain is no difference of prices. [money]"""
        if isinstance(self.item, Option):
            return self.quantity * self.item.terms.multiplier * price
        return self.quantity * price - self.bought - self.paid_out


class Running:
    """What the ledger says is held: kept from its entries alone, never from the book that it is compared with."""

    def __init__(self, book: Book) -> None:
        self.coins = coins_of(book)
        self.money = book.cash
        self.positions: dict[str, _Position] = {}
        for held in book.holdings:
            if not isinstance(held.instrument, Spot):
                self._moved(held.instrument, held.quantity, held.entry or 0.0, 0.0)

    def _moved(self, item: Instrument, quantity: float, price: float, paid_out: float) -> None:
        found = self.positions.setdefault(item.symbol, _Position(item))
        found.quantity += quantity
        if not isinstance(item, Option):
            found.bought += quantity * price
            found.paid_out += paid_out
        if abs(found.quantity) <= QUANTITY_TOLERANCE:
            del self.positions[item.symbol]

    def add(self, entry: Entry, item: Instrument) -> None:
        """Take in one entry; a trade in the coin itself moves coins, no position."""
        self.coins += entry.coin
        self.money += entry.money
        if entry.kind in MOVES_POSITION and not isinstance(item, Spot):
            self._moved(item, entry.quantity, entry.price, entry.value)

    def check(
        self, book: Book, prices: Mapping[str, float], equity: float, index: float, where: Callable[[], str]
    ) -> None:
        """Hold the ledger against the book: coins, money, every position, and equity at the marks `prices`.

        Raises
        ------
        SolverError
            If start, flows and marks do not add up to the equity: to 1e-9 coins, and to the cent.
        """
        held: dict[str, float] = {}
        for holding in book.holdings:
            if not isinstance(holding.instrument, Spot):
                symbol = holding.instrument.symbol
                held[symbol] = held.get(symbol, 0.0) + holding.quantity
        gaps = [
            ("coins", self.coins, coins_of(book), COIN_TOLERANCE),
            ("money", self.money, book.cash, MONEY_TOLERANCE),
        ]
        for symbol in sorted(held.keys() | self.positions.keys()):
            mine = self.positions[symbol].quantity if symbol in self.positions else 0.0
            gaps.append((f"contracts of {symbol}", mine, held.get(symbol, 0.0), QUANTITY_TOLERANCE))
        if not any(_in_coin_future(each.item) for each in self.positions.values()):
            marks = sum(each.worth(prices.get(name, 0.0)) for name, each in self.positions.items())
            total = self.coins * index + self.money + marks
            gaps.append(("equity", total, equity, MONEY_TOLERANCE))
            gaps.append(("equity in coin", total / index, equity / index, COIN_TOLERANCE))
        for name, ledger, found, tolerance in gaps:
            if not abs(ledger - found) <= tolerance + ROUNDING * (abs(ledger) + abs(found)):
                raise SolverError(
                    f"the ledger does not reconcile at {where()}: start and flows give {name} {ledger!r}, the book "
                    f"{found!r}. This is an error of the library: please report it."
                )


def _in_coin_future(item: Instrument) -> bool:
    """Whether a gain is no difference of prices, so that only balances and contracts are compared."""
    return isinstance(item, Future) and item.settlement == "coin"

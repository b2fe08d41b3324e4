"""What margin rules look at: one account on one date over many scenarios, as plain arrays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.counts import without_dust
from hedging._ground.shown import Shown
from hedging._numerics.types import Array, Rows
from hedging.book.book import Book, Holding
from hedging.book.pricer import Pricer, time_left
from hedging.errors import InputError
from hedging.market.contracts import Future, Instrument, Option, Perpetual, Settlement, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.units import years

__all__ = ["Account", "Ledger", "Margin", "MarginModel", "contract_of", "is_short"]

Position: TypeAlias = tuple[Holding, ...]
"""The lots of one contract."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Account(Shown):
    """The state of an account in one asset on one date, over n scenarios.

    Attributes
    ----------
    asset : str
    spot : ndarray, shape (n,)
        [money]
    coins, cash : ndarray, shape (n,)
        Coins and money held; payoffs of what has expired on the way are among them.
    linear_amount, linear_coin : ndarray, shape (m,)
        Perpetuals and futures, one row a contract: signed size, in money where it settles in coin and in units
        of underlying elsewhere; and whether it settles in coin.
    linear_expiry : ndarray, shape (m,)
        Time left to expiry on this date, 0 for perpetuals. [years]
    linear_term : ndarray of int, shape (m,)
        Which expiry it has, by number, as in `option_term`; -1 for perpetuals.
    linear_mark, linear_gain : ndarray, shape (m, n)
        Its own price, and its gain since entry, signed, of the whole position. [money]
    option_units, option_sign, option_strike, option_coin, option_expiry, option_term : ndarray, shape (k,)
        Options that have not expired, one row a contract: signed units, +1 for calls, strike [money], settled
        in coin, time left on this date [years], and which expiry it has.
    option_forward, option_vol, option_value : ndarray, shape (k, n)
        [money], [decimal a year], value of one unit [money]
    """

    asset: str
    spot: Array
    coins: Array
    cash: Array
    linear_amount: Array
    linear_coin: npt.NDArray[np.bool_]
    linear_expiry: Array
    linear_term: Rows
    linear_mark: Array
    linear_gain: Array
    option_units: Array
    option_sign: Array
    option_strike: Array
    option_coin: npt.NDArray[np.bool_]
    option_expiry: Array
    option_term: Rows
    option_forward: Array
    option_vol: Array
    option_value: Array

    def settled_in(self, kind: Settlement) -> Account:
        """The contracts that settle in coin, with the coins; or those that settle in cash, with the money."""
        coin = kind == "coin"
        rows = {"linear": self.linear_coin == coin, "option": self.option_coin == coin}
        kept: dict[str, Any] = {
            name: getattr(self, name)[rows[name.partition("_")[0]]]
            for name in self.__slots__
            if name.startswith(("linear", "option"))
        }
        other = "cash" if coin else "coins"
        kept[other] = np.zeros_like(self.spot)
        return replace(self, **kept)

    @property
    def has_contracts(self) -> bool:
        """Whether it holds anything but coins and money."""
        return bool(self.linear_amount.any() or self.option_units.any())

    def option_equity(self) -> Array:
        """Value of all options, shape (n,). [money]"""
        return np.asarray((self.option_units[:, None] * self.option_value).sum(axis=0))

    def linear_size(self) -> Array:
        """Size of each perpetual and future at its own mark, signed, shape (m, n). [units of underlying]

        A coin-settled contract is a fixed amount of money: ``amount / mark`` coins.
        """
        amount = self.linear_amount[:, None]
        return np.where(self.linear_coin[:, None], amount / self.linear_mark, amount)

    def linear_notional(self) -> Array:
        """Size of each perpetual and future in money as its venue counts it, signed, shape (m, n). [money]

        Coins are worth spot; units of a cash-settled contract their own mark.
        """
        worth = np.where(self.linear_coin[:, None], self.spot, self.linear_mark)
        return np.asarray(self.linear_size() * worth)

    def coin_equity(self) -> Array:
        """Coins, and what inverse contracts have gained, which is paid in coin, shape (n,). [coins]"""
        return np.asarray(self.coins + self.linear_gain[self.linear_coin].sum(axis=0) / self.spot)

    def cash_equity(self) -> Array:
        """Money, and what cash-settled contracts have gained, shape (n,). [money]"""
        return np.asarray(self.cash + self.linear_gain[~self.linear_coin].sum(axis=0))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Margin(Shown):
    """What an account has and what it needs, over n scenarios.

    Attributes
    ----------
    currency : str
        The asset where the account is kept in its coin, else the quote currency.
    balance, initial, maintenance : ndarray, shape (n,)
        What counts as collateral; what opening more takes; what must stay. [currency]
    """

    currency: str
    balance: Array
    initial: Array
    maintenance: Array

    @property
    def headroom(self) -> Array:
        """Balance less maintenance; the account is liquidated where it is `short`. [currency]"""
        return self.balance - self.maintenance

    @property
    def short(self) -> npt.NDArray[np.bool_]:
        """Where it is liquidated, shape (n,)."""
        return is_short(self.balance, self.maintenance)


def is_short(balance: Array, maintenance: Array) -> npt.NDArray[np.bool_]:
    """Where a balance is not above what must stay. What needs nothing is short of nothing, but for a debt."""
    return np.asarray((balance <= maintenance) & ((maintenance > 0.0) | (balance < 0.0)))


class MarginModel(Protocol):
    """Rules of one kind of account."""

    def assess(self, account: Account) -> Margin:
        """Balance and requirements in every scenario."""


class Ledger:
    """A book prepared once, to be looked at on any date of any paths.

    Lots of one contract are one position, as at every venue: what was bought and sold again is closed.

    Parameters
    ----------
    book : Book
    market : Market
    netted : bool
        False leaves every holding a position by itself.

    Raises
    ------
    InputError
        If the book holds another asset than the market's.
    """

    def __init__(self, book: Book, market: Market, *, netted: bool = True) -> None:
        others = [asset for asset in book.assets if asset != market.asset]
        if others:
            raise InputError(
                f"a margin account here is in one asset, {market.asset}; the book also holds {', '.join(others)}."
            )
        self.market = market
        self.cash = book.cash
        self.coins = sum(held.units for held in book.holdings if isinstance(held.instrument, Spot))
        self.options = _positions(book, Option, netted)
        self.linear = _positions(book, Perpetual | Future, netted)
        held = (*self.options, *self.linear)
        self.terms = sorted({e for e in map(_expiry, held) if e is not None})
        self.times = np.array([years(market.as_of, expiry) for expiry in self.terms], dtype=float)
        self.pricer = _pricer(self.options, self.linear, market)
        self.linear_terms = self._terms(self.linear)

    def along(self, paths: Paths) -> Iterator[Account]:
        """The account on each date, over all scenarios."""
        linear = self.pricer.linear_values(paths)
        for date in range(paths.days.size):
            yield self._at(paths, date, linear[:, date])

    def at(self, paths: Paths, date: int) -> Account:
        """The account on one date, over all scenarios."""
        return self._at(paths, date, self.pricer.linear_values(paths)[:, date])

    def _at(self, paths: Paths, date: int, linear: Array) -> Account:
        spot = self.market.spot * paths.spot[:, date]
        left = time_left(self.times, float(paths.days[date]))
        options, linears = self._options(paths, date, spot, left), self._linear(spot, linear, left)
        settled = [part.pop("settled") for part in (options, linears)]
        return Account(
            asset=self.market.asset,
            spot=spot,
            coins=self.coins + sum(coin for coin, _ in settled) / spot,
            cash=self.cash + sum(money for _, money in settled),
            **options,
            **linears,
        )

    def _options(self, paths: Paths, date: int, spot: Array, left: Array) -> dict[str, Any]:
        """The columns of the options, and what those that have expired were worth, in coin and in money."""
        table, nodes = self.pricer.options, self.pricer.options_at(paths, date)
        units, term = _units(self.options), self._terms(self.options)
        alive = left[term] > 0
        paid = units[~alive, None] * nodes.value[~alive]
        return {
            "settled": _by_money(paid, table.coin[~alive], spot),
            "option_units": units[alive],
            "option_sign": table.sign[alive],
            "option_strike": table.strike[alive],
            "option_coin": table.coin[alive],
            "option_expiry": left[term[alive]],
            "option_term": term[alive],
            "option_forward": nodes.forward[alive],
            "option_vol": nodes.vol[alive],
            "option_value": nodes.value[alive],
        }

    def _linear(self, spot: Array, values: Array, left: Array) -> dict[str, Any]:
        """The columns of perpetuals and futures, and what those that have settled had gained."""
        lots = np.cumsum([0, *(len(position) for position in self.linear)])
        units = np.array([held.units for position in self.linear for held in position], dtype=float)
        gains = units[:, None] * values[: lots[-1]]
        gain = np.array([gains[a:b].sum(axis=0) for a, b in pairwise(lots)])
        gain = gain.reshape(len(self.linear), spot.size)
        coin = np.array([_in_coin(position[0]) for position in self.linear], dtype=bool)
        term, marks = self.linear_terms, np.broadcast_to(spot, gain.shape).copy()
        marks[term >= 0] = values[lots[-1] :]
        # A term of -1 reads the entry put last, that of what never expires.
        remaining = np.append(left, np.inf)[term]
        alive = remaining > 0
        return {
            "settled": _by_money(gain[~alive], coin[~alive], spot),
            "linear_amount": np.array([_amount(position) for position in self.linear], dtype=float)[alive],
            "linear_coin": coin[alive],
            "linear_expiry": np.where(term < 0, 0.0, remaining)[alive],
            "linear_term": term[alive],
            "linear_mark": marks[alive],
            "linear_gain": gain[alive],
        }

    def _terms(self, positions: Sequence[Position]) -> Rows:
        """The number of each position's expiry, -1 for perpetuals."""
        number: dict[pd.Timestamp | None, int] = {expiry: i for i, expiry in enumerate(self.terms)}
        return np.array([number.get(_expiry(position), -1) for position in positions], dtype=np.intp)


def _pricer(options: Sequence[Position], linear: Sequence[Position], market: Market) -> Pricer:
    """Options, then lots of perpetuals and futures, then the price of each dated future."""
    lots = [held for position in linear for held in position]
    dated = [e for e in map(_expiry, linear) if e is not None]
    # A future settled in money and entered at 0 is worth its own price.
    marks = [Future(market.asset, expiry, "cash") for expiry in dated]
    instruments = [*(position[0].instrument for position in options), *(held.instrument for held in lots)]
    entries = [*(position[0].entry for position in options), *(held.entry for held in lots)]
    return Pricer.of([*instruments, *marks], [*entries, *(0.0 for _ in marks)], market)


def _positions(book: Book, kind: Any, netted: bool) -> tuple[Position, ...]:
    """The lots of each contract, in the order in which contracts are first listed."""
    positions: dict[Any, list[Holding]] = {}
    for i, held in enumerate(book.holdings):
        if isinstance(held.instrument, kind):
            positions.setdefault(contract_of(held.instrument) if netted else i, []).append(held)
    return tuple(tuple(lots) for lots in positions.values())


def contract_of(item: Instrument) -> tuple[Any, ...]:
    """What makes two holdings one contract; neither the venue's name for it nor the size of a lot does."""
    if isinstance(item, Option):
        return item.flag, item.strike, item.expiry, item.terms.settlement
    return type(item), getattr(item, "expiry", None), getattr(item, "settlement", None)


def _expiry(position: Position) -> pd.Timestamp | None:
    return getattr(position[0].instrument, "expiry", None)


def _units(positions: Sequence[Position]) -> Array:
    return np.array([_net([held.units for held in position]) for position in positions], dtype=float)


def _amount(position: Position) -> float:
    """Money of a coin-settled contract, which was fixed when it was entered; units of any other."""
    coin = _in_coin(position[0])
    return _net([held.units * (held.entered if coin else 1.0) for held in position])


def _net(sizes: Sequence[float]) -> float:
    """Sum of signed sizes; what is left of a closed position by rounding is nothing."""
    return without_dust(math.fsum(sizes), math.fsum(map(abs, sizes)))


def _by_money(paid: Array, coin: npt.NDArray[np.bool_], spot: Array) -> tuple[Array, Array]:
    """Values that were paid in coin, and those paid in money, each summed. [money]"""
    nothing = np.zeros_like(spot)
    return paid[coin].sum(axis=0) + nothing, paid[~coin].sum(axis=0) + nothing


def _in_coin(holding: Holding) -> bool:
    return getattr(holding.instrument, "settlement", "cash") == "coin"

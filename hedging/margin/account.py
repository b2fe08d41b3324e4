"""What margin rules look at: one account on one date over many scenarios, as plain arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.pricer import Pricer
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths

__all__ = ["Account", "Ledger", "Margin", "MarginModel"]


@dataclass(frozen=True, slots=True, eq=False)
class Account:
    """The state of an account in one asset on one date, over n scenarios.

    Attributes
    ----------
    asset : str
    spot : ndarray, shape (n,)
        [money]
    coins, cash : ndarray, shape (n,)
        Coins and money held; payoffs of what has expired on the way are among them.
    linear_units, linear_coin : ndarray, shape (m,)
        Perpetuals and futures: units at entry, and whether they settle in coin.
    linear_entry : ndarray, shape (m,)
        [money]
    linear_expiry : ndarray, shape (m,)
        Time to expiry, 0 for perpetuals. [years]
    linear_gain : ndarray, shape (m, n)
        Gain since entry, signed, of the whole position. [money]
    option_units, option_sign, option_strike, option_coin, option_expiry : ndarray, shape (k,)
        Options that have not expired: signed units, +1 for calls, strike [money], settled in coin, time to
        expiry [years].
    option_forward, option_vol, option_value : ndarray, shape (k, n)
        [money], [decimal a year], value of one unit [money]
    """

    asset: str
    spot: Array
    coins: Array
    cash: Array
    linear_units: Array
    linear_coin: npt.NDArray[np.bool_]
    linear_entry: Array
    linear_expiry: Array
    linear_gain: Array
    option_units: Array
    option_sign: Array
    option_strike: Array
    option_coin: npt.NDArray[np.bool_]
    option_expiry: Array
    option_forward: Array
    option_vol: Array
    option_value: Array

    def linear_size(self) -> Array:
        """Size of each perpetual and future in units at the spot of each scenario, signed, shape (m, n).

        A coin-settled contract is a fixed amount of money: ``units * entry / spot`` coins.
        """
        fixed_money = (self.linear_units * self.linear_entry)[:, None] / self.spot
        return np.where(self.linear_coin[:, None], fixed_money, self.linear_units[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
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
        """Balance less maintenance; the account is liquidated where it is not above 0. [currency]"""
        return self.balance - self.maintenance


class MarginModel(Protocol):
    """Rules of one kind of account."""

    def assess(self, account: Account) -> Margin:
        """Balance and requirements in every scenario."""


class Ledger:
    """A book prepared once, to be looked at on any date of any paths."""

    def __init__(self, book: Book, market: Market) -> None:
        others = [asset for asset in book.assets if asset != market.asset]
        if others:
            raise InputError(
                f"a margin account here is in one asset, {market.asset}; the book also holds {', '.join(others)}."
            )
        self.market = market
        self.cash = book.cash
        self.coins = sum(held.units for held in book.holdings if isinstance(held.instrument, Spot))
        self.linear = [held for held in book.holdings if isinstance(held.instrument, Perpetual | Future)]
        self.options = [held for held in book.holdings if isinstance(held.instrument, Option)]
        # Options first, so that their rows are those of the pricer's table.
        instruments = [held.instrument for held in (*self.options, *self.linear)]
        entries = [held.entry for held in (*self.options, *self.linear)]
        self.pricer = Pricer.of(instruments, entries, market)

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
        table, nodes = self.pricer.options, self.pricer.options_at(paths, date)
        units, alive = _units(self.options), nodes.remaining > 0
        settled, in_coin = units[~alive, None] * nodes.value[~alive], table.coin[~alive]
        return Account(
            asset=self.market.asset,
            spot=spot,
            coins=self.coins + settled[in_coin].sum(axis=0) / spot,
            cash=self.cash + settled[~in_coin].sum(axis=0),
            linear_units=_units(self.linear),
            linear_coin=np.array([_in_coin(held) for held in self.linear], dtype=bool),
            linear_entry=np.array([held.entry for held in self.linear], dtype=float),
            linear_expiry=np.array([self._expiry(i) for i in range(len(self.linear))], dtype=float),
            linear_gain=_units(self.linear)[:, None] * linear,
            option_units=units[alive],
            option_sign=table.sign[alive],
            option_strike=table.strike[alive],
            option_coin=table.coin[alive],
            option_expiry=nodes.remaining[alive],
            option_forward=nodes.forward[alive],
            option_vol=nodes.vol[alive],
            option_value=nodes.value[alive],
        )

    def _expiry(self, index: int) -> float:
        return self.pricer.futures.get(len(self.options) + index, (0.0, 0.0))[0]


def _units(holdings: Sequence[Holding]) -> Array:
    return np.array([held.units for held in holdings], dtype=float)


def _in_coin(holding: Holding) -> bool:
    return getattr(holding.instrument, "settlement", "cash") == "coin"

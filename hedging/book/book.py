"""What is held, and what it exposes to: the only place where quantity, multiplier and sign meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of, without_dust
from hedging._ground.nearest import meant
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.types import Array
from hedging.book.accounts import COLD, ONLY, DeclaredAccount, Transfer, check_accounts
from hedging.book.exposure import Exposure
from hedging.book.holding import LARGEST, Holding, merged
from hedging.book.legs import Leg, Legs, legs_of
from hedging.book.pricer import GREEKS, Pricer, unit_values
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Instrument, Option, Spot
from hedging.market.market import Market, market_of
from hedging.paths.paths import Paths

__all__ = ["Book", "Exposure", "Holding"]

# Sorts before every date; shown as NaT.
NO_EXPIRY = pd.Timestamp.min.tz_localize("UTC")


@dataclass(frozen=True, slots=True, repr=False)
class Book(Shown):
    """Everything held: instruments, and cash in the quote currency.

    Attributes
    ----------
    holdings : tuple of Holding
        Coins held as collateral are spot holdings.
    cash : float
        All money, that of the accounts included. [money]
    numeraire : str
        What results are judged in: the quote currency, or the name of an asset for its coin.
    accounts : tuple of DeclaredAccount
        Where there are any, a holding that names none is cold: it counts for delta and floor, never for margin.
    transfers : tuple of Transfer
        What moves between them, and when.
    orders : str
        The account that orders are traded in; by default the only one. Orders of an option whose venue has given its
        name to an account are traded in that.
    """

    holdings: tuple[Holding, ...] = ()
    cash: float = 0.0
    numeraire: str = "USD"
    accounts: tuple[DeclaredAccount, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    orders: str = ""

    def __init__(
        self,
        *holdings: Holding | Iterable[Holding],
        cash: float = 0.0,
        numeraire: str = "USD",
        accounts: Iterable[DeclaredAccount] = (),
        transfers: Iterable[Transfer] = (),
        orders: str = "",
    ) -> None:
        flat: list[Holding] = []
        for item in holdings:
            if not isinstance(item, Iterable):
                if isinstance(item, Holding):
                    flat.append(item)
                    continue
                raise InputError(
                    f"a book holds Holding values; got {type(item).__name__}: {item!r}. Money is cash=..., "
                    "what is held is Holding.spot('BTC', 25)."
                )
            flat.extend(item)
        for item in flat:
            if not isinstance(item, Holding):
                raise InputError(f"a book holds Holding values; got {type(item).__name__}: {item!r}.")
        must_be("cash", cash, int, float, np.number)
        must_be("numeraire", numeraire, str)
        if not abs(cash) <= LARGEST:
            raise InputError(f"cash must be a number of at most {LARGEST:g}; got {cash!r}.")
        object.__setattr__(self, "holdings", tuple(flat))
        object.__setattr__(self, "cash", float(cash))
        object.__setattr__(self, "numeraire", numeraire)
        object.__setattr__(self, "accounts", tuple(accounts))
        object.__setattr__(self, "transfers", tuple(transfers))
        object.__setattr__(self, "orders", orders)
        check_accounts((item.account for item in flat), self.accounts, self.transfers, orders)

    def to_frame(self) -> pd.DataFrame:
        """One row a holding: instrument, quantity [contracts], units [of underlying], entry [money].

        Where accounts are declared, also the account of each.
        """
        rows = [(h.instrument.symbol, h.quantity, h.units, h.entry) for h in self.holdings]
        table = pd.DataFrame(rows, columns=["instrument", "quantity", "units", "entry"]).astype(
            {"entry": float}
        )
        where = [h.account or COLD for h in self.holdings]
        return table.assign(account=where) if self.accounts else table

    def _page(self) -> Page:
        head = f"Book of {number_of(len(self.holdings), 'holding')}, cash {self.cash:,.2f}, judged in {self.numeraire}"
        table = self.to_frame()
        if table["entry"].isna().all():
            table = table.drop(columns="entry")
        return Page(head, (Table(table, {"entry": "money"}),) if self.holdings else ())

    @property
    def assets(self) -> tuple[str, ...]:
        """Underlyings held, in the order they appear."""
        return tuple(dict.fromkeys(holding.asset for holding in self.holdings))

    def of(self, asset: str) -> tuple[Holding, ...]:
        """The holdings in one underlying."""
        return tuple(holding for holding in self.holdings if holding.asset == asset)

    def account(self, name: str) -> Book:
        """What lies in one declared account, its money included.

        Raises
        ------
        InputError
            If no account has that name.
        """
        found = [account for account in self.accounts if account.name == name]
        if not found:
            names = ", ".join(account.name for account in self.accounts) or "none"
            raise InputError(f"account must be one that the book declares ({names}); got {name!r}.")
        held = (item for item in self.holdings if item.account == name)
        return Book(held, cash=found[0].money, numeraire=self.numeraire, accounts=found, orders=name)

    @property
    def cold(self) -> Book:
        """What lies in no account: all of it where none is declared."""
        money = sum(account.money for account in self.accounts)
        held = (item for item in self.holdings if not item.account)
        return Book(held, cash=self.cash - money, numeraire=self.numeraire)

    @property
    def trading_account(self) -> str:
        """Name of the account that orders are traded in, empty where none is declared.

        Raises
        ------
        InputError
            If there are several, and none is said to be that one.
        """
        if not self.orders and len(self.accounts) > 1:
            names = ", ".join(account.name for account in self.accounts)
            raise InputError(
                f"the book declares accounts {names}; say where orders are traded: orders = "
                f"{self.accounts[0].name!r}."
            )
        return self.orders or (self.accounts[0].name if self.accounts else "")

    def with_model(self, model: str) -> Book:
        """The same with every account under one model; all of it one account where none is declared."""
        accounts = [replace(item, model=model) for item in self.accounts]
        holdings = self.holdings
        if not accounts:
            accounts = [DeclaredAccount(ONLY, model, cash=self.cash)]
            holdings = tuple(item.in_account(ONLY) for item in holdings)
        return self.like(holdings, self.cash, accounts)

    def like(self, holdings: Iterable[Holding], cash: float, accounts: Iterable[DeclaredAccount]) -> Book:
        """Other holdings, money and accounts, judged and traded as this book is."""
        return Book(
            holdings,
            cash=cash,
            numeraire=self.numeraire,
            accounts=accounts,
            transfers=self.transfers,
            orders=self.orders,
        )

    def values(self, market: OptionChain | Market, paths: Paths) -> Array:
        """Value of each holding of the market's asset at every node, shape (scenarios, dates, holdings). [money]"""
        found = market_of(market)
        held = self.of(found.asset)
        units = np.array([holding.units for holding in held])
        each = unit_values([h.instrument for h in held], [h.entry for h in held], found, paths)
        return np.asarray(each * units)

    def total(self, market: OptionChain | Market, paths: Paths) -> Array:
        """Value of all holdings of the market's asset together at every node, shape (scenarios, dates). [money]"""
        found = market_of(market)
        units: dict[tuple[Instrument, float | None], float] = {}
        for holding in self.of(found.asset):
            entry = None if isinstance(holding.instrument, Option) else holding.entry
            key = holding.instrument, entry
            units[key] = units.get(key, 0.0) + holding.units
        instruments, entries = [item for item, _ in units], [entry for _, entry in units]
        pricer = Pricer.of(instruments, entries, found, nodes=paths.spot.size)
        return pricer.total(paths, np.array([*units.values()], dtype=float))

    def value(self, *markets: OptionChain | Market) -> float:
        """Value of the whole book now, cash included. [money]

        Raises
        ------
        InputError
            If a holding's asset has no market.
        """
        found = [market_of(each) for each in markets]
        self.check_assets(*found)
        return self.cash + sum(self.exposure(market).value for market in found)

    def position(self, asset: str) -> float:
        """Units of underlying held, long and short added up; options count only where nothing else is held."""
        held = self.of(asset)
        linear = sum(abs(holding.units) for holding in held if not isinstance(holding.instrument, Option))
        return linear or sum(abs(holding.units) for holding in held)

    def base(self, *markets: OptionChain | Market) -> tuple[float, str]:
        """What shares of a book, such as a floor of -15 %, are shares of, and what to call it. [money]

        The book's value where it holds spot or cash; otherwise, as a position in perpetuals or futures is
        worth only its gain, the gross notional.

        Raises
        ------
        InputError
            If there is nothing to take a share of, or a holding's asset has no market.
        """
        value = self.value(*markets)
        owned = self.cash != 0.0 or any(isinstance(held.instrument, Spot) for held in self.holdings)
        if owned and value > 0.0:
            return value, "book value"
        notional = sum(self.position(each.asset) * each.spot for each in markets)
        if notional <= 0.0:
            raise InputError("the book is empty or worth nothing; there is nothing to hedge.")
        return notional, "gross notional"

    def exposure(self, market: OptionChain | Market) -> Exposure:
        """Value and Greeks of all holdings of the market's asset; cash is not among them."""
        market = market_of(market)
        return _exposure(self.of(market.asset), market)

    def exposure_by_expiry(self, market: OptionChain | Market) -> pd.DataFrame:
        """Exposures per expiry, NaT for what has none; the rows sum to `exposure`."""
        found = market_of(market)
        buckets: dict[pd.Timestamp, list[Holding]] = {}
        for holding in self.of(found.asset):
            buckets.setdefault(getattr(holding.instrument, "expiry", NO_EXPIRY), []).append(holding)
        rows = {key: _exposure(buckets[key], found).to_dict() for key in sorted(buckets)}
        index = pd.Index(rows, name="expiry").where(pd.Index(rows) != NO_EXPIRY)
        return pd.DataFrame(list(rows.values()), index=index)

    def check_assets(self, *markets: Market) -> None:
        """Refuse a book that holds what no market prices, or is judged in what none of them knows.

        Raises
        ------
        InputError
            If a holding's asset has no market, or the numeraire is neither their currency nor an asset.
        """
        known = {market.asset for market in markets}
        unknown = [asset for asset in self.assets if asset not in known]
        if unknown:
            near = next((each for each in (meant(name, known) for name in unknown) if each), "")
            given = f"the chain is {', '.join(sorted(known))}" if known else "there is no chain"
            if near:
                raise InputError(f"the book holds {', '.join(unknown)}, but {given}{near}")
            raise InputError(
                f"the book holds {', '.join(unknown)}, but {given}: give a chain of that asset, or remove the holding."
            )
        money = {"USD", *(market.currency for market in markets)}
        if self.numeraire not in known | money:
            raise InputError(
                f"numeraire must be {', '.join(sorted(money))} or an asset of the chain ({', '.join(sorted(known))}); "
                f"got {self.numeraire!r}."
            )

    def __add__(self, other: Legs) -> Book:
        """Book after executing legs (or a plan's legs) at their prices and fees.

        Premium and fees of coin-settled contracts leave the coin balance, all others the cash.
        """
        book = self
        for leg in legs_of(other):
            book = book.executed(leg, self.account_of(leg.instrument))
        return book

    def account_of(self, instrument: Instrument) -> str:
        """Name of the account that orders of an instrument are traded in: its venue's, else that of all orders.

        Empty where none is declared.
        """
        venue = instrument.terms.venue if isinstance(instrument, Option) else ""
        named = any(account.name == venue for account in self.accounts)
        return venue if named else self.trading_account

    def executed(self, leg: Leg, where: str) -> Book:
        """Book after one order that is traded, paid and held in the account `where`; empty for none."""
        holdings = merged(self.holdings, Holding(leg.instrument, leg.quantity, leg.price, where))
        if leg.pays_coin:
            coins = Holding.spot(leg.instrument.asset, -leg.paid / leg.spot).in_account(where)
            return self._with(merged(holdings, coins), 0.0, where)
        return self._with(holdings, leg.paid, where)

    def _with(self, holdings: Iterable[Holding], paid: float, where: str) -> Book:
        """Other holdings, and money paid from an account."""
        accounts = (
            replace(item, cash=item.cash - paid) if item.name == where else item for item in self.accounts
        )
        return self.like(holdings, self.cash - paid, accounts)


def _exposure(holdings: Sequence[Holding], market: Market) -> Exposure:
    units = np.array([holding.units for holding in holdings])
    each = unit_greeks([h.instrument for h in holdings], [h.entry for h in holdings], market)
    sizes = np.abs(units)
    sums = {
        name: without_dust(float(units @ each[name]), float(sizes @ np.abs(each[name]))) for name in GREEKS
    }
    return Exposure(market.asset, market.spot, value=sums.pop("price"), currency=market.currency, **sums)

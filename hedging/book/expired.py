"""Expired holdings settled: what they paid goes into the balances, at a delivery price that is named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.book.holding import Holding, merged
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, date_code
from hedging.market.market import Market
from hedging.prices.delivery import Deliveries, Delivery, Settlement, deliveries_of
from hedging.units import DAYS_PER_YEAR

__all__ = ["DeliveryPrices", "Settled", "check_given", "expiry_name", "payoff_per_unit", "settle"]

SOON = 1.0 / 365.0  # years: the vol of a move is read off the surface no nearer than that
LATEST_INDEX = pd.Timedelta(days=1)  # the first chain after an expiry, of a record of one a day
FURTHEST_PRICE = 2.0  # times the highest index known, or one over it times the lowest: beyond, it is a slip
NEAREST = 0.03  # a delivery price may always differ by so much from the index that follows it,
DEVIATIONS = 6.0  # and by so many deviations of the time between, at the vol after it


@dataclass(frozen=True, slots=True, repr=False)
class Settled(Shown):
    """A holding that has expired, and what it paid.

    Attributes
    ----------
    holding : Holding
    price : float
        The delivery price. [money]
    source : str
        Where that comes from, in words.
    coins, money : float
        Received (> 0) or paid, before any fee of the delivery. [units of underlying], [money]
    """

    holding: Holding
    price: float
    source: str
    coins: float
    money: float

    @property
    def expiry(self) -> pd.Timestamp:
        """When it expired."""
        assert isinstance(self.holding.instrument, Option | Future)
        return self.holding.instrument.expiry

    @property
    def value(self) -> float:
        """What it paid, coins at the delivery price. [money]"""
        return self.coins * self.price + self.money

    def to_dict(self) -> dict[str, Any]:
        """The settlement by field."""
        return {
            "instrument": self.holding.instrument.symbol,
            "quantity": self.holding.quantity,
            "price": self.price,
            "source": self.source,
            "coins": self.coins,
            "money": self.money,
        }

    def __str__(self) -> str:
        paid = f"{self.coins:,.6g} {self.holding.asset}" if self.coins else f"{self.money:,.2f}"
        return (
            f"{self.holding.quantity:,.6g} {self.holding.instrument.symbol} settled at {self.price:,.2f} "
            f"({self.source}): {paid}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class DeliveryPrices(Shown):
    """Delivery prices of several underlyings: those that were given, those of files, else the next index.

    Attributes
    ----------
    given : mapping
        Prices by expiry, ``{"BTC-27FEB26": 67690.6}``. [money]
    files : mapping
        Files, tables or hour bars by asset.
    """

    given: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, tuple[Delivery, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, given: Mapping[str, float] | None, delivery: Deliveries | None, assets: Iterable[str]
    ) -> DeliveryPrices:
        """Prices checked, and files read for each of the assets.

        Raises
        ------
        InputError
            If a given price is no number > 0.
        ChainError
            If a file cannot be read.
        """
        for name, price in (given or {}).items():
            if isinstance(price, bool) or not isinstance(price, int | float) or not 0 < price < float("inf"):
                raise InputError(f"the delivery price of {name} must be a number > 0; got {price!r}.")
        files = {} if delivery is None else {asset: deliveries_of(delivery, asset) for asset in assets}
        return cls(dict(given or {}), files)

    def at(self, asset: str, expiry: pd.Timestamp, after: Market, *before: float) -> Settlement:
        """The price at an expiry.

        Parameters
        ----------
        asset : str
        expiry : Timestamp
        after : Market
            The next one known after it, whose index counts if it is of the day that follows.
        *before : float
            Index prices known from before it, which tell a slip. [money]

        Raises
        ------
        InputError
            If there is none, or it is far from every index known.
        """
        name = expiry_name(asset, expiry)
        if name in self.given:
            found: Settlement | None = Settlement(float(self.given[name]), float("nan"), "as given")
        else:
            found = next((at for each in self.files.get(asset, ()) if (at := each.at(expiry))), None)
        late = after.as_of - expiry
        if found is None and late <= LATEST_INDEX:
            hours = late / pd.Timedelta(hours=1)
            found = Settlement(after.spot, float("nan"), f"index {hours:.1f} h after expiry")
        if found is None:
            raise InputError(
                f"no delivery price of {name}, which expired {late / pd.Timedelta(days=1):.1f} days before the chain of "
                f"{after.as_of:%Y-%m-%d %H:%M} UTC: none is given, and no index within "
                f"{LATEST_INDEX / pd.Timedelta(hours=1):g} hours. Give its delivery price, or a file of them: settled={{{name!r}: price}} or "
                f"delivery=file in Python, --settled {name}=PRICE or --delivery FILE for the command."
            )
        known = (*before, after.spot)
        if not min(known) / FURTHEST_PRICE <= found.price <= max(known) * FURTHEST_PRICE:
            raise InputError(
                f"the delivery price {found.price:,.6g} of {name} ({found.source}) is not near {asset}, whose index was "
                f"{', '.join(f'{price:,.6g}' for price in known)}: is it of another asset, or a slip?"
            )
        _check_near(name, found, after, late)
        return found


def _check_near(name: str, found: Settlement, after: Market, late: pd.Timedelta) -> None:
    """Refuse a delivery price that the index soon after it contradicts: what was in the money would pay, or not."""
    # Of a market that is only thought of, after a move at once, nothing is quoted: it contradicts no price.
    if after.is_bare or late > LATEST_INDEX or not after.chain.quotes["bid"].notna().any():
        return
    time = max(late / pd.Timedelta(days=1), 0.0) / DAYS_PER_YEAR
    vol = float(after.smile.vol_at(0.0, max(time, SOON)))
    if abs(math.log(found.price / after.spot)) > NEAREST + DEVIATIONS * vol * math.sqrt(time):
        hours = late / pd.Timedelta(hours=1)
        raise InputError(
            f"the delivery price {found.price:,.6g} of {name} ({found.source}) contradicts the index {hours:.1f} h later, "
            f"{after.spot:,.6g}: no such move is likely at a vol of {vol:.0%}. Is a digit wrong, or the expiry?"
        )


def expiry_name(asset: str, expiry: pd.Timestamp) -> str:
    """An expiry as exchanges write it: ``BTC-27FEB26``."""
    return f"{asset}-{date_code(expiry)}"


def payoff_per_unit(option: Option, price: float) -> float:
    """Payoff of one unit at a delivery price, in what the option is settled in. [units of underlying or money]"""
    payoff = max(option.sign * (price - option.strike), 0.0)
    return payoff / price if option.terms.settlement == "coin" else payoff


def settle(
    book: Book,
    markets: Mapping[str, Market],
    prices: DeliveryPrices,
    before: Mapping[str, float] | None = None,
) -> tuple[Book, tuple[Settled, ...]]:
    """Settle every option and future of a book that has expired by the time of its market.

    Parameters
    ----------
    book : Book
    markets : mapping
        By asset; what has none is left alone.
    prices : DeliveryPrices
    before : mapping, optional
        Index of each asset from before, which tells a slip. [money]

    Returns
    -------
    (Book, tuple of Settled)
        Coins go into the coin balance of the account that the holding lay in, money into its cash. Fees of
        the delivery are not taken off.

    Raises
    ------
    InputError
        If a delivery price is missing or implausible, or one is given of what has not expired.
    """
    done: list[Settled] = []
    for held in book.holdings:
        item, market = held.instrument, markets.get(held.asset)
        if market is None or not isinstance(item, Option | Future) or item.expiry > market.as_of:
            continue
        found = prices.at(held.asset, item.expiry, market, *_known(before, held.asset))
        done.append(Settled(held, found.price, found.source, *_delivered(held, found.price)))
    check_given(prices.given, book, markets)
    return _with_payments(book, done), tuple(done)


def check_given(given: Iterable[str], book: Book, markets: Mapping[str, Market] | None = None) -> None:
    """Refuse delivery prices of what a book does not hold, and with `markets` of what has not expired by then.

    Raises
    ------
    InputError
    """
    expiring = {
        expiry_name(held.asset, held.instrument.expiry): (held.asset, held.instrument.expiry)
        for held in book.holdings
        if isinstance(held.instrument, Option | Future)
    }
    unknown = [name for name in given if name not in expiring]
    if unknown:
        raise InputError(
            f"a delivery price of {', '.join(unknown)} is given, but nothing held expires then; what does: "
            f"{', '.join(sorted(expiring)) or 'nothing'}."
        )
    for name in given:
        asset, expiry = expiring[name]
        market = (markets or {}).get(asset)
        if market is not None and expiry > market.as_of:
            raise InputError(
                f"a delivery price of {name} is given, which expires {expiry:%Y-%m-%d %H:%M} UTC, after the chain of "
                f"{market.as_of:%Y-%m-%d %H:%M}: leave it out until then."
            )


def _known(before: Mapping[str, float] | None, asset: str) -> tuple[float, ...]:
    return (before[asset],) if before and asset in before else ()


def _delivered(held: Holding, price: float) -> tuple[float, float]:
    """Coins and money that a holding pays at a delivery price."""
    item = held.instrument
    if isinstance(item, Option):
        paid, coin = held.units * payoff_per_unit(item, price), item.terms.settlement == "coin"
    else:
        assert isinstance(item, Future)
        coin = item.settlement == "coin"
        paid = held.units * (1.0 - held.entered / price if coin else price - held.entered)
    return (paid, 0.0) if coin else (0.0, paid)


def _with_payments(book: Book, done: Iterable[Settled]) -> Book:
    """The book without what has expired, and with what it paid."""
    gone = list(done)
    holdings = tuple(held for held in book.holdings if not any(held is each.holding for each in gone))
    money = dict.fromkeys((account.name for account in book.accounts), 0.0)
    for each in gone:
        where = each.holding.account
        holdings = merged(holdings, Holding.spot(each.holding.asset, each.coins).in_account(where))
        if where in money:
            money[where] += each.money
    accounts = tuple(replace(item, cash=item.cash + money[item.name]) for item in book.accounts)
    cash = book.cash + sum(each.money for each in gone)
    return book.like(holdings, cash, accounts)

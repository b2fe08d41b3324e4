"""What is held, and what it exposes to: the only place where quantity, multiplier and sign meet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.legs import Leg, Legs, legs_of
from hedging.book.pricer import GREEKS, unit_values
from hedging.book.quantity import units_of
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, Future, Instrument, Option, Perpetual, Settlement, Spot
from hedging.market.market import Market
from hedging.paths.paths import Paths

__all__ = ["Book", "Exposure", "Holding"]


# Beyond any position; sums and squares of it are still numbers.
LARGEST = 1e15
# Sorts before every date; shown as NaT.
NO_EXPIRY = pd.Timestamp.min.tz_localize("UTC")


@dataclass(frozen=True, slots=True)
class Exposure:
    """Signed sensitivities of a position in one underlying. Exposures of one underlying add.

    Attributes
    ----------
    asset : str
    spot : float
        [money]
    value : float
        [money]
    delta : float
        Of the value in money. [units of underlying]
    gamma : float
        [units of underlying per 1.00 of spot]
    vega, theta, rho : float
        [money per vol point], [money per calendar day], [money per 1 % of rate]
    vanna, volga, charm : float
        [units per vol point], [money per vol point squared], [units per day]
    """

    asset: str
    spot: float
    value: float = 0.0
    delta: float = 0.0
    gamma: float = 0.0
    vega: float = 0.0
    theta: float = 0.0
    rho: float = 0.0
    vanna: float = 0.0
    volga: float = 0.0
    charm: float = 0.0

    @property
    def delta_value(self) -> float:
        """Delta in money: what the position moves with, per 100 % of spot."""
        return self.delta * self.spot

    @property
    def gamma_value(self) -> float:
        """Change of `delta_value` when spot moves by 1 %. [money]"""
        return self.gamma * self.spot**2 * 0.01

    def __add__(self, other: Exposure) -> Exposure:
        if (self.asset, self.spot) != (other.asset, other.spot):
            raise InputError(
                f"only exposures of one underlying at one spot add; got {self.asset} at {self.spot} and "
                f"{other.asset} at {other.spot}."
            )
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)[2:]}
        return replace(self, **sums)

    def to_dict(self) -> dict[str, float]:
        """The numbers by name, money versions included."""
        numbers = {f.name: float(getattr(self, f.name)) for f in fields(self)[1:]}
        return numbers | {"delta_value": self.delta_value, "gamma_value": self.gamma_value}


@dataclass(frozen=True, slots=True)
class Holding:
    """A signed quantity of one instrument.

    Attributes
    ----------
    instrument : Instrument
    quantity : float
        Signed contracts of `multiplier` units; coins at the entry price for coin-settled perpetuals and
        futures.
    entry : float or None
        Price paid per unit, None if unknown (NaN is taken for that); perpetuals and futures must have one.
        [money]
    """

    instrument: Instrument
    quantity: float
    entry: float | None = None

    def __post_init__(self) -> None:
        if self.entry is not None and math.isnan(self.entry):  # which would not equal itself
            object.__setattr__(self, "entry", None)
        if not abs(self.quantity) <= LARGEST:  # also NaN
            raise InputError(
                f"quantity of {self.instrument.symbol} must be a number of at most {LARGEST:g}; got {self.quantity!r}."
            )
        if isinstance(self.instrument, Perpetual | Future) and self.entry is None:
            raise InputError(
                f"{self.instrument.symbol} needs its entry price: its value is the gain since then."
            )
        if self.entry is not None and not 0 <= self.entry <= LARGEST:
            raise InputError(f"entry of {self.instrument.symbol} must be a price >= 0; got {self.entry!r}.")

    @classmethod
    def spot(cls, asset: str, quantity: float, entry: float | None = None) -> Holding:
        """Units of the asset itself."""
        return cls(Spot(asset), quantity, entry)

    @classmethod
    def perpetual(
        cls, asset: str, quantity: float, entry: float, *, settlement: Settlement = "coin"
    ) -> Holding:
        """A perpetual; `quantity` in units of underlying at `entry`, < 0 for a short."""
        return cls(Perpetual(asset, settlement), quantity, entry)

    @classmethod
    def future(
        cls,
        asset: str,
        expiry: pd.Timestamp,
        quantity: float,
        entry: float,
        *,
        settlement: Settlement = "coin",
    ) -> Holding:
        """A dated future; `quantity` in units of underlying at `entry`, < 0 for a short."""
        return cls(Future(asset, expiry, settlement), quantity, entry)

    @classmethod
    def option(
        cls,
        asset: str,
        flag: str,
        strike: float,
        expiry: pd.Timestamp,
        quantity: float,
        entry: float | None = None,
        *,
        terms: ContractTerms | None = None,
    ) -> Holding:
        """Contracts of an option; `entry` is the price per unit of underlying in money."""
        terms = terms or ContractTerms(settlement="coin")
        return cls(Option(asset, flag, strike, expiry, terms), quantity, entry)  # type: ignore[arg-type]

    @property
    def asset(self) -> str:
        """Name of the underlying."""
        return self.instrument.asset

    @property
    def entered(self) -> float:
        """The entry price of what must have one, such as a perpetual. [money]"""
        if self.entry is None:
            raise InputError(
                f"{self.instrument.symbol} needs its entry price: its value is the gain since then."
            )
        return self.entry

    @property
    def units(self) -> float:
        """Signed units of underlying: quantity times multiplier."""
        return units_of(self.instrument, self.quantity)


@dataclass(frozen=True, slots=True, repr=False)
class Book:
    """Everything held: instruments, and cash in the quote currency.

    Attributes
    ----------
    holdings : tuple of Holding
        Coins held as collateral are spot holdings.
    cash : float
        [money]
    numeraire : str
        What results are judged in: the quote currency, or the name of an asset for its coin.
    """

    holdings: tuple[Holding, ...] = ()
    cash: float = 0.0
    numeraire: str = "USD"

    def __init__(
        self, *holdings: Holding | Iterable[Holding], cash: float = 0.0, numeraire: str = "USD"
    ) -> None:
        flat: list[Holding] = []
        for item in holdings:
            flat.extend([item] if isinstance(item, Holding) else item)
        for item in flat:
            if not isinstance(item, Holding):
                raise InputError(f"a book holds Holding values; got {type(item).__name__}: {item!r}.")
        if not abs(cash) <= LARGEST:
            raise InputError(f"cash must be a number of at most {LARGEST:g}; got {cash!r}.")
        object.__setattr__(self, "holdings", tuple(flat))
        object.__setattr__(self, "cash", float(cash))
        object.__setattr__(self, "numeraire", numeraire)

    def to_frame(self) -> pd.DataFrame:
        """One row a holding: instrument, quantity [contracts], units [of underlying], entry [money]."""
        rows = [(h.instrument.symbol, h.quantity, h.units, h.entry) for h in self.holdings]
        return pd.DataFrame(rows, columns=["instrument", "quantity", "units", "entry"]).astype(
            {"entry": float}
        )

    def __repr__(self) -> str:
        head = f"Book of {len(self.holdings)} holdings, cash {self.cash:,.2f}, judged in {self.numeraire}"
        return f"{head}\n{self.to_frame().to_string(index=False)}" if self.holdings else head

    def _repr_html_(self) -> str:
        head = f"Book: cash {self.cash:,.2f}, judged in {self.numeraire}"
        return f"<b>{head}</b>{self.to_frame().to_html(index=False)}"

    @property
    def assets(self) -> tuple[str, ...]:
        """Underlyings held, in the order they appear."""
        return tuple(dict.fromkeys(holding.asset for holding in self.holdings))

    def of(self, asset: str) -> tuple[Holding, ...]:
        """The holdings in one underlying."""
        return tuple(holding for holding in self.holdings if holding.asset == asset)

    def values(self, market: Market, paths: Paths) -> Array:
        """Value of each holding of the market's asset at every node, shape (scenarios, dates, holdings). [money]"""
        held = self.of(market.asset)
        units = np.array([holding.units for holding in held])
        each = unit_values([h.instrument for h in held], [h.entry for h in held], market, paths)
        return np.asarray(each * units)

    def value(self, *markets: Market) -> float:
        """Value of the whole book now, cash included. [money]

        Raises
        ------
        InputError
            If a holding's asset has no market.
        """
        self.check_assets(*markets)
        return self.cash + sum(self.exposure(market).value for market in markets)

    def position(self, asset: str) -> float:
        """Units of underlying held, long and short added up; options count only where nothing else is held."""
        held = self.of(asset)
        linear = sum(abs(holding.units) for holding in held if not isinstance(holding.instrument, Option))
        return linear or sum(abs(holding.units) for holding in held)

    def base(self, *markets: Market) -> tuple[float, str]:
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
        notional = sum(self.position(market.asset) * market.spot for market in markets)
        if notional <= 0.0:
            raise InputError("the book is empty or worth nothing; there is nothing to hedge.")
        return notional, "gross notional"

    def exposure(self, market: Market) -> Exposure:
        """Value and Greeks of all holdings of the market's asset; cash is not among them."""
        return _exposure(self.of(market.asset), market)

    def exposure_by_expiry(self, market: Market) -> pd.DataFrame:
        """Exposures per expiry, NaT for what has none; the rows sum to `exposure`."""
        buckets: dict[pd.Timestamp, list[Holding]] = {}
        for holding in self.of(market.asset):
            buckets.setdefault(getattr(holding.instrument, "expiry", NO_EXPIRY), []).append(holding)
        rows = {key: _exposure(buckets[key], market).to_dict() for key in sorted(buckets)}
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
            raise InputError(
                f"the book holds {', '.join(unknown)}, but the chain is {', '.join(sorted(known))}: give a chain of "
                "that asset, or remove the holding."
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
            book = book._after(leg)
        return book

    def _after(self, leg: Leg) -> Book:
        holdings = _merged(self.holdings, Holding(leg.instrument, leg.quantity, leg.price))
        if not leg.pays_coin:
            return Book(holdings, cash=self.cash - leg.paid, numeraire=self.numeraire)
        coins = Holding.spot(leg.instrument.asset, -leg.paid / leg.spot)
        return Book(_merged(holdings, coins), cash=self.cash, numeraire=self.numeraire)


def _merged(holdings: Sequence[Holding], new: Holding) -> tuple[Holding, ...]:
    """Add to the holding of the same instrument if there is one; a holding of zero goes.

    Perpetuals and futures merge only at the same entry: another entry is another gain.
    """
    if new.quantity == 0.0:
        return tuple(holdings)
    for i, held in enumerate(holdings):
        mergeable = held.entry == new.entry or isinstance(held.instrument, Spot | Option)
        if held.instrument == new.instrument and mergeable:
            quantity = held.quantity + new.quantity
            # The sum of whole lots is whole again: 0.1 + 0.2 must not leave dust behind.
            kept = (replace(held, quantity=quantity),) if abs(quantity) > 1e-12 * abs(held.quantity) else ()
            return (*holdings[:i], *kept, *holdings[i + 1 :])
    return (*holdings, new)


def _exposure(holdings: Sequence[Holding], market: Market) -> Exposure:
    units = np.array([holding.units for holding in holdings])
    each = unit_greeks([h.instrument for h in holdings], [h.entry for h in holdings], market)
    sums = {name: float(units @ each[name]) for name in GREEKS}
    return Exposure(market.asset, market.spot, value=sums.pop("price"), **sums)

"""Orders at executable prices: buy at the ask, sell at the bid, fees in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import takes
from hedging._ground.counts import twelve_digits
from hedging._ground.frames import readable
from hedging._ground.shown import Shown
from hedging._ground.tables import Table
from hedging.book.ladder import Ladder
from hedging.book.quantity import multiplier_of, paid_for, pays_coin, pays_premium, units_of
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import FeeRule, Future, Instrument, Linear, Option
from hedging.market.market import chain_of

__all__ = [
    "Cost",
    "HasLegs",
    "Leg",
    "Legs",
    "Orders",
    "cost_of",
    "crossing_cost",
    "legs_of",
    "legs_to_export",
    "option_leg",
    "orders_frame",
    "orders_of",
    "outright_leg",
]


@dataclass(frozen=True, slots=True, repr=False)
class Leg(Shown):
    """One order: an instrument, how much, and what executing it now costs.

    Attributes
    ----------
    instrument : Instrument
    quantity : float
        Signed contracts, > 0 to buy.
    price : float
        Executable price: the ask of a buy, the bid of a sale. [money per unit of underlying]
    half_spread : float
        What crossing the spread costs: half of it, or the distance to the mark where that is more, so that
        a mark on the far side of a quote is never counted as a gain. [money per unit]
    fee : float
        [money per unit]
    spot : float
        Price of the underlying when the quote was taken. [money]
    worst : float, optional
        Worst price of the quotes that the order takes, its limit; by default `price`, which is their average.
        [money per unit]
    """

    instrument: Instrument
    quantity: float
    price: float
    half_spread: float
    fee: float
    spot: float
    worst: float | None = None

    def __str__(self) -> str:
        return f"{self.side} {abs(self.quantity):,.10g} {self.instrument.symbol} at {self.price_text}"

    @property
    def multiplier(self) -> float:
        """Units of underlying per contract."""
        return multiplier_of(self.instrument)

    @property
    def units(self) -> float:
        """Signed units of underlying."""
        return units_of(self.instrument, self.quantity)

    @property
    def side(self) -> str:
        """Buy or sell."""
        return "buy" if self.quantity > 0 else "sell"

    @property
    def limit(self) -> float:
        """The limit price: the worst that the order may trade at. [money per unit]"""
        return self.price if self.worst is None else self.worst

    @property
    def quoted_price(self) -> float:
        """The limit price as the venue quotes it: in coin for a coin-settled option."""
        # Rounded, as a limit of 0.06749999999999999 is off the tick.
        return round(self.limit / self.spot, 10) if self.quote_unit != "money" else self.limit

    @property
    def quote_unit(self) -> str:
        """What `quoted_price` is in: the coin's name, or money."""
        return self.instrument.asset if self.pays_coin and isinstance(self.instrument, Option) else "money"

    @property
    def price_text(self) -> str:
        """The limit price as a person reads it: as quoted, and in money where that is another number."""
        if self.quote_unit == "money":
            return f"{self.limit:,.10g}"
        return f"{self.quoted_price:.4f} {self.quote_unit} = {self.limit:,.2f}"

    @property
    def pays_coin(self) -> bool:
        """Whether premium and fees are paid in the coin."""
        return pays_coin(self.instrument)

    @property
    def paid(self) -> float:
        """What leaves the account when it trades: the price where that is paid, and the fee. [money]"""
        return float(paid_for(self.units, self.price, self.fee, pays_premium(self.instrument)))


class HasLegs(Protocol):
    """An overlay, a plan: anything whose legs can be traded."""

    @property
    def legs(self) -> Sequence[Leg]:
        """The orders."""


Legs: TypeAlias = HasLegs | Iterable[Leg]
"""An overlay, a plan, or the legs themselves."""


_HOW = "Of contracts by name: hedging.overlays.of_contracts(chain, {'BTC-27MAR26-60000-P': 25})."


def legs_of(overlay: Legs | None) -> tuple[Leg, ...]:
    """The legs of an overlay, a plan or a list of legs; none of nothing."""
    if overlay is None:
        return ()
    legs = overlay.legs if hasattr(overlay, "legs") else overlay
    if not isinstance(legs, Iterable) or isinstance(legs, str):
        raise InputError(
            f"orders must be a plan, an overlay or legs; got {type(legs).__name__}: {legs!r}. {_HOW}"
        )
    made = tuple(legs)
    for leg in made:
        if not isinstance(leg, Leg):
            raise InputError(f"an order must be a Leg; got {type(leg).__name__}: {leg!r}. {_HOW}")
    return made


@dataclass(frozen=True, slots=True)
class Orders:
    """Legs, and when the quotes that they were taken at are of, where somebody says so: a plan does.

    Attributes
    ----------
    legs : tuple of Leg
    as_of : Timestamp or None
    """

    legs: tuple[Leg, ...]
    as_of: pd.Timestamp | None = None


def orders_of(overlay: Legs | None) -> Orders:
    """The legs of an overlay, a plan or a list of legs, and of when their quotes are."""
    return Orders(legs_of(overlay), getattr(overlay, "as_of", None))


def legs_to_export(overlay: Legs) -> tuple[Leg, ...]:
    """The legs of what may be sent to a venue.

    Raises
    ------
    InputError
        If it is a plan read from a file that was edited: what it says was never checked against a chain.
    """
    if not getattr(overlay, "trusted", True):
        raise InputError(
            "this plan was read from an edited file, to be looked at (trust=False): its orders are not exported. Plan "
            "again, or read the file as it was written."
        )
    return legs_of(overlay)


@dataclass(frozen=True, slots=True, repr=False)
class Cost(Shown):
    """What a set of orders costs, in money; costs of the same currency add.

    Attributes
    ----------
    half_spread, fees : float
        Paid to get in.
    carry : float
        Expected cost of holding it to the horizon: the funding of perpetuals. Options and dated futures
        carry nothing under the chain's own vol and forward (decay pays for gamma, basis for drift, fairly);
        what a planner's view expects of any leg comes off.
    premium : float
        Net premium paid for options, received if negative. An asset is bought with it: no part of `execution`.
    """

    half_spread: float = 0.0
    fees: float = 0.0
    carry: float = 0.0
    premium: float = 0.0

    @property
    def execution(self) -> float:
        """What is gone for good: half spread, fees and carry."""
        return self.half_spread + self.fees + self.carry

    def at(self, price: float) -> Cost:
        """The same cost counted in units of what has a price today, such as a coin."""
        return Cost(*(getattr(self, f.name) / price for f in fields(self)))

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


@takes(chain=chain_of, quantity=(int, float, np.number))
def option_leg(chain: OptionChain, symbol: str, quantity: float, ladder: Ladder | None = None) -> Leg:
    """An order for a listed option at the quote, or the quotes, it would trade at.

    Parameters
    ----------
    chain : OptionChain
    symbol : str
        The venue's name of the contract.
    quantity : float
        Signed contracts, a multiple of the lot.
    ladder : Ladder, optional
        Where the depth is known, what a larger order pays.

    Raises
    ------
    InputError
        If the option is not listed, has no quote on that side, or nothing but that quote, or the quantity is not
        whole lots or more than the ladder holds.
    """
    option = chain.option(symbol)
    lots = quantity / option.terms.lot
    if quantity == 0 or not np.isfinite(quantity) or abs(lots - round(lots)) > 1e-6:
        raise InputError(
            f"quantity of {symbol} must be whole lots of {option.terms.lot:g}; got {quantity!r}."
        )
    row = chain.row(symbol)
    price = float(row["ask"] if quantity > 0 else row["bid"])
    if not np.isfinite(price):
        raise InputError(
            f"{symbol} has no {'ask' if quantity > 0 else 'bid'}; choose an option that is quoted."
        )
    worst = None
    if ladder is not None:
        level, money = ladder.reached(quantity), chain.spot if option.terms.settlement == "coin" else 1.0
        price, worst = level.average * money, level.worst * money
    half_spread = float(crossing_cost(price, row["bid"], row["ask"], row["mark"]))
    if not np.isfinite(half_spread):
        raise InputError(
            f"{symbol} shows {'an ask' if quantity > 0 else 'a bid'} alone, neither the other side nor a mark: what "
            "trading it costs is unknown; choose an option that is quoted on both sides."
        )
    fee = float(option.terms.fee.per_unit(price, chain.spot))
    return Leg(
        option, twelve_digits(round(lots) * option.terms.lot), price, half_spread, fee, chain.spot, worst
    )


def crossing_cost(
    price: npt.ArrayLike, bid: npt.ArrayLike, ask: npt.ArrayLike, mark: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Distance of a price to the middle of the quotes, or to the mark where that is more; arrays broadcast.

    At a quote that is half the spread. Missing quotes are NaN; with neither the other side nor a mark known the
    cost is NaN.
    """
    price, bid, ask = (np.asarray(each, dtype=float) for each in (price, bid, ask))
    # From the quotes outwards, as half a sum would round.
    beyond = np.maximum(np.fmax(price - ask, bid - price), -(ask - bid) / 2.0)
    from_middle = (ask - bid) / 2.0 + beyond
    return np.asarray(np.fmax(np.abs(from_middle), np.abs(price - np.asarray(mark, dtype=float))))


def outright_leg(
    instrument: Linear,
    spot: float,
    quantity: float,
    *,
    half_spread: float,
    fee: FeeRule,
    forward: float | None = None,
) -> Leg:
    """An order for spot, the perpetual or a dated future, a share of the price away from its fair one.

    Parameters
    ----------
    instrument : Spot, Perpetual or Future
    spot : float
        [money]
    quantity : float
        Signed, > 0 to buy. [units of underlying, at the price for a coin-settled contract]
    half_spread : float
        Distance of the price from `forward`. [share of it]
    fee : FeeRule
        Of the price.
    forward : float, optional
        The fair price; by default that of spot.
    """
    fair = spot if forward is None else forward
    price = fair * (1.0 + half_spread * (1.0 if quantity > 0 else -1.0))
    # What an inverse future loses and pays is coin, which is worth spot, not the forward.
    worth = spot / fair if isinstance(instrument, Future) and instrument.settlement == "coin" else 1.0
    paid = float(fee.per_unit(price, price))
    return Leg(instrument, twelve_digits(quantity), price, worth * fair * half_spread, worth * paid, spot)


def cost_of(legs: Iterable[Leg], carry: float = 0.0) -> Cost:
    """Cost of executing some legs; `carry` is added as given. [money]"""
    total = Cost(carry=carry)
    for leg in legs:
        size = abs(leg.units)
        premium = leg.units * leg.price if isinstance(leg.instrument, Option) else 0.0
        total += Cost(size * leg.half_spread, size * leg.fee, 0.0, premium)
    return total


def orders_frame(legs: Sequence[Leg], currency: str = "money") -> pd.DataFrame:
    """The order ticket: one row a leg, shown with the name of the currency.

    Returns
    -------
    DataFrame
        instrument, side, quantity [contracts], limit_price [as quoted], quote_unit, limit_price_money
        [money per unit], premium, half_spread, fees [money, whole order].
    """
    rows = []
    for leg in legs:
        cost = cost_of([leg])
        rows.append(
            {
                "instrument": leg.instrument.symbol,
                "side": leg.side,
                "quantity": abs(leg.quantity),
                "limit_price": leg.quoted_price,
                "quote_unit": leg.quote_unit,
                "limit_price_money": leg.limit,
                "premium": cost.premium,
                "half_spread": cost.half_spread,
                "fees": cost.fees,
            }
        )
    columns = ["instrument", "side", "quantity", "limit_price", "quote_unit", "limit_price_money"]
    money = ("premium", "half_spread", "fees")
    frame = pd.DataFrame(rows, columns=[*columns, *money])
    return readable(frame, dict.fromkeys(("limit_price_money", *money), currency))


def orders_table(legs: Sequence[Leg], currency: str = "money") -> Table:
    """The order ticket as it is read: ``side, quantity, instrument, limit, premium`` [currency]."""
    rows = [
        (leg.side, abs(leg.quantity), leg.instrument.symbol, leg.price_text, round(cost_of([leg]).premium))
        for leg in legs
    ]
    frame = pd.DataFrame(rows, columns=["side", "quantity", "instrument", "limit", "premium"])
    return Table(frame, {"premium": currency}, rows=len(rows))

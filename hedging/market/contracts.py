"""What can be held: spot, perpetuals, futures and options, as frozen terms that price nothing.

A quantity of any of them counts contracts of `multiplier` units of underlying. Coin-settled (inverse)
perpetuals and futures, which exchanges size in money, count coins at the entry price:
``quantity = amount / entry``. So sized, their value in money is ``quantity * (price - entry)``, the same
as that of a cash-settled one; only coin amounts and margin differ.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.units import utc

__all__ = [
    "CASH_EQUITY",
    "ContractTerms",
    "Exercise",
    "FeeRule",
    "Future",
    "Instrument",
    "Linear",
    "Option",
    "Perpetual",
    "Settlement",
    "Spot",
    "Ticks",
    "date_code",
    "kind_of",
    "on_tick",
    "option_symbol",
    "tick_at",
    "underlying_of",
]

Settlement: TypeAlias = Literal["coin", "cash"]
Exercise: TypeAlias = Literal["european", "american"]
Ticks: TypeAlias = tuple[tuple[float, float], ...]

LARGEST_PRICE = 1e15  # beyond any; products of it with quantities and multipliers are still numbers
LARGEST_CONTRACT = 1e12  # units of a contract, contracts of a lot; their inverse is the least
_DUST = Decimal("1e-6")  # of a tick: what floats leave of a price that is on it


@dataclass(frozen=True, slots=True)
class FeeRule(Shown):
    """A fee per unit of underlying: a rate of the underlying's price, capped at a share of the premium.

    Attributes
    ----------
    rate : float
        Share of the underlying's price. [1]
    cap : float
        Largest share of the premium that a fee may take; infinity for no cap. [1]
    """

    rate: float = 0.0
    cap: float = math.inf

    def per_unit(self, premium: npt.ArrayLike, underlying: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Fee for one unit of underlying, in the money of `premium` and `underlying`.

        Examples
        --------
        >>> float(FeeRule(0.0003, 0.125).per_unit(0.0001, 1.0))  # in coin: the cap binds
        1.25e-05
        """
        uncapped = self.rate * np.asarray(underlying, dtype=float)
        if math.isinf(self.cap):
            return uncapped
        return np.minimum(uncapped, self.cap * np.asarray(premium, dtype=float))


@dataclass(frozen=True, slots=True)
class ContractTerms(Shown):
    """Terms that all contracts of one product share.

    Attributes
    ----------
    settlement : {'coin', 'cash'}
        What premium and payoff are paid in: the underlying coin (inverse), or the quote currency.
    currency : str
        Quote currency, the money of this library: strikes and values are in it.
    multiplier : float
        Units of underlying per contract.
    lot : float
        Smallest order and its increment. [contracts]
    ticks : tuple of (float, float)
        Price steps as ``(from this price on, tick)`` in the quoted unit (coin or money), ascending.
    fee : FeeRule
        What a taker pays per unit of underlying.
    venue : str
        Who published these terms.
    exercise : {'european', 'american'}
        When the holder may exercise: at expiry only, or at any time until then.
    combo_waiver : float
        Share of the fee of the cheaper side that the venue waives where options are bought and sold in one order. [1]
    """

    settlement: Settlement = "cash"
    currency: str = "USD"
    multiplier: float = 1.0
    lot: float = 1.0
    ticks: Ticks = ((0.0, 0.01),)
    fee: FeeRule = field(default_factory=FeeRule)
    venue: str = ""
    exercise: Exercise = "european"
    combo_waiver: float = 0.0

    def __post_init__(self) -> None:
        if self.settlement not in ("coin", "cash"):
            raise InputError(f"settlement must be 'coin' or 'cash'; got {self.settlement!r}.")
        if self.exercise not in ("european", "american"):
            raise InputError(f"exercise must be 'european' or 'american'; got {self.exercise!r}.")
        if not 0.0 <= self.combo_waiver <= 1.0:
            raise InputError(f"combo_waiver must be a share in [0, 1]; got {self.combo_waiver!r}.")
        for name in ("multiplier", "lot"):
            value = getattr(self, name)
            if not 1.0 / LARGEST_CONTRACT <= value <= LARGEST_CONTRACT:  # also NaN
                raise InputError(f"{name} must be a number > 0; got {value!r}.")

    def tick_at(self, price: float) -> float:
        """Price step that holds at `price`, in the quoted unit."""
        return tick_at(self.ticks, price)

    @property
    def closes_in_new_york(self) -> bool:
        """Whether a day of expiry ends with the session there: options on US stocks, funds and indices."""
        return self.exercise == "american" or self.venue == "cboe"

    @property
    def outrights(self) -> tuple[str, ...]:
        """What is traded of the underlying itself beside such options: shares of a stock, nothing of an index.

        Of a coin, and where nothing is known of the venue: ``'spot', 'perpetual', 'future'``.
        """
        if self.exercise == "american":
            return ("spot",)
        return () if self.venue == "cboe" else ("spot", "perpetual", "future")


def tick_at(ticks: Ticks, price: float) -> float:
    """Price step that holds at `price`; `ticks` as in `ContractTerms`."""
    return max((step for step in ticks if step[0] <= price), default=ticks[0])[1]


def on_tick(price: float, ticks: Ticks, side: float) -> float:
    """The price an order may be sent at, so that it still trades: up for a buy, down for a sale.

    Never worse than `price` by a whole tick. In decimals, as 3 * 0.0005 is no number that a venue takes.

    Parameters
    ----------
    price : float
        In the quoted unit.
    ticks : tuple of (float, float)
        As in `ContractTerms`.
    side : float
        > 0 for a buy, < 0 for a sale.

    Examples
    --------
    >>> steps = ((0.0, 0.0001), (0.005, 0.0005))
    >>> on_tick(0.01234, steps, +1), on_tick(0.01234, steps, -1), on_tick(0.00491, steps, +1)
    (0.0125, 0.012, 0.005)
    """
    tick = Decimal(str(tick_at(ticks, price)))
    exact = Decimal(str(price)) / tick
    whole = exact.to_integral_value(ROUND_HALF_EVEN)
    if abs(exact - whole) > _DUST:
        whole = exact.to_integral_value(ROUND_CEILING if side > 0 else ROUND_FLOOR)
    rounded = whole * tick
    coarser = Decimal(str(tick_at(ticks, float(rounded))))
    if coarser > tick:  # a buy went up into the next range of prices
        rounded = (rounded / coarser).to_integral_value(ROUND_CEILING) * coarser
    return float(rounded)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_CODE = re.compile(f"(\\d{{1,2}})({'|'.join(_MONTHS)})(\\d{{2}})")
_BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FLAGS = {"c": "c", "call": "c", "p": "p", "put": "p"}

CASH_EQUITY = ContractTerms(multiplier=100.0, exercise="american")
"""US equity options: 100 units a contract, American, settled in cash, no fee set."""


@dataclass(frozen=True, slots=True)
class Spot(Shown):
    """The asset itself, one unit a contract."""

    asset: str

    def __post_init__(self) -> None:
        _check_asset(self.asset)

    @property
    def symbol(self) -> str:
        """The asset's name."""
        return self.asset


@dataclass(frozen=True, slots=True)
class Perpetual(Shown):
    """A perpetual future; `quantity` counts units of underlying (at entry, where coin-settled)."""

    asset: str
    settlement: Settlement = "coin"

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        _check_settlement(self.settlement)

    @property
    def symbol(self) -> str:
        """A name in the style of the exchanges: ``BTC-PERPETUAL``."""
        return f"{self.asset}-PERPETUAL"


@dataclass(frozen=True, slots=True)
class Future(Shown):
    """A dated future; `quantity` counts units of underlying (at entry, where coin-settled)."""

    asset: str
    expiry: pd.Timestamp
    settlement: Settlement = "coin"

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        _check_settlement(self.settlement)
        object.__setattr__(self, "expiry", expiry_of(self.expiry))

    @property
    def symbol(self) -> str:
        """A name in the style of the exchanges: ``BTC-27MAR26``."""
        return f"{self.asset}-{date_code(self.expiry)}"


@dataclass(frozen=True, slots=True)
class Option(Shown):
    """An option, exercised automatically at expiry if it is in the money, and before where its terms allow it."""

    asset: str
    flag: Literal["c", "p"]
    strike: float
    expiry: pd.Timestamp
    terms: ContractTerms = field(default_factory=ContractTerms)
    venue_symbol: str = ""

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        object.__setattr__(self, "flag", flag_of(self.flag))
        must_be("terms", self.terms, ContractTerms)
        object.__setattr__(self, "expiry", expiry_of(self.expiry, self.terms))
        must_be("strike", self.strike, int, float, np.number)
        if not 0.0 < self.strike <= LARGEST_PRICE:
            raise InputError(f"strike must be a number > 0; got {self.strike!r}.")

    @property
    def symbol(self) -> str:
        """The venue's name of the contract, or one in Deribit's style."""
        return self.venue_symbol or option_symbol(self.asset, self.expiry, self.strike, self.flag)

    @property
    def own_symbol(self) -> str:
        """The same without the venue that a chain of several puts before it: what its venue takes."""
        return self.symbol.removeprefix(f"{self.terms.venue}:")

    @property
    def sign(self) -> float:
        """+1 for a call, -1 for a put."""
        return 1.0 if self.flag == "c" else -1.0


def _check_asset(asset: object) -> None:
    if not isinstance(asset, str) or not asset:
        raise InputError(f"asset must be a name, such as 'BTC'; got {asset!r}.")


def _check_settlement(settlement: object) -> None:
    if not isinstance(settlement, str) or settlement not in ("coin", "cash"):
        raise InputError(f"settlement must be 'coin' or 'cash'; got {settlement!r}.")


def flag_of(flag: object) -> str:
    """``'c'`` or ``'p'``, which may be written out.

    Raises
    ------
    InputError
        If it is neither a call nor a put.
    """
    found = _FLAGS.get(flag.lower()) if isinstance(flag, str) else None
    if found is None:
        raise InputError(f"flag must be 'c' or 'p', 'call' or 'put'; got {flag!r}.")
    return found


def expiry_of(expiry: object, terms: ContractTerms | None = None) -> pd.Timestamp:
    """A time of expiry in UTC; a date alone, ``'2026-03-27'`` or ``'27MAR26'``, is 08:00, as on the exchanges of coins.

    Under terms of US options it is 16:00 in New York.

    Raises
    ------
    InputError
        If it is no time, or has an hour but no zone.

    Examples
    --------
    >>> expiry_of("2026-03-27"), expiry_of("27MAR26") == expiry_of("2026-03-27T08:00Z")
    (Timestamp('2026-03-27 08:00:00+0000', tz='UTC'), True)
    """
    if isinstance(expiry, pd.Timestamp) and expiry.tz is UTC:
        return expiry
    if isinstance(expiry, str):
        if coded := _CODE.fullmatch(expiry.upper()):
            month = _MONTHS.index(coded[2]) + 1
            expiry = f"20{coded[3]}-{month:02d}-{int(coded[1]):02d}"
        if _BARE_DATE.fullmatch(expiry):
            if terms is not None and terms.closes_in_new_york:
                return pd.Timestamp(f"{expiry} 16:00", tz="America/New_York").tz_convert("UTC")
            return utc(f"{expiry}T08:00:00Z", "expiry")
    if not isinstance(expiry, str | datetime):
        raise InputError(
            f"expiry must be a time, such as '2026-03-27' or a Timestamp with its zone; got {expiry!r}."
        )
    return utc(expiry, "expiry")


def instrument_of(name: object, settlement: Settlement = "coin") -> Instrument:
    """The instrument that a name in Deribit's style says; an instrument is taken as it is.

    Raises
    ------
    InputError
        If it is neither.

    Examples
    --------
    >>> instrument_of("BTC-27FEB26-80000-P").strike, instrument_of("BTC-PERPETUAL").symbol, instrument_of("BTC").symbol
    (80000.0, 'BTC-PERPETUAL', 'BTC')
    """
    if isinstance(name, Spot | Perpetual | Future | Option):
        return name
    how = "Write it as BTC, BTC-PERPETUAL, BTC-27MAR26 or BTC-27MAR26-80000-P."
    if not isinstance(name, str):
        raise InputError(f"an instrument must be one, or its name; got {name!r}. {how}")
    asset, *rest = name.split("-")
    if not asset or not asset.replace("_", "").isalnum():
        raise InputError(f"{name!r} names no instrument. {how}")
    match [part.upper() for part in rest]:
        case []:
            return Spot(asset)
        case ["PERPETUAL"]:
            return Perpetual(asset, settlement)
        case [day]:
            return Future(asset, expiry_of(day), settlement)
        case [day, strike, flag]:
            terms = ContractTerms(settlement=settlement)
            return Option(asset, flag_of(flag), _strike(strike, name), expiry_of(day), terms, name)  # type: ignore[arg-type]
    raise InputError(f"{name!r} names no instrument. {how}")


def _strike(text: str, name: str) -> float:
    try:
        return float(text.replace("D", "."))
    except ValueError:
        raise InputError(f"the strike of {name!r} must be a number; got {text!r}.") from None


Linear: TypeAlias = Spot | Perpetual | Future
Instrument: TypeAlias = Linear | Option


def option_symbol(asset: str, expiry: pd.Timestamp, strike: float, flag: str) -> str:
    """Deribit's name of an option.

    Examples
    --------
    >>> option_symbol("BTC", pd.Timestamp("2026-03-05T08:00Z"), 70000, "p")
    'BTC-5MAR26-70000-P'
    >>> option_symbol("XRP_USDC", pd.Timestamp("2026-09-21T08:00Z"), 1.325, "c")
    'XRP_USDC-21SEP26-1d325-C'
    """
    return f"{asset}-{date_code(expiry)}-{f'{strike:.10g}'.replace('.', 'd')}-{flag.upper()}"


def underlying_of(asset: str, terms: ContractTerms) -> Linear:
    """What a delta is traded in beside such options: the perpetual of a coin, the shares of a stock.

    Raises
    ------
    InputError
        If nothing is, as of an index.
    """
    if "perpetual" in terms.outrights:
        return Perpetual(asset, terms.settlement)
    if "spot" in terms.outrights:
        return Spot(asset)
    raise InputError(f"{asset} is an index: neither it nor a perpetual on it is traded beside its options.")


def date_code(expiry: pd.Timestamp) -> str:
    """Return a day as exchanges write it, 5MAR26: no leading zero, the month in English whatever the locale."""
    return f"{expiry.day}{_MONTHS[expiry.month - 1]}{expiry.year % 100:02d}"


def kind_of(item: Instrument) -> str:
    """What an instrument is: ``'call'``, ``'put'``, ``'spot'``, ``'perpetual'`` or ``'future'``."""
    if isinstance(item, Option):
        return "call" if item.flag == "c" else "put"
    return type(item).__name__.lower()

"""What can be held: spot, perpetuals, futures and options, as frozen terms that price nothing.

A quantity of any of them counts contracts of `multiplier` units of underlying. Coin-settled (inverse)
perpetuals and futures, which exchanges size in money, count coins at the entry price:
``quantity = amount / entry``. So sized, their value in money is ``quantity * (price - entry)``, the same
as that of a cash-settled one; only coin amounts and margin differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.names import MONTHS, check_name
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.market.terms import (
    CASH_EQUITY,
    LARGEST_PRICE,
    ContractTerms,
    Exercise,
    FeeRule,
    Settlement,
    Ticks,
    check_settlement,
    on_tick,
    tick_at,
)
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

_CODE = re.compile(f"(\\d{{1,2}})({'|'.join(MONTHS)})(\\d{{2}})")
_BARE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FLAGS = {"c": "c", "call": "c", "p": "p", "put": "p"}


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
        check_settlement(self.settlement)

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
        check_settlement(self.settlement)
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
    terms: ContractTerms = field(repr=False, default_factory=ContractTerms)
    venue_symbol: str = ""

    def __post_init__(self) -> None:
        _check_asset(self.asset)
        check_name("venue_symbol", self.venue_symbol)
        object.__setattr__(self, "flag", flag_of(self.flag))
        must_be("terms", self.terms, ContractTerms)
        object.__setattr__(self, "expiry", expiry_of(self.expiry, self.terms))
        must_be("strike", self.strike, int, float, np.number)
        if not 1.0 / LARGEST_PRICE <= self.strike <= LARGEST_PRICE:  # also NaN
            believed = f", {1.0 / LARGEST_PRICE:g} to {LARGEST_PRICE:g}" if self.strike > 0.0 else ""
            raise InputError(f"strike must be a number > 0{believed}; got {self.strike!r}.")

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
    name: str = must_be("asset", asset, str, hint="It is a name, such as 'BTC'.")
    if not name:
        raise InputError("asset must be a name, such as 'BTC'; got an empty one.")
    check_name("asset", name)


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

    So is a `datetime.date`.
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
    if isinstance(expiry, date) and not isinstance(expiry, datetime):
        expiry = expiry.isoformat()
    if isinstance(expiry, str):
        if coded := _CODE.fullmatch(expiry.upper()):
            month = MONTHS.index(coded[2]) + 1
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
    return f"{expiry.day}{MONTHS[expiry.month - 1]}{expiry.year % 100:02d}"


def kind_of(item: Instrument) -> str:
    """What an instrument is: ``'call'``, ``'put'``, ``'spot'``, ``'perpetual'`` or ``'future'``."""
    if isinstance(item, Option):
        return "call" if item.flag == "c" else "put"
    return type(item).__name__.lower()

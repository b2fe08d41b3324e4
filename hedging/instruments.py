"""What can be held: spot, perpetuals, futures and options, as frozen terms that price nothing.

A quantity of any of them counts contracts of `multiplier` units of underlying. Coin-settled (inverse)
perpetuals and futures, which exchanges size in money, count coins at the entry price:
``quantity = amount / entry``. So sized, their value in money is ``quantity * (price - entry)``, the same
as that of a cash-settled one; only coin amounts and margin differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.errors import InputError

__all__ = [
    "CASH_EQUITY",
    "ContractTerms",
    "FeeRule",
    "Future",
    "Instrument",
    "Linear",
    "Option",
    "Perpetual",
    "Settlement",
    "Spot",
    "option_symbol",
]

Settlement: TypeAlias = Literal["coin", "cash"]


@dataclass(frozen=True, slots=True)
class FeeRule:
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
class ContractTerms:
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
    """

    settlement: Settlement = "cash"
    currency: str = "USD"
    multiplier: float = 1.0
    lot: float = 1.0
    ticks: tuple[tuple[float, float], ...] = ((0.0, 0.01),)
    fee: FeeRule = field(default_factory=FeeRule)
    venue: str = ""

    def __post_init__(self) -> None:
        if self.settlement not in ("coin", "cash"):
            raise InputError(f"settlement must be 'coin' or 'cash'; got {self.settlement!r}.")
        for name in ("multiplier", "lot"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"{name} must be a number > 0; got {value!r}.")

    def tick_at(self, price: float) -> float:
        """Price step that holds at `price`, in the quoted unit."""
        return max((step for step in self.ticks if step[0] <= price), default=self.ticks[0])[1]


CASH_EQUITY = ContractTerms(multiplier=100.0)
"""US equity and index options: 100 units a contract, settled in cash, no fee set."""


@dataclass(frozen=True, slots=True)
class Spot:
    """The asset itself, one unit a contract."""

    asset: str

    @property
    def symbol(self) -> str:
        """The asset's name."""
        return self.asset


@dataclass(frozen=True, slots=True)
class Perpetual:
    """A perpetual future; `quantity` counts units of underlying (at entry, where coin-settled)."""

    asset: str
    settlement: Settlement = "coin"

    @property
    def symbol(self) -> str:
        """A name in the style of the exchanges: ``BTC-PERPETUAL``."""
        return f"{self.asset}-PERPETUAL"


@dataclass(frozen=True, slots=True)
class Future:
    """A dated future; `quantity` counts units of underlying (at entry, where coin-settled)."""

    asset: str
    expiry: pd.Timestamp
    settlement: Settlement = "coin"

    @property
    def symbol(self) -> str:
        """A name in the style of the exchanges: ``BTC-27MAR26``."""
        return f"{self.asset}-{_date_code(self.expiry)}"


@dataclass(frozen=True, slots=True)
class Option:
    """A European option, exercised automatically at expiry if it is in the money."""

    asset: str
    flag: Literal["c", "p"]
    strike: float
    expiry: pd.Timestamp
    terms: ContractTerms = field(default_factory=ContractTerms)
    venue_symbol: str = ""

    def __post_init__(self) -> None:
        if self.flag not in ("c", "p"):
            raise InputError(f"flag must be 'c' or 'p'; got {self.flag!r}.")
        if not (self.strike > 0 and math.isfinite(self.strike)):
            raise InputError(f"strike must be a number > 0; got {self.strike!r}.")

    @property
    def symbol(self) -> str:
        """The venue's name of the contract, or one in Deribit's style."""
        return self.venue_symbol or option_symbol(self.asset, self.expiry, self.strike, self.flag)

    @property
    def sign(self) -> float:
        """+1 for a call, -1 for a put."""
        return 1.0 if self.flag == "c" else -1.0


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
    return f"{asset}-{_date_code(expiry)}-{f'{strike:.10g}'.replace('.', 'd')}-{flag.upper()}"


def _date_code(expiry: pd.Timestamp) -> str:
    """5MAR26: the day without a leading zero, and the month in English whatever the locale."""
    months = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
    return f"{expiry.day}{months[expiry.month - 1]}{expiry.year % 100:02d}"

"""One thing held: an instrument, how many of it, bought at what price, and in which account."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.bounds import LARGEST
from hedging._ground.names import check_name
from hedging._ground.shown import Shown
from hedging.book.quantity import units_of
from hedging.errors import InputError
from hedging.market.contracts import (
    ContractTerms,
    Future,
    Instrument,
    Option,
    Perpetual,
    Settlement,
    Spot,
    expiry_of,
    instrument_of,
)

__all__ = ["LARGEST", "Holding", "merged"]


@dataclass(frozen=True, slots=True, repr=False)
class Holding(Shown):
    """A signed quantity of one instrument.

    Attributes
    ----------
    instrument : Instrument
        Or its name, under the usual terms; those of a venue a chain knows: ``Holding(chain.option(name), 10)``.
    quantity : float
        Signed contracts of `multiplier` units; coins at the entry price for coin-settled perpetuals and
        futures.
    entry : float or None
        Price paid per unit, None if unknown (NaN is taken for that); perpetuals and futures must have one.
        [money]
    account : str
        Name of the declared account that it lies in; empty for none.
    """

    instrument: Instrument
    quantity: float
    entry: float | None = None
    account: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "instrument", instrument_of(self.instrument))
        must_be(f"quantity of {self.instrument.symbol}", self.quantity, int, float, np.number)
        must_be(f"entry of {self.instrument.symbol}", self.entry, int, float, np.number, type(None))
        must_be("account", self.account, str)
        check_name("account", self.account)
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

    def __repr__(self) -> str:
        entry = "" if self.entry is None else f", entry={self.entry!r}"
        account = f", account={self.account!r}" if self.account else ""
        return f"Holding({self.instrument.symbol!r}, {self.quantity!r}{entry}{account})"

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
        expiry: str | pd.Timestamp,
        quantity: float,
        entry: float,
        *,
        settlement: Settlement = "coin",
    ) -> Holding:
        """A dated future; `quantity` in units of underlying at `entry`, < 0 for a short."""
        return cls(Future(asset, expiry_of(expiry), settlement), quantity, entry)

    @classmethod
    def option(
        cls,
        asset: str,
        flag: str,
        strike: float,
        expiry: str | pd.Timestamp,
        quantity: float,
        entry: float | None = None,
        *,
        terms: ContractTerms | None = None,
    ) -> Holding:
        """Contracts of an option; `entry` is the price per unit of underlying in money."""
        terms = terms or ContractTerms(settlement="coin")
        return cls(Option(asset, flag, strike, expiry_of(expiry, terms), terms), quantity, entry)  # type: ignore[arg-type]

    def in_account(self, name: str) -> Holding:
        """The same in a declared account."""
        return replace(self, account=name)

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


def merged(holdings: Sequence[Holding], new: Holding) -> tuple[Holding, ...]:
    """Add to the holding of the same instrument if there is one; a holding of zero goes.

    Perpetuals and futures merge only at the same entry: another entry is another gain.
    """
    if new.quantity == 0.0:
        return tuple(holdings)
    for i, held in enumerate(holdings):
        mergeable = held.entry == new.entry or isinstance(held.instrument, Spot | Option)
        mergeable &= held.account == new.account
        if held.instrument == new.instrument and mergeable:
            quantity = held.quantity + new.quantity
            # The sum of whole lots is whole again: 0.1 + 0.2 must not leave dust behind.
            kept = (replace(held, quantity=quantity),) if abs(quantity) > 1e-12 * abs(held.quantity) else ()
            return (*holdings[:i], *kept, *holdings[i + 1 :])
    return (*holdings, new)

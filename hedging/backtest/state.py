"""What a strategy sees and what it may answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.backtest.ledger import Entry, ledger_frame
from hedging.backtest.tape import copied
from hedging.book import Book, Holding
from hedging.book.legs import HasLegs, Leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Instrument, Option
from hedging.units import days as days_between

__all__ = ["Decision", "Order", "State", "Strategy", "Wait", "name_of", "waiting"]

HEAD = re.compile(r"[:;] | \(|\.(?= |$)")  # where the head of a message ends


@dataclass(frozen=True, slots=True)
class Order:
    """An instrument, or the venue's name of an option, and signed contracts, > 0 to buy.

    The replay finds the price: what a strategy believes to pay counts for nothing.

    Attributes
    ----------
    instrument : Instrument or str
    quantity : float
        Of a coin-settled perpetual or future, units at the price of this order, as in `outright_leg`: `q` units at `P`
        trade ``q * P`` of money, which closes ``q * P / entry`` of the units that were entered at `entry`, and moves the
        book's delta by `q`.
    whole : bool
        Closes all that is held of it, however much of it the quantity would; that says only the side.
    """

    instrument: Instrument | str
    quantity: float
    whole: bool = False

    @property
    def symbol(self) -> str:
        """The venue's name."""
        return self.instrument if isinstance(self.instrument, str) else self.instrument.symbol


@dataclass(frozen=True, slots=True)
class Wait:
    """No orders, and why.

    Attributes
    ----------
    reason : str
        Counted in the result: the same words from day to day.
    said : str
        The whole of it, of which the result keeps the last; empty where the reason is all.
    """

    reason: str
    said: str = ""


def waiting(what: str, error: InputError) -> Wait:
    """What could not be done, by an error: its head is the reason, before the numbers that differ from day to day."""
    whole = f"{what}: {error}"
    return Wait(f"{what}: {HEAD.split(str(error))[0]}", whole.removesuffix("."))


Decision: TypeAlias = "HasLegs | Iterable[Leg | Order] | Wait | None"


class Half(NamedTuple):
    """The options of an overlay, or its perpetuals and futures, by the names of `State`."""

    overlay: tuple[Holding, ...]
    opened: pd.Timestamp | None
    cost: float
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One snapshot and the past, as a strategy sees them: copies, so that nothing it does reaches the tape.

    Attributes
    ----------
    book : Book
        All that is held, after settlements.
    overlay : tuple of Holding
        Of it, what the strategy has traded and still holds, coins and money aside.
    opened : Timestamp or None
        When the overlay was opened, the earlier of its options and its outrights.
    cost : float
        What the overlay has cost since then, premium and fees less premium received. [money]
    value : float
        What the overlay is worth at its marks. [money]
    equity : float
        Value of the whole book. [money]
    spot : ndarray
        Index price at each of `times`. [money]
    entries : tuple of Entry
        The ledger so far.
    """

    _chain: OptionChain
    book: Book
    overlay: tuple[Holding, ...]
    opened: pd.Timestamp | None
    cost: float
    value: float
    equity: float
    spot: npt.NDArray[np.float64]
    entries: tuple[Entry, ...]
    _stamps: tuple[pd.Timestamp, ...]
    _halves: tuple[Half, Half]

    @property
    def of_options(self) -> State:
        """The same with nothing of the overlay but its options: when they were opened, their cost and value."""
        return replace(self, **self._halves[0]._asdict())

    @property
    def of_outrights(self) -> State:
        """The same with nothing of the overlay but its perpetuals and futures."""
        return replace(self, **self._halves[1]._asdict())

    @property
    def times(self) -> pd.DatetimeIndex:
        """Times of the snapshots up to this one, UTC."""
        return pd.DatetimeIndex(self._stamps).as_unit("ns")

    @property
    def chain(self) -> OptionChain:
        """The quotes of this snapshot, a copy of their own."""
        return copied(self._chain)

    @property
    def time(self) -> pd.Timestamp:
        """When the quotes were taken, UTC."""
        return self._chain.as_of

    @property
    def age(self) -> float:
        """Days since the overlay was opened, NaN where there is none."""
        return float("nan") if self.opened is None else days_between(self.opened, self.time)

    @property
    def days_left(self) -> float:
        """Days to the first expiry of the overlay's options, infinite where it has none."""
        expiries = [held.instrument.expiry for held in self.overlay if isinstance(held.instrument, Option)]
        return days_between(self.time, min(expiries)) if expiries else float("inf")

    @property
    def ledger(self) -> pd.DataFrame:
        """The ledger so far, one row a cash flow."""
        return ledger_frame(self.entries)


class Strategy(Protocol):
    """Any function of a state; what it returns is traded at the quotes of the snapshot, or the next one's."""

    def __call__(self, state: State) -> Decision:
        """Legs, orders, an overlay or a plan; None or a `Wait` for nothing."""


def name_of(strategy: Strategy) -> str:
    """What a strategy is called in tables and messages."""
    return str(getattr(strategy, "name", "") or getattr(strategy, "__name__", "") or type(strategy).__name__)

"""How a replay trades, settles and counts: every convention of a run, stated and shown with its result."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging.errors import InputError
from hedging.market.contracts import ContractTerms, FeeRule, Linear, Perpetual, Spot
from hedging.venues import deribit

__all__ = ["Rules", "linear_costs"]

DELIVERY_FEE = FeeRule(0.00015, 0.125)  # Deribit's for monthly and weekly options
OUTRIGHT_HALF_SPREAD = 1e-4
OUTRIGHT_FEE = FeeRule(0.0005)
MOST_FUNDING = 0.1  # per 8 hours: several times what any venue allows


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rules(Shown):
    """Conventions of a run.

    Attributes
    ----------
    delay : int
        0 trades at the quotes that the strategy saw, 1 at those of the next snapshot.
    price : {'quote', 'mid', 'mark'}
        What an order pays: the ask or bid, their middle, or the mark. Only the first can be had.
    fee : FeeRule, optional
        A taker's fee on options; by default that of the recorded terms.
    delivery_fee : FeeRule, optional
        Fee on what an option pays at expiry; by default Deribit's on its own options, else none.
    delivery : {'close', 'open'}
        Which edge of the hour that ends with the expiry counts, where delivery prices are hour bars.
    open_interest, volume : float, optional
        Most of a contract that one order may take, as a share of its open interest or of its volume of 24
        hours; larger orders are cut to whole lots, and counted, as are those whose limit the quotes do not say.
    depth : bool
        Whether orders are cut to the size that is quoted, where it is known; otherwise they are only counted.
    longest_gap : float
        A hole between snapshots longer than this ends the run. [days]
    funding : float or Series, optional
        What longs of a perpetual pay: a share of spot per 8 hours, or a Series of shares by the UTC time they
        are paid at, each once; beyond 10 % per 8 hours they are taken for percent and refused. By default what the
        recorded futures say, else nothing.
    half_spread : float, optional
        Of spot, perpetuals and futures without a recorded quote; by default the venue's typical one. [share]
    linear_fee : FeeRule, optional
        On spot, perpetuals and futures; by default the venue's taker fee.
    liquidation_fee : float
        Of the notional of perpetuals and futures that are liquidated. [share]
    """

    delay: int = 0
    price: Literal["quote", "mid", "mark"] = "quote"
    fee: FeeRule | None = None
    delivery_fee: FeeRule | None = None
    delivery: Literal["close", "open"] = "close"
    open_interest: float | None = None
    volume: float | None = None
    depth: bool = False
    longest_gap: float = 5.0
    funding: float | pd.Series | None = None
    half_spread: float | None = None
    linear_fee: FeeRule | None = None
    liquidation_fee: float = 0.0075

    def __post_init__(self) -> None:
        must_be("delay", self.delay, int)
        if self.delay not in (0, 1):
            raise InputError(f"delay must be 0 or 1 snapshots; got {self.delay!r}.")
        for name, choices in (("price", ("quote", "mid", "mark")), ("delivery", ("close", "open"))):
            if (came := getattr(self, name)) not in choices:
                raise InputError(
                    f"{name} must be one of {', '.join(choices)}; got {came!r}{meant(str(came), choices) or '.'}"
                )
        if not isinstance(self.depth, bool):
            raise InputError(
                f"depth must be true or false, whether orders are cut to the size quoted; got {self.depth!r}."
            )
        for name in ("fee", "delivery_fee", "linear_fee"):
            if getattr(self, name) is not None:
                must_be(name, getattr(self, name), FeeRule)
        self._check_numbers()
        if isinstance(self.funding, pd.Series):
            _check_payments(self.funding)
        elif self.funding is not None and not _is_number(self.funding):
            raise InputError(f"funding must be a finite share per 8 hours; got {self.funding!r}.")
        elif self.funding is not None and abs(self.funding) > MOST_FUNDING:
            raise InputError(_absurd(self.funding))

    def _check_numbers(self) -> None:
        for name in ("open_interest", "volume"):
            share = getattr(self, name)
            if share is not None and not (_is_number(share) and share > 0):
                raise InputError(f"{name} must be a share > 0, or None for no limit; got {share!r}.")
        if not (_is_number(self.longest_gap, endless=True) and self.longest_gap > 0):
            raise InputError(f"longest_gap must be a number of days > 0; got {self.longest_gap!r}.")
        for name in ("half_spread", "liquidation_fee"):
            share = getattr(self, name)
            if share is None and name == "half_spread":
                continue
            if not (_is_number(share) and 0 <= share < 1):
                raise InputError(f"{name} must be a share from 0 to below 1; got {share!r}.")

    def option_fee(self, terms: ContractTerms) -> FeeRule:
        """Fee of a trade in options of these terms."""
        return terms.fee if self.fee is None else self.fee

    def settlement_fee(self, terms: ContractTerms) -> FeeRule:
        """Fee of a delivery."""
        if self.delivery_fee is not None:
            return self.delivery_fee
        return DELIVERY_FEE if terms.venue == "deribit" else FeeRule(0.0)

    def to_dict(self) -> dict[str, object]:
        """The conventions by name, as JSON knows them."""
        plain: dict[str, object] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if isinstance(value, FeeRule):
                value = {"rate": value.rate, "cap": None if math.isinf(value.cap) else value.cap}
            plain[name] = (
                f"series of {number_of(len(value), 'payment')}" if isinstance(value, pd.Series) else value
            )
        return plain


def _is_number(value: object, *, endless: bool = False) -> bool:
    """Whether a value is a number, truths aside; `endless` takes infinity too."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return math.isfinite(value) or (endless and value == math.inf)


def _check_payments(funding: pd.Series) -> None:
    """Refuse a series of funding payments that has no times, or no number at one of them."""
    index = funding.index
    if not (isinstance(index, pd.DatetimeIndex) and index.tz is not None):
        raise InputError("funding must be a Series by time, with a time zone, or a share per 8 hours.")
    if not pd.api.types.is_numeric_dtype(funding):
        raise InputError(f"funding must be a Series of numbers; got one of {funding.dtype}.")
    bad = ~np.isfinite(funding.to_numpy(dtype=float))
    if bad.any():
        raise InputError(f"funding has no number at {index[bad][0]}.")
    if index.has_duplicates:
        raise InputError(
            f"funding has several payments at {index[index.duplicated()][0]}, which would all be paid: leave one of each."
        )
    apart = index.sort_values().to_series().diff().median() / pd.Timedelta(hours=8)
    # A payment may be of a whole month.
    absurd = (funding.abs() > MOST_FUNDING * max(1.0, np.nan_to_num(apart, nan=1.0))).to_numpy()
    if absurd.any():
        raise InputError(f"{_absurd(funding[absurd].iloc[0]).removesuffix('.')} at {index[absurd][0]}.")


def _absurd(rate: float) -> str:
    return (
        f"funding must be a share of spot per 8 hours, at most {MOST_FUNDING:.0%} either way (0.0001 is 0.01 %); got "
        f"{float(rate):g}."
    )


def linear_costs(
    instrument: Linear, terms: ContractTerms, time: pd.Timestamp, rules: Rules
) -> tuple[float, FeeRule, float]:
    """Half spread [share], fee and lot [units] of spot, a perpetual or a future."""
    half_spread, fee, lot = OUTRIGHT_HALF_SPREAD, OUTRIGHT_FEE, 0.0
    if terms.venue == "deribit":
        kinds: dict[type, Literal["spot", "perpetual", "future"]] = {Spot: "spot", Perpetual: "perpetual"}
        known = deribit.linear_terms(kinds.get(type(instrument), "future"), time)
        half_spread, fee, lot = known.half_spread, known.fee, known.lot
    return (
        half_spread if rules.half_spread is None else rules.half_spread,
        fee if rules.linear_fee is None else rules.linear_fee,
        lot,
    )

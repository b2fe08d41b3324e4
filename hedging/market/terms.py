"""Terms of an option's contract: what it is settled in, its size and ticks, its fee, how it is exercised."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging._ground.arguments import must_be
from hedging._ground.cells import SHARE, cell
from hedging._ground.shown import Shown
from hedging.errors import InputError

__all__ = [
    "CASH_EQUITY",
    "LARGEST_CONTRACT",
    "LARGEST_PRICE",
    "ContractTerms",
    "Exercise",
    "FeeRule",
    "Settlement",
    "Ticks",
    "check_settlement",
    "on_tick",
    "tick_at",
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

    def __post_init__(self) -> None:
        for name, most in (("rate", 1.0), ("cap", math.inf)):
            value = must_be(f"{name} of a fee", getattr(self, name), int, float, np.number)
            if not 0.0 <= value <= most:  # also NaN
                raise InputError(
                    f"{name} of a fee must be a share{' in [0, 1]' if most == 1.0 else ' >= 0'}; got {value!r}."
                )

    def __str__(self) -> str:
        if self.rate == 0.0:
            return "none set"
        most = "" if math.isinf(self.cap) else f", at most {cell(self.cap, SHARE)} of the premium"
        return f"{cell(self.rate, SHARE)} of the underlying{most}"

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
        must_be("fee", self.fee, FeeRule)
        self._check_ticks()

    def _check_ticks(self) -> None:
        try:
            steps = [(float(start), float(tick)) for start, tick in self.ticks]
        except (TypeError, ValueError):
            steps = []
        starts = [start for start, _ in steps]
        sound = all(math.isfinite(start) and 0.0 < tick < math.inf for start, tick in steps)
        if not (steps and sound and starts == sorted(set(starts))):
            raise InputError(
                "ticks must be pairs of a price and the tick > 0 from it on, ascending, such as ((0.0, 0.01),); got "
                f"{self.ticks!r:.80}."
            )

    def __str__(self) -> str:
        ticks = " or ".join(cell(tick) for _, tick in self.ticks)
        return (
            f"{self.exercise} exercise, settled in {self.settlement}, strikes in {self.currency}; {cell(self.multiplier)} "
            f"{'unit' if self.multiplier == 1.0 else 'units'} a contract, lots of {cell(self.lot)}, ticks of {ticks}; fee: {self.fee}"
        )

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


CASH_EQUITY = ContractTerms(multiplier=100.0, exercise="american")
"""US equity options: 100 units a contract, American, settled in cash, no fee set."""


def check_settlement(settlement: object) -> None:
    """Refuse what is neither coin nor cash."""
    if not isinstance(settlement, str) or settlement not in ("coin", "cash"):
        raise InputError(f"settlement must be 'coin' or 'cash'; got {settlement!r}.")

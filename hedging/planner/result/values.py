"""What explains a plan, as values: prices of limits, drivers, other structures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from hedging._ground.cells import when
from hedging._ground.shown import Shown
from hedging.book.legs import Cost, Leg, orders_frame
from hedging.book.saved import legs_to_dicts
from hedging.planner.request.limit import Limit
from hedging.planner.request.wording import figure
from hedging.planner.result.checks import Check, Trough

__all__ = [
    "Alternative",
    "Driver",
    "JointFeasibility",
    "Numeraire",
    "ShadowPrice",
]


@dataclass(frozen=True, slots=True, repr=False)
class ShadowPrice(Shown):
    """What the cost falls by when one limit is widened a little, lots being continuous.

    Attributes
    ----------
    limit : Limit
    price : float
        [money per step]
    step : str
        ``'1 %'`` of the base for floor and budget, ``'1'`` for Greeks, in their own units.
    """

    limit: Limit
    price: float
    step: str

    def __str__(self) -> str:
        return f"{self.step} wider {self.limit} saves {figure(self.price, 3)}"

    def to_dict(self) -> dict[str, Any]:
        """The price by field."""
        return {"limit": str(self.limit), "of": self.limit.to_dict(), "price": self.price, "step": self.step}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> ShadowPrice:
        """The price that `to_dict` gave."""
        return ShadowPrice(Limit.from_dict(saved["of"]), saved["price"], saved["step"])


@dataclass(frozen=True, slots=True)
class Driver(Shown):
    """A scenario that the plan is built against.

    Attributes
    ----------
    scenario : str
    day : float
        [days]
    weight : float
        Share of the floor's price that this node makes; the weights sum to 1.
    """

    scenario: str
    day: float
    weight: float

    def to_dict(self) -> dict[str, Any]:
        """The driver by field."""
        return asdict(self)


@dataclass(frozen=True, slots=True, repr=False)
class Numeraire(Shown):
    """Cost and worst case of a plan in one unit of account.

    Attributes
    ----------
    unit : str
        The currency, or the coin.
    price : float
        Of one unit today. [money]
    cost : Cost
        [unit]
    base : float
        What shares are shares of. [unit]
    troughs : tuple of (Trough, Trough)
        Worst case over the scenarios without and with the plan, its P&L what the book is worth in the unit at a
        node less what it is worth today; in coin without the scenarios that go to zero. [unit]
    """

    unit: str
    price: float
    cost: Cost
    base: float
    troughs: tuple[Trough, Trough]

    def __str__(self) -> str:
        return self.told(None)

    def told(self, as_of: Any) -> str:
        """In a sentence; with the date of the worst day where it is known what day 0 was."""
        alone, hedged = self.troughs
        return (
            f"cost {self._amount(self.cost.execution)}, net premium {self._amount(self.cost.premium)}; worst alone "
            f"{self._loss(alone)}, hedged {self._loss(hedged)} at {hedged.scenario}, {when(as_of, hedged.day)}"
        )

    def _loss(self, trough: Trough) -> str:
        return f"{self._amount(trough.pnl)} ({round(trough.share, 4) + 0.0:.1%})"

    def _amount(self, amount: float) -> str:
        """Money in whole units, coins to the fourth place; rounding is no loss."""
        digits = 0 if self.price == 1.0 else 4
        return f"{round(amount, digits) + 0.0:,.{digits}f}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name; money is the unit."""
        before, after = (trough.to_dict() for trough in self.troughs)
        return {
            "unit": self.unit,
            "price": self.price,
            "cost": asdict(self.cost) | {"execution": self.cost.execution},
            "base": self.base,
            "worst": {"before": before, "after": after},
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Numeraire:
        """The value that `to_dict` gave."""
        cost = {name: value for name, value in saved["cost"].items() if name != "execution"}
        worst = saved["worst"]
        troughs = (Trough(**worst["before"]), Trough(**worst["after"]))
        return Numeraire(saved["unit"], saved["price"], Cost(**cost), saved["base"], troughs)


ALIKE = ("gamma", "vega", "theta")


OUT_OF_PROPORTION = (
    3.0  # times what the Greeks take one by one; in two expiries they take about that together
)


@dataclass(frozen=True, slots=True, repr=False)
class JointFeasibility(Shown):
    """What the bands of several Greeks of one asset take together, and one by one.

    Attributes
    ----------
    asset : str
    limits : tuple of Limit
        The bands.
    condition : float or None
        Largest over smallest singular value of what a unit of each order does to each, rows scaled to a largest
        entry of 1; None where it is infinite.
    gross : float or None
        Least position that meets all bands, long and short added up, whatever its cost; None where none does.
        [units of underlying]
    one_by_one : float
        The least positions that meet each of them alone, added up. [units of underlying]
    expiries : int
        Of the options that may be traded.
    """

    asset: str
    limits: tuple[Limit, ...]
    condition: float | None
    gross: float | None
    one_by_one: float
    expiries: int

    @property
    def ill(self) -> bool:
        """Whether they take out of all proportion more together."""
        return self.gross is None or self.gross > OUT_OF_PROPORTION * self.one_by_one > 0.0

    @property
    def remark(self) -> str:
        """What that means, and the way out."""
        takes = (
            "no size of what may be traded brings"
            if self.gross is None
            else f"it takes {self.gross:,.4g} {self.asset} gross to bring"
        )
        condition = "singular" if self.condition is None else f"condition {self.condition:,.3g}"
        second = (
            "allow a second expiry (Limits(expiries=...))" if self.expiries == 1 else "allow other expiries"
        )
        kinds = [each.kind.partition("_")[0] for each in self.limits if each.window is None]
        alike = [kind for kind in ALIKE if kind in kinds]
        why = f": within one expiry {' and '.join(alike)} are nearly one Greek" if len(alike) > 1 else ""
        return (
            f"{takes} {' and '.join(map(str, self.limits))} into their bands together, against {self.one_by_one:,.4g} one by "
            f"one ({condition}){why}; {second}, or widen a band"
        )

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        return {
            "asset": self.asset,
            "limits": [each.to_dict() for each in self.limits],
            "condition": self.condition,
            "gross": self.gross,
            "one_by_one": self.one_by_one,
            "expiries": self.expiries,
            "ill": self.ill,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> JointFeasibility:
        """The value that `to_dict` gave."""
        plain = {name: value for name, value in saved.items() if name != "ill"}
        return JointFeasibility(**(plain | {"limits": tuple(map(Limit.from_dict, saved["limits"]))}))


@dataclass(frozen=True, slots=True, repr=False)
class Alternative(Shown):
    """Another way to the same target, with less to choose from.

    Attributes
    ----------
    name : str
        Its structure: ``'spot'``, ``'put'``, ``'collar'`` ...
    legs : tuple of Leg
    cost : Cost
    misses : tuple of Check
        Limits that it cannot meet; empty if it meets all.
    loss : float or None
        What it loses, or the margin that it needs, as a share of the base, where that is minimised. [1]
    """

    name: str
    legs: tuple[Leg, ...]
    cost: Cost
    misses: tuple[Check, ...] = ()
    loss: float | None = None

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket."""
        return orders_frame(self.legs)

    def to_dict(self) -> dict[str, Any]:
        """The alternative as plain values."""
        return {
            "name": self.name,
            "orders": legs_to_dicts(self.legs),
            "cost": cost_to_dict(self.cost),
            "misses": [check.to_dict() for check in self.misses],
            "loss": self.loss,
        }


def cost_to_dict(cost: Cost) -> dict[str, float]:
    """Cost by part, with the execution cost that some of them add up to."""
    return asdict(cost) | {"execution": cost.execution}

"""What holding a plan's orders costs: as time passes and nothing moves, and at which funding another plan is cheaper."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown

__all__ = ["BreakEven", "Decay"]


@dataclass(frozen=True, slots=True, repr=False)
class Decay(Shown):
    """What holding some orders costs if nothing moves; below 0 where they gain. [money]

    Attributes
    ----------
    days : float
        For how long. [days]
    options : float
        Time value of options, roll down the surface included.
    funding : float
        Of perpetuals, at today's rate.
    basis : float
        Of dated futures.
    """

    days: float
    options: float = 0.0
    funding: float = 0.0
    basis: float = 0.0

    @property
    def total(self) -> float:
        """All of it. [money]"""
        return self.options + self.funding + self.basis

    def __str__(self) -> str:
        verb = "costs" if self.total >= 0.0 else "earns"
        parts = [
            f"{name} {value:,.0f}"
            for name in ("options", "funding", "basis")
            if (value := getattr(self, name))
        ]
        of = f" ({', '.join(parts)})" if len(parts) > 1 else ""
        return f"holding this for {number_of(self.days, 'day')} {verb} {abs(self.total):,.0f} if nothing moves{of}"

    def to_dict(self) -> dict[str, Any]:
        """The decay by field, and in all."""
        return asdict(self) | {"total": self.total}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Decay:
        """The decay that `to_dict` gave."""
        return Decay(**{name: value for name, value in saved.items() if name != "total"})


@dataclass(frozen=True, slots=True, repr=False)
class BreakEven(Shown):
    """The funding at which the perpetual of a plan costs what the cheapest plan without one does.

    Attributes
    ----------
    asset : str
    rate : float
        [share of spot per 8 hours]
    below : bool
        Whether the plan without one wins below that rate (perpetual sold) or above (bought).
    structure : str
        What the plan without one is.
    cost : float
        Of that plan. [money]
    """

    asset: str
    rate: float
    below: bool
    structure: str
    cost: float

    def __str__(self) -> str:
        side = "below" if self.below else "above"
        return (
            f"{side} {100.0 * self.rate:+.3g} % per 8 hours on {self.asset} a plan without the perpetual is cheaper: "
            f"{self.structure}, cost {self.cost:,.0f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The break-even by field."""
        return asdict(self)

"""Limits held against the book after the plan, and the worst places of scenarios."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.planner.request.limit import Limit
from hedging.planner.request.wording import figure_of

__all__ = ["Check", "Trough"]

TOLERANCE = 1e-6  # of a limit's own size


@dataclass(frozen=True, slots=True, repr=False)
class Check(Shown):
    """One limit, and where the book after the plan stands.

    Attributes
    ----------
    limit : Limit
    value : float
    low, high : float or None
        None for an open side.
    scale : float
        Size that a miss is measured against.
    """

    limit: Limit
    value: float
    low: float | None = None
    high: float | None = None
    scale: float = 1.0

    @property
    def miss(self) -> float:
        """How far `value` lies outside, in its own unit."""
        below = 0.0 if self.low is None else self.low - self.value
        above = 0.0 if self.high is None else self.value - self.high
        return max(0.0, below, above)

    @property
    def ok(self) -> bool:
        """Whether the limit holds, up to rounding."""
        return self.miss <= TOLERANCE * self.scale

    def __str__(self) -> str:
        low, high = ("any" if side is None else figure_of(self.limit, side) for side in (self.low, self.high))
        return f"{self.limit} is {figure_of(self.limit, self.value)}, allowed {low} to {high}"

    def to_dict(self) -> dict[str, Any]:
        """The check by field."""
        plain = {"limit": str(self.limit), "of": self.limit.to_dict()}
        return (
            plain
            | {name: getattr(self, name) for name in ("value", "low", "high", "scale")}
            | {"ok": self.ok}
        )

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Check:
        """The check that `to_dict` gave."""
        numbers = (saved[name] for name in ("value", "low", "high", "scale"))
        return Check(Limit.from_dict(saved["of"]), *numbers)


@dataclass(frozen=True, slots=True)
class Trough(Shown):
    """The worst place of a set of scenarios.

    Attributes
    ----------
    pnl : float
        [money]
    share : float
        Of the plan's base. [1]
    scenario : str
    day : float
        [days from now]
    """

    pnl: float
    share: float
    scenario: str
    day: float

    def to_dict(self) -> dict[str, Any]:
        """The trough by field."""
        return asdict(self)

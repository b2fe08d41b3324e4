"""How far limits move over the surfaces that the quotes allow, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.planner.request.limit import Limit
from hedging.planner.request.wording import figure_of

__all__ = ["Robustness"]


@dataclass(frozen=True, slots=True, repr=False)
class Robustness(Shown):
    """One limit over all surfaces inside the quotes.

    Attributes
    ----------
    limit : Limit
    value : float
        On the fitted surface.
    low, high : float
        Least and greatest over the extremes.
    low_at, high_at : str
        Which extremes these are.
    ok : bool
        Whether it holds on all of them.
    """

    limit: Limit
    value: float
    low: float
    high: float
    low_at: str
    high_at: str
    ok: bool

    def __str__(self) -> str:
        low, high = (figure_of(self.limit, side, 4) for side in (self.low, self.high))
        return f"{self.limit} {low} .. {high}{'' if self.ok else ', missed'}"

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        numbers = {name: getattr(self, name) for name in ("value", "low", "high", "low_at", "high_at", "ok")}
        return {"limit": str(self.limit), "of": self.limit.to_dict()} | numbers

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Robustness:
        """The value that `to_dict` gave."""
        plain = {name: value for name, value in saved.items() if name not in ("limit", "of")}
        return Robustness(Limit.from_dict(saved["of"]), **plain)

"""What becomes of a plan that fills leg by leg, or at worse prices, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.planner.request.wording import figure, per_cent
from hedging.planner.result.checks import Check

__all__ = ["Between", "Fills"]


@dataclass(frozen=True, slots=True)
class Between(Shown):
    """A state in which some orders are filled and others are not.

    Attributes
    ----------
    filled : tuple of str
        The contracts that are traded by then.
    share : float
        Worst P&L over the scenarios, as a share of the plan's base. [1]
    scenario : str
    day : float
        [days]
    """

    filled: tuple[str, ...]
    share: float
    scenario: str
    day: float


@dataclass(frozen=True, slots=True, repr=False)
class Fills(Shown):
    """The order of legs in which the worst state between them is best, and what a tick costs.

    Attributes
    ----------
    order : tuple of str
        Side and contract of each order, the first to trade first.
    best, worst : Between or None
        The worst state on the way in that order, and the worst of all states that any order passes; None of a single
        order.
    tick_cost : float
        What the orders cost more at one tick worse each. [money]
    misses : tuple of Check
        Limits that they miss then.
    """

    order: tuple[str, ...]
    best: Between | None
    worst: Between | None
    tick_cost: float
    misses: tuple[Check, ...] = ()

    def __str__(self) -> str:
        missed = f", misses {' and '.join(str(check.limit) for check in self.misses)}" if self.misses else ""
        text = f"a tick worse costs {figure(self.tick_cost, 4)}{missed}"
        if self.best is None or self.worst is None:
            return text
        between = f"worst between {per_cent(self.best.share)}"
        if self.worst.share < self.best.share - 5e-4:
            between += f" (else {per_cent(self.worst.share)})"
        return f"{', then '.join(self.order[:-1])} first: {between}; {text}"

    def to_dict(self) -> dict[str, Any]:
        """The states by name."""
        return {
            "order": list(self.order),
            "best": None if self.best is None else asdict(self.best),
            "worst": None if self.worst is None else asdict(self.worst),
            "tick_cost": self.tick_cost,
            "misses": [check.to_dict() for check in self.misses],
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Fills:
        """The value that `to_dict` gave."""
        best, worst = (
            None
            if saved[name] is None
            else Between(**(saved[name] | {"filled": tuple(saved[name]["filled"])}))
            for name in ("best", "worst")
        )
        misses = tuple(map(Check.from_dict, saved["misses"]))
        return Fills(tuple(saved["order"]), best, worst, saved["tick_cost"], misses)

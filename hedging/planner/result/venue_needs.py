"""What orders over several venues need at each, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.planner.request.wording import figure

__all__ = ["VenueNeed"]


@dataclass(frozen=True, slots=True, repr=False)
class VenueNeed(Shown):
    """What must lie at one venue, in one currency, for the orders that go there.

    Attributes
    ----------
    venue : str
    currency : str
        The coin, where its options settle in it; else what they settle in.
    orders : int
    paid : float
        Premium and fees; < 0 where more is received. [currency]
    initial_margin : float
        What the positions there need after the orders, beyond premium. [currency]
    held : float
        What counts as collateral there before the orders. [currency]
    account : str
        The declared account whose rules were taken; empty where none bears the venue's name, and `rules` are assumed of
        an account with nothing in it.
    rules : str
        What those are called: the venue's published ones, or those that stand in for them.
    """

    venue: str
    currency: str
    orders: int
    paid: float
    initial_margin: float
    held: float
    account: str = ""
    rules: str = "the standard rules of the asset"

    @property
    def collateral(self) -> float:
        """What must lie there before the orders are sent. [currency]"""
        return max(0.0, self.paid + self.initial_margin)

    @property
    def to_bring(self) -> float:
        """What of it is not there yet. [currency]"""
        return max(0.0, self.collateral - max(self.held, 0.0))

    def __str__(self) -> str:
        way = "pays" if self.paid >= 0.0 else "receives"
        count = number_of(self.orders, "order")
        text = (
            f"{self.venue}: {count}, {way} {figure(abs(self.paid), 6)} {self.currency}, initial margin "
            f"{figure(self.initial_margin, 6)}: {figure(self.collateral, 6)} {self.currency} must lie there"
        )
        if not self.account:
            return f"{text} (by {self.rules}; no account is declared there)"
        return f"{text}, {figure(self.to_bring, 6)} of it to be brought"

    def to_dict(self) -> dict[str, Any]:
        """The need by field, with what it comes to."""
        return asdict(self) | {"collateral": self.collateral, "to_bring": self.to_bring}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> VenueNeed:
        """The need that `to_dict` gave."""
        return VenueNeed(
            **{name: value for name, value in saved.items() if name not in ("collateral", "to_bring")}
        )

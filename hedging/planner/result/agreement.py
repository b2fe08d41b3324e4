"""How the outcomes of a plan agree with the quotes it trades at: a free lunch among them, or probabilities that fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hedging._ground.shown import Shown
from hedging.book.legs import Leg
from hedging.book.saved import legs_from, legs_to_dicts
from hedging.planner.request.outcomes import Outcomes

__all__ = ["WAY_OUT", "Agreement", "FreeLunch", "Reweighting"]

NAMED = 4  # orders of a free lunch that a sentence names
WAY_OUT = (
    "Give outcomes in which they lose (more of them, vols that move too, a date at each expiry on the way), or leave "
    "such options out, as by Limits(expiries=...)"
)


@dataclass(frozen=True, slots=True, repr=False)
class FreeLunch(Shown):
    """Orders that lose in no scenario.

    Attributes
    ----------
    legs : tuple of Leg
        Continuous sizes: a certificate, no order ticket.
    gain : float
        What they make on average. [money]
    """

    legs: tuple[Leg, ...]
    gain: float

    @property
    def share(self) -> float:
        """The gain as a share of the underlying that the orders are on. [1]"""
        return self.gain / sum(abs(leg.units) * leg.spot for leg in self.legs)

    def __str__(self) -> str:
        largest = sorted(self.legs, key=lambda leg: -abs(leg.units) * leg.spot)
        named = [f"{leg.side} {abs(leg.quantity):.3g} {leg.instrument.symbol}" for leg in largest[:NAMED]]
        more = [f"{len(largest) - NAMED} more in smaller size"] if len(largest) > NAMED else []
        return ", ".join([*named, *more])

    def to_dict(self) -> dict[str, Any]:
        """The orders and what they gain, as plain values."""
        return {"orders": legs_to_dicts(self.legs), "gain": self.gain, "gain_share": self.share}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> FreeLunch:
        """The free lunch that `to_dict` gave."""
        return FreeLunch(legs_from(saved["orders"]), saved["gain"])


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reweighting(Shown):
    """Probabilities under which no quoted order has a gain to expect.

    Attributes
    ----------
    outcomes : Outcomes
    entropy : float
        Relative entropy to the probabilities before. [nat]
    effective : float
        Number of scenarios that carry the weight, ``exp(entropy of the weights)``.
    worst : float
        Largest expected gain of any order that is left, at most `widened`. [share of its underlying]
    widened : float
        How much more each order was taken to cost, where at the quotes some lose in no scenario; else 0. [share of its
        underlying]
    """

    outcomes: Outcomes
    entropy: float
    effective: float
    worst: float
    widened: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Agreement(Shown):
    """How the outcomes of a plan agree with the quotes it trades at.

    Attributes
    ----------
    outcomes : int
    gain : float
        Largest expected gain of any order under the probabilities given. [share of its underlying]
    lunch : FreeLunch or None
        Orders that lose in no outcome, if there are any.
    entropy : float or None
        Least relative entropy, to the probabilities given, of some under which no order gains; None where there
        are none. [nat]
    effective : float or None
        Number of outcomes that carry the weight of those.
    gain_left : float or None
        Largest expected gain under those, at most `widened`. [share of its underlying]
    widened : float
        How much more each order was taken to cost for those, as `Reweighting` has it. [share of its underlying]
    reweighted : bool
        Whether the plan was made with those, or with the ones given.
    """

    outcomes: int
    gain: float
    lunch: FreeLunch | None = None
    entropy: float | None = None
    effective: float | None = None
    gain_left: float | None = None
    widened: float = 0.0
    reweighted: bool = False

    def __str__(self) -> str:
        text = f"{self.outcomes:,}, {'no free lunch' if self.lunch is None else 'a free lunch among them'}; "
        if self.gain <= 0.0:
            return f"{text}no order gains on average: they fit the quotes"
        text += f"an order gains up to {self.gain:.2%} of its underlying on average"
        if self.entropy is None:
            return f"{text}, and no probabilities change that"
        quotes = f"quotes {self.widened:.3%} of the underlying wider" if self.widened else "the quotes"
        fit = f"reweighted to fit {quotes}" if self.reweighted else f"they would fit {quotes} reweighted"
        return f"{text}; {fit}, entropy {self.entropy:.3g}, {self.effective:,.0f} effective"

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a free lunch is, what it means and the way out."""
        if self.lunch is None:
            return ()
        return (
            f"the outcomes disagree with the quotes: {self.lunch} lose in none of {self.outcomes:,} and gain "
            f"{self.lunch.gain:,.0f} on average ({self.lunch.share:.2%} of their size), so that what is taken over "
            f"them is too kind to such orders. {WAY_OUT}",
        )

    def to_dict(self) -> dict[str, Any]:
        """The agreement as plain values."""
        return {
            "count": self.outcomes,
            "largest_gain": self.gain,
            "free_lunch": None if self.lunch is None else self.lunch.to_dict(),
            "entropy": self.entropy,
            "effective": self.effective,
            "largest_gain_left": self.gain_left,
            "widened": self.widened,
            "reweighted": self.reweighted,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Agreement:
        """The agreement that `to_dict` gave."""
        lunch = saved["free_lunch"]
        return Agreement(
            outcomes=saved["count"],
            gain=saved["largest_gain"],
            lunch=None if lunch is None else FreeLunch.from_dict(lunch),
            entropy=saved["entropy"],
            effective=saved["effective"],
            gain_left=saved["largest_gain_left"],
            widened=saved.get("widened", 0.0),
            reweighted=saved["reweighted"],
        )

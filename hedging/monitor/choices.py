"""Choices of what to do with an overlay now, as values that print and save."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from hedging._ground.cells import SIGNED_SHARE
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.book.book import Exposure
from hedging.book.expired import Settled
from hedging.book.legs import Cost, Leg
from hedging.errors import InputError
from hedging.monitor.renewal import RollDate
from hedging.planner.result.checks import Check

__all__ = ["Choice", "Roll"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Choice(Shown):
    """One thing to do with an overlay now.

    Attributes
    ----------
    name : str
        ``keep``, ``roll down`` (or ``up``), ``roll out``, ``roll down and out``, ``monetise``, ``close``, ``plan anew``.
    legs : tuple of Leg
        What is traded for it.
    cost : Cost
        Of trading it; a premium < 0 is money taken out. [money]
    checks : tuple of Check
        The plan's targets, held against the book after it over the days that are left.
    exposure : Exposure
        After it.
    breakevens : tuple of float
        Prices on the day of comparison at which it does as well as keeping. [money]
    ahead_below : bool
        Whether it does better than keeping below the first of them, or everywhere where there is none.
    bound : float or None
        No plan of its kind has a lower objective, where one was searched for. [money]
    why : str
        Why it cannot be done; empty where it can.
    """

    name: str
    legs: tuple[Leg, ...] = ()
    cost: Cost = field(default_factory=Cost)
    checks: tuple[Check, ...] = ()
    exposure: Exposure | None = None
    breakevens: tuple[float, ...] = ()
    ahead_below: bool = False
    bound: float | None = None
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it can be done, and every target holds after it."""
        return not self.why and all(check.ok for check in self.checks)

    @property
    def floor(self) -> float | None:
        """Worst case over the scenarios of the plan, where it has a floor. [share of base]"""
        return min((check.value for check in self.checks if check.limit.kind == "floor"), default=None)

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain values."""
        return {
            "name": self.name,
            "orders": [
                {
                    "instrument": leg.instrument.symbol,
                    "side": leg.side,
                    "quantity": abs(leg.quantity),
                    "price": leg.price,
                }
                for leg in self.legs
            ],
            "execution": self.cost.execution,
            "premium": self.cost.premium,
            "checks": [check.to_dict() for check in self.checks],
            "ok": self.ok,
            "floor": self.floor,
            "exposure": None if self.exposure is None else self.exposure.to_dict(),
            "breakevens": list(self.breakevens),
            "bound": self.bound,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Roll(Shown):
    """What can be done with an overlay now, each beside keeping it.

    Attributes
    ----------
    choices : tuple of Choice
        Keeping it first.
    as_of : Timestamp
    spot : float
        [money]
    day : float
        Days from now on which choices are compared: the first expiry among their legs, or the end of the horizon.
    due_on : Timestamp or None
        From when on a leg has fewer days left than `when`; None where none is asked about.
    settled : tuple of Settled
        What has expired since the plan.
    dates : tuple of RollDate
        From when on each option that was bought is worth rolling out, if nothing moves.
    """

    choices: tuple[Choice, ...]
    as_of: pd.Timestamp
    spot: float
    day: float
    due_on: pd.Timestamp | None = None
    settled: tuple[Settled, ...] = ()
    dates: tuple[RollDate, ...] = ()

    @property
    def due(self) -> bool:
        """Whether the time to roll has come."""
        return self.due_on is not None and self.due_on <= self.as_of

    def __getitem__(self, name: str) -> Choice:
        for choice in self.choices:
            if choice.name == name:
                return choice
        raise InputError(
            f"no choice is called {name!r}; there are {', '.join(each.name for each in self.choices)}."
        )

    @property
    def cheapest(self) -> Choice | None:
        """The choice after which every target holds that costs least to execute; None if there is none."""
        return min((c for c in self.choices if c.ok), key=lambda c: c.cost.execution, default=None)

    def to_frame(self) -> pd.DataFrame:
        """One row a choice: ``choice, orders, execution, premium`` [money], ``floor`` [share], ``delta, theta, ok, breakevens``."""
        rows = []
        for each in self.choices:
            gone = each.exposure is None
            rows.append(
                {
                    "choice": each.name,
                    "orders": each.why or _words(each.legs) or "nothing",
                    "execution": each.cost.execution,
                    "premium": each.cost.premium,
                    "floor": np.nan if each.floor is None else each.floor,
                    "delta": np.nan if gone else each.exposure.delta,  # type: ignore[union-attr]
                    "theta": np.nan if gone else each.exposure.theta,  # type: ignore[union-attr]
                    "ok": each.ok,
                    "breakevens": ", ".join(f"{price:,.0f}" for price in each.breakevens),
                }
            )
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole as plain values."""
        return {
            "as_of": self.as_of.isoformat(),
            "spot": self.spot,
            "day": self.day,
            "due_on": None if self.due_on is None else self.due_on.isoformat(),
            "due": self.due,
            "choices": [each.to_dict() for each in self.choices],
            "settled": [each.to_dict() for each in self.settled],
            "dates": [each.to_dict() for each in self.dates],
        }

    def _page(self) -> Page:
        table = self.to_frame().round({"execution": 0, "premium": 0, "delta": 3, "theta": 0})
        due = "" if self.due_on is None else f"; due {'since' if self.due else 'from'} {self.due_on:%d %b %Y}"
        head = (
            f"Roll at {self.spot:,.6g}, {self.as_of:%Y-%m-%d %H:%M} UTC, compared on day {self.day:.1f}{due}"
        )
        choices = Table(table, {"floor": SIGNED_SHARE}, rows=len(table))
        return Page(head, (choices, *map(str, (*self.dates, *self.settled))))


def _words(legs: Sequence[Leg]) -> str:
    return ", ".join(f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}" for leg in legs)

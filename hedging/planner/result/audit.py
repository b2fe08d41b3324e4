"""How a plan stands on newer quotes, as a value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from hedging._ground.cells import figure
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.book.entering import Entering
from hedging.book.expired import Settled
from hedging.book.legs import Cost
from hedging.planner.result.checks import Check
from hedging.planner.result.plan import HedgePlan
from hedging.units import GREEK_UNITS

__all__ = ["Audit"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Audit(Shown):
    """How a plan stands on newer quotes.

    Attributes
    ----------
    days : float
        Since the plan was made.
    gain : float
        P&L of book and plan since then. [money]
    overlay_gain : float
        The part that the plan's legs made, what was paid for them included. [money]
    checks : tuple of Check
        Targets held against the book with the plan, today.
    drift : DataFrame
        Greeks when planned and now, per asset.
    cost_now : Cost or None
        What the same orders would cost today; None where one of them is no longer quoted.
    restore : HedgePlan or None
        What to trade to meet every target again, from today for as long as is left; None if nothing does.
    message : str
        What restores it, or why nothing does.
    settled : tuple of Settled
        What has expired since, and at which delivery price.
    as_of : Timestamp or None
        Of the newer quotes.
    entering : Entering or None
        From what the overlay cost to enter to what of its gain it made at once.
    currency : str
        The money that it is told in.
    coin : str
        The coin that the book counts in; empty where that is money.
    in_coin : (float, float) or None
        `gain` and `overlay_gain` as such a book counts them: coins that are there now less those that were. [coin]
    """

    days: float
    gain: float
    overlay_gain: float
    checks: tuple[Check, ...]
    drift: pd.DataFrame
    cost_now: Cost | None
    restore: HedgePlan | None
    message: str
    settled: tuple[Settled, ...] = ()
    as_of: pd.Timestamp | None = None
    entering: Entering | None = None
    currency: str = "money"
    coin: str = ""
    in_coin: tuple[float, float] | None = None

    @property
    def ok(self) -> bool:
        """Whether every target still holds."""
        return all(check.ok for check in self.checks)

    @property
    def broken(self) -> tuple[Check, ...]:
        """The targets that no longer hold."""
        return tuple(check for check in self.checks if not check.ok)

    def to_frame(self) -> pd.DataFrame:
        """One row a target: ``as_of, limit, value, low, high, ok, gain, overlay_gain`` [currency, of the whole], ``currency``."""
        rows = [(check.limit, check.value, check.low, check.high, check.ok) for check in self.checks]
        table = pd.DataFrame(rows, columns=["limit", "value", "low", "high", "ok"])
        table = table.astype({"limit": str, "value": float, "low": float, "high": float, "ok": bool})
        table.insert(0, "as_of", None if self.as_of is None else self.as_of.isoformat())
        return table.assign(gain=self.gain, overlay_gain=self.overlay_gain, currency=self.currency)

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain values; money is `currency`."""
        drift = self.drift.reset_index().to_dict(orient="records")
        return {
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "days": self.days,
            "ok": self.ok,
            "gain": self.gain,
            "overlay_gain": self.overlay_gain,
            "currency": self.currency,
            "in_coin": self._coins(),
            "checks": [check.to_dict() for check in self.checks],
            "drift": [{str(name): value for name, value in row.items()} for row in drift],
            "cost_now": None if self.cost_now is None else asdict(self.cost_now),
            "restore": None if self.restore is None else self.restore.to_dict(),
            "settled": [each.to_dict() for each in self.settled],
            "message": self.message,
            "entering": None if self.entering is None else self.entering.to_dict(),
        }

    def _coins(self) -> dict[str, Any] | None:
        if self.in_coin is None:
            return None
        gain, overlay = self.in_coin
        return {"currency": self.coin, "gain": gain, "overlay_gain": overlay}

    def _gained(self) -> str:
        """What was gained; of a book that counts in coin, in coin first."""
        whole, part = (round(each, 0) + 0.0 for each in (self.gain, self.overlay_gain))  # no -0
        money = f"{whole:,.0f} {self.currency}, of which overlay {part:,.0f}"
        if self.in_coin is None:
            return f"gain {money}"
        gain, overlay = (figure(each, 5) for each in self.in_coin)
        return f"gain {gain} {self.coin}, of which overlay {overlay}; in money {money}"

    def _drift(self) -> pd.DataFrame:
        """Greeks when planned and now, with their units."""
        units = {"spot": self.currency} | {name: each.position for name, each in GREEK_UNITS.items()}
        told = [
            units[name].replace("units of underlying", asset).replace("money", self.currency)
            for asset, name in self.drift.index
        ]
        return self.drift.assign(unit=told)

    def _page(self) -> Page:
        held = "every target holds" if self.ok else "; ".join(map(str, self.broken))
        lines: list[str | Table] = [
            f"  {self._gained()}",
            *(f"  {each}" for each in self.settled),
            Table(self._drift(), index=True),
        ]
        if self.entering is not None:
            since = round(self.overlay_gain - self.entering.at_once, 2) + 0.0
            lines.append(f"  the overlay gained {self.entering}, and {since:+,.2f} {self.currency} since")
        if self.cost_now is not None:
            lines.append(
                f"  the same orders now: execution {self.cost_now.execution:,.0f}, premium {self.cost_now.premium:,.0f} {self.currency}"
            )
        return Page(f"Audit after {self.days:.2f} days: {held}", (*lines, self.message))

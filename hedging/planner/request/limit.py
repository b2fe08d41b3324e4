"""`Limit`: what a plan is held to, as a value. How it is called in words is decided here alone."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

import pandas as pd

from hedging._ground.shown import Shown
from hedging.units import GREEK_UNITS, utc

__all__ = [
    "BANDS",
    "FLOOR",
    "GREEK_TARGETS",
    "LEAST",
    "LOSSES",
    "MARGIN",
    "SHORTFALL",
    "TARGETS",
    "VALUE_AT_RISK",
    "Limit",
]

GREEK_TARGETS: Final = ("delta", "gamma", "vega", "theta")
BANDS: Final = {name: GREEK_UNITS[name].position for name in GREEK_TARGETS} | {
    "delta_value": "money",
    "gamma_value": "money per 1 % of spot",
    "vega_coin": "units of underlying per vol point",
    "theta_coin": "units of underlying per calendar day",
    "vega_weighted": "money per weighted vol point",
}
"""What may be held in a band, and the unit."""
LOSSES: Final = ("floor", "shortfall", "value_at_risk")
TARGETS: Final = (*BANDS, *LOSSES)
_SHARES = (*LOSSES, "budget", "cost", "initial_margin", "margin", "survive")


@dataclass(frozen=True, slots=True)
class Limit(Shown):
    """What a plan is held to; equal limits are one limit.

    Attributes
    ----------
    kind : str
        As in `Target` and `Limits`: ``'delta'``, ``'floor'``, ``'budget'`` ...; or what is always kept, such as
        ``'calls covered'``.
    asset : str
        Whose, where there are several assets; empty where it is of all together.
    window : (float, float) or None
        Of `Target.vega_by_days`. [days]
    rule : str
        By which the surface moves with spot, where the delta is not a plain one; the account that is to survive.
    day : float or None
        Of a floor by day. [days from now]
    expiry : Timestamp or None
        From when on, of what guards against short tails.
    """

    kind: str
    asset: str = ""
    window: tuple[float, float] | None = None
    rule: str = ""
    day: float | None = None
    expiry: pd.Timestamp | None = None

    @property
    def in_shares(self) -> bool:
        """Whether it is a share of the base."""
        return self.kind in _SHARES

    def __str__(self) -> str:
        if self.expiry is not None:
            return f"{self.kind}{self.asset and f' {self.asset}'}, {self.expiry:%d %b %Y}"
        window = "" if self.window is None else "{:g}-{:g}".format(*self.window)
        day = "" if self.day is None else f"day {self.day:g}"
        return " ".join(part for part in (self.kind, window, self.rule, day, self.asset) if part)

    def to_dict(self) -> dict[str, Any]:
        """What tells it from others, by name."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        if self.expiry is not None:
            plain["expiry"] = self.expiry.isoformat()
        return {name: value for name, value in plain.items() if value not in ("", None)}

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Limit:
        """The limit that `to_dict` gave."""
        plain = dict(saved)
        if "window" in plain:
            plain["window"] = tuple(plain["window"])
        if "expiry" in plain:
            plain["expiry"] = utc(plain["expiry"])
        return Limit(**plain)


FLOOR: Final = Limit("floor")
SHORTFALL: Final = Limit("shortfall")
VALUE_AT_RISK: Final = Limit("value_at_risk")
MARGIN: Final = Limit("margin")
LEAST: Final[dict[str, Limit | None]] = {
    "cost": None,
    "worst": FLOOR,
    "shortfall": SHORTFALL,
    "margin": MARGIN,
}
"""What a plan may minimise, and the limit whose miss that is."""

"""The worth of a package as a value: its reservation price, the screen, and what a quote gains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hedging._ground.shown import Shown
from hedging.book.legs import Leg

__all__ = ["Worth"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Worth(Shown):
    """The reservation price of a package.

    Attributes
    ----------
    package : tuple of Leg
        At the prices of the screen.
    price : float or None
        Net premium for the whole package, paid > 0, fees apart, at which having it changes nothing: pay less. None
        where there is none; see `why`. [money]
    screen : float or None
        The same when its legs are traded on the screen; None where one of them is not quoted there. [money]
    fees : float
        Of the package, as the venue charges one. [money]
    alone : float
        Objective of the cheapest plan without it, infinity where there is none. [money]
    rest : tuple of Leg
        What is ordered beside it at that price.
    quote : float or None
        What a market maker asks for it. [money]
    why : str
        Why there is no price.
    """

    package: tuple[Leg, ...]
    price: float | None
    screen: float | None
    fees: float
    alone: float
    rest: tuple[Leg, ...] = ()
    quote: float | None = None
    why: str = ""

    @property
    def gain(self) -> float | None:
        """What trading it at the quote saves the plan; < 0 where it is too dear. [money]"""
        return None if self.quote is None or self.price is None else self.price - self.quote

    @property
    def under_screen(self) -> float | None:
        """By how much the quote is better than the screen. [money]"""
        return None if self.quote is None or self.screen is None else self.screen - self.quote

    def to_dict(self) -> dict[str, Any]:
        """The worth as plain values."""
        named = {name: getattr(self, name) for name in ("price", "screen", "fees", "quote", "why")}
        return named | {
            "package": {leg.instrument.symbol: leg.quantity for leg in self.package},
            "rest": {leg.instrument.symbol: leg.quantity for leg in self.rest},
            "alone": self.alone if math.isfinite(self.alone) else None,
            "gain": self.gain,
            "under_screen": self.under_screen,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row an amount and one a leg: ``name, value, unit``."""
        plain = self.to_dict()
        legs = [
            (f"{part} {symbol}", count, "contracts")
            for part in ("package", "rest")
            for symbol, count in plain[part].items()
        ]
        amounts = ("price", "screen", "fees", "alone", "quote", "gain", "under_screen")
        rows = [*((name, plain[name], "money") for name in amounts), *legs, ("why", self.why, "")]
        told = [row for row in rows if row[1] not in (None, "")]
        return pd.DataFrame(told, columns=["name", "value", "unit"], dtype=object)

    def __repr__(self) -> str:
        what = ", ".join(f"{leg.side} {abs(leg.quantity):g} {leg.instrument.symbol}" for leg in self.package)
        lines = [f"Package: {what}"]
        if self.price is None:
            lines.append(f"  no reservation price: {self.why}")
        else:
            lines.append(f"  worth {self.price:,.2f} net, and {self.fees:,.2f} of fees")
        if self.screen is not None:
            lines.append(f"  on the screen {self.screen:,.2f}")
        if self.quote is not None:
            lines.append(f"  quoted {self.quote:,.2f}")
        for amount, better, worse in (
            (self.under_screen, "better than the screen", "dearer than the screen"),
            (self.gain, "saved if it is taken", "lost if it is taken"),
        ):
            if amount is not None:
                lines.append(f"  {abs(amount):,.2f} {better if amount >= 0 else worse}")
        return "\n".join(lines)

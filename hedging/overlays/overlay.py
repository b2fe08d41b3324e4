"""`Overlay`: a named set of legs on a book, priced where they would trade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Part
from hedging.book.legs import Cost, Leg, cost_of, orders_frame, orders_table

__all__ = ["Overlay", "Overlays"]


@dataclass(frozen=True, slots=True, repr=False)
class Overlay(Shown):
    """A named set of legs on a book; ``book + overlay`` is the book after trading it.

    Attributes
    ----------
    name : str
    legs : tuple of Leg
    remarks : tuple of str
        What its reader should know: quotes that were passed over and why, a size that is not that of the rest.
    currency : str
        What its prices and costs are in, by the chain that it was made of.
    """

    name: str
    legs: tuple[Leg, ...]
    remarks: tuple[str, ...] = ()
    currency: str = "money"

    @property
    def cost(self) -> Cost:
        """What trading it costs, in money."""
        return cost_of(self.legs)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket, one row a leg."""
        return orders_frame(self.legs, self.currency)

    def to_frame(self) -> pd.DataFrame:
        """The order ticket: `orders`."""
        return self.orders

    def to_dict(self) -> dict[str, Any]:
        """Name, orders, cost and remarks as plain values."""
        return {
            "name": self.name,
            "currency": self.currency,
            "orders": plain(self.orders),
            "cost": plain(self.cost),
            "remarks": list(self.remarks),
        }

    def _page(self) -> Page:
        return Page(_heading(self), _parts(self))


def _heading(overlay: Overlay) -> str:
    cost = overlay.cost
    unit = "" if overlay.currency == "money" else f" {overlay.currency}"
    return f"{overlay.name}: execution {cost.execution:,.0f}, net premium {cost.premium:,.0f}{unit}"


def _parts(overlay: Overlay) -> tuple[Part, ...]:
    return (orders_table(overlay.legs, overlay.currency), *(f"note: {remark}" for remark in overlay.remarks))


@dataclass(frozen=True, slots=True, repr=False)
class Overlays(Shown, Sequence[Overlay]):
    """Overlays on one book, and those that its chain does not allow, with the reason.

    Attributes
    ----------
    found : tuple of Overlay
    refused : mapping of str
        Reason by name.
    """

    found: tuple[Overlay, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.found[index]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Overlay]:
        return iter(self.found)

    def to_frame(self) -> pd.DataFrame:
        """The orders of all of them, one row a leg, with the name of each."""
        frames = [overlay.orders.assign(overlay=overlay.name) for overlay in self.found]
        whole = pd.concat(frames, ignore_index=True) if frames else orders_frame([]).assign(overlay="")
        return whole[["overlay", *(name for name in whole if name != "overlay")]]

    def to_dict(self) -> dict[str, Any]:
        """Those found, and why the others were refused."""
        return {"found": [each.to_dict() for each in self.found], "refused": dict(self.refused)}

    def _page(self) -> Page:
        parts: list[Part] = []
        for overlay in self.found:
            parts += [_heading(overlay), *_parts(overlay)]
        refused = (f"no {name}: {why}" for name, why in self.refused.items())
        return Page(f"{number_of(len(self.found), 'overlay')}", (*parts, *refused))

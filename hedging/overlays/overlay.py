"""`Overlay`: a named set of legs on a book, priced where they would trade."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import pandas as pd

from hedging.book.legs import Cost, Leg, cost_of, orders_frame

__all__ = ["Overlay", "Overlays"]


@dataclass(frozen=True, slots=True)
class Overlay:
    """A named set of legs on a book; ``book + overlay`` is the book after trading it.

    Attributes
    ----------
    name : str
    legs : tuple of Leg
    remarks : tuple of str
        What its reader should know: quotes that were passed over and why, a size that is not that of the rest.
    """

    name: str
    legs: tuple[Leg, ...]
    remarks: tuple[str, ...] = ()

    @property
    def cost(self) -> Cost:
        """What trading it costs, in money."""
        return cost_of(self.legs)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket, one row a leg."""
        return orders_frame(self.legs)

    def __repr__(self) -> str:
        head = f"{self.name}: execution {self.cost.execution:,.0f}, net premium {self.cost.premium:,.0f}"
        legs = (
            f"  {leg.side:<4} {abs(leg.quantity):>10,.10g}  {leg.instrument.symbol} at {leg.price_text}"
            for leg in self.legs
        )
        return "\n".join([head, *legs, *(f"  note: {remark}" for remark in self.remarks)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<br>{escape(remark)}" for remark in self.remarks)
        return f"<b>{escape(self.name)}</b>{self.orders.to_html(index=False)}{notes}"


@dataclass(frozen=True, slots=True)
class Overlays(Sequence[Overlay]):
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

    def __repr__(self) -> str:
        lines = [repr(overlay) for overlay in self.found]
        return "\n".join([*lines, *(f"no {name}: {why}" for name, why in self.refused.items())])

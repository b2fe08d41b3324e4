"""Structures over several venues: all legs of one at one venue, where it costs least to enter.

Legs are not mixed: what is bought at one venue is no collateral for what is sold at another. `hedging.plan`
mixes them, and says what must lie at each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Final, TypeVar, cast

from hedging._ground.cells import figure
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.overlays.overlay import Overlay

__all__ = ["at_cheapest_venue"]

F = TypeVar("F", bound=Callable[..., Overlay])

_SAME: Final = 1e-9  # share by which costs differ that are equal


def at_cheapest_venue(make: F) -> F:
    """Decorate a structure so that of several venues it takes the one with the least execution cost per unit covered.

    A remark names the venue, what each costs and which has no such structure.
    """

    @wraps(make)
    def made(book: Book, chain: OptionChain, **asked: Any) -> Overlay:
        if not chain.venues:
            return make(book, chain, **asked)
        found: dict[str, Overlay] = {}
        refused: dict[str, str] = {}
        for part in chain.by_venue():
            try:
                found[part.terms.venue] = make(book, part, **asked)
            except InputError as error:
                refused[part.terms.venue] = str(error)
        if not found:
            raise InputError(_none(refused))
        return _cheapest(found, refused, chain.asset)

    return cast("F", made)


def _cheapest(found: Mapping[str, Overlay], refused: Mapping[str, str], asset: str) -> Overlay:
    costs = {venue: _per_unit(overlay) for venue, overlay in found.items()}
    least = min(costs.values())
    venue = next(name for name, cost in costs.items() if cost <= least + _SAME * abs(least))
    said = [f"none at {name}: {why}" for name, why in refused.items()]
    if len({figure(cost, 4) for cost in costs.values()}) > 1:
        told = ", ".join(f"{name} {figure(cost, 4)}" for name, cost in costs.items())
        said.insert(0, f"at {venue}, where it costs least to enter; execution per {asset} covered: {told}")
    return replace(found[venue], remarks=(*found[venue].remarks, *said))


def _per_unit(overlay: Overlay) -> float:
    """Execution cost per unit of the largest leg: lots differ by venue, and so does how much they cover."""
    return overlay.cost.execution / max(abs(leg.units) for leg in overlay.legs)


def _none(refused: Mapping[str, str]) -> str:
    """Why no venue has a structure: once, where the reason is that of all."""
    if len(set(refused.values())) == 1:
        return next(iter(refused.values()))
    return " ".join(f"{venue}: {why}" for venue, why in refused.items())

"""Orders of one decision as a package: traded whole, or cut in one proportion, so that no leg loses its cover."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from hedging.backtest.fills import LOT_DUST, Fill, Refusal
from hedging.market.contracts import Option

__all__ = ["cut"]


def cut(fills: Sequence[Fill]) -> tuple[Fill, ...] | Refusal:
    """The package within what each of its orders may take at most.

    The order that may take the least of what it wants sets the share of all. Options that are bought are cut to
    whole lots; those sold to no more than the share that was left of every bought one, so that what covered them
    still does; and so again among those that close what is held. A package of which an option would vanish is refused.
    """
    wanted: dict[tuple[str, bool], float] = defaultdict(float)
    for found in fills:
        wanted[_side(found)] += abs(found.leg.quantity)
    tightest = min(fills, key=lambda found: found.most / wanted[_side(found)], default=None)
    if tightest is None or tightest.most >= wanted[_side(tightest)]:
        return tuple(fills)
    share = tightest.most / wanted[_side(tightest)]
    kept = {place: _whole(found, share) for place, found in enumerate(fills) if not _is_option(found)}
    for closing in (False, True):
        group = {k: found for k, found in enumerate(fills) if _is_option(found) and found.closing == closing}
        bought = {k: _whole(found, share) for k, found in group.items() if found.leg.quantity > 0}
        least = min((kept_ / fills[k].leg.quantity for k, kept_ in bought.items()), default=share)
        kept |= bought | {k: _whole(found, least) for k, found in group.items() if k not in bought}
    if any(_is_option(fills[place]) and not quantity for place, quantity in kept.items()):
        return Refusal(tightest.leg.instrument.symbol, f"nothing left within the {tightest.cap}")
    note = f"orders cut to the {tightest.cap}"
    return tuple(
        replace(found, leg=replace(found.leg, quantity=kept[place]), notes=(*found.notes, note))
        for place, found in enumerate(fills)
        if kept[place]
    )


def _side(found: Fill) -> tuple[str, bool]:
    """Orders for one contract on one side share what there is of it."""
    return found.leg.instrument.symbol, found.leg.quantity > 0


def _is_option(found: Fill) -> bool:
    return isinstance(found.leg.instrument, Option)


def _whole(found: Fill, share: float) -> float:
    """A share of an order, towards zero in whole lots. [contracts]"""
    size = abs(found.leg.quantity) * share
    if found.lot:
        size = round(math.floor(size / found.lot + LOT_DUST) * found.lot, 12)
    return math.copysign(size, found.leg.quantity) if size > 0.0 else 0.0

"""By how much each limit moves over the surfaces that the quotes allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hedging.book.legs import Leg
from hedging.planner.request.request import Request
from hedging.planner.request.surfaces import surfaces_of
from hedging.planner.result.checks import Check
from hedging.planner.result.robustness import Robustness
from hedging.planner.verify.checks import checks_of

__all__ = ["robustness_of"]

MOVED = 1e-9  # of a limit's own size


def robustness_of(request: Request, legs: Sequence[Leg], base: float) -> tuple[Robustness, ...]:
    """The limits of a plan that another surface moves, each with its extremes."""
    plain = replace(request, target=replace(request.target, robust=False))
    here = {check.limit: check for check in checks_of(plain, legs, base)}
    there: dict[str, dict[object, Check]] = {
        name: {check.limit: check for check in checks_of(replace(plain, markets=markets), legs, base)}
        for name, markets in surfaces_of(request.markets).items()
    }
    found = []
    for limit, check in here.items():
        values = {"fitted": check} | {name: each[limit] for name, each in there.items() if limit in each}
        low, high = (side(values, key=lambda name: values[name].value) for side in (min, max))
        if values[high].value - values[low].value <= MOVED * max(check.scale, abs(check.value)):
            continue
        kept = all(each.ok for each in values.values())
        found.append(Robustness(limit, check.value, values[low].value, values[high].value, low, high, kept))
    return tuple(found)

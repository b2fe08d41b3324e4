"""How far spot may fall until accounts cannot be kept alive by what may be traded: the way out where all is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.paths.by_asset import leading
from hedging.planner.programme.programme import Programme
from hedging.planner.programme.survival_rows import survival_rows
from hedging.planner.request.request import Request
from hedging.planner.request.survive import Survive
from hedging.planner.request.wording import move
from hedging.planner.solver.value_at_risk import possible

__all__ = ["furthest_fall"]

SECONDS = 3.0


def furthest_fall(request: Request, programme: Programme) -> tuple[str, ...]:
    """A sentence on the furthest fall through which accounts can be kept, within the other limits.

    Of moves and nodes; nothing of paths, which are what they are, or where the time is up. By the relaxation, so that
    whole lots may fall short of it by a little.
    """
    survive = request.limits.survive
    if survive is None or survive.ways_given:
        return ()
    spot = leading(request.moves).spot
    high = float(spot.max()) - 1.0 if survive.moves is None else survive.moves[1]
    lowest = -np.inf if survive.moves is None else survive.moves[0]
    lows = np.unique(np.round(spot.min(axis=1) - 1.0, 6))
    lows = lows[(lows < 0.0) & (lows > lowest)]
    kept = None
    try:
        with clock.until(min(clock.now() + SECONDS, request.ends)):
            first, last = 0, lows.size  # all below `first` are not kept, `last` and above are
            while first < last:
                middle = (first + last) // 2
                if _kept(request, programme, replace(survive, moves=(float(lows[middle]), high))):
                    last, kept = middle, float(lows[middle])
                else:
                    first = middle + 1
    except OutOfTimeError:
        if kept is None:
            return ()
    if kept is None:
        return ("no fall is lived through by what may be traded, within the other limits",)
    return (
        f"what may be traded keeps them alive from spot {move(1.0 + kept)} to {move(1.0 + high)} within the other limits: "
        "ask for these moves",
    )


def _kept(request: Request, programme: Programme, survive: Survive) -> bool:
    """Whether continuous lots keep every account through what is asked."""
    asked = replace(request, limits=replace(request.limits, survive=survive))
    rows = survival_rows(asked, programme.candidates, programme.base)
    others = tuple(each for each in programme.lazy if each.limit.kind != "survive")
    return possible(replace(programme, lazy=(*others, *rows)), time_limit=1.0)

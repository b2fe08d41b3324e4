"""The same target by plainer structures, beside the optimum: put, put spread, collar, the underlying."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.book.legs import Leg, cost_of
from hedging.book.structure import SIDES, is_a
from hedging.market.contracts import Option, Spot
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.orders import orders_of
from hedging.planner.programme.programme import Programme
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.request.limit import Limit
from hedging.planner.request.limits import UNASKED_PREMIUM
from hedging.planner.request.request import Request
from hedging.planner.result.objective import minimised
from hedging.planner.result.values import Alternative
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.closest import closest
from hedging.planner.solver.value_at_risk import solve
from hedging.planner.verify.checks import checks_of
from hedging.planner.verify.cost import cost_with_carry

__all__ = ["alternatives"]

NODES = 100  # for each structure; nothing is proven of them
# What a structure misses at best shows within some 20 nodes; more only move its second leg (on 20 plans of five
# chains), and they were a third of a plan's time.
CLOSEST_NODES = 25
SECONDS = 3.0  # for each, should a node take long
NAMES = ("put", "put spread", "collar")


def alternatives(request: Request, whole: Programme, but: Sequence[Leg]) -> tuple[Alternative, ...]:
    """Plans of standard structures, and the sale of part of the position outright, by a future too if allowed.

    One that cannot meet every limit is shown with what it misses; one that comes out as something else (a
    spread that sells nothing) is not shown, nor is the structure of the plan's own orders, `but`.
    """
    if not (request.effort.alternatives and but):
        return ()
    # Spot can only be sold where the position is spot; any other is cut with the perpetual.
    owned = all(isinstance(held.instrument, Spot | Option) for held in request.book.holdings)
    outright = "spot" if owned else "perpetual"
    ways = [kind for kind in (outright, "future") if kind in whole.candidates.kinds]
    wanted = {name: (SIDES[name], len(SIDES[name])) for name in NAMES}
    wanted |= {kind: (frozenset({(kind, 1), (kind, -1)}), 1) for kind in ways}
    found: list[Alternative] = []
    unpaid: tuple[Alternative, ...] = ()
    # Who interrupts what only embellishes a plan wants what there is; so does who limits the time.
    with suppress(KeyboardInterrupt, OutOfTimeError), clock.until(request.ends):
        for name, (sides, legs) in wanted.items():
            if not is_a(name, but, request.book):
                clock.look()
                narrow = replace(whole.only(_sides(whole.candidates, sides)), max_legs=legs)
                found.append(_alternative(request, name, narrow))
        unpaid = _without_premium(request, whole, but)
    named = (item for item in found if is_a(item.name, item.legs, request.book))
    return (*unpaid, *named)


def _without_premium(request: Request, whole: Programme, but: Sequence[Leg]) -> tuple[Alternative, ...]:
    """The cheapest plan that pays no net premium, where nobody limited it and the plan's own is large."""
    if request.limits.budget is not None or cost_of(but).premium <= UNASKED_PREMIUM * whole.base:
        return ()
    row = rows_of(Limit("budget"), whole.candidates.premium, 0.0, whole.base)
    budgeted = replace(whole, rows=Rows.join([whole.rows, row])).only(
        whole.candidates.tradable(request.limits)
    )
    alone = replace(request, limits=replace(request.limits, budget=0.0))
    return (_alternative(alone, "without premium", budgeted),)


def _sides(candidates: Candidates, sides: frozenset[tuple[str, int]]) -> npt.NDArray[np.bool_]:
    pairs = zip(candidates.kinds, np.sign(candidates.size), strict=True)
    return np.array([(str(kind), int(side)) in sides for kind, side in pairs])


def _alternative(request: Request, name: str, programme: Programme) -> Alternative:
    solution = solve(programme, gap=1e-2, time_limit=SECONDS, prove=False, engine=Engine(nodes=NODES))
    if solution.lots is None:
        solution = closest(programme, gap=1e-2, time_limit=SECONDS, engine=Engine(nodes=CLOSEST_NODES))
    legs = orders_of(request, programme.candidates, solution.lots)
    checks = checks_of(request, legs, programme.base)
    missed = tuple(check for check in checks if not check.ok)
    loss = next((minimised(check) for check in checks if check.limit == programme.least), None)
    cost = cost_with_carry(legs, request)
    return Alternative(name, legs, cost, missed, loss)

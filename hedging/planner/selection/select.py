"""Among plans that cost hardly more than the optimum, the one that a desk would trade."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.planner.candidates.orders import orders_of
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.planner.result.values import Alternative
from hedging.planner.selection.liquid import illiquidity, most_liquid
from hedging.planner.selection.ordinary import unquestioned
from hedging.planner.selection.structure_rank import StructureRank, most_standard
from hedging.planner.selection.undisguised import undisguised
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution
from hedging.planner.solver.value_at_risk import simplest, with_outcomes_fixed
from hedging.planner.verify.cost import cost_with_carry

__all__ = ["select"]

SHARE = 0.6  # of the time left: the check and what explains the plan come after


def select(
    request: Request, programme: Programme, solution: Solution
) -> tuple[Solution, tuple[Alternative, ...]]:
    """Fewest legs, then most standard, easiest to trade and undisguised, within `Limits.parsimony`.

    Returns
    -------
    (Solution, tuple of Alternative)
        The plan to trade, and the optimum where that is another.
    """
    share, chosen = request.limits.parsimony, solution
    if (
        solution.closest
        or solution.lots is None
        or not solution.lots.any()
        or not share
        or solution.interrupted
    ):
        return solution, ()
    # Who interrupts what only embellishes a plan wants what there is; so does who limits the time.
    with suppress(KeyboardInterrupt, OutOfTimeError), clock.until(clock.now() + SHARE * _left(request)):
        choose = partial(_selected, request)
        chosen = choose(programme, solution, share)
        chosen = unquestioned(request, programme, chosen, solution, share, choose)
    if chosen.lots is None or np.array_equal(np.rint(chosen.lots), np.rint(solution.lots)):
        return solution, ()  # found once more by another way
    legs = orders_of(request, programme.candidates, solution.lots)
    return chosen, (Alternative("optimum", legs, cost_with_carry(legs, request)),)


def _left(request: Request) -> float:
    return max(request.ends - clock.now(), 0.0)


def _selected(request: Request, programme: Programme, solution: Solution, share: float) -> Solution:
    """Fewest legs, most standard, easiest to trade and undisguised for at most a share more than a solution.

    Each of these as far as the time goes.
    """
    assert solution.lots is not None
    engine = Engine(request.effort.solver, memory=request.effort.memory)
    dearest = solution.objective + programme.spare(solution.lots, solution.objective, share)
    chosen = solution
    with suppress(OutOfTimeError):
        if chosen.relaxed is not None and np.count_nonzero(solution.lots) > 1:
            chosen = simplest(programme, chosen, share=share, engine=engine)
        fixed = with_outcomes_fixed(programme, chosen.lots)
        rank = StructureRank.among(programme.candidates)
        chosen = most_standard(fixed, chosen, rank, cost=dearest, engine=engine)
        measure = illiquidity(programme.candidates, request.markets, request.limits)
        chosen = most_liquid(fixed, chosen, measure, rank, cost=dearest)
        chosen = undisguised(fixed, chosen, cost=dearest)
    return chosen

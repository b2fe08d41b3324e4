"""Among plans that cost hardly more than the optimum, the one that a desk would trade."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import numpy as np

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
    # Who interrupts what only embellishes a plan wants what there is.
    with suppress(KeyboardInterrupt):
        choose = partial(_selected, request)
        chosen = choose(programme, solution, share)
        chosen = unquestioned(request, programme, chosen, solution.objective, share, choose)
    if chosen is solution:
        return solution, ()
    legs = orders_of(request, programme.candidates, solution.lots)
    return chosen, (Alternative("optimum", legs, cost_with_carry(legs, request)),)


def _selected(request: Request, programme: Programme, solution: Solution, share: float) -> Solution:
    """Fewest legs, most standard, easiest to trade and undisguised for at most a share more than a solution."""
    assert solution.lots is not None
    engine = Engine(request.effort.solver, memory=request.effort.memory)
    dearest = solution.objective + share * abs(solution.objective)
    several = np.count_nonzero(solution.lots) > 1
    few = simplest(programme, solution, share=share, engine=engine) if several else solution
    fixed = with_outcomes_fixed(programme, few.lots)
    rank = StructureRank.among(programme.candidates)
    standard = most_standard(fixed, few, rank, cost=dearest, engine=engine)
    measure = illiquidity(programme.candidates, request.markets, request.limits)
    liquid = most_liquid(fixed, standard, measure, rank, cost=dearest)
    return undisguised(fixed, liquid, cost=dearest)

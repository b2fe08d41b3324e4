"""Orders that a desk would laugh at, and the plain trade in their place where that costs hardly more.

By put-call parity a put bought and the call of its strike sold are a future sold; a call so deep in the money
that its delta is one is the coin itself; and one lot beside a leg of many is rounding.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.market.contracts import Instrument, Option
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.programme import Programme
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution, solve

__all__ = ["deep", "laughable", "undisguised"]


DEEP = 0.9  # delta, without the premium, from which an option sold is the underlying sold
MANY = 10  # lots of the largest leg, from which a leg of one lot is rounding
NODES = 100  # of branch and bound, if it comes to that
SECONDS = 5.0  # for the same, should each node take long


def laughable(candidates: Candidates, lots: Array) -> npt.NDArray[np.bool_]:
    """Which orders of a plan no desk would give: disguised sales of the underlying, and single lots beside many.

    What is held already may be closed, whatever it is.
    """
    opened, kinds = [int(i) for i in np.flatnonzero(lots * ~candidates.closes)], candidates.kinds
    puts = {_terms(candidates.instruments[i]) for i in opened if kinds[i] == "put" and candidates.size[i] > 0}
    found, sunk = np.zeros(lots.size, dtype=bool), deep(candidates)
    for i in opened:
        item = candidates.instruments[i]
        parity = kinds[i] == "call" and candidates.size[i] < 0 and _terms(item) in puts
        found[i] = sunk[i] or parity or (lots[i] == 1 and lots.max() >= MANY)
    return found


def deep(candidates: Candidates) -> npt.NDArray[np.bool_]:
    """Options sold so deep in the money that they are the underlying sold."""
    sold = np.isin(candidates.kinds, ("call", "put")) & (candidates.size < 0)
    return np.asarray(sold & (np.abs(candidates.delta + candidates.coins) >= DEEP * np.abs(candidates.size)))


def undisguised(programme: Programme, solution: Solution, *, cost: float) -> Solution:
    """The cheapest plan without any laughable order if it costs at most `cost`, the solution itself otherwise."""
    if solution.lots is None:
        return solution
    lots, objective = solution.lots, solution.objective
    keep = np.ones(lots.size, dtype=bool)
    while (found := laughable(programme.candidates, lots)).any():
        keep &= ~found
        other = solve(programme.only(keep), time_limit=SECONDS, engine=Engine(nodes=NODES))
        if other.lots is None or other.objective > cost:
            return solution
        lots, objective = np.zeros(lots.size), other.objective
        lots[keep] = other.lots
    return solution if lots is solution.lots else replace(solution, lots=lots, objective=objective)


def _terms(item: Instrument) -> tuple[object, ...]:
    return (item.asset, item.strike, item.expiry) if isinstance(item, Option) else (item.asset,)

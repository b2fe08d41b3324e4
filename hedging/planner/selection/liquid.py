"""Among plans that cost hardly more, the one that is easiest to trade.

How hard an order is to trade is the half spread as a share of its price, and the shares that it takes of the
quoted size and of the open interest, where these are known; all of them [1], and a plan's is the sum over its
orders. Cost in money is no measure of it: a wide spread on a cheap option costs little and fills badly. Spot,
perpetual and futures have their stated spread, which counts more the later a future expires: of those that cost
the same, the perpetual comes first and then the nearest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.book.legs import crossing_cost
from hedging.market.contracts import Future, Option
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limits import Limits, terms_of_outright
from hedging.planner.selection.structure_rank import StructureRank
from hedging.planner.solver.relaxation import relax_within
from hedging.planner.solver.rounding import rounded
from hedging.planner.solver.search import Solution
from hedging.planner.solver.search_state import Relaxation, Search
from hedging.units import years

__all__ = ["Illiquidity", "illiquidity", "most_liquid"]

Indices = npt.NDArray[np.intp]

SAME = 1e-9  # a measure that is lower by less is the same
TRIED = 8  # orders in place of each, the easiest first


@dataclass(frozen=True, slots=True, eq=False)
class Illiquidity:
    """How hard each order is to trade, shape (columns,).

    Attributes
    ----------
    order : ndarray
        Half spread as a share of the price. [1]
    lot : ndarray
        Shares of quoted size and open interest that one lot takes, 0 where unknown. [1]
    """

    order: Array
    lot: Array

    def of(self, lots: Array) -> float:
        """That of a plan."""
        return float(self.order[lots > 0].sum() + self.lot @ lots)


def illiquidity(candidates: Candidates, markets: Sequence[Market], limits: Limits) -> Illiquidity:
    """How hard each order is to trade, from the chain's quotes; spot and the like by their stated spread."""
    order, lot = np.zeros(len(candidates)), np.zeros(len(candidates))
    terms = terms_of_outright(limits)
    option = np.array([isinstance(item, Option) for item in candidates.instruments], dtype=bool)
    order[~option] = [terms[str(kind)].half_spread for kind in candidates.kinds[~option]]
    as_of = {market.asset: market.as_of for market in markets}
    for i, item in enumerate(candidates.instruments):
        if isinstance(item, Future):
            order[i] *= 1.0 + years(as_of[item.asset], item.expiry)
    for market in markets:
        here = np.array([item.asset == market.asset for item in candidates.instruments]) & option
        symbols = [item.symbol for item, mine in zip(candidates.instruments, here, strict=True) if mine]
        quotes = market.chain.quotes.set_index("symbol").loc[symbols]
        buys = candidates.size[here] > 0
        price = (
            candidates.premium[here] / candidates.size[here]
        )  # what a ladder's levels cost on average, too
        order[here] = crossing_cost(price, quotes["bid"], quotes["ask"], quotes["mark"]) / price
        size = np.where(buys, quotes["ask_size"], quotes["bid_size"])
        with np.errstate(divide="ignore", invalid="ignore"):
            taken = candidates.lot[here] / size
            open_interest = np.abs(candidates.size[here]) / quotes["open_interest"].to_numpy(dtype=float)
        lot[here] = sum(np.where(np.isfinite(each), each, 0.0) for each in (taken, open_interest))
    return Illiquidity(order, lot)


def most_liquid(
    programme: Programme, solution: Solution, measure: Illiquidity, standing: StructureRank, *, cost: float
) -> Solution:
    """Trade the orders of a plan for easier ones of their kind and side, while the plan costs at most `cost`.

    One order at a time, the lots of all chosen anew, until no such change makes the plan any easier. Of several
    orders, one change that needs another may be missed: a preference, of which nothing is proven.
    """
    if solution.lots is None or solution.relaxed is None:
        return solution
    search, lots = Search(programme, 0.0, np.inf), solution.lots
    search.look_at(solution.relaxed)
    while (easier := _one_easier(search, solution.relaxed, lots, measure, standing, cost)) is not None:
        lots = easier
    return (
        solution if lots is solution.lots else replace(solution, lots=lots, objective=search.objective(lots))
    )


def _one_easier(
    search: Search,
    relaxed: Relaxation,
    lots: Array,
    measure: Illiquidity,
    standing: StructureRank,
    cost: float,
) -> Array | None:
    """The plan with one order changed for the better, None if there is none."""
    programme, candidates, now = search.programme, search.programme.candidates, measure.of(lots)
    used = np.flatnonzero(lots)
    # By weak duality a plan with an order in it costs at least as much.
    least = relaxed.value + relaxed.reduced * candidates.least + programme.price_per_leg * used.size
    for leg in used:
        others = used[used != leg]
        easiest = measure.order + measure.lot * candidates.least
        possible = _alike(candidates, int(leg), others) & (least <= cost)
        possible &= measure.order[others].sum() + easiest < now - SAME
        plans = np.column_stack((np.arange(lots.size), np.tile(others, (lots.size, 1))))
        possible &= standing.ranks(plans) <= standing.rank(lots)
        possible[leg] = False
        tried = np.flatnonzero(possible)[np.argsort(easiest[possible], kind="stable")][:TRIED]
        for column in tried:
            plan = _sized(search, np.append(others, column), cost)
            if plan is not None and measure.of(plan) < now - SAME and search.objective(plan) <= cost:
                return plan
    return None


def _alike(candidates: Candidates, leg: int, others: Indices) -> npt.NDArray[np.bool_]:
    """Orders of the same kind, side and asset as a leg, on what the other legs do not trade; a future is spot."""
    item = candidates.instruments[leg]
    kinds = np.where(np.isin(candidates.kinds, ("call", "put")), candidates.kinds, "outright")
    taken = {candidates.instruments[i] for i in others}
    free = [other.asset == item.asset and other not in taken for other in candidates.instruments]
    alike = np.array(free) & (kinds == kinds[leg])
    return np.asarray(alike & (np.sign(candidates.size) == np.sign(candidates.size[leg])))


def _sized(search: Search, chosen: Indices, cost: float) -> Array | None:
    """Whole lots of some orders near their cheapest, None where no lots keep every row within the cost."""
    most = search.programme.candidates.most
    only = np.zeros_like(most)
    only[chosen] = most[chosen]
    relaxed = relax_within(search, None, only, cost=cost - search.programme.price_per_leg * chosen.size)
    return None if relaxed is None else rounded(search, relaxed)

"""Among plans of as few legs that cost hardly more, the structure that a desk thinks of first.

In this order: what only closes options held; a put, a put spread, a collar, a put-spread collar; the underlying
alone; one of these beside the underlying; then the same over several expiries, which are bets on more than spot;
then anything else, a sale of the underlying in disguise among it.

A ratio of sizes is not asked for: cover keeps what is sold below what is bought or held, bands and whole lots
decide the rest, and where premium is paid in coin even sizes are not the same number.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from hedging._ground import clock
from hedging._numerics.types import Array, Mask
from hedging.book.structure import SIDES
from hedging.market.contracts import Option
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.programme import Programme
from hedging.planner.selection.undisguised import deep
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.branch_and_bound import branch_and_bound
from hedging.planner.solver.pairs import plainest_pair
from hedging.planner.solver.relaxation import relax_within
from hedging.planner.solver.search import GONE_THROUGH, Solution, reach
from hedging.planner.solver.search_state import Relaxation, Search

__all__ = ["StructureRank", "most_standard"]

Indices = npt.NDArray[np.intp]

BITS = {("put", 1): 1, ("put", -1): 2, ("call", -1): 4, ("call", 1): 8}
OUTRIGHT, DISGUISED = 16, 32
PUT_AND_SHORT_CALL = BITS["put", 1] | BITS["call", -1]
OPTIONS = [
    sum(BITS[side] for side in SIDES[name]) for name in ("put", "put spread", "collar", "put-spread collar")
]
FORMS = [0, *OPTIONS, OUTRIGHT, *(form | OUTRIGHT for form in OPTIONS)]
"""What the orders of a structure open, as bits, the most standard first."""
OTHER = 2 * len(FORMS)  # the rank behind all of these, over one expiry and over several
PLACES = np.full(2 * DISGUISED, OTHER)
PLACES[FORMS] = np.arange(len(FORMS))
NODES = 100  # for plans of three legs and more, of which nothing is proven
SECONDS = 5.0  # for the same, should each node take long


@dataclass(frozen=True, slots=True, eq=False)
class StructureRank:
    """What each order is to a structure, as numbers; the last entry of each stands for no order.

    Attributes
    ----------
    opens : ndarray of int
        Its bit, 0 if it only closes what is held.
    asset, expiry, contract : ndarray of int
        Which asset; which expiry, of options opened; which strike and expiry, of any option. 0 for none.
    """

    opens: Indices
    asset: Indices
    expiry: Indices
    contract: Indices

    @classmethod
    def among(cls, candidates: Candidates) -> StructureRank:
        """What the orders of a programme are."""
        items, sides = candidates.instruments, np.sign(candidates.size).astype(int)
        bits = [BITS.get((str(k), int(s)), OUTRIGHT) for k, s in zip(candidates.kinds, sides, strict=True)]
        opens = np.where(candidates.closes, 0, np.where(deep(candidates), DISGUISED, bits))
        terms = [(i.asset, i.strike, i.expiry) if isinstance(i, Option) else None for i in items]
        expiry = _numbered([each and each[2] for each in terms])
        return cls(
            opens=np.append(opens, 0),
            asset=_numbered([item.asset for item in items]),
            expiry=np.append(np.where(candidates.closes, 0, expiry[:-1]), 0),
            contract=_numbered(terms),
        )

    def ranks(self, orders: Indices) -> Indices:
        """Rank of some plans, the most standard lowest; `orders` has one row a plan, the last index for no order.

        Of several assets the least standard counts.
        """
        rank = np.zeros(len(orders), dtype=np.intp)
        for asset in range(1, self.asset.max() + 1):
            mine = np.where(self.asset[orders] == asset, orders, self.opens.size - 1)
            expiry, opens = self.expiry[mine], np.bitwise_or.reduce(self.opens[mine], axis=1)
            last = expiry.max(axis=1)
            several = np.where(expiry > 0, expiry, last[:, None]).min(axis=1) < last
            place = PLACES[np.where(self._disguised(mine), DISGUISED, opens)]
            rank = np.maximum(rank, np.minimum(place + len(FORMS) * several, OTHER))
        return rank

    def _disguised(self, orders: Indices) -> Mask:
        """Whether a put is bought and the call of its strike sold: a future sold."""
        found = np.zeros(len(orders), dtype=bool)
        for one, other in combinations(orders.T, 2):
            same = (self.contract[one] == self.contract[other]) & (self.contract[one] > 0)
            found |= same & ((self.opens[one] | self.opens[other]) == PUT_AND_SHORT_CALL)
        return found

    def rank(self, lots: Array) -> int:
        """Rank of one plan."""
        return int(self.ranks(np.flatnonzero(lots)[None, :])[0])

    def structures(self, below: int) -> Iterator[tuple[Mask, list[Mask]]]:
        """Orders that each form ranked below one may have, the most standard first, and by single expiry where it counts."""
        for rank in range(min(below, OTHER)):
            form = FORMS[rank % len(FORMS)]
            fits, expiry = (self.opens[:-1] & ~form) == 0, self.expiry[:-1]
            if rank >= len(FORMS) or not form & ~OUTRIGHT:
                yield fits, [fits]
            else:
                yield fits, [fits & np.isin(expiry, (0, one)) for one in np.unique(expiry[expiry > 0])]


def _numbered(values: Sequence[Hashable | None]) -> Indices:
    """Equal values by equal numbers from 1 on, None by 0; and a 0 at the end."""
    number = {value: i for i, value in enumerate(dict.fromkeys(v for v in values if v is not None), start=1)}
    return np.array([0 if value is None else number[value] for value in (*values, None)], dtype=np.intp)


def most_standard(
    programme: Programme,
    solution: Solution,
    standing: StructureRank,
    *,
    cost: float,
    engine: Engine | None = None,
) -> Solution:
    """The cheapest plan of the most standard structure, with no more legs and for at most `cost`.

    Exact for one leg and for two. Of more it is as far as nodes and time go: a preference, of which nothing is
    proven.
    """
    if solution.lots is None or solution.relaxed is None or not solution.lots.any():
        return solution
    engine = replace(engine or Engine(), nodes=NODES)
    search = Search(programme, 1e-3, clock.now() + SECONDS, engine)
    search.look_at(solution.relaxed)
    legs, below = int(np.count_nonzero(solution.lots)), standing.rank(solution.lots)
    keep, most = reach(search, solution.relaxed, cost - programme.price_per_leg)
    if legs <= GONE_THROUGH and not search.miss_price.size:
        target = np.nextafter(cost, np.inf)
        lots = plainest_pair(search, solution.relaxed, keep, most, target, standing.ranks, below, legs=legs)
    else:
        possible = np.zeros_like(most)
        possible[keep] = most[keep]
        lots = _of_many_legs(search, standing, possible, cost, legs, below)
    return solution if lots is None else replace(solution, lots=lots, objective=search.objective(lots))


def _affordable(
    search: Search, standing: StructureRank, most: Array, left: float, below: int
) -> Iterator[tuple[Mask, Relaxation]]:
    """Orders of each structure whose relaxation costs no more than what is left, and that.

    What costs more over all orders of several structures costs more in each: so the widest is asked first.
    """
    dear: list[Mask] = []

    def relaxed(fits: Mask) -> Relaxation | None:
        if not fits.any() or any(not (fits & ~wider).any() for wider in dear):
            return None
        found = relax_within(search, None, np.where(fits, most, 0.0), cost=left)
        if found is None:
            dear.append(fits)
        return found

    forms = list(standing.structures(below))
    if not forms or relaxed(np.any([form for form, _ in forms], axis=0)) is None:
        return
    for form, structures in forms:
        whole = relaxed(form)
        for fits in structures if whole is not None else ():
            found = whole if fits is form else relaxed(fits)
            if search.over:
                return
            if found is not None:
                yield fits, found


def _of_many_legs(
    search: Search, standing: StructureRank, most: Array, cost: float, legs: int, below: int
) -> Array | None:
    """A plan of the first structure that has one for at most `cost`, as far as the time goes."""
    price = search.programme.price_per_leg
    # No fewer legs do for this cost, or they would have been chosen.
    left = cost - legs * price
    tried: set[tuple[float, ...]] = set()
    for fits, relaxed in _affordable(search, standing, most, left, below):
        near, largest = reach(search, relaxed, left)
        keep, largest = near[fits[near] & (most[near] > 0.0)], np.minimum(largest, most)
        # What an earlier structure had too was gone through.
        if (known := (*keep, *largest[keep])) in tried:
            continue
        tried.add(known)
        lots = _cheapest(search, relaxed, keep, largest, cost, legs)
        if lots is not None and standing.rank(lots) < below and search.keeps(lots):
            return lots
    return None


def _cheapest(
    search: Search, relaxed: Relaxation, keep: Indices, most: Array, cost: float, legs: int
) -> Array | None:
    """The cheapest plan of so many legs of some orders, for at most `cost`; it shares the nodes and the time."""
    whole = search.programme
    narrow = replace(whole, candidates=replace(whole.candidates, most=most)).only(keep)
    engine = replace(search.engine, nodes=search.nodes_left)
    inside = Search(narrow, search.gap, search.deadline, engine, ceiling=np.nextafter(cost, np.inf))
    there = replace(relaxed, lots=relaxed.lots[keep], reduced=relaxed.reduced[keep])
    inside.look_at(there)
    branch_and_bound(inside, there, [legs])
    search.nodes += inside.nodes
    if inside.best is None or inside.cost > cost:
        return None
    lots = np.zeros(most.size)
    lots[keep] = inside.best
    return lots

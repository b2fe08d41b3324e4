r"""Branch and bound over what the legs are: stretches of neighbouring orders, and how many legs are in each.

With the count of legs as one binary an order, as solvers have it, to forbid one order changes nothing: the
next strike does the same. So what is branched on is where the legs lie. Orders stand in a line, by side and
kind, expiry and strike, and a node says which stretches of it hold how many legs. Its relaxation has whole
stretches instead of orders,

.. math:: \sum_{j \in F} x_j / u_j \le n_F \le \sum_{j \in F} x_j / l_j,

for :math:`n_F` legs in stretch :math:`F`, each of :math:`l_j` to :math:`u_j` lots: every plan of the node keeps
that, and no leg outside a stretch is bought at all. Neighbours do much the same, so it soon costs what its best
plan costs. Of two halves of a stretch, n legs are in the one and the rest in the other: the children share no
plan and miss none, and the cheapest node still open bounds all plans there are. What costs the relaxation more
than there is between it and the best plan is left out below a node, or cannot be larger than that buys, by
weak duality, as `hedging.planner.solver.search` says.

A node that has no more orders than legs, or few lots in all, is left to a solver. Wherever a relaxation has
few enough legs, their whole lots are tried: so plans come long before the proof. Nothing is asked of the
limits, whether they are hard, may be missed at a price, or are what is minimised, and no row counts unless it
matters.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt

from hedging._ground.clock import OutOfTimeError
from hedging._numerics.types import Array
from hedging.planner.programme.programme import Programme
from hedging.planner.solver.exact import branch
from hedging.planner.solver.relaxation import reach, relax_within
from hedging.planner.solver.search_state import Relaxation, Search

__all__ = ["branch_and_bound"]

Indices = npt.NDArray[np.intp]
Stretch = tuple[Indices, int]  # orders, and how many legs are among them

FEW_LOTS = 60  # of all orders of a node: where lots are coarse, a solver sooner goes through them
UNUSED = 1e-9  # lots below it are rounding of the solver


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """Where the legs lie, how large they can be, and what all plans of it cost at least.

    Attributes
    ----------
    stretches : tuple of (ndarray of int, int)
        Orders in the line's order, and how many legs are among them.
    most : ndarray, shape (columns,)
    bound : float
        The price of legs included. [money]
    rows : ndarray of int
        Scenario rows that mattered so far.
    """

    stretches: tuple[Stretch, ...]
    most: Array
    bound: float
    rows: Indices

    @property
    def legs(self) -> int:
        return sum(legs for _, legs in self.stretches)

    @property
    def orders(self) -> Indices:
        return np.concatenate([orders for orders, _ in self.stretches])


def branch_and_bound(search: Search, relaxed: Relaxation, counts: Iterable[int]) -> float:
    """Improve on the best plan of a search by plans of so many legs, until nothing cheaper can exist.

    Parameters
    ----------
    search : Search
        What it finds is offered to it.
    relaxed : Relaxation
        Of all orders.
    counts : iterable of int
        Numbers of legs that are in question.

    Returns
    -------
    float
        What no plan of these numbers of legs costs less than, or the target if that is below. [money]
    """
    programme, number = search.programme, count()
    line, first = _line(programme), search.priced(relaxed)
    closed = np.inf
    tried: set[tuple[int, ...]] = set()
    heap: list[tuple[float, int, _Node]] = []
    for legs in counts:
        price = legs * programme.price_per_leg
        keep, most = reach(search, relaxed, search.target - price)
        orders = line[np.isin(line, keep)]
        if np.unique(search.contracts[orders]).size >= legs:
            cost = relaxed.value + price
            heapq.heappush(heap, (cost, next(number), _Node(((orders, legs),), most, cost, first)))
    while heap:
        search.floor = min(heap[0][0], closed, search.target)
        if heap[0][0] >= search.target or search.over:
            return search.floor
        *_, node = heapq.heappop(heap)
        search.nodes += 1
        search.tick()
        try:
            found = _relaxed(search, node)
        except OutOfTimeError:
            return search.floor
        inside = None if found is None else _inside(search, node, found)
        if found is None or inside is None:
            continue
        used = np.flatnonzero(found.lots > UNUSED)
        orders = inside.orders
        if orders.size == inside.legs or inside.most[orders].sum() <= FEW_LOTS:
            closed = min(closed, _in_whole_lots(search, inside, orders))
            continue
        if used.size <= inside.legs and tuple(used) not in tried:
            tried.add(tuple(used))
            _in_whole_lots(search, node, used)
        for stretches in _halved(inside, found.lots):
            child = replace(inside, stretches=stretches)
            heapq.heappush(heap, (child.bound, next(number), child))
    search.floor = min(closed, search.target)
    return search.floor


def _line(programme: Programme) -> Indices:
    """All orders, neighbours beside each other: of one asset, kind and side, by expiry and strike."""
    candidates = programme.candidates
    expiries = [getattr(item, "expiry", None) for item in candidates.instruments]
    keys: list[npt.ArrayLike] = [
        [getattr(item, "strike", 0.0) for item in candidates.instruments],
        [0 if expiry is None else expiry.value for expiry in expiries],
        candidates.size > 0.0,
        candidates.kinds,
        [item.asset for item in candidates.instruments],
    ]
    return np.lexsort([np.unique(key, return_inverse=True)[1] for key in keys])


def _relaxed(search: Search, node: _Node) -> Relaxation | None:
    """The relaxation of a node, from the rows that mattered on the way to it."""
    least = search.programme.candidates.least
    search.look_only_at(node.rows)
    most = np.zeros_like(node.most)
    most[node.orders] = node.most[node.orders]
    matrix, bound = np.zeros((2 * len(node.stretches), least.size)), []
    for at, (orders, legs) in enumerate(node.stretches):
        matrix[2 * at, orders] = 1.0 / most[orders]
        matrix[2 * at + 1, orders] = -1.0 / least[orders]
        bound += [legs, -legs]
    spare = search.target - node.legs * search.programme.price_per_leg
    return relax_within(search, None, most, (matrix, np.array(bound, dtype=float)), cost=spare)


def _inside(search: Search, node: _Node, found: Relaxation) -> _Node | None:
    """What a plan of the node that is cheaper than the best can contain; None if there is no such plan."""
    programme = search.programme
    own = found.value + node.legs * programme.price_per_leg  # what its reduced costs count from
    bound = max(node.bound, own)
    if bound >= search.target:
        return None
    with np.errstate(divide="ignore"):
        largest = np.where(found.reduced > 0.0, (search.target - own) / found.reduced, np.inf)
    most = np.minimum(node.most, np.floor(largest + 1e-6))
    stretches = []
    for orders, legs in node.stretches:
        orders = orders[most[orders] >= programme.candidates.least[orders]]
        if np.unique(search.contracts[orders]).size < legs:
            return None
        stretches.append((orders, legs))
    rows = np.union1d(node.rows, search.priced(found))
    return _Node(tuple(stretches), most, bound, rows)


def _in_whole_lots(search: Search, node: _Node, orders: Indices) -> float:
    """Offer the best plan of some orders; returns what none of them costs less than."""
    lots, bound = branch(search, np.sort(orders), node.most, node.legs)
    search.offer(lots)
    return max(node.bound, bound + node.legs * search.programme.price_per_leg)


def _halved(node: _Node, lots: Array) -> Iterator[tuple[Stretch, ...]]:
    """The ways in which the legs of one stretch may lie in its two halves.

    The stretch is the one whose relaxation is least like a plan: it has more orders than legs, or they lie
    far apart. Each half has half of what it uses.
    """
    share = np.divide(lots, node.most, out=np.zeros_like(lots), where=node.most > 0.0)
    at = max(range(len(node.stretches)), key=lambda each: _spread(*node.stretches[each], share))
    orders, legs = node.stretches[at]
    cut = _cut(share[orders])
    others = node.stretches[:at] + node.stretches[at + 1 :]
    for left in range(legs + 1):
        halves = (orders[:cut], left), (orders[cut:], legs - left)
        if all(half.size >= inside for half, inside in halves):
            yield (*others, *(each for each in halves if each[1]))


def _spread(orders: Indices, legs: int, share: Array) -> tuple[bool, int, int]:
    """By what stretches are compared: more orders used than legs, how far apart, and how many there are."""
    used = np.flatnonzero(share[orders] > UNUSED)
    return used.size > legs, int(np.ptp(used)) if used.size else 0, orders.size - legs


def _cut(share: Array) -> int:
    """Where a stretch is cut: half of what is used on each side, the middle where that is one order at most."""
    used = np.flatnonzero(share > UNUSED)
    if used.size < 2:
        return share.size // 2
    half = np.searchsorted(np.cumsum(share), 0.5 * share.sum())
    return int(np.clip(half, used[0], used[-1] - 1)) + 1

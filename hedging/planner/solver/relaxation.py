"""The programme without whole lots and without a count of legs: what every plan costs at least."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hedging._ground.clock import OutOfTimeError
from hedging._numerics.types import Array, Mask
from hedging.planner.programme.programme import Programme
from hedging.planner.solver.search_state import TAIL, Relaxation, Search
from hedging.planner.solver.sifting import programme_over

__all__ = ["reach", "relax", "relax_within"]

Indices = npt.NDArray[np.intp]


def relax(
    programme: Programme, *, most: Array | None = None, active: Mask | None = None
) -> Relaxation | None:
    """Solve the relaxation; None if even that has no plan.

    Parameters
    ----------
    programme : Programme
    most : ndarray, optional
        Tighter largest orders. [lots]
    active : ndarray of bool, optional
        Rows to start from, by default those of no scenario set.
    """
    search = Search(programme, 0.0, np.inf)
    if active is not None:
        search.active = search.active | active
    return relax_within(search, None, programme.candidates.most if most is None else most)


def relax_within(
    search: Search,
    least: Array | None,
    most: Array,
    counts: tuple[Array, Array] | None = None,
    *,
    cost: float = np.inf,
) -> Relaxation | None:
    """The relaxation with orders of at least and at most so many lots; what may have none is left out.

    With `counts`, matrix and bound, these rows over all orders hold too. None also where it comes to more than
    `cost`, as soon as the rows looked at by then say so.

    Raises
    ------
    OutOfTimeError
        If the search is late.
    """
    candidates = search.programme.candidates
    keep = np.flatnonzero(most > 0.0)
    misses = search.miss_price.size
    if not keep.size + misses:
        nothing = np.zeros(len(candidates))
        if not search.keeps(nothing):
            return None
        return Relaxation(nothing, 0.0, nothing, np.zeros(search.programme.rows.bound.size), search.active)
    low = np.append(np.zeros(keep.size) if least is None else least[keep], np.zeros(misses))
    high = np.append(most[keep], np.full(misses, np.inf))
    unit = search.miss_unit
    each = np.append(candidates.cost[keep], search.miss_price / unit) / search.money
    programme = programme_over(each, low, high, over=search.late)
    if counts is not None:
        matrix, bound = counts
        programme.add(np.hstack((matrix[:, keep], np.zeros((bound.size, misses)))), bound)
    others = programme.rows
    lots, on = np.zeros(len(candidates)), np.zeros(0, dtype=np.intp)
    while True:
        new = np.setdiff1d(np.flatnonzero(search.active), on, assume_unique=True)
        rows = np.hstack((search.matrix[np.ix_(new, keep)], -search.slack[new] / unit))
        programme.add(rows, search.bound[new])
        if search.late():
            raise OutOfTimeError
        on = np.append(on, new)
        found = programme.solve()
        if found is None or found.value * search.money > cost:
            return None
        x = np.clip(found.x, low, high)
        lots[keep] = x[: keep.size]
        if not search.widen(lots, x[keep.size :] / unit):
            break
    duals = np.zeros(search.bound.size)
    duals[on] = found.duals[others:] * search.money / search.norm[on]
    reduced = np.zeros(len(candidates))
    reduced[keep] = found.reduced[: keep.size] * search.money
    own = search.programme.rows.bound.size  # what follows are rows that were made
    return Relaxation(
        lots,
        found.value * search.money,
        reduced,
        duals[:own],
        search.active[:own].copy(),
        float(duals[search.source == TAIL].sum()),
        tuple(_priced(search, duals, at) for at in range(len(search.programme.lazy))),
    )


def _priced(search: Search, duals: Array, source: int) -> tuple[Indices, Array]:
    """Rows of one source that have a price, and that."""
    at = np.flatnonzero((search.source == source) & (duals > 0.0))
    return search.place[at], duals[at]


def reach(search: Search, relaxed: Relaxation, cost: float) -> tuple[Indices, Array]:
    """Orders that a plan cheaper than `cost` can contain, and how large they can be.

    By weak duality a plan costs at least the relaxation plus reduced cost times lots, and by what is meant
    by cost no order costs more than the plan, unless some order earns (a short perpetual, by its funding).
    """
    candidates = search.programme.candidates
    room = max(cost - relaxed.value, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.where(relaxed.reduced > 0, room / relaxed.reduced, np.inf)
        if (candidates.cost >= 0).all():
            largest = np.minimum(largest, np.where(candidates.cost > 0, cost / candidates.cost, np.inf))
    largest = np.floor(largest + 1e-6)
    keep = np.flatnonzero(largest >= candidates.least)
    return keep, np.minimum(candidates.most, largest)

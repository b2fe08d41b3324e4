"""A plan without branch and bound: the relaxation, down to few enough legs, then to whole lots, leg by leg.

What is decided is fixed and the relaxation solved again over the rest, so that later legs make up for what
rounding the earlier ones changed. It takes tens of small linear programmes: when the time is up before branch
and bound has found anything, this is the plan.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.relaxation import relax_within
from hedging.planner.solver.search_state import Relaxation, Search

__all__ = ["rounded"]

Indices = npt.NDArray[np.intp]

BACKTRACKED = 4  # last legs of which all ways to round are tried, rather than the cheaper alone
UNUSED = 1e-9  # lots below it are rounding of the solver


def rounded(search: Search, relaxed: Relaxation, spare: float = 0.0) -> Array | None:
    """Whole lots of at most `Programme.max_legs` orders near the relaxation; None if none keeps every row.

    Rows that the relaxation keeps with nothing to spare leave no room for rounding. With `spare`, each is
    kept with so many lots of the largest order to spare.
    """
    tight, start = search, relaxed
    if spare:
        tight = _with_spare(search, relaxed, spare)
        roomy = relax_within(tight, None, search.programme.candidates.most)
        if roomy is None:
            return None
        start = roomy
    few = _fewer_legs(tight, start.lots)
    lots = None if few is None else _whole_lots(tight, few)
    return lots if lots is not None and search.keeps(lots) else None


def _with_spare(search: Search, relaxed: Relaxation, spare: float) -> Search:
    """The same search with rows narrower by what so many lots of the orders used do to each."""
    tight = copy(search)
    effect = np.abs(search.matrix[:, relaxed.lots > UNUSED]).max(axis=1, initial=0.0)
    tight.bound = search.bound - spare * effect
    return tight


def _fewer_legs(search: Search, lots: Array) -> Array | None:
    """Drop the smallest order, in multiples of its smallest size, until few enough are left, all of one side."""
    candidates = search.programme.candidates
    while True:
        used = np.flatnonzero(lots > UNUSED)
        used = used[np.argsort(lots[used] / candidates.least[used], kind="stable")]
        other = _other_sides(search, used)
        if used.size <= search.programme.max_legs and not other.any():
            return lots
        # Where the smallest is needed, the next one goes.
        for drop in used[other] if other.any() else used:
            relaxed = relax_within(search, None, _only(candidates.most, used[used != drop]))
            if relaxed is not None:
                lots = relaxed.lots
                break
        else:
            return None


def _other_sides(search: Search, used: Indices) -> npt.NDArray[np.bool_]:
    """Which orders, of some sorted by size, a larger one of the same instrument goes against."""
    symbols = [search.programme.candidates.instruments[i].symbol for i in used]
    return np.array([symbol in symbols[place + 1 :] for place, symbol in enumerate(symbols)], dtype=bool)


def _whole_lots(search: Search, lots: Array) -> Array | None:
    """Fix one order after the other to whole lots, the fewest first: the finest make up for the coarsest."""
    candidates = search.programme.candidates
    legs = np.flatnonzero(lots > UNUSED)
    return _dive(search, lots, legs, _only(candidates.least, legs), _only(candidates.most, legs))


def _dive(search: Search, lots: Array, legs: Indices, low: Array, high: Array) -> Array | None:
    """Fix one of the legs that are left at either whole number beside it, the cheaper first, and go on."""
    if not legs.size:
        return lots
    leg = legs[np.argmin(np.clip(lots, low, high)[legs])]
    left = legs[legs != leg]
    tried = []
    for whole in _neighbours(lots[leg], low[leg], high[leg]):
        at, to = low.copy(), high.copy()
        at[leg] = to[leg] = whole
        relaxed = relax_within(search, at, to)
        if relaxed is not None:
            tried.append((relaxed.value, relaxed.lots, at, to))
    tried.sort(key=lambda each: each[0])
    for _, found, at, to in tried if left.size < BACKTRACKED else tried[:1]:
        whole_lots = _dive(search, found, left, at, to)
        if whole_lots is not None:
            return whole_lots
    return None


def _neighbours(lots: float, low: float, high: float) -> list[float]:
    """The whole numbers around a number, within bounds."""
    return sorted({float(np.clip(each, low, high)) for each in (np.floor(lots), np.ceil(lots))})


def _only(values: Array, keep: Indices) -> Array:
    """Values where kept, 0 elsewhere."""
    out = np.zeros_like(values)
    out[keep] = values[keep]
    return out

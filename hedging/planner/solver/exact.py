"""The programme over some orders as matrices, and branch and bound over it, row by broken row."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.backends import Milp, solve_milp
from hedging.planner.solver.search_state import Search

__all__ = ["branch", "milp_of"]

Indices = npt.NDArray[np.intp]

LEAST_SECONDS = 0.05  # that a solver is given, however late it is


def branch(
    search: Search, keep: Indices, most: Array, legs: int, *, price: float = 0.0
) -> tuple[Array | None, float]:
    """Branch and bound over some orders and at most `legs` of them, each at `price`.

    Returns
    -------
    (ndarray or None, float)
        The best plan and a lower bound on the cost of all, infinite if there is none.
    """
    bound = -np.inf
    while keep.size:
        unit = search.miss_unit
        result = solve_milp(
            milp_of(search, keep, most, legs, price=price),
            solver=search.engine.solver,
            gap=search.gap,
            seconds=max(search.seconds_left, LEAST_SECONDS),
            nodes=search.nodes_left,
            tick=search.tick,
        )
        search.nodes += result.nodes
        search.interrupted |= result.interrupted
        if search.interrupted and search.best is None and result.x is None:
            raise KeyboardInterrupt  # there is nothing to come back with: do not go on to the next step
        if result.infeasible:
            return None, np.inf
        bound = max(bound, result.bound * search.money)
        if result.x is None:
            return None, bound
        lots = np.zeros(len(search.programme.candidates))
        lots[keep] = np.round(result.x[: keep.size])
        if not search.widen(lots, result.x[2 * keep.size :] / unit):
            return lots, bound
        if search.over:
            return lots, bound  # breaks a row nobody had looked at; `Search.offer` judges whether it may
    return None, np.inf


def milp_of(search: Search, keep: Indices, most: Array, legs: int, *, price: float = 0.0) -> Milp:
    """The programme over some orders: lots, whether used, and misses in `Search.miss_unit`, in this order.

    Its costs are in `Search.money`.
    """
    from scipy.sparse import block_array, csr_array, diags_array

    n, misses = keep.size, search.miss_price.size
    candidates = search.programme.candidates
    on = np.flatnonzero(search.active)
    unit = search.miss_unit
    cost = np.concatenate((candidates.cost[keep], np.full(n, price), search.miss_price / unit)) / search.money
    sides = _both_sides(search, keep)
    rows: list[list[Any]] = [
        [search.matrix[np.ix_(on, keep)], None, -search.slack[on] / unit],
        [diags_array(np.ones(n)), -diags_array(most[keep]), np.zeros((n, misses))],
        [-diags_array(np.ones(n)), diags_array(candidates.least[keep]), None],
        [None, np.ones((1, n)), None],
        [None, sides, None],
    ]
    bounds = [search.bound[on], np.zeros(2 * n), np.array([legs]), np.ones(len(sides))]
    sparse = [[None if block is None else csr_array(block) for block in row] for row in rows]
    return Milp(
        cost=cost,
        matrix=block_array(sparse, format="csr"),
        bound=np.concatenate(bounds),
        upper=np.concatenate((most[keep], np.ones(n), np.full(misses, np.inf))),
        whole=np.concatenate((np.ones(2 * n), np.zeros(misses))).astype(bool),
    )


def _both_sides(search: Search, keep: Indices) -> Array:
    """One row for each instrument with two sides: it is bought or sold, not both."""
    instruments = search.programme.candidates.instruments
    sides: dict[str, list[int]] = {}
    for position, index in enumerate(keep):
        sides.setdefault(instruments[index].symbol, []).append(position)
    pairs = [pair for pair in sides.values() if len(pair) > 1]
    matrix = np.zeros((len(pairs), keep.size))
    for row, pair in enumerate(pairs):
        matrix[row, pair] = 1.0
    return matrix

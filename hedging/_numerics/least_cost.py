"""One linear programme under many costs: what may be chosen stays, what it costs does not."""

from __future__ import annotations

from typing import Final

import numpy as np

from hedging._numerics.types import Array, Rows

__all__ = ["least_cost"]

TOLERANCE: Final = 1e-9  # of the largest cost


def least_cost(costs: Array, matrix: Array, bound: Array) -> Array:
    """Least value of ``cost @ x`` over ``matrix @ x == bound, x >= 0`` under each of many costs.

    A basis that is best under one cost is best under every other that leaves no reduced cost below 0, which is
    checked for all of them at once: as many programmes are solved as there are such bases, not one a cost.

    Parameters
    ----------
    costs : ndarray, shape (columns, n)
        >= 0.
    matrix : ndarray, shape (rows, columns)
        Of full row rank, with a feasible x.
    bound : ndarray, shape (rows,)

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> least_cost(np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([[1.0, 1.0]]), np.array([5.0])).tolist()
    [5.0, 5.0]
    """
    from scipy.optimize import linprog

    least = np.zeros(costs.shape[1])
    left = np.arange(costs.shape[1])
    while left.size:
        first, left = left[0], left[1:]
        solved = linprog(costs[:, first], A_eq=matrix, b_eq=bound, method="highs-ds")
        if solved.x is None:
            raise ArithmeticError(f"the programme has no solution: {solved.message}")
        least[first] = solved.fun
        basis = _basis(solved.x, costs[:, first] - matrix.T @ solved.eqlin.marginals, matrix)
        if basis is None or not left.size:
            continue
        there = costs[:, left]
        prices = np.linalg.solve(matrix[:, basis].T, there[basis])
        best = (there - matrix.T @ prices >= -TOLERANCE * np.abs(there).max(initial=1.0)).all(axis=0)
        least[left[best]] = solved.x[basis] @ there[basis][:, best]
        left = left[~best]
    return least


def _basis(x: Array, reduced: Array, matrix: Array) -> Rows | None:
    """A basis of a best vertex: its positive columns, filled up with others that cost nothing more."""
    from scipy.linalg import null_space, qr

    rows = len(matrix)
    used = np.flatnonzero(x > TOLERANCE * x.max(initial=1.0))
    free = np.setdiff1d(np.flatnonzero(np.abs(reduced) <= TOLERANCE * np.abs(reduced).max(initial=1.0)), used)
    lacking = rows - used.size
    if lacking < 0 or free.size < lacking:
        return None
    across = null_space(matrix[:, used].T) if used.size else np.eye(rows)
    if lacking:
        *_, order = qr(across.T @ matrix[:, free], mode="economic", pivoting=True)
        used = np.concatenate((used, free[order[:lacking]]))
    usable = np.linalg.matrix_rank(matrix[:, used]) == rows
    return used.astype(np.intp) if usable else None

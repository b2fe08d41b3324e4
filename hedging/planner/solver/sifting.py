"""Linear programmes over a whole large chain: most orders have no part in the best point, so few are given.

The programme is solved over some variables, the others at their lowest, and the prices of its rows tell which of the
others would improve it; these come in, until none is left [1]_. With few rows that takes a small part of the time
that the whole takes, in which every step goes through every variable. Where rows come one after the other, each
solve begins by laying out every row over every variable anew, and the few that are inside pay from hundreds on.

References
----------
.. [1] R. E. Bixby et al., Very large-scale linear programming: a case study in combining interior point and simplex
   methods, 1992, whose "sifting" this is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.planner.solver.linear import Linear, LinearProgramme

__all__ = ["Sifted", "programme_over"]

Indices = npt.NDArray[np.intp]

SIFTED = 400  # variables from which it pays
SHARE = 1 / 8  # of the variables that is begun with, evenly spread
SPREAD = 64, 1_000  # how many these are at least and at most
MUCH = 1e12  # lots: what no order is larger than
PRECISE = 1e-7  # of a reduced cost: the tolerance of the solver itself


def programme_over(
    cost: Array, low: Array, high: Array, *, over: Callable[[], bool] | None = None
) -> LinearProgramme | Sifted:
    """A linear programme, sifted where it is large; parameters as for `LinearProgramme`."""
    return (Sifted if cost.size >= SIFTED else LinearProgramme)(cost, low, high, over=over)


class Sifted:
    """A linear programme that is solved over few of its variables; parameters and methods as `LinearProgramme`."""

    def __init__(
        self, cost: Array, low: Array, high: Array, *, over: Callable[[], bool] | None = None
    ) -> None:
        self.cost, self.low, self.high = cost, low, high
        self.rows = 0
        self._blocks: list[Array] = []
        begun = int(np.clip(SHARE * cost.size, *SPREAD))
        self._added = max(begun // 2, 1)  # variables that come in at a time
        spread = np.linspace(0, cost.size - 1, begun).astype(np.intp)
        needed = np.flatnonzero((low != 0.0) | ~np.isfinite(high))  # a miss among them
        self._inside: Indices = np.union1d(spread, needed)
        self._programme = LinearProgramme(*self._of(self._inside), over=over)

    def _of(self, index: Indices) -> tuple[Array, Array, Array]:
        return self.cost[index], self.low[index], self.high[index]

    def add(self, matrix: Array, bound: Array) -> None:
        """Add rows."""
        self._blocks.append(matrix)
        self._programme.add(matrix[:, self._inside], bound)
        self.rows += len(matrix)

    def _widen(self, index: Indices) -> None:
        self._inside = np.append(self._inside, index)
        matrix = np.concatenate([block[:, index] for block in self._blocks])
        self._programme.widen(*self._of(index), matrix)

    def solve(self) -> Linear | None:
        """The best point; None if there is none. Errors as those of `LinearProgramme.solve`."""
        while True:
            found = self._programme.solve()
            outside = np.ones(self.cost.size, dtype=bool)
            outside[self._inside] = False
            if found is None:
                helping = self._helping()
                helping[self._inside] = 0.0
                if not helping.any():
                    return None
                best = np.argsort(helping)[: self._added]
                self._widen(best[helping[best] < 0.0])
                continue
            reduced = self.cost + self._priced(found.duals)
            worst = np.flatnonzero(outside & (reduced < -PRECISE))
            if not worst.size:
                return self._whole(found, reduced)
            if worst.size > self._added:
                worst = worst[np.argpartition(reduced[worst], self._added)[: self._added]]
            self._widen(worst)

    def _helping(self) -> Array:
        """By how much each variable can relieve the rows that clash, < 0; where they are not known, by all."""
        weights = self._programme.clash()
        if weights is None:
            return np.full(self.cost.size, -1.0)
        return np.minimum(self._priced(weights), 0.0) * np.minimum(self.high, MUCH)

    def _priced(self, duals: Array) -> Array:
        """What each variable costs by the prices of the rows."""
        total, start = np.zeros(self.cost.size), 0
        for block in self._blocks:
            total += duals[start : start + len(block)] @ block
            start += len(block)
        return total

    def _whole(self, found: Linear, reduced: Array) -> Linear:
        """The point over all variables."""
        x = np.zeros(self.cost.size)
        x[self._inside] = found.x
        reduced = np.maximum(reduced, 0.0)
        reduced[self._inside] = found.reduced
        return Linear(x, found.value, found.duals, reduced)

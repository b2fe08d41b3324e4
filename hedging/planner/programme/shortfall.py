r"""Expected shortfall as a limit: the worst share of many scenarios, cut by cut.

Expected shortfall is the largest mean loss over all weightings of the scenarios that give none more than
:math:`1 / (1 - \beta)` times its probability [1]_. One weighting is one linear row, and only the row of the
worst weighting can be broken: so the rows come one at a time, each from the plan before, until none is. That
takes tens of rows where the usual linear programme takes one per scenario [2]_.

References
----------
.. [1] R. T. Rockafellar and S. Uryasev, Optimization of Conditional Value-at-Risk, 2000.
.. [2] A. Künzi-Bay and J. Mayer, Computational aspects of minimizing Conditional Value-at-Risk, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hedging._numerics.tails import tail_weights
from hedging._numerics.types import Array

__all__ = ["Tail", "ValueAtRisk"]


@dataclass(frozen=True, slots=True, eq=False)
class ValueAtRisk:
    """The limit on value at risk: how much of the outcomes may break the rows of its group.

    Of each outcome there is one row, or one at each funding, funding by funding: it breaks them if it breaks one.

    Attributes
    ----------
    probabilities : ndarray, shape (outcomes,)
    share : float
        ``1 - level``, and what rounding may add to a sum of probabilities.
    """

    probabilities: Array
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """The limit on expected shortfall, as what makes its rows.

    Attributes
    ----------
    held : ndarray, shape (scenarios,)
        P&L of the book alone. [money]
    pnl : ndarray, shape (scenarios, columns)
        P&L of each order, per lot. [money]
    probabilities : ndarray, shape (scenarios,)
    level : float
        Between 0 and 1; 0.95 looks at the worst 5 %.
    limit : float
        Greatest mean loss of the tail. [money]
    """

    held: Array
    pnl: Array
    probabilities: Array
    level: float
    limit: float

    def only(self, keep: npt.NDArray[Any]) -> Tail:
        """Return the same limit over some of the columns."""
        index = np.arange(self.pnl.shape[1])[keep]
        # Neighbours, such as all columns but the last few, take no copy.
        neighbours = index.size > 0 and bool((np.diff(index) == 1).all())
        return replace(self, pnl=self.pnl[:, slice(index[0], index[-1] + 1) if neighbours else index])

    def over(self, lots: Array) -> float:
        """By how much the mean loss of the tail exceeds the limit at `lots`. [money]"""
        worst, weights, loss = self._worst(lots)
        return float(weights @ loss[worst]) - self.limit

    def row(self, lots: Array) -> tuple[Array, float]:
        """The row of the worst weighting at `lots`: ``row @ lots <= bound``."""
        worst, weights, _ = self._worst(lots)
        return -(weights @ self.pnl[worst]), self.limit + float(weights @ self.held[worst])

    def _worst(self, lots: Array) -> tuple[npt.NDArray[np.intp], Array, Array]:
        """The scenarios of the tail, their weights, and the loss in every scenario."""
        used = np.flatnonzero(lots)
        loss = -(self.held + self.pnl[:, used] @ lots[used])
        return *tail_weights(loss, self.probabilities, self.level), loss

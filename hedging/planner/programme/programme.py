"""The programme as a value: columns, rows, the tails beside them, and what its numbers mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.lazy_rows import LazyRows
from hedging.planner.programme.margin_cuts import MarginCuts
from hedging.planner.programme.rows import Rows
from hedging.planner.programme.shortfall import Tail, ValueAtRisk
from hedging.planner.programme.turning_rows import TurningRows
from hedging.planner.request.limit import SHORTFALL, VALUE_AT_RISK, Limit

__all__ = ["MadeRows", "Programme"]

MadeRows: TypeAlias = LazyRows | TurningRows | MarginCuts
"""Rows of one limit that are made as they are needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Programme:
    """A mixed-integer programme over orders in lots, and what its numbers mean.

    Attributes
    ----------
    candidates : Candidates
    rows : Rows
    price_per_leg : float
        [money]
    max_legs : int
    base : float
        What shares are shares of. [money]
    base_name : str
    tails : tuple of Tail
        Limits on expected shortfall, which make their rows as they are needed.
    miss_price : dict of Limit to float
        Groups of rows that may be missed, and the price of a miss of one scale. [money]
    value_at_risk : ValueAtRisk or None
        How much of the rows of the value at risk may be broken. Where there is one, the programme is for
        `hedging.planner.solver.value_at_risk` to solve.
    least : Limit or None
        The limit whose miss is minimised, at a price of 1 for 1; None where that is the cost.
    lazy : tuple of LazyRows
        Scenario rows that are made as they are needed, beside those in `rows`.
    """

    candidates: Candidates
    rows: Rows
    price_per_leg: float
    max_legs: int
    base: float
    base_name: str
    tails: tuple[Tail, ...] = ()
    miss_price: dict[Limit, float] = field(default_factory=dict)
    least: Limit | None = None
    value_at_risk: ValueAtRisk | None = None
    lazy: tuple[MadeRows, ...] = ()

    @property
    def limits(self) -> list[Limit]:
        """The limits that a plan must keep; what is minimised is none."""
        lazy = [each.limit for each in self.lazy]
        limits = [*self.rows.limits_of(slice(None)), *lazy, *([SHORTFALL] if self.tails else [])]
        return [limit for limit in dict.fromkeys(limits) if limit != self.least]

    @property
    def outcome_pnl(self) -> Array:
        """P&L of each order in every outcome at the worst of all fundings, per lot, shape (outcomes, columns). [money]

        Raises
        ------
        InputError
            If nothing in the programme is taken over outcomes.
        """
        if self.tails:
            first, *others = (tail.pnl for tail in self.tails)
            return reduce(np.minimum, others, first)
        if self.value_at_risk is None:
            raise InputError("no limit is taken over outcomes.")
        lost = self.rows.matrix[self.rows.of(VALUE_AT_RISK)]
        count = self.value_at_risk.probabilities.size
        each = lost.reshape(lost.shape[0] // count, count, lost.shape[1])
        return np.asarray(-each.max(axis=0))

    def spare(self, lots: Array, objective: float, share: float) -> float:
        """A share of what a plan costs. What its orders are priced at beside, `price_per_leg`, is no money. [money]"""
        return share * abs(objective - self.price_per_leg * np.count_nonzero(lots))

    def weighted(self, probabilities: Array) -> Programme:
        """Return the same programme with other probabilities of the outcomes."""
        return replace(
            self,
            tails=tuple(replace(tail, probabilities=probabilities) for tail in self.tails),
            value_at_risk=None
            if self.value_at_risk is None
            else replace(self.value_at_risk, probabilities=probabilities),
        )

    def only(self, keep: npt.NDArray[Any]) -> Programme:
        """Return the same programme over some of the columns."""
        return replace(
            self,
            candidates=self.candidates.take(keep),
            rows=self.rows.columns(keep),
            tails=tuple(tail.only(keep) for tail in self.tails),
            lazy=tuple(each.only(keep) for each in self.lazy),
        )

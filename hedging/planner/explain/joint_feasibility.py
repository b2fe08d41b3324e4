"""Whether what may be traded can bring several Greeks into their bands in ordinary size.

Within one expiry vega is gamma times S² vol T, and theta is close to minus gamma times S² vol² / 2: bands that
pull such Greeks apart take positions out of all proportion to what each of them takes, or there are none. Where
bands agree (long gamma and long vega), a hedge is small however alike the Greeks are: so it is size that is
judged, and the condition number is reported with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hedging._numerics.types import Mask
from hedging.market.contracts import Option
from hedging.planner.candidates.measures import measures
from hedging.planner.explain.conditioning import row_scale, singular_values
from hedging.planner.programme.build import Problem
from hedging.planner.request.request import Task

__all__ = ["Spanning", "spanning"]


ALIKE = ("gamma", "vega", "theta")
OUT_OF_PROPORTION = (
    3.0  # times what the Greeks take one by one; in two expiries they take about that together
)


@dataclass(frozen=True, slots=True)
class Spanning:
    """What the bands of several Greeks of one asset take together, and one by one.

    Attributes
    ----------
    asset : str
    limits : tuple of str
        The bands.
    condition : float or None
        Largest over smallest singular value of what a unit of each order does to each, rows scaled to a largest
        entry of 1; None where it is infinite.
    gross : float or None
        Least position that meets all bands, long and short added up, whatever its cost; None where none does.
        [units of underlying]
    one_by_one : float
        The least positions that meet each of them alone, added up. [units of underlying]
    expiries : int
        Of the options that may be traded.
    """

    asset: str
    limits: tuple[str, ...]
    condition: float | None
    gross: float | None
    one_by_one: float
    expiries: int

    @property
    def ill(self) -> bool:
        """Whether they take out of all proportion more together."""
        return self.gross is None or self.gross > OUT_OF_PROPORTION * self.one_by_one > 0.0

    @property
    def remark(self) -> str:
        """What that means, and the way out."""
        takes = (
            "no size of what may be traded brings"
            if self.gross is None
            else f"it takes {self.gross:,.4g} {self.asset} gross to bring"
        )
        condition = "singular" if self.condition is None else f"condition {self.condition:,.3g}"
        second = (
            "allow a second expiry (Limits(expiries=...))" if self.expiries == 1 else "allow other expiries"
        )
        kinds = [name.replace(" ", "_").partition("_")[0] for name in self.limits if "by_days" not in name]
        alike = [kind for kind in ALIKE if kind in kinds]
        why = f": within one expiry {' and '.join(alike)} are nearly one Greek" if len(alike) > 1 else ""
        return (
            f"{takes} {' and '.join(self.limits)} into their bands together, against {self.one_by_one:,.4g} one by "
            f"one ({condition}){why}; {second}, or widen a band"
        )

    def to_dict(self) -> dict[str, Any]:
        """The numbers by name."""
        return {
            "asset": self.asset,
            "limits": list(self.limits),
            "condition": self.condition,
            "gross": self.gross,
            "one_by_one": self.one_by_one,
            "expiries": self.expiries,
            "ill": self.ill,
        }

    @staticmethod
    def from_dict(saved: dict[str, Any]) -> Spanning:
        """The value that `to_dict` gave."""
        plain = {name: value for name, value in saved.items() if name != "ill"}
        return Spanning(**(plain | {"limits": tuple(saved["limits"])}))


def spanning(task: Task, problem: Problem) -> tuple[Spanning, ...]:
    """Every asset with hard bands of two Greeks or more, each of which can be met alone."""
    found = []
    for market in task.markets:
        limits = [each.limit for each in measures(task.target, market, several=len(task.markets) > 1)]
        limits = [name for name in limits if name not in problem.miss_price]
        here = np.array([item.asset == market.asset for item in problem.columns.instruments], dtype=bool)
        if len(limits) < 2 or not here.any():
            continue
        alone = [_gross(problem, here, [name]) for name in limits]
        if any(each is None for each in alone):
            continue  # that one is out of reach, whatever the others are
        expiries = {
            item.expiry
            for item in problem.columns.instruments
            if isinstance(item, Option) and item.asset == market.asset
        }
        found.append(
            Spanning(
                market.asset,
                tuple(limits),
                _condition(problem, here, limits),
                _gross(problem, here, limits),
                sum(each for each in alone if each is not None),
                len(expiries),
            )
        )
    return tuple(found)


def _gross(problem: Problem, here: Mask, limits: Sequence[str]) -> float | None:
    """Least units of underlying that meet some bands; None if none do."""
    from scipy.optimize import linprog

    at = np.isin(problem.rows.group, limits)
    matrix, bound = problem.rows.matrix[np.ix_(at, here)], problem.rows.bound[at]
    norm = row_scale(matrix)
    size = np.abs(problem.columns.size[here])
    # In units of underlying, so that rows and costs are of ordinary size.
    result: Any = linprog(np.ones(size.size), A_ub=matrix / norm[:, None] / size, b_ub=bound / norm)
    return float(result.fun) if result.status == 0 else None


def _condition(problem: Problem, here: Mask, limits: Sequence[str]) -> float | None:
    first = np.array([np.flatnonzero(problem.rows.group == name)[0] for name in limits])
    values = singular_values(problem.rows.matrix[np.ix_(first, here)] / problem.columns.size[here])
    return float(values[0] / values[-1]) if values[-1] > 0.0 else None

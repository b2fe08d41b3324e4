"""Whether what may be traded can bring several Greeks into their bands in ordinary size.

Within one expiry vega is gamma times S² vol T, and theta is close to minus gamma times S² vol² / 2: bands that
pull such Greeks apart take positions out of all proportion to what each of them takes, or there are none. Where
bands agree (long gamma and long vega), a hedge is small however alike the Greeks are: so it is size that is
judged, and the condition number is reported with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Mask
from hedging.market.contracts import Option
from hedging.planner.candidates.measures import measures
from hedging.planner.explain.conditioning import row_scale, singular_values
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request
from hedging.planner.result.values import JointFeasibility
from hedging.planner.solver.sifting import programme_over

__all__ = ["joint_feasibility"]


def joint_feasibility(request: Request, programme: Programme) -> tuple[JointFeasibility, ...]:
    """Every asset with hard bands of two Greeks or more, each of which can be met alone."""
    found = []
    for market in request.markets:
        limits = [each.limit for each in measures(request.target, market, several=len(request.markets) > 1)]
        limits = [each for each in limits if each not in programme.miss_price]
        here = np.array([item.asset == market.asset for item in programme.candidates.instruments], dtype=bool)
        if len(limits) < 2 or not here.any():
            continue
        alone = [_gross(programme, here, [each]) for each in limits]
        if any(each is None for each in alone):
            continue  # that one is out of reach, whatever the others are
        expiries = {
            item.expiry
            for item in programme.candidates.instruments
            if isinstance(item, Option) and item.asset == market.asset
        }
        found.append(
            JointFeasibility(
                market.asset,
                tuple(limits),
                _condition(programme, here, limits),
                _gross(programme, here, limits),
                sum(each for each in alone if each is not None),
                len(expiries),
            )
        )
    return tuple(found)


def _gross(programme: Programme, here: Mask, limits: Sequence[Limit]) -> float | None:
    """Least units of underlying that meet some bands; None if none do."""
    at = programme.rows.of(*limits)
    matrix, bound = programme.rows.matrix[np.ix_(at, here)], programme.rows.bound[at]
    norm = row_scale(matrix)
    size = np.abs(programme.candidates.size[here])
    # In units of underlying, so that rows and costs are of ordinary size.
    linear = programme_over(np.ones(size.size), np.zeros(size.size), np.full(size.size, np.inf))
    linear.add(matrix / norm[:, None] / size, bound / norm)
    found = linear.solve()
    return None if found is None else found.value


def _condition(programme: Programme, here: Mask, limits: Sequence[Limit]) -> float | None:
    first = np.array([np.flatnonzero(programme.rows.of(each))[0] for each in limits])
    values = singular_values(programme.rows.matrix[np.ix_(first, here)] / programme.candidates.size[here])
    return float(values[0] / values[-1]) if values[-1] > 0.0 else None

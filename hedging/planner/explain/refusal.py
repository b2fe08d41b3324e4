"""Why there is no plan: what clashes, what the closest one misses, and the ways out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.planner.explain.furthest import furthest_fall
from hedging.planner.explain.remarks import outlived, unfitting
from hedging.planner.programme.programme import Programme
from hedging.planner.request.effort import Effort
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request
from hedging.planner.request.wording import figure
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.status import nearness

__all__ = ["building", "refusal"]

BUILDING = 0.8  # of the time limit: without some of it left for a search there is no plan
MORE = "Effort(time_limit=...)"


@contextmanager
def building(effort: Effort | None) -> Iterator[None]:
    """What comes before a search; there is no plan if it takes nearly all of the time.

    Raises
    ------
    InfeasibleHedgeError
        If it does; without a closest plan.
    """
    limit = (effort if isinstance(effort, Effort) else Effort()).time_limit
    try:
        with clock.until(clock.now() + BUILDING * limit):
            yield
    except OutOfTimeError:
        raise InfeasibleHedgeError(
            f"{_late(limit)}: most of it went before what may be traded was known. Give more time, "
            f"{MORE}, or trade fewer expiries, deltas or strikes."
        ) from None


def _late(limit: float) -> str:
    return f"no plan was found in {limit:g} s (nor was it proven that there is none)"


def refusal(
    request: Request, programme: Programme, clashes: Sequence[Limit], closest: HedgePlan
) -> InfeasibleHedgeError:
    """The error that says that there is no plan, with the closest one in it."""
    found = _late(request.effort.time_limit)
    if clashes:
        reason = "cannot hold together" if len(clashes) > 1 else "cannot be kept by what may be traded"
        found = f"no plan meets every limit: {' and '.join(map(str, clashes))} {reason}"
    missed = "; ".join(str(check) for check in closest.checks if not check.ok)
    late = outlived(request, programme.candidates) if any(each.kind == "floor" for each in clashes) else ()
    apart = [each.remark for each in closest.joint_feasibility if each.ill and {*each.limits} & {*clashes}]
    topped = [
        f"a top-up of {each.account} by {figure(each.top_up_before, 4)} {each.currency} keeps it alive without a plan"
        for each in closest.survivals
        if each.top_up_before
    ]
    survival = any(each.kind == "survive" for each in clashes)
    far = furthest_fall(request, programme) if survival else ()
    ways = (*topped, *far, *unfitting(request, programme.candidates), *late, *apart)
    message = (
        f"{found}. The closest plan misses: {missed}. {nearness(closest.gap)} "
        + "".join(f"{each[0].upper()}{each[1:]}. " for each in ways)
        + ("" if clashes else f"Give more time, {MORE}. ")
        + "Widen one of these limits, allow outright sales, more legs or other expiries."
    )
    return InfeasibleHedgeError(message, closest=closest, clashes=closest.clashes)

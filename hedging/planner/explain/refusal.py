"""Why there is no plan: what clashes, what the closest one misses, and the ways out."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.planner.explain.remarks import outlived, unfitting
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request
from hedging.planner.request.wording import figure
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.status import nearness

__all__ = ["refusal"]


def refusal(
    request: Request, programme: Programme, clashes: Sequence[Limit], closest: HedgePlan
) -> InfeasibleHedgeError:
    """The error that says that there is no plan, with the closest one in it."""
    seconds = request.effort.time_limit
    found = f"no plan was found in {seconds:g} s (nor was it proven that there is none)"
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
    ways = (*topped, *unfitting(request, programme.candidates), *late, *apart)
    message = (
        f"{found}. The closest plan misses: {missed}. {nearness(closest.gap)} "
        + "".join(f"{each[0].upper()}{each[1:]}. " for each in ways)
        + "Widen one of these limits, allow outright sales, more legs or other expiries."
    )
    return InfeasibleHedgeError(message, closest=closest, clashes=closest.clashes)

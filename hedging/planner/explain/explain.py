"""Why the plan is what it is: what binds, what each limit costs, what it is built against, what it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.book.legs import Leg
from hedging.book.structure import closings, disguises
from hedging.planner.explain.edges import edges_of, joint_of
from hedging.planner.explain.fills import fills_of
from hedging.planner.explain.freed import freed
from hedging.planner.explain.joint_feasibility import joint_feasibility
from hedging.planner.explain.liquidation import liquidations
from hedging.planner.explain.prices import binding, drivers, shadow_prices
from hedging.planner.explain.remarks import deliveries, outlived, questions, remarks_on, warnings_of
from hedging.planner.explain.robustness import robustness_of
from hedging.planner.explain.venues import venue_needs
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.planner.result.accounts import LiquidationMove
from hedging.planner.result.agreement import Agreement
from hedging.planner.result.fills import Fills
from hedging.planner.result.robustness import Robustness
from hedging.planner.result.values import Driver, JointFeasibility, ShadowPrice
from hedging.planner.result.venue_needs import VenueNeed
from hedging.planner.solver.search import Solution
from hedging.planner.solver.value_at_risk import with_outcomes_fixed
from hedging.planner.verify.verify import Verified

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What explains a plan; see the fields of `HedgePlan` by the same names."""

    binding: tuple[str, ...]
    shadow_prices: tuple[ShadowPrice, ...]
    drivers: tuple[Driver, ...]
    joint_feasibility: tuple[JointFeasibility, ...]
    warnings: tuple[str, ...]
    remarks: tuple[str, ...]
    liquidations: tuple[LiquidationMove, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    fills: Fills | None = None
    venues: tuple[VenueNeed, ...] = ()


def explain(
    request: Request,
    programme: Programme,
    solution: Solution,
    legs: Sequence[Leg],
    verified: Verified,
    agreement: Agreement | None,
) -> Explanation:
    """Explain a solution and the orders made of it."""
    fixed = with_outcomes_fixed(programme, solution.lots)
    joint = joint_feasibility(request, fixed)
    # The relaxation of the closest plan prices misses, not limits.
    relaxed = None if solution.closest else solution.relaxed
    asked = request.effort.alternatives and not solution.closest and not solution.interrupted
    moves, unknown = liquidations(request.book, request.markets, legs)
    needs, unsaid = venue_needs(request.book, request.markets, legs)
    remarks = (
        *closings(legs, request.book),
        *disguises(legs),
        *unknown,
        *unsaid,
        *deliveries(request, legs),
        *questions(request, legs),
        *edges_of(request, verified.checks, verified.beyond),
        *remarks_on(request, fixed, verified.checks),
        *(agreement.remarks if agreement else ()),
        *(each.remark for each in joint if each.ill),
        *(outlived(request, fixed.candidates) if legs else ()),
    )
    robustness: tuple[Robustness, ...] = ()
    fills: Fills | None = None
    if asked:
        with suppress(OutOfTimeError), clock.until(request.ends):
            fills = fills_of(request, legs, programme.base)
            robustness = robustness_of(request, legs, programme.base)
    return Explanation(
        tuple(map(str, binding(fixed, solution))),
        () if relaxed is None else shadow_prices(fixed, relaxed),
        () if relaxed is None else drivers(fixed, relaxed, request.scenarios),
        joint,
        (
            *freed(request, legs),
            *joint_of(request, verified.checks),
            *warnings_of(request, legs, programme.base),
        ),
        remarks,
        moves,
        robustness,
        fills,
        needs,
    )

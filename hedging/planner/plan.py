"""`plan`: the algorithm, from a request to a verified result, stage by stage."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypedDict, Unpack

from hedging._ground import clock
from hedging.book.book import Book
from hedging.book.legs import Cost, Leg
from hedging.market.market import Chains
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import orders_of
from hedging.planner.explain.explain import Explanation, explain
from hedging.planner.explain.promise import promise_of
from hedging.planner.explain.refusal import building, refusal
from hedging.planner.outcomes.free_lunch import check_outcomes
from hedging.planner.programme.build import build
from hedging.planner.programme.programme import Programme
from hedging.planner.request.effort import Effort
from hedging.planner.request.limits import Limits
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.price_history import PriceHistory
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.request.view import View
from hedging.planner.result.agreement import Agreement
from hedging.planner.result.carry import BreakEven
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.status import PlanStatus
from hedging.planner.result.values import Alternative
from hedging.planner.selection.alternatives import alternatives
from hedging.planner.selection.break_even import break_even
from hedging.planner.selection.select import select
from hedging.planner.solver.closest import solve_or_closest
from hedging.planner.solver.search import Solution
from hedging.planner.verify.checks import checks_of
from hedging.planner.verify.cost import cost_with_carry, decay_of
from hedging.planner.verify.leg_greeks import leg_greeks
from hedging.planner.verify.verify import Verified, verify
from hedging.prices import Prices
from hedging.risk import Promise

__all__ = ["plan"]

_LOG: Final = logging.getLogger(__name__)

NOTHING_TO_TRADE: Final = (
    "nothing may be traded: give a chain of options, or allow outright what has none, such as its perpetual"
)
UNBOUNDED = 1e15  # money: a bound of minus infinity, of which nothing is proven, as a file can hold it


def plan(
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits | None = None,
    *,
    horizon: float = 30.0,
    scenarios: Paths | None = None,
    outcomes: Outcomes | PathsBy | None = None,
    prices: Prices | PriceHistory | None = None,
    view: View | None = None,
    effort: Effort | None = None,
) -> HedgePlan:
    """Cheapest orders that bring a book to its target, proven, and checked from scratch.

    Parameters
    ----------
    book : Book
    chain : OptionChain or Market, or several of them
        Quotes of every asset of the book; a market brings its surface and its funding along.
    target : Target
    limits : Limits, optional
    horizon : float, > 0
        Days over which carry counts and the default scenarios run. [days]
    scenarios : Paths, optional
        What the floor holds over; by default spot from zero to +200 % and vol by -10, 0 and +10 points over
        the quarters of the horizon: at once, along a line, and turning on the way; and through every strike
        that expires within it, so that expired payoffs are bounded exactly (see
        `hedging.planner.request.default_scenarios`).
    outcomes : Outcomes, Paths, or a mapping of asset to Paths, optional
        Scenarios with probabilities, which `Target.shortfall` is taken over at their last date. Before anything
        is optimised, they are searched for orders that never lose; see `HedgePlan.agreement` and
        `Outcomes.reweight`.
    prices : Prices or PriceHistory, optional
        Daily prices of every coin, for a book of which some coins have no chain: these are hedged by options of the
        others and, where `Limits.outright` allows it, by their own perpetuals, over outcomes drawn from the days
        known when the quotes were taken (see `hedging.scenario.resample`). A coin without options may fall alone,
        so that a floor holds in `Target.level` of those outcomes, never in all; see `HedgePlan.promise`.
    view : View, optional
        What spot is expected to do, and so what orders are expected to gain: it enters the objective as carry,
        but no limit. Without one options carry nothing, fairly priced by their own vol and forward.
    effort : Effort, optional
        Gap, time, solver, who hears of progress, and whether other structures are sized beside.

    Returns
    -------
    HedgePlan

    Raises
    ------
    InputError
        If an input breaks its rule, the book holds an asset of no chain and no price, or no probabilities of the outcomes fit
        the quotes where they are to be moved.
    InfeasibleHedgeError
        If no plan meets every limit; it names the limits that clash and carries the closest plan. Or if the time is up
        before there is any; without a closest plan where it was up before what may be traded was known.
    SolverError
        If the solver fails, or its plan fails the check.
    MissingExtraError
        If the solver asked for is not installed.
    KeyboardInterrupt
        If it comes before any plan is found; afterwards the best plan is returned, with its gap.

    Examples
    --------
    >>> import hedging as hg
    >>> found = hg.plan(hg.samples.book(), hg.samples.chain(), hg.Target(delta=(8, 12)), hg.Limits(budget=0.02))
    >>> found.status, 8 <= found.after.delta <= 12
    (<PlanStatus.OPTIMAL: 'optimal'>, True)
    """
    started = clock.now()
    with building(effort):
        backed = (
            None if prices is None else PriceHistory.of(prices).behind(book, chain, target, horizon, outcomes)
        )
        if backed is not None:
            chain, target, outcomes = backed.markets, backed.target, backed.outcomes
        request = Request.of(
            book,
            chain,
            target,
            limits,
            horizon=horizon,
            scenarios=scenarios,
            outcomes=outcomes,
            view=view,
            effort=effort,
        )
        request, whole, agreement = check_outcomes(request, build(request, candidates_of(request)))
        programme = whole.only(whole.candidates.tradable(request.limits))
    solution, clashes = solve_or_closest(programme, request.effort, request.ends)
    chosen, dearer = select(request, programme, solution)
    legs = orders_of(request, programme.candidates, chosen.lots)
    cost = cost_with_carry(legs, request)
    verified = verify(request, legs, cost, programme.base, None if chosen.closest else chosen.objective)
    explained = explain(request, programme, chosen, legs, verified, agreement)
    unfunded = None if chosen.closest or chosen.interrupted else break_even(request, programme, legs)
    others = () if chosen.closest or chosen.interrupted else alternatives(request, whole, legs)
    promise = (
        None if backed is None else promise_of(request, backed, programme.candidates, legs, programme.base)
    )
    found = _found(
        (request, programme, chosen, verified, explained),
        legs=legs,
        cost=cost,
        # What was proven is the optimum; which plan near it to trade is a choice.
        status=PlanStatus.of(solution.gap, request.effort.gap, closest=chosen.closest),
        seconds=clock.now() - started,
        alternatives=(*dearer, *others, *_not_robust(request, programme.base, others)),
        clashes=tuple(map(str, clashes)),
        agreement=agreement,
        break_even=unfunded,
        promise=promise,
        inputs=request.to_dict() | ({} if backed is None else {"prices": backed.to_dict()}),
        remarks=(
            *explained.remarks,
            *(() if len(programme.candidates) else (NOTHING_TO_TRADE,)),
            *(backed.remarks if backed else ()),
        ),
    )
    told = found.status, found.objective, found.bound, found.nodes, found.seconds
    _LOG.info("%s, objective %.2f, bound %.2f, %d nodes, %.2f s", *told)
    if chosen.closest:
        raise refusal(request, programme, clashes, found)
    return found


class _Rest(TypedDict):
    """Fields of a plan that are no single stage's."""

    cost: Cost
    status: PlanStatus
    seconds: float
    alternatives: tuple[Alternative, ...]
    clashes: tuple[str, ...]
    agreement: Agreement | None
    break_even: BreakEven | None
    inputs: dict[str, Any]
    remarks: tuple[str, ...]


def _found(
    stages: tuple[Request, Programme, Solution, Verified, Explanation],
    *,
    legs: Sequence[Leg],
    promise: Promise | None,
    **rest: Unpack[_Rest],
) -> HedgePlan:
    """The plan as one value: what the stages found, under the names of its fields."""
    request, programme, chosen, verified, explained = stages
    refused = None if promise is None else promise.refusal
    return HedgePlan(
        legs=tuple(legs),
        exposures=verified.exposures,
        objective=chosen.objective,
        bound=max(chosen.bound, -UNBOUNDED),
        nodes=chosen.nodes,
        checks=verified.checks,
        binding=explained.binding,
        troughs=verified.troughs,
        base=programme.base,
        base_name=programme.base_name,
        shadow_prices=explained.shadow_prices,
        drivers=explained.drivers,
        warnings=(
            *((f"nothing is promised of this plan: {refused}",) if refused else ()),
            *explained.warnings,
        ),
        joint_feasibility=explained.joint_feasibility,
        numeraires=verified.numeraires,
        liquidations=explained.liquidations,
        survivals=verified.survivals,
        robustness=explained.robustness,
        fills=explained.fills,
        venues=explained.venues,
        leg_greeks=leg_greeks(legs, request.markets),
        decay=decay_of(legs, request.at_todays_funding().markets, request.horizon),
        promise=promise,
        markets=request.markets,
        **rest,
    )


def _not_robust(request: Request, base: float, others: Sequence[Alternative]) -> Sequence[Alternative]:
    """The plan on the fitted surface alone beside a robust one: what that costs more, and what this then misses."""
    if not (request.target.robust and others):
        return ()
    outcomes = None if request.outcomes is None else replace(request.outcomes, reweight=False)
    left = max(request.ends - clock.now(), 0.0)
    try:
        plain = plan(
            request.book,
            request.markets,
            replace(request.target, robust=False),
            request.limits,
            horizon=request.horizon,
            scenarios=None if request.by_default else request.scenarios,
            outcomes=outcomes,
            view=request.view,
            effort=replace(request.effort, alternatives=False, time_limit=left),
        )
    except InfeasibleHedgeError:  # what holds on every surface holds on one: the time was up
        return ()
    missed = tuple(check for check in checks_of(request, plain.legs, base) if not check.ok)
    return (Alternative("not robust", plain.legs, plain.cost, missed),)

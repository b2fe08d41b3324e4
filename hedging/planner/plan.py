"""`plan`: build, solve, simplify, verify, explain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg
from hedging.book.structure import closings, disguises
from hedging.errors import InfeasibleHedgeError, SolverError
from hedging.market.market import Chains
from hedging.paths.paths import Paths
from hedging.planner.explain.joint_feasibility import spanning
from hedging.planner.explain.prices import binding, drivers, shadow_prices
from hedging.planner.outcomes.free_lunch import agreed
from hedging.planner.programme.build import Problem, allowed
from hedging.planner.programme.shortfall import Outcomes
from hedging.planner.request.floors import is_floor
from hedging.planner.request.request import Task, check_effort
from hedging.planner.request.target import COST_WEIGHT, Limits, Target
from hedging.planner.request.view import View
from hedging.planner.request.wording import in_shares
from hedging.planner.result.plan import Alternative, HedgePlan, PlanStatus
from hedging.planner.selection.alternatives import beside
from hedging.planner.selection.liquid import illiquidity, most_liquid
from hedging.planner.selection.structure_rank import Standing, standard
from hedging.planner.selection.undisguised import plain
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.closest import clashing, closest, outlived, unfitting
from hedging.planner.solver.search import Solution
from hedging.planner.solver.value_at_risk import settled, simplest, solve
from hedging.planner.verify.in_coin import numeraires
from hedging.planner.verify.revalue import Check, trough_of

__all__ = ["plan"]

SOLVER_PRECISION = 1e-6
CLOSEST_SECONDS = 3.0


def plan(
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits | None = None,
    *,
    horizon: float = 30.0,
    scenarios: Paths | None = None,
    outcomes: Outcomes | Paths | None = None,
    reweight: bool = False,
    view: View | None = None,
    gap: float = 1e-3,
    time_limit: float = 10.0,
    compare: bool = True,
    solver: str = "highs",
    progress: Callable[[float, float], object] | None = None,
) -> HedgePlan:
    """Find the cheapest orders that bring a book to its target, prove it, and check them from scratch.

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
        that expires within it, so that expired payoffs are bounded exactly (see `hedging.planner.request.default_scenarios`).
    outcomes : Outcomes or Paths, optional
        Scenarios with probabilities, which `Target.shortfall` is taken over at their last date. Before anything
        is optimised, they are searched for orders that never lose; see `HedgePlan.agreement`.
    reweight : bool
        Whether to move the probabilities of the outcomes, as little as possible, until no order at the quotes has
        a gain to expect. Otherwise they stay what was given: probabilities that are meant, by which a put may well
        be too dear, are no error.
    view : View, optional
        What spot is expected to do, and so what orders are expected to gain: it enters the objective as carry,
        but no limit. Without one options carry nothing, fairly priced by their own vol and forward.
    gap : float
        Share of the objective within which a plan counts as optimal. [1]
    time_limit : float
        After it the best plan found is returned, with its gap. [seconds]
    compare : bool
        Whether to size other structures beside the optimum.
    solver : {'highs', 'scip', 'cbc'}
        What branches: HiGHS of scipy, or one that the extra ``solver`` brings. The proof is the same.
    progress : callable, optional
        Called some ten times a second while that takes, with the cost of the best plan so far and the least
        that any can cost, infinite where unknown. [money]

    Returns
    -------
    HedgePlan

    Raises
    ------
    InputError
        If an input breaks its rule, the book holds an asset of no chain, or no probabilities of the outcomes fit
        the quotes where they are to be moved.
    InfeasibleHedgeError
        If no plan meets every limit; it names the limits that clash and carries the closest plan.
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
    start = time.perf_counter()
    check_effort(gap, time_limit)
    engine = Engine(solver, progress)
    task = Task.of(book, chain, target, limits, horizon, scenarios, outcomes, view)
    task, whole = agreed(task, task.problem(), reweight=reweight)
    problem = whole.only(allowed(whole, task.limits))
    solution = solve(problem, gap=gap, time_limit=time_limit, engine=engine)
    if solution.lots is None:
        solution = _rescued(task, problem, solution, start, time_limit, engine)
    status = PlanStatus.OPTIMAL if solution.gap <= gap + SOLVER_PRECISION else PlanStatus.FEASIBLE
    dearer: tuple[Alternative, ...] = ()
    others: tuple[Alternative, ...] = ()
    simple = solution
    # Who interrupts the search wants what there is, and so does who interrupts what only embellishes it.
    with suppress(KeyboardInterrupt):
        if not solution.interrupted:
            simple, dearer = _simplified(task, problem, solution, Engine(solver))
    found = _finish(task, problem, simple, status, start)
    with suppress(KeyboardInterrupt):
        if compare and found.legs and not solution.interrupted:
            others = beside(task, whole, but=found.legs)
    return replace(found, alternatives=(*dearer, *others))


def _simplified(
    task: Task, problem: Problem, solution: Solution, engine: Engine
) -> tuple[Solution, tuple[Alternative, ...]]:
    """Fewest legs, most standard, easiest to trade and plainest within `Limits.parsimony`; the optimum beside."""
    share = task.limits.parsimony
    if solution.lots is None or not solution.lots.any() or not share:
        return solution, ()
    several = np.count_nonzero(solution.lots) > 1
    simple = simplest(problem, solution, share=share, engine=engine) if several else solution
    measure = illiquidity(problem.columns, task.markets, task.limits)
    dearest = solution.objective + share * abs(solution.objective)
    fixed = settled(problem, simple.lots)
    standing = Standing.among(problem.columns)
    common = standard(fixed, simple, standing, cost=dearest, engine=engine)
    easy = plain(fixed, most_liquid(fixed, common, measure, standing, cost=dearest), cost=dearest)
    if easy is solution:
        return solution, ()
    legs = task.legs(problem, solution.lots)
    return easy, (Alternative("optimum", legs, task.cost(legs)),)


def _rescued(
    task: Task, problem: Problem, solution: Solution, start: float, time_limit: float, engine: Engine
) -> Solution:
    """The closest plan if it turns out to miss nothing; otherwise what clashes, as an error."""
    clashes = clashing(problem) if solution.infeasible else ()
    nearest = closest(
        problem, gap=1e-2, time_limit=min(time_limit, CLOSEST_SECONDS), engine=Engine(engine.solver)
    )
    shown = replace(_finish(task, problem, nearest, PlanStatus.CLOSEST, start), clashes=clashes)
    if clashes or not all(check.ok for check in shown.checks):
        message = _no_plan(task, problem, clashes, shown, time_limit)
        raise InfeasibleHedgeError(message, closest=shown, clashes=clashes)
    cost = _revalued(task, problem, shown.cost, shown.legs, shown.checks)
    return replace(solution, lots=nearest.lots, objective=cost, nodes=solution.nodes + nearest.nodes)


def _finish(task: Task, problem: Problem, solution: Solution, status: PlanStatus, start: float) -> HedgePlan:
    """Value the orders from scratch, hold them against every limit, and put the plan together."""
    legs = () if solution.lots is None else task.legs(problem, solution.lots)
    book, after, markets, base = task.book, task.book + legs, task.markets, problem.base
    checks = task.checks(legs, base)
    cost = task.cost(legs)
    if status is not PlanStatus.CLOSEST:
        total = _revalued(task, problem, cost, legs, checks)
        hard = [check for check in checks if task.target.miss_price(check.limit) is None]
        _insist(hard, total, solution.objective, base)
    problem, spans = settled(problem, solution.lots), spanning(task, problem)
    value = book.value(*markets)
    alone, hedged = (trough_of(held, markets, task.scenarios, base, value) for held in (book, after))
    # The relaxation of the closest plan prices misses, not limits.
    relaxed = None if status is PlanStatus.CLOSEST else solution.relaxed
    return HedgePlan(
        legs=legs,
        cost=cost,
        exposures=tuple((book.exposure(market), after.exposure(market)) for market in markets),
        status=status,
        objective=solution.objective,
        bound=solution.bound,
        seconds=time.perf_counter() - start,
        nodes=solution.nodes,
        checks=tuple(checks),
        binding=binding(problem, solution),
        shadow_prices=() if relaxed is None else shadow_prices(problem, relaxed),
        drivers=() if relaxed is None else drivers(problem, relaxed, task.scenarios),
        troughs=(alone, hedged),
        remarks=(
            *closings(legs, book),
            *disguises(legs),
            *_remarks(task, problem, checks),
            *(task.agreement.remarks if task.agreement else ()),
            *(each.remark for each in spans if each.ill),
            *(outlived(task, problem) if legs else ()),
        ),
        base=base,
        base_name=problem.base_name,
        agreement=task.agreement,
        spanning=spans,
        numeraires=numeraires(book, after, cost, markets, task.scenarios, base),
        inputs=task.to_dict(),
    )


def _remarks(task: Task, problem: Problem, checks: Sequence[Check]) -> Iterator[str]:
    """What a limit or an objective leaves open."""
    if task.view is not None:
        yield (
            "the view is a bet, and the carry counts what it expects to gain; what bounds it is the cover of short "
            f"tails, the targets, and legs of at most {task.limits.max_leg_share:g} times the position"
        )
    ends = task.horizon if task.outcomes is None else float(task.outcomes.paths.days[-1])
    if ends < task.horizon:
        yield (
            f"the outcomes end after {ends:.4g} days, before the horizon of {task.horizon:g}: what is taken over them "
            "is judged then; give outcomes to the horizon, or the horizon that they have"
        )
    at = problem.rows.group == "value_at_risk"
    if at.any():
        given_up = int(np.isinf(problem.rows.bound[at]).sum())
        yield (
            f"{given_up} of {np.count_nonzero(at):,} outcomes lose more than the value at risk allows, by whatever "
            "they lose; a floor or a shortfall bounds that"
        )
    if any(check.limit == problem.least and check.value >= 0.0 for check in checks):
        yield (
            f"no {problem.least} is left to minimise: scenarios in which a hedge always gains disagree with the "
            "quotes (see hedging.planner.free_lunch)"
        )


def _insist(checks: Sequence[Check], revalued: float, objective: float, base: float) -> None:
    """Refuse a plan whose orders, valued anew, do not show what the programme promised."""
    broken = [check for check in checks if not check.ok]
    if broken:
        words = "; ".join(f"{c.limit} is {c.value:.8g}, allowed {c.low} to {c.high}" for c in broken)
        raise SolverError(f"the plan fails its check, please report it: {words}.")
    if abs(revalued - objective) > 1e-9 * base:
        raise SolverError(f"the plan costs {revalued:.6f}, not {objective:.6f} as solved; please report it.")


def _revalued(
    task: Task, problem: Problem, cost: Cost, legs: Sequence[Leg], checks: Sequence[Check]
) -> float:
    """The objective of some orders, from what they cost and where they leave every limit. [money]"""
    target, fixed = task.target, problem.price_per_leg * len(legs)
    if not target.least:
        return cost.execution + fixed + _price_of_misses(checks, target)
    lost = sum(max(0.0, -check.value) * problem.base for check in checks if check.limit == target.least)
    return COST_WEIGHT * cost.execution + fixed + _price_of_misses(checks, target) + lost


def _price_of_misses(checks: Sequence[Check], target: Target) -> float:
    """What the misses of soft targets cost: per unit of a Greek, per 1 % of the base for shares."""
    return sum(
        check.miss * (100.0 if in_shares(check.limit) else 1.0) * price
        for check in checks
        if (price := target.miss_price(check.limit)) is not None
    )


def _no_plan(
    task: Task, problem: Problem, clashes: tuple[str, ...], nearest: HedgePlan, time_limit: float
) -> str:
    found = f"no plan was found in {time_limit:g} s (nor was it proven that there is none)"
    if clashes:
        reason = "cannot hold together" if len(clashes) > 1 else "cannot be kept by what may be traded"
        found = f"no plan meets every limit: {' and '.join(clashes)} {reason}"
    missed = "; ".join(str(check) for check in nearest.checks if not check.ok)
    late = outlived(task, problem) if any(map(is_floor, clashes)) else ()
    apart = [each.remark for each in nearest.spanning if each.ill and {*each.limits} & {*clashes}]
    closer = f"No plan comes closer by more than {max(nearest.gap, 0.01):.0%}. "
    if nearest.gap > 0.5:
        closer = "It is not proven to be the closest; more time may find one that is. "
    return (
        f"{found}. The closest plan misses: {missed}. {closer}"
        + "".join(f"{each[0].upper()}{each[1:]}. " for each in (*unfitting(task, problem), *late, *apart))
        + "Widen one of these limits, allow outright sales, more legs or other expiries."
    )

"""The orders of a plan, valued from scratch: exposures, limits, worst cases; and the insistence that they agree.

Nothing here reads the programme or the solver, so that it cannot repeat their mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hedging.book.book import Book, Exposure
from hedging.book.legs import Cost, Leg
from hedging.errors import SolverError
from hedging.planner.request.request import Request
from hedging.planner.result.accounts import AccountSurvival
from hedging.planner.result.checks import Check, Trough
from hedging.planner.result.objective import objective_of
from hedging.planner.result.values import Numeraire
from hedging.planner.verify.checks import checks_of
from hedging.planner.verify.floors import beyond_one_turn, worst_of
from hedging.planner.verify.in_coin import in_coin
from hedging.planner.verify.survival import survival_of

__all__ = ["Verified", "verify"]

AGREEMENT = 1e-9  # of the base: what the programme's cost and that of the orders may differ by
ROUNDING = 1e-12  # of the objective itself, which prices of misses may make many times the base


@dataclass(frozen=True, slots=True)
class Verified:
    """What the orders come to.

    Attributes
    ----------
    checks : tuple of Check
    exposures : tuple of (Exposure, Exposure)
        Before and after, per asset.
    troughs : tuple of (Trough, Trough)
        Worst case over the scenarios without and with the orders.
    numeraires : tuple of Numeraire
    survivals : tuple of AccountSurvival
    beyond : float or None
        Share of the base that is lost where spot turns more often than a floor is held over; None where it cannot. [1]
    """

    checks: tuple[Check, ...]
    exposures: tuple[tuple[Exposure, Exposure], ...]
    troughs: tuple[Trough, Trough]
    numeraires: tuple[Numeraire, ...]
    survivals: tuple[AccountSurvival, ...] = ()
    beyond: float | None = None


def verify(
    request: Request, legs: Sequence[Leg], cost: Cost, base: float, objective: float | None
) -> Verified:
    """Value the book after some orders anew and hold it against every limit.

    Parameters
    ----------
    request : Request
    legs : sequence of Leg
    cost : Cost
        Of the orders, carry included.
    base : float
        [money]
    objective : float or None
        What the orders cost by the programme; None where they are known to miss limits. [money]

    Raises
    ------
    SolverError
        If the orders break a limit that may not be missed, or cost something else than was solved for.
    """
    book, markets = request.book, request.markets
    after = book + legs
    checks = checks_of(request, legs, base)
    if objective is not None:
        _insist(request, legs, cost, checks, base, objective)
    value, further = book.value(*markets), beyond_one_turn(request, after)
    alone, hedged = (_trough(request, held, base, value) for held in (book, after))
    return Verified(
        checks,
        tuple((book.exposure(market), after.exposure(market)) for market in markets),
        (alone, hedged),
        in_coin(request, after, cost, base),
        survival_of(request, legs, base),
        None if further is None else (further - value) / base,
    )


def _trough(request: Request, book: Book, base: float, start: float) -> Trough:
    worst = worst_of(request, book)
    pnl = worst.value - start
    return Trough(pnl, pnl / base, worst.scenario, worst.day)


def _insist(
    request: Request,
    legs: Sequence[Leg],
    cost: Cost,
    checks: Sequence[Check],
    base: float,
    objective: float,
) -> None:
    """Refuse a plan whose orders, valued anew, do not show what the programme promised."""
    hard = [check for check in checks if request.target.miss_price(check.limit) is None]
    broken = [check for check in hard if not check.ok]
    if broken:
        words = "; ".join(f"{c.limit} is {c.value:.8g}, allowed {c.low} to {c.high}" for c in broken)
        raise SolverError(f"the plan fails its check, please report it: {words}.")
    total = objective_of(request.target, request.limits, len(legs), cost, checks, base)
    if abs(total - objective) > AGREEMENT * base + ROUNDING * abs(objective):
        raise SolverError(f"the plan costs {total:.6f}, not {objective:.6f} as solved; please report it.")

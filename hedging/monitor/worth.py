"""What a quoted package is worth: the price at which having it changes nothing.

The package is put into the book at a price and the planner sizes the rest; the price at which the whole costs what
the cheapest plan without it does is the reservation price. All limits stay those of the book without the package:
its premium comes out of the budget, its cost out of the limit on cost, what it gained or lost at once out of the floor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.legs import Leg, Legs, legs_of, option_leg
from hedging.book.packages import package_fees
from hedging.errors import InputError, SolverError
from hedging.market.market import Chains, Market, markets_of
from hedging.monitor.reservation import Worth
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import orders_of
from hedging.planner.outcomes.free_lunch import check_outcomes
from hedging.planner.programme.build import build
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.request.effort import Effort
from hedging.planner.request.limit import Limit
from hedging.planner.request.limits import Limits
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.request.view import View
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.value_at_risk import solve
from hedging.planner.verify.checks import checks_of
from hedging.planner.verify.cost import cost_with_carry

__all__ = ["Worth", "worth"]

EXACT: Final = Effort(gap=1e-6, time_limit=10.0, alternatives=False)
MOST_SOLVES: Final = 40
DIRECT: Final = 6  # guesses before the bracket is halved
PRECISION: Final = 1e-6  # of the objective and what the package costs


def worth(
    package: Legs | Mapping[str, float],
    book: Book,
    chain: Chains,
    target: Target,
    limits: Limits | None = None,
    *,
    quote: float | None = None,
    horizon: float = 30.0,
    scenarios: Paths | None = None,
    outcomes: Outcomes | PathsBy | None = None,
    view: View | None = None,
    effort: Effort | None = None,
) -> Worth:
    """Reservation price of a package: pay less than this, and the plan gets cheaper; whether a quote beats the screen.

    Parameters
    ----------
    package : legs, or mapping of str to float
        Options, traded as one order: legs, or signed contracts by the venue's symbol. Prices come from the chain.
    book, chain, target, limits, horizon, scenarios, outcomes, view
        As for `hedging.plan`; the limits are those of the whole, package and rest.
    quote : float, optional
        Net premium that a market maker asks for all of it, paid > 0. [money]
    effort : Effort, optional
        By default a gap of 1e-6: the price is as exact as the plans are.

    Returns
    -------
    Worth

    Raises
    ------
    InputError
        If the package is empty, holds what is no listed option, is short crash risk beyond what the book covers, or
        the target minimises a loss, which no price in money offsets.
    SolverError
        If the solver fails.
    """
    if target.minimise != "cost":
        raise InputError(f"a package is priced in cost: minimise must be 'cost'; got {target.minimise!r}.")
    if quote is not None and not math.isfinite(quote):
        raise InputError(f"quote must be a number of money; got {quote!r}.")
    markets = tuple(markets_of(chain).values())
    limits = replace(limits or Limits(), parsimony=0.0)
    request = Request.of(
        book,
        markets,
        target,
        limits,
        horizon=horizon,
        scenarios=scenarios,
        outcomes=outcomes,
        view=view,
        effort=effort or EXACT,
    )
    legs, quoted = _package(package, markets)
    _check_cover(request, legs)
    case = _Case.of(request, legs)
    # Its own rows of budget and cost are in the request.
    alone, _ = _cheapest(request, {}, limits.price_per_leg * case.base, limits.max_legs)
    price, rest, why = _reservation(case, alone)
    asked = None if quote is None else float(quote)
    return Worth(legs, price, case.screen if quoted else None, case.fees, alone, rest, asked, why)


def _package(
    package: Legs | Mapping[str, float], markets: tuple[Market, ...]
) -> tuple[tuple[Leg, ...], bool]:
    """Its legs on the screen, and whether all of them can be traded there; what cannot stands at its mark."""
    given = (
        package
        if isinstance(package, Mapping)
        else {leg.instrument.symbol: leg.quantity for leg in legs_of(package)}
    )
    legs, quoted = [], True
    for symbol, quantity in given.items():
        lists = [m for m in markets if (m.chain.quotes["symbol"] == symbol).any()]
        if not lists:
            if len(markets) == 1:
                markets[0].chain.option(symbol)  # says which are near
            raise InputError(f"{symbol!r} is no option that the chain lists; a package is made of those.")
        chain = lists[0].chain
        try:
            legs.append(option_leg(chain, symbol, float(quantity)))
        except InputError:
            row, mark = chain.row(symbol), float(chain.row(symbol)["mark"])
            if np.isfinite(float(row["ask" if quantity > 0 else "bid"])) or not np.isfinite(mark):
                raise
            option, quoted = chain.option(symbol), False
            fee = float(option.terms.fee.per_unit(mark, chain.spot))
            legs.append(Leg(option, float(quantity), mark, 0.0, fee, chain.spot))
    if not legs:
        raise InputError("the package is empty: name at least one option and how many contracts.")
    return tuple(legs), quoted


def _check_cover(request: Request, legs: tuple[Leg, ...]) -> None:
    """Refuse a package that is short crash risk beyond what is held: in the book it would pass for held."""
    base, _ = request.book.base(*request.markets)
    short = [c for c in checks_of(request, legs, base) if c.limit.expiry is not None and not c.ok]
    if short:
        raise InputError(f"the package is short beyond what the book covers: {'; '.join(map(str, short))}.")


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A package in a book, at any price.

    `fixed` is what it adds to the objective at a price of 0: its cost counts from the middle of its quotes, as that
    of an order on the screen does, fees and the price of one order in. [money]
    """

    request: Request
    legs: tuple[Leg, ...]
    base: float
    value: float
    screen: float
    fees: float
    fixed: float

    @staticmethod
    def of(request: Request, legs: tuple[Leg, ...]) -> _Case:
        base, _ = request.book.base(*request.markets)
        screen, fees = sum(leg.units * leg.price for leg in legs), package_fees(legs)
        crossing = sum(abs(leg.units) * leg.half_spread for leg in legs)
        carry = cost_with_carry(legs, request).carry
        own = crossing - screen + fees + carry + request.limits.price_per_leg * base
        return _Case(request, legs, base, request.book.value(*request.markets), screen, fees, own)

    def objective(self, price: float) -> tuple[float, tuple[Leg, ...]]:
        """The whole at a price, the package and the cheapest rest, and that rest; infinity where there is none."""
        asked, limits = self.request, self.request.limits
        left: dict[Limit, float] = {}
        if limits.budget is not None:
            left[Limit("budget")] = limits.budget * self.base - price
        if limits.cost is not None:
            own = price + self.fixed - limits.price_per_leg * self.base
            left[Limit("cost")] = limits.cost * self.base - own
        book = self._book(price)
        base, _ = book.base(*asked.markets)
        gained = book.value(*asked.markets) - self.value
        target = _shifted(asked.target, lambda share: (share * self.base - gained) / base)
        if target is None:
            return math.inf, ()
        request = _request_of(asked, book, target, _at_size(limits, asked.book, book, asked.markets))
        cost, rest = _cheapest(request, left, limits.price_per_leg * self.base, limits.max_legs - 1)
        return price + self.fixed + cost, rest

    def _book(self, price: float) -> Book:
        """The book with the package at a price: what that differs from the screen by is paid with the fee."""
        first, *others = self.legs
        more = price + self.fees - sum(leg.paid for leg in self.legs)
        return self.request.book + (replace(first, fee=first.fee + more / abs(first.units)), *others)


def _request_of(asked: Request, book: Book, target: Target, limits: Limits) -> Request:
    """The same request of another book, with its default scenarios made anew."""
    return Request.of(
        book,
        asked.markets,
        target,
        limits,
        horizon=asked.horizon,
        scenarios=None if asked.by_default else asked.scenarios,
        outcomes=asked.outcomes,
        view=asked.view,
        effort=asked.effort,
    )


def _shifted(target: Target, share: Callable[[float], float]) -> Target | None:
    """Losses as shares of the book with the package; None where one is broken by what the package lost at once."""

    def lossy(held: float | None) -> float | None:
        return None if held is None else max(share(held), -1.0)

    held = target.floor
    floor = (
        {day: max(share(each), -1.0) for day, each in held.items()}
        if isinstance(held, Mapping)
        else lossy(held)
    )
    shortfall, at_risk = lossy(target.shortfall), lossy(target.value_at_risk)
    shares = [*(floor.values() if isinstance(floor, Mapping) else [floor]), shortfall, at_risk]
    if any(each is not None and each > 0.0 for each in shares):
        return None
    return replace(target, floor=floor, shortfall=shortfall, value_at_risk=at_risk)


def _at_size(limits: Limits, before: Book, after: Book, markets: tuple[Market, ...]) -> Limits:
    """Leg shares of the position as it was: coins that pay for the package make no order smaller."""
    if len(markets) > 1:
        return replace(limits, budget=None, cost=None)
    asset = markets[0].asset
    then, now = before.position(asset), after.position(asset)
    ratio = then / now if then > 0.0 and now > 0.0 else 1.0
    return replace(
        limits,
        budget=None,
        cost=None,
        min_leg_share=min(limits.min_leg_share * ratio, 1.0 - PRECISION),
        max_leg_share=limits.max_leg_share * ratio,
    )


def _cheapest(
    request: Request, left: Mapping[Limit, float], price_per_leg: float, most: int
) -> tuple[float, tuple[Leg, ...]]:
    """Objective and orders of the cheapest plan with so much of budget and cost left; infinity where there is none."""
    if most == 0:
        base, _ = request.book.base(*request.markets)
        kept = all(check.ok for check in checks_of(request, (), base))
        return (0.0 if kept and min(left.values(), default=0.0) >= -PRECISION else math.inf), ()
    candidates = candidates_of(request)
    request, whole, _ = check_outcomes(request, build(request, candidates))
    rows = [whole.rows]
    for limit, bound in left.items():
        spent = candidates.premium if limit == Limit("budget") else whole.candidates.cost
        rows.append(rows_of(limit, spent, bound, whole.base))
    programme = replace(whole, rows=Rows.join(rows), price_per_leg=price_per_leg, max_legs=most).only(
        candidates.tradable(request.limits)
    )
    effort = request.effort
    engine = Engine(effort.solver, effort.progress, memory=effort.memory)
    found = solve(programme, gap=effort.gap, time_limit=effort.time_limit, engine=engine)
    if found.lots is None:
        if not found.infeasible:
            raise SolverError(
                f"the time limit of {number_of(effort.time_limit, 'second')} ended before any plan was found."
            )
        return math.inf, ()
    return found.objective, orders_of(request, programme.candidates, found.lots)


def _reservation(case: _Case, alone: float) -> tuple[float | None, tuple[Leg, ...], str]:
    """The price at which the whole costs what it does without the package, and the rest there.

    Where the rest stays the same, the whole costs 1 more for 1 more: the first guess is exact then. The rest changes
    with the price where it meets a limit, and where coins that pay for the package were part of the delta; between
    prices on both sides the bracket is halved.
    """
    if not math.isfinite(alone):
        return None, (), "no plan meets the limits without it, so that it is worth whatever they let it cost"
    scale = abs(alone) + abs(case.screen) + case.fees + PRECISION * case.base
    price, found = _first(case, scale)
    if price is None:
        return None, (), "no plan with it meets the limits"
    low, high, kept = -math.inf, math.inf, found[1]
    for attempt in range(MOST_SOLVES):
        ahead = alone - found[0]
        if abs(ahead) <= PRECISION * scale:
            return price, found[1], ""
        if ahead > 0.0:
            low, kept = price, found[1]
        else:
            high = price
        if high - low <= PRECISION * scale:
            break
        guess = price + ahead
        halved = not low < guess < high or (attempt > DIRECT and math.isfinite(high - low))
        price = 0.5 * (low + high) if halved else guess
        found = case.objective(price)
    if low == -math.inf:
        return None, (), f"no price was found in {MOST_SOLVES} solves"
    return low, kept, ""


def _first(case: _Case, scale: float) -> tuple[float | None, tuple[float, tuple[Leg, ...]]]:
    """A price at which there is a plan: where the package costs nothing, or is paid for."""
    for step in (0.0, 1.0, 3.0, 10.0):
        price = -case.fixed - step * scale
        found = case.objective(price)
        if math.isfinite(found[0]):
            return price, found
    return None, (math.inf, ())

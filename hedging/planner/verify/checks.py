"""A plan checked from its orders alone: the book after them is valued anew and held against every limit.

Nothing here reads the programme or the solver: the numbers come from `Book`, `Leg` and the chain's quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from hedging._numerics.tails import quantile_loss, shortfall
from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg, cost_of
from hedging.book.pnl import growth_of, pnl_of
from hedging.margin.requirement import initial_margin
from hedging.market.contracts import Future, Option
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy
from hedging.planner.candidates.measures import measures
from hedging.planner.request.floors import floors_of
from hedging.planner.request.limit import MARGIN, SHORTFALL, VALUE_AT_RISK, Limit
from hedging.planner.request.request import Request
from hedging.planner.request.surfaces import surfaces_of
from hedging.planner.result.checks import Check
from hedging.planner.verify.cost import cost_with_carry
from hedging.planner.verify.floors import worst_of
from hedging.planner.verify.survival import survival_checks

__all__ = ["checks_of", "worst_gained"]


def checks_of(request: Request, legs: Sequence[Leg], base: float) -> tuple[Check, ...]:
    """Every target and limit, held against the book after some orders; what is minimised is measured, and free.

    Parameters
    ----------
    request : Request
    legs : sequence of Leg
    base : float
        What shares are shares of. [money]
    """
    own = _checks(request, legs, base)
    if not request.target.robust:
        return own
    there = [
        _checks(replace(request, markets=each), legs, base) for each in surfaces_of(request.markets).values()
    ]
    found = {check.limit: [check] for check in own}
    for check in (check for each in there for check in each if check.limit in found):
        found[check.limit].append(check)
    return tuple(_worst(each) for each in found.values())


def _worst(checks: Sequence[Check]) -> Check:
    """The check of a limit where it is missed most, or the room is least."""
    return max(
        checks,
        key=lambda check: max(
            -np.inf if check.low is None else check.low - check.value,
            -np.inf if check.high is None else check.value - check.high,
            -check.value if check.low is None and check.high is None else -np.inf,
        ),
    )


def _checks(request: Request, legs: Sequence[Leg], base: float) -> tuple[Check, ...]:
    """The checks on one surface."""
    after = request.book + legs
    return (
        *(check for market in request.markets for check in _of_market(request, after, legs, market, base)),
        *_of_floors(request, legs, base),
        *_of_outcomes(request, legs, base),
        *survival_checks(request, legs, base),
        *_of_margin(request, legs, base),
        *_of_spending(request, legs, base),
    )


def _of_market(
    request: Request, after: Book, legs: Sequence[Leg], market: Market, base: float
) -> Iterator[Check]:
    """The bands, the cover of short tails and the margin of one asset."""
    several, margin = len(request.markets) > 1, request.limits.initial_margin
    for measure in measures(request.target, market, several=several):
        before, now = measure.of_book(request.book), measure.of_book(after)
        # Rounding is of the size of what was added up, also where orders cancel to nothing.
        gross = sum(abs(measure.of_book(Book() + [leg])) for leg in legs)
        yield Check(measure.limit, now, *measure.band, scale=max(measure.size(before), gross))
    yield from _cover(request.book, after, legs, market, market.asset if several else "")
    yield from _outright(request, legs, market)
    if margin is not None:
        limit = Limit("initial_margin", market.asset if several else "")
        yield Check(limit, margin.of(after, market) / base, high=margin.most)


def _of_floors(request: Request, legs: Sequence[Leg], base: float) -> Iterator[Check]:
    """The worst case over the scenarios, on the dates of each floor."""
    floors = floors_of(request.target.floor, request.target.least)
    if not floors:
        return
    after, start = request.book + legs, request.book.value(*request.markets)
    # What a quote that beats the mark gains at once is no gain; spent in money, whatever is counted in.
    unearned = sum(
        max((Book() + [leg]).value(*request.markets) + abs(leg.units) * leg.fee, 0.0) for leg in legs
    )
    spent = Book(after.holdings, cash=after.cash - unearned, numeraire=after.numeraire)
    for limit, share in floors.items():
        yield Check(limit, (worst_of(request, spent, limit).value - start) / base, low=share)


def _of_outcomes(request: Request, legs: Sequence[Leg], base: float) -> Iterator[Check]:
    """Expected shortfall and value at risk over the outcomes, at their last date."""
    target, outcomes = request.target, request.outcomes
    if not target.needs_outcomes or outcomes is None:
        return
    pnl = worst_gained(request, legs)[:, -1]
    if target.shortfall is not None or target.least == SHORTFALL:
        loss = shortfall(pnl, outcomes.probabilities, target.level) / base
        yield Check(SHORTFALL, -loss, low=target.shortfall)
    if target.value_at_risk is not None:
        loss = quantile_loss(pnl, outcomes.probabilities, target.level) / base
        yield Check(VALUE_AT_RISK, -loss, low=target.value_at_risk)


def _of_margin(request: Request, legs: Sequence[Leg], base: float) -> Iterator[Check]:
    """The initial margin that is minimised, by the account's own rules."""
    if request.target.least == MARGIN:
        markets = {market.asset: market for market in request.markets}
        yield Check(MARGIN, initial_margin(request.book + legs, markets) / base)


def _of_spending(request: Request, legs: Sequence[Leg], base: float) -> Iterator[Check]:
    """Premium, cost, vega and number of all orders together."""
    limits, markets = request.limits, request.markets
    if limits.budget is not None:
        yield Check(Limit("budget"), cost_of(legs).premium / base, high=limits.budget)
    if limits.cost is not None:
        cost = cost_with_carry(legs, request, view=False).execution
        yield Check(Limit("cost"), cost / base, high=limits.cost)
    if limits.gross_vega is not None:
        vegas = [abs((Book() + [leg]).exposure(market).vega) for leg in legs for market in markets]
        yield Check(Limit("gross_vega"), sum(vegas), high=limits.gross_vega, scale=limits.gross_vega)
    yield Check(Limit("max_legs"), len(legs), high=limits.max_legs)


def worst_gained(request: Request, legs: Sequence[Leg]) -> Array:
    """P&L of the book with some orders in every outcome, whatever the funding. [money]

    What an asset's contracts pay net is worst at one rate in all outcomes, so that the least of each is that of one.
    """
    assert request.outcomes is not None
    each = [
        _gained(there.book, legs, there.markets, there.outcomes.paths)
        for there in request.at_fundings(request.outcomes.paths)
        if there.outcomes is not None
    ]
    return np.asarray(np.min(each, axis=0))


def _gained(book: Book, legs: Sequence[Leg], markets: Sequence[Market], paths: PathsBy) -> Array:
    """P&L of a book with some orders at every node, without what a quote that beats the mark gains at once."""
    after = book + legs
    pnl = pnl_of(after, markets, paths) + after.value(*markets) - book.value(*markets)
    unearned = sum(max((Book() + [leg]).value(*markets) + abs(leg.units) * leg.fee, 0.0) for leg in legs)
    return pnl - unearned / growth_of(book, markets, paths)


def _cover(book: Book, after: Book, legs: Sequence[Leg], market: Market, asset: str) -> Iterator[Check]:
    """Whether any tail is shorter than it was, at the time of each expiry."""
    expiries = {
        holding.instrument.expiry
        for holding in after.of(market.asset)
        if isinstance(holding.instrument, Option | Future)
    }
    paid = sum(leg.paid for leg in legs if leg.pays_coin and leg.instrument.asset == market.asset)
    for expiry in sorted(expiries):
        before_c, before_p, before_k = _slopes(book, market.asset, expiry)
        calls, puts, strikes = _slopes(after, market.asset, expiry)
        # A book without coins to cover calls with pays its premium by buying coin: that is no short call.
        owed = max(paid / market.spot, 0.0) if before_c <= 0.0 else 0.0
        yield Check(Limit("calls covered", asset, expiry=expiry), calls + owed, low=min(0.0, before_c))
        yield Check(Limit("puts covered", asset, expiry=expiry), puts, low=min(0.0, before_p))
        by_strike = Limit("puts covered by strike", asset, expiry=expiry)
        yield Check(by_strike, strikes, low=min(0.0, before_k), scale=market.spot)


def _outright(request: Request, legs: Sequence[Leg], market: Market) -> Iterator[Check]:
    """Whether the underlying is traded outright beyond what is held, and beyond the delta asked for."""
    traded = [leg.units for leg in legs if leg.instrument.asset == market.asset and not _optional(leg)]
    if not traded:
        return
    book, held = request.book, request.book.of(market.asset)
    plain = Book([item for item in held if not _optional(item)]).exposure(market).delta
    each = [plain, *(Book([item]).exposure(market).delta for item in held if _optional(item))]
    bands = [m for m in measures(request.target, market, several=False) if m.limit.kind.startswith("delta")]
    for sign, name in ((1.0, "outright bought"), (-1.0, "outright sold")):
        most = sum(max(-sign * delta, 0.0) for delta in each)
        for measure in bands:
            now, unit = measure.of_book(book), 1.0 if measure.in_coins else market.spot
            ends = [sign * (end - now) / unit for end in measure.band if end is not None]
            if measure.band[0 if sign > 0 else 1] is not None and min(ends) > 0.0:
                most = max(most, *ends)
        yield Check(Limit(name, market.asset), sum(max(sign * units, 0.0) for units in traded), high=most)


def _optional(item: Leg | Holding) -> bool:
    return isinstance(item.instrument, Option)


def _slopes(book: Book, asset: str, expiry: pd.Timestamp) -> tuple[float, float, float]:
    """From `expiry` on: slope for spot to infinity, net puts, and net puts times strike."""
    up = puts = strikes = 0.0
    for holding in book.of(asset):
        item = holding.instrument
        if isinstance(item, Option | Future) and item.expiry < expiry:
            continue
        if isinstance(item, Option) and item.flag == "p":
            puts += holding.units
            strikes += holding.units * item.strike
        else:
            up += holding.units
    return up, puts, strikes

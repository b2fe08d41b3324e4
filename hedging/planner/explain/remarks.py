"""Remarks: what a limit, an objective or the quotes leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hedging._ground.counts import number_of
from hedging.book.delivery import delivery_remarks
from hedging.book.doubts import doubts
from hedging.book.legs import Leg, cost_of
from hedging.market.contracts import Option
from hedging.market.health import stale_spot
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.oddities import oddities
from hedging.planner.programme.programme import Programme
from hedging.planner.request.limit import MARGIN, VALUE_AT_RISK
from hedging.planner.request.limits import UNASKED_PREMIUM
from hedging.planner.request.request import Request
from hedging.planner.request.turning import SAME_DAY
from hedging.planner.result.checks import Check
from hedging.units import days

__all__ = ["deliveries", "outlived", "questions", "remarks_on", "unfitting", "warnings_of"]

PER_COIN = ("delta", "gamma")  # counted in units, which differ from coin to coin
WAYS_OUT = {
    "rich call": "a sale of the underlying in part, which Limits(deltas=...) keeps out",
    "far expiry": "Limits(expiries=...) keeps it out",
    "open interest": "it may not be there to close again, and Limits(open_interest_share=1.0) keeps to it",
    "inverted collar": "between the strikes both are in the money, so that it fixes a price rather than bounds a loss",
    "many expiries": "each roll is a trade; Limits(expiries=..., max_legs=...) gives fewer",
}
"""What to do about each thing that a desk would question."""


def remarks_on(request: Request, programme: Programme, checks: Sequence[Check]) -> Iterator[str]:
    """What the view, the outcomes and what is minimised leave open."""
    if request.view is not None:
        yield (
            "the view is a bet, and the carry counts what it expects to gain; what bounds it is the cover of short "
            f"tails, the targets, and legs of at most {request.limits.max_leg_share:g} times the position"
        )
    ends = request.horizon if request.outcomes is None else float(request.outcomes.days[-1])
    if ends < request.horizon:
        yield (
            f"the outcomes end after {number_of(ends, 'day', '.4g')}, before the horizon of {request.horizon:g}: what is taken over them "
            "is judged then; give outcomes to the horizon, or the horizon that they have"
        )
    at = programme.rows.of(VALUE_AT_RISK)
    if at.any():
        given_up = int(np.isinf(programme.rows.bound[at]).sum())
        yield (
            f"{given_up} of {number_of(np.count_nonzero(at), 'outcome')} lose more than the value at risk allows, by whatever "
            "they lose; a floor or a shortfall bounds that"
        )
    if any(check.limit == programme.least != MARGIN and check.value >= 0.0 for check in checks):
        yield (
            f"no {programme.least} is left to minimise: scenarios in which a hedge always gains disagree with the "
            "quotes (see hedging.planner.free_lunch)"
        )


def warnings_of(request: Request, legs: Sequence[Leg], base: float) -> Iterator[str]:
    """What the reader must know first: a spot that is none, holdings that quotes speak against, limits not given or of no effect, a band that coins share."""
    for market in request.markets:
        if not market.chain.quotes.empty and (told := stale_spot(market.chain)):
            yield f"{market.asset}: {told}"
        yield from doubts(request.book, market)
    yield from _without_interest(request, legs)
    premium = cost_of(legs).premium / base
    if request.limits.budget is None and premium > UNASKED_PREMIUM:
        yield (
            f"{premium:.1%} of the book is spent on premium, and no budget was given: Limits(budget=...) bounds it"
            + ("; the cheapest plan without premium stands below" if request.effort.alternatives else "")
        )
    if len(request.markets) < 2:
        return
    for name in PER_COIN:
        band = getattr(request.target, name)
        if band is not None and not isinstance(band, Mapping):
            held = ", ".join(
                f"{getattr(request.book.exposure(market), name):,.6g} {market.asset}"
                for market in request.markets
            )
            yield (
                f"one band of {name} holds for each coin by itself, and the book has {held}: a unit of one is not a unit "
                f"of the other. Give a band for each, {name}={{'{request.markets[0].asset}': ..., "
                f"'{request.markets[1].asset}': ...}}, or one in money"
            )


def _without_interest(request: Request, legs: Sequence[Leg]) -> Iterator[str]:
    """A warning where a limit on the open interest did not bind an order, because no quote says it."""
    if request.limits.open_interest_share is None:
        return
    for market in request.markets:
        quotes = market.chain.quotes
        unknown = set(quotes["symbol"][quotes["open_interest"].isna()])
        names = [leg.instrument.symbol for leg in legs if leg.instrument.symbol in unknown]
        if names:
            yield (
                f"the quotes do not say the open interest of {', '.join(names)}: open_interest_share "
                f"{request.limits.open_interest_share:g} does not bound it"
            )


def deliveries(request: Request, legs: Sequence[Leg]) -> tuple[str, ...]:
    """What options on shares bring with them."""
    return tuple(
        remark
        for market in request.markets
        for remark in delivery_remarks(
            request.book, [leg for leg in legs if leg.instrument.asset == market.asset], market.chain
        )
    )


def questions(request: Request, legs: Sequence[Leg]) -> tuple[str, ...]:
    """Remarks on what a desk would question about the orders, with the way out."""
    odd = oddities(legs, request.book, request.markets, request.horizon)
    return tuple(f"{each.text}; {WAYS_OUT[each.kind]}" for each in odd)


def outlived(request: Request, candidates: Candidates) -> tuple[str, ...]:
    """A remark where no option that may be traded lives as long as the horizon."""
    as_of = request.markets[0].as_of
    lives = [days(as_of, item.expiry) for item in candidates.instruments if isinstance(item, Option)]
    end = (
        request.horizon if request.turning is None else request.turning.end
    )  # an expiry near it counts as it
    if not lives or max(lives) >= end - SAME_DAY:
        return ()
    return (
        f"no option that may be traded lives to the horizon of {number_of(request.horizon, 'day')}, the last one "
        f"expires after {max(lives):.4g}: from then on nothing of it holds a floor",
    )


def unfitting(request: Request, candidates: Candidates) -> tuple[str, ...]:
    """A remark where no option is quoted in a size that a leg may have."""
    if any(isinstance(item, Option) for item in candidates.instruments):
        return ()
    limits = request.limits
    return (
        f"no option fits the size of a leg, min_leg_share {limits.min_leg_share:g} to max_leg_share "
        f"{limits.max_leg_share:g} of the position: less than one lot, or more than is quoted. Change these shares, "
        "or plan on more than the quotes' own sizes, Limits(quoted_size=False)",
    )

"""The slow twin for orders of every kind: whole books of options, futures and levels, judged by `Book` alone."""

from __future__ import annotations

import itertools

import numpy as np

from cases.planner import SPOT
from hedging.book.book import Book
from hedging.market.contracts import Option

GREEKS = ("delta", "gamma", "vega", "theta")


def enumerated(book, market, orders, target, limits, scenarios, most, judge=None) -> float:
    """Least cost of any book of whole lots, valued by `Book`; infinity if none is within the limits.

    `orders` make a leg out of a signed quantity; `judge` may refuse a set of legs by one more limit. All sets
    are tried, the cheapest first; what a set does is the sum of what its legs do, each valued alone.
    """
    base, now = book.value(market), book.exposure(market)
    held = book.values(market, scenarios).sum(axis=2) + book.cash - base
    signs = [[None, *filter(None, (make(float(q)) for q in range(-most, most + 1) if q))] for make in orders]
    alone = {leg: Book() + [leg] for legs in signs for leg in legs if leg is not None}
    pnl = {leg: one.values(market, scenarios).sum(axis=2) + one.cash for leg, one in alone.items()}
    greeks = {leg: np.array([getattr(one.exposure(market), g) for g in GREEKS]) for leg, one in alone.items()}
    sets = [[leg for leg in chosen if leg is not None] for chosen in itertools.product(*signs)]
    costs = [
        sum(abs(leg.units) * (leg.half_spread + leg.fee) + limits.price_per_leg * base for leg in legs)
        for legs in sets
    ]
    start = np.array([getattr(now, g) for g in GREEKS])
    for number in np.argsort(costs, kind="stable"):
        legs = sets[number]
        if len(legs) > limits.max_legs or not banded(
            target, start + sum(greeks[leg] for leg in legs), market.asset
        ):
            continue
        premium = sum(leg.units * leg.price for leg in legs if isinstance(leg.instrument, Option))
        if limits.budget is not None and premium > limits.budget * base + 1e-9:
            continue
        if (
            target.floor is not None
            and (held + sum(pnl[leg] for leg in legs)).min() < target.floor * base - 1e-9
        ):
            continue
        if no_tail(book, book + legs, legs) and (judge is None or judge(legs)):
            return costs[number]
    return np.inf


def banded(target, values, asset) -> bool:
    for name, value in zip(GREEKS, values, strict=True):
        low, high = target.band(name, asset) or (None, None)
        if (low is not None and value < low - 1e-9) or (high is not None and value > high + 1e-9):
            return False
    return True


def no_tail(book, after, legs) -> bool:
    """From every expiry on, what lives then is short no more than before."""
    dates = {getattr(h.instrument, "expiry", None) for h in after.holdings} - {None}
    paid = sum(
        leg.units * leg.price * isinstance(leg.instrument, Option) + abs(leg.units) * leg.fee
        for leg in legs
        if leg.pays_coin
    )

    def sums(held, date):
        alive = [h for h in held.holdings if getattr(h.instrument, "expiry", date) >= date]
        puts = [h for h in alive if getattr(h.instrument, "flag", "") == "p"]
        up = sum(h.units for h in alive) - sum(h.units for h in puts)
        return up, sum(h.units for h in puts), sum(h.units * h.instrument.strike for h in puts)

    for date in dates:
        before, then = sums(book, date), sums(after, date)
        owed = max(paid, 0.0) / SPOT if before[0] <= 0.0 else 0.0
        if any(t + o < min(0.0, b) - 1e-9 for b, t, o in zip(before, then, (owed, 0.0, 0.0), strict=True)):
            return False
    return True

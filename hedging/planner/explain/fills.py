"""Fills: what a plan is while only some of its orders are traded, the order that makes that best, and a tick worse.

P&L over the scenarios adds up over orders, so every state between none and all of them is a sum. The best order
makes the worst state that it passes as good as can be, among those that sell no option short before what is bought is
held: exact, by dynamic programming over sets of filled orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.book.pnl import growth_of
from hedging.market.contracts import Option
from hedging.paths.by_asset import paths_of_asset
from hedging.planner.request.request import Request
from hedging.planner.result.fills import Between, Fills
from hedging.planner.verify.checks import checks_of

__all__ = ["a_tick_worse", "best_order", "filled_losses", "fills_of", "longs_before"]

MOST_LEGS = 8


def fills_of(request: Request, legs: Sequence[Leg], base: float) -> Fills | None:
    """How some orders stand while they fill; None of no orders, or of more than eight."""
    if not 0 < len(legs) <= MOST_LEGS:
        return None
    worse = [a_tick_worse(leg) for leg in legs]
    known = {check.limit for check in checks_of(request, legs, base) if not check.ok}
    misses = [check for check in checks_of(request, worse, base) if not check.ok and check.limit not in known]
    cost = sum(abs(leg.units) * abs(bad.price - leg.price) for leg, bad in zip(legs, worse, strict=True))
    if len(legs) == 1:
        return Fills(_named(legs, [0]), None, None, cost, tuple(misses))
    pnl = [_pnl(request, legs, state) for state in range(2 ** len(legs))]
    lost = np.array([-each.min() / base for each in pnl])
    order = best_order(lost, longs_before(request.book, legs))
    passed = np.cumsum([1 << i for i in order])[:-1]
    between = range(1, len(lost) - 1)
    best, worst = (max(states, key=lambda state: lost[state]) for states in (passed.tolist(), between))
    first, last = (_between(request, legs, state, pnl[state] / base) for state in (best, worst))
    return Fills(_named(legs, order), first, last, cost, tuple(misses))


def a_tick_worse(leg: Leg) -> Leg:
    """The same order one tick against who gives it; what has no tick stays."""
    if not isinstance(leg.instrument, Option):
        return leg
    in_coin = leg.quote_unit != "money"
    tick = leg.instrument.terms.tick_at(leg.quoted_price) * (leg.spot if in_coin else 1.0)
    step = float(np.sign(leg.units)) * tick
    worst = None if leg.worst is None else max(leg.worst + step, 0.0)
    price = max(leg.price + step, 0.0)
    return replace(leg, price=price, half_spread=leg.half_spread + abs(price - leg.price), worst=worst)


def filled_losses(request: Request, legs: Sequence[Leg]) -> Array:
    """Worst loss over the scenarios in every state of filling, shape (2 ** legs,); bit i is leg i. [money]"""
    return np.array([-_pnl(request, legs, state).min() for state in range(2 ** len(legs))])


def longs_before(book: Book, legs: Sequence[Leg]) -> list[int]:
    """Which legs must be filled before each, as bits: all options bought before any that is sold short.

    The sale of an option that is held is no short one.
    """
    bought = sum(
        1 << i for i, leg in enumerate(legs) if isinstance(leg.instrument, Option) and leg.quantity > 0
    )
    held: dict[object, float] = {}
    for holding in book.holdings:
        held[_key(holding.instrument)] = held.get(_key(holding.instrument), 0.0) + holding.units
    return [
        bought
        if isinstance(leg.instrument, Option)
        and leg.quantity < 0
        and held.get(_key(leg.instrument), 0.0) + leg.units < -1e-9
        else 0
        for leg in legs
    ]


def _key(item: object) -> object:
    """What an option is, whatever a venue calls it."""
    return (item.asset, item.flag, item.strike, item.expiry) if isinstance(item, Option) else item


def best_order(lost: Array, before: Sequence[int] | None = None) -> list[int]:
    """Order of legs whose worst state on the way loses least; of equals, the one that loses least on all of it.

    Parameters
    ----------
    lost : ndarray, shape (2 ** legs,)
        What every state loses; bit i of its number is set where leg i is filled.
    before : sequence of int, optional
        Which legs must be filled before each, as bits, without a circle.
    """
    whole = len(lost) - 1
    count = whole.bit_length()
    before = [0] * count if before is None else before
    found: dict[int, tuple[float, float, list[int]]] = {0: (-np.inf, 0.0, [])}
    for state in range(1, whole + 1):
        own = (-np.inf, 0.0) if state == whole else (float(lost[state]), float(lost[state]))
        ways = [
            (max(worst, own[0]), total + own[1], [*order, i])
            for i in range(count)
            if state >> i & 1 and state & before[i] == before[i] and state ^ 1 << i in found
            for worst, total, order in [found[state ^ 1 << i]]
        ]
        if ways:
            found[state] = min(ways)
    return found[whole][2]


def _pnl(request: Request, legs: Sequence[Leg], state: int) -> Array:
    """P&L of the book with some of the orders at every node, shape (scenarios, dates). [money]"""
    some = [leg for i, leg in enumerate(legs) if state >> i & 1]
    after = request.book + some
    return _value(request, after) - request.book.value(*request.markets)


def _value(request: Request, book: Book) -> Array:
    moves = request.moves
    value = np.full(request.scenarios.spot.shape, book.cash)
    for market in request.markets:
        value = value + book.total(market, paths_of_asset(moves, market.asset))
    return np.asarray(value / growth_of(book, request.markets, moves))


def _between(request: Request, legs: Sequence[Leg], state: int, share: Array) -> Between:
    scenario, date = np.unravel_index(int(share.argmin()), share.shape)
    filled = tuple(leg.instrument.symbol for i, leg in enumerate(legs) if state >> i & 1)
    paths = request.scenarios
    return Between(filled, float(share[scenario, date]), paths.labels[int(scenario)], float(paths.days[date]))


def _named(legs: Sequence[Leg], order: Sequence[int]) -> tuple[str, ...]:
    return tuple(f"{legs[i].side} {legs[i].instrument.symbol}" for i in order)

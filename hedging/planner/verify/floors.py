"""The worst case of a book after orders: over the scenarios, and over every single turn at its own strikes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hedging._numerics.types import Array
from hedging.book.book import Book, Holding
from hedging.book.pnl import growth_of
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.floors import dates_of
from hedging.planner.request.limit import FLOOR, Limit
from hedging.planner.request.request import Request
from hedging.planner.request.turning import SAME_DAY, turning_paths
from hedging.units import days

__all__ = ["Worst", "beyond_one_turn", "worst_of"]


@dataclass(frozen=True, slots=True)
class Worst:
    """Least value of a book, where and when. [money]"""

    value: float
    scenario: str
    day: float


def worst_of(request: Request, book: Book, limit: Limit = FLOOR) -> Worst:
    """The least that a book is worth in all that a floor of a request is held over."""
    found = [_over(book, request.markets, request.scenarios, limit)]
    if request.turning is not None and len(request.markets) == 1:
        found.append(_over(book, request.markets, _turns(request, book, request.markets[0], limit), limit))
    if request.apart:
        found.append(_apart(request, book, limit))
    return min(found, key=lambda each: each.value)


def _over(book: Book, markets: tuple[Market, ...], paths: Paths, limit: Limit) -> Worst:
    at = dates_of(limit, paths.days)
    value = sum(
        (book.values(market, paths).sum(axis=2) for market in markets), np.full(paths.spot.shape, book.cash)
    )
    value = (value / growth_of(book, markets, paths))[:, at]
    scenario, date = np.unravel_index(int(np.argmin(value)), value.shape)
    return Worst(float(value[scenario, date]), paths.labels[int(scenario)], float(paths.days[at[date]]))


def _turns(request: Request, book: Book, market: Market, limit: Limit) -> Paths:
    strikes: Mapping[float, list[float]] = defaultdict(list)
    for held in book.of(market.asset):
        if isinstance(held.instrument, Option):
            strikes[days(market.as_of, held.instrument.expiry)].append(held.instrument.strike / market.spot)
    return turning_paths(request.turning_to(limit), strikes)


def _apart(request: Request, book: Book, limit: Limit) -> Worst:
    """The sum of the worst of each asset by itself, on the date on which that is least."""
    parts: list[tuple[Array, list[str], Array]] = []
    for market in request.markets:
        paths = _turns(request, book, market, limit)
        value = book.values(market, paths).sum(axis=2)
        worst = value.argmin(axis=0)
        labels = [f"{market.asset} {paths.labels[row]}" for row in worst]
        parts.append((value.min(axis=0), labels, paths.days))
    dates = parts[0][2]
    turning = request.turning_to(limit)
    total = book.cash + np.sum([each[0] for each in parts], axis=0)
    total = np.where(np.isin(dates, turning.judged), total, np.inf)
    date = int(np.argmin(total))
    return Worst(float(total[date]), ", ".join(each[1][date] for each in parts), float(dates[date]))


def beyond_one_turn(request: Request, book: Book) -> float | None:
    """Least value of a book where spot turns at every expiry, each as bad as can be; None where one turn is all.

    No more is promised than a single turn: this is what lies beyond. Of each expiry the worst payoff is taken by
    itself, coins at the level of the end. [money]
    """
    if request.turning is None or len(request.markets) > 1 or book.numeraire == request.markets[0].asset:
        return None
    (market,), end = request.markets, request.turning.end
    early: dict[float, list[Holding]] = defaultdict(list)
    late: list[Holding] = []
    for held in book.holdings:
        day = days(market.as_of, held.instrument.expiry) if isinstance(held.instrument, Option) else np.inf
        (early[day] if day < end - SAME_DAY else late).append(held)
    if len(early) < 2:
        return None
    strikes = [h.instrument.strike / market.spot for h in book.holdings if isinstance(h.instrument, Option)]
    levels = request.turning.after(strikes)
    value = Book(late, cash=book.cash).values(market, _flat(levels, end)).sum(axis=2)[:, 0] + book.cash
    for day, group in early.items():
        dates, before = np.array([day, end]), request.turning.before(strikes)
        spot = np.column_stack((before, np.ones(before.size)))
        paths = Paths(dates, spot, np.zeros(spot.shape), ("",) * before.size)
        settled = Book(group).values(market, paths)[:, -1].sum(axis=1)
        coin = any(
            isinstance(h.instrument, Option) and h.instrument.terms.settlement == "coin" for h in group
        )
        value += settled.min() * (levels if coin else 1.0)
    return float(value.min())


def _flat(levels: Array, day: float) -> Paths:
    return Paths(np.array([day]), levels[:, None], np.zeros((levels.size, 1)), ("",) * levels.size)

"""The worst case of a book after orders: over the scenarios, and over every single turn at its own strikes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from hedging._numerics.types import Array, Rows
from hedging.book.book import Book, Holding
from hedging.book.pnl import growth_of
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.by_asset import PathsBy, leading, paths_of_asset
from hedging.paths.paths import Paths
from hedging.planner.request.floors import dates_of
from hedging.planner.request.limit import FLOOR, Limit
from hedging.planner.request.request import Request
from hedging.planner.request.turning import SAME_DAY, turning_paths
from hedging.planner.verify.following import worst_following
from hedging.planner.verify.worst import Worst, strikes_of
from hedging.units import days

__all__ = ["beyond_one_turn", "worst_of"]


def worst_of(request: Request, book: Book, limit: Limit = FLOOR) -> Worst:
    """The least that a book is worth in all that a floor of a request is held over, whatever the funding."""
    return min(
        (_worst_under(each, book, limit) for each in request.at_fundings(request.scenarios)),
        key=lambda each: each.value,
    )


def _worst_under(request: Request, book: Book, limit: Limit) -> Worst:
    moves = request.moves
    found = [_over(book, request.markets, moves, dates_of(limit, leading(moves).days))]
    if request.turning is not None and len(request.markets) == 1:
        turns = _turns(request, book, request.markets[0], limit)
        judged = np.searchsorted(turns.days, request.turning_to(limit).judged)
        found.append(_over(book, request.markets, turns, judged))
    elif request.links and request.turning is not None:
        found.append(worst_following(request, book, limit))
    elif request.apart:
        found.append(_apart(request, book, limit))
    return min(found, key=lambda each: each.value)


def _over(book: Book, markets: tuple[Market, ...], paths: PathsBy, at: Rows) -> Worst:
    """The least value of a book on some dates of some paths."""
    first = leading(paths)
    value = np.full(first.spot.shape, book.cash)
    for market in markets:
        value = value + book.total(market, paths_of_asset(paths, market.asset))
    value = (value / growth_of(book, markets, paths))[:, at]
    scenario, date = np.unravel_index(int(np.argmin(value)), value.shape)
    return Worst(float(value[scenario, date]), first.labels[int(scenario)], float(first.days[at[date]]))


def _turns(request: Request, book: Book, market: Market, limit: Limit) -> Paths:
    return turning_paths(request.turning_to(limit), strikes_of(book, market))


def _apart(request: Request, book: Book, limit: Limit) -> Worst:
    """The sum of the worst of each asset by itself, on the date on which that is least; what is counted in, last."""
    coin = book.numeraire
    parts = {market.asset: _by_itself(request, book, market, limit) for market in request.markets}
    labels = {asset: paths.labels for asset, (paths, _) in parts.items()}
    others = {asset: value for asset, (_, value) in parts.items() if asset != coin}
    at = {asset: value.argmin(axis=0) for asset, value in others.items()}
    total = book.cash + np.sum([value.min(axis=0) for value in others.values()], axis=0)
    if coin in parts:
        paths, value = parts[coin]
        counted = (value + total) / paths.spot
        at[coin], total = counted.argmin(axis=0), counted.min(axis=0)
    turning, dates = request.turning_to(limit), next(iter(parts.values()))[0].days
    total = np.where(np.isin(dates, turning.judged), total, np.inf)
    date = int(np.argmin(total))
    where = ", ".join(f"{asset} {labels[asset][at[asset][date]]}" for asset in parts)
    return Worst(float(total[date]), where, float(dates[date]))


def _by_itself(request: Request, book: Book, market: Market, limit: Limit) -> tuple[Paths, Array]:
    """Every turn of one asset, and the value of what is held of it, shape (turns, dates). [money]"""
    paths = _turns(request, book, market, limit)
    return paths, book.total(market, paths)


def beyond_one_turn(request: Request, book: Book) -> float | None:
    """Least value of a book where spot turns at every expiry, each as bad as can be; None where one turn is all.

    No more is promised than a single turn: this is what lies beyond. Of each expiry the worst payoff is taken by
    itself, coins at the level of the end. Whatever the funding. [money]
    """
    each = [_beyond_under(there, book) for there in request.at_fundings(request.scenarios)]
    return min((value for value in each if value is not None), default=None)


def _beyond_under(request: Request, book: Book) -> float | None:
    """The same under one funding."""
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
    value = Book(late, cash=book.cash).total(market, _flat(levels, end))[:, -1] + book.cash
    for day, group in early.items():
        dates, before = np.array([day, end]), request.turning.before(strikes)
        spot = np.column_stack((before, np.ones(before.size)))
        paths = Paths(dates, spot, np.zeros(spot.shape), ("",) * before.size)
        settled = Book(group).total(market, paths)[:, -1]
        coin = any(
            isinstance(h.instrument, Option) and h.instrument.terms.settlement == "coin" for h in group
        )
        value += settled.min() * (levels if coin else 1.0)
    return float(value.min())


def _flat(levels: Array, day: float) -> Paths:
    spot = np.column_stack((levels, levels))  # from today on, as funding counts the way there
    return Paths(np.array([0.0, day]), spot, np.zeros(spot.shape), ("",) * levels.size)

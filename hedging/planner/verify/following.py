"""The worst case of a book whose other assets follow the first: every turn of that, each other anywhere in its band."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.market.contracts import Instrument, Perpetual
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.default_scenarios import TURN_LOW
from hedging.planner.request.limit import Limit
from hedging.planner.request.request import Request
from hedging.planner.request.turning import SAME_DAY, Turning, turn_label
from hedging.planner.verify.worst import Worst, strikes_of
from hedging.units import days

__all__ = ["worst_following"]


def worst_following(request: Request, book: Book, limit: Limit) -> Worst:
    """The least that a book is worth over single turns of the first asset, on the dates of a floor."""
    turning = request.turning_to(limit)
    cuts = [None, *(float(day) for day in turning.expiries if _matters(request, book, float(day)))]
    return min((_at_cut(request, book, turning, cut) for cut in cuts), key=lambda each: each.value)


def _matters(request: Request, book: Book, day: float) -> bool:
    """Whether a turn after some day differs from one before: something held expires on it, or pays funding."""
    held = [(item.instrument, market) for market in request.markets for item in book.of(market.asset)]
    return any(
        bool(market.funding_8h)
        if isinstance(item, Perpetual)
        else abs(_last_day(item, market) - day) <= SAME_DAY
        for item, market in held
    )


def _last_day(item: Instrument, market: Market) -> float:
    expiry = getattr(item, "expiry", None)
    return np.inf if expiry is None else days(market.as_of, expiry)


def _at_cut(request: Request, book: Book, turning: Turning, cut: float | None) -> Worst:
    lead, *others = request.markets
    judged = np.isin(turning.walked, turning.judged) & (
        turning.walked > (-1.0 if cut is None else cut + SAME_DAY)
    )
    first, then = _leading(request, book, turning, cut)
    total = _values(book, lead, turning, cut, first, then) + book.cash
    for market in others:
        total = total + _least(request, book, market, turning, cut, first, then)
    counted = total / then[:, None] if book.numeraire == lead.asset else total
    counted = np.where(judged, counted, np.inf)
    a, b, date = np.unravel_index(int(counted.argmin()), counted.shape)
    label = turn_label(float(first[a]), cut, float(then[b]))
    return Worst(
        float(counted[a, b, date]),
        f"{lead.asset} {label}, the others in their bands",
        float(turning.walked[date]),
    )


def _own(book: Book, market: Market, turning: Turning, cut: float | None) -> tuple[Array, Array]:
    """Levels of one asset before and after a turn at which its own holdings have a kink, and the grid's."""
    strikes = strikes_of(book, market)
    until = -1.0 if cut is None else cut + SAME_DAY
    early = [level for day, levels in strikes.items() if day <= until for level in levels]
    late = [
        level for day, levels in strikes.items() if until < day <= turning.end + SAME_DAY for level in levels
    ]
    return (np.ones(1) if cut is None else turning.before(early)), turning.after(late)


def _leading(request: Request, book: Book, turning: Turning, cut: float | None) -> tuple[Array, Array]:
    """Levels of the first asset: its own, and those at which a band of another meets a kink of that."""
    found = [_own(book, request.markets[0], turning, cut)]
    for market in request.markets[1:]:
        link, own = request.links[market.asset], _own(book, market, turning, cut)
        found.append((link.leading(own[0], TURN_LOW), link.leading(own[1], turning.lowest)))
    first, then = (np.unique(np.concatenate([each[side] for each in found])) for side in (0, 1))
    return (np.ones(1) if cut is None else first), then


def _values(
    book: Book,
    market: Market,
    turning: Turning,
    cut: float | None,
    first: Sequence[float] | Array,
    then: Array,
) -> Array:
    """What is held of one asset is worth at every pair of levels, shape (first, then, dates). [money]"""
    dates = turning.walked
    before = dates <= (-1.0 if cut is None else cut + SAME_DAY)
    spot = np.where(before, np.asarray(first)[:, None, None], then[None, :, None])
    flat = spot.reshape(-1, dates.size)
    paths = Paths(dates, flat, np.zeros(flat.shape), ("",) * len(flat))
    return np.asarray(book.total(market, paths).reshape(spot.shape))


def _least(
    request: Request,
    book: Book,
    market: Market,
    turning: Turning,
    cut: float | None,
    first: Array,
    then: Array,
) -> Array:
    """The least that one asset is worth within its bands at levels of the first, shape (first, then, dates)."""
    link, own = request.links[market.asset], _own(book, market, turning, cut)
    bands = link.band(first, TURN_LOW), link.band(then, turning.lowest)
    mine = [np.unique(np.concatenate((levels, *band))) for levels, band in zip(own, bands, strict=True)]
    if cut is None:
        mine[0], inside = np.ones(1), [np.ones((1, 1), dtype=bool)]
    else:
        inside = [(mine[0] >= bands[0][0][:, None]) & (mine[0] <= bands[0][1][:, None])]
    inside.append((mine[1] >= bands[1][0][:, None]) & (mine[1] <= bands[1][1][:, None]))
    value = _values(book, market, turning, cut, *mine)
    by_first = np.array([value[where].min(axis=0) for where in inside[0]])
    return np.array([by_first[:, where].min(axis=1) for where in inside[1]]).swapaxes(0, 1)

"""The plain neighbour of a plan that a desk would question: the same programme without what it would question."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeAlias

import numpy as np

from hedging._numerics.types import Array, Mask
from hedging.market.contracts import Option
from hedging.planner.candidates.oddities import RICH_DELTA, Oddity, last_day, oddities
from hedging.planner.candidates.orders import orders_of
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.search import Solution
from hedging.planner.solver.search_state import Search
from hedging.planner.solver.value_at_risk import solve
from hedging.units import days

__all__ = ["unquestioned"]

ODD_SHARE = 0.1
"""What a questionable order is taken to cost more than it does, of its own cost, where plans are compared. [1]"""
ROUNDS = 4  # of what turns up when something else is left out
GAP = 5e-3
NODES = 100  # of branch and bound for each, of which nothing is proven
SECONDS = 3.0  # for the same, should each node take long

Choose: TypeAlias = Callable[[Programme, Solution, float], Solution]
"""The plan of a programme that a desk would trade, for at most a share more than a solution of it."""


def unquestioned(
    request: Request, programme: Programme, chosen: Solution, optimum: Solution, share: float, choose: Choose
) -> Solution:
    """The plan with the least to question among those that cost little more; the plan itself if it has nothing.

    An order that a desk would question is taken to cost a share of its cost more than it does. So its plain
    neighbour wins where it costs no more than that and the `share` of the optimum together.
    """
    if chosen.lots is None or optimum.lots is None:
        return chosen
    odd = _odd(request, programme, chosen.lots)
    limit = optimum.objective + programme.spare(optimum.lots, optimum.objective, share)
    limit += _surcharge(programme, chosen.lots, odd)
    kinds = list(dict.fromkeys(each.kind for each in odd))
    # Without any of it, and where that costs too much without one thing after the other.
    best, least = chosen, len(kinds)
    for asked in [kinds, *([kind] for kind in kinds if len(kinds) > 1)]:
        start = [each for each in odd if each.kind in asked]
        found = _without(request, programme, start, limit, share, choose) if start else None
        left = least if found is None else len({each.kind for each in _odd(request, programme, found)})
        if found is not None and left < least:
            search = Search(programme, 0.0, np.inf)
            best, least = replace(chosen, lots=found, objective=search.objective(found)), left
        if not least:
            break
    return best


def _without(
    request: Request, programme: Programme, odd: list[Oddity], limit: float, share: float, choose: Choose
) -> Array | None:
    """Lots of the cheapest plan without what is odd, and what turns up in its place; None if it costs too much."""
    lots: Array | None = None
    for _ in range(ROUNDS):
        plain: Solution | None = None
        for way, narrow in _narrower(request, programme, odd):
            most = min(limit, plain.objective if plain else np.inf)
            found = solve(narrow, gap=GAP, time_limit=SECONDS, ceiling=most, engine=Engine(nodes=NODES))
            if found.lots is not None and found.objective <= most:
                plain, keep, kept = found, way, narrow
        if plain is None:
            return lots
        lots = _spread(plain.lots, keep)
        known = {each.kind for each in odd}
        if not (new := [each for each in _odd(request, programme, lots) if each.kind not in known]):
            assert plain.lots is not None
            one = kept.spare(plain.lots, plain.objective, 1.0)
            room = min(share, max(limit - plain.objective, 0.0) / one) if one > 0.0 else 0.0
            easier = _spread(choose(kept, plain, room).lots, keep)
            return lots if _odd(request, programme, easier) else easier
        odd = odd + new
    return lots


def _spread(lots: Array | None, keep: Mask) -> Array:
    """Lots of some orders among those of all."""
    assert lots is not None
    out = np.zeros(keep.size)
    out[keep] = lots
    return out


def _odd(request: Request, programme: Programme, lots: Array) -> tuple[Oddity, ...]:
    legs = orders_of(request, programme.candidates, lots)
    return oddities(legs, request.book, request.markets, request.horizon)


def _surcharge(programme: Programme, lots: Array, odd: Sequence[Oddity]) -> float:
    """What a plan may cost less than its plain neighbour, and yet is not taken. [money]"""
    symbols = {leg.instrument.symbol for each in odd for leg in each.legs}
    candidates = programme.candidates
    at = [i for i in np.flatnonzero(lots) if candidates.instruments[i].symbol in symbols]
    return ODD_SHARE * float(np.abs(candidates.cost[at]) @ lots[at])


def _narrower(
    request: Request, programme: Programme, odd: Sequence[Oddity]
) -> Iterator[tuple[Mask, Programme]]:
    """The programme without what is odd of some kinds, in each way that this can be had, and its orders."""
    kinds, candidates = {each.kind for each in odd}, programme.candidates
    keep, most = np.ones(len(candidates), dtype=bool), candidates.most
    if "rich call" in kinds:
        keep &= ~_rich(programme)
    if "far expiry" in kinds:
        keep &= ~_far(request, programme)
    if "open interest" in kinds:
        most = np.minimum(most, _open_interest(request, programme))
    plain = replace(programme, candidates=replace(candidates, most=most))
    keep &= most >= candidates.least
    ways = [keep & each for each in _apart(programme, odd)] if "inverted collar" in kinds else [keep]
    if "many expiries" in kinds:
        ways = [way & each for way in ways for each in _two_expiries(programme, odd)]
    yield from ((way, plain.only(way)) for way in ways if way.any())


def _options(programme: Programme, flag: str = "", side: float = 0.0) -> Mask:
    """Options that are opened, of one flag and side."""
    candidates = programme.candidates
    flags = np.array([item.flag if isinstance(item, Option) else "" for item in candidates.instruments])
    here = (flags == flag) if flag else (flags != "")
    sides = (candidates.size * side > 0.0) if side else np.ones(len(candidates), dtype=bool)
    return np.asarray(here & sides & ~candidates.closes)


def _rich(programme: Programme) -> Mask:
    candidates = programme.candidates
    delta = np.abs(candidates.delta + candidates.coins) / np.abs(
        candidates.size
    )  # without the coins of the premium
    return np.asarray(_options(programme, "c", -1.0) & (delta > RICH_DELTA))


def _far(request: Request, programme: Programme) -> Mask:
    as_of = request.markets[0].as_of
    left = [
        days(as_of, item.expiry) if isinstance(item, Option) else 0.0
        for item in programme.candidates.instruments
    ]
    return np.asarray(_options(programme) & (np.array(left) > last_day(request.horizon)))


def _open_interest(request: Request, programme: Programme) -> Array:
    """Lots that are open of each option, infinity where that is unknown or the order closes what is held."""
    candidates = programme.candidates
    known: dict[str, float] = {}
    for market in request.markets:
        quotes = market.chain.quotes
        known |= dict(zip(quotes["symbol"], quotes["open_interest"].to_numpy(dtype=float), strict=True))
    units = np.array([known.get(item.symbol, np.nan) for item in candidates.instruments])
    lots = np.floor(units / np.abs(candidates.size) + 1e-9)
    return np.asarray(np.where(candidates.closes | np.isnan(lots), np.inf, lots))


def _apart(programme: Programme, odd: Sequence[Oddity]) -> Iterator[Mask]:
    """Puts bought below some strike and calls sold above it, for each strike of those that cross."""
    crossed = [leg.instrument for each in odd if each.kind == "inverted collar" for leg in each.legs]
    strike = np.array([getattr(item, "strike", 0.0) for item in programme.candidates.instruments])
    puts, calls = _options(programme, "p", 1.0), _options(programme, "c", -1.0)
    for middle in sorted({item.strike for item in crossed if isinstance(item, Option)}):
        mine = np.array([item.asset == crossed[0].asset for item in programme.candidates.instruments])
        yield ~(mine & ((puts & (strike > middle)) | (calls & (strike < middle))))


def _two_expiries(programme: Programme, odd: Sequence[Oddity]) -> Iterator[Mask]:
    """Options of two of the expiries that a plan stands over."""
    legs = next(each.legs for each in odd if each.kind == "many expiries")
    asset = legs[0].instrument.asset
    expiries = sorted({leg.instrument.expiry for leg in legs if isinstance(leg.instrument, Option)})
    mine = np.array([item.asset == asset for item in programme.candidates.instruments]) & _options(programme)
    for pair in combinations(expiries, 2):
        inside = np.array(
            [getattr(item, "expiry", None) in pair for item in programme.candidates.instruments]
        )
        yield ~mine | inside

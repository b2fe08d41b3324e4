"""What a plan over past-like outcomes promises, where what stays comes from, and what the same rule kept before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.book.pnl import growth_of, pnl_of
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.paths.by_asset import leading, paths_of_asset
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.programme.build import build
from hedging.planner.programme.programme import Programme
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.price_history import Backed
from hedging.planner.request.request import Request
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.closest import closest
from hedging.planner.solver.value_at_risk import solve
from hedging.planner.verify.checks import worst_gained
from hedging.risk import Promise, expected_shortfall, shortfall_contributions, value_at_risk
from hedging.scenario.resample import past_returns, realised, resampled
from hedging.scenario.risk_neutral import dates_of

__all__ = ["promise_of"]

LEAST_DAYS: Final = 180  # of a past that a period of the walk is sized on
SCENARIOS: Final = 250  # of a period of the walk
GAP, NODES, SECONDS = 0.02, 12, 10.0  # of its plan; by nodes, so that it is the same on any machine


def promise_of(
    request: Request, backed: Backed, candidates: Candidates, legs: Sequence[Leg], base: float
) -> Promise | None:
    """The promise of some orders; None where there are no outcomes, or the book cannot lose over them.

    The rule is judged on dates a horizon apart: on each the book is planned for anew, by the same targets and limits,
    over outcomes drawn from what was known by then; then what came is held against that. Today's quotes stand in
    for those of the day, shifted with spot, and of options only those that today's plan trades are tried.

    Parameters
    ----------
    request : Request
    backed : Backed
    candidates : Candidates
        That may be traded.
    legs : sequence of Leg
    base : float
        [money]
    """
    if request.outcomes is None:
        return None
    level, chances = request.target.level, request.outcomes.probabilities
    markets = request.markets
    alone, hedged = (worst_gained(request, each)[:, -1] / base for each in ((), legs))
    shortfalls = [expected_shortfall(each, level, chances) for each in (alone, hedged)]
    if min(shortfalls) <= 0.0:
        return None
    left = shortfall_contributions(_by_asset(request, legs), level, chances)
    return Promise(
        value=base,
        horizon=request.horizon,
        level=level,
        quantile=(value_at_risk(alone, level, chances), value_at_risk(hedged, level, chances)),
        shortfall=(shortfalls[0], shortfalls[1]),
        walk=_walk(request, backed, candidates.take(_tried(candidates, legs)), base),
        stays=pd.Series(left / left.sum(), [market.asset for market in markets]),
    )


def _by_asset(request: Request, legs: Sequence[Leg]) -> Array:
    """P&L at the outcomes' end by asset, its orders in it, at its worst funding, shape (outcomes, assets). [money]"""
    assert request.outcomes is not None
    each = [_by_asset_under(there, legs) for there in request.at_fundings(request.outcomes.paths)]
    return np.asarray(np.min(each, axis=0))


def _by_asset_under(request: Request, legs: Sequence[Leg]) -> Array:
    """The same under one funding."""
    assert request.outcomes is not None
    paths = request.outcomes.paths
    growth = np.broadcast_to(growth_of(request.book, request.markets, paths), leading(paths).spot.shape)[
        :, -1
    ]
    found = []
    for market in request.markets:
        held = Book(request.book.of(market.asset))
        after = held + [leg for leg in legs if leg.instrument.asset == market.asset]
        own = paths_of_asset(paths, market.asset)
        value = after.cash + after.total(market, own)[:, -1]
        found.append(value / growth - held.value(market))
    return np.column_stack(found)


def _tried(candidates: Candidates, legs: Sequence[Leg]) -> Array:
    """Which columns are tried on past dates: the options that are traded, and the underlying outright."""
    traded = {leg.instrument for leg in legs}
    tried = [item in traded or not isinstance(item, Option) for item in candidates.instruments]
    return np.array(tried, dtype=bool)


def _walk(request: Request, backed: Backed, candidates: Candidates, base: float) -> pd.DataFrame:
    """The same rule on past dates, a horizon apart, each with data up to it, and what then came."""
    closes, markets = backed.closes, request.markets
    assert closes is not None
    dates, length = dates_of(markets, request.horizon), math.ceil(request.horizon)
    rows: dict[pd.Timestamp, tuple[float, ...]] = {}
    for last in range(len(closes) - 1 - length, LEAST_DAYS - 1, -length):
        if closes.iloc[last].isna().any():
            continue  # not all coins traded then
        days = min(backed.history.days, last)
        try:
            known = past_returns(closes.iloc[: last + 1], days, backed.history.seed)
        except InputError:
            continue  # a coin was too young
        drawn = Outcomes(resampled(known, markets, dates, SCENARIOS, backed.history.seed))
        came = Outcomes(realised(closes.iloc[last : last + length + 1], markets, dates, known))
        rows[closes.index[last]] = _period(request.with_outcomes(drawn), came, candidates, base)
    return Promise.table(rows)


def _period(request: Request, came: Outcomes, candidates: Candidates, base: float) -> tuple[float, ...]:
    """What is promised over the outcomes of a past date, and what came."""
    level, none = request.target.level, np.zeros(len(candidates))
    after = request.with_outcomes(came)
    drawn, alone = (_ended(each, candidates, none) / base for each in (request, after))
    if not len(candidates):  # nothing is traded, and nothing may be
        return Promise.row(1.0, value_at_risk(drawn, level), float(alone[0]), float(alone[0]))
    lots = _lots(request, build(replace(request, view=None), candidates))
    with_, hedged = (_ended(each, candidates, lots) / base for each in (request, after))
    without = max(expected_shortfall(drawn, level), 1e-12)
    return Promise.row(
        expected_shortfall(with_, level) / without,
        value_at_risk(with_, level),
        float(alone[0]),
        float(hedged[0]),
    )


def _ended(request: Request, candidates: Candidates, lots: Array) -> Array:
    """P&L of the book with some lots at the outcomes' last date, whatever the funding, shape (outcomes,). [money]"""
    assert request.outcomes is not None
    found = []
    for there in request.at_fundings(request.outcomes.paths):
        assert there.outcomes is not None
        book, markets, paths = there.book, there.markets, there.outcomes.paths
        growth = np.broadcast_to(growth_of(book, markets, paths), leading(paths).spot.shape)[:, -1]
        gain = candidates.pnl(markets, paths)[:, -1] @ lots if lots.any() else 0.0
        found.append(pnl_of(book, markets, paths)[:, -1] + gain / growth)
    return np.asarray(np.min(found, axis=0))


def _lots(request: Request, programme: Programme) -> Array:
    """The plan of a past date; the closest one where none keeps every limit, and nothing where none is found."""
    engine = Engine(request.effort.solver, memory=request.effort.memory, nodes=NODES)
    found = solve(programme, gap=GAP, time_limit=SECONDS, engine=engine)
    if found.lots is None:
        found = closest(programme, gap=GAP, time_limit=SECONDS, engine=engine)
    return np.zeros(len(programme.candidates)) if found.lots is None else found.lots

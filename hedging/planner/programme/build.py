"""The programme of a request: what may be traded as columns, targets and limits as rows over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hedging._numerics.tails import ROUNDING
from hedging._numerics.types import Array
from hedging._numerics.types import Rows as Places
from hedging.book.book import Book
from hedging.book.pnl import growth_of, pnl_of
from hedging.market.contracts import Spot
from hedging.market.market import Market
from hedging.paths.by_asset import leading
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.measures import Measure, measures
from hedging.planner.programme.cover_rows import cover_rows
from hedging.planner.programme.floor_rows import floor_rows
from hedging.planner.programme.margin_cuts import margin_cuts
from hedging.planner.programme.margin_rows import margin_rows
from hedging.planner.programme.outright_rows import outright_rows
from hedging.planner.programme.programme import MadeRows, Programme
from hedging.planner.programme.robust_rows import on_surface
from hedging.planner.programme.rows import Rows, rows_of
from hedging.planner.programme.shortfall import Tail, ValueAtRisk
from hedging.planner.programme.survival_rows import survival_rows
from hedging.planner.request.limit import SHORTFALL, VALUE_AT_RISK, Limit
from hedging.planner.request.limits import Limits
from hedging.planner.request.request import Request
from hedging.planner.request.surfaces import surfaces_of
from hedging.planner.request.target import COST_WEIGHT, Target
from hedging.planner.request.view import View, expected_gains

__all__ = ["build"]


def build(request: Request, candidates: Candidates) -> Programme:
    """Turn targets and limits into rows over every order."""
    book, markets, target, limits = request.book, request.markets, request.target, request.limits
    base, base_name = book.base(*markets)
    blocks = [row for market in markets for row in _market_rows(request, market, candidates, base)]
    floors, lazy = floor_rows(request, candidates, base)
    if target.robust:
        for surface in surfaces_of(request.markets).values():
            there = on_surface(candidates, surface)
            for market in surface:
                blocks += _band_rows(replace(request, markets=surface), market, there, base)
            # Of eight surfaces more few rows are ever broken.
            more, turns = floor_rows(replace(request, markets=surface), there, base, listed=0)
            floors, lazy = [*floors, *more], (*lazy, *turns)
    made: tuple[MadeRows, ...] = (
        *lazy,
        *survival_rows(request, candidates, base),
        *margin_cuts(request, candidates, base),
    )
    blocks += floors
    blocks += _spending_rows(candidates, limits, base)
    tails: tuple[Tail, ...] = ()
    value_at_risk = None
    if target.needs_outcomes and request.outcomes is not None:
        exceeded, tails, value_at_risk = _over_outcomes(request, candidates, base)
        blocks += exceeded
    rows = Rows.join(blocks)
    if request.view is not None:
        gains = _gains(candidates, markets, request.view, request.horizon)
        candidates = replace(candidates, cost=candidates.cost - gains)
    return Programme(
        replace(candidates, cost=COST_WEIGHT * candidates.cost) if target.least else candidates,
        rows,
        limits.price_per_leg * base,
        min(limits.max_legs, len(candidates) + 1),  # each number of orders is gone through
        base,
        base_name,
        tails,
        _miss_prices(target, rows) | ({target.least: base} if target.least else {}),
        target.least,
        value_at_risk,
        made,
    )


def _market_rows(request: Request, market: Market, candidates: Candidates, base: float) -> list[Rows]:
    """What holds for one asset: its bands, its tails, its margin."""
    several = len(request.markets) > 1
    here = np.array([item.asset == market.asset for item in candidates.instruments])
    blocks = _band_rows(request, market, candidates, base)
    blocks += cover_rows(request.book, market, candidates, here)
    blocks += outright_rows(request.book, market, request.target, candidates, here)
    margin = request.limits.initial_margin
    if margin is not None and margin.requirement(request.book, market, ()) is None:
        limit = Limit("initial_margin", market.asset if several else "")
        matrix, bound = margin_rows(margin, request.book, market, candidates, here, base)
        blocks.append(rows_of(limit, matrix, bound, base))
    return blocks


def _band_rows(request: Request, market: Market, candidates: Candidates, base: float) -> list[Rows]:
    """The bands of one asset."""
    several = len(request.markets) > 1
    return [
        row
        for measure in measures(request.target, market, several=several)
        for row in _measure_rows(request.book, market, measure, candidates, base)
    ]


def _measure_rows(
    book: Book, market: Market, measure: Measure, candidates: Candidates, base: float
) -> list[Rows]:
    """The rows of one band: at least its low side, at most its high side."""
    held, effect = measure.of_book(book), measure.of_columns(candidates)
    # Where nothing is held or asked for, a miss is measured against the base.
    nothing = base / market.spot if measure.in_coins else base
    scale = measure.size(held) if measure.asks_for_something(held) else nothing
    return [
        rows_of(measure.limit, sign * effect, sign * (side - held), scale)
        for sign, side in ((-1.0, measure.band[0]), (1.0, measure.band[1]))
        if side is not None
    ]


def _spending_rows(candidates: Candidates, limits: Limits, base: float) -> list[Rows]:
    """What all orders together may spend, and how much vega they may be."""
    blocks = []
    if limits.budget is not None:
        blocks.append(rows_of(Limit("budget"), candidates.premium, limits.budget * base, base))
    if limits.cost is not None:
        blocks.append(rows_of(Limit("cost"), candidates.cost, limits.cost * base, base))
    if limits.gross_vega is not None:
        vega = np.abs(candidates.vega)
        blocks.append(rows_of(Limit("gross_vega"), vega, limits.gross_vega, limits.gross_vega))
    return blocks


def _over_outcomes(
    request: Request, candidates: Candidates, base: float
) -> tuple[list[Rows], tuple[Tail, ...], ValueAtRisk | None]:
    """What is taken over scenarios with probabilities, at their last date: value at risk and shortfall.

    At every funding that may come: what is received makes no tail shorter.
    """
    target, outcomes = request.target, request.outcomes
    assert outcomes is not None
    blocks, tails, value_at_risk = [], [], None
    funded, last = np.flatnonzero(candidates.kinds == "perpetual"), np.zeros((0, 0))
    for there in request.at_fundings(outcomes.paths):
        held, last = _at_the_end(there, candidates, funded, last)
        pnl = last
        if target.shortfall is not None or target.least == SHORTFALL:
            limit = -(target.shortfall or 0.0) * base
            tails.append(Tail(held, pnl, outcomes.probabilities, target.level, limit))
        if target.value_at_risk is not None:
            bound = held - target.value_at_risk * base
            blocks.append(rows_of(VALUE_AT_RISK, -pnl, bound, base, many=True))
            value_at_risk = ValueAtRisk(outcomes.probabilities, 1.0 - target.level + ROUNDING)
    return blocks, tuple(tails), value_at_risk


def _at_the_end(
    request: Request, candidates: Candidates, funded: Places, before: Array
) -> tuple[Array, Array]:
    """P&L of the book alone and of a lot of each order at the outcomes' last date; (outcomes,) and (outcomes, columns).

    Where that is known at another funding, only what is funded is valued again.
    """
    assert request.outcomes is not None
    book, markets, paths = request.book, request.markets, request.outcomes.paths
    held = pnl_of(book, markets, paths)[:, -1]
    growth = np.broadcast_to(growth_of(book, markets, paths), leading(paths).spot.shape)
    pnl = (candidates.take(funded) if before.size else candidates).pnl(markets, paths)[:, -1]
    pnl /= growth[:, -1:]  # in place: of 100,000 outcomes there is no room for copies
    if not before.size:
        return held, pnl
    every = before.copy()
    every[:, funded] = pnl
    return held, every


def _gains(candidates: Candidates, markets: Sequence[Market], view: View, horizon: float) -> Array:
    """What a view expects one lot of each order to gain, less the coins paid for it would have. [money]"""
    gains = np.zeros(len(candidates))
    for market in markets:
        here = [i for i, item in enumerate(candidates.instruments) if item.asset == market.asset]
        items, entries = [candidates.instruments[i] for i in here], candidates.entry[here]
        *each, coin = expected_gains([*items, Spot(market.asset)], [*entries, 0.0], market, view, horizon)
        gains[here] = candidates.size[here] * np.array(each) - candidates.coins[here] * coin
    return gains


def _miss_prices(target: Target, rows: Rows) -> dict[Limit, float]:
    """Price of missing each soft limit by its whole scale. [money]"""
    prices = {}
    for place, limit in enumerate(rows.limits):
        price = target.miss_price(limit)
        if price is not None:
            scale = float(rows.scale[rows.group == place][0])
            prices[limit] = price * (100.0 if limit.in_shares else scale)
    if target.shortfall is not None and SHORTFALL.kind in target.soft:
        prices[SHORTFALL] = 100.0 * target.soft[SHORTFALL.kind]
    return prices

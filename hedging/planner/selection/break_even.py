"""The funding at which a plan with the perpetual and the cheapest plan without one cost the same."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from hedging._ground import clock
from hedging._ground.clock import OutOfTimeError
from hedging.book.legs import Leg
from hedging.book.linear import FUNDING_PERIODS_PER_DAY, notional
from hedging.book.structure import structure
from hedging.market.contracts import Perpetual
from hedging.planner.candidates.carry import carry_charged
from hedging.planner.candidates.orders import orders_of
from hedging.planner.programme.programme import Programme
from hedging.planner.request.request import Request
from hedging.planner.result.carry import BreakEven
from hedging.planner.solver.backends import Engine
from hedging.planner.solver.value_at_risk import solve
from hedging.planner.verify.cost import cost_with_carry

__all__ = ["break_even"]

NODES = 100  # for the other plan, of which nothing is proven
SECONDS = 3.0  # for the same, should each node take long


def break_even(request: Request, programme: Programme, legs: Sequence[Leg]) -> BreakEven | None:
    """Break-even of the perpetual that a plan trades, or would trade were funding nothing; None without either."""
    perpetual = programme.candidates.kinds == "perpetual"
    if not (request.effort.alternatives and legs and perpetual.any()) or request.target.least:
        return None
    trades = any(isinstance(leg.instrument, Perpetual) for leg in legs)
    other: Sequence[Leg] | None = None
    with suppress(KeyboardInterrupt, OutOfTimeError), clock.until(request.ends):
        clock.look()
        rival = programme.only(~perpetual) if trades else _unfunded(request, programme)
        other = _orders(request, rival)
    if other is None:
        return None
    return _between(request, legs, other) if trades else _between(request, other, legs)


def _orders(request: Request, programme: Programme) -> tuple[Leg, ...] | None:
    if not len(programme.candidates):
        return None
    found = solve(programme, gap=1e-2, time_limit=SECONDS, prove=False, engine=Engine(nodes=NODES))
    return None if found.lots is None else orders_of(request, programme.candidates, found.lots)


def _unfunded(request: Request, programme: Programme) -> Programme:
    """The same programme with funding that costs nothing."""
    candidates, cost = programme.candidates, programme.candidates.cost.copy()
    for market in request.markets:
        mine = [
            i
            for i, item in enumerate(candidates.instruments)
            if isinstance(item, Perpetual) and item.asset == market.asset
        ]
        items = [candidates.instruments[i] for i in mine]
        funding = request.funding_of(market)
        cost[mine] -= carry_charged(
            items, candidates.size[mine], candidates.entry[mine], market, funding, request.horizon
        )
    return replace(programme, candidates=replace(candidates, cost=cost))


def _between(request: Request, with_one: Sequence[Leg], without: Sequence[Leg]) -> BreakEven | None:
    """The rate at which both cost the same, funding of the largest perpetual alone being counted."""
    sold = {leg.instrument.asset: leg.units for leg in with_one if isinstance(leg.instrument, Perpetual)}
    if not sold:
        return None
    market = max(
        (each for each in request.markets if each.asset in sold),
        key=lambda each: abs(sold[each.asset]) * each.spot,
    )
    units = sold[market.asset]
    own = [leg for leg in with_one if isinstance(leg.instrument, Perpetual) and leg.units == units]
    others = [leg for leg in with_one if leg not in own]
    entering = sum(abs(leg.units) * (leg.half_spread + leg.fee) for leg in own)
    cost, rival = (cost_with_carry(each, request).execution for each in (others, without))
    saved = rival - cost - entering
    item = own[0].instrument
    assert isinstance(item, Perpetual)
    stands_for = units * notional(item, own[0].price, market.spot)
    rate = saved / (stands_for * FUNDING_PERIODS_PER_DAY * request.horizon)
    rate = round(float(rate), 8) + 0.0  # of two that cost the same what is left is rounding
    name = structure(without, request.book) if without else "nothing"
    return BreakEven(market.asset, rate, bool(units < 0.0), name, rival)

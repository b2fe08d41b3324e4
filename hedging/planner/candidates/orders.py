"""Orders of a solution: lots of columns become legs, priced from the chain anew."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hedging._ground.counts import twelve_digits
from hedging._numerics.types import Array
from hedging.book.legs import Leg, option_leg, outright_leg
from hedging.market.contracts import Future, Instrument, Option, kind_of
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.request.limits import Limits, terms_of_outright
from hedging.planner.request.request import Request

__all__ = ["leg_of", "leg_on", "orders_of"]


def orders_of(request: Request, candidates: Candidates, lots: Array | None) -> tuple[Leg, ...]:
    """Orders of a number of lots per column, buys first; none of no solution."""
    if lots is None:
        return ()
    markets = {market.asset: market for market in request.markets}
    legs = [leg_of(candidates, int(i), lots[i], markets, request.limits) for i in np.flatnonzero(lots)]
    return tuple(sorted(legs, key=lambda leg: (leg.quantity < 0, leg.instrument.symbol)))


def leg_of(
    candidates: Candidates, index: int, lots: float, markets: Mapping[str, Market], limits: Limits
) -> Leg:
    """The order that a number of lots of one column means."""
    instrument = candidates.instruments[index]
    # Rounded to the digits a lot has, so that 21.1 is not 21.099999999999998.
    quantity = twelve_digits(np.sign(candidates.size[index]) * lots * candidates.lot[index])
    return leg_on(instrument, markets[instrument.asset], quantity, limits)


def leg_on(instrument: Instrument, market: Market, quantity: float, limits: Limits) -> Leg:
    """An order at today's quote, or as far from spot or forward as `limits` say.

    Raises
    ------
    InputError
        If an option is not quoted on that side, or not so many contracts are.
    """
    if isinstance(instrument, Option):
        ladder = limits.ladders.get(instrument.symbol)
        return option_leg(market.chain, instrument.symbol, quantity, ladder)
    forward = market.forward(instrument.expiry) if isinstance(instrument, Future) else None
    terms = terms_of_outright(limits)[kind_of(instrument)]
    return outright_leg(
        instrument, market.spot, quantity, half_spread=terms.half_spread, fee=terms.fee, forward=forward
    )

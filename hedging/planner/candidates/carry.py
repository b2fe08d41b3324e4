"""Carry that is charged: funding and basis that an order pays until the horizon. What it receives pays for nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._numerics.types import Array
from hedging.book.linear import FUNDING_PERIODS_PER_DAY, notional
from hedging.market.contracts import Future, Instrument, Perpetual
from hedging.market.market import Market
from hedging.planner.request.funding import Funding
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["carry_charged"]


def carry_charged(
    items: Sequence[Instrument], size: Array, entry: Array, market: Market, funding: Funding, horizon: float
) -> Array:
    """What each order is counted to pay until the horizon with spot where it is, shape (items,). [money]

    A perpetual pays funding as `Funding.counted` has it. The basis of a dated future is known: buying above spot,
    or selling below it, pays what the forward gives up by then; the other side gains nothing. Options carry
    nothing at the chain's own vol and forward: a charge for decay would be the premium as a cost again.
    """
    charged = np.zeros(len(items))
    for i, item in enumerate(items):
        if isinstance(item, Perpetual):
            rate = funding.counted(size[i]) * FUNDING_PERIODS_PER_DAY * horizon
            charged[i] = abs(size[i]) * notional(item, float(entry[i]), market.spot) * rate
        elif isinstance(item, Future):
            charged[i] = max(0.0, size[i] * _rolled_down(item, entry[i], market, horizon))
    return charged


def _rolled_down(future: Future, entry: float, market: Market, horizon: float) -> float:
    """What a long of one unit loses by a horizon, as its forward comes closer to spot. [money]"""
    life = years(market.as_of, future.expiry)
    left = max(life - horizon / DAYS_PER_YEAR, 0.0)
    carry = float(market.carry(life))
    now, then = (market.spot * float(np.exp(carry * time)) for time in (life, left))
    # An inverse future gains coins, 1 - entry / forward of them.
    return now - then if future.settlement == "cash" else market.spot * entry * (1.0 / then - 1.0 / now)

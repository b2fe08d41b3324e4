"""What each option ordered is worth and how it moves, per unit, with what that is calculated from."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.book.legs import Leg
from hedging.book.unit_greeks import unit_greeks
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.planner.result.second_opinion import COMPARED, LegGreeks

__all__ = ["leg_greeks"]


def leg_greeks(legs: Sequence[Leg], markets: Sequence[Market]) -> tuple[LegGreeks, ...]:
    """Value and Greeks of one unit of every option among some orders."""
    by_asset = {market.asset: market for market in markets}
    found = []
    for leg in legs:
        if isinstance(option := leg.instrument, Option):
            market = by_asset[option.asset]
            table, own = market.table([option]), unit_greeks([option], [None], market)
            rate, carry = float(table.rate[0]), float(table.carry[0])
            found.append(
                LegGreeks(
                    option.symbol,
                    option.flag,
                    market.spot,
                    option.strike,
                    float(table.time_to_expiry[0]),
                    rate,
                    rate - carry,
                    float(table.vol[0]),
                    **{name: float(own[name][0]) for name in COMPARED},
                    exercise=option.terms.exercise,
                )
            )
    return tuple(found)

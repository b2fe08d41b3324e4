"""What moves with the price of a market, where nothing else is said."""

from __future__ import annotations

from hedging.market.market import Market
from hedging.paths.reactions import Reaction, measured

__all__ = ["rule_of"]


def rule_of(market: Market) -> Reaction:
    """The reaction fitted for the asset of a market, at its 30-day vol now if it has one."""
    found = measured(market.asset)
    return found if market.is_bare else found.at(market.vol_of_30_days)

"""What moves with the price of a market, where nothing else is said."""

from __future__ import annotations

from hedging.market.chain import OptionChain
from hedging.market.market import Market, market_of
from hedging.paths.reactions import Reaction, measured

__all__ = ["rule_of"]


def rule_of(market: OptionChain | Market) -> Reaction:
    """The reaction fitted for the asset of a market, at its 30-day vol now if it has one.

    Paths know no market: `hedging.crash_path` and its like rise vol as from 60 % unless they are given this.

    Examples
    --------
    >>> import hedging as hg
    >>> rule = rule_of(hg.samples.chain())
    >>> fall = hg.crash_path(-0.02, -0.004, days=14, reaction=rule)  # as the command and a report fall
    >>> rule == hg.paths.BTC.at(hg.Market.of(hg.samples.chain()).vol_of_30_days)
    True
    """
    market = market_of(market)
    found = measured(market.asset)
    return found if market.is_bare else found.at(market.vol_of_30_days)

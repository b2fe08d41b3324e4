"""From when on an option that was bought is worth rolling out, if nothing moves: the cheapest cycle of buying anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.shown import Shown
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.market.market import Chains, Market, markets_of
from hedging.paths.paths import grid
from hedging.planner.result.belonging import check_assets
from hedging.planner.result.plan import HedgePlan
from hedging.units import days

__all__ = ["RollDate", "roll_dates"]

SHORTEST_CYCLE: Final = 2.0  # days: of less there is nothing to roll


@dataclass(frozen=True, slots=True, repr=False)
class RollDate(Shown):
    """From when on rolling an option out is cheaper than keeping it, all else as it is.

    Attributes
    ----------
    symbol : str
    on : Timestamp or None
        None where it is cheapest to hold until it expires.
    held_for : float
        Days of the cheapest cycle, from buying to rolling. [days]
    tenor : float
        Days to expiry when it was planned, and of what it is rolled into. [days]
    cycle : float
        What that cycle costs a day, decay and trading. [money]
    decay : float
        What the option loses today in a day if nothing moves. [money]
    """

    symbol: str
    on: pd.Timestamp | None
    held_for: float
    tenor: float
    cycle: float
    decay: float

    def to_dict(self) -> dict[str, Any]:
        """The date by field."""
        named: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return named | {"on": None if self.on is None else self.on.isoformat()}

    def __str__(self) -> str:
        costs = f"{self.cycle:,.0f} a day for rolling then, {self.decay:,.0f} of decay today"
        if self.on is None:
            return f"{self.symbol} is worth keeping until it expires ({costs})"
        return f"{self.symbol} is worth rolling out from {self.on:%d %b %Y} ({costs})"


def roll_dates(plan: HedgePlan, chain: Chains) -> tuple[RollDate, ...]:
    """From when on each option that a plan bought and that is alive is worth rolling out, if nothing moves.

    Parameters
    ----------
    plan : HedgePlan
    chain : OptionChain or Market, or several of them
        Newer quotes of the plan's assets.

    Returns
    -------
    tuple of RollDate

    Raises
    ------
    InputError
        If the chains are of other assets, or older than the plan.

    Notes
    -----
    Whoever buys the same strike with the same days to expiry again and again, and holds it for d days each time, pays
    ``(V(0) - V(d) + K) / d`` a day: decay, and what selling the old and buying the new costs. The d at which that is
    least is how long to hold; before it a day of decay costs less than that, after it more. V is read off today's
    surface at today's spot, K are today's spreads and fees. What the option protects meanwhile is not in it: `roll`
    shows that.
    """
    markets = markets_of(chain)
    check_assets(plan, markets)
    made = plan.as_of
    first = min(market.as_of for market in markets.values())
    if first < made:
        raise InputError(f"the chain of {first} is older than the plan, of {made}; give a newer one.")
    return tuple(_dates(plan, markets, made))


def _dates(plan: HedgePlan, markets: dict[str, Market], made: pd.Timestamp) -> Iterator[RollDate]:
    for leg in plan.legs:
        item = leg.instrument
        if not isinstance(item, Option) or leg.quantity <= 0 or item.expiry <= markets[item.asset].as_of:
            continue
        tenor = days(made, item.expiry)
        if tenor >= SHORTEST_CYCLE:
            yield _date(leg, item, markets[item.asset], tenor)


def _date(leg: Leg, item: Option, market: Market, tenor: float) -> RollDate:
    held_for = np.append(np.arange(1.0, tenor), tenor)
    fresh = replace(item, expiry=market.as_of + pd.Timedelta(days=tenor), venue_symbol="")
    values = _values(fresh, market, np.append(0.0, held_for))
    costs = (values[0] - values[1:] + _trading(item, fresh, market, values[0])) / held_for
    best = int(costs.argmin())
    kept = held_for[best] >= tenor
    on = None if kept else item.expiry - pd.Timedelta(days=tenor - held_for[best])
    left = days(market.as_of, item.expiry)
    decay = -np.diff(_values(item, market, np.array([0.0, min(1.0, left)])))[0]
    units = leg.units
    return RollDate(item.symbol, on, float(held_for[best]), tenor, units * float(costs[best]), units * decay)


def _values(option: Option, market: Market, on: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Value of one unit on some days at today's spot. [money]"""
    one = Book([Holding(option, 1.0 / option.terms.multiplier)])
    return np.asarray(one.total(market, grid([0.0], days=on))[0])


def _trading(old: Option, fresh: Option, market: Market, premium: float) -> float:
    """Half spreads and fees of selling one unit and buying another, at today's quotes. [money]"""
    # What it is rolled into need not be listed: it is taken to be as wide as what is held.
    fee = sum(float(item.terms.fee.per_unit(premium, market.spot)) for item in (old, fresh))
    return 2.0 * market.half_spread(old) + fee

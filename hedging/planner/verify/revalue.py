"""Check a plan from its orders alone: the book after them is valued anew and held against every limit.

Nothing here reads the programme: the numbers come from `Book`, `Leg` and the chain's quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging.book.book import Book
from hedging.book.legs import Cost, Leg, cost_of
from hedging.market.contracts import Future, Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.candidates.measures import measures
from hedging.planner.programme.build import growth_of, pnl_of
from hedging.planner.programme.shortfall import Outcomes, quantile_loss, shortfall
from hedging.planner.request.floors import dates_of, floors_of
from hedging.planner.request.target import Limits, Target, limit_name
from hedging.planner.request.view import View, expected_gain
from hedging.planner.request.wording import figure_of

__all__ = ["Check", "Trough", "cost_with_carry", "revalue", "trough_of"]

TOLERANCE = 1e-6  # of a limit's own size


@dataclass(frozen=True, slots=True)
class Check:
    """One limit, and where the book after the plan stands.

    Attributes
    ----------
    limit : str
        As in `Target` and `Limits`.
    value : float
    low, high : float or None
        None for an open side.
    scale : float
        Size that a miss is measured against.
    """

    limit: str
    value: float
    low: float | None = None
    high: float | None = None
    scale: float = 1.0

    @property
    def miss(self) -> float:
        """How far `value` lies outside, in its own unit."""
        below = 0.0 if self.low is None else self.low - self.value
        above = 0.0 if self.high is None else self.value - self.high
        return max(0.0, below, above)

    @property
    def ok(self) -> bool:
        """Whether the limit holds, up to rounding."""
        return self.miss <= TOLERANCE * self.scale

    def __str__(self) -> str:
        low, high = ("any" if side is None else figure_of(self.limit, side) for side in (self.low, self.high))
        return f"{self.limit} is {figure_of(self.limit, self.value)}, allowed {low} to {high}"

    def to_dict(self) -> dict[str, Any]:
        """The check by field."""
        return asdict(self) | {"ok": self.ok}


@dataclass(frozen=True, slots=True)
class Trough:
    """The worst place of a set of scenarios.

    Attributes
    ----------
    pnl : float
        [money]
    share : float
        Of the plan's base. [1]
    scenario : str
    day : float
        [days from now]
    """

    pnl: float
    share: float
    scenario: str
    day: float

    def to_dict(self) -> dict[str, Any]:
        """The trough by field."""
        return asdict(self)


def trough_of(book: Book, markets: Sequence[Market], scenarios: Paths, base: float, start: float) -> Trough:
    """The worst P&L of a book over a scenario set, against a value of `start`."""
    pnl = pnl_of(book, markets, scenarios) + book.value(*markets) - start
    scenario, date = np.unravel_index(np.argmin(pnl), pnl.shape)
    worst = float(pnl[scenario, date])
    return Trough(worst, worst / base, scenarios.labels[int(scenario)], float(scenarios.days[date]))


def cost_with_carry(
    legs: Iterable[Leg], markets: Sequence[Market], horizon: float, view: View | None = None
) -> Cost:
    """What some orders cost: spread and fees, and the carry of perpetuals to the horizon.

    What has an expiry is at a fair price under the chain's own forward and vol, and carries nothing. Under a
    view, what it expects the orders to gain comes off the carry.
    """
    legs = tuple(legs)
    open_ended = Book() + [leg for leg in legs if not isinstance(leg.instrument, Option | Future)]
    carry = sum(
        -open_ended.exposure(market).theta * horizon for market in markets if open_ended.of(market.asset)
    )
    if view is not None:
        carry -= sum(expected_gain(Book() + legs, market, view, horizon) for market in markets)
    return cost_of(legs, carry)


def revalue(
    book: Book,
    legs: Sequence[Leg],
    markets: Sequence[Market],
    target: Target,
    limits: Limits,
    horizon: float,
    scenarios: Paths,
    base: float,
    outcomes: Outcomes | None = None,
) -> list[Check]:
    """Hold `book` plus `legs` against every target and limit; what is minimised is measured, and free."""
    after = book + legs
    checks = []
    for market in markets:
        for measure in measures(target, market, several=len(markets) > 1):
            before, now = measure.of_book(book), measure.of_book(after)
            sizes = [abs(before), *(abs(side) for side in measure.band if side is not None)]
            checks.append(Check(measure.limit, now, *measure.band, scale=max(*sizes, 1e-12)))
        checks += _tails(book, after, legs, market)
        if limits.initial_margin is not None:
            label = limit_name("initial_margin", market.asset, several=len(markets) > 1)
            needed = limits.initial_margin.of(after, market) / base
            checks.append(Check(label, needed, high=limits.initial_margin.most))
    if floors := floors_of(target):
        pnl = _gained(book, legs, markets, scenarios)
        for name, share in floors.items():
            worst = float(pnl[:, dates_of(name, scenarios.days)].min())
            checks.append(Check(name, worst / base, low=share))
    if target.needs_outcomes and outcomes is not None:
        pnl = _gained(book, legs, markets, outcomes.paths)[:, -1]
        if target.shortfall is not None or target.least == "shortfall":
            loss = shortfall(pnl, outcomes.probabilities, target.level) / base
            checks.append(Check("shortfall", -loss, low=target.shortfall))
        if target.value_at_risk is not None:
            loss = quantile_loss(pnl, outcomes.probabilities, target.level) / base
            checks.append(Check("value_at_risk", -loss, low=target.value_at_risk))
    if limits.budget is not None:
        checks.append(Check("budget", cost_of(legs).premium / base, high=limits.budget))
    if limits.cost is not None:
        cost = cost_with_carry(legs, markets, horizon).execution
        checks.append(Check("cost", cost / base, high=limits.cost))
    if limits.gross_vega is not None:
        vegas = [abs((Book() + [leg]).exposure(market).vega) for leg in legs for market in markets]
        checks.append(Check("gross_vega", sum(vegas), high=limits.gross_vega, scale=limits.gross_vega))
    checks.append(Check("max_legs", len(legs), high=limits.max_legs))
    return checks


def _gained(
    book: Book, legs: Sequence[Leg], markets: Sequence[Market], paths: Paths
) -> npt.NDArray[np.float64]:
    """P&L of a book with some orders at every node, without what a quote that beats the mark gains at once."""
    after = book + legs
    pnl = pnl_of(after, markets, paths) + after.value(*markets) - book.value(*markets)
    unearned = sum(max((Book() + [leg]).value(*markets) + abs(leg.units) * leg.fee, 0.0) for leg in legs)
    return np.asarray(pnl - unearned / growth_of(book, markets, paths))


def _tails(book: Book, after: Book, legs: Sequence[Leg], market: Market) -> list[Check]:
    """Whether any tail is shorter than it was, at the time of each expiry."""
    expiries = {
        holding.instrument.expiry
        for holding in after.of(market.asset)
        if isinstance(holding.instrument, Option | Future)
    }
    paid = (
        sum(leg.units * leg.price + abs(leg.units) * leg.fee for leg in legs if leg.pays_coin) / market.spot
    )
    checks = []
    for expiry in sorted(expiries):
        before_c, before_p, before_k = _slopes(book, market.asset, expiry)
        calls, puts, strikes = _slopes(after, market.asset, expiry)
        # A book without coins to cover calls with pays its premium by buying coin: that is no short call.
        owed = max(paid, 0.0) if before_c <= 0.0 else 0.0
        day = f"{expiry:%d %b %Y}"
        checks += [
            Check(f"calls covered, {day}", calls + owed, low=min(0.0, before_c)),
            Check(f"puts covered, {day}", puts, low=min(0.0, before_p)),
            Check(f"puts covered by strike, {day}", strikes, low=min(0.0, before_k), scale=market.spot),
        ]
    return checks


def _slopes(book: Book, asset: str, expiry: pd.Timestamp) -> tuple[float, float, float]:
    """From `expiry` on: slope for spot to infinity, net puts, and net puts times strike."""
    up = puts = strikes = 0.0
    for holding in book.of(asset):
        item = holding.instrument
        if isinstance(item, Option | Future) and item.expiry < expiry:
            continue
        if isinstance(item, Option) and item.flag == "p":
            puts += holding.units
            strikes += holding.units * item.strike
        else:
            up += holding.units
    return up, puts, strikes

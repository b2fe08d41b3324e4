"""The next trades of a plan's delta band: at which spot, how many lots of the perpetual, at what cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import pandas as pd

from hedging._ground.counts import twelve_digits
from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.book.expired import DeliveryPrices, settle
from hedging.book.legs import outright_leg
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.contracts import Perpetual, kind_of, underlying_of
from hedging.market.market import Chains, Market, markets_of
from hedging.monitor.levels import levels
from hedging.monitor.moved import moved
from hedging.planner.candidates.measures import measures
from hedging.planner.request.limit import Limit
from hedging.planner.request.limits import Outright, terms_of_outright
from hedging.planner.request.target import Target
from hedging.planner.result.belonging import check_assets
from hedging.planner.result.checks import Check
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.saved import limits_from, target_from
from hedging.prices.delivery import Deliveries
from hedging.risk.rebalancing import Side, rebalancing_lots

__all__ = ["NextTrade", "NextTrades", "next_trades"]

MOST_TRADES: Final = 20


@dataclass(frozen=True, slots=True)
class NextTrade:
    """A trade in the perpetual that a band of delta asks for.

    Attributes
    ----------
    spot : float
        At which delta leaves the band, each moneyness keeping its vol. [money]
    delta : float
        There, before it. [units]
    lots : int
        > 0 to buy.
    units : float
        Of underlying, signed.
    price : float
        [money]
    cost : float
        Half spread and fee. [money]
    after : float
        Delta after it. [units]
    """

    spot: float
    delta: float
    lots: int
    units: float
    price: float
    cost: float
    after: float

    def __str__(self) -> str:
        side = "buy" if self.units > 0 else "sell"
        return (
            f"at {self.spot:,.6g} {side} {abs(self.units):,.6g} of the perpetual for {self.cost:,.4g}: delta "
            f"{self.delta:,.4g} to {self.after:,.4g}"
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class NextTrades(Shown):
    """The next trades on the way down and up.

    Attributes
    ----------
    now : NextTrade or None
        Where delta is outside its band already.
    below, above : tuple of NextTrade
        In the order in which spot reaches them, each after the one before it; empty where delta stays in its band as
        far as was looked.
    low, high : float or None
        The band. [units]
    """

    now: NextTrade | None
    below: tuple[NextTrade, ...]
    above: tuple[NextTrade, ...]
    low: float | None
    high: float | None

    def to_frame(self) -> pd.DataFrame:
        """One row a trade, ``way`` first: ``now``, ``below``, ``above``."""
        named = [("now", self.now), *(("below", t) for t in self.below), *(("above", t) for t in self.above)]
        return pd.DataFrame([{"way": way} | asdict(trade) for way, trade in named if trade is not None])

    def to_dict(self) -> dict[str, Any]:
        """The trades as plain values."""
        return asdict(self)

    def __repr__(self) -> str:
        lines = [f"  now, {self.now}"] if self.now else []
        lines += [f"  down, {trade}" for trade in self.below] or ["  down, none as far as was looked"]
        lines += [f"  up, {trade}" for trade in self.above] or ["  up, none as far as was looked"]
        ends = ["" if end is None else f"{end:g}" for end in (self.low, self.high)]
        return "\n".join([f"Next trades of delta {' .. '.join(ends)}", *lines])


def next_trades(
    plan: HedgePlan,
    chain: Chains,
    *,
    asset: str | None = None,
    count: int = 2,
    to: Side = "target",
    band: float | None = None,
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
) -> NextTrades:
    """Prices at which delta leaves its band, and the trades in whole lots of the perpetual, or in shares, that bring it back.

    Parameters
    ----------
    plan : HedgePlan
        With a band of delta.
    chain : OptionChain or Market, or several of them
        Today's quotes of the plan's assets.
    asset : str, optional
        Whose trades, where the plan is of several: each band of delta is traded by its own perpetual.
    count : int, >= 1
        Trades each way.
    to : {'target', 'edge'}
        Where a trade goes back to: the middle of the band, or just inside of its edge, which is as good where a trade
        costs in proportion to its size. Where one side of the band is open, the edge.
    band : float, optional
        Half width to hold instead of the plan's, about its middle, such as `hedging.risk.whalley_wilmott` gives;
        needs both sides. [units]
    settled, delivery
        As for `hedging.audit`.

    Returns
    -------
    NextTrades
        At the spread, fee and lot of the plan's ``Outright('perpetual')``, or its usual terms.

    Raises
    ------
    InputError
        If the plan has no band of delta of that asset, it is of several and none is named, or the chain does not fit.
    """
    markets = markets_of(chain)
    check_assets(plan, markets)
    if asset not in (*markets, None) or (asset is None and len(markets) > 1):
        raise InputError(
            f"next trades are of one asset at a time: pass asset=, one of {', '.join(markets)}; got {asset!r}."
        )
    market = markets[asset or next(iter(markets))]
    if not 1 <= count <= MOST_TRADES:
        raise InputError(f"count must be a number of trades from 1 to {MOST_TRADES}; got {count!r}.")
    held = _held(target_from(plan.inputs["target"]), market, band)
    item = underlying_of(market.asset, market.chain.terms)
    terms = terms_of_outright(limits_from(plan.inputs["limits"]))[kind_of(item)]
    if kind_of(item) == "spot":  # shares are traded whole
        terms = replace(terms, lot=max(terms.lot, 1.0))
    before = book_from(plan.inputs["book"]) + plan
    prices = DeliveryPrices.of(settled, delivery, markets)
    book, _ = settle(before, markets, prices, plan.inputs["spot"])
    now = None
    if not held.check(book, market).ok:
        now, book = _trade(held, terms, book, market, to)
    ways = {way: tuple(_along(held, terms, book, market, to, way, count)) for way in ("below", "above")}
    return NextTrades(now, ways["below"], ways["above"], *held.band)


@dataclass(frozen=True, slots=True)
class _Held:
    """The band of delta that is held, counted as the target counts it."""

    target: Target
    band: tuple[float | None, float | None]

    def delta(self, book: Book, market: Market) -> float:
        (measure,) = (
            each for each in measures(self.target, market, several=False) if each.limit.kind == "delta"
        )
        return float(measure.of_book(book))

    def check(self, book: Book, market: Market) -> Check:
        delta = self.delta(book, market)
        return Check(Limit("delta"), delta, *self.band, scale=max(abs(delta), 1.0))

    @property
    def rule(self) -> tuple[float | tuple[float, float], float | tuple[float, float]]:
        """Target and band of a threshold rule: the middle, or the window with an open side."""
        low, high = (
            (-math.inf if self.band[0] is None else self.band[0]),
            (math.inf if self.band[1] is None else self.band[1]),
        )
        if math.isinf(low) or math.isinf(high):
            return (low, high), 0.0
        return (low + high) / 2.0, (high - low) / 2.0


def _held(target: Target, market: Market, band: float | None) -> _Held:
    asked = target.band("delta", market.asset)
    if asked is None or asked == (None, None):
        raise InputError(
            "the plan holds no band of delta, so that no trade is due; plan with Target(delta=...)."
        )
    low, high = asked
    if band is not None:
        if low is None or high is None or not 0.0 < band < math.inf:
            raise InputError(
                f"band must be a half width > 0 about a band of delta with both sides; got {band!r}."
            )
        low, high = (low + high) / 2.0 - band, (low + high) / 2.0 + band
    return _Held(target, (low, high))


def _along(
    held: _Held, terms: Outright, book: Book, market: Market, to: Side, way: str, count: int
) -> Iterator[NextTrade]:
    """Trade after trade in one direction, each from where the one before left off."""
    for _ in range(count):

        def judge(at: Mapping[str, Market], book: Book = book) -> tuple[Check, ...]:
            return tuple(held.check(book, each) for each in at.values())

        found = levels(judge, book, {market.asset: market}, vol=False)
        spot = getattr(found[0], f"spot_{way}") if found else None
        if spot is None:
            return
        market = moved(market, book, spot=spot / market.spot - 1.0)
        trade, book = _trade(held, terms, book, market, to)
        if trade is None:
            return
        yield trade


def _trade(
    held: _Held, terms: Outright, book: Book, market: Market, to: Side
) -> tuple[NextTrade | None, Book]:
    """The trade that brings delta back, and the book after it; None where no lot comes nearer."""
    delta = held.delta(book, market)
    target, band = held.rule
    lots = rebalancing_lots(delta, target, band, lot=terms.lot, to=to)
    if lots == 0:
        return None, book
    units = twelve_digits(lots * terms.lot)
    item = underlying_of(market.asset, market.chain.terms)
    item = replace(item, settlement=terms.settlement) if isinstance(item, Perpetual) else item
    leg = outright_leg(item, market.spot, units, half_spread=terms.half_spread, fee=terms.fee)
    after = book + [leg]
    cost = abs(units) * (leg.half_spread + leg.fee)
    return NextTrade(market.spot, delta, lots, units, leg.price, cost, held.delta(after, market)), after

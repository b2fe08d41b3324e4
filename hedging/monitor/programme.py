"""Which expiries to roll when: dynamic programming over a recombining tree of spot, with spread and fees.

At each date and node a put is kept, or sold and another listed one bought; delta must lie in its band after that, and
what is held must live until the next date. What is made least is what trading is expected to cost: half spreads, those of
today's quotes by days to expiry and moneyness, and fees. Premium is no cost, as in the planner: options are fairly priced by the
chain's own surface, each moneyness keeping its vol.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd

from hedging import greeks
from hedging._ground.counts import number_of, twelve_digits
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.book.book import Book
from hedging.book.expired import DeliveryPrices, settle
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.monitor.spreads import Spreads
from hedging.planner.request.target import Target
from hedging.planner.result.belonging import check_assets, check_one_asset
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.saved import target_from
from hedging.prices.delivery import Deliveries
from hedging.units import DAYS_PER_YEAR, days

__all__ = ["Decision", "Held", "Programme", "programme", "programme_of"]

SAME: Final = 1e-6  # share by which steps between dates may differ
MOST_DATES: Final = 12
MOST_EXPIRIES: Final = 8


class Held(NamedTuple):
    """Puts of one contract: day of expiry from the chain's time, strike [money], units > 0."""

    expiry: float
    strike: float
    units: float


@dataclass(frozen=True, slots=True)
class Decision(Shown):
    """What to hold from a node on, and what trading is expected to cost from there. [money]"""

    held: Held | None
    cost: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Programme(Shown):
    """The cheapest way to hold a band of delta over some dates.

    Attributes
    ----------
    days : tuple of float
        Of the decisions; at the last what is held is sold. [days]
    up : float
        Factor of spot from a node to the next higher one; the lower one is its inverse.
    probability : float
        Of going up, such that spot is not expected to move.
    first : Decision
        Today's, with the expected cost of the whole. [money]
    """

    days: tuple[float, ...]
    up: float
    probability: float
    first: Decision
    _tree: _Tree = field(repr=False)

    def _page(self) -> Page:
        table, market = self.to_frame(), self._tree.market
        expiry = [
            "" if math.isnan(day) else f"{market.as_of + pd.Timedelta(days=day):%d %b %Y}"
            for day in table["expiry"]
        ]
        shown = table.assign(expiry=expiry, rolled=table["rolled"].map({True: "yes", False: ""}))
        head = (
            f"Rolls of {market.asset} over {number_of(self.days[-1], 'day')} in steps of {self.days[1]:g}: trading is expected to "
            f"cost {self.first.cost:,.0f}"
        )
        last = (
            "  the way on which spot stays as near to today's as it can; elsewhere: decision(date, ups, held)"
        )
        return Page(head, (f"  today: {self._words()}", Table(shown), last))

    def _words(self) -> str:
        before, after = self._tree.start, self.first.held
        if after == before:
            return "keep what is held" if after else "hold no put"
        return f"hold {after.units:,.6g} puts of strike {after.strike:,.6g}" if after else "sell the puts"

    def decision(self, date: int, ups: int, held: Held | None) -> Decision:
        """What to do at a node: the date's number, how often spot went up until then, what is held there."""
        if not (0 <= date < len(self.days) - 1 and 0 <= ups <= date):
            raise InputError(
                f"a decision is at date 0 to {len(self.days) - 2}, with 0 to date ups; got {date}, {ups}."
            )
        return self._tree.best(date, ups, held)

    def to_frame(self) -> pd.DataFrame:
        """The path on which spot stays as near as can be to today's: ``day, spot, expiry, strike, units, rolled, cost``."""
        rows, held = [], self._tree.start
        for date, day in enumerate(self.days[:-1]):
            ups = date // 2
            found = self._tree.best(date, ups, held)
            now = found.held or Held(math.nan, math.nan, 0.0)
            rows.append((day, self._tree.spot(date, ups), *now, found.held != held, found.cost))
            held = found.held
        return pd.DataFrame(rows, columns=["day", "spot", "expiry", "strike", "units", "rolled", "cost"])

    def to_dict(self) -> dict[str, Any]:
        """The programme's first decision as plain values."""
        held = None if self.first.held is None else self.first.held._asdict()
        return {"days": list(self.days), "up": self.up, "held": held, "cost": self.first.cost}


def programme(
    book: Book,
    chain: OptionChain | Market,
    target: Target,
    *,
    dates: Sequence[float],
    moneyness: Sequence[float] = (0.9, 1.0),
    held: Held | None = None,
    vol: float | None = None,
) -> Programme:
    """Which put to hold from each date on, over a recombining tree.

    Parameters
    ----------
    book : Book
        Of one asset, without options: those held are `held`.
    chain : OptionChain or Market
    target : Target
        A band of delta, and nothing else: a floor depends on the way that led to a node.
    dates : sequence of float
        Days from now, ascending in equal steps, the first 0. [days]
    moneyness : sequence of float
        Of the puts that may be bought: the listed strikes nearest to these multiples of spot at the node.
    held : Held, optional
        What is held today.
    vol : float, optional
        Of the tree; by default the surface's at the forward of the step. [decimal a year]

    Returns
    -------
    Programme

    Raises
    ------
    InputError
        If the dates are no equal steps, the target is another, or no put keeps the band at some node.
    """
    market = market_of(chain)
    book.check_assets(market)
    steps = np.diff(np.asarray(dates, dtype=float))
    if len(dates) > MOST_DATES + 1:
        raise InputError(f"dates must be {MOST_DATES} steps at most; got {number_of(len(steps), 'step')}.")
    if len(dates) < 2 or dates[0] != 0 or not (steps > 0).all():
        raise InputError(f"dates must ascend from 0 in one step or more; got {list(dates)!r}.")
    if np.ptp(steps) > SAME * steps[0]:
        raise InputError(
            f"dates must have equal steps, or the tree would not recombine; got {list(dates)!r}."
        )
    band = target.band("delta", market.asset)
    others = [name for name, value in target.to_dict().items() if value and name in OTHER_TARGETS]
    if band is None or others:
        raise InputError(f"a programme holds a band of delta alone; got {', '.join(others) or 'none'}.")
    if not moneyness or not all(0.0 < each < math.inf for each in moneyness):
        raise InputError(f"moneyness must be multiples of spot > 0; got {moneyness!r}.")
    step = float(steps[0]) / DAYS_PER_YEAR
    sigma = float(market.smile.vol_at(0.0, step)) if vol is None else vol
    if not 0.0 < sigma < math.inf:
        raise InputError(f"vol must be a number > 0; got {vol!r}.")
    tree = _Tree.of(book, market, band, tuple(map(float, dates)), tuple(moneyness), sigma, held)
    first = tree.best(0, 0, held)
    if not math.isfinite(first.cost):
        raise InputError(
            "no put that is listed keeps delta in its band at every node: widen the band, or give more moneyness."
        )
    return Programme(tree.days, tree.up, tree.probability, first, tree)


def programme_of(
    plan: HedgePlan,
    chain: OptionChain | Market,
    *,
    dates: Sequence[float],
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
) -> Programme:
    """The programme of a plan's band of delta from a newer chain on, starting from the put that it holds.

    Parameters
    ----------
    plan : HedgePlan
        Of one asset. Its other targets are not held: they depend on the way that led to a node.
    chain : OptionChain or Market
        Newer quotes.
    dates : sequence of float
        As for `programme`. [days]
    settled, delivery
        As for `hedging.audit`.

    Raises
    ------
    InputError
        If options other than one bought put are held, and as for `programme`.
    """
    check_one_asset(plan, "a programme")
    market = market_of(chain)
    check_assets(plan, [market.asset])
    prices = DeliveryPrices.of(settled, delivery, [market.asset])
    before = book_from(plan.inputs["book"]) + plan
    book, _ = settle(before, {market.asset: market}, prices, plan.inputs["spot"])
    options = [each for each in book.holdings if isinstance(each.instrument, Option)]
    puts = [each for each in options if each.instrument.flag == "p" and each.units > 0]  # type: ignore[union-attr]
    if len(options) > 1 or len(puts) < len(options):
        raise InputError(
            "a programme starts from one bought put at most; held are "
            + ", ".join(f"{each.quantity:g} {each.instrument.symbol}" for each in options)
        )
    held = None
    for each in puts:
        item = each.instrument
        assert isinstance(item, Option)
        held = Held(days(market.as_of, item.expiry), float(item.strike), each.units)
    rest = book.like(tuple(each for each in book.holdings if each not in options), book.cash, book.accounts)
    target = Target(delta=target_from(plan.inputs["target"]).delta)
    return programme(rest, market, target, dates=dates, held=held)


OTHER_TARGETS: Final = (
    *("gamma", "vega", "theta", "delta_value", "gamma_value", "vega_coin", "theta_coin", "vega_weighted"),
    *("vega_by_days", "floor", "shortfall", "value_at_risk"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Tree:
    """Nodes, candidates and costs; decisions are remembered."""

    market: Market
    days: tuple[float, ...]
    up: float
    probability: float
    position: float
    band: tuple[float | None, float | None]
    strikes: dict[float, np.ndarray[Any, Any]]
    spreads: Spreads
    moneyness: tuple[float, ...]
    start: Held | None
    known: dict[Any, Decision] = field(default_factory=dict)

    @staticmethod
    def of(
        book: Book,
        market: Market,
        band: tuple[float | None, float | None],
        dates: tuple[float, ...],
        moneyness: tuple[float, ...],
        vol: float,
        held: Held | None,
    ) -> _Tree:
        quotes = market.chain.quotes
        puts = quotes[(quotes["flag"] == "p") & quotes["ask"].notna() & quotes["bid"].notna()]
        if puts.empty:
            raise InputError("no put of the chain is quoted on both sides; a programme buys and sells puts.")
        times = np.array([days(market.as_of, each) for each in puts["expiry"]])
        # What expires before the next date would leave nothing in its place until then.
        listed = sorted(set(times[times >= dates[1]]))[:MOST_EXPIRIES]
        strikes = {each: np.sort(puts["strike"].to_numpy()[times == each]) for each in listed}
        spreads = Spreads.of(puts, times, market.spot)
        up = math.exp(vol * math.sqrt((dates[1] - dates[0]) / DAYS_PER_YEAR))
        probability = (1.0 - 1.0 / up) / (up - 1.0 / up)
        position = float(book.exposure(market).delta)
        return _Tree(market, dates, up, probability, position, band, strikes, spreads, moneyness, held)

    def spot(self, date: int, ups: int) -> float:
        return self.market.spot * self.up ** (2 * ups - date)

    def best(self, date: int, ups: int, held: Held | None) -> Decision:
        """The cheapest decision at a node, and what it is expected to cost from there on."""
        key = date, ups, held
        if key not in self.known:
            self.known[key] = self._decide(date, ups, held)
        return self.known[key]

    def _decide(self, date: int, ups: int, held: Held | None) -> Decision:
        alive = None if held is None or held.expiry <= self.days[date] else held
        if date == len(self.days) - 1:
            return Decision(None, self.trading(date, ups, alive))
        found = Decision(None, math.inf)
        for choice in self.choices(date, ups, alive):
            spent = (
                0.0 if choice == alive else self.trading(date, ups, alive) + self.trading(date, ups, choice)
            )
            if spent >= found.cost:
                continue
            later = [self.best(date + 1, ups + k, choice).cost for k in (1, 0)]
            cost = spent + self.probability * later[0] + (1.0 - self.probability) * later[1]
            if cost < found.cost:
                found = Decision(choice, cost)
        return found

    def choices(self, date: int, ups: int, held: Held | None) -> Iterator[Held | None]:
        """What may be held from a node on: what is held, nothing, and each listed put, where delta is in its band."""
        lasts = held is None or held.expiry >= self.days[date + 1]
        if lasts and self.keeps(date, ups, held):
            yield held
        if held is not None and self.keeps(date, ups, None):
            yield None
        spot = self.spot(date, ups)
        for expiry, strikes in self.strikes.items():
            if expiry >= self.days[date + 1]:
                wanted = {float(strikes[np.abs(strikes - each * spot).argmin()]) for each in self.moneyness}
                for strike in sorted(wanted):
                    bought = self.sized(date, ups, expiry, strike)
                    if bought is not None and bought != held:
                        yield bought

    def sized(self, date: int, ups: int, expiry: float, strike: float) -> Held | None:
        """The whole lots of a put that bring delta nearest to the middle of its band; None where none is inside."""
        low, high = self.band
        aim = high if low is None else low if high is None else 0.5 * (low + high)
        assert aim is not None
        _, delta = self.priced(date, ups, Held(expiry, strike, 1.0))
        terms = self.market.chain.terms
        lot = terms.lot * terms.multiplier
        if not delta < 0.0:
            return None
        exact = (self.position - aim) / (-delta * lot)
        for lots in sorted({math.floor(exact), math.ceil(exact)}, key=lambda n: abs(n - exact)):
            held = Held(expiry, strike, twelve_digits(lots * lot))
            if lots > 0 and self.keeps(date, ups, held):
                return held
        return None

    def keeps(self, date: int, ups: int, held: Held | None) -> bool:
        delta = self.position + (0.0 if held is None else held.units * self.priced(date, ups, held)[1])
        low, high = self.band
        return (low is None or delta >= low - 1e-9) and (high is None or delta <= high + 1e-9)

    def priced(self, date: int, ups: int, held: Held) -> tuple[float, float]:
        """Value and delta of one unit of a put at a node. [money], [1]"""
        spot, left = self.spot(date, ups), (held.expiry - self.days[date]) / DAYS_PER_YEAR
        carried = float(self.market.smile.forward(left)) / self.market.spot
        forward = spot * carried
        vol = float(self.market.smile.vol_at(math.log(held.strike / forward), left))
        value = float(greeks.coin_price("p", forward, held.strike, left, vol)) * spot
        # Black-76 over the forward in value, so that the slope per 1.00 of spot is the delta per 1.00 of forward.
        step = 1e-5 * spot
        moved = [
            float(greeks.coin_price("p", (spot + s) * carried, held.strike, left, vol)) * (spot + s)
            for s in (step, -step)
        ]
        return value, (moved[0] - moved[1]) / (2.0 * step)

    def trading(self, date: int, ups: int, held: Held | None) -> float:
        """Half spread and fee of buying or selling what is held at a node. [money]"""
        if held is None or held.expiry <= self.days[date]:
            return 0.0
        value, _ = self.priced(date, ups, held)
        fee = float(self.market.chain.terms.fee.per_unit(value, self.spot(date, ups)))
        spread = self.spreads.at(held.expiry - self.days[date], held.strike / self.spot(date, ups))
        return held.units * (spread * value + fee)

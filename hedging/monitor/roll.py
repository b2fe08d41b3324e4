"""Keeping an overlay beside what could replace it: roll down, roll out, both, monetise, close, plan anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book, Exposure
from hedging.book.expired import DeliveryPrices, Settled, settle
from hedging.book.legs import Cost, Leg, cost_of, option_leg
from hedging.book.saved import book_from
from hedging.errors import HedgingError, InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.paths.paths import grid
from hedging.planner.audit import BOUGHT_FOR, request_after
from hedging.planner.plan import plan
from hedging.planner.request.request import Request
from hedging.planner.result.belonging import check_assets
from hedging.planner.result.checks import Check
from hedging.planner.result.plan import HedgePlan
from hedging.planner.verify.checks import checks_of
from hedging.prices.delivery import Deliveries
from hedging.units import days, utc, years

__all__ = ["Choice", "Roll", "roll"]

KEEP: Final = "keep"
MOVES: Final = np.linspace(-0.7, 0.7, 281)
LOWER: Final = 0.999  # a strike that is lower, not the same


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One thing to do with an overlay now.

    Attributes
    ----------
    name : str
        ``keep``, ``roll down`` (or ``up``), ``roll out``, ``roll down and out``, ``monetise``, ``close``, ``plan anew``.
    legs : tuple of Leg
        What is traded for it.
    cost : Cost
        Of trading it; a premium < 0 is money taken out. [money]
    checks : tuple of Check
        The plan's targets, held against the book after it over the days that are left.
    exposure : Exposure
        After it.
    breakevens : tuple of float
        Prices on the day of comparison at which it does as well as keeping. [money]
    ahead_below : bool
        Whether it does better than keeping below the first of them, or everywhere where there is none.
    bound : float or None
        No plan of its kind has a lower objective, where one was searched for. [money]
    why : str
        Why it cannot be done; empty where it can.
    """

    name: str
    legs: tuple[Leg, ...] = ()
    cost: Cost = field(default_factory=Cost)
    checks: tuple[Check, ...] = ()
    exposure: Exposure | None = None
    breakevens: tuple[float, ...] = ()
    ahead_below: bool = False
    bound: float | None = None
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it can be done, and every target holds after it."""
        return not self.why and all(check.ok for check in self.checks)

    @property
    def floor(self) -> float | None:
        """Worst case over the scenarios of the plan, where it has a floor. [share of base]"""
        return min((check.value for check in self.checks if check.limit.kind == "floor"), default=None)

    def to_dict(self) -> dict[str, Any]:
        """The choice as plain values."""
        return {
            "name": self.name,
            "orders": [
                {
                    "instrument": leg.instrument.symbol,
                    "side": leg.side,
                    "quantity": abs(leg.quantity),
                    "price": leg.price,
                }
                for leg in self.legs
            ],
            "execution": self.cost.execution,
            "premium": self.cost.premium,
            "checks": [check.to_dict() for check in self.checks],
            "ok": self.ok,
            "floor": self.floor,
            "exposure": None if self.exposure is None else self.exposure.to_dict(),
            "breakevens": list(self.breakevens),
            "bound": self.bound,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Roll:
    """What can be done with an overlay now, each beside keeping it.

    Attributes
    ----------
    choices : tuple of Choice
        Keeping it first.
    as_of : Timestamp
    spot : float
        [money]
    day : float
        Days from now on which choices are compared: the first expiry among their legs, or the end of the horizon.
    due_on : Timestamp or None
        From when on a leg has fewer days left than `when`; None where none is asked about.
    settled : tuple of Settled
        What has expired since the plan.
    """

    choices: tuple[Choice, ...]
    as_of: pd.Timestamp
    spot: float
    day: float
    due_on: pd.Timestamp | None = None
    settled: tuple[Settled, ...] = ()

    @property
    def due(self) -> bool:
        """Whether the time to roll has come."""
        return self.due_on is not None and self.due_on <= self.as_of

    def __getitem__(self, name: str) -> Choice:
        for choice in self.choices:
            if choice.name == name:
                return choice
        raise InputError(
            f"no choice is called {name!r}; there are {', '.join(each.name for each in self.choices)}."
        )

    @property
    def cheapest(self) -> Choice | None:
        """The choice after which every target holds that costs least to execute; None if there is none."""
        return min((c for c in self.choices if c.ok), key=lambda c: c.cost.execution, default=None)

    def to_frame(self) -> pd.DataFrame:
        """One row a choice: ``choice, orders, execution, premium`` [money], ``floor`` [share], ``delta, theta, ok, breakevens``."""
        rows = []
        for each in self.choices:
            gone = each.exposure is None
            rows.append(
                {
                    "choice": each.name,
                    "orders": each.why or _words(each.legs) or "nothing",
                    "execution": each.cost.execution,
                    "premium": each.cost.premium,
                    "floor": np.nan if each.floor is None else each.floor,
                    "delta": np.nan if gone else each.exposure.delta,  # type: ignore[union-attr]
                    "theta": np.nan if gone else each.exposure.theta,  # type: ignore[union-attr]
                    "ok": each.ok,
                    "breakevens": ", ".join(f"{price:,.0f}" for price in each.breakevens),
                }
            )
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole as plain values."""
        return {
            "as_of": self.as_of.isoformat(),
            "spot": self.spot,
            "day": self.day,
            "due_on": None if self.due_on is None else self.due_on.isoformat(),
            "due": self.due,
            "choices": [each.to_dict() for each in self.choices],
            "settled": [each.to_dict() for each in self.settled],
        }

    def __repr__(self) -> str:
        table = self.to_frame()
        shown = table.assign(
            execution=table["execution"].map("{:,.0f}".format),
            premium=table["premium"].map("{:,.0f}".format),
            floor=table["floor"].map(lambda x: "" if np.isnan(x) else f"{x:.1%}"),
            delta=table["delta"].map(lambda x: "" if np.isnan(x) else f"{x:.3f}"),
            theta=table["theta"].map(lambda x: "" if np.isnan(x) else f"{x:,.0f}"),
        )
        due = "" if self.due_on is None else f"; due {'since' if self.due else 'from'} {self.due_on:%d %b %Y}"
        return "\n".join(
            [
                f"Roll at {self.spot:,.6g}, {self.as_of:%Y-%m-%d %H:%M} UTC, compared on day {self.day:.1f}{due}",
                shown.to_string(index=False),
                *(f"  {each}" for each in self.settled),
            ]
        )


def roll(
    held: HedgePlan,
    chain: OptionChain | Market,
    *,
    when: float | None = None,
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
    **options: Any,
) -> Roll:
    """What can be done with the puts of a plan now: keep, roll down, roll out, monetise; each with cost and proof.

    Parameters
    ----------
    held : HedgePlan
        Of one asset; the options that it bought are what is rolled.
    chain : OptionChain or Market
        Newer quotes.
    when : float, optional
        Days to expiry under which a leg is due to be rolled. [days]
    settled, delivery
        As for `hedging.audit`.
    **options
        Scenarios, outcomes and effort, as for `hedging.audit`.

    Returns
    -------
    Roll
        ``roll down`` keeps the expiry and takes the listed strike as far from spot as the old one was when planned
        (``roll up`` where spot rose); ``roll out`` keeps the strike and takes the expiry nearest to the days that the
        old one had; ``roll down and out`` does both. ``monetise`` sells what was bought and looks for the cheapest
        lower strikes that meet the plan's targets again, with the solver's bound; ``plan anew`` lets the planner choose,
        held legs included; ``close`` sells. What cannot be done says why.

    Raises
    ------
    InputError
        If the plan is of several assets, bought no option that is still alive, or the chain does not fit it.
    """
    market = market_of(chain)
    check_assets(held, [market.asset])
    if when is not None and not 0.0 <= when < float("inf"):
        raise InputError(f"when must be days to expiry >= 0; got {when!r}.")
    elapsed = days(utc(held.inputs["as_of"]), market.as_of)
    if elapsed < 0:
        raise InputError(f"the chain is {-elapsed:.2f} days older than the plan; roll it on a newer one.")
    markets = {market.asset: market}
    prices = DeliveryPrices.of(settled, delivery, markets)
    book, payments = settle(book_from(held.inputs["book"]) + held, markets, prices, held.inputs["spot"])
    bought = [
        leg
        for leg in held.legs
        if isinstance(leg.instrument, Option) and leg.quantity > 0 and leg.instrument.expiry > market.as_of
    ]
    if not bought:
        raise InputError(
            "the plan bought no option that is still alive: there is nothing to roll; plan anew."
        )
    given = (options.get("scenarios"), options.get("outcomes"), options.get("effort"))
    request = request_after(held, book, (market,), elapsed, *given)
    orders = list(_orders(held, bought, market, request))
    day = _compared_on(request, bought, market)
    value = _later(request.book, (), market, day)
    choices = [
        _choice(name, legs, bound, why, request, held.base, day, value) for name, legs, bound, why in orders
    ]
    first = min(leg.instrument.expiry for leg in bought if isinstance(leg.instrument, Option))
    due_on = None if when is None else first - pd.Timedelta(days=when)
    return Roll(tuple(choices), market.as_of, market.spot, day, due_on, payments)


Order = tuple[str, tuple[Leg, ...], float | None, str]


def _orders(held: HedgePlan, bought: Sequence[Leg], market: Market, request: Request) -> Iterator[Order]:
    """Name, legs, bound and reason of each choice; one that cannot be done has a reason instead of legs."""
    yield KEEP, (), None, ""
    chain, then = market.chain, float(held.inputs["spot"][market.asset])
    down = "roll down" if market.spot < then else "roll up"
    rolls = {down: (True, False), "roll out": (False, True), f"{down} and out": (True, True)}
    for name, (restruck, later) in rolls.items():
        try:
            legs = tuple(_rolled(bought, chain, held, restruck=restruck, later=later))
            yield name, legs, None, "" if legs else "the same contracts are held already"
        except InputError as error:
            yield name, (), None, str(error)
    try:
        sold = tuple(option_leg(chain, _symbol(chain, leg), -leg.quantity) for leg in bought)
        yield "close", sold, None, ""
        yield _searched("monetise", request, sold, bought)
    except InputError as error:
        for name in ("close", "monetise"):
            yield name, (), None, str(error)
    yield _searched("plan anew", request, (), ())


def _searched(name: str, request: Request, sold: tuple[Leg, ...], bought: Sequence[Leg]) -> Order:
    """The cheapest orders after some sales that meet the targets; below the strikes that were sold."""
    limits = request.limits
    if bought:
        strike = min(leg.instrument.strike for leg in bought if isinstance(leg.instrument, Option))
        low, high = limits.moneyness
        high = min(high, LOWER * strike / request.markets[0].spot)
        if low >= high:
            return name, (), None, f"no strike below {strike:,.6g} lies within the plan's moneyness"
        limits = replace(limits, moneyness=(low, high))
    try:
        found = plan(
            request.book + sold,
            request.markets,
            request.target,
            limits,
            horizon=request.horizon,
            scenarios=None if request.by_default else request.scenarios,
            outcomes=None if request.outcomes is None else replace(request.outcomes, reweight=False),
            effort=request.effort,
        )
    except HedgingError as error:
        return name, (), None, str(error)
    return name, (*sold, *found.legs), found.bound + cost_of(sold).execution, ""


def _rolled(
    bought: Sequence[Leg], chain: OptionChain, held: HedgePlan, *, restruck: bool, later: bool
) -> Iterator[Leg]:
    """Sales of what is held, and purchases of as much of what replaces it; nothing of what stays the same."""
    then, made = float(held.inputs["spot"][chain.asset]), utc(held.inputs["as_of"])
    for leg in bought:
        item = leg.instrument
        assert isinstance(item, Option)
        strike = item.strike / then * chain.spot if restruck else item.strike
        tenor = years(made, item.expiry) if later else years(chain.as_of, item.expiry)
        symbol = _nearest(chain, item, strike, tenor, later=later)
        old = _symbol(chain, leg)
        if symbol != old:
            yield option_leg(chain, old, -leg.quantity)
            yield option_leg(chain, symbol, leg.quantity)


def _nearest(chain: OptionChain, item: Option, strike: float, tenor: float, *, later: bool) -> str:
    """The listed contract with an ask whose expiry, then whose strike, is nearest to what is wanted."""
    quotes = chain.quotes[(chain.quotes["flag"] == item.flag) & chain.quotes["ask"].notna()]
    quotes = quotes[quotes["expiry"] > item.expiry] if later else quotes[quotes["expiry"] == item.expiry]
    if quotes.empty:
        raise InputError(
            f"no {'later ' if later else ''}expiry {'' if later else f'of {item.expiry:%d %b %Y} '}has an ask to roll into."
        )
    left = quotes["time_to_expiry"].to_numpy(dtype=float)
    same = quotes[left == left[np.abs(left - tenor).argmin()]]
    place = int(np.abs(np.log(same["strike"].to_numpy(dtype=float) / strike)).argmin())
    return str(same["symbol"].iloc[place])


def _symbol(chain: OptionChain, leg: Leg) -> str:
    """The venue's name of what a leg holds, on a newer chain."""
    item, q = leg.instrument, chain.quotes
    assert isinstance(item, Option)
    rows = q[(q["flag"] == item.flag) & (q["strike"] == item.strike) & (q["expiry"] == item.expiry)]
    if rows.empty:
        raise InputError(f"{item.symbol}, which is held, has no usable quote now.")
    return str(rows["symbol"].iloc[0])


# --- judging ----------------------------------------------------------------------------------------


def _choice(
    name: str,
    legs: tuple[Leg, ...],
    bound: float | None,
    why: str,
    request: Request,
    base: float,
    day: float,
    kept: Array,
) -> Choice:
    """A choice held against the plan's targets, and beside keeping on the day of comparison."""
    if why:
        return Choice(name, why=why)
    market = request.markets[0]
    checks = tuple(c for c in checks_of(request, legs, base) if c.limit.kind not in BOUGHT_FOR)
    ahead = _later(request.book, legs, market, day) - kept
    prices = market.spot * (1.0 + MOVES)
    places = np.flatnonzero(np.sign(ahead[1:]) * np.sign(ahead[:-1]) < 0)
    crossings = [
        float(prices[k] - ahead[k] * (prices[k + 1] - prices[k]) / (ahead[k + 1] - ahead[k])) for k in places
    ]
    after = request.book + legs
    return Choice(
        name,
        legs,
        cost_of(legs),
        checks,
        after.exposure(market),
        tuple(crossings),
        bool(ahead[0] > 0.0),
        bound,
    )


def _later(book: Book, legs: Sequence[Leg], market: Market, day: float) -> Array:
    """Value of the book after some orders on a day, over the prices of `MOVES`, each moneyness keeping its vol."""
    after = book + legs
    return np.asarray(after.cash + after.values(market, grid(MOVES, days=[day])).sum(axis=2)[:, 0])


def _compared_on(request: Request, bought: Sequence[Leg], market: Market) -> float:
    """The first expiry of what was bought, or the end of the horizon if that comes before."""
    left = [days(market.as_of, leg.instrument.expiry) for leg in bought if isinstance(leg.instrument, Option)]
    return min(min(left), request.horizon)


def _words(legs: Sequence[Leg]) -> str:
    return ", ".join(f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}" for leg in legs)

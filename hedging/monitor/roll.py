"""Keeping an overlay beside what could replace it: roll down, roll out, both, monetise, close, plan anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.expired import DeliveryPrices, settle
from hedging.book.legs import Leg, cost_of, option_leg
from hedging.book.saved import book_from
from hedging.errors import HedgingError, InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
from hedging.market.market import Market, market_of
from hedging.monitor.choices import Choice, Roll
from hedging.monitor.renewal import roll_dates
from hedging.paths.paths import grid
from hedging.planner.audit import BOUGHT_FOR, request_after
from hedging.planner.plan import plan
from hedging.planner.request.request import Request
from hedging.planner.result.belonging import check_assets, check_one_asset
from hedging.planner.result.plan import HedgePlan
from hedging.planner.verify.checks import checks_of
from hedging.prices.delivery import Deliveries
from hedging.units import days, years

__all__ = ["roll"]

KEEP: Final = "keep"
MOVES: Final = np.linspace(-0.7, 0.7, 281)
LOWER: Final = 0.999  # a strike that is lower, not the same


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
    check_one_asset(held, "a roll")
    market = market_of(chain)
    check_assets(held, [market.asset])
    if when is not None and not 0.0 <= when < float("inf"):
        raise InputError(f"when must be days to expiry >= 0; got {when!r}.")
    elapsed = days(held.as_of, market.as_of)
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
    base = held.base_at({market.asset: market.spot})
    choices = [
        _choice(name, legs, bound, why, request, base, day, value) for name, legs, bound, why in orders
    ]
    first = min(leg.instrument.expiry for leg in bought if isinstance(leg.instrument, Option))
    due_on = None if when is None else first - pd.Timedelta(days=when)
    dates = roll_dates(held, market)
    return Roll(tuple(choices), market.as_of, market.spot, day, due_on, payments, dates)


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
    then, made = float(held.inputs["spot"][chain.asset]), held.as_of
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
    return np.asarray(after.cash + after.total(market, grid(MOVES, days=[day]))[:, 0])


def _compared_on(request: Request, bought: Sequence[Leg], market: Market) -> float:
    """The first expiry of what was bought, or the end of the horizon if that comes before."""
    left = [days(market.as_of, leg.instrument.expiry) for leg in bought if isinstance(leg.instrument, Option)]
    return min(min(left), request.horizon)

"""A saved plan against newer quotes: what it costs now, what of it drifted, what restores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from hedging._ground.arguments import takes
from hedging._ground.counts import number_of
from hedging.book.book import Book, Exposure
from hedging.book.expired import DeliveryPrices, Settled, expiry_name, settle
from hedging.book.legs import Cost, Leg, cost_of
from hedging.book.saved import book_from
from hedging.errors import HedgingError, InputError
from hedging.market.market import Chains, Market, markets_of
from hedging.paths.by_asset import PathsBy
from hedging.paths.paths import Paths
from hedging.planner.candidates.build import candidates_of
from hedging.planner.candidates.orders import leg_on
from hedging.planner.outcomes.free_lunch import check_outcomes
from hedging.planner.plan import plan
from hedging.planner.programme.build import build
from hedging.planner.request.effort import Effort
from hedging.planner.request.floors import days_left
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.price_history import Backed, PriceHistory
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.result.audit import Audit
from hedging.planner.result.belonging import check_assets, check_book, days_since
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.saved import limits_from, target_from
from hedging.planner.verify.checks import checks_of
from hedging.prices import Prices
from hedging.prices.delivery import Deliveries
from hedging.units import days

__all__ = ["BOUGHT_FOR", "Audit", "audit", "request_after"]

BOUGHT_FOR = ("budget", "max_legs")  # limits on what was bought, which is held by now


@takes(saved=HedgePlan)
def audit(
    saved: HedgePlan,
    chain: Chains,
    *,
    scenarios: Paths | None = None,
    outcomes: Outcomes | PathsBy | None = None,
    effort: Effort | None = None,
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
    book: Book | None = None,
    prices: Prices | PriceHistory | None = None,
    restore: bool = True,
) -> Audit:
    """Hold a plan against newer quotes.

    Judged, and restored, over the days of its horizon that are left, or over as many again once they are over. A
    floor by day is asked for the days that are left until then; one whose day is over is asked no more. What has
    expired since is settled first. The verdict never depends on whether anything restores it.

    Parameters
    ----------
    saved : HedgePlan
        As planned or as read back from its file.
    chain : OptionChain or Market, or several of them
        Newer quotes of the same assets.
    scenarios : Paths, optional
        What a floor holds over, where the plan was not made with the default ones: a plan does not save them.
    outcomes : Outcomes, Paths, or a mapping of asset to Paths, optional
        What an expected shortfall is taken over; a plan with one does not save them. Those it was made with
        judge it by the same measure, new ones by today's. Where the plan moved their probabilities to fit the
        quotes, they are moved to fit the newer ones.
    effort : Effort, optional
        Of the search for what restores it.
    settled : mapping, optional
        Delivery prices by expiry, ``{"BTC-27FEB26": 67690.6}``. [money]
    delivery : path, Series, Delivery, or several of them, optional
        Delivery prices that an exchange published, or hour bars; see `hedging.prices.read_delivery`. Of what is in
        neither, the index of `chain` counts within a day of the expiry, and is named.
    book : Book, optional
        Whose plan it must be.
    prices : Prices or PriceHistory, optional
        Newer prices of every coin, where some have no chain: their markets, and outcomes drawn as for the plan.
    restore : bool
        Whether to look for what restores it.

    Raises
    ------
    InputError
        If the quotes are older than the plan or of other assets, the plan is of another book, a delivery price is
        missing, or the plan has an expected shortfall and there are no outcomes to take it over.
    """
    before = book_from(saved.inputs["book"])
    if prices is None:
        found = markets_of(chain)
    else:
        backed = _backed(saved, before, chain, prices, outcomes)
        found, outcomes = {market.asset: market for market in backed.markets}, backed.outcomes
    check_assets(saved, found)
    if book is not None:
        check_book(saved, book)
    elapsed = days_since(saved, found)
    published = DeliveryPrices.of(settled, delivery, found)
    after, payments = settle(before + saved, found, published, saved.inputs["spot"])
    alone, _ = settle(before, found, replace(published, given=_of_held(published, payments, before)))
    request = request_after(saved, after, tuple(found.values()), elapsed, scenarios, outcomes, effort)
    spots = {name: each.spot for name, each in found.items()}
    checks = (
        check for check in checks_of(request, (), saved.base_at(spots)) if check.limit.kind not in BOUGHT_FOR
    )
    value = after.value(*request.markets)
    gain = value - before.cash - sum(exposure.value for exposure, _ in saved.exposures)
    overlay_gain = value - alone.value(*request.markets)
    coin = before.numeraire if before.numeraire in spots else ""
    repair, message = _restore(request) if restore else (None, "No repair was looked for.")
    return Audit(
        days=elapsed,
        gain=gain,
        overlay_gain=overlay_gain,
        checks=tuple(checks),
        drift=_drift({exposure.asset: planned for exposure, planned in saved.exposures}, request),
        cost_now=_cost_now(saved.legs, request),
        restore=repair,
        message=f"{_over(saved, elapsed)}{message}",
        settled=payments,
        as_of=request.markets[0].as_of,
        entering=saved.entering,
        currency=saved.inputs["currency"],
        coin=coin,
        in_coin=(saved.coins_gained(gain, spots), overlay_gain / spots[coin]) if coin else None,
    )


def _backed(
    saved: HedgePlan, book: Book, chain: Chains, prices: Prices | PriceHistory, outcomes: object
) -> Backed:
    """Markets and outcomes from prices, drawn as they were for the plan, for the days that are left."""
    drawn = {name: saved.inputs.get("prices", {}).get(name) for name in ("days", "scenarios", "seed")}
    history = (
        prices
        if isinstance(prices, PriceHistory) or None in drawn.values()
        else PriceHistory(prices, **drawn)
    )
    history = PriceHistory.of(history)
    whole = saved.inputs["horizon_days"]
    target = replace(target_from(saved.inputs["target"]), minimise="cost")
    markets = history.markets(book, chain)
    left = whole - days(saved.as_of, max(market.as_of for market in markets))
    return history.behind(book, markets, target, left if left > 0.0 else whole, outcomes)


def _over(saved: HedgePlan, elapsed: float) -> str:
    """That the horizon has ended, and what limits are judged over since."""
    whole = saved.inputs["horizon_days"]
    if elapsed < whole:
        return ""
    return f"The {number_of(whole, 'day')} of the plan are over: what is to hold over them is judged over as many again. "


def _of_held(prices: DeliveryPrices, payments: Sequence[Settled], book: Book) -> dict[str, float]:
    """The given prices of what a book itself holds: the others are of the plan's legs."""
    held = {item.instrument for item in book.holdings}
    names = {
        expiry_name(each.holding.asset, each.expiry) for each in payments if each.holding.instrument in held
    }
    return {name: price for name, price in prices.given.items() if name in names}


def request_after(
    saved: HedgePlan,
    after: Book,
    markets: tuple[Market, ...],
    elapsed: float,
    scenarios: Paths | None,
    outcomes: Outcomes | PathsBy | None,
    effort: Effort | None,
) -> Request:
    """What the book after the plan is held to, for the days that are left."""
    inputs = saved.inputs
    # What was minimised or expected to gain is no limit to go back to, and its cost is spent.
    target = replace(_left(target_from(inputs["target"]), elapsed), minimise="cost")
    # Of the order books of that day nothing is left.
    limits = replace(limits_from(inputs["limits"]), depth={}, cost=None)
    if target.needs_outcomes and outcomes is None:
        raise InputError(
            "the outcomes of an expected shortfall or value at risk are not saved with its plan: pass them, "
            "hedging.audit(plan, chain, outcomes=...), or prices=... where they were drawn from prices."
        )
    if scenarios is None and target.floor is not None and not inputs["scenarios"].get("default"):
        raise InputError(
            "the floor of this plan holds over scenarios of its own, which are not saved with it: pass them, "
            "hedging.audit(plan, chain, scenarios=...)."
        )
    drawn = Outcomes.of(outcomes) if target.needs_outcomes and outcomes is not None else None
    if drawn is not None and inputs.get("reweighted"):
        drawn = replace(drawn, reweight=True)
    left = inputs["horizon_days"] - elapsed
    request = Request.of(
        after,
        markets,
        target,
        limits,
        horizon=left if left > 0.0 else inputs["horizon_days"],
        scenarios=scenarios,
        outcomes=drawn,
        effort=replace(effort or Effort(), alternatives=False),
    )
    if drawn is not None and drawn.reweight:
        request, *_ = check_outcomes(request, build(request, candidates_of(request)))
    return request


def _left(target: Target, elapsed: float) -> Target:
    """The target some days later: what a floor by day asked of days that are over is asked no more."""
    floor = days_left(target.floor, elapsed)
    gone = {"floor"} if floor is None else set()
    soft = {name: price for name, price in target.soft.items() if name not in gone}
    return replace(target, floor=floor, soft=soft)


def _restore(request: Request) -> tuple[HedgePlan | None, str]:
    try:
        found = plan(
            request.book,
            request.markets,
            request.target,
            request.limits,
            horizon=request.horizon,
            scenarios=None if request.by_default else request.scenarios,
            outcomes=None if request.outcomes is None else replace(request.outcomes, reweight=False),
            effort=request.effort,
        )
    except InfeasibleHedgeError as error:
        return None, f"Nothing restores it: {error}"
    except HedgingError as error:
        # No quote in the plan's window, above all: the verdict stands without a repair.
        return None, f"No repair: {error}"
    if not found.legs:
        return found, "Nothing to trade."
    orders = ", ".join(f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}" for leg in found.legs)
    return (
        found,
        f"To restore it: {orders} (execution {found.cost.execution:,.0f} {found.inputs['currency']}).",
    )


def _cost_now(legs: Sequence[Leg], request: Request) -> Cost | None:
    markets = {market.asset: market for market in request.markets}
    try:
        now = [
            leg_on(leg.instrument, markets[leg.instrument.asset], leg.quantity, request.limits)
            for leg in legs
        ]
    except InputError:
        return None
    return cost_of(now)


def _drift(then: dict[str, Exposure], request: Request) -> pd.DataFrame:
    rows = {}
    for market in request.markets:
        now = request.book.exposure(market)
        for name in ("spot", "delta", "gamma", "vega", "theta"):
            rows[(market.asset, name)] = (getattr(then[market.asset], name), getattr(now, name))
    index = pd.MultiIndex.from_tuples(list(rows), names=["asset", "greek"])
    return pd.DataFrame(list(rows.values()), index=index, columns=["planned", "now"])

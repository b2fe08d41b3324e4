"""A saved plan against newer quotes: what it costs now, what of it drifted, what restores it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pandas as pd

from hedging.book.book import Exposure
from hedging.book.entering import Entering
from hedging.book.legs import Cost, Leg, cost_of
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.market import Chains, markets_of
from hedging.paths.paths import Paths
from hedging.planner.candidates.candidates import candidates_of
from hedging.planner.candidates.orders import leg_on
from hedging.planner.outcomes.free_lunch import check_outcomes
from hedging.planner.plan import plan
from hedging.planner.programme.build import build
from hedging.planner.request.effort import Effort
from hedging.planner.request.floors import days_left
from hedging.planner.request.outcomes import Outcomes
from hedging.planner.request.request import Request
from hedging.planner.request.target import Target
from hedging.planner.result.checks import Check
from hedging.planner.result.infeasible import InfeasibleHedgeError
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.saved import limits_from, target_from
from hedging.planner.verify.checks import checks_of
from hedging.units import days, utc

__all__ = ["Audit", "audit"]

BOUGHT_FOR = ("budget", "max_legs")  # limits on what was bought, which is held by now


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """How a plan stands on newer quotes.

    Attributes
    ----------
    days : float
        Since the plan was made.
    gain : float
        P&L of book and plan since then. [money]
    overlay_gain : float
        The part that the plan's legs made, what was paid for them included. [money]
    checks : tuple of Check
        Targets held against the book with the plan, today.
    drift : DataFrame
        Greeks when planned and now, per asset.
    cost_now : Cost or None
        What the same orders would cost today; None where one of them is no longer quoted.
    restore : HedgePlan or None
        What to trade to meet every target again, from today for as long as is left; None if nothing does.
    message : str
    entering : Entering or None
        From what the overlay cost to enter to what of its gain it made at once.
    """

    days: float
    gain: float
    overlay_gain: float
    checks: tuple[Check, ...]
    drift: pd.DataFrame
    cost_now: Cost | None
    restore: HedgePlan | None
    message: str
    entering: Entering | None = None

    @property
    def ok(self) -> bool:
        """Whether every target still holds."""
        return all(check.ok for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain values; money is the quote currency."""
        drift = self.drift.reset_index().to_dict(orient="records")
        return {
            "days": self.days,
            "ok": self.ok,
            "gain": self.gain,
            "overlay_gain": self.overlay_gain,
            "checks": [check.to_dict() for check in self.checks],
            "drift": [{str(name): value for name, value in row.items()} for row in drift],
            "cost_now": None if self.cost_now is None else asdict(self.cost_now),
            "restore": None if self.restore is None else self.restore.to_dict(),
            "message": self.message,
            "entering": None if self.entering is None else self.entering.to_dict(),
        }

    def __repr__(self) -> str:
        held = "every target holds" if self.ok else "; ".join(str(c) for c in self.checks if not c.ok)
        lines = [
            f"Audit after {self.days:.2f} days: {held}",
            f"  gain {self.gain:,.0f}, of which overlay {self.overlay_gain:,.0f}",
            self.drift.to_string(float_format="{:,.5g}".format),
        ]
        if self.entering is not None:
            since = round(self.overlay_gain - self.entering.at_once, 2) + 0.0
            lines.append(f"  the overlay gained {self.entering}, and {since:+,.2f} since")
        if self.cost_now is not None:
            lines.append(
                f"  the same orders now: execution {self.cost_now.execution:,.0f}, premium {self.cost_now.premium:,.0f}"
            )
        return "\n".join([*lines, self.message])


def audit(
    saved: HedgePlan,
    chain: Chains,
    *,
    scenarios: Paths | None = None,
    outcomes: Outcomes | Paths | None = None,
    effort: Effort | None = None,
) -> Audit:
    """Hold a plan against newer quotes.

    Judged, and restored, over the days of its horizon that are left, or over as many again once they are over. A
    floor by day is asked for the days that are left until then; one whose day is over is asked no more.

    Parameters
    ----------
    saved : HedgePlan
        As planned or as read back from its file.
    chain : OptionChain or Market, or several of them
        Newer quotes of the same assets.
    scenarios : Paths, optional
        What a floor holds over, where the plan was not made with the default ones: a plan does not save them.
    outcomes : Outcomes or Paths, optional
        What an expected shortfall is taken over; a plan with one does not save them. Those it was made with
        judge it by the same measure, new ones by today's. Where the plan moved their probabilities to fit the
        quotes, they are moved to fit the newer ones.
    effort : Effort, optional
        Of the search for what restores it.

    Raises
    ------
    InputError
        If the quotes are older than the plan, one of its legs has expired since, or it has an expected
        shortfall and there are no outcomes to take it over.
    """
    inputs = saved.inputs
    book, target, limits = (
        book_from(inputs["book"]),
        target_from(inputs["target"]),
        replace(limits_from(inputs["limits"]), depth={}),  # of the order books of that day nothing is left
    )
    markets = tuple(markets_of(chain).values())
    elapsed = days(utc(inputs["as_of"]), markets[0].as_of)
    if elapsed < 0:
        raise InputError(f"the chain is {-elapsed:.2f} days older than the plan; audit it with a newer one.")
    # What was minimised or expected to gain is no limit to go back to, and its cost is spent.
    target, limits = replace(_left(target, elapsed), minimise="cost"), replace(limits, cost=None)
    if target.needs_outcomes and outcomes is None:
        raise InputError(
            "the outcomes of an expected shortfall or value at risk are not saved with its plan: pass them, "
            "hedging.audit(plan, chain, outcomes=...)."
        )
    outcomes = outcomes if target.needs_outcomes else None
    left = inputs["horizon_days"] - elapsed
    horizon = left if left > 0.0 else inputs["horizon_days"]
    if isinstance(outcomes, Paths):
        outcomes = Outcomes(outcomes)
    if outcomes is not None and inputs.get("reweighted"):
        outcomes = replace(outcomes, reweight=True)
    request = Request.of(
        book + saved,
        markets,
        target,
        limits,
        horizon=horizon,
        scenarios=scenarios,
        outcomes=outcomes,
        effort=replace(effort or Effort(), alternatives=False),
    )
    if scenarios is None and target.floor is not None and not inputs["scenarios"].get("default"):
        raise InputError(
            "the floor of this plan holds over scenarios of its own, which are not saved with it: pass them, "
            "hedging.audit(plan, chain, scenarios=...)."
        )
    if outcomes is not None and outcomes.reweight:
        request, *_ = check_outcomes(request, build(request, candidates_of(request)))
    checks = (check for check in checks_of(request, (), saved.base) if check.limit.kind not in BOUGHT_FOR)
    then = {before.asset: after for before, after in saved.exposures}
    value = request.book.value(*markets)
    restore, message = _restore(request)
    return Audit(
        days=elapsed,
        gain=value - book.cash - sum(before.value for before, _ in saved.exposures),
        overlay_gain=value - book.value(*markets),
        checks=tuple(checks),
        drift=_drift(then, request),
        cost_now=_cost_now(saved.legs, request),
        restore=restore,
        message=message,
        entering=saved.entering,
    )


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
    if not found.legs:
        return found, "Nothing to trade."
    orders = ", ".join(f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}" for leg in found.legs)
    return found, f"To restore it: {orders} (execution {found.cost.execution:,.0f})."


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

"""A plan that is read back, held against itself: orders against cost, exposure, checks and status.

A digest says that a file is as it was written; this says that what was written is one plan, whoever wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from hedging.book.legs import Leg, cost_of
from hedging.book.packages import package_fees
from hedging.book.saved import legs_to_dicts
from hedging.market.contracts import Option
from hedging.planner.request.limit import BANDS, FLOOR
from hedging.planner.request.limits import Limits
from hedging.planner.request.target import Target
from hedging.planner.result.checks import Check
from hedging.planner.result.objective import objective_of
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.status import PlanStatus
from hedging.planner.result.values import Alternative

__all__ = ["contradictions"]

ROUNDING: Final = 1e-9  # of the size of what was added up
VALUED: Final = 1e-6  # the same where a Greek is a sum over legs valued one by one
OF_OPTIONS: Final = ("gamma", "vega")  # which other instruments have none of
OF_ALL: Final = ("value", "delta", "theta")


@dataclass(frozen=True, slots=True)
class Claim:
    """A field of the file, what it says, what the rest of the file makes it, and how far apart is rounding."""

    field: str
    says: Any
    follows: Any
    why: str
    tolerance: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether both are the same, up to rounding."""
        if isinstance(self.says, float | int) and isinstance(self.follows, float | int):
            return abs(self.says - self.follows) <= self.tolerance
        return bool(self.says == self.follows)


Claims: TypeAlias = Iterator[Claim]


def contradictions(plan: HedgePlan, saved: dict[str, Any], target: Target, limits: Limits) -> Iterator[str]:
    """What in a plan does not belong together, in words, each naming its field.

    Parameters
    ----------
    plan : HedgePlan
        As built from the file.
    saved : dict
        What the file says.
    target, limits : Target, Limits
        Those of the plan.
    """
    for claim in _claims(plan, saved, target, limits):
        if not claim.holds:
            yield f"{claim.field} is {claim.says!r:.80}, but {claim.why} {claim.follows!r:.80}"


def _claims(plan: HedgePlan, saved: dict[str, Any], target: Target, limits: Limits) -> Claims:
    yield from _of_orders(plan.legs, saved["orders"], limits, "orders")
    yield from _of_cost(plan.legs, saved["cost"], "cost")
    for i, (item, said) in enumerate(zip(plan.alternatives, saved["alternatives"], strict=True)):
        yield from _of_alternative(item, said, limits, f"alternatives.{i}")
    yield from _of_exposures(plan, saved)
    yield from _of_checks(plan, saved, target, limits)
    yield from _of_proof(plan, saved, target, limits)
    yield from _of_entering(plan, saved)
    yield from _of_decay(plan, saved)
    yield from _of_worst(plan)
    yield from _of_promise(plan, saved)
    if saved.get("package_fees") is not None:
        fees = package_fees(plan.legs)
        yield _same("package_fees", saved["package_fees"], fees, "the orders as packages are charged", fees)
    yield from _of_numeraires(plan, saved)
    yield Claim("id", saved["id"], plan.id, "the digest of inputs and orders is")


def _same(field: str, says: float, follows: float, why: str, size: float, share: float = ROUNDING) -> Claim:
    return Claim(field, says, follows, why, share * max(abs(size), abs(follows)) + 1e-12)


def _of_orders(legs: Sequence[Leg], said: Sequence[dict[str, Any]], limits: Limits, where: str) -> Claims:
    for i, (leg, row, again) in enumerate(zip(legs, said, legs_to_dicts(legs), strict=True)):
        for name in ("instrument", "quote_unit"):
            yield Claim(f"{where}.{i}.{name}", row[name], again[name], "the terms of the order make it")
        for name in ("limit_price", "limit_price_money", "premium", "half_spread", "fees"):
            why = "quantity and price per unit make it"
            yield _same(f"{where}.{i}.{name}", row[name], again[name], why, again[name])
        yield _of_limit_price(leg, limits, f"{where}.{i}.limit_price_money")


def _of_limit_price(leg: Leg, limits: Limits, field: str) -> Claim:
    """The limit of an order: its price, or the worst level of the ladder that it may climb."""
    ladder = limits.ladders.get(leg.instrument.symbol)
    if ladder is None or not isinstance(leg.instrument, Option):
        return _same(field, leg.limit, leg.price, "the quote that it takes is", leg.price)
    money = leg.spot if leg.pays_coin else 1.0
    levels = [price * money for price, _ in (ladder.asks if leg.quantity > 0 else ladder.bids)]
    nearest = min(levels, key=lambda level: abs(level - leg.limit), default=math.nan)
    return _same(field, leg.limit, nearest, "the nearest level of the order book is", nearest)


def _of_cost(legs: Sequence[Leg], said: Mapping[str, float], where: str) -> Claims:
    summed = cost_of(legs, said["carry"])
    for name in ("half_spread", "fees", "premium"):
        gross = sum(abs(getattr(cost_of([leg]), name)) for leg in legs)
        yield _same(f"{where}.{name}", said[name], getattr(summed, name), "the orders add up to", gross)
    yield _same(
        f"{where}.execution", said["execution"], summed.execution, "its parts add up to", summed.execution
    )


def _of_alternative(item: Alternative, said: dict[str, Any], limits: Limits, where: str) -> Claims:
    yield from _of_orders(item.legs, said["orders"], limits, f"{where}.orders")
    yield from _of_cost(item.legs, said["cost"], f"{where}.cost")
    for i, (check, row) in enumerate(zip(item.misses, said["misses"], strict=True)):
        yield Claim(f"{where}.misses.{i}.ok", row["ok"], check.ok, "its value makes it")


def _of_exposures(plan: HedgePlan, saved: dict[str, Any]) -> Claims:
    yield Claim("after", list(saved["after"]), list(saved["before"]), "before has the assets")
    for before, after in plan.exposures:
        for name, side in (("before", before), ("after", after)):
            field = f"{name}.{before.asset}"
            spot = plan.inputs["spot"].get(before.asset)
            yield Claim(f"{field}.spot", side.spot, spot, "spot of the inputs is")
            for derived in ("delta_value", "gamma_value"):
                follows = getattr(side, derived)
                said = saved[name][before.asset][derived]
                yield _same(f"{field}.{derived}", said, follows, "delta, gamma and spot make it", follows)
        if plan.leg_greeks:
            yield from _of_change(plan, before.asset)


def _of_change(plan: HedgePlan, asset: str) -> Claims:
    """What the orders add to an exposure, from the Greeks of one unit of each."""
    before, after = next(pair for pair in plan.exposures if pair[0].asset == asset)
    legs = [leg for leg in plan.legs if leg.instrument.asset == asset]
    unit = {each.instrument: each for each in plan.leg_greeks}
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    if any(leg.instrument.symbol not in unit for leg in options):
        yield Claim(
            "leg_greeks", sorted(unit), sorted(leg.instrument.symbol for leg in options), "orders are"
        )
        return
    paid = {
        "value": sum(leg.paid for leg in legs if leg.pays_coin),
        "delta": sum(leg.paid / leg.spot for leg in legs if leg.pays_coin),
    }
    for name in (*OF_OPTIONS, *(OF_ALL if len(options) == len(legs) else ())):
        parts = [leg.units * _of_unit(unit[leg.instrument.symbol], name) for leg in options]
        follows = getattr(before, name) + sum(parts) - paid.get(name, 0.0)
        size = sum(map(abs, parts)) + abs(getattr(before, name)) + abs(paid.get(name, 0.0))
        why = "what is held and the Greeks of the orders add up to"
        yield _same(f"after.{asset}.{name}", getattr(after, name), follows, why, size, VALUED)


def _of_unit(greeks: Any, name: str) -> float:
    return float(greeks.price if name == "value" else getattr(greeks, name))


def _of_checks(plan: HedgePlan, saved: dict[str, Any], target: Target, limits: Limits) -> Claims:
    for i, (check, said) in enumerate(zip(plan.checks, saved["checks"], strict=True)):
        field = f"checks.{i}"
        yield Claim(f"{field}.limit", said["limit"], str(check.limit), "it is of")
        yield Claim(f"{field}.ok", said["ok"], check.ok, "its value makes it")
        yield from _of_check(plan, check, target, limits, field)
        if plan.status is not PlanStatus.CLOSEST and target.miss_price(check.limit) is None:
            yield Claim(f"{field}.ok", said["ok"], True, f"a plan that is {plan.status} meets every limit")


def _of_check(plan: HedgePlan, check: Check, target: Target, limits: Limits, field: str) -> Claims:
    """The value and the sides of one check, where the plan shows what they follow from."""
    limit, base = check.limit, plan.base
    values = {"max_legs": float(len(plan.legs)), "budget": cost_of(plan.legs).premium / base}
    values["cost"] = (plan.cost.half_spread + plan.cost.fees + plan.cost.carry) / base
    sides: dict[str, tuple[float | None, float | None]] = {
        "max_legs": (None, limits.max_legs),
        "budget": (None, limits.budget),
        "cost": (None, limits.cost),
    }
    if plan.inputs.get("view") is not None:
        del values["cost"]  # what a view expects is no part of the limit
    pair = next((p for p in plan.exposures if p[0].asset == (limit.asset or plan.before.asset)), None)
    if limit.window is None and pair is not None and (band := _band(target, limit.kind, pair[0].asset)):
        sides[limit.kind] = band
        if not limit.rule and not target.robust and hasattr(pair[1], limit.kind):  # else of another surface
            values[limit.kind] = getattr(pair[1], limit.kind)
    if limit.kind in values:
        follows = values[limit.kind]
        yield _same(f"{field}.value", check.value, follows, "orders and exposure make it", check.scale)
    if limit == FLOOR:
        follows = min(check.value, plan.troughs[1].share)
        yield _same(f"{field}.value", check.value, follows, "the worst case after the orders is", 1.0)
    if limit.kind in sides:
        yield Claim(f"{field}.low", check.low, sides[limit.kind][0], "the target or limit is")
        yield Claim(f"{field}.high", check.high, sides[limit.kind][1], "the target or limit is")


def _band(target: Target, kind: str, asset: str) -> tuple[float | None, float | None] | None:
    return target.band(kind, asset) if kind in BANDS else None


def _of_proof(plan: HedgePlan, saved: dict[str, Any], target: Target, limits: Limits) -> Claims:
    yield _same("gap", saved["gap"], plan.gap, "objective and bound make it", 1.0)
    if plan.status is PlanStatus.CLOSEST:
        return  # what comes closest minimises the misses, not the cost
    low = min(plan.bound, plan.objective)
    yield _same(
        "bound", plan.bound, low, "no plan, and so not this one, has an objective below it", plan.base, 1e-9
    )
    follows = objective_of(target, limits, len(plan.legs), plan.cost, plan.checks, plan.base)
    yield _same("objective", plan.objective, follows, "cost, legs and misses make it", plan.base)


def _of_entering(plan: HedgePlan, saved: dict[str, Any]) -> Claims:
    if saved.get("entering") is None:  # as in plans before there was one
        return
    if plan.entering is None:
        yield Claim("entering", saved["entering"], None, "there are no orders, and so it is")
        return
    for name, value in plan.entering.to_dict().items():
        field, said = f"entering.{name}", saved["entering"][name]
        why = "orders and exposures make it"
        yield (
            Claim(field, said, value, why)
            if name == "currency"
            else _same(field, said, value, why, plan.base)
        )


def _of_decay(plan: HedgePlan, saved: dict[str, Any]) -> Claims:
    if plan.decay is not None:
        total = plan.decay.total
        yield _same("decay.total", saved["decay"]["total"], total, "its parts add up to", plan.base)


def _of_promise(plan: HedgePlan, saved: dict[str, Any]) -> Claims:
    """What a promise says of itself, and the limits that are taken over the same outcomes."""
    if plan.promise is None:
        return
    for name, follows in plan.promise.to_dict().items():
        said = saved["promise"][name]
        why = "the walk and the losses over the outcomes make it"
        yield (
            _same(f"promise.{name}", said, follows, why, 1.0)
            if isinstance(said, float) and isinstance(follows, float)
            else Claim(f"promise.{name}", said, follows, why)
        )
    over = {"value_at_risk": plan.promise.quantile[1], "shortfall": plan.promise.shortfall[1]}
    for check in plan.checks:
        if check.limit.kind in over:
            why = f"the {check.limit.kind} is"
            loss = over[check.limit.kind]
            yield _same(f"promise of {check.limit.kind}", loss, -check.value, why, 1.0, VALUED)


def _of_worst(plan: HedgePlan) -> Claims:
    for name, trough in zip(("before", "after"), plan.troughs, strict=True):
        follows = trough.pnl / plan.base if plan.base else trough.share
        yield _same(f"worst.{name}.share", trough.share, follows, "its P&L as a share of the base is", 1.0)


def _of_numeraires(plan: HedgePlan, saved: dict[str, Any]) -> Claims:
    for i, (item, said) in enumerate(zip(plan.numeraires, saved["numeraires"], strict=True)):
        for name, amount in asdict(plan.cost.at(item.price)).items():
            field = f"numeraires.{i}.cost.{name}"
            size = max(abs(value) for value in asdict(plan.cost).values()) / item.price
            yield _same(field, said["cost"][name], amount, "the cost in this unit is", size)
        for name, trough in zip(("before", "after"), item.troughs, strict=True):
            follows = trough.pnl / item.base if item.base else trough.share
            field = f"numeraires.{i}.worst.{name}.share"
            yield _same(field, trough.share, follows, "its P&L as a share of the base is", 1.0)

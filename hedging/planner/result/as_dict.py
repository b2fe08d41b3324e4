"""A plan as plain values: every field, the unit of each number, and the digest of all of it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, TypeAlias

from hedging.book.packages import package_fees
from hedging.book.saved import legs_to_dicts, plain_values
from hedging.planner.result.values import cost_to_dict
from hedging.units import GREEK_UNITS

__all__ = ["VERSION", "as_dict", "digest_of"]

HedgePlan: TypeAlias = Any
"""`HedgePlan` is saved by what is here, and so is not imported."""
VERSION = (
    2  # of the saved form; rises when a field changes its meaning, name or type. Before 2 there was no digest
)
SHOWN = ("delta", "gamma", "vega", "theta")


def as_dict(plan: HedgePlan) -> dict[str, Any]:
    """The whole plan as plain values, ready for JSON."""
    whole = {
        "version": VERSION,
        "id": plan.id,
        "status": str(plan.status),
        "message": plan.message,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "seconds": plan.seconds,
        "nodes": plan.nodes,
        "cost": cost_to_dict(plan.cost),
        "entering": None if plan.entering is None else plan.entering.to_dict(),
        "package_fees": package_fees(plan.legs),
        "orders": legs_to_dicts(plan.legs),
        "before": {before.asset: before.to_dict() for before, _ in plan.exposures},
        "after": {after.asset: after.to_dict() for _, after in plan.exposures},
        "checks": [check.to_dict() for check in plan.checks],
        "binding": list(plan.binding),
        "worst": {
            name: trough.to_dict() for name, trough in zip(("before", "after"), plan.troughs, strict=True)
        },
        "structure": plan.structure,
        "shadow_prices": [price.to_dict() for price in plan.shadow_prices],
        "drivers": [driver.to_dict() for driver in plan.drivers],
        "warnings": list(plan.warnings),
        "remarks": list(plan.remarks),
        "base": plan.base,
        "base_name": plan.base_name,
        "alternatives": [item.to_dict() for item in plan.alternatives],
        "clashes": list(plan.clashes),
        "outcomes": None if plan.agreement is None else plan.agreement.to_dict(),
        "joint_feasibility": [each.to_dict() for each in plan.joint_feasibility],
        "numeraires": [each.to_dict() for each in plan.numeraires],
        "leg_greeks": [each.to_dict() for each in plan.leg_greeks],
        "liquidations": [each.to_dict() for each in plan.liquidations],
        "survivals": [each.to_dict() for each in plan.survivals],
        "robustness": [each.to_dict() for each in plan.robustness],
        "fills": None if plan.fills is None else plan.fills.to_dict(),
        "venues": [each.to_dict() for each in plan.venues],
        "decay": None if plan.decay is None else plan.decay.to_dict(),
        "break_even": None if plan.break_even is None else plan.break_even.to_dict(),
        "promise": None if plan.promise is None else plan.promise.to_dict(),
        "asked": None if plan.asked is None else plan.asked.to_dict(),
        "inputs": plan.inputs,
        "units": _units(plan.inputs.get("currency", "money")),
    }
    plain = {name: plain_values(value) for name, value in whole.items()}
    return plain | {"digest": digest_of(plain) if plan.trusted else None}


def digest_of(saved: dict[str, Any]) -> str:
    """Digest of a saved plan: of all that it says but the digest itself."""
    content = {name: value for name, value in saved.items() if name != "digest"}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _units(currency: str) -> dict[str, str]:
    """Unit of every number in the plan; money is the quote currency."""
    named = {name: GREEK_UNITS[name].position.replace("money", currency) for name in GREEK_UNITS}
    exposure = {name: named[name] for name in (*SHOWN, "rho", "vanna", "volga", "charm")}
    money = (
        "value",
        "delta_value",
        "objective",
        "bound",
        "cost",
        "premium",
        "half_spread",
        "fees",
        "package_fees",
        "carry",
        "base",
    )
    return (
        exposure
        | dict.fromkeys(money, currency)
        | {
            "spot": f"{currency} per unit",
            "gamma_value": f"{currency} of delta_value per 1 % of spot",
            "quantity": "contracts",
            "limit_price": "as quoted, in quote_unit per unit of underlying",
            "limit_price_money": f"{currency} per unit of underlying",
            "price_per_unit": f"{currency} per unit of underlying, the average",
            "share": "share of base",
            "gap": "share of objective",
            "numeraires": f"each in its own unit; price in {currency}",
            "gain": currency,
            "gain_share": "share of the underlying that the orders are on",
            "largest_gain": "share of the underlying that the order is on",
            "largest_gain_left": "share of the underlying that the order is on",
            "widened": "share of the underlying that the order is on",
            "gross": "units of underlying",
            "one_by_one": "units of underlying",
            "entropy": "nat",
            "effective": "number of outcomes",
            "day": "days from the chain's time",
            "seconds": "seconds",
        }
    )

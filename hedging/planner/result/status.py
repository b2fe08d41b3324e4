"""What the status of a plan is, and the sentence that says so."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

__all__ = ["PlanStatus", "dearer_than_optimum", "message_of", "nearness"]

HedgePlan: TypeAlias = Any
"""`HedgePlan` says its message by what is here, and so is not imported."""
NAMED = {"spot": "spot", "perpetual": "perpetuals", "future": "futures"}
SOLVER_PRECISION = 1e-6  # of a gap
LEFT_OPEN = 0.5  # a gap beyond which a bound says nothing worth reading


class PlanStatus(StrEnum):
    """How a plan was found."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    CLOSEST = "closest"

    @staticmethod
    def of(gap: float, asked: float, *, closest: bool) -> PlanStatus:
        """The status of a plan with some gap where another was asked for."""
        if closest:
            return PlanStatus.CLOSEST
        return PlanStatus.OPTIMAL if gap <= asked + SOLVER_PRECISION else PlanStatus.FEASIBLE


ADVICE = {
    PlanStatus.OPTIMAL: "No plan{scope} that meets every limit costs less, within the gap.",
    PlanStatus.FEASIBLE: "Stopped before the proof was done; a better plan may exist, by the gap at most. Allow more time.",
    PlanStatus.CLOSEST: "No plan meets every limit; this one misses them by the least that was found.",
}
UNPROVEN = "No plan was found that meets every limit; this one misses them by the least that was found."
LOSSES = {"worst": "worst loss", "shortfall": "expected shortfall", "margin": "initial margin"}


def nearness(gap: float) -> str:
    """How near the closest plan is proven to come, in a sentence."""
    if gap > LEFT_OPEN:
        return "It is not proven to be the closest; more time may find one that is."
    return f"No plan comes closer by more than {max(gap, 0.01):.0%}."


def dearer_than_optimum(plan: HedgePlan) -> float | None:
    """What a plan with simpler orders costs more than the optimum beside, as a share of that; None without one.

    In money as both are printed, where cost is all that is minimised; else, and where an optimum costs nothing, by
    the gap of the objective.
    """
    optimum = next((item.cost.execution for item in plan.alternatives if item.name == "optimum"), None)
    if optimum is None:
        return None
    inputs = plan.inputs
    by_cost = inputs.get("target", {}).get("minimise", "cost") == "cost" and not inputs.get("view")
    more = (plan.cost.execution - optimum) / optimum if optimum > 0.0 else plan.gap
    return max(more, 0.0) if by_cost and not inputs.get("target", {}).get("soft") else float(plan.gap)


def message_of(plan: HedgePlan) -> str:
    """What the status of a plan means, and what to do about it."""
    text = ADVICE[plan.status].format(scope=_scope(plan))
    minimise = plan.inputs.get("target", {}).get("minimise", "cost")
    if minimise != "cost" and plan.status is PlanStatus.OPTIMAL:
        text = (
            f"No plan{_scope(plan)} that meets every limit has a smaller {LOSSES[minimise]}, within the gap."
        )
    elif not plan.legs and plan.status is PlanStatus.OPTIMAL:
        text = "The book meets every limit already; nothing to trade."
    dearer = dearer_than_optimum(plan)
    if plan.status is PlanStatus.OPTIMAL and dearer is not None:
        text = (
            f"No plan{_scope(plan)} within the limits beats the optimum beside; this one is within {dearer:.1%} of it "
            "and plainer."
        )
    if plan.status is PlanStatus.CLOSEST:
        text = f"{text if plan.clashes else UNPROVEN} {nearness(plan.gap)}"
    text += _cheaper_outright(plan) if plan.status is PlanStatus.OPTIMAL else ""
    return text + (f" They clash: {'; '.join(plan.clashes)}." if plan.clashes else "")


def _scope(plan: HedgePlan) -> str:
    """What the claim is made over: options, and what the limits allow beside them."""
    allowed = [NAMED[each["kind"]] for each in plan.inputs.get("limits", {}).get("outright", ())]
    *first, last = ["options", *allowed]
    return f" of {', '.join(first)} and {last}" if first else f" of {last}"


def _cheaper_outright(plan: HedgePlan) -> str:
    """The underlying traded outright, where that would meet every limit for less and was not allowed."""
    allowed = [each["kind"] for each in plan.inputs.get("limits", {}).get("outright", ())]
    cheaper = [
        item.name
        for item in plan.alternatives
        if item.name in NAMED and item.name not in allowed and item.loss is None
        if not item.misses and item.cost.execution < plan.cost.execution
    ]
    if not cheaper:
        return ""
    named = " or ".join(NAMED[name] for name in cheaper)
    kinds = ", ".join(f'"{name}"' for name in cheaper)
    return (
        f" Trading {named} outright costs less and is no part of that claim; Limits(outright=({kinds},)), in the "
        f"command --outright {','.join(cheaper)}, makes it one."
    )

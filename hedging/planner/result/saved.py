"""A saved plan, and its target and limits, read back."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from hedging._ground.file_kinds import kind_of_value
from hedging._ground.reading import foreign, parse_json, read_text
from hedging.book.book import Exposure
from hedging.book.ladder import Ladder
from hedging.book.legs import Cost
from hedging.book.saved import book_from, fee_from, legs_from
from hedging.errors import InputError
from hedging.margin import InitialMargin
from hedging.planner.request.funding import Funding
from hedging.planner.request.limits import Limits, Outright
from hedging.planner.request.mandate_source import MandateSource
from hedging.planner.request.survive import Survive
from hedging.planner.request.target import Target
from hedging.planner.request.view import View
from hedging.planner.result.accounts import AccountSurvival, LiquidationMove
from hedging.planner.result.agreement import Agreement
from hedging.planner.result.as_dict import VERSION, digest_of
from hedging.planner.result.carry import BreakEven, Decay
from hedging.planner.result.checks import Check, Trough
from hedging.planner.result.consistency import contradictions
from hedging.planner.result.fills import Fills
from hedging.planner.result.plan import HedgePlan
from hedging.planner.result.robustness import Robustness
from hedging.planner.result.second_opinion import LegGreeks
from hedging.planner.result.status import PlanStatus
from hedging.planner.result.values import Alternative, Driver, JointFeasibility, Numeraire, ShadowPrice
from hedging.planner.result.venue_needs import VenueNeed
from hedging.risk import Promise
from hedging.units import utc

__all__ = ["limits_from", "read_plan", "target_from"]


def target_from(saved: dict[str, Any]) -> Target:
    """The target that `Target.to_dict` gave."""
    windows = {(row[0], row[1]): (row[2], row[3]) for row in saved.get("vega_by_days", ())}
    by_day = {"floor": dict(saved["floor"])} if isinstance(saved.get("floor"), list) else {}
    return Target(**(saved | {"vega_by_days": windows} | by_day))


def limits_from(saved: dict[str, Any]) -> Limits:
    """The limits that `Limits.to_dict` gave."""
    outright = tuple(Outright(**(item | {"fee": fee_from(item["fee"])})) for item in saved["outright"])
    windows = {name: tuple(saved[name]) for name in ("expiries", "deltas")}
    low, high = saved["moneyness"]
    windows["moneyness"] = (low, math.inf if high is None else high)
    margin = saved.get("initial_margin")
    if margin is not None:
        margin = InitialMargin.from_dict(margin)
    funding = saved.get("funding")
    if funding is not None:
        alone = "received" in funding  # a field of one, and else the name of an asset
        funding = Funding(**funding) if alone else {asset: Funding(**each) for asset, each in funding.items()}
    survive = Survive.from_dict(saved["survive"]) if saved.get("survive") else None
    depth = {symbol: Ladder(**sides) for symbol, sides in saved.get("depth", {}).items()}
    made = {
        "outright": outright,
        "initial_margin": margin,
        "depth": depth,
        "funding": funding,
        "survive": survive,
    }
    return Limits(**(saved | windows | made))


def read_plan(path: str | Path, *, trust: bool = True) -> HedgePlan:
    """Read a plan that `HedgePlan.to_json` wrote, and hold it against its digest and against itself.

    Parameters
    ----------
    path : str or Path
    trust : bool
        Whether the file must be as it was written. With ``False`` an edited one can be looked at; its orders cannot
        be exported.

    Raises
    ------
    InputError
        If the file cannot be read, is no such plan or one of a newer version, was edited, or contradicts itself:
        orders, cost, exposure, checks and status must belong together. The message names the field.
    """
    # Its models take a while to build: only where a plan is read.
    from hedging.planner.result.schema import check_form

    name = str(path)
    saved = parse_json(read_text(path), name, finite=True)
    _check_version(saved, name)
    check_form(saved, name)
    inputs = saved["inputs"]
    with foreign(f"{name}: inputs.target"):
        target = target_from(inputs["target"])
    with foreign(f"{name}: inputs.limits"):
        limits = limits_from(inputs["limits"])
    with foreign(f"{name}: inputs.book"):
        book_from(inputs["book"])
    with foreign(f"{name}: inputs.as_of"):
        utc(inputs["as_of"], "as_of")
    with foreign(f"{name}: inputs.view"):
        _ = None if inputs["view"] is None else View(**inputs["view"])
    with foreign(name):
        plan = _plan_from(saved)
        plan = plan if trust else replace(plan, trusted=False)
    if trust:
        _check_digest(saved, name)
        with foreign(name):
            found = next(contradictions(plan, saved, target, limits), None)
        if found is not None:
            raise InputError(f"{name} contradicts itself: {found}. {_EDITED}")
    return plan


_EDITED = (
    "It was changed after it was made; plan again, or look at it as it stands: read_plan(path, trust=False)."
)


def _check_version(saved: Any, name: str) -> None:
    """Refuse what is no plan or one of a newer library, before its fields are judged by today's."""
    if not isinstance(saved, dict) or not {"orders", "inputs"} <= saved.keys():
        kind = kind_of_value(saved)
        raise InputError(
            f"{name} is {kind or 'no hedge plan: it has no orders and inputs'}. Save one with plan.to_json(path)."
        )
    version = saved.get("version", 1)
    if isinstance(version, int) and version > VERSION:
        raise InputError(
            f"{name} is a plan file of version {version}; this library reads up to version {VERSION}: upgrade it."
        )


def _check_digest(saved: dict[str, Any], name: str) -> None:
    """Refuse a file that is not as it was written; before version 2 there was a digest of inputs and orders alone."""
    sealed = saved.get("version", 1) >= 2 or "digest" in saved
    if sealed and saved.get("digest") != digest_of(saved):
        raise InputError(f"{name}: digest does not fit what the file holds. {_EDITED}")


def _plan_from(saved: dict[str, Any]) -> HedgePlan:
    before, after, currency = saved["before"], saved["after"], saved["inputs"].get("currency", "money")
    return HedgePlan(
        legs=legs_from(saved["orders"]),
        cost=_cost_from(saved["cost"]),
        decay=Decay.from_dict(saved["decay"]) if saved.get("decay") else None,
        break_even=BreakEven(**saved["break_even"]) if saved.get("break_even") else None,
        exposures=tuple(
            (_exposure(asset, before[asset], currency), _exposure(asset, after[asset], currency))
            for asset in before
        ),
        status=PlanStatus(saved["status"]),
        objective=saved["objective"],
        bound=saved["bound"],
        seconds=saved["seconds"],
        nodes=saved["nodes"],
        checks=tuple(Check.from_dict(item) for item in saved["checks"]),
        binding=tuple(saved["binding"]),
        troughs=(Trough(**saved["worst"]["before"]), Trough(**saved["worst"]["after"])),
        shadow_prices=tuple(ShadowPrice.from_dict(each) for each in saved["shadow_prices"]),
        drivers=tuple(Driver(**each) for each in saved["drivers"]),
        warnings=tuple(saved.get("warnings", ())),
        remarks=tuple(saved["remarks"]),
        base=saved["base"],
        base_name=saved["base_name"],
        alternatives=tuple(
            Alternative(
                item["name"],
                legs_from(item["orders"]),
                _cost_from(item["cost"]),
                tuple(Check.from_dict(check) for check in item["misses"]),
                item.get("loss"),
            )
            for item in saved["alternatives"]
        ),
        clashes=tuple(saved["clashes"]),
        agreement=Agreement.from_dict(saved["outcomes"]) if saved.get("outcomes") else None,
        numeraires=tuple(Numeraire.from_dict(each) for each in saved.get("numeraires", ())),
        joint_feasibility=tuple(map(JointFeasibility.from_dict, saved["joint_feasibility"])),
        leg_greeks=tuple(LegGreeks(**each) for each in saved["leg_greeks"]),
        liquidations=tuple(map(LiquidationMove.from_dict, saved.get("liquidations", ()))),
        survivals=tuple(map(AccountSurvival.from_dict, saved.get("survivals", ()))),
        robustness=tuple(map(Robustness.from_dict, saved.get("robustness", ()))),
        venues=tuple(map(VenueNeed.from_dict, saved.get("venues", ()))),
        fills=Fills.from_dict(saved["fills"]) if saved.get("fills") else None,
        promise=Promise.from_dict(saved["promise"]) if saved.get("promise") else None,
        asked=MandateSource.from_dict(saved["asked"]) if saved.get("asked") else None,
        inputs=saved["inputs"],
    )


def _cost_from(saved: dict[str, float]) -> Cost:
    return Cost(saved["half_spread"], saved["fees"], saved["carry"], saved["premium"])


def _exposure(asset: str, saved: dict[str, float], currency: str) -> Exposure:
    derived = ("delta_value", "gamma_value")
    numbers = {name: value for name, value in saved.items() if name not in derived}
    return Exposure(asset, currency=currency, **numbers)

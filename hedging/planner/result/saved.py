"""A saved plan, and its target and limits, read back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from hedging.book.book import Exposure
from hedging.book.ladder import Ladder
from hedging.book.legs import Cost
from hedging.book.saved import fee_from, legs_from
from hedging.errors import InputError
from hedging.margin import InitialMargin
from hedging.planner.request.funding import Funding
from hedging.planner.request.limits import Limits, Outright
from hedging.planner.request.target import Target
from hedging.planner.result.belonging import check_digest
from hedging.planner.result.carry import BreakEven, Decay
from hedging.planner.result.checks import Check, Trough
from hedging.planner.result.plan import HedgePlan, PlanStatus
from hedging.planner.result.second_opinion import LegGreeks
from hedging.planner.result.values import (
    Agreement,
    Alternative,
    Driver,
    JointFeasibility,
    Numeraire,
    ShadowPrice,
)

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
    depth = {symbol: Ladder(**sides) for symbol, sides in saved.get("depth", {}).items()}
    made = {"outright": outright, "initial_margin": margin, "depth": depth, "funding": funding}
    return Limits(**(saved | windows | made))


def read_plan(path: str | Path, *, edited: bool = False) -> HedgePlan:
    """Read a plan that `HedgePlan.to_json` wrote.

    Parameters
    ----------
    path : str or Path
    edited : bool
        Take it as it stands, also where its orders or inputs were changed since.

    Raises
    ------
    InputError
        If the file cannot be read, is no such plan, or was changed after it was saved.
    """
    try:
        saved = json.loads(Path(path).read_text(encoding="utf-8"))
        found = _plan_from(saved)
        if not edited:
            check_digest(found, saved, str(path))
        return found
    except InputError:  # which is a ValueError, and says more
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            f"{path} is no hedge plan: {type(error).__name__} {error}. Save one with plan.to_json(path)."
        ) from error


def _plan_from(saved: dict[str, Any]) -> HedgePlan:
    before, after = saved["before"], saved["after"]
    return HedgePlan(
        legs=legs_from(saved["orders"]),
        cost=_cost_from(saved["cost"]),
        decay=Decay.from_dict(saved["decay"]) if saved.get("decay") else None,
        break_even=BreakEven(**saved["break_even"]) if saved.get("break_even") else None,
        exposures=tuple(
            (_exposure(asset, before[asset]), _exposure(asset, after[asset])) for asset in before
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
        inputs=saved["inputs"],
    )


def _cost_from(saved: dict[str, float]) -> Cost:
    return Cost(saved["half_spread"], saved["fees"], saved["carry"], saved["premium"])


def _exposure(asset: str, saved: dict[str, float]) -> Exposure:
    derived = ("delta_value", "gamma_value")
    return Exposure(asset, **{name: value for name, value in saved.items() if name not in derived})

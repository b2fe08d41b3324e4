"""`HedgePlan`: what to trade, what it costs, what it changes, and the proof. A value that prints and saves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hedging._writing import write_text
from hedging.book.book import Exposure
from hedging.book.legs import Cost, Leg, orders_frame
from hedging.book.structure import structure
from hedging.book.tickets import ticket
from hedging.errors import InputError
from hedging.market.market import Chains
from hedging.paths.paths import Paths
from hedging.planner.explain.joint_feasibility import Spanning
from hedging.planner.explain.prices import Driver, ShadowPrice
from hedging.planner.outcomes.free_lunch import Agreement
from hedging.planner.programme.shortfall import Outcomes
from hedging.planner.result.saved import book_from, legs_from, legs_to_dicts, plain_values
from hedging.planner.verify.in_coin import Numeraire
from hedging.planner.verify.revalue import Check, Trough
from hedging.units import GREEK_UNITS

if TYPE_CHECKING:
    from hedging.planner.audit import Audit

__all__ = ["Alternative", "HedgePlan", "PlanStatus", "read_plan"]

SHOWN = ("delta", "gamma", "vega", "theta")


class PlanStatus(StrEnum):
    """How a plan was found."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    CLOSEST = "closest"


ADVICE = {
    PlanStatus.OPTIMAL: "No plan that meets every limit costs less, within the gap.",
    PlanStatus.FEASIBLE: "Stopped before the proof was done; a better plan may exist, by the gap at most. Allow more time.",
    PlanStatus.CLOSEST: "No plan meets every limit; this one misses them by the least that was found.",
}
LOSSES = {"worst": "worst loss", "shortfall": "expected shortfall"}


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to the same target, with less to choose from.

    Attributes
    ----------
    name : str
        Its structure: ``'spot'``, ``'put'``, ``'collar'`` ...
    legs : tuple of Leg
    cost : Cost
    misses : tuple of Check
        Limits that it cannot meet; empty if it meets all.
    loss : float or None
        What it loses, as a share of the base, where a loss is minimised. [1]
    """

    name: str
    legs: tuple[Leg, ...]
    cost: Cost
    misses: tuple[Check, ...] = ()
    loss: float | None = None

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket."""
        return orders_frame(self.legs)

    def to_dict(self) -> dict[str, Any]:
        """The alternative as plain values."""
        return {
            "name": self.name,
            "orders": legs_to_dicts(self.legs),
            "cost": _cost(self.cost),
            "misses": [check.to_dict() for check in self.misses],
            "loss": self.loss,
        }


@dataclass(frozen=True, slots=True, eq=False)
class HedgePlan:
    """The cheapest orders that bring a book to its target, verified, with the proof.

    Attributes
    ----------
    legs : tuple of Leg
        ``book + plan`` is the book after them.
    cost : Cost
        [money]
    exposures : tuple of (Exposure, Exposure)
        Before and after, per asset. `before` and `after` are those of the first asset.
    status : PlanStatus
    objective : float
        Execution cost, carry to the horizon, the price of legs and of misses. Where a loss is minimised it
        stands in the place of the cost, of which only a thousandth is added. [money]
    bound : float
        No plan within the limits has a lower objective. [money]
    seconds, nodes : float, int
        What the search took.
    checks : tuple of Check
        Every limit, held against the book revalued after the orders.
    binding : tuple of str
        Limits that one more lot of some order would break.
    troughs : tuple of (Trough, Trough)
        Worst case over the scenarios without and with the plan, each at its own place.
    base : float
        What shares are shares of. [money]
    base_name : str
    shadow_prices : tuple of ShadowPrice
        What one more step of each limit would save, from the relaxation.
    drivers : tuple of Driver
        Scenarios that the floor is paid for.
    remarks : tuple of str
        What a desk would say about the orders.
    alternatives : tuple of Alternative
        Other structures, the sale of part of the position outright among them; and the optimum, where a
        plan with fewer legs costs hardly more.
    clashes : tuple of str
        Limits that cannot hold together, where the plan is only the closest.
    agreement : Agreement or None
        How the outcomes agree with the quotes: a free lunch among them, what orders gain on average, and how
        far their probabilities were moved; None for a plan without outcomes.
    spanning : tuple of Spanning
        What the bands of several Greeks take together, by asset.
    numeraires : tuple of Numeraire
        Cost and worst case in money and in coin, where options settle in one coin.
    inputs : dict
        Chain, book, targets, limits, horizon, scenarios, versions.
    """

    legs: tuple[Leg, ...]
    cost: Cost
    exposures: tuple[tuple[Exposure, Exposure], ...]
    status: PlanStatus
    objective: float
    bound: float
    seconds: float
    nodes: int
    checks: tuple[Check, ...]
    binding: tuple[str, ...]
    troughs: tuple[Trough, Trough]
    base: float
    base_name: str
    shadow_prices: tuple[ShadowPrice, ...] = ()
    drivers: tuple[Driver, ...] = ()
    remarks: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    clashes: tuple[str, ...] = ()
    agreement: Agreement | None = None
    spanning: tuple[Spanning, ...] = ()
    numeraires: tuple[Numeraire, ...] = ()
    inputs: dict[str, Any] = field(default_factory=dict)

    @property
    def before(self) -> Exposure:
        """Exposure of the first asset without the plan."""
        return self.exposures[0][0]

    @property
    def after(self) -> Exposure:
        """Exposure of the first asset with the plan."""
        return self.exposures[0][1]

    @property
    def gap(self) -> float:
        """Share of the objective that a better plan could save at most."""
        return max(0.0, self.objective - self.bound) / max(abs(self.objective), 1e-9)

    @property
    def orders(self) -> pd.DataFrame:
        """The order ticket; columns as in `hedging.book.orders_frame`."""
        return orders_frame(self.legs)

    @property
    def structure(self) -> str:
        """What the orders are called: ``'put'``, ``'collar'``, ``'put roll'`` ..."""
        return structure(self.legs, book_from(self.inputs["book"]))

    @property
    def outright(self) -> Alternative | None:
        """Selling part of the position instead, if that was looked at."""
        plain = ("spot", "perpetual", "future")
        return next((item for item in self.alternatives if item.name in plain), None)

    @property
    def message(self) -> str:
        """What the status means, and what to do about it."""
        text = ADVICE[self.status]
        minimise = self.inputs.get("target", {}).get("minimise", "cost")
        if minimise != "cost" and self.status is PlanStatus.OPTIMAL:
            text = f"No plan that meets every limit has a smaller {LOSSES[minimise]}, within the gap."
        elif not self.legs and self.status is PlanStatus.OPTIMAL:
            text = "The book meets every limit already; nothing to trade."
        if self.status is PlanStatus.CLOSEST:
            text += f" No plan comes closer by more than {max(self.gap, 0.01):.0%}."
        return text + (f" They clash: {'; '.join(self.clashes)}." if self.clashes else "")

    @property
    def id(self) -> str:
        """Digest of what was asked for and what came out: the same plan has the same id, wherever it is read."""
        content = {"inputs": self.inputs, "orders": legs_to_dicts(self.legs)}
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def ticket(self, *, time_in_force: str | None = None) -> dict[str, Any]:
        """The orders in words that every venue shares; the schema is that of `hedging.book.tickets`."""
        return ticket(
            self,
            as_of=self.inputs["as_of"],
            currency=self.inputs["currency"],
            plan=self.id,
            remarks=self.remarks,
            time_in_force=time_in_force,
        )

    def to_ticket(self, path: str | Path | None = None, *, time_in_force: str | None = None) -> str:
        """The ticket as JSON text; also written to `path` if one is given.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = json.dumps(self.ticket(time_in_force=time_in_force), indent=2, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def audit(
        self,
        chain: Chains,
        *,
        scenarios: Paths | None = None,
        outcomes: Outcomes | Paths | None = None,
        time_limit: float = 10.0,
    ) -> Audit:
        """Hold the plan against newer quotes; see `hedging.planner.audit.audit`."""
        from hedging.planner.audit import audit

        return audit(self, chain, scenarios=scenarios, outcomes=outcomes, time_limit=time_limit)

    def to_dict(self) -> dict[str, Any]:
        """The whole plan as plain values, ready for JSON."""
        whole = {
            "id": self.id,
            "status": str(self.status),
            "message": self.message,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "seconds": self.seconds,
            "nodes": self.nodes,
            "cost": _cost(self.cost),
            "orders": legs_to_dicts(self.legs),
            "before": {before.asset: before.to_dict() for before, _ in self.exposures},
            "after": {after.asset: after.to_dict() for _, after in self.exposures},
            "checks": [check.to_dict() for check in self.checks],
            "binding": list(self.binding),
            "worst": {
                name: trough.to_dict() for name, trough in zip(("before", "after"), self.troughs, strict=True)
            },
            "structure": self.structure,
            "shadow_prices": [price.to_dict() for price in self.shadow_prices],
            "drivers": [driver.to_dict() for driver in self.drivers],
            "remarks": list(self.remarks),
            "base": self.base,
            "base_name": self.base_name,
            "alternatives": [item.to_dict() for item in self.alternatives],
            "clashes": list(self.clashes),
            "outcomes": None if self.agreement is None else self.agreement.to_dict(),
            "spanning": [each.to_dict() for each in self.spanning],
            "numeraires": [each.to_dict() for each in self.numeraires],
            "inputs": self.inputs,
            "units": _units(self.inputs.get("currency", "money")),
        }
        return {name: plain_values(value) for name, value in whole.items()}

    def to_json(self, path: str | Path | None = None) -> str:
        """The plan as JSON text; also written to `path` if one is given.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False)
        if path is not None:
            write_text(path, text + "\n")
        return text

    def __repr__(self) -> str:
        from hedging.planner.result.text import plan_text

        return plan_text(self)

    def _repr_html_(self) -> str:
        from hedging.planner.result.text import plan_html

        return plan_html(self)


def read_plan(path: str | Path) -> HedgePlan:
    """Read a plan that `HedgePlan.to_json` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or is no such plan.
    """
    try:
        saved = json.loads(Path(path).read_text(encoding="utf-8"))
        return _plan_from(saved)
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
        exposures=tuple(
            (_exposure(asset, before[asset]), _exposure(asset, after[asset])) for asset in before
        ),
        status=PlanStatus(saved["status"]),
        objective=saved["objective"],
        bound=saved["bound"],
        seconds=saved["seconds"],
        nodes=saved["nodes"],
        checks=tuple(_check(item) for item in saved["checks"]),
        binding=tuple(saved["binding"]),
        troughs=(Trough(**saved["worst"]["before"]), Trough(**saved["worst"]["after"])),
        shadow_prices=tuple(ShadowPrice(**each) for each in saved["shadow_prices"]),
        drivers=tuple(Driver(**each) for each in saved["drivers"]),
        remarks=tuple(saved["remarks"]),
        base=saved["base"],
        base_name=saved["base_name"],
        alternatives=tuple(
            Alternative(
                item["name"],
                legs_from(item["orders"]),
                _cost_from(item["cost"]),
                tuple(_check(check) for check in item["misses"]),
                item.get("loss"),
            )
            for item in saved["alternatives"]
        ),
        clashes=tuple(saved["clashes"]),
        agreement=Agreement.from_dict(saved["outcomes"]) if saved.get("outcomes") else None,
        numeraires=tuple(Numeraire.from_dict(each) for each in saved.get("numeraires", ())),
        spanning=tuple(Spanning.from_dict(each) for each in saved.get("spanning", ())),
        inputs=saved["inputs"],
    )


def _check(saved: dict[str, Any]) -> Check:
    return Check(saved["limit"], saved["value"], saved["low"], saved["high"], saved["scale"])


def _cost(cost: Cost) -> dict[str, float]:
    return asdict(cost) | {"execution": cost.execution}


def _cost_from(saved: dict[str, float]) -> Cost:
    return Cost(saved["half_spread"], saved["fees"], saved["carry"], saved["premium"])


def _exposure(asset: str, saved: dict[str, float]) -> Exposure:
    derived = ("delta_value", "gamma_value")
    return Exposure(asset, **{name: value for name, value in saved.items() if name not in derived})


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
            "gross": "units of underlying",
            "one_by_one": "units of underlying",
            "entropy": "nat",
            "effective": "number of outcomes",
            "day": "days from the chain's time",
            "seconds": "seconds",
        }
    )

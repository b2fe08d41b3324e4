"""From plan to trade: which leg first, at what limit, in what slices, and what being left half-filled would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book.ladder import Ladder
from hedging.book.legs import Leg
from hedging.book.saved import book_from
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option, on_tick
from hedging.market.market import Chains, Market, markets_of
from hedging.planner.audit import request_after
from hedging.planner.explain.fills import MOST_LEGS, best_order, filled_losses, longs_before
from hedging.planner.result.belonging import check_assets
from hedging.planner.result.plan import HedgePlan
from hedging.units import days

__all__ = ["Execution", "Slice", "Stage", "Step", "execution"]

DUST: Final = 1e-9  # of a contract


@dataclass(frozen=True, slots=True)
class Step:
    """A limit price that an order may be given at.

    Attributes
    ----------
    name : str
        ``patient`` rests at the own side's best quote, ``middle`` between the quotes, ``crossing`` trades at once.
    price : float
        As quoted, on its tick.
    cost : float
        Of the whole order at that price against the middle of the quotes, fees included; < 0 where it gains. [money]
    dearer : float
        Than the step before. [money]
    """

    name: str
    price: float
    cost: float
    dearer: float


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an order against one level of the book.

    Attributes
    ----------
    contracts : float
    price : float or None
        As quoted; None beyond what is quoted.
    cost : float or None
        Against the middle of the quotes, without fees. [money]
    """

    contracts: float
    price: float | None
    cost: float | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One order, in its place.

    Attributes
    ----------
    instrument, side : str
    contracts : float
    unit : str
        What prices are quoted in.
    steps : tuple of Step
        From patient to crossing; the crossing alone where the order is no option.
    slices : tuple of Slice
        Against the quoted size, or the levels of the order book.
    worst : float or None
        Worst P&L over the plan's scenarios if the trading stops after this order. [money]
    risk : float or None
        By how much that is worse than before the first order; 0 where it is no worse. [money]
    relief : float or None
        What the order takes off the worst loss, per unit of money that crossing for it costs.
    """

    instrument: str
    side: str
    contracts: float
    unit: str
    steps: tuple[Step, ...]
    slices: tuple[Slice, ...]
    worst: float | None = None
    risk: float | None = None
    relief: float | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Execution(Shown):
    """How the orders of a plan are traded, in their order.

    Attributes
    ----------
    stages : tuple of Stage
    before : float or None
        Worst P&L over the plan's scenarios without any of them; None of more than eight orders. [money]
    spared : float
        What filling all orders at their patient price saves against crossing. [money]
    """

    stages: tuple[Stage, ...]
    before: float | None
    spared: float

    @property
    def leg_risk(self) -> float | None:
        """The largest of the risks on the way. [money]"""
        return max((stage.risk for stage in self.stages[:-1] if stage.risk is not None), default=None)

    def to_frame(self) -> pd.DataFrame:
        """One row a step: ``order, instrument, side, contracts, step, price, unit, cost, dearer, worst, risk``."""
        rows = [
            {
                "order": number,
                "instrument": stage.instrument,
                "side": stage.side,
                "contracts": stage.contracts,
                "step": step.name,
                "price": step.price,
                "unit": stage.unit,
                "cost": step.cost,
                "dearer": step.dearer,
                "worst": np.nan if stage.worst is None else stage.worst,
                "risk": np.nan if stage.risk is None else stage.risk,
            }
            for number, stage in enumerate(self.stages, start=1)
            for step in stage.steps
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole as plain values."""
        return asdict(self) | {"leg_risk": self.leg_risk}

    def __repr__(self) -> str:
        lines = []
        for number, stage in enumerate(self.stages, start=1):
            steps = ", ".join(f"{step.name} {step.price:.10g} costs {step.cost:,.0f}" for step in stage.steps)
            lines.append(
                f"  {number}. {stage.side} {stage.contracts:g} {stage.instrument} [{stage.unit}]: {steps}"
            )
            beyond = sum(each.contracts for each in stage.slices if each.price is None)
            parts = ", ".join(
                f"{each.contracts:g} at {each.price:.10g}" for each in stage.slices if each.price
            )
            if parts or beyond:
                lines.append(
                    f"     against the book: {parts}{', ' * bool(parts and beyond)}"
                    + (f"{beyond:g} beyond what is quoted" if beyond else "")
                )
            if stage.worst is not None and stage.risk is not None:
                risk = f", {stage.risk:,.0f} worse than before the first order" if stage.risk > 0 else ""
                lines.append(f"     stopped here: worst {stage.worst:,.0f}{risk}")
        return "\n".join(
            ["Trading, in this order", *lines, f"  patience is worth {self.spared:,.0f} at most"]
        )


def execution(
    plan: HedgePlan, chain: Chains, *, depth: Mapping[str, Ladder] | None = None, **options: Any
) -> Execution:
    """Order of the legs, limit prices from patient to crossing, slices against the book, risk of being left half-filled.

    Parameters
    ----------
    plan : HedgePlan
    chain : OptionChain or Market, or several of them
        The quotes to trade on: those it was made on, or newer ones.
    depth : mapping of str to Ladder, optional
        Order books by symbol; without one the quoted size counts, where it is known.
    **options
        Scenarios and outcomes, as for `hedging.audit`, of a plan that was made with its own.

    Returns
    -------
    Execution
        In the order whose worst state on the way is best, no option sold short before those that are bought.

    Raises
    ------
    InputError
        If the quotes are of other assets, older than the plan, or an order finds no quote on them.
    """
    markets = markets_of(chain)
    check_assets(plan, markets)
    elapsed = min(days(plan.as_of, market.as_of) for market in markets.values())
    if elapsed < 0:
        raise InputError(f"the chain is {-elapsed:.2f} days older than the plan; trade it on a newer one.")
    legs = plan.legs
    order, worst = _order(plan, markets, elapsed, options)
    stages = []
    state = 0
    for place in order:
        leg = legs[place]
        state |= 1 << place
        steps = _steps(leg, markets[leg.instrument.asset])
        after = None if worst is None else float(worst[state])
        before = None if worst is None else float(worst[state ^ 1 << place])
        relief = None
        if after is not None and before is not None and steps[-1].cost > 0:
            relief = (after - before) / steps[-1].cost
        stages.append(
            Stage(
                leg.instrument.symbol,
                leg.side,
                abs(leg.quantity),
                leg.quote_unit,
                steps,
                _slices(leg, markets[leg.instrument.asset], depth or {}),
                after,
                None if worst is None or after is None else max(float(worst[0]) - after, 0.0),
                relief,
            )
        )
    spared = sum(stage.steps[-1].cost - stage.steps[0].cost for stage in stages)
    return Execution(tuple(stages), None if worst is None else float(worst[0]), spared)


def _order(
    plan: HedgePlan, markets: Mapping[str, Market], elapsed: float, options: Mapping[str, Any]
) -> tuple[Sequence[int], Array | None]:
    """Places of the legs, the first to trade first, and the worst P&L in every state between."""
    if not 0 < len(plan.legs) <= MOST_LEGS:
        return sorted(range(len(plan.legs)), key=lambda i: plan.legs[i].quantity < 0), None
    given = (options.get("scenarios"), options.get("outcomes"), options.get("effort"))
    book = book_from(plan.inputs["book"])
    request = request_after(plan, book, tuple(markets.values()), elapsed, *given)
    lost = filled_losses(request, plan.legs)
    return best_order(lost, longs_before(book, plan.legs)), -lost


def _quotes(leg: Leg, chain: OptionChain) -> tuple[float, float, float]:
    """Own side, other side and middle of an option's quotes, in money; the mark stands for an own side that is missing."""
    row = chain.row(leg.instrument.symbol)
    bid, ask, mark = (float(row[name]) for name in ("bid", "ask", "mark"))
    own, other = (bid, ask) if leg.quantity > 0 else (ask, bid)
    if not np.isfinite(other):
        raise InputError(
            f"{leg.instrument.symbol} has no {'ask' if leg.quantity > 0 else 'bid'} to trade on in these quotes."
        )
    own = own if np.isfinite(own) else mark if np.isfinite(mark) else other
    return own, other, 0.5 * (own + other)


def _steps(leg: Leg, market: Market) -> tuple[Step, ...]:
    """The limits of one order, from patient to crossing."""
    item, size = leg.instrument, abs(leg.units)
    if not isinstance(item, Option):
        return (Step("crossing", leg.quoted_price, size * (leg.half_spread + leg.fee), 0.0),)
    money = 1.0 if leg.quote_unit == "money" else market.spot
    own, other, middle = _quotes(leg, market.chain)
    side = 1.0 if leg.quantity > 0 else -1.0
    # Between the quotes a price is rounded to the own side: it costs no more than it says.
    prices = {
        "patient": own / money,
        "middle": on_tick(middle / money, item.terms.ticks, -side),
        "crossing": on_tick(other / money, item.terms.ticks, side),
    }
    found: list[Step] = []
    for name, price in prices.items():
        paid = price * money
        fee = float(item.terms.fee.per_unit(paid, market.spot))
        cost = size * (side * (paid - middle) + fee)
        found.append(Step(name, round(price, 10), cost, cost - found[-1].cost if found else 0.0))
    return tuple(found)


def _slices(leg: Leg, market: Market, depth: Mapping[str, Ladder]) -> tuple[Slice, ...]:
    """An order against the levels that it takes, or against the quoted size."""
    item = leg.instrument
    if not isinstance(item, Option):
        return ()
    money = 1.0 if leg.quote_unit == "money" else market.spot
    _, other, middle = _quotes(leg, market.chain)
    ladder = depth.get(item.symbol)
    if ladder is None:
        size = float(market.chain.row(item.symbol)["ask_size" if leg.quantity > 0 else "bid_size"])
        levels: Sequence[tuple[float, float]] = ((other / money, size),) if np.isfinite(size) else ()
    else:
        levels = ladder.asks if leg.quantity > 0 else ladder.bids
    if not levels:
        return ()
    left, found = abs(leg.quantity), []
    for price, size in levels:
        taken = min(size, left)
        if taken > DUST:
            cost = taken * leg.multiplier * abs(price * money - middle)
            found.append(Slice(round(taken, 10), round(price, 10), cost))
            left -= taken
    if left > DUST:
        found.append(Slice(round(left, 10), None, None))
    return tuple(found)

"""What the plan costs, and what it saves where the price goes."""

from __future__ import annotations

from hedging._ground.cells import when
from hedging.book.packages import package_fees
from hedging.planner import HedgePlan
from hedging.report.blocks import Block, Column, Columns, Section, Table, Text, tabled
from hedging.report.grid import Grid
from hedging.report.subject import Subject
from hedging.report.words import amount, day_name, per_cent, places

__all__ = ["costs"]

MOVES = (-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4)


def costs(subject: Subject, found: Grid) -> Section:
    """The section."""
    plan = subject.plan
    if plan is None:
        return Section("costs", "What it costs and saves", (Text("Without a plan nothing is paid."),))
    at = subject.at_plan
    blocks: list[Block] = [_paid(plan, at)]
    if plan.entering is not None:
        blocks.append(Text(f"Entering gains{at and f'{at},'} {plan.entering}."))
    if package_fees(plan.legs) < plan.cost.fees - 0.5:
        fees = amount(package_fees(plan.legs), places(plan.base))
        blocks.append(Text(f"Given as combos{at}, the orders pay {fees} {plan.inputs['currency']} of fees."))
    blocks.append(Text(_worst(plan, at)))
    if plan.decay is not None and plan.legs:
        blocks.append(Text(f"Time{at}: {plan.decay}."))
    blocks.append(_saved(subject, found))
    return Section("costs", "What it costs and saves", tuple(blocks))


def _paid(plan: HedgePlan, at: str) -> Table:
    """Cost by part, in money and in each other unit of account."""
    currency = str(plan.inputs["currency"])
    units = [item.unit for item in plan.numeraires] or [currency]
    each = [item.cost for item in plan.numeraires] or [plan.cost]
    bases = [item.base for item in plan.numeraires] or [plan.base]
    digits = [
        max(places(base), 0 if unit == currency else 4) for unit, base in zip(units, bases, strict=True)
    ]
    names = {
        "half_spread": "half spreads",
        "fees": "fees",
        "carry": "carry to the horizon",
        "execution": "gone for good, in all",
        "premium": "net premium, for which options are bought",
    }
    rows = [
        (
            text,
            *(amount(getattr(cost, name), after) for cost, after in zip(each, digits, strict=True)),
            per_cent(getattr(plan.cost, name) / plan.base, 2),
        )
        for name, text in names.items()
    ]
    columns: Columns = [Column("cost", False), *(f"[{unit}]" for unit in units), f"share of {plan.base_name}"]
    return tabled(f"What is paid{at}", columns, rows)


def _worst(plan: HedgePlan, at: str) -> str:
    as_of = plan.inputs.get("as_of")
    alone, hedged = (
        f"{per_cent(each.share)} ({each.scenario}, {when(as_of, each.day)})" for each in plan.troughs
    )
    return f"At worst, over the scenarios of the floor{at}: alone {alone}, with the plan {hedged}, shares of the {plan.base_name}."


def _saved(subject: Subject, found: Grid) -> Table:
    """Gains at the horizon, side by side."""
    day = int(abs(found.axes.days - subject.end).argmin())
    still = int(abs(found.axes.vols).argmin())
    base, _ = subject.base
    rows = []
    for move in MOVES:
        at = int(abs(found.axes.moves - move).argmin())
        alone, hedged = (float(found.values[name][at, still, day]) for name in ("position", "hedged"))
        gains = (subject.gain(alone), subject.gain(hedged), subject.gain(hedged - alone))
        rows.append((per_cent(move, 0, sign=True), *gains, per_cent(hedged / base, 1, sign=True)))
    when = day_name(subject.as_of, float(found.axes.days[day]))
    unit = f"[{subject.currency}]"
    columns: Columns = [
        Column("spot", False),
        f"alone{subject.since['position']} {unit}",
        f"with the plan{subject.since['hedged']} {unit}",
        f"difference {unit}",
        "with the plan [share]",
    ]
    return tabled(f"Gain until {when}, vol as it is", columns, rows)

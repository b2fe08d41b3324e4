"""The plan: its orders, its proof in words, every limit and where it stands; the clash where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hedging.planner import Alternative, Check, HedgePlan, PlanStatus
from hedging.planner.result.status import dearer_than_optimum
from hedging.planner.result.text import status_of
from hedging.report.blocks import Block, Column, Columns, Listing, Notice, Section, Table, Text, tabled
from hedging.report.subject import Subject
from hedging.report.words import HARD_SPACE, NOTHING, amount, exact, per_cent, places, stamp

__all__ = ["limit_value", "missed_now", "trades"]

NO_PLAN = (
    "No plan was given: the page shows the position alone. Make one with hedging plan BOOK --chain FILE ... --json "
    "plan.json, and pass it by --plan."
)
WIDE = 1e-3  # a difference of spot that makes quotes others


def trades(subject: Subject) -> Section:
    """The section."""
    plan = subject.plan
    if plan is None:
        return Section("plan", "Plan", (Text(NO_PLAN),))
    at = subject.at_plan
    blocks: list[Block] = [*_notices(subject, plan), *_orders(plan, at), Text(f"Proof{at}: {_proof(plan)}")]
    if plan.checks:
        blocks.append(_limits(plan.checks, f"Every limit, against the book after the orders{at}"))
    blocks += _limits_now(subject)
    blocks.append(Text(f"What binds{at}: {', '.join(plan.binding) or 'nothing'}."))
    if plan.shadow_prices:
        each = "; ".join(map(str, plan.shadow_prices))
        blocks.append(Text(f"What wider limits would save{at}, in {_currency(plan)}: {each}."))
    if plan.robustness:
        blocks.append(
            Text(f"Over every surface inside the quotes{at}: {'; '.join(map(str, plan.robustness))}.")
        )
    if plan.fills is not None:
        blocks.append(Text(f"Fills{at}: {plan.fills}."))
    if plan.alternatives:
        blocks.append(_alternatives(plan, at))
    if plan.agreement is not None:
        blocks.append(Text(f"Outcomes{at}: {plan.agreement}."))
    if plan.remarks:
        blocks += [Text(f"Remarks on the orders{at}:"), Listing(plan.remarks)]
    return Section("plan", f"Plan: {plan.structure}, {status_of(plan)}", tuple(blocks))


def _notices(subject: Subject, plan: HedgePlan) -> Iterator[Notice]:
    """What a reader must know before the orders."""
    at = subject.at_plan
    if not plan.trusted:
        yield Notice(
            "Edited", "the file of this plan was changed after it was made: nothing of it is proven."
        )
    if plan.status is PlanStatus.CLOSEST:
        yield Notice(f"Infeasible{at}", plan.message)
        missed = [
            f"{check.limit} by {limit_value(check, check.miss)}" for check in plan.checks if not check.ok
        ]
        if missed:
            yield Notice(f"Misses{at}", "; ".join(missed) + ".")
    elif plan.status is PlanStatus.FEASIBLE:
        yield Notice(f"Not proven{at}", plan.message)
    yield from _other_quotes(subject)
    if plan.promise is not None:
        stays = f"What stays of the shortfall comes from {plan.promise.staying}."
        yield Notice(f"Promise{at}", f"{plan.promise.verdict} {stays}")
    yield from (Notice(f"Note{at}", f"{warning}.") for warning in plan.warnings)
    yield from (Notice(f"Liquidation{subject.at_page}", f"{each}.") for each in subject.liquidated)
    yield from (Notice(f"Survival{at}", f"{each.told(plan.as_of)}.") for each in plan.survivals)


def _other_quotes(subject: Subject) -> Iterator[Notice]:
    """Where the plan was made on other quotes than the page's."""
    if subject.made is not None:
        yield Notice(
            "Other quotes",
            f"the plan was made on quotes of {stamp(subject.made)}, the page is of {stamp(subject.as_of)}: its proof is "
            "about the former. Gains of the position count from the latter, those of the plan's orders from their fills. "
            f"Its limits by now: {missed_now(subject)}.",
        )


def _orders(plan: HedgePlan, at: str) -> list[Block]:
    if not plan.legs:
        return [Text("No orders.")]
    money = _currency(plan)
    titles: Columns = [
        Column("order", False),
        "contracts",
        Column("instrument", False),
        "limit price",
        Column("in", False),
    ]
    rows = [
        (
            str(row["side"]),
            exact(float(row["quantity"]), 10),
            str(row["instrument"]),
            exact(float(row["limit_price"]), 8),
            str(row["quote_unit"]),
            *(amount(float(row[name]), places(plan.base)) for name in ("premium", "half_spread", "fees")),
        )
        for _, row in plan.orders.iterrows()
    ]
    columns: Columns = [*titles, f"premium [{money}]", f"half spread [{money}]", f"fees [{money}]"]
    return [tabled(f"Orders{at}: buy at the ask, sell at the bid, whole lots", columns, rows, most=60)]


def _proof(plan: HedgePlan) -> str:
    """Status, bound and gap in sentences."""
    money = _currency(plan)
    checked = (
        "Every limit was then held against the book revalued from these orders, by code that shares nothing with the "
        "search."
    )
    if plan.status is PlanStatus.CLOSEST:
        return f"none, as these orders do not meet every limit. {checked}"
    if not plan.trusted:
        return "none, as the file was changed after the plan was made."
    # Of plainer orders the message says how much dearer they are; the gap is a share of something else.
    plainer = plan.status is PlanStatus.OPTIMAL and dearer_than_optimum(plan) is not None
    gap = "" if plainer else f": at most {per_cent(plan.gap, 3)} of it could be saved"
    return (
        f"{plan.message} These orders have an objective of {amount(plan.objective, 2)} {money}, and no orders "
        f"within the limits have one below {amount(plan.bound, 2)} {money}{gap}. {checked} Premium is no part of the "
        "objective but of the budget."
    )


def limit_value(check: Check, value: float | None) -> str:
    """A number in the unit of its limit."""
    if value is None:
        return NOTHING
    if not check.limit.in_shares:
        return exact(value)
    # What is missed by less than is shown is still missed.
    return (
        per_cent(value, 2)
        if value == 0.0 or abs(value) >= 5e-5
        else f"{exact(100.0 * value, 2)}{HARD_SPACE}%"
    )


def missed_now(subject: Subject) -> str:
    """Which limits of an older plan the page's quotes break."""
    if isinstance(subject.standing, str):
        return "not known"
    missed = [str(check.limit) for check in subject.standing if not check.ok]
    return f"missed: {', '.join(missed)}" if missed else "all hold"


def _limits_now(subject: Subject) -> list[Block]:
    """The limits of an older plan at the page's quotes."""
    found = subject.standing
    if isinstance(found, str):
        return [Text(f"Which limits hold at the quotes of {stamp(subject.as_of)} is not known: {found}")]
    caption = f"Every limit, held against the book with the plan at the quotes of {stamp(subject.as_of)}"
    return [_limits(found, caption)] if found else []


def _limits(checks: Sequence[Check], caption: str) -> Table:
    rows = [
        (
            str(check.limit),
            limit_value(check, check.low),
            limit_value(check, check.high),
            limit_value(check, check.value),
            "holds" if check.ok else f"missed by {limit_value(check, check.miss)}",
        )
        for check in checks
    ]
    columns: Columns = [Column("limit", False), "at least", "at most", "stands at", Column("verdict", False)]
    return tabled(caption, columns, rows, most=60)


def _alternatives(plan: HedgePlan, at: str) -> Table:
    rows = [
        (item.name, _legs(item), amount(item.cost.execution, places(plan.base)), _missed(item))
        for item in plan.alternatives
    ]
    money = _currency(plan)
    columns: Columns = [
        Column("instead", False),
        Column("orders", False),
        f"cost [{money}]",
        Column("misses", False),
    ]
    return tabled(f"Other ways to the same target{at}", columns, rows)


def _legs(item: Alternative) -> str:
    each = (f"{leg.side} {exact(abs(leg.quantity), 6)} {leg.instrument.symbol}" for leg in item.legs)
    return ", ".join(each) or "no orders"


def _missed(item: Alternative) -> str:
    each = (f"{check.limit} by {limit_value(check, check.miss)}" for check in item.misses)
    return ", ".join(each) or "nothing"


def _currency(plan: HedgePlan) -> str:
    return str(plan.inputs["currency"])

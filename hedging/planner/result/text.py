"""A plan as text and as HTML. Formats what the plan holds; computes nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import pandas as pd

from hedging._ground.cells import when
from hedging._ground.counts import number_of
from hedging._ground.tables import Page, Table, line_width
from hedging.book.legs import cost_of, orders_table
from hedging.book.packages import package_fees
from hedging.planner.request.limit import BANDS, FLOOR, LEAST, MARGIN, Limit
from hedging.planner.request.view import View
from hedging.planner.request.wording import figure, figure_of, per_cent
from hedging.planner.result.checks import Check
from hedging.planner.result.status import dearer_than_optimum
from hedging.planner.result.values import Alternative, Numeraire

__all__ = ["plan_page", "plan_text"]

NOTHING = 1e3  # a gap from which on a bound says nothing

HedgePlan: TypeAlias = Any
"""`HedgePlan` shows itself by what is here, and so is not imported."""
ROOMY = 80  # columns that the table of exposures needs with its units
CHOSEN = 0.01  # what simpler legs may cost by default and still pass for the optimum
HARD_SPACE = "\N{NO-BREAK SPACE}"
SHOWN = ("delta", "gamma", "vega", "theta")
UNITS = BANDS | dict.fromkeys(("vega_by_days", "gross_vega"), BANDS["vega"])
SHOWN_SHARES = ("shortfall", "value_at_risk", "cost", "initial_margin")


def plan_text(plan: HedgePlan) -> str:
    """The plan in aligned lines, on one page."""
    first = [f"  {name:<13} {text}" for name, text in _first(plan)]
    exposures = [_exposure_line(row) for row in _exposures(plan)]
    below = [f"  {name:<13} {text}" for name, text in _below(plan)]
    costs = [f"  {name:<13} {text}" for name, text in _costs(plan)]
    if line_width() >= ROOMY:
        header = f"  {'':<14}{'before':>12}{'after':>12}  {'target':<16}unit"
    else:  # the units stand below
        header = f"  {'':<14}{'before':>12}{'after':>12}  target"
        exposures.append(f"  {'units':<14}{_units_in_words(plan)}")
    lines = [headline(plan), *first, *_order_lines(plan), *costs, header, *exposures, *below]
    return "\n".join([*_wrapped(lines), *_parts(plan.message, "")])


def plan_page(plan: HedgePlan) -> Page:
    """The same for a notebook: every part of it a table of its own."""
    exposures = pd.DataFrame(_exposures(plan), columns=["", "before", "after", "target", "unit"])
    parts = (
        *_pairs(_first(plan)),
        orders_table(plan.legs, _currency(plan)) if plan.legs else "no orders",
        *_pairs(_costs(plan)),
        Table(exposures, rows=len(exposures), right=("before", "after")),
        *_pairs(_below(plan)),
        plan.message,
    )
    return Page(headline(plan), parts)


def _pairs(rows: Sequence[tuple[str, str]]) -> tuple[Table, ...]:
    """A table of what is said, by its name; none where there is nothing."""
    frame = pd.DataFrame([(name, text.strip()) for name, text in rows], columns=["", " "])
    return (Table(frame, rows=len(frame)),) if rows else ()


def _first(plan: HedgePlan) -> list[tuple[str, str]]:
    """What must be read before the orders."""
    rows = [("liquidation", str(move)) for move in plan.liquidations]
    rows += [] if plan.promise is None else [("promise", plan.promise.verdict)]
    rows += [("note", str(warning)) for warning in plan.warnings]
    rows += [("survival", each.told(plan.inputs.get("as_of"))) for each in plan.survivals]
    return rows + [("venue", str(each)) for each in plan.venues]


def _below(plan: HedgePlan) -> list[tuple[str, str]]:
    """All that comes below the exposures."""
    rows, as_of = [], plan.inputs.get("as_of")
    if plan.inputs.get("view"):
        rows.append(("view", str(View(**plan.inputs["view"]))))
    for name, trough in zip(("alone", "hedged"), plan.troughs, strict=True):
        rows.append(
            (
                f"worst {name}",
                f"{per_cent(trough.share):>10}  {trough.scenario}, {when(plan.inputs.get('as_of'), trough.day)}",
            )
        )
    rows += [(f"in {item.unit}", item.told(as_of)) for item in _other_numeraires(plan)]
    rows += [("funding", line) for line in plan.funding]
    if plan.promise is not None:
        rows.append(("what stays", f"of the shortfall comes from {plan.promise.staying}"))
    if plan.agreement is not None:
        rows.append(("outcomes", str(plan.agreement)))
    rows.append(("binds", ", ".join(plan.binding) or "nothing"))
    if missed := [check for check in plan.checks if not check.ok]:
        rows.append(("misses", _misses(missed)))
    if plan.shadow_prices:
        rows.append(("prices", f"{', '.join(map(str, plan.shadow_prices))} {_currency(plan)}"))
    if plan.robustness:
        each = "; ".join(map(str, plan.robustness))
        kept = all(item.ok for item in plan.robustness)
        how = (
            "" if kept else ": on some surface within bid and ask; a plan with Target(robust=...) misses none"
        )
        rows.append(("inside quotes", f"{each}{how}"))
    if plan.fills is not None:
        rows.append(("fills", str(plan.fills)))
    rows += [("instead", _alternative(plan, item)) for item in plan.alternatives]
    rows += [("remark", remark) for remark in plan.remarks]
    if plan.asked:
        rows.append(("asked", str(plan.asked)))
    return [*rows, ("proof", _proof(plan))]


def _wrapped(lines: Iterable[str]) -> list[str]:
    """Each line, a long one over several."""
    return [part for line in lines for part in _parts(line)]


def _parts(line: str, indent: str = " " * 16) -> list[str]:
    """A long line over several, the rest below its text; neither symbols nor `-90 %` are torn apart."""
    parts = textwrap.wrap(
        line.replace(" %", f"{HARD_SPACE}%"),
        line_width(),
        subsequent_indent=indent[: line_width() // 3],
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [part.replace(HARD_SPACE, " ") for part in parts]


def headline(plan: HedgePlan) -> str:
    """One line: what is hedged, when, at which spot, and the status."""
    assets = ", ".join(f"{before.asset} at {before.spot:,.10g}" for before, _ in plan.exposures)
    when = str(plan.inputs.get("as_of", ""))[:16].replace("T", " ")
    status = status_of(plan) if plan.trusted else "EDITED AFTER IT WAS MADE, nothing of it is proven"
    return f"Hedge plan, {assets} {_currency(plan)}, {when} UTC: {plan.structure}, {status}"


def status_of(plan: HedgePlan) -> str:
    """The status; of a plan that fewer legs were chosen for at a price beyond `parsimony`'s own 1 %, how far it is off."""
    dearer = dearer_than_optimum(plan) if str(plan.status) == "optimal" else None
    return f"within {dearer:.1%} of the optimum" if dearer and dearer > CHOSEN else str(plan.status)


def _currency(plan: HedgePlan) -> str:
    return str(plan.inputs.get("currency", "money"))


def _order_lines(plan: HedgePlan) -> list[str]:
    if not plan.legs:
        return ["  no orders"]
    width = max(len(leg.instrument.symbol) for leg in plan.legs)
    return [
        f"  {leg.side:<5}{abs(leg.quantity):>9,.10g}  {leg.instrument.symbol:<{width}}  at {leg.price_text.replace(' ', HARD_SPACE)}"
        f"   premium{f' {cost_of([leg]).premium:>12,.0f}'.replace(' ', HARD_SPACE)}"
        for leg in plan.legs
    ]


def _costs(plan: HedgePlan) -> list[tuple[str, str]]:
    cost, currency = plan.cost, _currency(plan)
    share = cost.premium / plan.base
    return [
        (
            "cost",
            f"{cost.execution:>10,.0f} {currency}  half spread {cost.half_spread:,.0f}, "
            f"fees {cost.fees:,.0f}{_as_packages(plan)}, carry {cost.carry:,.0f}",
        ),
        *([("", str(plan.decay))] if plan.decay and plan.legs else []),
        *([("", str(plan.entering))] if plan.entering else []),
        (
            "net premium",
            f"{cost.premium:>10,.0f} {currency}  {share:.2%} of {plan.base_name} {plan.base:,.0f}",
        ),
    ]


def _as_packages(plan: HedgePlan) -> str:
    """Fees where orders are given as packages, if that is less."""
    fees = package_fees(plan.legs)
    return "" if fees >= plan.cost.fees - 0.5 else f" ({fees:,.0f} as combos)"


Row: TypeAlias = tuple[str, str, str, str, str]
"""Name, before, after, target and unit of a measure."""


def _exposures(plan: HedgePlan) -> list[Row]:
    """Greeks before and after, and every other limit beside where the plan stands."""
    rows: list[Row] = []
    shown: set[Limit] = set()
    for before, after in plan.exposures:
        for name in SHOWN:
            limit = Limit(name, before.asset if len(plan.exposures) > 1 else "")
            asked = next((check for check in plan.checks if check.limit == limit), None)
            values = (figure(getattr(each, name), 5) for each in (before, after))
            unit = _unit(plan, name, before.asset)
            rows.append((str(limit), *values, _band(asked) if asked else "", unit))  # type: ignore[arg-type]
            shown.add(limit)
    others = [check for check in plan.checks if check.limit.kind in UNITS and check.limit not in shown]
    for check in others:
        unit = _unit(plan, check.limit.kind, check.limit.asset or plan.exposures[0][0].asset)
        rows.append((str(check.limit), "", figure(check.value, 5), _band(check), unit))
    return rows + _shares(plan)


def _exposure_line(row: Row) -> str:
    """One aligned line; too long a name takes the room of the value before, which is not known there."""
    name, before, after, band, unit = row
    left = f"{name:<13} {before:>12}" if before else f"{name:<26}"
    left = f"  {left} {after:>11}"  # a blank of its own: long numbers must not touch
    return f"{left}  {band}" if line_width() < ROOMY else f"{left}  {band:<15} {unit}"


def _units_in_words(plan: HedgePlan) -> str:
    return ", ".join(f"{name} {unit}" for name, _, _, _, unit in _exposures(plan) if unit)


def _unit(plan: HedgePlan, name: str, asset: str) -> str:
    return UNITS[name].replace("money", _currency(plan)).replace("units of underlying", asset)


def _other_numeraires(plan: HedgePlan) -> list[Numeraire]:
    """The coin, and money too where the lines above count in coin."""
    judged = plan.inputs.get("book", {}).get("numeraire")
    return [
        item for item in plan.numeraires if item.unit != _currency(plan) or judged not in (item.unit, "USD")
    ]


def _shares(plan: HedgePlan) -> list[Row]:
    """Limits in shares of the base that no other line shows, each with where the plan stands."""
    least = LEAST[plan.inputs.get("target", {}).get("minimise", "cost")]
    return [
        (
            str(check.limit),
            "",
            f"{check.value:.2%}",
            "minimised" if check.limit == least else _band(check),
            f"of {plan.base_name}",
        )
        for check in plan.checks
        if check.limit == least
        or check.limit.kind in SHOWN_SHARES
        or (check.limit.kind == FLOOR.kind and check.limit != FLOOR)  # which the worst case shows
    ]


def _band(check: Check) -> str:
    low, high = ("" if side is None else figure_of(check.limit, side) for side in (check.low, check.high))
    return f"{low} .. {high}".strip()


def _misses(checks: Iterable[Check]) -> str:
    return ", ".join(f"{check.limit} by {figure_of(check.limit, check.miss, 3)}" for check in checks)


def _alternative(plan: HedgePlan, item: Alternative) -> str:
    legs = ", ".join(f"{leg.side} {figure(abs(leg.quantity))} {leg.instrument.symbol}" for leg in item.legs)
    text = f"{item.name}: {legs or 'no orders'}, cost {item.cost.execution:,.0f}"
    if item.loss is not None:
        verb = "needs" if plan.inputs.get("target", {}).get("minimise") == MARGIN.kind else "loses"
        text += f", {verb} {per_cent(item.loss)}"
    return f"{text}; misses {_misses(item.misses)}" if item.misses else text


def _proof(plan: HedgePlan) -> str:
    penalty = plan.objective - plan.cost.execution
    missed = f" ({penalty:,.0f} of it a penalty on what is missed, no money)" if _closest(plan) else ""
    priced = plan.inputs.get("limits", {}).get("price_per_leg", 0.0) * plan.base * len(plan.legs)
    if not missed and priced > max(plan.cost.execution, 0.0):  # or the gap would pass for one of the cost
        missed = f" ({priced:,.0f} of it the price of an order, no money)"
    proven = f"bound {plan.bound:,.2f}, gap {plan.gap:.3%}" if plan.gap < NOTHING else "no bound found"
    return (
        f"objective {plan.objective:,.2f}{missed}, {proven}, "
        f"{number_of(plan.nodes, 'node')}, {plan.seconds:.2f} s"
    )


def _closest(plan: HedgePlan) -> bool:
    """Whether no plan meets every limit, so that misses are what is minimised."""
    return str(plan.status) == "closest"

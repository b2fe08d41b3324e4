"""A plan as text and as HTML. Formats what the plan holds; computes nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from html import escape
from typing import Any, TypeAlias

from hedging.book.legs import cost_of
from hedging.book.packages import package_fees
from hedging.planner.request.limit import BANDS, FLOOR, LEAST, Limit
from hedging.planner.request.view import View
from hedging.planner.request.wording import figure, figure_of, per_cent
from hedging.planner.result.checks import Check
from hedging.planner.result.values import Alternative, Numeraire

__all__ = ["plan_html", "plan_text"]

HedgePlan: TypeAlias = Any
"""`HedgePlan` shows itself by what is here, and so is not imported."""
WIDTH = 110
HARD_SPACE = "\N{NO-BREAK SPACE}"
SHOWN = ("delta", "gamma", "vega", "theta")
UNITS = BANDS | dict.fromkeys(("vega_by_days", "gross_vega"), BANDS["vega"])
SHOWN_SHARES = ("shortfall", "value_at_risk", "cost", "initial_margin")


def plan_text(plan: HedgePlan) -> str:
    """The plan in aligned lines, on one page."""
    lines = [headline(plan), *_first_lines(plan), *_order_lines(plan), *_further_lines(plan)]
    return "\n".join([*_wrapped(lines), plan.message])


def _first_lines(plan: HedgePlan) -> list[str]:
    """What must be read before the orders."""
    lines = [f"  {'note':<14}{warning}" for warning in plan.warnings]
    lines += [f"  {'liquidation':<14}{move}" for move in plan.liquidations]
    return lines + [f"  {'survival':<14}{each}" for each in plan.survivals]


def _further_lines(plan: HedgePlan) -> list[str]:
    """All that comes below the orders."""
    lines = [*_cost_lines(plan), *_exposure_lines(plan), *_share_lines(plan)]
    if plan.inputs.get("view"):
        lines.append(f"  {'view':<14}{View(**plan.inputs['view'])}")
    for name, trough in zip(("alone", "hedged"), plan.troughs, strict=True):
        lines.append(
            f"  {f'worst {name}':<14}{per_cent(trough.share):>10}  {trough.scenario}, day {trough.day:.4g}"
        )
    lines += [f"  {f'in {item.unit}':<14}{item}" for item in _other_numeraires(plan)]
    lines += [f"  {'funding':<14}{line}" for line in plan.funding]
    if plan.agreement is not None:
        lines.append(f"  {'outcomes':<14}{plan.agreement}")
    lines.append(f"  {'binds':<14}{', '.join(plan.binding) or 'nothing'}")
    if missed := [check for check in plan.checks if not check.ok]:
        lines.append(f"  {'misses':<14}{_misses(missed)}")
    if plan.shadow_prices:
        lines.append(f"  {'prices':<14}{', '.join(map(str, plan.shadow_prices))} {_currency(plan)}")
    if plan.robustness:
        lines.append(f"  {'inside quotes':<14}{'; '.join(map(str, plan.robustness))}")
    if plan.fills is not None:
        lines.append(f"  {'fills':<14}{plan.fills}")
    lines += [f"  {'instead':<14}{_alternative(item)}" for item in plan.alternatives]
    lines += [f"  {'remark':<14}{remark}" for remark in plan.remarks]
    lines.append(f"  {'proof':<14}{_proof(plan)}")
    return lines


def _wrapped(lines: Iterable[str]) -> list[str]:
    """Each line, a long one over several."""
    return [part for line in lines for part in _parts(line)]


def _parts(line: str) -> list[str]:
    """A long line over several, the rest below its text; neither symbols nor `-90 %` are torn apart."""
    parts = textwrap.wrap(
        line.replace(" %", f"{HARD_SPACE}%"),
        WIDTH,
        subsequent_indent=" " * 16,
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [part.replace(HARD_SPACE, " ") for part in parts]


def plan_html(plan: HedgePlan) -> str:
    """The same as HTML for a notebook."""
    orders = plan.orders[["side", "quantity", "instrument", "limit_price", "quote_unit", "premium"]]
    table = orders.to_html(index=False, border=0, float_format="{:,.6g}".format)
    first = "".join(f"<p>{escape(line.strip())}</p>" for line in _first_lines(plan))
    rest = "\n".join([*_wrapped(_further_lines(plan)), plan.message])
    return f"<p><b>{escape(headline(plan))}</b></p>{first}{table}<pre>{escape(rest)}</pre>"


def headline(plan: HedgePlan) -> str:
    """One line: what is hedged, when, at which spot, and the status."""
    assets = ", ".join(f"{before.asset} at {before.spot:,.10g}" for before, _ in plan.exposures)
    when = str(plan.inputs.get("as_of", ""))[:16].replace("T", " ")
    status = plan.status if plan.trusted else "EDITED AFTER IT WAS MADE, nothing of it is proven"
    return f"Hedge plan, {assets} {_currency(plan)}, {when} UTC: {plan.structure}, {status}"


def _currency(plan: HedgePlan) -> str:
    return str(plan.inputs.get("currency", "money"))


def _order_lines(plan: HedgePlan) -> list[str]:
    if not plan.legs:
        return ["  no orders"]
    width = max(len(leg.instrument.symbol) for leg in plan.legs)
    return [
        f"  {leg.side:<5}{abs(leg.quantity):>9,.10g}  {leg.instrument.symbol:<{width}}  at {leg.price_text}"
        f"   premium {cost_of([leg]).premium:>12,.0f}"
        for leg in plan.legs
    ]


def _cost_lines(plan: HedgePlan) -> list[str]:
    cost, currency = plan.cost, _currency(plan)
    share = cost.premium / plan.base
    return [
        f"  {'cost':<14}{cost.execution:>10,.0f} {currency}  half spread {cost.half_spread:,.0f}, "
        f"fees {cost.fees:,.0f}{_as_packages(plan)}, carry {cost.carry:,.0f}",
        *([f"  {'':<14}{plan.decay}"] if plan.decay and plan.legs else []),
        *([f"  {'':<14}{plan.entering}"] if plan.entering else []),
        f"  {'net premium':<14}{cost.premium:>10,.0f} {currency}  {share:.2%} of {plan.base_name} {plan.base:,.0f}",
    ]


def _as_packages(plan: HedgePlan) -> str:
    """Fees where orders are given as packages, if that is less."""
    fees = package_fees(plan.legs)
    return "" if fees >= plan.cost.fees - 0.5 else f" ({fees:,.0f} as combos)"


def _exposure_lines(plan: HedgePlan) -> list[str]:
    lines = [f"  {'':<14}{'before':>12}{'after':>12}  {'target':<16}unit"]
    shown: set[Limit] = set()
    for before, after in plan.exposures:
        for name in SHOWN:
            limit = Limit(name, before.asset if len(plan.exposures) > 1 else "")
            asked = next((check for check in plan.checks if check.limit == limit), None)
            lines.append(
                f"  {limit!s:<14}{figure(getattr(before, name), 5):>12}{figure(getattr(after, name), 5):>12}  "
                f"{_band(asked) if asked else '':<15} {_unit(plan, name, before.asset)}"
            )
            shown.add(limit)
    # Too long a name takes the room of the value before, which is not known here.
    others = [check for check in plan.checks if check.limit.kind in UNITS and check.limit not in shown]
    return lines + [
        f"  {check.limit!s:<26}{figure(check.value, 5):>12}  {_band(check):<15} "
        f"{_unit(plan, check.limit.kind, check.limit.asset or plan.exposures[0][0].asset)}"
        for check in others
    ]


def _unit(plan: HedgePlan, name: str, asset: str) -> str:
    return UNITS[name].replace("money", _currency(plan)).replace("units of underlying", asset)


def _other_numeraires(plan: HedgePlan) -> list[Numeraire]:
    """The coin, and money too where the lines above count in coin."""
    judged = plan.inputs.get("book", {}).get("numeraire")
    return [
        item for item in plan.numeraires if item.unit != _currency(plan) or judged not in (item.unit, "USD")
    ]


def _share_lines(plan: HedgePlan) -> list[str]:
    """Limits in shares of the base that no other line shows, each with where the plan stands."""
    least = LEAST[plan.inputs.get("target", {}).get("minimise", "cost")]
    return [
        f"  {check.limit!s:<26}{check.value:>12.2%}  "
        f"{'minimised' if check.limit == least else _band(check):<15} of {plan.base_name}"
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


def _alternative(item: Alternative) -> str:
    legs = ", ".join(f"{leg.side} {figure(abs(leg.quantity))} {leg.instrument.symbol}" for leg in item.legs)
    text = f"{item.name}: {legs or 'no orders'}, cost {item.cost.execution:,.0f}"
    if item.loss is not None:
        text += f", loses {per_cent(item.loss)}"
    return f"{text}; misses {_misses(item.misses)}" if item.misses else text


def _proof(plan: HedgePlan) -> str:
    return (
        f"objective {plan.objective:,.2f}, bound {plan.bound:,.2f}, gap {plan.gap:.3%}, "
        f"{plan.nodes:,} node{'s' * (plan.nodes != 1)}, {plan.seconds:.2f} s"
    )

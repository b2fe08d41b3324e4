"""What the certificate assumes, and what lies beyond its edge, with the loss there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hedging._ground.counts import number_of
from hedging.market.market import vols_of
from hedging.paths import assumptions, grid
from hedging.planner import HedgePlan, PlanStatus
from hedging.report.blocks import Block, Column, Columns, Listing, Notice, Section, Table, Text, tabled
from hedging.report.grid import Grid
from hedging.report.subject import Subject
from hedging.report.words import amount, day_name, per_cent, read, stamp, typeset
from hedging.scenario import run
from hedging.units import days, utc

__all__ = ["certificate"]

AFTER = 30.0  # days behind the last expiry


def certificate(subject: Subject, found: Grid) -> Section:
    """The section."""
    plan = subject.plan
    title = "What the certificate assumes, and what lies beyond"
    if plan is None:
        return Section("certificate", title, (Text("Without a plan nothing is certified."),))
    broken = [Notice("Not certified", plan.message)] if plan.status is PlanStatus.CLOSEST else []
    blocks: tuple[Block, ...] = (
        *broken,
        Text(f"What the proof takes for granted{subject.at_plan}:"),
        Listing(tuple(_assumed(plan))),
        Text(
            "Beyond its edge nothing is promised. The worst of spot from −90 % to +100 % at once, every asset by the same "
            "share, with the orders held and nothing done:"
        ),
        _beyond(subject, plan, found),
        _rules(subject),
    )
    return Section("certificate", title, blocks)


def _rules(subject: Subject) -> Table:
    """The rules that the page's own falls were made by: those of its quotes, whenever the plan was made."""
    rules = assumptions(subject.assets, vols=vols_of(subject.markets))
    told = rules[["what", "asset", "value", "source"]].itertuples(index=False, name=None)
    rows = (tuple(typeset(read(cell)) for cell in row) for row in told)
    heads = ("Rule", "Of", "Value", "Source")
    caption = "What scenarios assume of spot, vol, spreads and funding where nothing else is said"
    return Table(caption, tuple(Column(head, number=False) for head in heads), tuple(rows))


def _assumed(plan: HedgePlan) -> Iterator[str]:
    inputs, limits = plan.inputs, [str(check.limit) for check in plan.checks]
    yield f"orders fill at the quotes of {stamp(utc(inputs['as_of']))}, in the sizes that were quoted, with the venue's fees"
    scenes = inputs["scenarios"]
    if any(name.startswith("floor") for name in limits):
        yield (
            f"the floor holds over {amount(scenes['count'])} {'scenarios by default' if scenes['default'] else 'given scenarios'} "
            f"{_until(inputs, scenes['days'][-1])}: spot from {_level(scenes['spot'][0])} to {_level(scenes['spot'][1])}, the "
            f"30-day vol by {_points(scenes['vol_shift'][0])} to {_points(scenes['vol_shift'][1])} points"
        )
        if scenes["default"]:
            yield "and over every single turn of spot between expiries; not over several turns, nor after that day"
    if inputs.get("outcomes"):
        moved = ", their probabilities moved to fit the quotes" if inputs.get("reweighted") else ""
        yield f"tails are taken over {amount(inputs['outcomes'])} drawn outcomes{moved}: another draw gives another tail"
    yield "between the dates nothing is traded; what expires settles at the price of its own expiry"
    yield "the venue pays, and margin is judged by account above, not by the certificate, unless a limit says so"
    yield from plan.funding
    if inputs.get("view"):
        yield "a view counts in the objective; it is a bet and bounds no loss"


def _until(inputs: Mapping[str, Any], day: float) -> str:
    return f"to {day_name(utc(inputs['as_of']), day)}, {number_of(round(day, 1), 'day')} ahead"


def _points(shift: float) -> str:
    return f"{100 * shift:+.3g}".replace("-", "−")


def _level(multiple: float) -> str:
    return per_cent(multiple - 1.0, 0, sign=True) if multiple > 1e-3 else "zero"


def _beyond(subject: Subject, plan: HedgePlan, found: Grid) -> Table:
    """Worst of the hedged book inside, and outside in vol, in time, and in both."""
    hedged, axes = found.values["hedged"], found.axes
    shifts = plan.inputs["scenarios"]["vol_shift"]
    inside_vol = (axes.vols >= shifts[0] - 1e-9) & (axes.vols <= shifts[1] + 1e-9)
    # The plan's days count from its own quotes, the page's from its own.
    passed = days(plan.as_of, subject.as_of)
    inside_day = axes.days + passed <= plan.inputs["scenarios"]["days"][-1] + 1e-9
    places = {
        "inside: vols moved as far from now, to the end of the horizon": (inside_vol, inside_day),
        "vol moves further": (~inside_vol, inside_day),
        "days go on to the last expiry": (inside_vol, ~inside_day),
        "both": (~inside_vol, ~inside_day),
    }
    rows = []
    for name, (vols, dates) in places.items():
        if vols.any() and dates.any():
            part = hedged[np.ix_(np.ones(axes.moves.size, bool), vols, dates)]
            i, j, k = np.unravel_index(part.argmin(), part.shape)
            at = axes.moves[i], axes.vols[vols][j], axes.days[dates][k]
            rows.append(_row(subject, name, float(part.min()), *map(float, at)))
    rows.append(_after_all(subject, found))
    unit = f"worst [{subject.currency}]"
    columns: Columns = [
        Column("where", False),
        unit,
        f"share of {subject.base[1]}",
        "spot",
        "vol [points]",
        Column("date", False),
    ]
    low, high = (per_cent(float(each), 0, sign=True) for each in axes.moves[[0, -1]])
    title = f"Worst of the book with the plan for spot from {low} to {high}, inside and beyond"
    return tabled(f"{title}{subject.bases}", columns, rows)


def _after_all(subject: Subject, found: Grid) -> tuple[str, ...]:
    """A month after everything has expired: what is left is the position."""
    axes, day = found.axes, float(found.axes.days[-1]) + AFTER
    paths = dict.fromkeys(subject.assets, grid(axes.moves, [0.0], [day]))
    # On a grid spot has come halfway by an expiry halfway; who asks what comes after wants it to fall later.
    total = run(subject.book, subject.markets, paths, subject.plan, by_leg=False).total[:, 0]
    at = int(total.argmin())
    name = f"{AFTER:g} days after the last of those dates, spot on a straight line"
    return _row(subject, name, float(total[at]), float(axes.moves[at]), 0.0, day)


def _row(subject: Subject, name: str, worst: float, move: float, vol: float, day: float) -> tuple[str, ...]:
    shares = per_cent(worst / subject.base[0], 1, sign=True), per_cent(move, 0, sign=True)
    return name, subject.gain(worst), *shares, _points(vol), day_name(subject.as_of, day)

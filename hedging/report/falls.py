"""Falls: one that gets faster and faster, crashes that happened, and which accounts live through them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hedging import plots
from hedging._ground.cells import on_day
from hedging._ground.counts import number_of
from hedging.margin import Survival, survive_accounts
from hedging.paths import REPLAYS, STRESS_BETA, Paths, couple, fan
from hedging.planner import HedgePlan
from hedging.report.blocks import Block, Column, Columns, Listing, Notice, Section, Table, Text, tabled
from hedging.report.pictures import Studio
from hedging.report.subject import Subject
from hedging.report.words import amount, per_cent
from hedging.scenario import ScenarioResult, rule_of, run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FALL", "Fall", "accounts", "falls", "falls_of"]

FALL: Final = (-0.02, -0.004, 21.0)
"""Velocity, acceleration and length of the fall: log-price a day, a day squared, days."""
MULTIPLES: Final = (0.0, 1.0, 2.0, 4.0)  # of its acceleration
NO_ACCOUNT = (
    "The book declares no account, so nothing of it is margined and nothing can be liquidated. Where coins are collateral "
    "somewhere, say so in the book ([accounts.NAME], account = NAME), or pass --account."
)


@dataclass(frozen=True, slots=True, eq=False)
class Fall:
    """Paths of every asset, and what book and plan come to along them.

    Attributes
    ----------
    title : str
    paths : dict of str to Paths
    result : ScenarioResult
    alone, hedged : dict of str to Survival
        By account, without the plan and with it; empty where no account is declared.
    """

    title: str
    paths: dict[str, Paths]
    result: ScenarioResult
    alone: Mapping[str, Survival]
    hedged: Mapping[str, Survival]


def falls_of(subject: Subject) -> tuple[Fall, ...]:
    """The accelerating fall first, then every crash that knows all assets."""
    sets = {"accelerating fall": _fan(subject)}
    for replay in REPLAYS.values():
        if all(asset in replay.price for asset in subject.assets):
            sets[replay.title] = {
                each.asset: replay.paths(each.asset, reaction=rule_of(each)) for each in subject.markets
            }
    return tuple(_fall(subject, title, paths) for title, paths in sets.items())


def _fan(subject: Subject) -> dict[str, Paths]:
    """The first asset leads; the others fall by their beta in past crashes, or as much as it does."""
    lead, *others = subject.markets
    led = fan(*FALL, multiples=MULTIPLES, reaction=rule_of(lead))
    if not others:
        return {lead.asset: led}
    own = STRESS_BETA.get(lead.asset, 1.0)
    betas = {each.asset: STRESS_BETA.get(each.asset, own) / own for each in subject.markets}
    reactions = {each.asset: rule_of(each) for each in subject.markets}
    return couple(led, subject.assets, betas=betas, reactions=reactions)


def _fall(subject: Subject, title: str, paths: dict[str, Paths]) -> Fall:
    book, markets, plan = subject.book, subject.markets, subject.plan
    return Fall(
        title,
        paths,
        run(book, markets, paths, plan),
        survive_accounts(book, markets, paths),
        {} if plan is None else survive_accounts(book, markets, paths, plan),
    )


def falls(subject: Subject, found: tuple[Fall, ...], studio: Studio) -> Section:
    """The section of the crash fan and the replays."""
    first, *replays = found
    velocity, acceleration, length = FALL
    said = (
        f"{subject.assets[0]} falls by {per_cent(-velocity, 0)} a day in log-price, each day by {per_cent(-acceleration)} "
        f"more, times 0, 1, 2 and 4, over {number_of(length, 'day')}; vol, skew, spreads, funding and basis answer as they did in "
        "past falls."
    )
    blocks: list[Block] = [
        Text(said),
        _fan_picture(subject, first, studio),
        _table(subject, [first], "The fall"),
    ]
    if replays:
        blocks.append(_table(subject, replays, "Crashes that happened, from today's prices"))
        told = {each.title for each in replays}
        sources = (f"{each.title}: {each.source}" for each in REPLAYS.values() if each.title in told)
        blocks += [Text("Sources:"), Listing(tuple(sources))]
    else:
        blocks.append(Text(f"No recorded crash knows {' and '.join(subject.assets)}."))
    blocks += [Text(f"{each[0].upper()}{each[1:]}.") for each in first.result.remarks]
    return Section("falls", "Crash: the fall, faster and faster", tuple(blocks))


def _fan_picture(subject: Subject, fall: Fall, studio: Studio) -> Block:
    ways = {"position alone": fall.alone, "with overlay": fall.hedged}
    ends = {name: list(each.values())[-1] for name, each in ways.items() if each}
    worst = fall.result.summary().iloc[-1]
    alt = (
        f"Two panels over {number_of(fall.result.days[-1], 'day')}: above the price of {subject.assets[0]} in four falls, the "
        f"fastest ends at {per_cent(float(worst.iloc[0]))}; below the gain of the position"
        f"{' alone and with the plan' if subject.plan is not None else ''}. The table below has the numbers."
    )

    def draw(figure: Figure) -> object:
        return plots.crash_fan(fall.result, survival=ends, figure=figure)

    return studio.picture(draw, (7.6, 6.2), alt=alt, caption="The fall at four accelerations")


def _table(subject: Subject, each: list[Fall], caption: str) -> Table:
    """Gains at the end and at worst, by scenario."""
    rows = []
    for fall in each:
        for scenario, row in fall.result.summary().iterrows():
            ends = ", ".join(per_cent(float(row[f"{asset} end"]), 1, sign=True) for asset in subject.assets)
            gains = [row["position"], row["position worst"]]
            if subject.plan is not None:
                # A plan may trade nothing.
                gains += [row.get("both", gains[0]), row.get("both worst", gains[1])]
            rows.append((str(scenario), ends, *(subject.gain(float(gain)) for gain in gains)))
    columns: Columns = [
        Column("scenario", False),
        f"{', '.join(subject.assets)} at the end",
        "alone, end",
        "alone, worst",
    ]
    if subject.plan is not None:
        columns += ["with the plan, end", "with the plan, worst"]
    return tabled(f"{caption}: gains in {subject.currency}", columns, rows, most=20)


def accounts(subject: Subject, found: tuple[Fall, ...], studio: Studio) -> Section:
    """The section of survival by account."""
    title = "Accounts: what survives"
    if not found[0].alone and not found[0].hedged:
        return Section("accounts", title, (Text(NO_ACCOUNT),))
    blocks: list[Block] = []
    for name in dict.fromkeys([*found[0].alone, *found[0].hedged]):
        first = found[0].hedged.get(name) or found[0].alone[name]
        left = f" Not counted: {first.left_out}." if first.left_out else ""
        blocks.append(Text(f"Account {name}, in {first.currency}. Counted: {first.counted}.{left}"))
        dead = _dead(found, name, subject.plan)
        if dead:
            blocks.append(Notice("Liquidated", f"account {name}: {dead}"))
        blocks += [_survival(found, name, subject.plan is not None), _headroom(found[0], name, studio)]
    return Section("accounts", title, tuple(blocks))


def _dead(found: tuple[Fall, ...], name: str, plan: HedgePlan | None) -> str:
    """How many scenarios an account does not live through."""
    ways = {"alone": "alone"} | ({"with the plan": "hedged"} if plan is not None else {})
    told = []
    for how, field in ways.items():
        kept = [getattr(fall, field)[name].survives for fall in found if name in getattr(fall, field)]
        lost = sum(int((~each).sum()) for each in kept)
        told += (
            [f"{how} in {lost} of {number_of(sum(each.size for each in kept), 'scenario')}"] if lost else []
        )
    return ", ".join(told) + "." if told else ""


def _survival(found: tuple[Fall, ...], name: str, planned: bool) -> Table:
    rows = []
    for fall in found:
        ways = [fall.alone, fall.hedged] if planned else [fall.alone]
        cells = [_fates(each[name]) if name in each else None for each in ways]
        for at, scenario in enumerate(fall.result.labels):
            rows.append((scenario, *(text for each in cells for text in (each[at] if each else ("–", "–")))))
    columns: Columns = [Column("scenario", False)]
    for how in ("alone", "with the plan") if planned else ("alone",):
        columns += [Column(how, False), Column(f"least headroom, {how}")]
    return tabled(f"Account {name}", columns, rows, most=20)


def _fates(kept: Survival) -> list[tuple[str, str]]:
    day, price = kept.first()
    digits = 0 if abs(kept.balance).max() >= 10_000 else 4
    least = kept.headroom.min(axis=1)
    return [
        (
            f"liquidated {on_day(kept.as_of, when)} with {kept.asset} at {amount(float(at), 0 if at >= 100 else 4)}"
            if math.isfinite(when)
            else "survives",
            amount(float(room), digits),
        )
        for when, at, room in zip(day, price, least, strict=True)
    ]


def _headroom(fall: Fall, name: str, studio: Studio) -> Block:
    """Headroom along the fall as asked, the second of the fan."""
    drawn = dict(_named(fall, name))
    at = min(1, len(fall.result.labels) - 1)

    def draw(figure: Figure) -> object:
        return plots.headroom(drawn, scenario=at, ax=figure.subplots())

    told = "; ".join(f"{how}: {_fates(kept)[at][0]}" for how, kept in drawn.items())
    alt = f"Headroom of account {name} over time in the fall {fall.result.labels[at]}. {told}."
    return studio.picture(draw, (7.6, 3.8), alt=alt, caption=f"Headroom of account {name}")


def _named(fall: Fall, name: str) -> Iterator[tuple[str, Survival]]:
    for how, each in {"alone": fall.alone, "with the plan": fall.hedged}.items():
        if name in each:
            yield how, each[name]

"""Falls: one that gets faster and faster, crashes that happened, and which accounts live through them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from hedging import plots
from hedging._ground.cells import on_day
from hedging._ground.counts import number_of
from hedging._numerics.types import Array
from hedging.book.accounts import called
from hedging.errors import InputError
from hedging.margin import Survival, survive_accounts
from hedging.margin.ended import first_ends, until
from hedging.margin.requirement import ASSUMED_MODEL
from hedging.margin.side_by_side import alike
from hedging.paths import REPLAYS, STRESS_BETA, Paths, couple, fan
from hedging.planner import HedgePlan
from hedging.report.blocks import Block, Column, Columns, Listing, Notice, Section, Table, Text, tabled
from hedging.report.pictures import Studio
from hedging.report.subject import Subject
from hedging.report.words import amount, day_name, per_cent, typeset
from hedging.scenario import ScenarioResult, rule_of, run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FALL", "Fall", "accounts", "falls", "falls_of", "first_liquidations"]

FALL: Final = (-0.02, -0.004, 21.0)
"""Velocity, acceleration and length of the fall: log-price a day, a day squared, days."""
MULTIPLES: Final = (0.0, 1.0, 2.0, 4.0)  # of its acceleration
NO_ACCOUNT = (
    "The book declares no account and nothing here is a perpetual or a future, so no account is followed. Where coins are "
    "collateral somewhere, or options are sold on margin, say so in the book ([accounts.NAME], account = NAME), or pass "
    "--account."
)
ASSUMED = (
    "The book declares no account, and perpetuals and futures are margined: all of it is taken to lie in one account, by "
    "{model} rules, as the plan's own warnings take it. Declare what lies where ([accounts.NAME], account = NAME), or pass "
    "--account."
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
        By account, without the plan and with it; empty where there is none.
    unknown : str
        Why an assumed account is not followed.
    """

    title: str
    paths: dict[str, Paths]
    result: ScenarioResult
    alone: Mapping[str, Survival]
    hedged: Mapping[str, Survival]
    unknown: str = ""


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
    markets, plan = subject.markets, subject.plan
    alone, hedged, unknown = _followed(subject, paths)
    return Fall(title, paths, run(subject.book, markets, paths, plan), alone, hedged, unknown)


def _followed(
    subject: Subject, paths: dict[str, Paths]
) -> tuple[Mapping[str, Survival], Mapping[str, Survival], str]:
    """Every account alone and with the plan, and why none of an assumed one is known."""
    book, markets, plan = subject.margined, subject.markets, subject.plan
    try:
        alone = survive_accounts(book, markets, paths)
        if plan is None:
            return alone, {}, ""
        hedged = survive_accounts(book, markets, paths, plan)
        return alike(alone, hedged), alike(hedged, alone), ""
    except InputError as error:
        if subject.book.accounts:
            raise
        return {}, {}, f"Where the book is liquidated is not known: {error}"


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
    blocks += [Text(f"{_capital(each)}.") for each in first.result.remarks]
    return Section("falls", "Crash: the fall, faster and faster", tuple(blocks))


def _fan_picture(subject: Subject, fall: Fall, studio: Studio) -> Block:
    ends = {"position alone": fall.alone, "with overlay": fall.hedged}
    worst = fall.result.summary().iloc[-1]
    alt = (
        f"Two panels over {number_of(fall.result.days[-1], 'day')}: above the price of {subject.assets[0]} in four falls, the "
        f"fastest ends at {per_cent(float(worst.iloc[0]))}; below the gain of the position"
        f"{' alone and with the plan' if subject.plan is not None else ''}. Lines end where an account is liquidated. The table below has the numbers."
    )

    def draw(figure: Figure) -> None:
        plots.crash_fan(fall.result, survival=ends, figure=figure)

    caption = f"The fall at four accelerations{subject.bases and f': gains{subject.bases}'}"
    return studio.picture(draw, (7.6, 6.2), alt=alt, caption=caption)


def _table(subject: Subject, each: list[Fall], caption: str) -> Table:
    """Gains at the end and at worst, by scenario; both up to the first liquidation of an account, which is named."""
    ways = {"alone": [_rows(fall, fall.result.position, fall.alone) for fall in each]}
    if subject.plan is not None:
        ways["with the plan"] = [_rows(fall, fall.result.total, fall.hedged) for fall in each]
    dying = [how for how, found in ways.items() if any(row.ended for rows in found for row in rows)]
    rows = []
    for place, fall in enumerate(each):
        for at, (scenario, row) in enumerate(fall.result.summary().iterrows()):
            ends = ", ".join(per_cent(float(row[f"{asset} end"]), 1, sign=True) for asset in subject.assets)
            cells = [typeset(str(scenario)), ends]
            for how, found in ways.items():
                told = found[place][at]
                cells += [subject.gain(told.end), subject.gain(told.worst)]
                cells += [told.ended or "no"] if how in dying else []
            rows.append(tuple(cells))
    columns: Columns = [Column("scenario", False), f"{', '.join(subject.assets)} at the end"]
    for how in ways:
        columns += [f"{how}, {'last' if how in dying else 'end'}", f"{how}, worst"]
        columns += [Column(f"liquidated, {how}", False)] if how in dying else []
    until_then = ", last and worst until an account is liquidated" if dying else ""
    return tabled(
        f"{caption}: gains in {subject.currency}{until_then}{subject.bases}", columns, rows, most=20
    )


class _Row(NamedTuple):
    """Gains of one scenario, and when and where it ends early."""

    end: float
    worst: float
    ended: str


def _rows(fall: Fall, gains: Array, accounts: Mapping[str, Survival]) -> list[_Row]:
    """The scenarios of a fall, each until the first of its accounts is liquidated."""
    ends, days = first_ends(accounts, len(gains)), fall.result.days
    rows = []
    for gain, day, name in zip(gains, ends.days, ends.accounts, strict=True):
        line = until(days, gain, day)[1]
        when = f"{on_day(fall.result.as_of, day)}, {called(name)}" if name else ""
        rows.append(_Row(float(line[-1]), float(line.min()), when))
    return rows


def first_liquidations(subject: Subject, fall: Fall) -> Iterator[tuple[str, str]]:
    """When the first account is liquidated in the fall as asked, without the plan and with it: name and date."""
    at = _as_asked(fall)
    ways = {"alone": fall.alone} | ({"with the plan": fall.hedged} if subject.plan is not None else {})
    for how, found in ways.items():
        ends = first_ends(found, len(fall.result.labels))
        day, name = float(ends.days[at]), ends.accounts[at]
        if name:
            when = "at once" if day == 0.0 else day_name(subject.as_of, day)
            yield f"liquidated in the fall, {how}", f"{when}, {called(name)}"


def _as_asked(fall: Fall) -> int:
    """The scenario of a fan whose acceleration is multiplied by nothing: its second."""
    return min(1, len(fall.result.labels) - 1)


def accounts(subject: Subject, found: tuple[Fall, ...], studio: Studio) -> Section:
    """The section of survival by account."""
    title = "Accounts: what survives"
    first = found[0]
    if not subject.margined.accounts:
        return Section("accounts", title, (Text(NO_ACCOUNT),))
    blocks: list[Block] = []
    if not subject.book.accounts:
        blocks.append(Notice("Assumed", ASSUMED.format(model=ASSUMED_MODEL)))
    if first.unknown:
        blocks.append(Notice("Not known", first.unknown))
    for name in dict.fromkeys([*first.alone, *first.hedged]):
        kept = first.hedged.get(name) or first.alone[name]
        left = f" Not counted: {kept.left_out}." if kept.left_out else ""
        blocks.append(Text(f"{_capital(called(name))}, in {kept.currency}. Counted: {kept.counted}.{left}"))
        dead = _dead(found, name, subject.plan)
        if dead:
            blocks.append(Notice("Liquidated", f"{called(name)}: {dead}"))
        blocks += [_survival(found, name, subject.plan is not None), _headroom(first, name, studio)]
    return Section("accounts", title, tuple(blocks))


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


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
    known = [each[name] for fall in found for each in (fall.alone, fall.hedged) if name in each]
    digits = 0 if max(abs(kept.balance).max() for kept in known) >= 10_000 else 4
    for fall in found:
        ways = [fall.alone, fall.hedged] if planned else [fall.alone]
        cells = [_fates(each[name], digits) if name in each else None for each in ways]
        for at, scenario in enumerate(fall.result.labels):
            rows.append(
                (typeset(scenario), *(text for each in cells for text in (each[at] if each else ("–", "–"))))
            )
    columns: Columns = [Column("scenario", False)]
    for how in ("alone", "with the plan") if planned else ("alone",):
        columns += [Column(how, False), Column(f"least headroom, {how}")]
    return tabled(_capital(called(name)), columns, rows, most=20)


def _fates(kept: Survival, digits: int) -> list[tuple[str, str]]:
    """What becomes of an account in each scenario, and its least headroom to so many digits."""
    day, price = kept.first()
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
    at = _as_asked(fall)

    def draw(figure: Figure) -> object:
        return plots.headroom(drawn, scenario=at, ax=figure.subplots())

    told = "; ".join(f"{how}: {_fates(kept, 0)[at][0]}" for how, kept in drawn.items())
    alt = f"Headroom of {called(name)} over time in the fall {fall.result.labels[at]}. {told}."
    return studio.picture(draw, (7.6, 3.8), alt=alt, caption=f"Headroom of {called(name)}")


def _named(fall: Fall, name: str) -> Iterator[tuple[str, Survival]]:
    for how, each in {"alone": fall.alone, "with the plan": fall.hedged}.items():
        if name in each:
            yield how, each[name]

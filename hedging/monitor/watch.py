"""A plan held against chain after chain: transitions only, each once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging.book.book import Book
from hedging.book.expired import check_given, expiry_name
from hedging.book.saved import book_from
from hedging.errors import HedgingError, InputError
from hedging.market.contracts import Future, Option
from hedging.market.market import Chains, Market, markets_of
from hedging.monitor.levels import Level, levels, name_of
from hedging.monitor.renewal import roll_dates
from hedging.monitor.rules import Rules
from hedging.planner.audit import Audit, audit
from hedging.planner.request.limit import Limit
from hedging.planner.result.checks import TOLERANCE, Check
from hedging.planner.result.plan import HedgePlan
from hedging.prices.delivery import Deliveries
from hedging.units import days, utc

__all__ = ["Event", "State", "Watch", "levels_of", "watch"]

Status: TypeAlias = Literal["in band", "near", "broken"]
CHAIN: Final = "chain"  # the watched thing that is no limit: whether the chain can be judged
SETTLED: Final = "settled"
HORIZON, OVER = "horizon", "over"
READ, UNREAD = "read", "cannot be judged"
MINUTE: Final = 1.0 / (24.0 * 60.0)  # [days]
Source: TypeAlias = "Chains | Callable[[], Chains]"
"""A chain, or what reads it: that may fail, and the watch goes on."""


@dataclass(frozen=True, slots=True, repr=False)
class Event(Shown):
    """A transition.

    Attributes
    ----------
    what : str
        The limit, ``chain``, ``settled`` or ``horizon``.
    before, after : str
        States: ``in band``, ``near``, ``broken``; of a chain ``read`` and ``cannot be judged``; of the horizon
        ``over``. A settlement goes from empty to what expired.
    time : str
        Of the chain it was seen on, ISO, UTC; of one that cannot be judged, the last one that could.
    value, low, high : float or None
    text : str
    """

    what: str
    before: str
    after: str
    time: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    text: str = ""

    @property
    def kind(self) -> str:
        """In a word: ``broken``, ``mended``, ``near``, ``in band``; ``unreadable``, ``readable``; ``settled``; ``over``."""
        if self.what == SETTLED:
            return SETTLED
        if self.what == CHAIN:
            return "unreadable" if self.after == UNREAD else "readable"
        return "mended" if self.before == "broken" else self.after

    def to_dict(self) -> dict[str, Any]:
        """The event by field."""
        return {"kind": self.kind} | {name: getattr(self, name) for name in self.__slots__}

    @staticmethod
    def from_dict(saved: Mapping[str, Any]) -> Event:
        """The event that `to_dict` gave."""
        return Event(**{name: saved[name] for name in Event.__slots__})

    def __str__(self) -> str:
        when = f"{utc(self.time):%Y-%m-%d %H:%M} UTC" if self.time else "at the start"
        return f"{when}  {self.kind:<10}  {self.text}"


@dataclass(frozen=True, slots=True, repr=False)
class State(Shown):
    """Where a watch stands: all that its events have told.

    Attributes
    ----------
    status : mapping
        By limit, and of the chain.
    settled : mapping
        Delivery prices that were taken, by expiry: they never change afterwards. [money]
    last : str
        Time of the last chain that was judged, ISO; empty for none.
    """

    status: Mapping[str, str] = field(default_factory=dict)
    settled: Mapping[str, float] = field(default_factory=dict)
    last: str = ""

    def after(self, event: Event) -> State:
        """The state once an event is told."""
        if event.what == SETTLED:
            assert event.value is not None
            return replace(self, settled={**self.settled, event.after: event.value}, last=event.time)
        return replace(self, status={**self.status, event.what: event.after}, last=event.time or self.last)


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """A plan and how it is watched; `step` judges one chain.

    Attributes
    ----------
    plan : HedgePlan
    rules : Rules
    settled : mapping
        Delivery prices by expiry that are known beforehand. [money]
    delivery : optional
        Files of delivery prices, as for `hedging.audit`.
    options : mapping
        Further arguments of `hedging.audit`: scenarios, outcomes.
    """

    plan: HedgePlan
    rules: Rules = field(default_factory=Rules)
    settled: Mapping[str, float] = field(default_factory=dict)
    delivery: Deliveries | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Before any chain: there it would be the chain that cannot be judged.
        check_given(self.settled, _book(self.plan))

    def step(self, source: Source, state: State) -> tuple[tuple[Event, ...], State]:
        """The transitions that one chain brings, and the state after them.

        Raises
        ------
        InputError
            If the rules name a limit that the plan does not hold.
        """
        try:
            chain = markets_of(source() if callable(source) else source)
            as_of = utc(min(market.as_of for market in chain.values()))
            if state.last and as_of < utc(state.last):
                raise InputError(
                    f"the chain of {as_of} is older than that of {state.last}, which was judged."
                )
            found = self.audit(chain, state)
        except (HedgingError, OSError) as error:
            return self._unreadable(error, state)
        self.rules.check_names({name_of(check, as_of) for check in found.checks})
        time = as_of.isoformat()
        events = [
            *self._readable(state, time),
            *self._settlements(found, state, time),
            *self._horizon(found, state, time),
        ]
        for check in self._checks(found, chain):
            event = self._transition(check, state, as_of)
            events += [event] if event else []
        for event in events:
            state = state.after(event)
        return tuple(events), replace(state, last=time)

    def audit(self, chain: Chains, state: State) -> Audit:
        """The verdict on a chain, with the delivery prices known so far."""
        markets = markets_of(chain)
        due = _expired(_book(self.plan), markets)  # a price that is known beforehand waits until then
        known = {name: price for name, price in {**self.settled, **state.settled}.items() if name in due}
        return audit(self.plan, markets, settled=known, delivery=self.delivery, restore=False, **self.options)

    def _unreadable(self, error: Exception, state: State) -> tuple[tuple[Event, ...], State]:
        if state.status.get(CHAIN) == UNREAD:
            return (), state
        before = state.status.get(CHAIN, "")
        event = Event(CHAIN, before, UNREAD, state.last, text=f"the chain cannot be judged: {error}")
        return (event,), state.after(event)

    def _readable(self, state: State, time: str) -> Iterator[Event]:
        if state.status.get(CHAIN) == UNREAD:
            yield Event(CHAIN, UNREAD, READ, time, text="the chain can be judged again")

    def _horizon(self, found: Audit, state: State, time: str) -> Iterator[Event]:
        planned = float(self.plan.inputs["horizon_days"])
        if found.days >= planned and state.status.get(HORIZON) != OVER:
            text = f"the plan was made for {number_of(planned, 'day')}: from here on it is judged over as many again"
            yield Event(HORIZON, "", OVER, time, found.days, text=text)

    def _settlements(self, found: Audit, state: State, time: str) -> Iterator[Event]:
        told = set(state.settled)
        for each in found.settled:
            name = expiry_name(each.holding.asset, each.expiry)
            if name not in told:
                told.add(name)
                paid = "; ".join(
                    str(other)
                    for other in found.settled
                    if expiry_name(other.holding.asset, other.expiry) == name
                )
                yield Event(SETTLED, "", name, time, each.price, text=paid)

    def _checks(self, found: Audit, chain: Mapping[str, Market]) -> Iterator[Check]:
        as_of = min(market.as_of for market in chain.values())
        yield from (check for check in found.checks if name_of(check, as_of) not in self.rules.ignore)
        for name, (low, high) in self.rules.bands.items():
            value = None if name in self.rules.ignore else self._extra(name, found, chain)
            if value is not None:
                yield Check(Limit(name), value, low, high, scale=max(abs(value), 1.0))

    def _extra(self, name: str, found: Audit, chain: Mapping[str, Market]) -> float | None:
        """What is watched besides the plan's limits; None where there is no such thing any more."""
        # A floor holds from today's value on, for the days that are left, as a new plan's would: what was lost before is
        # lost. Who asks for the floor from the plan's own value on watches `worst_since_plan`.
        if name == "worst_since_plan":
            floors = [check.value for check in found.checks if check.limit.kind == "floor"]
            spots = {asset: market.spot for asset, market in chain.items()}
            return min(floors) + self.plan.share_gained(found.gain, spots) if floors else None
        if name == "days_to_expiry":
            alive = _alive(_book(self.plan), chain)
            return min((days(chain[item.asset].as_of, item.expiry) for item in alive), default=None)
        if name == "days_to_roll":
            dates = roll_dates(self.plan, chain)
            as_of = min(market.as_of for market in chain.values())
            return min((days(as_of, date.on) for date in dates if date.on is not None), default=None)
        if name == "days_left":
            return float(self.plan.inputs["horizon_days"] - found.days)
        return float(getattr(found, name))

    def _transition(self, check: Check, state: State, as_of: pd.Timestamp) -> Event | None:
        name, time = name_of(check, as_of), as_of.isoformat()
        now = self.status(check, name)
        before = state.status.get(name, "in band")
        if now == before:
            return None
        return Event(name, before, now, time, check.value, check.low, check.high, str(check))

    def status(self, check: Check, name: str) -> Status:
        """Where a value stands: outside, near an edge from within, or inside."""
        if not check.ok:
            return "broken"
        share = self.rules.near_of.get(name, self.rules.near)
        sides = [side for side in (check.low, check.high) if side is not None]
        width = (
            abs(sides[1] - sides[0]) if len(sides) == 2 else max((abs(side) for side in sides), default=0.0)
        )
        room = min((abs(check.value - side) for side in sides), default=float("inf"))
        # What is always kept, such as the cover of calls, lies at its limit by nature.
        kept = check.limit.expiry is not None
        return "near" if not kept and room < share * width - TOLERANCE * check.scale else "in band"


def watch(
    plan: HedgePlan,
    chains: Iterable[Source],
    rules: Rules | None = None,
    *,
    state: State | None = None,
    settled: Mapping[str, float] | None = None,
    delivery: Deliveries | None = None,
    **options: Any,
) -> Iterator[Event]:
    """Transitions of a plan over chains in the order of time, as they come.

    Parameters
    ----------
    plan : HedgePlan
    chains : iterable of chains
        Or of functions that read one: a chain that cannot be read or judged is told once, and the watch goes on.
    rules : Rules, optional
    state : State, optional
        Where an earlier watch of the plan stood: what it told is not told again.
    settled, delivery, **options
        As for `hedging.audit`.

    Yields
    ------
    Event
        When a limit comes near its edge, breaks, is mended or comes back into its band; when a chain cannot be judged
        and when one can again; and when something that is held settles. At the start every limit is taken to be in
        its band.

    Raises
    ------
    InputError
        If the rules name a limit that the plan does not hold.
    """
    watched = Watch(plan, rules or Rules(), settled or {}, delivery, options)
    now = state or State()
    for source in chains:
        events, now = watched.step(source, now)
        yield from events


def levels_of(plan: HedgePlan, chain: Chains, **options: Any) -> tuple[Level, ...]:
    """Where each limit of a plan breaks next, if spot or vol alone moves, or nothing does; see `hedging.monitor.levels`.

    Parameters
    ----------
    plan : HedgePlan
    chain : OptionChain or Market, or several of them
        Of the plan's assets; each one's spot and vol are moved by themselves.
    **options
        As for `hedging.audit`: delivery prices, scenarios, outcomes.

    Returns
    -------
    tuple of Level
        Time is looked through until the plan's horizon ends, or after that until all has expired; what expires on the
        way is settled at today's spot.

    Raises
    ------
    InputError
        If the chain cannot be judged.
    """
    markets = markets_of(chain)
    held = audit(plan, markets, restore=False, **options)
    book, options = _book(plan), {**options, "delivery": None}
    known = {expiry_name(each.holding.asset, each.expiry): each.price for each in held.settled}

    def judge(at: Mapping[str, Market]) -> tuple[Check, ...]:
        spots = {name: at[name.rsplit("-", 1)[0]].spot for name in _expired(book, at)}
        return audit(plan, at, restore=False, **{**options, "settled": spots | known}).checks

    return levels(judge, book, markets, until=_ahead(plan, book, markets, held.days))


def _ahead(plan: HedgePlan, book: Book, markets: Mapping[str, Market], elapsed: float) -> float:
    """Days of the horizon that are left, once they are over those until all that is held has expired."""
    left: float = plan.inputs["horizon_days"] - elapsed
    if left > MINUTE:
        return left - MINUTE  # from its end on the audit judges over as many again
    return max(
        (days(markets[item.asset].as_of, item.expiry) + MINUTE for item in _alive(book, markets)), default=0.0
    )


def _alive(book: Book, markets: Mapping[str, Market]) -> list[Option | Future]:
    return [
        item
        for item in (holding.instrument for holding in book.holdings)
        if isinstance(item, Option | Future) and item.expiry > markets[item.asset].as_of
    ]


def _expired(book: Book, markets: Mapping[str, Market]) -> set[str]:
    """Expiries of what has expired of a book by the time of its markets."""
    return {
        expiry_name(item.asset, item.expiry)
        for item in (holding.instrument for holding in book.holdings)
        if isinstance(item, Option | Future)
        and item.asset in markets
        and item.expiry <= markets[item.asset].as_of
    }


def _book(plan: HedgePlan) -> Book:
    return book_from(plan.inputs["book"]) + plan

"""Strategies that hold a delta: re-planned, kept in a band by the perpetual, or against another asset's book."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from hedging._ground.shown import Shown
from hedging.backtest.indices import Cboe
from hedging.backtest.state import Decision, Order, State, Wait, name_of, waiting
from hedging.backtest.strategies import Rolled, closing_legs
from hedging.book import Book
from hedging.book.legs import option_leg
from hedging.errors import InputError
from hedging.market import Market, Option, OptionChain
from hedging.market.contracts import underlying_of
from hedging.planner import HedgePlan, InfeasibleHedgeError, Limits, Mandate, Target
from hedging.planner.plan import plan
from hedging.planner.request.mandate import HORIZON
from hedging.risk.rebalancing import Side, rebalancing_trade
from hedging.units import days

__all__ = ["Banded", "Pair", "Planned", "banded", "pair", "planned"]

TRADES = ("open", "close")
PERPETUAL_LOT = 1e-4  # units of underlying; Deribit's 10 USD at 100,000


@dataclass(frozen=True, slots=True)
class Planned(Shown):
    """The planner's overlay, planned anew on its schedule; see `planned`."""

    mandate: Target | Mandate
    limits: Limits
    horizon: float
    every: float
    name: str = "planned"

    def __call__(self, state: State) -> Decision:
        """Plan where nothing is held, or the plan has grown old."""
        # A perpetual is kept from plan to plan, or is another strategy's: the options are as old as the plan.
        options = state.of_options
        if state.overlay and (options if options.overlay else state).age < self.every:
            return None
        closing = closing_legs(state)
        if isinstance(closing, Wait):
            return closing
        try:
            return (*closing, *self._plan(state.book + closing, state.chain).legs)
        except InfeasibleHedgeError as error:
            return Wait("no feasible plan", f"no feasible plan: {error}")
        except InputError as error:  # of a snapshot that quotes nothing of what may be traded
            return waiting("no plan", error)

    def _plan(self, book: Book, chain: OptionChain) -> HedgePlan:
        target, limits = self.mandate, self.limits
        if isinstance(target, Mandate):
            book = target.accounts(book)
            target, limits = target.resolve(book, chain)
        return plan(book, chain, target, limits, horizon=self.horizon)


def planned(
    target: Target | Mandate,
    limits: Limits | None = None,
    horizon: float | None = None,
    *,
    every: float | None = None,
    name: str = "planned",
) -> Planned:
    """Strategy that trades the planner's plan and plans anew when it has run out or grown old.

    Parameters
    ----------
    target : Target or Mandate
        A mandate brings limits and horizon of its own; what it says in money or dates is resolved at every plan.
    limits : Limits, optional
    horizon : float, optional
        As in `hedging.plan`; by default the mandate's, or 30. [days]
    every : float, optional
        Days after which a plan is closed and made anew; by default the horizon. 1 plans every day, which takes
        the planner's time at each snapshot.
    name : str
        For tables.

    Notes
    -----
    Where no plan is feasible nothing is traded, and the snapshot is counted.
    """
    if every is not None and not every > 0:
        raise InputError(f"every must be days > 0, or None for the horizon; got {every!r}.")
    if isinstance(target, Mandate) and limits is not None:
        raise InputError("a mandate brings its limits: leave limits out, or write them into it.")
    if _needs_outcomes(target):
        raise InputError(
            "planned draws no outcomes, of which shortfall and value_at_risk are: give a floor, which is of all scenarios."
        )
    if isinstance(target, Mandate):
        horizon = horizon or target.horizon
    horizon = horizon or HORIZON
    return Planned(target, limits or Limits(), horizon, every or horizon, name)


def _needs_outcomes(target: Target | Mandate) -> bool:
    if isinstance(target, Target):
        return target.needs_outcomes
    return (
        bool({"shortfall", "value_at_risk"} & {*target.targets})
        or target.targets.get("minimise") == "shortfall"
    )


@dataclass(frozen=True, slots=True)
class Banded(Shown):
    """The perpetual against the book's delta, traded when it leaves its band; see `banded`."""

    target: float | tuple[float, float]
    band: float | tuple[float, float]
    to: Side
    every: float
    lot: float
    name: str

    def __call__(self, state: State) -> Decision:
        """Trade back to the target, or the edge of the band."""
        chain = state.chain
        item = underlying_of(chain.asset, chain.terms)
        traded = [
            entry.time for entry in state.entries if entry.kind in TRADES and entry.instrument == item.symbol
        ]
        if self.every and traded and days(max(traded), state.time) < self.every:
            return None
        try:
            delta = _delta(state)
        except InputError as error:  # of a snapshot that quotes nothing
            return waiting("no delta", error)
        wanted = rebalancing_trade(delta, self.target, self.band, to=self.to)
        # Towards zero: a lot more would overshoot what the rule asks for.
        units = math.copysign(math.floor(abs(wanted) / self.lot + 1e-9) * self.lot, wanted)
        if units == 0.0:
            return None
        return [Order(item, round(units, 10))]


def banded(
    target: float | tuple[float, float],
    band: float | tuple[float, float] = 0.0,
    *,
    to: Side = "target",
    every: float = 0.0,
    lot: float = PERPETUAL_LOT,
    name: str = "",
) -> Banded:
    """Strategy that keeps the book's delta near a target with the perpetual.

    Parameters
    ----------
    target : float or (float, float)
        Wanted delta, options included, or the window it may lie in. [units of underlying]
    band, to
        As in `rebalancing_trade`.
    every : float
        Least time between trades: the clock, where `band` is 0. [days]
    lot : float
        Smallest trade. [units of underlying]
    name : str
        For tables.

    Notes
    -----
    An order of `q` units trades ``q`` times its price of money and moves the delta by `q`, also where it closes a
    coin-settled perpetual that was entered at another price; its fee, paid in coin, moves it by that.
    """
    rebalancing_trade(0.0, target, band, to=to)  # refuses what is out of range
    if not (lot > 0 and every >= 0):
        raise InputError(f"lot must be > 0 and every >= 0; got {lot!r} and {every!r}.")
    return Banded(target, band, to, every, lot, name or f"delta {target} within {band}")


def _delta(state: State) -> float:
    """Delta of the whole book: options at their marks, the rest one for one. [units]"""
    options = [held for held in state.book.holdings if isinstance(held.instrument, Option)]
    rest = sum(held.units for held in state.book.holdings if not isinstance(held.instrument, Option))
    if not options:
        return rest
    chain = state.chain
    deltas = chain.greeks(("delta",))["delta"].tolist()
    known: dict[str, float] = dict(zip(chain.quotes["symbol"], deltas, strict=True))
    if all(held.instrument.symbol in known for held in options):
        return rest + sum(held.units * known[held.instrument.symbol] for held in options)
    return Book(state.book.holdings).exposure(Market.of(chain)).delta


@dataclass(frozen=True, slots=True)
class Pair(Shown):
    """One strategy on top of another; see `pair`."""

    first: Any
    second: Any
    name: str

    def __call__(self, state: State) -> Decision:
        """The orders of both, each asked for what it sees."""
        orders: list[Any] = []
        waits = []
        for strategy, half in ((self.first, state.of_options), (self.second, state.of_outrights)):
            # The second hedges what the first is about to have, not what it had.
            found = strategy(replace(half, book=_with_orders(state, orders)))
            if isinstance(found, Wait):
                waits.append(found)
            else:
                orders += list(getattr(found, "legs", found or ()))
        return waits[0] if waits and not orders else orders


def _with_orders(state: State, orders: Iterable[Any]) -> Book:
    """The book as orders for options would leave it at the quotes; without those that nobody quotes."""
    book = state.book
    for order in orders:
        leg = order
        if isinstance(order, Order):
            try:
                leg = option_leg(state.chain, order.symbol, order.quantity)
            except InputError:
                continue
        book = book + [leg]
    return book


def pair(first: Any, second: Any, *, name: str = "") -> Pair:
    """Strategy that trades what two others ask for, such as `rolled` puts and a `banded` perpetual.

    Parameters
    ----------
    first, second : Strategy
        Of the overlay the first one sees the options, the second the perpetuals and futures. The second sees the
        book as the first one's orders would leave it; what of them is cut or refused is seen at the next snapshot.
    name : str
        For tables.

    Raises
    ------
    InputError
        If the second is one of options, which it would never see again, or both are `banded`.
    """
    if isinstance(second, Rolled | Planned | Cboe | Pair):
        turned = isinstance(first, Banded) and not isinstance(second, Pair)
        way = "turn the two round" if turned else "the second may be banded, or a function of your own"
        raise InputError(
            f"the second strategy of a pair sees perpetuals and futures alone, and {name_of(second)} would never find its "
            f"options again: {way}."
        )
    if isinstance(first, Banded) and isinstance(second, Banded):
        raise InputError("a pair has one banded: each of two would trade the other's delta.")
    return Pair(
        first, second, name or f"{getattr(first, 'name', 'first')} with {getattr(second, 'name', 'second')}"
    )

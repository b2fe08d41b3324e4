"""Strategies: frozen functions of a state that say what to trade. They hold settings, never a memory of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hedging import overlays
from hedging._ground.counts import number_of
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging.backtest.state import Decision, State, Wait, waiting
from hedging.book.legs import Leg, option_leg
from hedging.errors import InputError
from hedging.market.contracts import Option
from hedging.overlays import Overlay

__all__ = ["MAKERS", "Hold", "Rolled", "hold", "rolled"]

Window = tuple[float, float]
Make = Callable[..., Overlay]

MAKERS: dict[str, Make] = {
    "put": overlays.protective_put,
    "put-spread": overlays.put_spread,
    "collar": overlays.collar,
    "zero-cost-collar": overlays.zero_cost_collar,
    "put-spread-collar": overlays.put_spread_collar,
    "covered-call": overlays.covered_call,
}
"""The overlays that `rolled` may be put around, by the name a command gives them."""


@dataclass(frozen=True, slots=True)
class Hold(Shown):
    """Nothing is traded."""

    name: str = "hold"

    def __call__(self, state: State) -> Decision:  # noqa: ARG002 - a strategy's signature
        """No orders."""
        return None


hold = Hold()
"""The book as it is: what every strategy is compared with."""


@dataclass(frozen=True, slots=True)
class Rolled(Shown):
    """An overlay that is opened anew whenever the last one has ended; see `rolled`."""

    make: Make
    days: Window
    roll: float
    profit: float | None
    delta: float | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def __call__(self, state: State) -> Decision:
        """Keep, close and open, or open."""
        if not state.overlay:
            return self._open(state, ())
        if not self._due(state):
            return None
        closing = closing_legs(state)
        return closing if isinstance(closing, Wait) else self._open(state, closing)

    def _open(self, state: State, closing: tuple[Leg, ...]) -> Decision:
        try:  # sized for the book as it stands once the old overlay is sold
            made = self.make(state.book + closing, state.chain, days=self.days, **self.settings)
        except InputError as error:
            return waiting("no overlay", error)
        return (*closing, *made.legs)

    def _due(self, state: State) -> bool:
        """Whether the overlay is to be rolled before it ends."""
        if self.roll and state.days_left <= self.roll:
            return True
        if (
            self.profit is not None
            and state.cost
            and state.value - state.cost >= self.profit * abs(state.cost)
        ):
            return True
        return self.delta is not None and _lowest_delta(state) < self.delta


def rolled(
    make: Make | str,
    days: Window = (20.0, 45.0),
    *,
    roll: float = 0.0,
    profit: float | None = None,
    delta: float | None = None,
    settings: Mapping[str, Any] | None = None,
    name: str = "",
) -> Rolled:
    """Strategy that keeps an overlay on the book: opens one, holds it, opens the next.

    Parameters
    ----------
    make : callable or str
        One of `hedging.overlays`, or its name among `MAKERS`.
    days : (float, float)
        Window of days to expiry of each new one.
    roll : float
        Days before expiry at which it is closed and opened anew; 0 holds it to expiry, and the next one is
        opened at the first snapshot after.
    profit : float, optional
        Closes and opens anew when the gain reaches this multiple of what the overlay cost.
    delta : float, optional
        Closes and opens anew when the least absolute delta of the options that were bought, or of those sold where
        none was bought, falls below this.
    settings : mapping, optional
        Passed on to `make`: coverage, its deltas, its strikes.
    name : str
        For tables; by default made of the settings.

    Returns
    -------
    Rolled
        A frozen function of a state.

    Raises
    ------
    InputError
        If a setting is out of range or the overlay unknown.

    Notes
    -----
    A package is traded whole: where a part of the old overlay has no quote to close it at, it is kept to expiry,
    and counted.
    """
    if isinstance(make, str):
        found = MAKERS.get(make.strip().lower().replace(" ", "-").removeprefix("protective-"))
        if found is None:
            raise InputError(
                f"an overlay must be one of {', '.join(MAKERS)}; got {make!r}{meant(str(make), MAKERS) or '.'}"
            )
        make = found
    elif isinstance(make, type) or not callable(make):
        raise InputError(
            f"an overlay must be one of {', '.join(MAKERS)}, or a function of book and chain; got {make!r}{meant(str(make), MAKERS) or '.'}"
        )
    if not days[0] <= days[1]:
        raise InputError(f"days must be a window (from, to) that ascends; got {days}.")
    if not 0 <= roll < days[1]:
        raise InputError(
            f"roll must lie between 0 and the window's end, {number_of(days[1], 'day')}; got {roll!r}."
        )
    if profit is not None and not profit > 0:
        raise InputError(f"profit must be a multiple > 0 of the cost, or None; got {profit!r}.")
    if delta is not None and not 0 < delta < 1:
        raise InputError(f"delta must lie between 0 and 1, or be None; got {delta!r}.")
    settings = dict(settings or {})
    known = inspect.signature(make).parameters
    if unknown := sorted(set(settings) - set(known)):
        free = ", ".join(sorted(set(known) - {"book", "chain", "days"}))
        raise InputError(
            f"{getattr(make, '__name__', 'the overlay')} has no setting {', '.join(unknown)}; it has {free}."
        )
    _check_settings(settings)
    said = ", ".join(f"{key} {value:g}" for key, value in settings.items() if isinstance(value, float | int))
    early = f", rolled {number_of(roll, 'day')} before expiry" if roll else ""
    made = f"{getattr(make, '__name__', 'overlay').replace('_', ' ')}{f' ({said})' if said else ''}{early}"
    return Rolled(make, days, roll, profit, delta, settings, name or made)


def _check_settings(settings: Mapping[str, Any]) -> None:
    """Refuse what no chain could meet: it would open nothing, snapshot by snapshot, and look like holding."""
    for key, value in settings.items():
        if value is None or not isinstance(value, int | float):
            continue
        if (key == "delta" or key.endswith("_delta")) and not 0.0 < value < 1.0:
            raise InputError(f"{key} must lie between 0 and 1; got {value!r}.")
        if (key in ("coverage", "strike") or key.endswith("_strike")) and not 0.0 < value < np.inf:
            raise InputError(f"{key} must be a number > 0; got {value!r}.")
    for key in settings:
        strike = key.removesuffix("delta") + "strike"
        if key.endswith("delta") and settings[key] is not None and settings.get(strike) is not None:
            raise InputError(f"{key} and {strike} choose one option; pass only one of them.")


def closing_legs(state: State) -> tuple[Leg, ...] | Wait:
    """Legs that close the overlay's options, or a `Wait` if one of them has no quote to do it at."""
    legs, chain = [], state.chain
    for held in state.overlay:
        if isinstance(held.instrument, Option):
            try:
                legs.append(option_leg(chain, held.instrument.symbol, -held.quantity))
            except InputError:
                return Wait("close without a quote, kept to expiry")
    return tuple(legs)


def _lowest_delta(state: State) -> float:
    """Least absolute delta of the options bought, of all if none was; infinite where none is quoted."""
    options = [held for held in state.overlay if isinstance(held.instrument, Option)]
    watched = [held for held in options if held.quantity > 0] or options
    chain = state.chain
    deltas = chain.greeks(("delta",))["delta"].abs()
    mine = deltas[chain.quotes["symbol"].isin([held.instrument.symbol for held in watched])].dropna()
    return float(mine.min()) if len(mine) else float("inf")

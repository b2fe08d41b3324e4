"""What order tickets of all venues share: prices on their tick, amounts in whole steps, numbers as text, batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from hedging._ground.forms import meant
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.market.contracts import Option, Ticks, on_tick

__all__ = [
    "Steps",
    "TimeInForce",
    "batches",
    "checked_time",
    "own_option",
    "price_of",
    "request",
    "steps_of",
    "text",
    "whole_steps",
]

TimeInForce: TypeAlias = Literal["good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel"]
Row = TypeVar("Row")
OFF_STEP: Final = 1e-6  # of a step: what floats leave of an amount that is on it


class Steps(NamedTuple):
    """Price steps as in `ContractTerms.ticks`, and the increment of the amount, in what the venue counts it in."""

    ticks: Ticks
    amount: float


def steps_of(leg: Leg, name: str, venue: str, units: float, given: Mapping[str, Steps]) -> Steps:
    """Steps of a leg's instrument: as given by its name, or as an option's own terms have them.

    Parameters
    ----------
    leg : Leg
    name : str
        What the venue calls it.
    venue : str
        As in `ContractTerms.venue`.
    units : float
        Units of underlying in one that the venue counts.
    given : mapping of str to Steps

    Raises
    ------
    InputError
        If they are not known.
    """
    if name in given:
        return Steps(*given[name])
    item = leg.instrument
    if isinstance(item, Option):
        return Steps(item.terms.ticks, item.terms.lot * item.terms.multiplier / units)
    raise InputError(
        f"tick and step of {name} are not known here; pass steps={{{name!r}: (((0.0, tick),), amount)}} as {venue} states "
        "them."
    )


def price_of(leg: Leg, name: str, ticks: Ticks) -> float:
    """The limit price on its tick: up for a buy, down for a sale, so that it still trades.

    Raises
    ------
    InputError
        If a sale would be at less than one tick.
    """
    price = on_tick(leg.quoted_price, ticks, leg.quantity)
    if price <= 0.0:
        raise InputError(f"{name} cannot be sold at {leg.quoted_price:g}: that is less than one tick.")
    return price


def whole_steps(amount: float, name: str, step: float, *, rounded: bool = False) -> float:
    """An amount in whole steps, in the digits that a step has: 21.1, not 21.099999999999998.

    Raises
    ------
    InputError
        If it is none, unless it may be `rounded` to the nearest; or less than half a step.
    """
    steps = amount / step
    if not rounded and abs(steps - round(steps)) > OFF_STEP:
        raise InputError(f"an order of {amount:.10g} {name} is no whole number of steps of {step:g}.")
    if round(steps) == 0:
        raise InputError(f"an order of {amount:.10g} {name} is smaller than half a step of {step:g}.")
    return round(round(steps) * step, max(0, 1 - math.floor(math.log10(step))))


def checked_time(time_in_force: str | None, known: Sequence[str] = get_args(TimeInForce)) -> str | None:
    """How long an order lives, one of those that the venue knows; None leaves it to the venue.

    Raises
    ------
    InputError
    """
    if time_in_force is not None and time_in_force not in known:
        raise InputError(
            f"time_in_force must be one of {', '.join(known)}; got {time_in_force!r}{meant(str(time_in_force), known) or '.'}"
        )
    return time_in_force


def text(number: float) -> str:
    """A number as venues take it in JSON strings: no exponent, no trailing zeros.

    Examples
    --------
    >>> text(0.00005), text(1200.0), text(21.1)
    ('0.00005', '1200', '21.1')
    """
    plain = f"{Decimal(repr(float(number))):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def batches(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Rows in their order, as many at a time as one request takes."""
    for start in range(0, len(rows), most):
        yield list(rows[start : start + most])


def own_option(leg: Leg, venue: str) -> Option | None:
    """The option of a leg, None of anything else.

    Raises
    ------
    InputError
        If another venue published its terms: its strikes, sizes and settlement are not this one's.
    """
    item = leg.instrument
    if not isinstance(item, Option):
        return None
    if item.terms.venue not in ("", venue):
        raise InputError(
            f"{item.symbol} is an option of {item.terms.venue}, not of {venue}; route it by its terms instead: "
            "hedging.book.tickets."
        )
    return item


def request(method: str, path: str, body: Any) -> dict[str, Any]:
    """A request as plain values: where it goes, and what it says; the library sends none."""
    return {"method": method, "path": path, "body": body}

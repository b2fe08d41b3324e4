"""What a set of orders is called on a desk, what it does to options held, and when it is a disguise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.market.contracts import Instrument, Option, kind_of

__all__ = ["SIDES", "closings", "disguises", "is_a", "opened", "structure"]

DUST = 1e-9  # of a contract

SIDES = {
    "put": frozenset({("put", 1)}),
    "put spread": frozenset({("put", 1), ("put", -1)}),
    "collar": frozenset({("put", 1), ("call", -1)}),
    "put-spread collar": frozenset({("put", 1), ("put", -1), ("call", -1)}),
    "covered call": frozenset({("call", -1)}),
    "call": frozenset({("call", 1)}),
    "call spread": frozenset({("call", 1), ("call", -1)}),
    "risk reversal": frozenset({("call", 1), ("put", -1)}),
}
"""Orders for options that have a name, by kind and side: 1 for a buy. Any others are a combination."""
COMBINATION = "combination"


def structure(legs: Sequence[Leg], book: Book | None = None) -> str:
    """Name of some orders: ``'put'``, ``'collar'``, ``'put spread and perpetual'`` ...

    Several puts bought are still ``'put'``; legs over several expiries say so. Against a book that holds options,
    what closes one is ``'close'``, and with an order that opens another of the kind ``'put roll'`` or
    ``'call roll'``.

    Examples
    --------
    >>> structure([])
    'nothing'
    """
    done = _against(legs, book or Book())
    expiries = {leg.instrument.expiry for leg in done.opened}  # type: ignore[union-attr]
    over = f" over {number_of(len(expiries), 'expiry')}" if len(expiries) > 1 else ""
    named = [part + over if part in (*SIDES, COMBINATION) else part for part in _parts(legs, done)]
    return " and ".join(named) or "nothing"


def is_a(name: str, legs: Sequence[Leg], book: Book) -> bool:
    """Whether some orders are a structure of this name and nothing else, over however many expiries.

    Examples
    --------
    >>> is_a("put", [], Book())
    False
    """
    return _parts(legs, _against(legs, book)) == [name]


def _parts(legs: Sequence[Leg], done: _Against) -> list[str]:
    """What some orders are: options rolled, opened, closed, and the underlying."""
    names = {"p": "put roll", "c": "call roll"}
    parts = [name for flag, name in names.items() if any(_flag(roll.closed) == flag for roll in done.rolls)]
    sides = frozenset((kind_of(leg.instrument), 1 if leg.quantity > 0 else -1) for leg in done.opened)
    parts += [next((name for name, each in SIDES.items() if each == sides), COMBINATION)] if sides else []
    parts += ["close"] if done.closed else []
    linear = [kind_of(leg.instrument) for leg in legs if not isinstance(leg.instrument, Option)]
    return [*parts, *dict.fromkeys(linear)]


def closings(legs: Sequence[Leg], book: Book) -> tuple[str, ...]:
    """What some orders do to options held: which they roll into which, and which they close."""
    done = _against(legs, book)
    return (
        *(
            f"rolls {roll.contracts:,.6g} {_name(roll.closed)} into {_name(roll.opened)}"
            for roll in done.rolls
        ),
        *(f"closes {abs(leg.quantity):,.6g} {_name(leg)}" for leg in done.closed),
    )


def opened(legs: Sequence[Leg], book: Book) -> tuple[Leg, ...]:
    """What some orders open of options, rolls included, beyond what they close of those held."""
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    return _sized(
        options, [abs(leg.quantity) - min(abs(leg.quantity), _held_against(leg, book)) for leg in options]
    )


@dataclass(frozen=True, slots=True)
class _Roll:
    """One option closed, and another of its kind opened in its place."""

    closed: Leg
    opened: Leg
    contracts: float


@dataclass(frozen=True, slots=True)
class _Against:
    """Option orders against what is held: rolled, opened beyond that, and closed for good."""

    rolls: tuple[_Roll, ...]
    opened: tuple[Leg, ...]
    closed: tuple[Leg, ...]


def _against(legs: Sequence[Leg], book: Book) -> _Against:
    """Split orders into what they close of the book and what they open, and pair these, in the order given."""
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    closing = [min(abs(leg.quantity), _held_against(leg, book)) for leg in options]
    opening = [abs(leg.quantity) - closes for leg, closes in zip(options, closing, strict=True)]
    rolls = []
    for i, old in enumerate(options):
        for j, new in enumerate(options):
            size = min(closing[i], opening[j])
            if size > DUST and _replaces(new, old):
                rolls.append(_Roll(old, new, size))
                closing[i], opening[j] = closing[i] - size, opening[j] - size
    return _Against(tuple(rolls), _sized(options, opening), _sized(options, closing))


def _held_against(leg: Leg, book: Book) -> float:
    """Contracts held on the other side of an order for an option, by whatever name they are held."""
    held = (
        sum(item.units for item in book.holdings if _same(item.instrument, leg.instrument)) / leg.multiplier
    )
    return max(-held, 0.0) if leg.quantity > 0 else max(held, 0.0)


def _sized(legs: Sequence[Leg], contracts: Sequence[float]) -> tuple[Leg, ...]:
    """Legs of other sizes on the same sides; what is left with nothing goes."""
    pairs = zip(legs, contracts, strict=True)
    return tuple(
        replace(leg, quantity=math.copysign(size, leg.quantity)) for leg, size in pairs if size > DUST
    )


def _replaces(new: Leg, old: Leg) -> bool:
    """Whether what one order opens may stand for what another closes: the same flag, the other side."""
    same = new.instrument.asset == old.instrument.asset and _flag(new) == _flag(old)
    return same and new.quantity * old.quantity < 0


def _flag(leg: Leg) -> str:
    return leg.instrument.flag if isinstance(leg.instrument, Option) else ""


def _name(leg: Leg) -> str:
    return leg.instrument.symbol


def disguises(legs: Sequence[Leg]) -> tuple[str, ...]:
    """What in some orders is an outright sale in disguise: a put bought and the call of its strike sold."""
    found = []
    for put in legs:
        for call in legs:
            if _is(put, "p", +1) and _is(call, "c", -1) and _same_strike(put, call):
                size = min(put.units, -call.units)
                found.append(
                    f"{put.instrument.symbol} bought and {call.instrument.symbol} sold are a future sold in "
                    f"disguise, {number_of(size, 'unit')}; selling outright does the same: Limits(outright=...)"
                )
    return tuple(found)


def _is(leg: Leg, flag: str, side: int) -> bool:
    return isinstance(leg.instrument, Option) and leg.instrument.flag == flag and leg.quantity * side > 0


def _same_strike(one: Leg, other: Leg) -> bool:
    a, b = one.instrument, other.instrument
    return isinstance(a, Option) and isinstance(b, Option) and _place(a) == _place(b)


def _same(one: Instrument, other: Instrument) -> bool:
    """Whether two options are the same contract; its name and terms may be known to one of them only."""
    if not (isinstance(one, Option) and isinstance(other, Option)):
        return False
    if one.terms.venue != other.terms.venue and one.terms.venue and other.terms.venue:
        return False
    return (one.flag, *_place(one)) == (other.flag, *_place(other))


def _place(item: Option) -> tuple[str, float, pd.Timestamp]:
    return item.asset, item.strike, item.expiry

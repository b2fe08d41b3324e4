"""What a set of orders is called on a desk, and when it is something else in disguise."""

from __future__ import annotations

from collections.abc import Sequence

from hedging.instruments import Option
from hedging.legs import Leg

__all__ = ["disguises", "structure"]

_NAMES = {
    frozenset({"+p"}): "put",
    frozenset({"+p", "-p"}): "put spread",
    frozenset({"+p", "-c"}): "collar",
    frozenset({"+p", "-p", "-c"}): "put-spread collar",
    frozenset({"-c"}): "covered call",
    frozenset({"+c"}): "call",
    frozenset({"+c", "-c"}): "call spread",
    frozenset({"+c", "-p"}): "risk reversal",
}


def structure(legs: Sequence[Leg]) -> str:
    """Name of some orders: ``'put'``, ``'collar'``, ``'put spread and perpetual'`` ...

    Several puts bought are still ``'put'``; legs over several expiries say so.

    Examples
    --------
    >>> structure([])
    'nothing'
    """
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    parts = []
    if options:
        kinds = frozenset(("+" if leg.quantity > 0 else "-") + leg.instrument.flag for leg in options)  # type: ignore[union-attr]
        expiries = {leg.instrument.expiry for leg in options}  # type: ignore[union-attr]
        over = f" over {len(expiries)} expiries" if len(expiries) > 1 else ""
        parts.append(_NAMES.get(kinds, "combination") + over)
    linear = dict.fromkeys(type(leg.instrument).__name__.lower() for leg in legs if leg not in options)
    return " and ".join([*parts, *linear]) or "nothing"


def disguises(legs: Sequence[Leg]) -> tuple[str, ...]:
    """What in some orders is an outright sale in disguise: a put bought and the call of its strike sold."""
    found = []
    for put in legs:
        for call in legs:
            if _is(put, "p", +1) and _is(call, "c", -1) and _same_strike(put, call):
                size = min(put.units, -call.units)
                found.append(
                    f"{put.instrument.symbol} bought and {call.instrument.symbol} sold are a future sold in "
                    f"disguise, {size:,.6g} units; selling outright does the same: Limits(outright=...)"
                )
    return tuple(found)


def _is(leg: Leg, flag: str, side: int) -> bool:
    return isinstance(leg.instrument, Option) and leg.instrument.flag == flag and leg.quantity * side > 0


def _same_strike(one: Leg, other: Leg) -> bool:
    a, b = one.instrument, other.instrument
    return (
        isinstance(a, Option)
        and isinstance(b, Option)
        and (a.asset, a.strike, a.expiry) == (b.asset, b.strike, b.expiry)
    )

"""How each field of `Target` and `Limits` is written: the same on the command line and in a book's file.

It stands here and not in the planner, as the command's help loads no planner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from hedging._ground.along import survival
from hedging._ground.bounds import MOST_PRICE
from hedging._ground.forms import (
    as_band,
    asset,
    band,
    bands,
    by_name,
    count,
    days,
    days_window,
    flag,
    floor,
    loss,
    names,
    number,
    one_of,
    positive,
    share,
    spend,
    window,
)
from hedging._ground.nearest import meant
from hedging._ground.numbers import in_digits
from hedging.errors import InputError

__all__ = ["LIMITS", "TARGETS"]


_KINDS: Final = {
    **dict.fromkeys(("perp", "perps", "perpetuals", "swap", "swaps"), "perpetual"),
    **dict.fromkeys(("futures",), "future"),
}
_RULES: Final = ("sticky_strike", "sticky_moneyness")


def rule(text: str) -> str | float:
    """A rule's name, or its ratio as a number."""
    try:
        return number(text)
    except InputError:
        if text in _RULES:
            return text
        known = f"must be one of {', '.join(_RULES)}, or a ratio such as 0.5"
        raise InputError(f"{known}; got {text!r}{meant(text, _RULES)}") from None


def prices(text: str) -> Any:
    """Prices by the name of a target, ``delta-value=1000,vega-by-days 0-30=50``."""

    def named(name: str) -> str:
        field, space, which = name.partition(" ")
        return field.replace("-", "_") + space + which

    return by_name(text, named, price)


def price(text: str) -> float:
    """What missing a target by one unit costs."""
    value = number(text)
    if not 0.0 <= value <= MOST_PRICE:
        raise InputError(f"must be a price >= 0, {in_digits(MOST_PRICE)} at most; got {text!r}")
    return value


def moneyness(text: str) -> tuple[float, float]:
    """A window of strikes as multiples of spot, ``0.7:1.3`` or ``70%:130%``, either side open."""
    how = "must be strikes as multiples of spot, LO:HI such as 0.7:1.3 or 70%:130%"
    low, colon, high = text.partition(":")
    try:
        ends = tuple(share(end) if end.endswith("%") else number(end) for end in (low or "0", high or "1e9"))
    except InputError:
        raise InputError(f"{how}; got {text!r}{as_band(text)}") from None
    if not colon or not (low or high):
        raise InputError(f"{how}; got {text!r}{as_band(text)}")
    if any(end > 10.0 for end, told in zip(ends, (low, high), strict=True) if told):
        near = f"{low and low.rstrip('%') + '%'}:{high and high.rstrip('%') + '%'}"
        raise InputError(f"{how}; got {text!r}, many times spot: write {near} for per cent of spot")
    if not 0.0 <= ends[0] <= ends[1]:
        near = f": write {high}:{low}" if 0.0 <= ends[1] < ends[0] else ""
        raise InputError(f"{how}, the low end first; got {text!r}{near}")
    return ends[0], ends[1] if high else float("inf")


def deltas(text: str) -> tuple[float, float]:
    """Absolute deltas, ``0.05:0.6`` or ``5%:60%``."""
    how = "must be absolute deltas from 0 to 1, LO:HI such as 0.05:0.6"
    low, colon, high = text.partition(":")
    if not colon or not (low and high):
        raise InputError(f"{how}; got {text!r}{as_band(text)}")
    try:
        ends = tuple(share(end) if end.endswith("%") else number(end) for end in (low, high))
    except InputError:
        raise InputError(f"{how}; got {text!r}") from None
    if not 0.0 <= ends[0] <= ends[1] <= 1.0:
        per_cent = ends[0] >= 1.0 and 1.0 < ends[1] <= 100.0 and "%" not in text
        near = f": write {low}%:{high}% for per cent" if per_cent else ""
        if 0.0 <= ends[1] < ends[0] <= 1.0:
            near = f": write {high}:{low}"
        if max(ends) <= 0.0:  # those of puts, which are below 0
            near = f": write {':'.join(sorted((low.lstrip('-'), high.lstrip('-'))))}"
        raise InputError(f"{how}; got {text!r}{near}")
    return ends[0], ends[1]


def outrights(text: str) -> tuple[str, ...]:
    """What is traded beside options, one or several with commas; as exchanges call it, too."""
    kind = one_of("spot", "perpetual", "future")
    return tuple(kind(_KINDS.get(name.lower(), name.lower())) for name in names(text))


Forms: TypeAlias = dict[str, Callable[[str], Any]]

TARGETS: Final[Forms] = {
    **dict.fromkeys(("delta", "delta_value", "gamma", "gamma_value", "vega", "vega_coin"), bands),
    **dict.fromkeys(("vega_weighted",), bands),
    "vega_by_days": lambda text: by_name(text, days_window, band),
    **dict.fromkeys(("theta", "theta_coin"), bands),
    "floor": floor,
    "shortfall": loss,
    "value_at_risk": loss,
    "level": share,
    "delta_rule": rule,
    "joint": one_of("box", "beta", "together"),
    "betas": lambda text: by_name(text, asset, number),
    "residual": share,
    "reference_days": days,
    "soft": prices,
    "minimise": one_of("cost", "worst", "shortfall", "margin"),
    "robust": flag,
    "horizon": days,
}
"""How each field of `Target` is written, and the horizon that its floor holds for."""

LIMITS: Final[Forms] = {
    "budget": spend,
    "cost": spend,
    "max_legs": count,
    "expiries": window,
    "deltas": deltas,
    "moneyness": moneyness,
    "outright": outrights,
    "min_leg_share": share,
    "max_leg_share": share,
    "open_interest_share": share,
    "gross_vega": positive,
    "price_per_leg": share,
    "parsimony": share,
    "close": flag,
    "survive": survival,
    "account": one_of("standard", "portfolio"),
}
"""How each field of `Limits` is written, and the rules that accounts must survive by."""

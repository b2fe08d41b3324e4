"""Every structure by its name, and as many of them at once as the quotes allow."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hedging._ground.arguments import takes
from hedging._ground.forms import meant
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.market import chain_of
from hedging.overlays import overlays as usual
from hedging.overlays import spreads
from hedging.overlays._picking import FAR, MONTH, Tolerance, Window
from hedging.overlays.overlay import Overlay, Overlays

__all__ = ["LEGS", "STRUCTURES", "named", "standard"]

LEGS: Final = ("put", "lower", "call", "upper")
"""Legs whose strike or delta may be asked for: the put, one below it, the call, one above it."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A function of this package, and the beginnings of its parameters by leg.

    The leading leg comes first; `place` is where it stands among the legs of the overlay made.
    """

    make: Callable[..., Overlay]
    legs: Mapping[str, str]
    two_expiries: bool = False
    place: int = 0


BY_NAME: Final = {
    "protective put": Structure(usual.protective_put, {"put": ""}),
    "put spread": Structure(usual.put_spread, {"put": "", "lower": "lower_"}),
    "collar": Structure(usual.collar, {"put": "put_", "call": "call_"}),
    "zero-cost collar": Structure(usual.zero_cost_collar, {"put": "put_", "call": "call_"}),
    "put-spread collar": Structure(
        usual.put_spread_collar, {"put": "put_", "lower": "lower_", "call": "call_"}
    ),
    "covered call": Structure(usual.covered_call, {"call": ""}),
    "backspread": Structure(spreads.backspread, {"put": "", "lower": "lower_"}, place=1),
    "seagull": Structure(spreads.seagull, {"put": "put_", "call": "call_", "upper": "upper_"}),
    "calendar": Structure(spreads.calendar, {"put": ""}, two_expiries=True),
    "diagonal": Structure(spreads.diagonal, {"put": "", "lower": "lower_"}, two_expiries=True),
    "short perpetual": Structure(usual.short_perpetual, {}),
}
STRUCTURES: Final = tuple(BY_NAME)
"""Names of the structures that `standard` builds, in its order."""


@takes(book=Book, chain=chain_of)
def standard(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    far_days: Window = FAR,
    tolerance: Tolerance | None = None,
    structures: Sequence[str] = STRUCTURES,
    **asked: float,
) -> Overlays:
    """Every structure that the chain's quotes allow, and why the others are refused.

    Parameters
    ----------
    book, chain, coverage, days
        As in `protective_put`.
    far_days : (float, float)
        Window of days to expiry of what a calendar or diagonal buys.
    tolerance : Tolerance, optional
    structures : sequence of str
        Names among `STRUCTURES`, all by default.
    **asked : float
        ``put_strike, put_delta, lower_strike, lower_delta, call_strike, call_delta, upper_strike, upper_delta``: strike
        [money] or absolute delta of a leg, in every structure that has it. A strike overrides a delta.

    Returns
    -------
    Overlays

    Raises
    ------
    InputError
        If a name or a leg is unknown, no structure has a leg asked for, or the quotes allow no option structure.

    Examples
    --------
    >>> from hedging import samples
    >>> made = standard(samples.book(), samples.chain(), structures=["collar"], put_strike=62_000)
    >>> made[0].legs[0].instrument.strike
    62000.0
    """
    names = [named(name) for name in structures]
    _check_asked(asked, names)
    found, refused = [], {}
    for name in names:
        arguments: dict[str, Any] = {"coverage": coverage}
        if name != "short perpetual":
            arguments |= {"days": days, "tolerance": tolerance or Tolerance()} | _of(name, asked)
        if BY_NAME[name].two_expiries:
            arguments["far_days"] = far_days
        try:
            found.append(BY_NAME[name].make(book, chain, **arguments))
        except InputError as error:
            refused[name] = str(error)
    if refused and all(overlay.name == "short perpetual" for overlay in found):
        raise InputError(next(iter(refused.values())))
    return Overlays(tuple(found), refused)


def _of(name: str, asked: Mapping[str, float]) -> dict[str, float]:
    """What was asked for of the legs that a structure has, under its own parameters' names."""
    return {
        f"{prefix}{kind}": asked[f"{leg}_{kind}"]
        for leg, prefix in BY_NAME[name].legs.items()
        for kind in ("strike", "delta")
        if f"{leg}_{kind}" in asked
    }


def _check_asked(asked: Mapping[str, float], names: Sequence[str]) -> None:
    known = [f"{leg}_{kind}" for leg in LEGS for kind in ("strike", "delta")]
    if unknown := sorted(set(asked) - set(known)):
        raise InputError(f"legs may be asked for by {', '.join(known)}; got {', '.join(unknown)}.")
    for each, value in asked.items():
        good = 0.0 < value < (1.0 if each.endswith("delta") else math.inf)
        if not good:
            rule = "a delta between 0 and 1" if each.endswith("delta") else "a strike > 0"
            raise InputError(f"{each} must be {rule}; got {value!r}.")
    had = {leg for name in names for leg in BY_NAME[name].legs}
    if idle := sorted(each for each in asked if each.partition("_")[0] not in had):
        raise InputError(f"{', '.join(idle)}: none of {', '.join(names)} has such a leg.")


def named(name: str) -> str:
    """The structure that a name means, hyphens and blanks alike."""
    plain = {re.sub(r"[^a-z]+", "-", known): known for known in STRUCTURES}
    key = re.sub(r"[^a-z]+", "-", str(name).lower()).strip("-")
    if key not in plain:
        raise InputError(
            f"structure must be one of {', '.join(STRUCTURES)}; got {name!r}{meant(str(name), STRUCTURES) or '.'}"
        )
    return plain[key]

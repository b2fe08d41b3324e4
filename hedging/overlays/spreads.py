"""Overlays of unequal sizes, with upside bought back, and of two expiries.

Parameters are those of `protective_put`; see `overlays` for how quotes are picked.
"""

from __future__ import annotations

from hedging._ground.arguments import takes
from hedging.book.book import Book
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.market import chain_of
from hedging.overlays._picking import FAR, MONTH, Pick, Tolerance, Window
from hedging.overlays._venues import at_cheapest_venue
from hedging.overlays.overlay import Overlay
from hedging.overlays.overlays import ascending, build

__all__ = ["backspread", "calendar", "diagonal", "seagull"]

_USUAL = Tolerance()


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def backspread(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.35,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.15,
    ratio: int = 2,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Put backspread: buy `ratio` puts for each put sold at a higher strike.

    Little or nothing to pay and a floor in a crash; the worst result is at the lower strike, where the sold put
    costs most. `coverage` counts the puts bought less those sold, which is what protects below both.

    Parameters
    ----------
    book, chain, coverage, days, tolerance
        As in `protective_put`.
    strike, delta : float, optional
        Of the put sold.
    lower_strike, lower_delta : float, optional
        Of the puts bought.
    ratio : int
        Puts bought for one sold, >= 2.
    """
    if not (ratio >= 2 and ratio % 1 == 0):
        raise InputError(f"ratio must be a whole number >= 2 of puts bought for one sold; got {ratio!r}.")
    lower = Pick("p", "buy", lower_strike, lower_delta, lots=float(ratio))
    upper = Pick("p", "sell", strike, delta)
    overlay = build("backspread", book, chain, coverage, days, [lower, upper], tolerance, covers=ratio - 1.0)
    ascending(overlay, lower=0, upper=1)
    return overlay


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def seagull(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
    call_strike: float | None = None,
    call_delta: float | None = 0.30,
    upper_strike: float | None = None,
    upper_delta: float | None = 0.10,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Seagull: a collar whose upside opens again, puts paid for by a call spread sold.

    The other one of that name, which opens the downside again, is `put_spread_collar`.

    Parameters
    ----------
    book, chain, coverage, days, tolerance
        As in `protective_put`.
    put_strike, put_delta : float, optional
        Of the put bought.
    call_strike, call_delta : float, optional
        Of the call sold.
    upper_strike, upper_delta : float, optional
        Of the call bought above it.
    """
    picks = [
        Pick("p", "buy", put_strike, put_delta),
        Pick("c", "sell", call_strike, call_delta),
        Pick("c", "buy", upper_strike, upper_delta),
    ]
    overlay = build("seagull", book, chain, coverage, days, picks, tolerance)
    ascending(overlay, lower=0, upper=1)
    ascending(overlay, lower=1, upper=2)
    return overlay


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def calendar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    far_days: Window = FAR,
    strike: float | None = None,
    delta: float | None = 0.30,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Put calendar: buy puts of a later expiry, and sell as many of a nearer one at the same strike.

    The sold put takes away protection until it expires; what is left then is the later put, paid for in part.

    Parameters
    ----------
    book, chain, coverage, tolerance
        As in `protective_put`.
    days, far_days : (float, float)
        Windows of days to expiry of the put sold, and of the put bought.
    strike, delta : float, optional
        Of the later put.
    """
    picks = [Pick("p", "buy", strike, delta, far=True), Pick("p", "sell", as_first=True)]
    return build("calendar", book, chain, coverage, days, picks, tolerance, far_days)


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def diagonal(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    far_days: Window = FAR,
    strike: float | None = None,
    delta: float | None = 0.30,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.15,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Put diagonal: buy puts of a later expiry, and sell as many of a nearer one at a lower strike.

    Parameters
    ----------
    book, chain, coverage, tolerance
        As in `protective_put`.
    days, far_days : (float, float)
        Windows of days to expiry of the put sold, and of the put bought.
    strike, delta : float, optional
        Of the put bought.
    lower_strike, lower_delta : float, optional
        Of the put sold.
    """
    upper = Pick("p", "buy", strike, delta, far=True)
    lower = Pick("p", "sell", lower_strike, lower_delta)
    overlay = build("diagonal", book, chain, coverage, days, [upper, lower], tolerance, far_days)
    ascending(overlay, lower=1, upper=0)
    return overlay

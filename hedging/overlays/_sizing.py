"""How many contracts of an overlay cover a holding, in whole lots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hedging._ground.counts import twelve_digits
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option

__all__ = ["long_units", "sized"]


def long_units(book: Book, chain: OptionChain) -> float:
    """Units of the chain's asset held outright; refused where they are not above 0."""
    held = [h for h in book.of(chain.asset) if not isinstance(h.instrument, Option)]
    units = sum(h.units for h in held)
    if units <= 0:
        raise InputError(
            f"these overlays protect a long position; the book holds {units:g} {chain.asset} in spot, perpetuals "
            "and futures."
        )
    return units


def sized(
    one_lot: Sequence[Leg], book: Book, chain: OptionChain, coverage: float, covers: float = 1.0
) -> tuple[Leg, ...]:
    """Legs in the sizes of one package, made as many packages as cover a share of the position.

    A package covers `covers` times its smallest leg.

    Raises
    ------
    InputError
        If nothing is held long, or the coverage is not a number > 0, less than one lot, or above 1 where
        upside is sold.
    """
    if not (coverage > 0 and math.isfinite(coverage)):
        raise InputError(f"coverage must be a number > 0 (1 covers all); got {coverage!r}.")
    size = covers * min(abs(leg.units) for leg in one_lot)
    units = _covered_units(one_lot, size, book, chain, coverage)
    # The nudge keeps 0.29 * 100 = 28.999999999999996 at 29 lots.
    lots = math.floor(units / size + 1e-9)
    if lots < 1:
        raise InputError(
            f"coverage {coverage:g} of {long_units(book, chain):g} {chain.asset} is less than one lot of "
            f"{size:g} {chain.asset}."
        )
    return tuple(replace(leg, quantity=twelve_digits(lots * leg.quantity)) for leg in one_lot)


def _covered_units(
    legs: Sequence[Leg], size: float, book: Book, chain: OptionChain, coverage: float
) -> float:
    """Units that a share of the position covers.

    Where upside is sold, premium and fees paid in coin leave fewer coins to deliver: H coins cover
    n = H / (sold + p) units that cost p coins and sell the upside of `sold` units each, or the position ends short
    of a rally.
    """
    held = long_units(book, chain)
    sold = sum(
        -leg.units / size
        for leg in legs
        if leg.quantity < 0 and not (isinstance(leg.instrument, Option) and leg.instrument.flag == "p")
    )
    if not sold:
        return coverage * held
    if coverage > 1:
        raise InputError(f"coverage must be at most 1 where calls or perpetuals are sold; got {coverage!r}.")
    paid = sum(
        (math.copysign(leg.price, leg.quantity) * isinstance(leg.instrument, Option) + leg.fee)
        * (abs(leg.units) / size)
        / leg.spot
        for leg in legs
        if leg.pays_coin
    )
    return min(coverage * held, held / (sold + paid))

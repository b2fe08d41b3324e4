"""What a desk would question about some orders, seen from the orders alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hedging._ground.counts import number_of
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.book.structure import opened
from hedging.book.unit_greeks import unit_greeks
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.units import days

__all__ = ["Oddity", "last_day", "oddities"]

RICH_DELTA = 0.55  # of a call sold: beyond it, it gives away upside that is there already
FAR = 4.0  # horizons, beyond which an option is bought for another time
FAR_DAYS = 30.0  # more than the horizon at least, so that a hedge of a week may take the next month's options
MANY_EXPIRIES = 3


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that a desk would question.

    Attributes
    ----------
    kind : {'inverted collar', 'rich call', 'open interest', 'far expiry', 'many expiries'}
    text : str
    legs : tuple of Leg
        The orders that make it.
    """

    kind: str
    text: str
    legs: tuple[Leg, ...]


def last_day(horizon: float) -> float:
    """Days to expiry beyond which an option is far beyond a horizon."""
    return max(FAR * horizon, horizon + FAR_DAYS)


def oddities(
    legs: Sequence[Leg], book: Book, markets: Sequence[Market], horizon: float
) -> tuple[Oddity, ...]:
    """Everything that a desk would question about what some orders open; what closes options held is not judged."""
    found: list[Oddity] = []
    for market in markets:
        mine = [leg for leg in opened(legs, book) if leg.instrument.asset == market.asset]
        found += [*_of_each(mine, market, horizon), *_inverted(mine), *_many_expiries(mine)]
    return tuple(found)


def _of_each(legs: Sequence[Leg], market: Market, horizon: float) -> Iterator[Oddity]:
    """Calls sold too rich, options that expire too late, and more than is open."""
    quotes = market.chain.quotes.set_index("symbol")["open_interest"]
    deltas = unit_greeks([leg.instrument for leg in legs], [0.0] * len(legs), market)["delta"]
    for leg, delta in zip(legs, deltas, strict=True):
        option, name = leg.instrument, leg.instrument.symbol
        assert isinstance(option, Option)
        if leg.units < 0 and option.flag == "c" and delta > RICH_DELTA:
            yield Oddity("rich call", f"{name} is sold at a delta of {delta:.2f}", (leg,))
        left = days(market.as_of, option.expiry)
        if left > last_day(horizon):
            text = f"{name} expires in {number_of(left, 'day', '.0f')}, far beyond the horizon of {horizon:g}"
            yield Oddity("far expiry", text, (leg,))
        interest = float(quotes.get(name, np.nan))
        if abs(leg.units) > interest * (1.0 + 1e-9):
            text = f"{abs(leg.units):,.6g} of {name} are more than its open interest, {interest:,.6g}"
            yield Oddity("open interest", text, (leg,))


def _inverted(legs: Sequence[Leg]) -> Iterator[Oddity]:
    """Calls sold below a put that is bought: between the strikes both are paid for being wrong."""
    puts = [leg for leg in legs if leg.units > 0 and leg.instrument.flag == "p"]  # type: ignore[union-attr]
    calls = [leg for leg in legs if leg.units < 0 and leg.instrument.flag == "c"]  # type: ignore[union-attr]
    for call in calls:
        below = [put for put in puts if call.instrument.strike < put.instrument.strike]  # type: ignore[union-attr]
        if below:
            names = " and ".join(put.instrument.symbol for put in below)
            yield Oddity(
                "inverted collar",
                f"{call.instrument.symbol} is sold below the strike of {names}",
                (call, *below),
            )


def _many_expiries(legs: Sequence[Leg]) -> Iterator[Oddity]:
    expiries = {leg.instrument.expiry for leg in legs}  # type: ignore[union-attr]
    if len(expiries) >= MANY_EXPIRIES:
        yield Oddity(
            "many expiries", f"the options stand over {number_of(len(expiries), 'expiry')}", tuple(legs)
        )

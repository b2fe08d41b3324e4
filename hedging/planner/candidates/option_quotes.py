"""Quotes of options as offers: each side, its closing part, each level of a ladder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from hedging._ground import clock
from hedging._numerics.types import Array, Mask
from hedging.book.book import Book
from hedging.book.ladder import Ladder
from hedging.book.legs import crossing_cost, option_leg
from hedging.market.chain import OptionChain
from hedging.market.contracts import Instrument, Option
from hedging.market.market import Market
from hedging.planner.request.limits import Limits
from hedging.planner.request.window import inside_windows


@dataclass(frozen=True, slots=True)
class Offer:
    """One instrument on one side, as quoted: prices in money per unit, sizes in lots.

    `beyond` is what better levels of a ladder hold, or what is held and may be closed: an order of no more is
    another one. One that `closes` may have any size.
    """

    instrument: Instrument
    side: float
    price: float
    half_spread: float
    fee: float
    lot: float
    units_per_lot: float
    available: float
    pays_premium: bool
    pays_coin: bool
    beyond: float = 0.0
    closes: bool = False


def option_quotes(market: Market, limits: Limits, book: Book) -> list[Offer]:
    """Offers of all options within the limits, and of those held on the side that closes them."""
    inside = inside_windows(market, limits)
    held = _held_units(market, book) if limits.close else np.zeros(len(inside))
    found: list[Offer] = []
    for part in market.chain.by_venue():
        rows = market.chain.quotes.index.get_indexer(part.quotes.index)
        found += _at_venue(part, market, limits, inside[rows], held[rows])
    return found


def _held_units(market: Market, book: Book) -> Array:
    """Units held of each option of a chain; one option may be held twice."""
    units = np.zeros(len(market.chain.quotes))
    held = [item for item in book.of(market.asset) if isinstance(item.instrument, Option)]
    rows = market.rows_of([item.instrument for item in held])  # type: ignore[misc]
    for row, item in zip(rows, held, strict=True):
        if row >= 0:
            units[row] += item.units
    return units


def _at_venue(
    chain: OptionChain, market: Market, limits: Limits, inside: Mask, held_units: Array
) -> list[Offer]:
    """Offers of one venue's options; `inside` the windows and held, by row."""
    terms, q = chain.terms, chain.quotes
    lots = terms.lot * terms.multiplier
    held_lots = held_units / lots
    rows = list(zip(q["flag"], q["strike"], q["expiry"], q["symbol"], strict=True))

    @cache  # of thousands of rows few may be inside the windows
    def option(row: int) -> Option:
        clock.look()
        flag, strike, expiry, symbol = rows[row]
        return Option(chain.asset, flag, float(strike), expiry, terms, symbol)

    coin, offers = terms.settlement == "coin", []
    for side, price_column, size_column in ((1.0, "ask", "ask_size"), (-1.0, "bid", "bid_size")):
        price = q[price_column].to_numpy(dtype=float)
        crossing = crossing_cost(price, q["bid"].to_numpy(), q["ask"].to_numpy(), q["mark"].to_numpy())
        fee = np.broadcast_to(terms.fee.per_unit(price, market.spot), price.shape)
        closes = np.floor(np.maximum(-side * held_lots, 0.0) + 1e-9)
        usable = np.isfinite(price) & (price > 0) & np.isfinite(crossing) & (inside | (closes > 0))
        whole = np.floor(_open_interest(q, lots, limits) + 1e-9)
        available = np.minimum(_quoted(q, size_column, terms.lot, limits), whole)
        for i in np.flatnonzero(usable).tolist():
            offer = Offer(
                option(i),
                side,
                price[i],
                crossing[i],
                fee[i],
                terms.lot,
                lots,
                available[i],
                True,
                coin,
            )
            ladder = limits.ladders.get(offer.instrument.symbol)
            reached = [offer] if ladder is None else _climbed(offer, ladder, market, whole[i])
            offers += [part for level in reached for part in _parted(level, closes[i], bool(inside[i]))]
    return offers


def _parted(offer: Offer, held: float, inside: bool) -> list[Offer]:
    """What closes so many lots held, and what goes beyond them where new orders are allowed, as two orders."""
    if held <= offer.beyond:
        return [offer] if inside else []
    closing = replace(offer, available=min(offer.available, held), closes=True)
    return [closing, *([replace(offer, beyond=held)] if inside else [])]


def _climbed(offer: Offer, ladder: Ladder, market: Market, most: float) -> list[Offer]:
    """One order for each level of a ladder: it reaches there and no further, and pays the average up to there.

    Levels are orders of one instrument and one side, of which the programme takes one at most. So none needs
    another's lots, and what an order pays is linear in its lots: no more binaries than levels.
    """
    found, beyond = [], 0.0
    for level in ladder.levels(offer.side):
        reach = np.floor(level.reach / offer.lot + 1e-9)
        if reach > beyond:
            leg = option_leg(market.chain, offer.instrument.symbol, offer.side * reach * offer.lot, ladder)
            found.append(
                replace(
                    offer,
                    price=leg.price,
                    half_spread=leg.half_spread,
                    fee=leg.fee,
                    available=min(reach, most),
                    beyond=beyond,
                )
            )
        beyond = max(beyond, reach)
    return found


def _quoted(quotes: pd.DataFrame, size_column: str, lot: float, limits: Limits) -> Array:
    """Lots that are quoted, infinity where that is no limit or unknown."""
    if not limits.quoted_size:
        return np.full(len(quotes), np.inf)
    return np.floor(np.fmin(quotes[size_column].to_numpy(dtype=float) / lot, np.inf) + 1e-9)


def _open_interest(quotes: pd.DataFrame, lots: float, limits: Limits) -> Array:
    """Lots that are a small enough part of the open interest, infinity where that is no limit or unknown."""
    if limits.open_interest_share is None:
        return np.full(len(quotes), np.inf)
    open_interest = limits.open_interest_share * quotes["open_interest"].to_numpy(dtype=float) / lots
    return np.asarray(np.fmin(open_interest, np.inf))

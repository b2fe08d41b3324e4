"""What may be traded: each instrument bought and sold as a column of numbers per lot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.ladder import Ladder
from hedging.book.legs import Leg, crossing_cost, option_leg, outright_leg
from hedging.book.pricer import unit_values
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Future, Instrument, Linear, Option, kind_of
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.planner.request.target import GREEK_TARGETS, Limits, Outright
from hedging.units import DAYS_PER_YEAR, days

__all__ = ["Columns", "columns_of", "leg_of", "strikes_by_day"]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Orders that may be given, one column a side, all numbers per lot.

    Buys and sells are separate columns: ask and bid put a kink into the cost at zero, and the premium paid
    in coin differs.

    Attributes
    ----------
    instruments : tuple of Instrument, length columns
    size : ndarray, shape (columns,)
        Signed units of underlying per lot, > 0 for a buy.
    lot : ndarray
        Contracts per lot.
    cost : ndarray
        Execution cost: half spread and fee, and the funding of perpetuals to the horizon. Options and dated
        futures carry nothing under the chain's own vol and forward: decay pays for gamma and basis for the
        drift, at a fair price. Theta of options as a cost would be the premium as a cost again, in disguise;
        that of futures alone would earn from nothing, by calls bought and futures sold. [money]
    premium : ndarray
        Paid > 0, received < 0; zero for spot and perpetuals. [money]
    delta, gamma, vega, theta : ndarray
        Change of the book's, the coins that leave it as premium and fee included.
    entry : ndarray
        What a perpetual is entered at, 0 for what is paid for. [money per unit]
    coins, cash : ndarray
        What leaves the book in coin and in cash. A mark beyond the quote counts as no gain: what it seems
        to give leaves as cash. [units of underlying], [money]
    least, most : ndarray
        Smallest and largest order. [lots]
    closes : ndarray of bool
        Whether it does no more than close what is held. Beyond that it is another order.
    """

    instruments: tuple[Instrument, ...]
    size: Array
    lot: Array
    cost: Array
    premium: Array
    delta: Array
    gamma: Array
    vega: Array
    theta: Array
    entry: Array
    coins: Array
    cash: Array
    least: Array
    most: Array
    closes: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.instruments)

    @property
    def kinds(self) -> npt.NDArray[np.str_]:
        """What each column trades, as `kind_of` says."""
        return np.array([kind_of(item) for item in self.instruments])

    def take(self, keep: npt.NDArray[Any]) -> Columns:
        """Return some of the columns, by mask or index."""
        index = np.arange(len(self))[keep]
        arrays = {f.name: getattr(self, f.name)[..., index] for f in fields(self)[1:]}
        return Columns(tuple(self.instruments[i] for i in index), **arrays)

    def pnl(self, markets: Sequence[Market], paths: Paths) -> Array:
        """Value less what was paid at every node, per lot, shape (scenarios, dates, columns). [money]"""
        # Each order's P&L lies side by side in memory, as values do, and is made while it is in the cache.
        out = np.empty((len(self), *paths.spot.T.shape))
        for market in markets:
            here = [i for i, item in enumerate(self.instruments) if item.asset == market.asset]
            # An instrument quoted on both sides is valued once.
            keys = [(self.instruments[i], self.entry[i]) for i in here]
            place = {key: n for n, key in enumerate(dict.fromkeys(keys))}
            value = unit_values([key[0] for key in place], [key[1] for key in place], market, paths).T
            spot = np.ascontiguousarray(market.spot * paths.spot.T)
            for i, key in zip(here, keys, strict=True):
                np.multiply(value[place[key]], self.size[i], out=out[i])
                out[i] -= self.coins[i] * spot
                out[i] -= self.cash[i]
        return out.T

    @staticmethod
    def join(parts: Sequence[Columns]) -> Columns:
        """Put the columns of several markets side by side."""
        arrays = {
            f.name: np.concatenate([getattr(part, f.name) for part in parts], axis=-1)
            for f in fields(Columns)[1:]
        }
        return Columns(tuple(item for part in parts for item in part.instruments), **arrays)


def terms_of_outright(limits: Limits) -> dict[str, Outright]:
    """Terms by kind: as in `limits`, and the usual ones of spot and perpetual where it does not allow them."""
    usual = {"spot": Outright("spot"), "perpetual": Outright("perpetual")}
    return usual | {item.kind: item for item in limits.outright}


def _strikes_in_words(limits: Limits) -> str:
    low, high = limits.moneyness
    return f", strikes of {low:g} to {high:g} times spot" if low > 0.0 or high < np.inf else ""


def columns_of(market: Market, limits: Limits, book: Book, position: float, horizon: float) -> Columns:
    """Every order that `limits` allow on one market, and spot and perpetual in any case.

    A plan that may not trade those outright is still shown beside one that does. Dated futures come only where
    they are allowed: what they would do, the perpetual beside shows.

    Parameters
    ----------
    market : Market
    limits : Limits
    book : Book
        Options held may be closed, whatever the limits say about new ones.
    position : float
        Size of what is hedged, which leg sizes are measured by. [units of underlying]
    horizon : float
        [days]

    Raises
    ------
    InputError
        If no option of the chain is quoted within the limits and nothing else may be traded.
    """
    quotes = _option_quotes(market, limits, book)
    if not quotes and not limits.outright and not market.is_bare:
        raise InputError(
            f"no option of the {market.asset} chain between {limits.deltas[0]:g} and {limits.deltas[1]:g} delta"
            f"{_strikes_in_words(limits)} and {limits.expiries} days has a bid or an ask; widen deltas, expiries or "
            "moneyness, or allow outright."
        )
    outright = [
        _outright_quote(market, terms, terms.instrument(market.asset, expiry), side, limits)
        for kind, terms in terms_of_outright(limits).items()
        for expiry in (_future_expiries(market, limits) if kind == "future" else (None,))
        for side in (1.0, -1.0)
    ]
    offers = quotes + outright
    least, most = (share * position for share in (limits.min_leg_share, limits.max_leg_share))
    columns = _measured(offers, market, horizon, least, most)
    fitting = columns.take(columns.most >= np.maximum(columns.least, 1.0))
    if not len(fitting):
        raise InputError(
            f"no order fits a position of {position:g} {market.asset}, spot and perpetual included: the largest is "
            f"max_leg_share = {limits.max_leg_share:g} times that, the smallest one lot. Hedge a larger position."
        )
    return fitting


def strikes_by_day(markets: Sequence[Market], limits: Limits, book: Book) -> dict[float, set[float]]:
    """Strikes of what may be traded and of what is held, as multiples of spot, by days to expiry."""
    found: dict[float, set[float]] = defaultdict(set)
    for market in markets:
        inside = market.chain.quotes[_inside(market.chain, limits)]
        held = [item.instrument for item in book.of(market.asset) if isinstance(item.instrument, Option)]
        listed = [
            *zip(inside["expiry"], inside["strike"], strict=True),
            *((o.expiry, o.strike) for o in held),
        ]
        for expiry, strike in listed:
            found[days(market.as_of, expiry)].add(float(strike) / market.spot)
    return dict(found)


def leg_of(columns: Columns, index: int, lots: float, markets: Mapping[str, Market], limits: Limits) -> Leg:
    """The order that a number of lots of one column means, priced from the chain anew."""
    instrument = columns.instruments[index]
    # Rounded to the digits a lot has, so that 21.1 is not 21.099999999999998.
    quantity = round(float(np.sign(columns.size[index]) * lots * columns.lot[index]), 10)
    return leg_on(instrument, markets[instrument.asset], quantity, limits)


def leg_on(instrument: Instrument, market: Market, quantity: float, limits: Limits) -> Leg:
    """An order at today's quote, or as far from spot or forward as `limits` say.

    Raises
    ------
    InputError
        If an option is not quoted on that side, or not so many contracts are.
    """
    if isinstance(instrument, Option):
        return option_leg(market.chain, instrument.symbol, quantity, _depth(limits).get(instrument.symbol))
    forward = market.forward(instrument.expiry) if isinstance(instrument, Future) else None
    terms = terms_of_outright(limits)[kind_of(instrument)]
    return outright_leg(
        instrument, market.spot, quantity, half_spread=terms.half_spread, fee=terms.fee, forward=forward
    )


@dataclass(frozen=True, slots=True)
class _Offer:
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


def _option_quotes(market: Market, limits: Limits, book: Book) -> list[_Offer]:
    """Offers of all options within the limits, and of those held on the side that closes them."""
    chain, terms, q = market.chain, market.chain.terms, market.chain.quotes
    inside, lots = _inside(chain, limits), terms.lot * terms.multiplier
    held: dict[tuple[str, float, pd.Timestamp], float] = defaultdict(float)  # one option may be held twice
    for holding in book.of(chain.asset):
        if limits.close and isinstance(item := holding.instrument, Option):
            held[item.flag, item.strike, item.expiry] += holding.units / lots
    keys = zip(q["flag"], q["strike"], q["expiry"], strict=True)
    held_lots = np.array([held.get(key, 0.0) for key in keys]) if held else np.zeros(len(q))
    options = [
        Option(chain.asset, flag, float(strike), expiry, terms, symbol)
        for flag, strike, expiry, symbol in zip(q["flag"], q["strike"], q["expiry"], q["symbol"], strict=True)
    ]
    coin, offers = terms.settlement == "coin", []
    for side, price_column, size_column in ((1.0, "ask", "ask_size"), (-1.0, "bid", "bid_size")):
        price = q[price_column].to_numpy(dtype=float)
        crossing = crossing_cost(price, q["bid"].to_numpy(), q["ask"].to_numpy(), q["mark"].to_numpy())
        fee = np.broadcast_to(terms.fee.per_unit(price, market.spot), price.shape)
        closes = np.floor(np.maximum(-side * held_lots, 0.0) + 1e-9)
        usable = np.isfinite(price) & (price > 0) & np.isfinite(crossing) & (inside | (closes > 0))
        whole = np.floor(_open_interest(q, lots, limits) + 1e-9)
        available = np.minimum(_quoted(q, size_column, terms.lot, limits), whole)
        for i in np.flatnonzero(usable):
            offer = _Offer(
                options[i],
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
            ladder = _depth(limits).get(options[i].symbol)
            reached = [offer] if ladder is None else _climbed(offer, ladder, market, whole[i])
            offers += [part for level in reached for part in _parted(level, closes[i], bool(inside[i]))]
    return offers


def _parted(offer: _Offer, held: float, inside: bool) -> list[_Offer]:
    """What closes so many lots held, and what goes beyond them where new orders are allowed, as two orders."""
    closing = replace(offer, available=min(offer.available, held), closes=True)
    opening = replace(offer, beyond=max(offer.beyond, held))
    return [*([closing] if held > offer.beyond else []), *([opening] if inside else [])]


def _depth(limits: Limits) -> Mapping[str, Ladder]:
    """Ladders by symbol; none where what is quoted is no limit."""
    return limits.depth if limits.quoted_size else {}


def _climbed(offer: _Offer, ladder: Ladder, market: Market, most: float) -> list[_Offer]:
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


def _inside(chain: OptionChain, limits: Limits) -> npt.NDArray[np.bool_]:
    """Which quotes lie within the windows of expiry, delta and moneyness."""
    q, (first, last) = chain.quotes, limits.expiries
    if q.empty:  # a coin on which no option is quoted
        return np.zeros(0, dtype=bool)
    # Raises, and says what the chain has, where nothing is left.
    chain.select(days=(first, np.inf if last is None else last), delta=limits.deltas)
    left = q["time_to_expiry"].to_numpy() * DAYS_PER_YEAR
    delta = np.abs(chain.greeks(("delta",))["delta"].to_numpy())
    moneyness = q["strike"].to_numpy() / chain.spot
    inside = (left >= first) & (left <= (np.inf if last is None else last))
    for value, (low, high) in ((delta, limits.deltas), (moneyness, limits.moneyness)):
        inside &= (value >= low) & (value <= high)
    return np.asarray(inside)


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


def _future_expiries(market: Market, limits: Limits) -> list[pd.Timestamp]:
    """Expiries of the futures that are listed, or of the options where none are, within the limits.

    Raises
    ------
    InputError
        If futures are allowed and none expires within the window.
    """
    listed = market.chain.futures["expiry"].dropna()
    known = list(listed if len(listed) else market.chain.expiries["expiry"])
    first, last = limits.expiries
    left = [days(market.as_of, expiry) for expiry in known]
    found = [
        expiry
        for expiry, day in zip(known, left, strict=True)
        if day > 0.0 and first <= day <= (np.inf if last is None else last)
    ]
    if not found:
        raise InputError(
            f"no future on {market.asset} expires within {limits.expiries} days; the chain has "
            f"{[round(day, 1) for day in left]}. Widen expiries, or leave Outright('future') out."
        )
    return found


def _outright_quote(
    market: Market, terms: Outright, instrument: Linear, side: float, limits: Limits
) -> _Offer:
    leg = leg_on(instrument, market, side * terms.lot, limits)
    return _Offer(
        leg.instrument,
        side,
        leg.price,
        leg.half_spread,
        leg.fee,
        terms.lot,
        terms.lot,
        np.inf,
        pays_premium=terms.kind == "spot",
        pays_coin=leg.pays_coin,
    )


def _measured(offers: list[_Offer], market: Market, horizon: float, least: float, most: float) -> Columns:
    """Columns of some offers: the arithmetic of `Book.__add__`, for all of them at once."""
    names = ("side", "price", "half_spread", "fee", "lot", "units_per_lot", "available", "beyond")
    side, price, half_spread, fee, lot, units, available, beyond = (
        np.array([getattr(offer, name) for offer in offers], dtype=float) for name in names
    )
    closes = np.array([offer.closes for offer in offers])
    buys_value = np.array([offer.pays_premium for offer in offers])
    in_coin = np.array([offer.pays_coin for offer in offers])
    is_option = np.array([isinstance(offer.instrument, Option) for offer in offers])
    fair = np.array([isinstance(offer.instrument, Option | Future) for offer in offers])
    size = side * units
    bought = np.where(buys_value, size * price, 0.0)
    paid = bought + units * fee
    coins = np.where(in_coin, paid / market.spot, 0.0)

    items = [offer.instrument for offer in offers]
    entry = np.where(buys_value, 0.0, price)
    greeks = {name: each * size for name, each in unit_greeks(items, list(entry), market).items()}
    unearned = np.maximum(greeks["price"] - bought, 0.0)
    smallest, largest = np.ceil(least / units - 1e-9), np.floor(most / units + 1e-9)
    carry = np.where(fair, 0.0, -greeks["theta"] * horizon)
    return Columns(
        instruments=tuple(offer.instrument for offer in offers),
        size=size,
        lot=lot,
        cost=units * (half_spread + fee) + carry,
        premium=np.where(is_option, bought, 0.0),
        entry=entry,
        coins=coins,
        cash=np.where(in_coin, 0.0, paid) + unearned,
        least=np.maximum(beyond + 1.0, np.where(closes, 1.0, smallest)),
        most=np.minimum(available, np.where(closes, np.inf, largest)),
        closes=closes,
        **{name: greeks[name] - (coins if name == "delta" else 0.0) for name in GREEK_TARGETS},
    )

"""The standard overlays on a long position: functions that pick listed options and return legs.

Every leg is priced where it would trade: bought at the ask, sold at the bid, with fees. No quote without a vol, and
none far from its mark, is ever taken; see `Tolerance`. On a chain of several venues all legs are of one, where the
structure costs least to enter. `spreads` has those of unequal sizes and of two expiries, `compare` puts overlays side
by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hedging._ground.arguments import must_be, takes
from hedging._ground.counts import twelve_digits
from hedging.book.book import Book
from hedging.book.delivery import delivery_remarks
from hedging.book.legs import Leg, option_leg, outright_leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import FeeRule, Option, Perpetual, Spot
from hedging.market.market import chain_of
from hedging.overlays._picking import MONTH, Finder, Pick, Tolerance, Window
from hedging.overlays._sizing import sized
from hedging.overlays._venues import at_cheapest_venue
from hedging.overlays.overlay import Overlay

__all__ = [
    "collar",
    "covered_call",
    "protective_put",
    "put_spread",
    "put_spread_collar",
    "short_perpetual",
    "zero_cost_collar",
]

_USUAL = Tolerance()


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def protective_put(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.30,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Buy puts on a share of the position.

    Parameters
    ----------
    book : Book
        Its long units of the chain's asset are what is covered.
    chain : OptionChain
    coverage : float
        Share of the position, > 0; rounded down to whole lots.
    days : (float, float)
        Window of days to expiry; of the expiries in it the one nearest its middle is taken.
    strike : float, optional
        Strike wanted [money]; the nearest quoted one within 5 % is taken. Overrides `delta`.
    delta : float, optional
        Absolute delta wanted, in (0, 1), where no strike is given; the nearest quoted one within 0.10 is taken.
    tolerance : Tolerance
        Other distances from strike and delta, and how far from its mark a quote may be that is traded.

    Returns
    -------
    Overlay

    Raises
    ------
    InputError
        If nothing is held long, the coverage is below one lot, or no such option is quoted: the message names the
        nearest, at each venue of a chain of several.
    """
    put = Pick("p", "buy", strike, delta)
    return build("protective put", book, chain, coverage, days, [put], tolerance)


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def covered_call(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.20,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Sell calls against a share of the position; parameters as in `protective_put`."""
    call = Pick("c", "sell", strike, delta)
    return build("covered call", book, chain, coverage, days, [call], tolerance)


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def put_spread(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.30,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.10,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Buy puts and sell as many at a lower strike; parameters as in `protective_put`."""
    upper = Pick("p", "buy", strike, delta)
    lower = Pick("p", "sell", lower_strike, lower_delta)
    overlay = build("put spread", book, chain, coverage, days, [upper, lower], tolerance)
    ascending(overlay, lower=1, upper=0)
    return overlay


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
    call_strike: float | None = None,
    call_delta: float | None = 0.25,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Buy puts and sell as many calls above them; parameters as in `protective_put`."""
    put = Pick("p", "buy", put_strike, put_delta)
    call = Pick("c", "sell", call_strike, call_delta)
    overlay = build("collar", book, chain, coverage, days, [put, call], tolerance)
    ascending(overlay, lower=0, upper=1)
    return overlay


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def put_spread_collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.30,
    lower_strike: float | None = None,
    lower_delta: float | None = 0.10,
    call_strike: float | None = None,
    call_delta: float | None = 0.20,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Buy a put spread and sell as many calls above it; parameters as in `protective_put`."""
    picks = [
        Pick("p", "buy", put_strike, put_delta),
        Pick("p", "sell", lower_strike, lower_delta),
        Pick("c", "sell", call_strike, call_delta),
    ]
    overlay = build("put-spread collar", book, chain, coverage, days, picks, tolerance)
    ascending(overlay, lower=1, upper=0)
    ascending(overlay, lower=0, upper=2)
    return overlay


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def zero_cost_collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
    call_strike: float | None = None,
    call_delta: float | None = None,
    tolerance: Tolerance = _USUAL,
) -> Overlay:
    """Buy puts, and sell as few calls as pay for them, both fees in.

    The calls are those of the highest listed strike with ``bid - fee >= ask(put) + fee``, or those asked for. Of
    them as few lots are sold as leave nothing to pay: where strikes are coarse fewer than puts are bought, so that
    the upside of the rest is kept instead of a credit.

    Parameters
    ----------
    book, chain, coverage, days, tolerance
        As in `protective_put`.
    put_strike, put_delta : float, optional
        Of the put bought.
    call_strike, call_delta : float, optional
        The call to sell, where it is not to be the highest that pays.

    Raises
    ------
    InputError
        As `protective_put`, and if no quoted call above the put, or not the one asked for, pays for it.
    """
    bought = Pick("p", "buy", put_strike, put_delta)
    if call_strike is None and call_delta is None:
        (put,), passed = _one_of_each(chain, [bought], days, tolerance)
        sold, more = _highest_that_pays(put, chain, tolerance)
        passed = (*passed, *more)
    else:
        picks = [bought, Pick("c", "sell", call_strike, call_delta)]
        (put, sold), passed = _one_of_each(chain, picks, days, tolerance)
        ascending(Overlay("zero-cost collar", (put, sold)), lower=0, upper=1)
    lot = chain.terms.lot
    put, call = sized([put, sold], book, chain, coverage)
    fewest = _fewest_lots(put, call, lot)
    remarks = passed
    if fewest * lot < put.quantity:
        remarks += (
            f"calls on {fewest * lot / put.quantity:.0%} of the puts pay for them; the rest keeps its upside",
        )
    legs = (put, replace(call, quantity=-twelve_digits(fewest * lot)))
    return _told(Overlay("zero-cost collar", legs, remarks, chain.terms.currency), book, chain)


def _highest_that_pays(put: Leg, chain: OptionChain, tolerance: Tolerance) -> tuple[Leg, tuple[str, ...]]:
    """A lot sold of the highest-struck call whose bid pays for as many puts, and the stub bids passed over."""
    bought, due = chain.option(put.instrument.symbol), put.price + put.fee
    finder = Finder(chain, tolerance)
    passed: list[str] = []
    rows = finder.candidates("c", "bid", bought.expiry, by_strike=True)
    for _, row in rows[rows["strike"] > bought.strike].sort_values("strike", ascending=False).iterrows():
        call = option_leg(chain, row["symbol"], -chain.terms.lot)
        if call.price - call.fee < due:
            continue
        if (stub := finder.stub(row, "bid")) is None:
            return call, tuple(passed)
        passed.append(f"{stub}: not traded")
    raise InputError(
        f"no quoted call above {put.instrument.symbol} has a bid that pays its ask and fees ({due:,.2f} per "
        f"unit); choose a lower put, or a collar that costs something. {' '.join(passed)}".rstrip()
    )


def _fewest_lots(put: Leg, call: Leg, lot: float) -> int:
    """Lots of the call that pay for the puts, both fees in; refused where more would be needed than puts."""
    due, paid = put.quantity * (put.price + put.fee), lot * (call.price - call.fee)
    lots = math.ceil(due / paid - 1e-9) if paid > 0.0 else math.inf
    if lots * lot > put.quantity * (1.0 + 1e-9):
        raise InputError(
            f"{call.instrument.symbol} pays {call.price - call.fee:,.2f} a unit, {put.instrument.symbol} costs "
            f"{put.price + put.fee:,.2f}: more calls than puts would have to be sold. Choose a lower call or a lower put."
        )
    return max(1, int(lots))


@takes(book=Book, chain=chain_of)
@at_cheapest_venue
def short_perpetual(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    half_spread: float = 1e-4,
    fee: FeeRule | None = None,
    lot: float = 0.001,
) -> Overlay:
    """Sell the perpetual against a share of the position: no upside, no premium, funding from then on.

    Parameters
    ----------
    book, chain, coverage
        As in `protective_put`.
    half_spread : float
        Distance of the bid from spot, as a share of it.
    fee : FeeRule, optional
        A taker's fee; 0.05 % of the notional by default.
    lot : float
        Smallest order and its increment. [units of underlying]

    Raises
    ------
    InputError
        If nothing is held long, the coverage is not in (0, 1], or it is less than one lot; or no perpetual is traded
        on the asset.
    """
    if not 0.0 < lot < math.inf:
        raise InputError(f"lot must be a number of units > 0; got {lot!r}.")
    perpetual = _perpetual(chain)
    one = outright_leg(perpetual, chain.spot, -1.0, half_spread=half_spread, fee=fee or FeeRule(0.0005))
    legs = sized([replace(one, quantity=-lot)], book, chain, coverage)
    return Overlay("short perpetual", legs, currency=chain.terms.currency)


@takes(chain=chain_of, contracts=Mapping)
def of_contracts(
    chain: OptionChain, contracts: Mapping[str, float], *, name: str = "overlay", half_spread: float = 0.0001
) -> Overlay:
    """Contracts by their names, at the quotes they would trade at.

    Parameters
    ----------
    chain : OptionChain
    contracts : mapping of str to float
        Quantity by symbol, < 0 to sell; ``'perpetual'`` and ``'spot'`` are the underlying, at spot. [contracts]
    name : str
        Of the overlay.
    half_spread : float
        Of the underlying, as a share of spot. [1]

    Raises
    ------
    InputError
        If a contract has no usable quote, or a quantity is none.

    Examples
    --------
    >>> from hedging import samples
    >>> made = of_contracts(samples.chain(), {"BTC-10APR26-66000-P": 25, "BTC-10APR26-80000-C": -25})
    >>> [leg.side for leg in made.legs]
    ['buy', 'sell']
    """
    legs = tuple(_leg(chain, *each, half_spread) for each in contracts.items())
    return Overlay(name, legs, currency=chain.terms.currency)


def _leg(chain: OptionChain, symbol: str, quantity: float, half_spread: float) -> Leg:
    must_be("a contract", symbol, str)
    must_be(f"quantity of {symbol}", quantity, int, float, np.number)
    kind = symbol.rpartition("-")[2].lower()
    if kind not in ("perpetual", "spot", chain.asset.lower()):
        return option_leg(chain, symbol, quantity)
    underlying = _perpetual(chain) if kind == "perpetual" else Spot(chain.asset)
    return outright_leg(underlying, chain.spot, quantity, half_spread=half_spread, fee=FeeRule(0.0005))


def _perpetual(chain: OptionChain) -> Perpetual:
    for terms in chain.venues.values() or (chain.terms,):
        if "perpetual" in terms.outrights:
            return Perpetual(chain.asset, terms.settlement)
    raise InputError(f"no perpetual on {chain.asset} is traded beside its options.")


def build(
    name: str,
    book: Book,
    chain: OptionChain,
    coverage: float,
    days: Window,
    picks: list[Pick],
    tolerance: Tolerance,
    far_days: Window | None = None,
    covers: float = 1.0,
) -> Overlay:
    """An overlay of some picks; one lot of it covers so many lots of the position."""
    legs, passed = _one_of_each(chain, picks, days, tolerance, far_days)
    whole = sized(legs, book, chain, coverage, covers)
    return _told(Overlay(name, whole, passed, chain.terms.currency), book, chain)


def _one_of_each(
    chain: OptionChain, picks: list[Pick], days: Window, tolerance: Tolerance, far_days: Window | None = None
) -> tuple[list[Leg], tuple[str, ...]]:
    """The options picked, each for the lots of one overlay, and the stub quotes passed over."""
    found = Finder(chain, tolerance).choose(picks, days, far_days)
    lot = chain.terms.lot
    legs = [
        option_leg(chain, symbol, pick.lots * (lot if pick.side == "buy" else -lot))
        for symbol, pick in zip(found.symbols, picks, strict=True)
    ]
    return legs, found.passed


def _told(overlay: Overlay, book: Book, chain: OptionChain) -> Overlay:
    """The overlay with what options on shares bring with them: delivery, odd lots, calls exercised for a dividend."""
    return replace(overlay, remarks=(*overlay.remarks, *delivery_remarks(book, overlay.legs, chain)))


def ascending(overlay: Overlay, *, lower: int, upper: int) -> None:
    """Refuse an overlay whose legs are not in the order of strikes that its name means."""
    low, high = (leg.instrument for leg in (overlay.legs[lower], overlay.legs[upper]))
    if isinstance(low, Option) and isinstance(high, Option) and not low.strike < high.strike:
        raise InputError(f"{overlay.name}: {low.symbol} must have a lower strike than {high.symbol}.")

"""The standard overlays on a long position: functions that pick listed options and return legs.

Every leg is priced where it would trade: bought at the ask, sold at the bid, with fees. `compare` puts
overlays side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hedging.book.book import Book
from hedging.book.legs import option_leg, outright_leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import FeeRule, Perpetual
from hedging.overlays._picking import MONTH, Overlay, Window, _ascending, _build, _Pick, _sized

__all__ = [
    "collar",
    "covered_call",
    "protective_put",
    "put_spread",
    "put_spread_collar",
    "short_perpetual",
    "zero_cost_collar",
]


def protective_put(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.30,
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
        Absolute delta wanted, in (0, 1), where no strike is given.

    Returns
    -------
    Overlay

    Raises
    ------
    InputError
        If nothing is held long, the coverage is below one lot, or no such option is quoted.
    """
    put = _Pick("p", "buy", strike, delta)
    return _build("protective put", book, chain, coverage, days, [put])


def covered_call(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    strike: float | None = None,
    delta: float | None = 0.20,
) -> Overlay:
    """Sell calls against a share of the position; parameters as in `protective_put`."""
    call = _Pick("c", "sell", strike, delta)
    return _build("covered call", book, chain, coverage, days, [call])


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
) -> Overlay:
    """Buy puts and sell as many at a lower strike; parameters as in `protective_put`."""
    upper = _Pick("p", "buy", strike, delta)
    lower = _Pick("p", "sell", lower_strike, lower_delta)
    overlay = _build("put spread", book, chain, coverage, days, [upper, lower])
    _ascending(overlay, lower=1, upper=0)
    return overlay


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
) -> Overlay:
    """Buy puts and sell as many calls above them; parameters as in `protective_put`."""
    put = _Pick("p", "buy", put_strike, put_delta)
    call = _Pick("c", "sell", call_strike, call_delta)
    overlay = _build("collar", book, chain, coverage, days, [put, call])
    _ascending(overlay, lower=0, upper=1)
    return overlay


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
) -> Overlay:
    """Buy a put spread and sell as many calls above it; parameters as in `protective_put`."""
    picks = [
        _Pick("p", "buy", put_strike, put_delta),
        _Pick("p", "sell", lower_strike, lower_delta),
        _Pick("c", "sell", call_strike, call_delta),
    ]
    overlay = _build("put-spread collar", book, chain, coverage, days, picks)
    _ascending(overlay, lower=1, upper=0)
    _ascending(overlay, lower=0, upper=2)
    return overlay


def zero_cost_collar(
    book: Book,
    chain: OptionChain,
    *,
    coverage: float = 1.0,
    days: Window = MONTH,
    put_strike: float | None = None,
    put_delta: float | None = 0.25,
) -> Overlay:
    """Buy puts, and sell the highest-struck calls whose bid pays for them, both fees in.

    The call is the highest listed strike with ``bid - fee >= ask(put) + fee``; what it pays beyond that is
    kept as a credit. Parameters as in `protective_put`.

    Raises
    ------
    InputError
        As `protective_put`, and if no quoted call above the put pays for it.
    """
    whole = protective_put(book, chain, coverage=coverage, days=days, strike=put_strike, delta=put_delta)
    put = replace(whole.legs[0], quantity=chain.terms.lot)
    due = put.price + put.fee
    bought = chain.option(put.instrument.symbol)
    quotes = chain.quotes
    calls = quotes[
        (quotes["flag"] == "c")
        & (quotes["expiry"] == bought.expiry)
        & (quotes["strike"] > bought.strike)
        & quotes["bid"].notna()
    ].sort_values("strike", ascending=False)
    for symbol in calls["symbol"]:
        call = option_leg(chain, symbol, -chain.terms.lot)
        if call.price - call.fee >= due:
            return Overlay("zero-cost collar", _sized([put, call], book, chain, coverage))
    raise InputError(
        f"no quoted call above {put.instrument.symbol} has a bid that pays its ask and fees ({due:,.2f} per "
        f"unit); choose a lower put, or a collar that costs something."
    )


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
        If nothing is held long, the coverage is not in (0, 1], or it is less than one lot.
    """
    perpetual = Perpetual(chain.asset, chain.terms.settlement)
    one = outright_leg(perpetual, chain.spot, -1.0, half_spread=half_spread, fee=fee or FeeRule(0.0005))
    return Overlay("short perpetual", _sized([replace(one, quantity=-lot)], book, chain, coverage))


def standard(book: Book, chain: OptionChain, *, coverage: float = 1.0, days: Window = MONTH) -> list[Overlay]:
    """Every overlay of this module that the chain's quotes allow, with its defaults."""
    overlays = []
    makers: list[Callable[..., Overlay]] = [
        protective_put,
        put_spread,
        collar,
        zero_cost_collar,
        put_spread_collar,
        covered_call,
    ]
    reasons = []
    for make in makers:
        try:
            overlays.append(make(book, chain, coverage=coverage, days=days))
        except InputError as error:
            reasons.append(str(error))
    if not overlays:
        raise InputError(reasons[0])
    overlays.append(short_perpetual(book, chain, coverage=coverage))
    return overlays

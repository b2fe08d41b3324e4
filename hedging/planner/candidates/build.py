"""What may be traded: each instrument bought and sold as a column of numbers per lot."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hedging._ground import clock
from hedging._ground.forms import in_words
from hedging.book.quantity import paid_for
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import Linear, Option
from hedging.market.market import Market
from hedging.planner.candidates.candidates import Candidates
from hedging.planner.candidates.carry import carry_charged
from hedging.planner.candidates.option_quotes import Offer, option_quotes
from hedging.planner.candidates.orders import leg_on
from hedging.planner.request.limit import GREEK_TARGETS
from hedging.planner.request.limits import Limits, Outright, terms_of_outright
from hedging.planner.request.request import Request
from hedging.units import days

__all__ = ["candidates_of"]


def _strikes_in_words(limits: Limits) -> str:
    low, high = limits.moneyness
    return f", strikes of {low:g} to {high:g} times spot" if low > 0.0 or high < np.inf else ""


def candidates_of(request: Request) -> Candidates:
    """Every order that a request allows on any of its markets; spot and perpetual in any case."""
    book, markets = request.book, request.markets
    traded = {kind for market in markets for kind in market.chain.terms.outrights}
    if idle := [item.kind for item in request.limits.outright if item.kind not in traded]:
        names = ", ".join(market.asset for market in markets)
        raise InputError(
            f"no {idle[0]} on {names} is traded beside its options: leave Outright({idle[0]!r}) out."
        )
    base, _ = book.base(*markets)
    return Candidates.join(
        [
            _on_market(
                market,
                request,
                book.position(market.asset) or base / market.spot,
            )
            for market in markets
        ]
    )


def _on_market(market: Market, request: Request, position: float) -> Candidates:
    """Every order that its limits allow on one market, and spot and perpetual in any case.

    A plan that may not trade those outright is still shown beside one that does. Dated futures come only where
    they are allowed: what they would do, the perpetual beside shows.

    Parameters
    ----------
    market : Market
    request : Request
        Options held may be closed, whatever its limits say about new ones.
    position : float
        Size of what is hedged, which leg sizes are measured by. [units of underlying]

    Raises
    ------
    InputError
        If no option of the chain is quoted within the limits and nothing else may be traded.
    """
    limits = request.limits
    quotes = option_quotes(market, limits, request.book)
    if not quotes and not limits.outright and not market.is_bare:
        raise InputError(
            f"no option of the {market.asset} chain between {limits.deltas[0]:g} and {limits.deltas[1]:g} delta"
            f"{_strikes_in_words(limits)} and {in_words(*limits.expiries)} days has a bid or an ask; widen deltas, expiries or "
            "moneyness, or allow outright."
        )
    outright = [
        _outright_quote(market, terms, terms.instrument(market.asset, expiry), side, limits)
        for kind, terms in terms_of_outright(limits).items()
        if kind in market.chain.terms.outrights
        for expiry in (_future_expiries(market, limits) if kind == "future" else (None,))
        for side in (1.0, -1.0)
    ]
    offers = quotes + outright
    least, most = (share * position for share in (limits.min_leg_share, limits.max_leg_share))
    candidates = _measured(offers, market, request, least, most)
    fitting = candidates.take(candidates.most >= np.maximum(candidates.least, 1.0))
    if not len(fitting):
        raise InputError(
            f"no order fits a position of {position:g} {market.asset}, spot and perpetual included: the largest is "
            f"max_leg_share = {limits.max_leg_share:g} times that, the smallest one lot. Hedge a larger position."
        )
    return fitting


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
            f"no future on {market.asset} expires within {in_words(first, last)} days; the chain has "
            f"{', '.join(f'{day:.1f}' for day in left)}. Widen expiries, or leave Outright('future') out."
        )
    return found


def _outright_quote(
    market: Market, terms: Outright, instrument: Linear, side: float, limits: Limits
) -> Offer:
    # Shares are traded whole.
    lot = max(terms.lot, 1.0) if market.chain.terms.exercise == "american" else terms.lot
    leg = leg_on(instrument, market, side * lot, limits)
    return Offer(
        leg.instrument,
        side,
        leg.price,
        leg.half_spread,
        leg.fee,
        lot,
        lot,
        np.inf,
        pays_premium=terms.kind == "spot",
        pays_coin=leg.pays_coin,
    )


def _measured(offers: list[Offer], market: Market, request: Request, least: float, most: float) -> Candidates:
    """Candidates of some offers: the arithmetic of `Book.__add__`, for all of them at once."""
    names = ("side", "price", "half_spread", "fee", "lot", "units_per_lot", "available", "beyond")
    side, price, half_spread, fee, lot, units, available, beyond = (
        np.array([getattr(offer, name) for offer in offers], dtype=float) for name in names
    )
    closes = np.array([offer.closes for offer in offers])
    buys_value = np.array([offer.pays_premium for offer in offers])
    in_coin = np.array([offer.pays_coin for offer in offers])
    is_option = np.array([isinstance(offer.instrument, Option) for offer in offers])
    size = side * units
    bought = np.where(buys_value, size * price, 0.0)
    paid = paid_for(size, price, fee, buys_value)
    coins = np.where(in_coin, paid / market.spot, 0.0)

    items = [offer.instrument for offer in offers]
    entry = np.where(buys_value, 0.0, price)
    clock.look()
    greeks = {name: each * size for name, each in unit_greeks(items, list(entry), market).items()}
    unearned = np.maximum(greeks["price"] - bought, 0.0)
    smallest, largest = np.ceil(least / units - 1e-9), np.floor(most / units + 1e-9)
    clock.look()
    carry = carry_charged(items, size, entry, market, request.funding_of(market), request.horizon)
    return Candidates(
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

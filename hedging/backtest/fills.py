"""What an order gets at a snapshot: a priced leg, a smaller one, or a refusal with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pandas as pd

from hedging._ground.forms import meant
from hedging.backtest.marks import Marker
from hedging.backtest.rules import Rules, linear_costs
from hedging.backtest.state import Order
from hedging.backtest.tape import Quote, Tape
from hedging.book.legs import Leg, crossing_cost, outright_leg
from hedging.errors import InputError
from hedging.market.contracts import Future, Linear, Option, Perpetual, Spot
from hedging.venues.deribit.names import parse_name

__all__ = ["Fill", "Refusal", "fill"]

LOT_DUST = 1e-6  # of a lot
LOT_ROUNDING = 1e-12  # of many lots, what floats leave


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that could not be traded, and why; the reason is counted."""

    symbol: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fill:
    """An order at its price.

    Attributes
    ----------
    leg : Leg
    notes : tuple of str
        Rules that changed or merely watched it, to be counted.
    lot : float
        Smallest step of its quantity, 0 for any. [contracts]
    closing : bool
        Whether it goes against what is held.
    most : float
        What the rules let it take. [contracts]
    cap : str
        Which of them does.
    """

    leg: Leg
    notes: tuple[str, ...] = ()
    lot: float = 0.0
    closing: bool = False
    most: float = math.inf
    cap: str = ""


def fill(
    tape: Tape, marker: Marker, number: int, order: Order, held: float, rules: Rules, *, late: bool
) -> Fill | Refusal:
    """Price an order at a snapshot.

    Parameters
    ----------
    tape, marker, number
        The snapshot.
    order : Order
    held : float
        Contracts of it in the book now, at the index where that counts (`positions.at_price`): what goes against them is
        a close.
    rules : Rules
    late : bool
        Whether the order was made at an earlier snapshot: then what is gone by now is refused, not an error.

    Raises
    ------
    InputError
        If the option or future has expired or is not listed, or the quantity is no whole lots: what its maker could see.
    """
    if order.whole and not held * order.quantity < 0.0:
        return Refusal(order.symbol, "nothing held to close")
    order = replace(order, quantity=-held) if order.whole else order
    if isinstance(order.instrument, Spot | Perpetual | Future):
        return _outright(tape, marker, number, order, held, rules, late=late)
    closing = held * order.quantity < 0.0
    option = tape.option(number, order.symbol)
    quote = tape.quote(number, order.symbol)
    if option is None or quote is None:
        if closing or late:
            return Refusal(order.symbol, "close without a quote" if closing else "no longer quoted")
        raise InputError(f"{tape.where(number)}: {_unknown(tape, number, order)}")
    _check_lots(tape.where(number), order, option.terms.lot, held)
    leg = _option_leg(tape, number, option, quote, order.quantity, rules)
    if leg is None:
        side = "ask" if order.quantity > 0 else "bid"
        if closing or late:
            return Refusal(order.symbol, "close without a quote" if closing else f"no {side} by then")
        raise InputError(
            f"{tape.where(number)}: {order.symbol} has no {side}; choose an option that is quoted, or return a Wait."
        )
    return replace(_limited(leg, quote, rules), lot=option.terms.lot, closing=closing)


def _unknown(tape: Tape, number: int, order: Order) -> str:
    """Why an option cannot be ordered."""
    expiry = _expiry(tape, order)
    if expiry is not None and expiry <= tape.times[number]:
        return f"{order.symbol} expired at {expiry:%Y-%m-%d %H:%M} UTC; an order needs a listed option."
    chain = tape.shared_chain(number)
    why = chain.rejected.loc[chain.rejected["symbol"] == order.symbol, "reason"]
    if len(why):
        return f"the quote of {order.symbol} was rejected ({why.iloc[0]}); choose another, or return a Wait."
    known = parse_name(order.symbol)
    if known is not None and not known.flag:
        return (
            f"{order.symbol} is no option: order it as a Perpetual or a Future, its name alone is not enough."
        )
    near = meant(order.symbol, chain.quotes["symbol"])
    return (
        f"{order.symbol} is not listed there; an order needs an option of the snapshot's chain{near or '.'}"
    )


def _expiry(tape: Tape, order: Order) -> pd.Timestamp | None:
    """When an option expires: as it says itself, as the tape lists it at any time, as its name says; None if unknown."""
    if isinstance(order.instrument, Option):
        return order.instrument.expiry
    known = parse_name(order.symbol)
    return tape.expiry(order.symbol) or (known.expiry if known is not None and known.flag else None)


def _check_lots(where: str, order: Order, lot: float, held: float) -> None:
    """Refuse a part of a lot; what is held may leave as it stands, and a lot of 0 is any quantity."""
    if not lot or order.quantity == -held:
        return
    lots = order.quantity / lot
    if not round(lots) or abs(lots - round(lots)) > max(LOT_DUST, LOT_ROUNDING * abs(lots)):
        raise InputError(
            f"{where}: the quantity of {order.symbol} must be whole lots of {lot:g}; got {order.quantity!r}."
        )


def _option_leg(
    tape: Tape, number: int, option: Option, quote: Quote, quantity: float, rules: Rules
) -> Leg | None:
    """An order at the price the rules say; None where there is none."""
    prices = {
        "quote": quote.ask if quantity > 0 else quote.bid,
        "mid": (quote.bid + quote.ask) / 2.0,
        "mark": quote.mark,
    }
    price, spot = prices[rules.price], float(tape.spot[number])
    if math.isnan(price):
        return None
    crossing = float(crossing_cost(price, quote.bid, quote.ask, quote.mark))
    fee = float(rules.option_fee(option.terms).per_unit(price, spot))
    return Leg(option, float(quantity), price, crossing if rules.price == "quote" else 0.0, fee, spot)


def _limited(leg: Leg, quote: Quote, rules: Rules) -> Fill:
    """An order with the most of it that the shares of the rules allow, or the size that is quoted."""
    size = quote.ask_size if leg.quantity > 0 else quote.bid_size
    caps = [(size, "size quoted")] if rules.depth else []
    for name, share in (("open interest", rules.open_interest), ("volume", rules.volume)):
        units = quote.open_interest if name == "open interest" else quote.volume
        if share is not None:
            caps.append((share * units / leg.multiplier, f"share of {name}"))
    beyond = not rules.depth and abs(leg.quantity) > size * (1.0 + LOT_DUST)
    notes = ["orders beyond the size quoted"] if beyond else []
    notes += [f"orders not cut, {cap} unknown" for most, cap in caps if math.isnan(most)]
    most, cap = min(((most, cap) for most, cap in caps if not math.isnan(most)), default=(math.inf, ""))
    return Fill(leg, tuple(notes), most=most, cap=cap)


def _outright(
    tape: Tape, marker: Marker, number: int, order: Order, held: float, rules: Rules, *, late: bool
) -> Fill | Refusal:
    """An order for spot, a perpetual or a future, at the recorded quote or a half spread from its fair price."""
    item, time, spot = order.instrument, tape.times[number], float(tape.spot[number])
    assert isinstance(item, Linear)
    if item.asset != tape.asset:
        raise InputError(f"{tape.where(number)}: {item.symbol} is not on {tape.asset}, the tape's asset.")
    if isinstance(item, Future) and item.expiry <= time:
        raise InputError(f"{tape.where(number)}: {item.symbol} expired at {item.expiry:%Y-%m-%d %H:%M} UTC.")
    closing = held * order.quantity < 0.0
    if isinstance(item, Future) and not (closing or tape.lists(number, item.expiry)):
        if late:
            return Refusal(item.symbol, "no longer listed")
        raise InputError(
            f"{tape.where(number)}: {item.symbol} is not listed there: no future and no option of the snapshot expires "
            f"at {item.expiry:%Y-%m-%d %H:%M} UTC."
        )
    half_spread, fee, lot = linear_costs(item, tape.terms(number), time, rules)
    _check_lots(tape.where(number), order, lot, held)
    forward = marker.future(number, item).price if isinstance(item, Future) else None
    crossing = half_spread if rules.price == "quote" else 0.0
    leg = outright_leg(item, spot, order.quantity, half_spread=crossing, fee=fee, forward=forward)
    if order.whole and leg.pays_coin:  # as much money of it as is held, whatever the price
        leg = replace(leg, quantity=order.quantity * spot / leg.price)
    return Fill(leg, lot=lot, closing=closing)

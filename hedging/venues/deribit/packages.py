"""Legs as Deribit's combos and block RFQs: what trades together or not at all. Nothing is sent.

As the exchange's reference states them: ``private/create_combo`` takes the ratio of the legs, not their size, and
answers with the combo's name in ``id``; a block RFQ takes the size of each leg, and one hedge leg beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from hedging._ground.counts import number_of
from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.packages import DUST, Package, packages
from hedging.book.tickets import order_ids
from hedging.errors import InputError
from hedging.market.contracts import Option, Perpetual, on_tick
from hedging.venues._orders import TimeInForce, checked_time, whole_steps
from hedging.venues.deribit.orders import instrument_name, orders, sized

__all__ = ["BLOCK_MINIMUM", "block_rfq", "combo_orders"]

BLOCK_MINIMUM: Final = {
    "BTC": 25.0,
    "ETH": 250.0,
    "BTC_USDC": 25.0,
    "ETH_USDC": 250.0,
    "SOL_USDC": 150.0,
    "XRP_USDC": 75.0,
    "AVAX_USDC": 25.0,
    "TRX_USDC": 25.0,
}
"""Smallest block of options. [contracts]"""
TICK: Final = ((0.0, 0.0001),)
"""Price step of combos and blocks of coin-settled options; those of others have the finest of their legs. [coin]"""
HEDGE_STEP: Final = 10.0  # dollars of the BTC perpetual


def combo_orders(
    plan: Legs, *, plan_id: str | None = None, time_in_force: TimeInForce | None = None
) -> list[dict[str, Any]]:
    """Combos of what is bought against what is sold, and single orders of what is left over.

    Every combo is two requests: ``private/create_combo``, then ``private/buy`` of the name that its reply gives. As
    `hedging.book.packages` pairs the legs, whose fee discount is the reason to trade them so.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
    plan_id, time_in_force
        As for `hedging.venues.deribit.orders`.

    Returns
    -------
    list of dict
        ``method`` and ``params``; of a combo's order ``instrument_name`` is empty, and ``instrument_name_from`` says
        where it comes from. Its price is what is paid net for one of each leg, < 0 where it is received.

    Raises
    ------
    InputError
        If a leg is no contract of Deribit's, or its amount is no whole steps.
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force)
    owner = getattr(plan, "id", "") if plan_id is None else plan_id
    pairs = packages(legs)
    limits = {leg.instrument: leg for leg in legs}
    made: list[dict[str, Any]] = []
    for pair, label in zip(pairs, order_ids(legs[:1] * len(pairs), owner), strict=True):
        made += _combo(pair, limits[pair.bought], limits[pair.sold], f"{label}c", time_in_force)
    return made + orders(_left_over(legs, pairs), plan_id=owner, time_in_force=time_in_force)


def _combo(pair: Package, buy: Leg, sale: Leg, label: str, time_in_force: str | None) -> list[dict[str, Any]]:
    sides = ((buy, "buy"), (sale, "sell"))
    trades = [
        {"instrument_name": instrument_name(leg), "amount": 1, "direction": side} for leg, side in sides
    ]
    name = " against ".join(instrument_name(leg) for leg, _ in sides)
    step = pair.bought.terms.lot * pair.bought.terms.multiplier
    params = {
        "instrument_name": "",
        "amount": whole_steps(pair.contracts * pair.bought.terms.multiplier, name, step),
        "type": "limit",
        "price": on_tick(round(buy.quoted_price - sale.quoted_price, 10), _ticks(pair.bought), 1.0),
        "label": label,
    }
    if time_in_force is not None:
        params["time_in_force"] = time_in_force
    return [
        {"method": "private/create_combo", "params": {"trades": trades}},
        {
            "method": "private/buy",
            "params": params,
            "instrument_name_from": "id in the reply of the request before; if its legs carry the opposite signs, "
            "sell it at the negative of the price",
        },
    ]


def _ticks(option: Option) -> tuple[tuple[float, float], ...]:
    if option.terms.settlement == "coin":
        return TICK
    return ((0.0, min(tick for _, tick in option.terms.ticks)),)


def _left_over(legs: Sequence[Leg], pairs: Sequence[Package]) -> list[Leg]:
    """What no package holds, of each leg."""
    left = {leg.instrument: abs(leg.quantity) for leg in legs}
    for pair in pairs:
        left[pair.bought] -= pair.contracts
        left[pair.sold] -= pair.contracts
    sign = {leg.instrument: 1.0 if leg.quantity > 0 else -1.0 for leg in legs}
    return [
        replace(leg, quantity=round(sign[leg.instrument] * left[leg.instrument], 10))
        for leg in legs
        if left[leg.instrument] > DUST
    ]


def block_rfq(plan: Legs, *, plan_id: str | None = None, makers: Sequence[str] = ()) -> dict[str, Any]:
    """One request for quotes of all options of a plan, with its perpetual as the hedge leg.

    The price is not part of it: makers quote, and ``private/accept_block_rfq`` takes one price for the whole; what
    that may be says `hedging.worth`.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
    plan_id : str, optional
        For the label; by default the plan's own id.
    makers : sequence of str, optional
        Aliases of those who are asked; all, if none.

    Returns
    -------
    dict
        ``method`` and ``params``.

    Raises
    ------
    InputError
        If a leg is smaller than the least block of its product, which is asked of each leg, as is safe where the
        exchange asks it of the largest; if there is no option; or anything but options and one perpetual on BTC.
    """
    legs = legs_to_export(plan)
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    others = [leg for leg in legs if not isinstance(leg.instrument, Option)]
    if not options:
        raise InputError("a block RFQ here is of options, and the plan trades none.")
    if len(others) > 1 or not all(isinstance(leg.instrument, Perpetual) for leg in others):
        raise InputError(
            "a block RFQ takes options and one hedge leg, the perpetual; trade the rest beside it: "
            + ", ".join(leg.instrument.symbol for leg in others)
        )
    owner = getattr(plan, "id", "") if plan_id is None else plan_id
    params: dict[str, Any] = {"legs": [_block_leg(leg) for leg in options]}
    for leg in others:
        params["hedge"] = {
            "instrument_name": instrument_name(leg),
            "direction": leg.side,
            "amount": _hedge_amount(leg),
            "price": leg.quoted_price,
        }
    params["label"] = f"{owner[:16]}-rfq".lstrip("-")
    if makers:
        params["makers"] = list(makers)
    return {"method": "private/create_block_rfq", "params": params}


def _block_leg(leg: Leg) -> dict[str, Any]:
    name, item = instrument_name(leg), leg.instrument
    assert isinstance(item, Option)
    product = name.split("-")[0]
    least = BLOCK_MINIMUM.get(product)
    if least is None:
        raise InputError(
            f"the least block of {product} is not known here; known are {', '.join(BLOCK_MINIMUM)}."
        )
    if abs(leg.quantity) < least * (1.0 - DUST):
        raise InputError(
            f"a block of {abs(leg.quantity):g} {name} is below the least, {number_of(least, 'contract')}: order it on the screen, or "
            "as a combo."
        )
    step = item.terms.lot * item.terms.multiplier
    return {"instrument_name": name, "amount": sized(leg, name, step), "direction": leg.side}


def _hedge_amount(leg: Leg) -> float:
    if leg.instrument.asset != "BTC" or not leg.pays_coin:
        raise InputError(
            f"the step of {leg.instrument.symbol} is not known here: trade it beside the block, by orders(instruments=...)."
        )
    return sized(leg, leg.instrument.symbol, HEDGE_STEP)

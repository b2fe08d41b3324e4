"""Bybit: legs as the parameters of its batch orders. Nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import InputError
from hedging.market.contracts import Perpetual, option_symbol
from hedging.venues._orders import (
    Steps,
    batches,
    checked_time,
    own_option,
    price_of,
    request,
    steps_of,
    text,
    whole_steps,
)

__all__ = ["orders"]

MOST_ORDERS: Final = 20  # in one request
TIMES: Final = {"good_til_cancelled": "GTC", "immediate_or_cancel": "IOC", "fill_or_kill": "FOK"}


def orders(
    plan: Legs,
    *,
    steps: Mapping[str, Steps] | None = None,
    plan_id: str | None = None,
    time_in_force: str | None = None,
) -> list[dict[str, Any]]:
    """Requests of ``/v5/order/create-batch``, of 20 limit orders at most each. Nothing is sent.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
        Options of Bybit's, linear perpetuals (``BTCUSDT``) and inverse ones (``BTCUSD``, sized in dollars).
    steps : mapping, optional
        Ticks and the step of the amount by symbol, as the exchange states them; needed for perpetuals.
    plan_id : str, optional
        For ``orderLinkId``, which options must have; by default the plan's own id.
    time_in_force : {'good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'}, optional

    Returns
    -------
    list of dict
        ``method``, ``path`` and ``body``; numbers are text, as the exchange takes them.

    Raises
    ------
    InputError
        If a leg is none of Bybit's, its steps are not known, or its amount is no whole steps.
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force, tuple(TIMES))
    names = order_ids(legs, getattr(plan, "id", "") if plan_id is None else plan_id)
    made: dict[str, list[dict[str, Any]]] = {}
    for leg, label in zip(legs, names, strict=True):
        category, symbol = _named_leg(leg)
        here = steps_of(leg, symbol, "Bybit", 1.0, steps or {})
        inverse = category == "inverse"
        size = abs(leg.units) * (leg.price if inverse else 1.0)
        row = {
            "symbol": symbol,
            "side": leg.side.capitalize(),
            "orderType": "Limit",
            "qty": text(whole_steps(size, symbol, here.amount, rounded=inverse)),
            "price": text(price_of(leg, symbol, here.ticks)),
            "orderLinkId": label,
        }
        if time_in_force is not None:
            row["timeInForce"] = TIMES[time_in_force]
        made.setdefault(category, []).append(row)
    return [
        request("POST", "/v5/order/create-batch", {"category": category, "request": batch})
        for category, rows in made.items()
        for batch in batches(rows, MOST_ORDERS)
    ]


def _named_leg(leg: Leg) -> tuple[str, str]:
    """Category and symbol of a leg's instrument."""
    item = leg.instrument
    option = own_option(leg, "bybit")
    if option is not None:
        if option.terms.settlement != "cash":
            raise InputError(f"{option.symbol} settles in coin; options of Bybit settle in USDT or USDC.")
        plain = option_symbol(option.asset, option.expiry, option.strike, option.flag).replace("d", ".")
        return "option", f"{plain}-USDT" if option.terms.currency == "USDT" else plain
    if isinstance(item, Perpetual):
        return (
            ("inverse", f"{item.asset}USD") if item.settlement == "coin" else ("linear", f"{item.asset}USDT")
        )
    raise InputError(
        f"{item.symbol} is traded on Bybit under a name that is not said; route it by its terms instead."
    )

"""Binance: legs as the parameters of its batch orders of options. Nothing is sent.

Options (``BTC-251120-126000-C``) settle in USDT and count contracts of one coin, of 100 XRP, of 1,000 DOGE.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hedging.book.legs import Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import InputError
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

MOST_ORDERS: Final = 10  # in one request
UNITS: Final = {
    "BTC": 1.0,
    "ETH": 1.0,
    "BNB": 1.0,
    "SOL": 1.0,
    "XRP": 100.0,
    "DOGE": 1_000.0,
}  # coins in a contract
TIMES: Final = {"good_til_cancelled": "GTC", "immediate_or_cancel": "IOC", "fill_or_kill": "FOK"}


def orders(
    plan: Legs,
    *,
    steps: Mapping[str, Steps] | None = None,
    plan_id: str | None = None,
    time_in_force: str | None = None,
) -> list[dict[str, Any]]:
    """Requests of ``/eapi/v1/batchOrders``, of 10 limit orders at most each.

    The exchange handles those of one request at once and in no order: give what must trade first by itself.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
        Options of Binance's alone; perpetuals have a batch of their own there.
    steps : mapping, optional
        Ticks, and the step of the amount in contracts, by symbol, where they go before an option's own terms.
    plan_id : str, optional
        For ``clientOrderId``; by default the plan's own id.
    time_in_force : {'good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'}, optional

    Returns
    -------
    list of dict
        ``method``, ``path`` and ``body``; numbers are text.

    Raises
    ------
    InputError
        If a leg is none of Binance's, or its amount is no whole steps.
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force, tuple(TIMES))
    names = order_ids(legs, getattr(plan, "id", "") if plan_id is None else plan_id)
    rows = []
    for leg, label in zip(legs, names, strict=True):
        option = own_option(leg, "binance")
        if option is None or option.terms.settlement != "cash" or option.asset not in UNITS:
            raise InputError(
                f"{leg.instrument.symbol} is no option of Binance's (settled in USDT, on {', '.join(UNITS)}); route it by "
                "its terms instead: hedging.book.tickets."
            )
        name = f"{option.asset}-{option.expiry:%y%m%d}-{text(option.strike)}-{option.flag.upper()}"
        unit = UNITS[option.asset]
        here = steps_of(leg, name, "Binance", unit, steps or {})
        row = {
            "symbol": name,
            "side": leg.side.upper(),
            "type": "LIMIT",
            "quantity": text(whole_steps(abs(leg.units) / unit, name, here.amount)),
            "price": text(price_of(leg, name, here.ticks)),
            "clientOrderId": label,
        }
        if time_in_force is not None:
            row["timeInForce"] = TIMES[time_in_force]
        rows.append(row)
    return [
        request("POST", "/eapi/v1/batchOrders", {"orders": batch}) for batch in batches(rows, MOST_ORDERS)
    ]

"""Orders as rows of FIX 4.4's ``NewOrderSingle``, one column a field, for whatever routes CSV files."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from hedging._ground.forms import meant
from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual

__all__ = ["FIX_TAGS", "fix_orders"]

FIX_TAGS: Final = {
    "ClOrdID": 11,
    "Symbol": 55,
    "SecurityType": 167,
    "MaturityDate": 541,
    "PutOrCall": 201,
    "StrikePrice": 202,
    "ContractMultiplier": 231,
    "SecurityExchange": 207,
    "Side": 54,
    "OrderQty": 38,
    "OrdType": 40,
    "Price": 44,
    "Currency": 15,
    "TimeInForce": 59,
}
"""Columns and the numbers of their fields."""
TIMES: Final = {"good_til_day": 0, "good_til_cancelled": 1, "immediate_or_cancel": 3, "fill_or_kill": 4}


def fix_orders(
    orders: Legs, *, currency: str, plan_id: str | None = None, time_in_force: str | None = None
) -> pd.DataFrame:
    """One row an order, in the fields of FIX 4.4.

    Parameters
    ----------
    orders : HasLegs or iterable of Leg
        An overlay, a plan, or the legs themselves.
    currency : str
        The quote currency, which a price is in where it is not in coin.
    plan_id : str, optional
        For ``ClOrdID``; by default the plan's own id.
    time_in_force : {'good_til_day', 'good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'}, optional
        Empty where it is left to whoever routes it.

    Returns
    -------
    DataFrame
        Columns of `FIX_TAGS`: ``Side`` 1 buys and 2 sells, ``OrdType`` 2 is a limit, ``PutOrCall`` 0 is a put,
        ``SecurityType`` OPT, FUT (a perpetual has no ``MaturityDate``) or FOR for spot; ``OrderQty`` in contracts of
        ``ContractMultiplier`` units, ``Price`` per unit of underlying in ``Currency``.

    Raises
    ------
    InputError
        If the time in force is none of these.
    """
    legs = legs_to_export(orders)
    if time_in_force is not None and time_in_force not in TIMES:
        raise InputError(
            f"time_in_force must be one of {', '.join(TIMES)}; got {time_in_force!r}{meant(str(time_in_force), TIMES) or '.'}"
        )
    names = order_ids(legs, getattr(orders, "id", "") if plan_id is None else plan_id)
    live = "" if time_in_force is None else TIMES[time_in_force]
    rows = [_row(leg, name, currency, live) for leg, name in zip(legs, names, strict=True)]
    return pd.DataFrame(rows, columns=list(FIX_TAGS))


def _row(leg: Leg, name: str, currency: str, live: int | str) -> dict[str, Any]:
    item = leg.instrument
    option = item if isinstance(item, Option) else None
    dated = isinstance(item, Option | Future)
    return {
        "ClOrdID": name,
        "Symbol": option.own_symbol if option else item.symbol,
        "SecurityType": "OPT" if option else "FUT" if isinstance(item, Future | Perpetual) else "FOR",
        "MaturityDate": f"{item.expiry:%Y%m%d}" if dated else "",  # type: ignore[union-attr]
        "PutOrCall": "" if option is None else {"p": 0, "c": 1}[option.flag],
        "StrikePrice": "" if option is None else option.strike,
        "ContractMultiplier": leg.multiplier,
        "SecurityExchange": option.terms.venue.upper() if option else "",
        "Side": 1 if leg.quantity > 0 else 2,
        "OrderQty": abs(leg.quantity),
        "OrdType": 2,
        "Price": leg.quoted_price,
        "Currency": currency if leg.quote_unit == "money" else leg.quote_unit,
        "TimeInForce": live,
    }

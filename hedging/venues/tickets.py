"""Tickets by venue: the orders of a plan as each one takes them. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from hedging.book.legs import Legs, option_leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.venues import binance, bybit, okx
from hedging.venues.deribit.orders import orders as deribit_orders
from hedging.venues.deribit.packages import block_rfq, combo_orders

__all__ = ["TICKETS", "check_venue", "venue_ticket"]

TICKETS: Final = ("deribit", "deribit-combo", "deribit-rfq", "bybit", "okx", "binance")
"""Whose tickets `venue_ticket` makes."""
MANY: Final = 1e4  # lots: above the least block of any venue


def venue_ticket(plan: Legs, venue: str, *, time_in_force: str | None = None) -> list[dict[str, Any]]:
    """Requests that a venue takes for the orders of a plan, as plain values ready for JSON.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
    venue : str
        One of `TICKETS`.
    time_in_force : str, optional
        ``good_til_cancelled``, ``immediate_or_cancel``, ``fill_or_kill``; on Deribit ``good_til_day`` too. A block RFQ
        has none.

    Raises
    ------
    InputError
        If the venue is not known, or would refuse an order.
    """
    if venue not in TICKETS:
        raise InputError(f"venue must be one of {', '.join(TICKETS)}; got {venue!r}.")
    if venue == "deribit-rfq":
        return [block_rfq(plan)]
    make: Callable[..., list[dict[str, Any]]] = {
        "deribit": deribit_orders,
        "deribit-combo": combo_orders,
        "bybit": bybit.orders,
        "okx": okx.orders,
        "binance": binance.orders,
    }[venue]
    return make(plan, time_in_force=time_in_force)


def check_venue(chain: OptionChain, venue: str) -> None:
    """Refuse a chain whose options a venue does not trade, before anything is planned over it.

    Raises
    ------
    InputError
        As `venue_ticket` would, of a plan over this chain.
    """
    asks = chain.quotes["ask"].to_numpy(dtype=float)
    if np.isfinite(asks).any():
        dearest = str(chain.quotes["symbol"].iloc[int(np.nanargmax(asks))])
        venue_ticket([option_leg(chain, dearest, MANY * chain.terms.lot)], venue)

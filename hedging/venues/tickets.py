"""Tickets by venue: the orders of a plan as each one takes them. Nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from hedging._ground.forms import meant
from hedging.book.legs import Legs, legs_to_export, option_leg
from hedging.errors import InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import Option
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
        Of one over several venues, those orders that go to this one.
    venue : str
        One of `TICKETS`.
    time_in_force : str, optional
        ``good_til_cancelled``, ``immediate_or_cancel``, ``fill_or_kill``; on Deribit ``good_til_day`` too. A block RFQ
        has none.

    Raises
    ------
    InputError
        If the venue is not known, or would refuse an order; or a plan over several venues trades the underlying, of
        which nobody said where.
    """
    if venue not in TICKETS:
        raise InputError(
            f"venue must be one of {', '.join(TICKETS)}; got {venue!r}{meant(str(venue), TICKETS) or '.'}"
        )
    plan = _sent_to(plan, venue.partition("-")[0])
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


def _sent_to(plan: Legs, venue: str) -> Legs:
    """The orders that go to a venue, of a plan over several; else the plan."""
    legs = legs_to_export(plan)
    options = [leg for leg in legs if isinstance(leg.instrument, Option)]
    venues = dict.fromkeys(leg.instrument.terms.venue for leg in options)  # type: ignore[union-attr]
    if len(venues) < 2:
        return plan
    if loose := [leg.instrument.symbol for leg in legs if leg not in options]:
        raise InputError(
            f"the plan trades {', '.join(loose)} beside options of {', '.join(venues)}, and nobody said at which: send "
            "that order by itself, and make tickets of the options: [leg for leg in plan.legs if ...]."
        )
    if venue not in venues:
        raise InputError(f"no order of the plan goes to {venue}; its options are of {', '.join(venues)}.")
    return [leg for leg in options if leg.instrument.terms.venue == venue]  # type: ignore[union-attr]


def check_venue(chain: OptionChain, venue: str) -> None:
    """Refuse a chain whose options a venue does not trade, before anything is planned over it.

    Raises
    ------
    InputError
        As `venue_ticket` would, of a plan over this chain.
    """
    parts, asked = chain.by_venue(), venue.partition("-")[0]
    venues = [each.terms.venue for each in parts]
    if asked not in venues and len(venues) > 1:
        raise InputError(
            f"no order could go to {asked}: the options that are quoted are of {', '.join(venues)}; make a ticket for "
            "one of these, or route the orders by their terms: hedging.book.tickets."
        )
    part = next((each for each in parts if each.terms.venue == asked), parts[0])
    asks = part.quotes["ask"].to_numpy(dtype=float)
    if np.isfinite(asks).any():
        dearest = str(part.quotes["symbol"].iloc[int(np.nanargmax(asks))])
        venue_ticket([option_leg(part, dearest, MANY * part.terms.lot)], venue)

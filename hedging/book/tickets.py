"""Order tickets that need no venue's names: what to trade, spelled out, as plain values.

A ticket is a mapping:

``schema``
    ``"hedging.ticket/1"``; the number rises when a field changes its meaning.
``plan``
    Id of the plan that the orders belong to, ``""`` for none.
``as_of``, ``currency``
    When the quotes were taken, ISO 8601 in UTC; the money of every amount.
``remarks``
    What belongs together: ``"rolls 10 BTC-27FEB26-60000-P into BTC-27MAR26-58000-P"``.
``orders``
    One mapping an order:

    ``id``
        Unique within and across plans: plan and number.
    ``instrument``
        ``kind`` (``option``, ``future``, ``perpetual``, ``spot``), ``asset``, ``flag`` (``call``, ``put``),
        ``strike`` [currency per unit], ``expiry`` (ISO 8601, UTC), ``style`` (``european``, ``american``),
        ``settlement`` (``coin``, ``cash``), ``multiplier`` [units of underlying per contract]; null where it has none. And, for
        those who know them, ``venue`` and ``venue_symbol``; ``""`` where unknown.
    ``side``, ``type``, ``time_in_force``
        ``buy`` or ``sell``; ``limit``; null leaves the time to whoever routes it.
    ``quantity``, ``units``, ``notional``
        [contracts], [units of underlying] and [currency, at the limit price for perpetuals and futures and at
        spot for the others]. Venues count inverse perpetuals and futures by the last.
    ``limit_price``, ``price_unit``, ``limit_price_money``
        As quoted, what it is quoted in (``BTC`` or the currency) per unit of underlying, and in money.
    ``premium``, ``fees``
        Of the whole order, paid > 0. [currency]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from hedging._ground.counts import twelve_digits
from hedging.book.legs import Leg, Legs, cost_of, legs_to_export
from hedging.market.contracts import Instrument, Option, Spot

__all__ = ["SCHEMA", "ticket"]

SCHEMA: Final = "hedging.ticket/1"
_FLAGS: Final = {"c": "call", "p": "put"}


def ticket(
    orders: Legs,
    *,
    as_of: str | pd.Timestamp,
    currency: str,
    plan: str = "",
    remarks: Sequence[str] = (),
    time_in_force: str | None = None,
) -> dict[str, Any]:
    """Spell out some orders so that a system that knows no venue's names can route them.

    Parameters
    ----------
    orders : HasLegs or iterable of Leg
        An overlay, a plan, or the legs themselves.
    as_of : str or Timestamp
        When their quotes were taken, UTC.
    currency : str
        The quote currency.
    plan : str
        Id of the plan they belong to.
    remarks : sequence of str
        Written to the ticket as they are.
    time_in_force : str, optional
        Written to every order as it is; None leaves it open.

    Returns
    -------
    dict
        In the schema of this module; ready for JSON.

    Examples
    --------
    >>> import hedging as hg
    >>> legs = hg.overlays.protective_put(hg.samples.book(), hg.samples.chain()).legs
    >>> order = ticket(legs, as_of=hg.samples.AS_OF, currency="USD")["orders"][0]
    >>> order["side"], order["instrument"]["flag"], order["price_unit"]
    ('buy', 'put', 'BTC')
    """
    legs = legs_to_export(orders)
    return {
        "schema": SCHEMA,
        "plan": plan,
        "as_of": as_of if isinstance(as_of, str) else as_of.isoformat(),
        "currency": currency,
        "remarks": list(remarks),
        "orders": [
            _order(leg, name, currency, time_in_force)
            for leg, name in zip(legs, order_ids(legs, plan), strict=True)
        ],
    }


def order_ids(legs: Sequence[Leg], plan: str) -> list[str]:
    """A name for each order, short enough for a venue's label: the plan's first digits and a number."""
    return [f"{plan[:16]}-{number}".lstrip("-") for number, _ in enumerate(legs, start=1)]


def _order(leg: Leg, name: str, currency: str, time_in_force: str | None) -> dict[str, Any]:
    cost = cost_of([leg])
    at = leg.spot if isinstance(leg.instrument, Option) else leg.price
    return {
        "id": name,
        "instrument": _terms(leg.instrument),
        "side": leg.side,
        "type": "limit",
        "time_in_force": time_in_force,
        "quantity": abs(leg.quantity),
        "units": twelve_digits(abs(leg.units)),
        "notional": abs(leg.units) * at,
        "limit_price": leg.quoted_price,
        "price_unit": currency if leg.quote_unit == "money" else leg.quote_unit,
        "limit_price_money": leg.limit,
        "premium": cost.premium,
        "fees": cost.fees,
    }


def _terms(item: Instrument) -> dict[str, Any]:
    """An instrument in words that every venue shares."""
    option = item if isinstance(item, Option) else None
    expiry = getattr(item, "expiry", None)
    linear_settlement = None if isinstance(item, Spot | Option) else item.settlement
    return {
        "kind": type(item).__name__.lower(),
        "asset": item.asset,
        "flag": _FLAGS[option.flag] if option else None,
        "strike": option.strike if option else None,
        "expiry": None if expiry is None else expiry.isoformat(),
        "style": option.terms.exercise if option else None,
        "settlement": option.terms.settlement if option else linear_settlement,
        "multiplier": option.terms.multiplier if option else 1.0,
        "venue": option.terms.venue if option else "",
        "venue_symbol": option.own_symbol if option and option.venue_symbol else "",
    }

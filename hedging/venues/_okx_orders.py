"""OKX: legs as the parameters of its batch orders. Nothing is sent.

Coin-settled options (``BTC-USD-240329-40000-C``) count contracts of 0.01 BTC or 0.1 ETH; perpetuals
(``BTC-USD-SWAP``) contracts of 100 or 10 dollars.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import InputError
from hedging.market.contracts import Perpetual
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
CONTRACT: Final = {"BTC": 0.01, "ETH": 0.1}  # coins in a contract of options
SWAP: Final = {"BTC": 100.0, "ETH": 10.0}  # dollars in a contract of the inverse perpetual
TYPES: Final = {"good_til_cancelled": "limit", "immediate_or_cancel": "ioc", "fill_or_kill": "fok"}


def orders(
    plan: Legs,
    *,
    steps: Mapping[str, Steps] | None = None,
    plan_id: str | None = None,
    time_in_force: str | None = None,
    trade_mode: str = "cross",
) -> list[dict[str, Any]]:
    """Requests of ``/api/v5/trade/batch-orders``, of 20 limit orders at most each.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
        Coin-settled options on BTC and ETH, and inverse perpetuals.
    steps : mapping, optional
        Ticks, and the step of the amount in contracts, by instrument id; needed for perpetuals.
    plan_id : str, optional
        For ``clOrdId``, of letters and digits alone; by default the plan's own id.
    time_in_force : {'good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'}, optional
        Part of the order's type there.
    trade_mode : {'cross', 'isolated'}
        ``tdMode``.

    Returns
    -------
    list of dict
        ``method``, ``path`` and ``body``; numbers are text, as the exchange takes them.

    Raises
    ------
    InputError
        If a leg is none of OKX's, its steps are not known, or its amount is no whole contracts.
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force, tuple(TYPES))
    if trade_mode not in ("cross", "isolated"):
        raise InputError(f"trade_mode must be 'cross' or 'isolated'; got {trade_mode!r}.")
    names = order_ids(legs, getattr(plan, "id", "") if plan_id is None else plan_id)
    rows = []
    for leg, label in zip(legs, names, strict=True):
        name, contracts, coins = _counted(leg)
        here = steps_of(leg, name, "OKX", coins, steps or {})
        rows.append(
            {
                "instId": name,
                "tdMode": trade_mode,
                "clOrdId": label.replace("-", "n"),
                "side": leg.side,
                "ordType": TYPES[time_in_force or "good_til_cancelled"],
                "px": text(price_of(leg, name, here.ticks)),
                "sz": text(
                    whole_steps(contracts, name, here.amount, rounded=isinstance(leg.instrument, Perpetual))
                ),
            }
        )
    return [request("POST", "/api/v5/trade/batch-orders", batch) for batch in batches(rows, MOST_ORDERS)]


def _counted(leg: Leg) -> tuple[str, float, float]:
    """Instrument id, number of contracts, and coins in one (0 where a contract is money)."""
    item = leg.instrument
    option = own_option(leg, "okx")
    known = CONTRACT.get(item.asset)
    if option is not None and option.terms.settlement == "coin" and known is not None:
        strike = text(option.strike)
        name = f"{option.asset}-USD-{option.expiry:%y%m%d}-{strike}-{option.flag.upper()}"
        return name, abs(leg.units) / known, known
    if isinstance(item, Perpetual) and item.settlement == "coin" and item.asset in SWAP:
        return f"{item.asset}-USD-SWAP", abs(leg.units) * leg.price / SWAP[item.asset], 0.0
    raise InputError(
        f"{item.symbol} is none of OKX's that are known here (options settled in coin, inverse perpetuals, of "
        f"{' and '.join(CONTRACT)}); route it by its terms instead: hedging.book.tickets."
    )

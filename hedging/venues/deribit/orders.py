"""Legs as the parameters of Deribit's ``private/buy`` and ``private/sell``. Nothing is sent.

As the exchange's reference states them: ``amount`` is US dollars for inverse perpetuals and futures, coins of
the underlying for everything else (10 for one contract of ten SOL); a price off its tick, or an amount that is
no whole number of steps, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hedging.book.legs import Leg, Legs, legs_to_export
from hedging.book.tickets import order_ids
from hedging.errors import InputError
from hedging.market.contracts import Future, Option, Perpetual, Spot, date_code
from hedging.venues._orders import Steps, TimeInForce, checked_time, price_of, whole_steps
from hedging.venues.deribit.names import parse_name

__all__ = ["TimeInForce", "instrument_name", "orders", "sized"]

# Of BTC as recorded in get_instruments on 22 May 2026. Steps of other linear contracts differ by coin and have
# changed in 2026: pass the exchange's own rows.
_FUTURES: Final = {
    ("BTC", "perpetual"): Steps(((0.0, 0.5),), 10.0),
    ("BTC", "future"): Steps(((0.0, 2.5),), 10.0),
}


def orders(
    plan: Legs,
    *,
    instruments: Iterable[Mapping[str, Any]] = (),
    plan_id: str | None = None,
    time_in_force: TimeInForce | None = None,
) -> list[dict[str, Any]]:
    """Parameters of one limit order a leg.

    Prices are rounded to the tick in the direction that still trades, up for a buy and down for a sale, and so
    never worse than the leg's by a whole tick. Amounts of options and linear contracts must be whole steps as
    they are; those of inverse contracts are rounded to the nearest step, 5 USD of a BTC contract at most.

    Parameters
    ----------
    plan : HasLegs or iterable of Leg
        A plan, an overlay, or the legs themselves.
    instruments : iterable of mapping, optional
        Rows of ``get_instruments``; what they say of ticks and steps goes before what is known here. Needed for
        perpetuals and futures on anything but BTC.
    plan_id : str, optional
        For the labels; by default the plan's own id.
    time_in_force : str, optional
        None leaves it to the exchange, which keeps an order until it is cancelled.

    Returns
    -------
    list of dict
        ``method`` (``"private/buy"`` or ``"private/sell"``) and ``params``, in the order of the legs.

    Raises
    ------
    InputError
        If a leg is no contract of Deribit's, its ticks are not known, or its amount is no whole steps.

    Examples
    --------
    >>> import hedging as hg
    >>> found = hg.plan(hg.samples.book(), hg.samples.chain(), hg.Target(delta=(8, 12)), hg.Limits(max_legs=1))
    >>> order = orders(found)[0]
    >>> order["method"], sorted(order["params"])
    ('private/buy', ['amount', 'instrument_name', 'label', 'price', 'type'])
    """
    legs = legs_to_export(plan)
    checked_time(time_in_force)
    stated = dict(_stated(row) for row in instruments)
    labels = order_ids(legs, getattr(plan, "id", "") if plan_id is None else plan_id)
    made = []
    for leg, label in zip(legs, labels, strict=True):
        name = instrument_name(leg)
        steps = stated.get(name) or _known(leg, name)
        params = {
            "instrument_name": name,
            "amount": sized(leg, name, steps.amount),
            "type": "limit",
            "price": price_of(leg, name, steps.ticks),
            "label": label,
        }
        if time_in_force is not None:
            params["time_in_force"] = time_in_force
        made.append({"method": f"private/{leg.side}", "params": params})
    return made


def instrument_name(leg: Leg) -> str:
    """What Deribit calls a leg's instrument.

    Raises
    ------
    InputError
        If it is none of Deribit's: spot, which trades in pairs, or an option of another venue or name.

    Examples
    --------
    >>> from hedging.market import FeeRule
    >>> from hedging.book import outright_leg
    >>> instrument_name(outright_leg(Perpetual("SOL", "cash"), 150.0, -3.0, half_spread=0.0, fee=FeeRule()))
    'SOL_USDC-PERPETUAL'
    """
    item = leg.instrument
    if isinstance(item, Option):
        said = parse_name(item.own_symbol)
        fits = said is not None and (said.flag, said.strike, said.expiry) == (
            item.flag,
            item.strike,
            item.expiry,
        )
        if not fits or item.terms.venue not in ("", "deribit"):
            raise InputError(
                f"{item.symbol} is no option of Deribit's (venue {item.terms.venue or 'unknown'!r}); route it by its "
                "terms instead: hedging.book.tickets."
            )
        return item.own_symbol
    if isinstance(item, Spot):
        raise InputError(
            f"Deribit trades {item.asset} in pairs, and which one is not said; route spot by its terms instead: "
            "hedging.book.tickets, or hedge with Outright('perpetual')."
        )
    product = item.asset if item.settlement == "coin" else f"{item.asset}_USDC"
    return f"{product}-{date_code(item.expiry) if isinstance(item, Future) else 'PERPETUAL'}"


def _stated(row: Mapping[str, Any]) -> tuple[str, Steps]:
    """Name and steps of a row of get_instruments."""
    try:
        finer = ((float(step["above_price"]), float(step["tick_size"])) for step in row["tick_size_steps"])
        steps = Steps(((0.0, float(row["tick_size"])), *sorted(finer)), float(row["min_trade_amount"]))
        return str(row["instrument_name"]), steps
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"a row of get_instruments cannot be read: {error!r}; got {row!r:.200}") from error


def _known(leg: Leg, name: str) -> Steps:
    item = leg.instrument
    if isinstance(item, Option):
        return Steps(item.terms.ticks, item.terms.lot * item.terms.multiplier)
    if isinstance(item, Perpetual | Future) and item.settlement == "coin":
        steps = _FUTURES.get((item.asset, type(item).__name__.lower()))
        if steps is not None:
            return steps
    raise InputError(
        f"tick and step of {name} are not known here; pass instruments= with its row of get_instruments."
    )


def sized(leg: Leg, name: str, step: float) -> float:
    """Dollars of an inverse contract, rounded to the step; coins of any other, which must be on it.

    Raises
    ------
    InputError
        If it is no whole number of steps, or less than half a one.
    """
    inverse = not isinstance(leg.instrument, Option) and leg.pays_coin
    return whole_steps(abs(leg.units) * (leg.price if inverse else 1.0), name, step, rounded=inverse)

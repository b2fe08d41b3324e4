"""A strategy asked for its decision: what it returns becomes orders, what it raises an error that says where."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from numbers import Real
from typing import Any

from hedging.backtest.state import Decision, Order, State, Strategy, Wait, name_of
from hedging.book.legs import Leg
from hedging.errors import HedgingError, InputError
from hedging.market.contracts import Future, Option, Perpetual, Spot

__all__ = ["altered", "asked", "orders_of"]

Where = Callable[[], str]


def asked(strategy: Strategy, state: State, where: Where) -> tuple[tuple[Order, ...], Wait | None]:
    """The orders of a strategy at one state, and why it waits if it says so.

    Raises
    ------
    InputError
        If it raises, or returns nothing that can be traded; the message names file, time and strategy, and what
        was raised is its cause.
    """
    try:
        decision = strategy(state)
        items = _items(decision)
    except Exception as error:
        raise _failed(strategy, where(), error) from error
    if items is None:
        raise InputError(
            f"{where()}: the strategy {name_of(strategy)} must return legs, orders, an overlay, a plan, a Wait or "
            f"None; got {type(decision).__name__}: {decision!r:.80}."
        )
    return orders_of(items, where), decision if isinstance(decision, Wait) else None


def _items(decision: Decision) -> list[Any] | None:
    """What a decision holds, none of it looked at; None of what holds nothing."""
    if decision is None or isinstance(decision, Wait):
        return []
    held: Any = getattr(decision, "legs", decision)
    return list(held) if hasattr(held, "__iter__") else None  # a generator may raise here


def _failed(strategy: Strategy, where: str, error: Exception) -> HedgingError:
    """The error of a strategy that raised, of the kind that says what its user can do."""
    said = str(error) if isinstance(error, HedgingError) else f"{type(error).__name__}: {error}"
    way = ""
    if isinstance(error, FrozenInstanceError):
        way = " A state is read, never written to: return orders."
    kind = (
        HedgingError if isinstance(error, HedgingError) and not isinstance(error, InputError) else InputError
    )
    return kind(f"{where}: the strategy {name_of(strategy)} failed: {said}{way}")


def altered(strategy: Strategy, where: str, what: str) -> InputError:
    """The error of a strategy that wrote into the book it was shown, a copy, or into the ledger."""
    return InputError(
        f"{where}: the strategy {name_of(strategy)} failed: it changed the {what} of its state. A state is read, never "
        "written to: return orders."
    )


def orders_of(items: list[Any], where: Where) -> tuple[Order, ...]:
    """Orders of what a strategy returned, those of nothing left out.

    Raises
    ------
    InputError
        If one of them cannot be traded by its form; the message names file and time.
    """
    orders = []
    for item in items:
        if not isinstance(item, Leg | Order):
            raise InputError(f"{where()}: a strategy's orders must be Leg or Order; got {item!r:.80}.")
        if not isinstance(item.instrument, str | Option | Spot | Perpetual | Future):
            raise InputError(
                f"{where()}: the instrument of an Order must be an option, spot, perpetual or future, or the venue's "
                f"name of an option; got {type(item.instrument).__name__}: {item.instrument!r:.80}."
            )
        whole = isinstance(item, Order) and item.whole
        order, quantity = Order(item.instrument, item.quantity, whole), _number(item.quantity)
        if quantity is None:
            raise InputError(
                f"{where()}: the quantity of {order.symbol} must be a finite number; got {item.quantity!r}."
            )
        if quantity:
            orders.append(replace(order, quantity=quantity))
    return tuple(orders)


def _number(value: Any) -> float | None:
    """A finite number of whatever type, None of what is none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    return float(value) if math.isfinite(value) else None

"""Where quantity, multiplier and sign meet: contracts become signed units, and units become what is paid."""

from __future__ import annotations

from typing import Any

from hedging.market.contracts import Instrument, Option, Spot

__all__ = ["multiplier_of", "paid_for", "pays_coin", "pays_premium", "units_of"]


def multiplier_of(instrument: Instrument) -> float:
    """Units of underlying per contract."""
    return instrument.terms.multiplier if isinstance(instrument, Option) else 1.0


def units_of(instrument: Instrument, quantity: float) -> float:
    """Signed units of underlying of a signed number of contracts."""
    return quantity * multiplier_of(instrument)


def pays_premium(instrument: Instrument) -> bool:
    """Whether its price is paid when it is bought; a perpetual or a future is entered at it."""
    return isinstance(instrument, Option | Spot)


def pays_coin(instrument: Instrument) -> bool:
    """Whether premium and fees are paid in the coin."""
    if isinstance(instrument, Option):
        return instrument.terms.settlement == "coin"
    return not isinstance(instrument, Spot) and instrument.settlement == "coin"


def paid_for(units: Any, price: Any, fee: Any, premium: Any) -> Any:
    """What leaves the account when signed units are traded: the price where it is paid, and the fee. [money]

    Numbers, or arrays that broadcast; `premium` as `pays_premium` says.
    """
    return units * price * premium + abs(units) * fee

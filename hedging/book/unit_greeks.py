"""Greeks of one unit of each instrument, options and linear ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hedging._ground import clock
from hedging._numerics.types import Array
from hedging.book.linear import FUNDING_PERIODS_PER_DAY, notional
from hedging.book.pricer import GREEKS, unit_values_now
from hedging.market.by_exercise import option_greeks
from hedging.market.contracts import Instrument, Linear, Option, Perpetual, Spot
from hedging.market.market import Market
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["unit_greeks"]


def unit_greeks(
    instruments: Sequence[Instrument], entries: Sequence[float | None], market: Market
) -> dict[str, Array]:
    """Today's value and Greeks of one unit of underlying of each instrument, in market units.

    Returns
    -------
    dict of ndarray, shape (instruments,)
        Keys are `GREEKS`; units are those of `hedging.units.GREEK_UNITS`, with respect to spot.

    Notes
    -----
    A perpetual or future has the delta of its value in money. The coins that a coin-settled premium costs
    are no part of the option: they leave the book's coin balance when the premium is paid.
    """
    clock.look()
    known = market.memo.setdefault("unit_greeks", {})
    keys = list(zip(instruments, entries, strict=True))
    new = [key for key in dict.fromkeys(keys) if key not in known]
    if new:
        known.update(zip(new, _computed(new, market), strict=True))
    table = np.array([known[key] for key in keys]).reshape(len(keys), len(GREEKS))
    return {name: table[:, column] for column, name in enumerate(GREEKS)}


def _computed(keys: Sequence[tuple[Instrument, float | None]], market: Market) -> Array:
    """The same as a table, one row an instrument."""
    instruments, entries = [key[0] for key in keys], [key[1] for key in keys]
    out = {name: np.zeros(len(instruments)) for name in GREEKS}
    out["price"][:] = unit_values_now(instruments, entries, market)
    options = {i: item for i, item in enumerate(instruments) if isinstance(item, Option)}
    if options:
        clock.look()
        table = market.table(list(options.values()))
        found = option_greeks(
            table.american,
            np.where(table.sign > 0, "c", "p"),
            market.spot,
            table.strike,
            table.time_to_expiry,
            table.rate,
            table.vol,
            table.rate - table.carry,
            GREEKS,
            table.ex_dates,
        )
        clock.look()
        for name in GREEKS:
            out[name][list(options)] = found[name]
    for i, (item, entry) in enumerate(zip(instruments, np.array(entries, dtype=float), strict=True)):
        if not isinstance(item, Option):
            out["delta"][i], out["theta"][i] = _linear_slopes(item, entry, market)
    return np.column_stack([out[name] for name in GREEKS])


def _linear_slopes(instrument: Linear, entry: float, market: Market) -> tuple[float, float]:
    """Delta and daily carry of one unit of spot, a perpetual or a future."""
    if isinstance(instrument, Spot):
        return 1.0, 0.0
    if isinstance(instrument, Perpetual):
        stands_for = notional(instrument, entry, market.spot)
        return 1.0, -market.funding_8h * FUNDING_PERIODS_PER_DAY * stands_for
    expiry = years(market.as_of, instrument.expiry)
    carry = float(market.carry(expiry))
    growth = float(np.exp(carry * expiry))
    if instrument.settlement == "cash":
        return growth, -carry * market.spot * growth / DAYS_PER_YEAR
    return 1.0, -carry * entry / growth / DAYS_PER_YEAR

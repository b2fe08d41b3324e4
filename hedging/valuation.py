"""What one unit of an instrument is worth, now and in every scenario, and its Greeks now.

Legs that expire on the way settle on the path at their own expiry: a coin payoff stays coin and moves with
spot from then on, a cash payoff stays money. Nothing here knows quantities or signs; `book` does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hedging import _kernels, greeks
from hedging.errors import InputError
from hedging.instruments import Future, Instrument, Linear, Option, Perpetual, Spot
from hedging.market import Market, OptionTable
from hedging.paths import Paths
from hedging.reactions import shifted_vol, tenor_scale
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["GREEKS", "unit_greeks", "unit_values", "unit_values_now"]

Array = npt.NDArray[np.float64]

GREEKS = ("price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm")
FUNDING_PERIODS_PER_DAY = 3.0


def unit_values_now(instruments: Sequence[Instrument], entries: Sequence[float], market: Market) -> Array:
    """Today's value of one unit of underlying of each instrument, shape (instruments,). [money]

    Perpetuals and futures are worth their gain since `entries`; options their mark.
    """
    today = Paths(np.zeros(1), np.ones((1, 1)), np.zeros((1, 1)), ("now",), straight=True)
    return np.asarray(unit_values(instruments, entries, market, today)[0, 0])


def unit_values(
    instruments: Sequence[Instrument], entries: Sequence[float], market: Market, paths: Paths
) -> Array:
    """Value of one unit of underlying of each instrument at every node.

    Parameters
    ----------
    instruments : sequence of Instrument
        All on the market's asset.
    entries : sequence of float
        Entry price of each, in money; used by perpetuals and futures only.
    market : Market
    paths : Paths

    Returns
    -------
    ndarray, shape (scenarios, dates, instruments)
        [money]

    Raises
    ------
    InputError
        If an instrument is of another asset or has expired already.
    """
    values = np.empty((len(paths), paths.days.size, len(instruments)))
    options = {i: item for i, item in enumerate(instruments) if isinstance(item, Option)}
    if options:
        table = market.table(list(options.values()))
        values[:, :, list(options)] = option_values(table, market, paths)
    for i, (item, entry) in enumerate(zip(instruments, entries, strict=True)):
        if not isinstance(item, Option):
            values[:, :, i] = _linear_values(item, entry, market, paths)
    return values


def option_values(table: OptionTable, market: Market, paths: Paths) -> Array:
    """Value of one unit of each option at every node, shape (scenarios, dates, options). [money]"""
    spot = market.spot * paths.spot
    values = np.empty((*spot.shape, table.strike.size))
    for date, day in enumerate(paths.days):
        remaining = table.time_to_expiry - day / DAYS_PER_YEAR
        # Times are exact to the nanosecond; anything shorter is a date that means the expiry itself.
        alive = remaining > 1e-12
        if alive.any():
            live = spot[:, date, None]
            shift = paths.vol_shift[:, date, None]
            values[:, date, alive] = _alive(table, alive, remaining[alive], live, shift, market, paths)
        for j in np.flatnonzero(~alive):
            expiry_day = table.time_to_expiry[j] * DAYS_PER_YEAR
            settled = market.spot * paths.spot_at(min(expiry_day, day))[:, date]
            payoff = np.maximum(table.sign[j] * (settled - table.strike[j]), 0.0)
            values[:, date, j] = payoff * (spot[:, date] / settled) if table.coin[j] else payoff
    return values


def _alive(
    table: OptionTable,
    alive: npt.NDArray[np.bool_],
    remaining: Array,
    spot: Array,
    shift: Array,
    market: Market,
    paths: Paths,
) -> Array:
    """Value of the options that have not expired, shape (scenarios, alive)."""
    forward = spot * np.exp(table.carry[alive] * remaining)
    moneyness = np.log(table.strike[alive] / forward)
    if paths.stickiness:
        moneyness = moneyness + paths.stickiness * np.log(spot / market.spot)
    own = table.vol[alive] / table.smile_vol[alive]
    vol = market.smile.vol_at(moneyness, np.broadcast_to(remaining, moneyness.shape)) * own
    if shift.any():
        vol = shifted_vol(vol, shift * tenor_scale(remaining))
    price = _kernels.black76(table.sign[alive], forward, table.strike[alive], vol * np.sqrt(remaining))
    return np.asarray(price * np.exp(-table.rate[alive] * remaining))


def _linear_values(instrument: Linear, entry: float, market: Market, paths: Paths) -> Array:
    """Value of one unit of spot, a perpetual or a future at every node, shape (scenarios, dates)."""
    if instrument.asset != market.asset:
        raise InputError(f"{instrument.symbol} is not on {market.asset}, the asset of the chain.")
    spot = market.spot * paths.spot
    if isinstance(instrument, Spot):
        return spot
    if isinstance(instrument, Perpetual):
        return spot - entry - _funding_paid(market, paths)
    return _future_values(instrument, entry, market, paths)


def _future_values(future: Future, entry: float, market: Market, paths: Paths) -> Array:
    expiry = years(market.as_of, future.expiry)
    if expiry <= 0:
        raise InputError(f"{future.symbol} expired before the chain of {market.as_of} was taken.")
    carry = float(market.carry(expiry))
    spot = market.spot * paths.spot
    remaining = np.maximum(expiry - paths.days / DAYS_PER_YEAR, 0.0)
    settled = market.spot * paths.spot_at(expiry * DAYS_PER_YEAR)
    forward = np.where(remaining > 0, spot * np.exp(carry * remaining), settled)
    if future.settlement == "cash":
        return np.asarray(forward - entry)
    return np.asarray(spot * (1.0 - entry / forward))  # a gain in coin, worth today's spot


def _funding_paid(market: Market, paths: Paths) -> Array:
    """Funding that a long has paid by each date per unit: the rate times the average spot on the way."""
    if not market.funding_8h:
        return np.zeros_like(paths.spot)
    start = np.ones((len(paths), 1))
    if paths.straight:
        average = (1.0 + paths.spot) / 2.0
    else:
        days = np.concatenate(([0.0], paths.days))
        spot = np.concatenate((start, paths.spot), axis=1)
        steps = np.diff(days) * (spot[:, 1:] + spot[:, :-1]) / 2.0
        average = np.cumsum(steps, axis=1) / np.where(paths.days > 0, paths.days, 1.0)
    return np.asarray(market.funding_8h * FUNDING_PERIODS_PER_DAY * paths.days * average * market.spot)


def unit_greeks(
    instruments: Sequence[Instrument], entries: Sequence[float], market: Market
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
    out = {name: np.zeros(len(instruments)) for name in GREEKS}
    out["price"][:] = unit_values_now(instruments, entries, market)
    options = {i: item for i, item in enumerate(instruments) if isinstance(item, Option)}
    if options:
        table = market.table(list(options.values()))
        found = greeks.greeks(
            np.where(table.sign > 0, "c", "p"),
            market.spot,
            table.strike,
            table.time_to_expiry,
            table.rate,
            table.vol,
            table.rate - table.carry,
            names=GREEKS,
        )
        for name in GREEKS:
            out[name][list(options)] = getattr(found, name)
    for i, (item, entry) in enumerate(zip(instruments, entries, strict=True)):
        if not isinstance(item, Option):
            out["delta"][i], out["theta"][i] = _linear_slopes(item, entry, market)
    return out


def _linear_slopes(instrument: Linear, entry: float, market: Market) -> tuple[float, float]:
    """Delta and daily carry of one unit of spot, a perpetual or a future."""
    if isinstance(instrument, Spot):
        return 1.0, 0.0
    if isinstance(instrument, Perpetual):
        return 1.0, -market.funding_8h * FUNDING_PERIODS_PER_DAY * market.spot
    expiry = years(market.as_of, instrument.expiry)
    carry = float(market.carry(expiry))
    growth = float(np.exp(carry * expiry))
    if instrument.settlement == "cash":
        return growth, -carry * market.spot * growth / DAYS_PER_YEAR
    return 1.0, -carry * entry / growth / DAYS_PER_YEAR

"""A view: what whoever plans expects of spot, and what orders are then expected to gain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hedging import greeks
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book.book import Book
from hedging.book.unit_greeks import unit_greeks
from hedging.errors import InputError
from hedging.market.contracts import Future, Instrument, Option
from hedging.market.market import Market
from hedging.planner.request.coerce import number
from hedging.units import DAYS_PER_YEAR, years

__all__ = ["View", "expected_gain", "expected_gains"]


LARGEST_DRIFT = 20.0  # 6 % a day; beyond it exp() overflows before anybody would believe it


@dataclass(frozen=True, slots=True)
class View(Shown):
    """Spot expected to be lognormal, other than the chain has it.

    Attributes
    ----------
    drift : float or {asset: float}, optional
        The mean of spot grows by ``exp(drift * years)``; by default it follows the chain's own forwards. [1/year]
    vol : float or {asset: float}, optional
        What spot will move by until the horizon; by default each option's own vol. [1/sqrt(year)]

    Raises
    ------
    InputError
        If nothing is expected, a drift is no number, or a vol is not above 0.

    Examples
    --------
    >>> str(View(drift=-0.4, vol=0.55))
    'drift -40 % a year, vol 55 %'
    """

    drift: float | Mapping[str, float] | None = None
    vol: float | Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not (_numbers(self.drift) or _numbers(self.vol)):
            raise InputError("a view needs a drift, a vol or both, such as View(drift=-0.4, vol=0.55).")
        for name, given in (("drift", self.drift), ("vol", self.vol)):
            if isinstance(given, Mapping) and not all(isinstance(asset, str) for asset in given):
                raise InputError(f"{name} by asset must be such as {{'BTC': 0.5}}; got {given!r}.")
        for drift in _numbers(self.drift):
            if not abs(number(drift)) <= LARGEST_DRIFT:
                raise InputError(
                    f"drift must be a number a year, {LARGEST_DRIFT:g} at most, -40 % written -0.4; got {drift!r}."
                )
        for vol in _numbers(self.vol):
            if not 0.0 < number(vol) < math.inf:
                raise InputError(f"vol must be a number > 0, 55 % a year written 0.55; got {vol!r}.")

    def of(self, asset: str) -> tuple[float | None, float | None]:
        """Drift and vol of one asset, None for the chain's own."""
        drift, vol = (
            given.get(asset) if isinstance(given, Mapping) else given for given in (self.drift, self.vol)
        )
        return drift, vol

    def to_dict(self) -> dict[str, Any]:
        """The view by field."""
        return {
            name: dict(given) if isinstance(given, Mapping) else given
            for name, given in (("drift", self.drift), ("vol", self.vol))
        }

    def __str__(self) -> str:
        parts = [
            f"{name} {'' if asset is None else asset + ' '}{100 * value:.4g} %{each}"
            for name, given, each in (("drift", self.drift, " a year"), ("vol", self.vol, ""))
            for asset, value in (given.items() if isinstance(given, Mapping) else [(None, given)])
            if value is not None
        ]
        return ", ".join(parts)


def _numbers(given: Any) -> Sequence[Any]:
    if given is None:
        return ()
    return tuple(given.values()) if isinstance(given, Mapping) else (given,)


def expected_gain(book: Book, market: Market, view: View, horizon: float) -> float:
    """What the holdings of one asset are expected to gain under a view; cash gains nothing. [money]"""
    held = book.of(market.asset)
    gains = expected_gains(
        [each.instrument for each in held], [each.entry for each in held], market, view, horizon
    )
    return float(np.array([each.units for each in held]) @ gains)


def expected_gains(
    instruments: Sequence[Instrument],
    entries: Sequence[float | None],
    market: Market,
    view: View,
    horizon: float,
) -> Array:
    """What one unit of each instrument gains under a view more than under the chain's own forward and vol.

    Parameters
    ----------
    instruments, entries
        As in `hedging.book.unit_greeks.unit_greeks`.
    market : Market
    view : View
    horizon : float
        [days]

    Returns
    -------
    ndarray, shape (instruments,)
        Expected value at the horizon, discounted as the chain does, less today's. [money]

    Notes
    -----
    An option that lives beyond the horizon is worth then what its own vol and carry make it worth. As spot is
    lognormal before and after, that is one Black value, of the forward ``S exp(drift h + carry (T - h))`` and
    the total variance ``vol^2 h + own^2 (T - h)``. One that expires before is worth its payoff; in coin, that
    moves with spot from there. Spot, perpetuals and futures gain what the view's forward lies above the
    chain's; funding and basis come on top, as they do without a view.
    """
    drift, vol = view.of(market.asset)
    length = horizon / DAYS_PER_YEAR
    gains = np.zeros(len(instruments))
    options = {i: item for i, item in enumerate(instruments) if isinstance(item, Option)}
    if options:
        gains[list(options)] = _option_gains(list(options.values()), market, drift, vol, length)
    linear = [i for i in range(len(instruments)) if i not in options]
    if linear and drift is not None:
        items = [instruments[i] for i in linear]
        delta = unit_greeks(items, [entries[i] for i in linear], market)["delta"]
        expiry = [years(market.as_of, item.expiry) if isinstance(item, Future) else np.inf for item in items]
        until = np.minimum(expiry, length)
        gains[linear] = delta * market.spot * np.expm1((drift - market.carry(until)) * until)
    return gains


def _option_gains(
    options: Sequence[Option], market: Market, drift: float | None, vol: float | None, length: float
) -> Array:
    table = market.table(options)
    flags = np.where(table.sign > 0, "c", "p")
    time, until = table.time_to_expiry, np.minimum(table.time_to_expiry, length)
    apart = (0.0 if drift is None else drift - table.carry) * until
    forward = market.spot * np.exp(table.carry * time)
    variance = (table.vol if vol is None else vol) ** 2 * until + table.vol**2 * (time - until)
    expected = greeks.black76_price(
        flags, forward * np.exp(apart), table.strike, time, table.rate, np.sqrt(variance / time)
    )
    # Coins paid before the horizon drift with spot until then.
    kept = np.where(table.coin & (time < length) & (drift is not None), length - time, 0.0)
    growth = np.exp(((0.0 if drift is None else drift) - table.carry) * kept)
    now = greeks.black76_price(flags, forward, table.strike, time, table.rate, table.vol)
    return np.asarray(np.asarray(expected) * growth - np.asarray(now))

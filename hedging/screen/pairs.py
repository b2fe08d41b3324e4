"""A pair: short one coin, long another, and how little it says that their prices once moved together."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging._numerics.types import Array
from hedging.book import Book, Holding, Leg, outright_leg
from hedging.errors import InputError
from hedging.market import Perpetual
from hedging.planner import Outright
from hedging.prices import Prices
from hedging.screen.persistence import half_life
from hedging.screen.regression import ols
from hedging.units import DAYS_PER_YEAR

__all__ = ["Pair", "pair"]

RATIOS: Final = ("vol", "beta", "rolling")
LEVEL: Final = 0.05
STOP: Final = 3.0  # daily vols of the spread times the root of the horizon at which a pair is closed


@dataclass(frozen=True, eq=False, repr=False)
class Pair(Shown):
    """Two perpetuals against each other, as legs like any other.

    Attributes
    ----------
    short, long : str
    ratio : float
        Money long per money short. [1]
    legs : tuple of Leg
    notional : float
        Of the short leg. [money]
    carry : float
        Funding of both legs, paid > 0. [money a year]
    margin : float
        Maintenance of both legs at the rate given. [money]
    stop : float
        Loss at which it is closed: three standard deviations of the spread over a month. [money]
    z : float
        Of the log-spread in its own window. [standard deviations]
    half_life : float
        Of the spread, infinity where it does not come back. [days]
    statistic, critical, p_value : float
        Engle-Granger, its 5 % critical value, and its p-value.
    spread : Series
        Log of the long price times the ratio less log of the short price, by date.
    """

    short: str
    long: str
    ratio: float
    legs: tuple[Leg, ...]
    notional: float
    carry: float
    margin: float
    stop: float
    z: float
    half_life: float
    statistic: float
    critical: float
    p_value: float
    spread: pd.Series[float]

    @property
    def converges(self) -> bool:
        """Whether the test at 5 % finds that the spread comes back."""
        return self.statistic < self.critical

    @property
    def verdict(self) -> str:
        """What kind of bet it is, as a sentence."""
        found = f"Engle-Granger {self.statistic:.2f} against {self.critical:.2f} at 5 %"
        if not self.converges:
            return f"No convergence ({found}): this is a bet on relative strength."
        return (
            f"The spread came back in this window ({found}, half-life {self.half_life:.1f} days); one pair in twenty "
            "does by chance, so it may not again."
        )

    def book(self) -> Book:
        """The pair as a book of its own: the same pictures and scenarios as any."""
        return Book(
            [
                Holding.perpetual(leg.instrument.asset, leg.quantity, leg.price, settlement="cash")
                for leg in self.legs
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the spread."""
        names = [name for name in self.__dataclass_fields__ if name not in ("legs", "spread")]
        plain = {name: getattr(self, name) for name in names}
        plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in plain.items()}
        return plain | {
            "verdict": self.verdict,
            "orders": {leg.instrument.asset: leg.quantity for leg in self.legs},
        }

    def __repr__(self) -> str:
        orders = ", ".join(
            f"{leg.side} {abs(leg.quantity):,.6g} {leg.instrument.symbol}" for leg in self.legs
        )
        return (
            f"pair: {orders}; {self.ratio:.2f} long per 1.00 short of {self.notional:,.0f}\n"
            f"funding {self.carry:+,.0f} a year (paid > 0), margin {self.margin:,.0f}, stop at -{self.stop:,.0f}\n"
            f"spread z {self.z:+.2f}, half-life {self.half_life:.1f} days. {self.verdict}"
        )


def pair(
    prices: Prices,
    short: str,
    long: str,
    notional: float,
    ratio: Literal["vol", "beta", "rolling"] = "vol",
    *,
    window: int = 180,
    funding: Mapping[str, float] | None = None,
    lots: Mapping[str, float] | None = None,
    half_spread: float = 0.0005,
    maintenance: float = 0.05,
    at: str | dt.date | pd.Timestamp | None = None,
) -> Pair:
    """Short a laggard against a long leader, sized, costed, and tested for convergence.

    Parameters
    ----------
    prices : Prices
    short, long : str
        Coins.
    notional : float, > 0
        Of the short leg. [money]
    ratio : {'vol', 'beta', 'rolling'}
        Money long per money short: equal vol of daily log-returns; the slope of the short's on the long's; or
        that slope over the last sixty days.
    window : int
        Days that all is measured on.
    funding : mapping of str to float, optional
        Per 8 hours by coin, > 0 where longs pay. [share]
    lots : mapping of str to float, optional
        Smallest order by coin; by default a thousandth. [coins]
    half_spread : float
        [share]
    maintenance : float
        Margin rate of either leg. [share]
    at
        As in `Prices.until`.

    Returns
    -------
    Pair

    Raises
    ------
    InputError
        If a coin has not the window, both are one, the notional is less than a lot, a number breaks its rule, or the
        ratio is none.
    """
    if short == long:
        raise InputError(f"a pair is of two coins; got {short} twice.")
    _check(notional, ratio, window, maintenance, funding or {})
    past = prices.daily().until(at)
    logs = _logs(past.closes.iloc[-window - 1 :], short, long, window)
    per_short = _ratio(np.diff(logs, axis=0), ratio)
    last = np.exp(logs[-1])
    spread = pd.Series(
        per_short * logs[:, 1] - logs[:, 0], past.stamps[-window - 1 :], name=f"{long} over {short}"
    )
    statistic, critical, p_value = _engle_granger(logs)
    legs = _legs((short, long), last, (-notional, per_short * notional), lots or {}, half_spread)
    rates = funding or {}
    carry = (
        sum(leg.quantity * leg.spot * rates.get(leg.instrument.asset, 0.0) for leg in legs)
        * 3
        * DAYS_PER_YEAR
    )
    gains = np.diff(logs, axis=0) @ np.array([-1.0, per_short])
    return Pair(
        short=short,
        long=long,
        ratio=per_short,
        legs=legs,
        notional=notional,
        carry=float(carry),
        margin=maintenance * sum(abs(leg.quantity) * leg.spot for leg in legs),
        stop=float(STOP * gains.std(ddof=1) * math.sqrt(30.0) * notional),
        z=float((spread.iloc[-1] - spread.mean()) / spread.std(ddof=1)),
        half_life=float(half_life(np.asarray(spread, dtype=np.float64)[None])[0]),
        statistic=statistic,
        critical=critical,
        p_value=p_value,
        spread=spread,
    )


def _check(
    notional: float, ratio: str, window: int, maintenance: float, funding: Mapping[str, float]
) -> None:
    if ratio not in RATIOS:
        raise InputError(
            f"ratio must be one of {', '.join(RATIOS)}; got {ratio!r}{meant(str(ratio), RATIOS) or '.'}"
        )
    if not (_is_number(notional) and notional > 0.0):
        raise InputError(f"notional must be a number > 0; got {notional!r}.")
    if not (_is_number(maintenance) and 0.0 < maintenance < 1.0):
        raise InputError(f"maintenance must be a share, 0 < maintenance < 1; got {maintenance!r}.")
    for coin, rate in funding.items():
        if not _is_number(rate):
            raise InputError(
                f"the funding of {coin} must be a share per 8 hours, such as 0.0001; got {rate!r}."
            )
    if isinstance(window, bool) or not isinstance(window, int) or window < 60:
        raise InputError(f"window must be a whole number of days >= 60; got {window!r}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool) and math.isfinite(value)


def _logs(closes: pd.DataFrame, short: str, long: str, window: int) -> Array:
    """Log-closes of both, shape (window + 1, 2)."""
    for coin in (short, long):
        there = int(np.isfinite(closes[coin]).sum()) if coin in closes else 0
        if there < window + 1:
            raise InputError(
                f"a pair over {window} days needs {number_of(window + 1, 'close')} in a row of {coin}; it has {there}."
            )
    return np.asarray(np.log(closes[[short, long]].to_numpy(dtype=float)))


def _ratio(returns: Array, how: str) -> float:
    """Money long per money short."""
    if how == "vol":
        vols = returns.std(axis=0, ddof=1)
        found = float(vols[0] / vols[1])
    else:
        part = returns[-60:] if how == "rolling" else returns
        found = float(ols(part[None, :, 0], part[None, :, 1]).coefficients[0, 1])
    if not (found > 0.0 and math.isfinite(found)):
        raise InputError(
            f"the coins give a ratio of {found:.2f}, which is no pair: they do not move together."
        )
    return found


def _engle_granger(logs: Array) -> tuple[float, float, float]:
    """Statistic, 5 % critical value and p-value of no cointegration.

    Lags by BIC: by AIC 7 % of independent walks of 180 days pass at 5 %.
    """
    coint = require("statsmodels.tsa.stattools", "stats").coint
    statistic, p_value, critical = coint(logs[:, 0], logs[:, 1], autolag="bic")
    return float(statistic), float(critical[1]), float(p_value)


def _legs(
    coins: tuple[str, str],
    spots: Array,
    money: tuple[float, float],
    lots: Mapping[str, float],
    half_spread: float,
) -> tuple[Leg, ...]:
    legs = []
    for coin, spot, amount in zip(coins, spots.tolist(), money, strict=True):
        lot = lots.get(coin, 0.001)
        if not (_is_number(lot) and lot > 0.0):
            raise InputError(f"the lot of {coin} must be > 0; got {lot!r}.")
        quantity = round(math.copysign(math.floor(abs(amount) / spot / lot + 1e-9) * lot, amount), 10)
        if quantity == 0.0:
            raise InputError(
                f"{abs(amount):,.2f} buys less than one lot of {lot:g} {coin} at {spot:g}; raise notional."
            )
        terms = Outright("perpetual", half_spread=half_spread)
        legs.append(
            outright_leg(Perpetual(coin, "cash"), spot, quantity, half_spread=half_spread, fee=terms.fee)
        )
    return tuple(legs)

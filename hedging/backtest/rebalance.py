"""What hedging an option by the clock costs and leaves open, over frequencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from hedging import greeks
from hedging._numerics.seeds import generator_of
from hedging.errors import InputError
from hedging.risk.rebalancing import leland_vol
from hedging.units import DAYS_PER_YEAR

__all__ = ["cost_curve"]


@dataclass(frozen=True, slots=True)
class _Hedge:
    """A short option that is hedged along paths."""

    flag: str
    strike: float
    time_to_expiry: float
    vol: float


def cost_curve(
    strike: float,
    time_to_expiry: float,
    vol: float,
    cost: float,
    *,
    spot: float,
    flag: Literal["c", "p"] = "c",
    every: Sequence[float] = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0),
    paths: int = 2_000,
    seed: int | np.random.Generator = 1,
) -> pd.DataFrame:
    """Cost and error of hedging an option by the clock, over frequencies.

    Parameters
    ----------
    strike, time_to_expiry, vol
        Of the option, which is sold at its model value. [money], [years], [decimal a year]
    cost : float
        One way, as a share of what is traded.
    spot : float
        [money]
    flag : {'c', 'p'}
    every : sequence of float
        Days between trades.
    paths : int
        Number of paths, lognormal at `vol` without drift.
    seed : int or Generator

    Returns
    -------
    DataFrame
        Index ``every`` [days]; ``trades`` a path, mean ``cost`` [money], ``error`` (standard deviation of the
        hedged result without costs) [money], ``leland``: the cost that Leland's vol charges [money].
    """
    for name, value in {"strike": strike, "time_to_expiry": time_to_expiry, "vol": vol, "spot": spot}.items():
        if not (value > 0 and math.isfinite(value)):
            raise InputError(f"{name} must be a number > 0; got {value!r}.")
    if not every or min(every) <= 0:
        raise InputError(f"every must be days > 0 between trades; got {every!r}.")
    hedge = _Hedge(flag, strike, time_to_expiry, vol)
    random = generator_of(seed)
    rows = {}
    for days in every:
        count = max(1, round(time_to_expiry * DAYS_PER_YEAR / days))
        spent, error = _hedged(hedge, spot, cost, count, paths, random)
        dear = leland_vol(vol, time_to_expiry / count, cost)
        values = greeks.price(flag, spot, strike, time_to_expiry, 0.0, np.array([vol, dear]))
        rows[days] = (count, spent, error, float(values[1] - values[0]))
    return pd.DataFrame.from_dict(
        rows, orient="index", columns=["trades", "cost", "error", "leland"]
    ).rename_axis("every")


def _hedged(
    hedge: _Hedge, spot: float, cost: float, count: int, paths: int, random: np.random.Generator
) -> tuple[float, float]:
    """Mean cost, and standard deviation of the result before costs, of `count` equal steps; the first trade free."""
    step = hedge.time_to_expiry / count
    price = np.full(paths, spot)
    premium = float(greeks.price(hedge.flag, spot, hedge.strike, hedge.time_to_expiry, 0.0, hedge.vol))
    held, gain, spent = np.zeros(paths), np.full(paths, premium), np.zeros(paths)
    for number in range(count):
        left = hedge.time_to_expiry - number * step
        delta = np.asarray(greeks.delta(hedge.flag, price, hedge.strike, left, 0.0, hedge.vol))
        spent += 0.0 if number == 0 else cost * price * np.abs(delta - held)
        held = delta
        shock = hedge.vol * math.sqrt(step) * random.standard_normal(paths) - 0.5 * hedge.vol**2 * step
        after = price * np.exp(shock)
        gain += held * (after - price)
        price = after
    sign = 1.0 if hedge.flag == "c" else -1.0
    gain -= np.maximum(sign * (price - hedge.strike), 0.0)
    return float(spent.mean()), float(gain.std())

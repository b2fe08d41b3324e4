"""The drift of drawn vols, such that no option which outlives the horizon has a gain to expect by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array, Mask
from hedging.book.pricer import unit_values, unit_values_now
from hedging.market.by_exercise import out_of_the_money
from hedging.market.contracts import Option
from hedging.market.discounting import discounts
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.paths.vol_drift import VolDrift
from hedging.units import DAYS_PER_YEAR

__all__ = ["centred"]

FEWEST: Final = 1_000  # scenarios that tell a mean of values
VALUES: Final = 4_000_000  # options times scenarios: all that are drawn, where there is room for them
ROUNDS: Final = 8  # of the secant at most
CLOSE: Final = 1e-6  # of spot, within which a value is due
STRIKES: Final = 40  # of an expiry; the others' factors lie in between
STEP: Final = 0.05  # of a log of variance, the first and the longest in a round
LONGEST: Final = 0.5
FURTHEST: Final = 3.0  # log of a factor that no quotes tell; an option of days moves by little else
LEAST_SLOPE: Final = 1e-5  # of spot, per unit of the log: worth so little whatever the vol is, it tells none


def centred(paths: Paths, market: Market) -> Paths:
    """Paths with a drift of vol by expiry and strike that leaves every option its forward value on average.

    A surface that moves with spot and beside it is worth more on average than one that stays: what is convex in spot
    and in vol together is not what is quoted. Left as they are where no option outlives the horizon.
    """
    options = _outliving(market, float(paths.days[-1]))
    if not options:
        return paths
    end, table = _last(paths.select(slice(max(FEWEST, VALUES // len(options))))), market.table(options)
    unknown = [None] * len(options)
    time = end.days[-1] / DAYS_PER_YEAR
    due = unit_values_now(options, unknown, market) / discounts(market, time, table.coin)
    away = np.log(table.strike / market.spot)

    def drift(logs: Array) -> VolDrift:
        return VolDrift(float(end.days[-1]), table.time_to_expiry, away, logs)

    def missed(logs: Array) -> Array:
        there = replace(end, vol_drift=drift(logs))
        return np.asarray(unit_values(options, unknown, market, there)[:, 0].mean(axis=0) - due)

    before, logs = np.zeros(len(options)), np.full(len(options), STEP)
    miss_before, slope = missed(before), np.ones(len(options))
    for _ in range(ROUNDS):
        miss, step = missed(logs), logs - before
        slope = np.where(np.abs(step) > 1e-6, (miss - miss_before) / np.where(step == 0.0, 1.0, step), slope)
        told = slope > LEAST_SLOPE * market.spot
        move = np.clip(np.where(told, -miss / np.where(told, slope, 1.0), 0.0), -LONGEST, LONGEST)
        before, miss_before, logs = logs, miss, np.clip(logs + move, -FURTHEST, FURTHEST)
        if (np.abs(miss) < CLOSE * market.spot).all():
            break
    if not told.any():
        return paths
    return replace(
        paths,
        vol_drift=VolDrift(float(end.days[-1]), *(each[told] for each in (table.time_to_expiry, away, logs))),
    )


def _outliving(market: Market, horizon: float) -> list[Option]:
    """Options that expire after the horizon by expiry and strike: those out of the money, where there are any.

    One in the money has a vol that its wide quotes hardly tell, and would have that stand for the strikes around.
    """
    left = market.chain.quotes["time_to_expiry"] * DAYS_PER_YEAR
    quotes = market.chain.quotes[(left > horizon + 1e-6) & market.chain.quotes["mark"].notna()]
    out, above = out_of_the_money(quotes), quotes["strike"] >= quotes["forward"]
    alone = ~out.groupby([quotes["expiry"], above]).transform("any")
    chosen = quotes[out | alone].sort_values(["expiry", "strike"], kind="stable")
    chosen = chosen.drop_duplicates(["expiry", "strike"])
    chosen = chosen[_even(chosen["expiry"])]
    terms = market.chain.terms_of
    return [
        Option(market.asset, row.flag, row.strike, row.expiry, terms(row.symbol), row.symbol)  # type: ignore[arg-type]
        for row in chosen.itertuples()
    ]


def _even(expiry: pd.Series) -> Mask:
    """Every so many-th of what is sorted by expiry, so that `STRIKES` of each are left at most."""
    by_expiry = expiry.groupby(expiry)
    place, many = by_expiry.cumcount().to_numpy(), by_expiry.transform("size").to_numpy()
    kept = np.minimum(many, STRIKES)
    return np.asarray((place * kept) // many != ((place - 1) * kept) // many)


def _last(paths: Paths) -> Paths:
    """The last date alone, as nodes: nothing expires before it."""
    ends: dict[str, Any] = {name: values[:, -1:] for name, values in paths.arrays().items()}
    return replace(paths, days=paths.days[-1:], **ends)

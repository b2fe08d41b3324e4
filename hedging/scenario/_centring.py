"""The mean of drawn vols, such that no option which outlives the horizon has a gain to expect by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._numerics.types import Array
from hedging.book.pricer import unit_values
from hedging.market.contracts import Option
from hedging.market.market import Market
from hedging.paths.paths import Paths
from hedging.units import days as days_between

__all__ = ["centred"]

MOVED: Final = ("vol_shift", "term_shift")
FEWEST, MOST = 6, 120  # options that the means are found by
SCENARIOS = 2_000  # that tell a mean of values well enough
DEVIATIONS = 1.5  # at the money's vol: how far away an option may be
STEP = 0.01  # of a vol
LEAST_VEGA = 0.05  # of the largest, which an option weighs as if it had
FURTHEST = 0.5  # of the 30-day vol: means beyond are none that these quotes tell


def centred(paths: Paths, market: Market) -> Paths:
    """Paths with constants added to vol and term structure, growing to the last date, that make options fair.

    A surface that moves with spot and beside it is worth more on average than one that stays: what is convex in spot
    and in vol together is not what is quoted. The constants bring the mean value of the options that outlive the
    horizon to today's marks, in least squares of vols. Left as they are where too few are quoted.
    """
    options, marks = _outliving(market, float(paths.days[-1]))
    if len(options) < FEWEST:
        return paths
    end = _last(paths.select(slice(SCENARIOS)))

    def values(constants: Array) -> Array:
        moved = _moved(end, constants)
        return np.asarray(unit_values(options, [None] * len(options), market, moved)[:, 0].mean(axis=0))

    found = np.zeros(len(MOVED))
    for _ in range(2):
        now = values(found)
        slopes = np.stack([(values(found + step) - now) / STEP for step in STEP * np.eye(len(MOVED))], axis=1)
        vega = np.abs(slopes[:, 0])
        weight = 1.0 / np.maximum(vega, LEAST_VEGA * vega.max())
        found = found - np.linalg.lstsq(slopes * weight[:, None], (now - marks) * weight, rcond=1e-3)[0]
    within = np.abs(found).max() < FURTHEST * market.vol_of_30_days
    return _moved(paths, found) if within else paths


def _outliving(market: Market, horizon: float) -> tuple[list[Option], Array]:
    """Options out of the money that expire after the horizon, evenly picked, and their marks. [money]"""
    quotes = market.chain.quotes
    left = np.array([days_between(market.as_of, expiry) for expiry in quotes["expiry"]])
    away = np.log(quotes["strike"] / quotes["forward"]) / np.sqrt(quotes["time_to_expiry"])
    side = np.where(quotes["flag"] == "c", 1.0, -1.0)
    near = (side * away >= 0) & (np.abs(away) < DEVIATIONS * market.vol_of_30_days)
    chosen: pd.DataFrame = quotes[near & (left > horizon) & quotes["mark"].notna()]
    if len(chosen) > MOST:
        chosen = chosen.iloc[np.linspace(0, len(chosen) - 1, MOST).round().astype(int)]
    terms = market.chain.terms
    options = [Option(market.asset, row.flag, row.strike, row.expiry, terms) for row in chosen.itertuples()]  # type: ignore[arg-type]
    return options, chosen["mark"].to_numpy(dtype=float)


def _last(paths: Paths) -> Paths:
    """The last date alone, as nodes: nothing expires before it."""
    ends: dict[str, Any] = {name: values[:, -1:] for name, values in paths.arrays().items()}
    return replace(paths, days=paths.days[-1:], **ends)


def _moved(paths: Paths, constants: Array) -> Paths:
    share = paths.days / paths.days[-1]
    known = {name: getattr(paths, name) for name in MOVED}
    moved: dict[str, Any] = {
        name: (0.0 if known[name] is None else known[name]) + np.broadcast_to(value * share, paths.spot.shape)
        for name, value in zip(MOVED, constants, strict=True)
    }
    return replace(paths, **moved)

"""The figures of `hedging.paths.reactions`, fitted to recorded vol and funding, and their errors out of sample.

Run by hand: ``python tests/bench/fit_reactions.py``. It reads the recorded data beside the project, prints what the
rules are fitted to, what they miss on the dates they were fitted to, and what on dates after those (walk-forward:
each block is foreseen by a fit to all that was over before it began).

A window begins every 12 hours; along the hourly prices that came the rule foresees the change of Deribit's 30-day
vol index until each horizon. Each half year of each coin and each horizon counts alike, in units of what vol moved by
in it: weighed by their squares, the two falls of 2021 and 2022 alone would decide, and what they say of BTC is wrong
for ETH and for the years after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from hedging._numerics.types import Array
from hedging.paths.reactions import BTC, remembered_fall, rise_at

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HOURS = np.array([6, 12, 24, 48, 72, 168, 336, 720])
SHOWN = (168, 336, 720)
FALL = -0.08
BLOCKS = ("2021-10-01", "2022-02-01", "2022-06-01", "2023-07-01", "2024-01-01", "2024-07-01", "2025-01-01", "2025-12-01", "2026-07-01")  # fmt: skip
FITTED_UNTIL = "2025-11-30"
"""The figures in the code know nothing after this day: the crash of February 2026 is no part of them."""
SHAPE = (BTC.memory, BTC.grace, BTC.speed_memory, BTC.speed_grace)
GRID = tuple(product((10.0, 14.0, 20.0, 30.0), (0.06, 0.08, 0.10), (0.25, 0.5, 1.0), (0.0, 0.02, 0.03)))
FUNDING_STEPS = np.array([1, 2, 3, 6, 9, 21, 42])
FUNDING_BLOCKS = ("2021-01-01", "2021-07-01", "2022-01-01", "2022-10-01", "2024-01-01")


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Windows of one coin: prices by the hour, and the change of vol at each of `HOURS`."""

    asset: str
    start: pd.DatetimeIndex
    log_price: Array
    vol: Array
    change: Array

    @property
    def moved(self) -> Array:
        return self.log_price[:, HOURS]

    def weight(self, use: Array) -> Array:
        """One over the root mean square of the half year, at each horizon; 0 where nothing is used."""
        used = use & np.isfinite(self.change)
        halves = np.asarray(self.start.year * 2 + (self.start.month > 6))
        squares = pd.DataFrame(np.where(used, self.change**2, np.nan))
        return np.where(used, 1.0 / np.sqrt(squares.groupby(halves).transform("mean").to_numpy()), 0.0)


def hourly(asset: str) -> pd.DataFrame:
    """Price and vol index by the hour, as decimals, at the ends of the hours."""
    index = pd.read_parquet(DATA / "vol" / "dvol_hourly.parquet").query("currency == @asset")
    vol = index.set_index(pd.to_datetime(index["hour_open"]))["dvol"] / 100.0
    price = pd.Series(dtype=float)
    for name in ("hourly_binance_spot_btc_eth", "hourly_binance_perp_btc_eth"):
        part = pd.read_parquet(DATA / "prices" / f"{name}.parquet").query("ticker == @asset")
        price = price.combine_first(part.set_index(pd.to_datetime(part["open_time"]))["close"])
    hours = pd.date_range("2021-03-24", "2026-06-01", freq="1h")
    return pd.DataFrame({"price": price.reindex(hours).ffill(limit=3), "vol": vol.reindex(hours)})


def windows(asset: str) -> Windows:
    """Windows of 30 days that have a price every hour; a horizon without a vol is left out of the errors."""
    table = hourly(asset)
    price, vol = np.log(table["price"].to_numpy()), table["vol"].to_numpy()
    begin = np.arange(0, len(table) - HOURS[-1], 12)
    path = price[begin[:, None] + np.arange(HOURS[-1] + 1)]
    known = np.isfinite(path).all(axis=1) & np.isfinite(vol[begin])
    begin, path = begin[known], path[known]
    change = vol[begin[:, None] + HOURS] - vol[begin, None]
    return Windows(asset, table.index[begin], path - path[:, :1], vol[begin], change)


def states(seen: Windows, half_life: float) -> Array:
    """The fall that is remembered at each of `HOURS`."""
    return remembered_fall(np.arange(HOURS[-1] + 1) / 24.0, seen.log_price, half_life)[:, HOURS]


class Features:
    """Both states beyond their thresholds, kept by half-life."""

    def __init__(self, seen: Windows) -> None:
        self.seen, self.known = seen, {}
        self.scale = rise_at(seen.vol)

    def of(self, shape: tuple[float, float, float, float]) -> Array:
        memory, grace, speed_memory, speed_grace = shape
        parts = []
        for half_life, least in ((memory, grace), (speed_memory, speed_grace)):
            if half_life not in self.known:
                self.known[half_life] = states(self.seen, half_life)
            parts.append(np.maximum(self.known[half_life] - least, 0.0))
        return np.stack(parts, axis=-1) * self.scale[:, None, None]


def fitted(
    coins: Mapping[str, Features], until: str, shape: tuple[float, float, float, float]
) -> tuple[float, Array]:
    """Weighted squared error, and the two slopes >= 0, over all coins and what was over by a day."""
    matrix, target = [], []
    for features in coins.values():
        use = before(features.seen, until)
        weight = features.seen.weight(use)
        keep = weight > 0.0
        target.append((features.seen.change * weight)[keep])
        matrix.append((features.of(shape) * weight[..., None])[keep])
    slopes, missed = nnls(np.concatenate(matrix), np.concatenate(target))
    return missed**2, slopes


def before(seen: Windows, day: str) -> Array:
    """Window and horizon pairs that were over by a day."""
    return (seen.start.to_numpy()[:, None] + HOURS * np.timedelta64(1, "h")) <= np.datetime64(day)


def walk_forward(
    coins: Mapping[str, Features], judged: Features, shape: tuple[float, float, float, float]
) -> Array:
    """The change of vol as each block is foreseen by what came before it; NaN before the first block."""
    seen = judged.seen
    foreseen = np.full(seen.change.shape, np.nan)
    for begin, end in pairwise(BLOCKS):
        known = {
            name: each
            for name, each in coins.items()
            if (before(each.seen, begin) & np.isfinite(each.seen.change)).sum() >= 2_000
        }
        here = (seen.start >= begin) & (seen.start < end)
        if known and here.any():
            foreseen[here] = judged.of(shape)[here] @ fitted(known, begin, shape)[1]
    return foreseen


def error(values: Array) -> float:
    return 100.0 * float(np.sqrt(np.mean(values**2)))


def table(seen: Windows, foreseen: Array) -> pd.DataFrame:
    """Errors of the rule and of 'nothing moves', in vol points, in all windows, in falls and elsewhere."""
    rows = []
    for hours in SHOWN:
        at = int(np.flatnonzero(hours == HOURS)[0])
        known = np.isfinite(foreseen[:, at]) & np.isfinite(seen.change[:, at])
        fell = seen.moved[:, at] < FALL
        row: dict[str, object] = {"asset": seen.asset, "days": hours // 24, "windows": int(known.sum())}
        for name, where in (("all", known), ("falls", known & fell), ("else", known & ~fell)):
            change = seen.change[where, at]
            row |= {f"{name} rule": error(change - foreseen[where, at]), f"{name} still": error(change)}
        where = known & fell
        row["bias in falls"] = 100.0 * float(np.mean(foreseen[where, at] - seen.change[where, at]))
        rows.append(row)
    return pd.DataFrame(rows)


def noise(seen: Windows, foreseen: Array) -> tuple[float, Array]:
    """What the rule leaves as a share of vol, in the long run at a half-life of 30 days, and at each horizon."""
    left = np.nanstd((seen.change - foreseen) / seen.vol[:, None], axis=0)
    grown = np.sqrt(1.0 - 0.25 ** (HOURS / 24.0 / BTC.noise_half_life))
    return float((left @ grown) / (grown @ grown)), left


def funding(asset: str) -> pd.DataFrame:
    """Fall of funding per 10 % of the remembered fall, fitted to all and walk-forward, with its errors. [1e-4]"""
    rates = pd.read_csv(DATA / "funding" / "binance_funding_8h.csv.gz").query("ticker == @asset")
    prices = pd.read_parquet(DATA / "prices" / "hourly_binance_perp_btc_eth.parquet").query(
        "ticker == @asset"
    )
    times = pd.date_range("2020-01-01", "2024-01-01", freq="8h")
    rate = rates.set_index(pd.to_datetime(rates["time"]))["funding_rate"].reindex(times).to_numpy()
    close = prices.set_index(pd.to_datetime(prices["open_time"]) + pd.Timedelta("1h"))["close"]
    price = np.log(close.reindex(times).ffill(limit=2).to_numpy())
    begin = np.arange(0, len(times) - FUNDING_STEPS[-1] - 1, 2)
    path = price[begin[:, None] + np.arange(FUNDING_STEPS[-1] + 1)]
    known = np.isfinite(path).all(axis=1) & np.isfinite(rate[begin])
    begin, path = begin[known], path[known] - path[known][:, :1]
    change = rate[begin[:, None] + FUNDING_STEPS] - rate[begin, None]
    days = np.arange(FUNDING_STEPS[-1] + 1) / 3.0
    fallen = remembered_fall(days, path, BTC.funding_memory)[:, FUNDING_STEPS] / 0.10
    over = times[begin].to_numpy()[:, None] + FUNDING_STEPS * np.timedelta64(8, "h")

    def slope(use: Array) -> float:
        keep = use & np.isfinite(change)
        return float(-(fallen[keep] @ change[keep]) / (fallen[keep] @ fallen[keep]))

    foreseen = np.full(change.shape, np.nan)
    for start, end in pairwise(FUNDING_BLOCKS):
        here = (times[begin] >= start) & (times[begin] < end)
        foreseen[here] = -slope(over <= np.datetime64(start)) * fallen[here]
    judged = np.isfinite(foreseen) & np.isfinite(change)
    fell = judged & (path[:, FUNDING_STEPS] < FALL)
    row = {"asset": asset, "fall per 10 %": 1e4 * slope(np.full(change.shape, True))}
    for name, where in (("all", judged), ("falls", fell)):
        row |= {
            f"{name} rule": 100.0 * error((change - foreseen)[where]),
            f"{name} still": 100.0 * error(change[where]),
        }
    return pd.DataFrame([row])


def search(coins: Mapping[str, Features]) -> None:
    """Print the five shapes that miss least."""
    for missed, shape in sorted((fitted(coins, FITTED_UNTIL, shape)[0], shape) for shape in GRID)[:5]:
        print(f"  memory, grace, speed memory, speed grace {shape}: {missed:.4f}")


def report(coins: Mapping[str, Features]) -> None:
    """Print the rule, and the errors that it leaves on both coins, in sample and out of it."""
    slopes = fitted(coins, FITTED_UNTIL, SHAPE)[1]
    print(f"both: vol_rise {slopes[0] / 10:.4f}, vol_speed {slopes[1] / 10:.4f}")
    for asset, features in coins.items():
        seen = features.seen
        until, foreseen = before(seen, FITTED_UNTIL), features.of(SHAPE) @ slopes
        size, left = noise(seen, foreseen)
        print(f"{asset}: {seen.start.size:,} windows")
        print("in sample\n", table(seen, np.where(until, foreseen, np.nan)).round(2).to_string())
        print("out of sample\n", table(seen, walk_forward(coins, features, SHAPE)).round(2).to_string())
        print(f"noise {size:.3f}; left after {(HOURS / 24).tolist()} days: {left.round(3).tolist()}")
        print("funding, 1e-4 per 8 hours\n", funding(asset).round(3).to_string())


def elsewhere(coins: Mapping[str, Features], asset: str, other: str) -> None:
    """Print the errors on one coin of the same rule fitted to nothing but the other."""
    slopes = fitted({other: coins[other]}, FITTED_UNTIL, SHAPE)[1]
    foreseen = coins[asset].of(SHAPE) @ slopes
    print(
        f"{other}'s rule ({slopes.round(3)}) on {asset}\n",
        table(coins[asset].seen, foreseen).round(2).to_string(),
    )


if __name__ == "__main__":
    both = {coin: Features(windows(coin)) for coin in ("BTC", "ETH")}
    report(both)
    elsewhere(both, "BTC", "ETH")
    elsewhere(both, "ETH", "BTC")

"""How much to hedge, learned from what measures were followed by, and held against two rules that learn nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.arguments import whole
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.prices import Prices
from hedging.prices.bar import DAY
from hedging.screen.evidence import block_draws
from hedging.screen.history import History, history

__all__ = ["LearnedCoverage", "learned_coverage"]

FEATURES: Final = ("vol", "idiosyncratic_vol", "beta", "r2", "drawdown", "strength", "alpha_t", "largest_day")
ALONE: Final = ("momentum_1w", "momentum_4w", "velocity", "acceleration", "break_peers")
LEAST_ROWS: Final = 500
DECAY: Final = 0.94  # of yesterday's variance
SIMPLE: Final = "EWMA vol x constant"
HALF: Final = "always half"
LEARNED: Final = "learned"


@dataclass(frozen=True, eq=False, repr=False)
class LearnedCoverage(Shown):
    """Forecasts of the loss that the next days exceed rarely, and the coverage they ask for.

    Attributes
    ----------
    table : DataFrame
        Index method; ``pinball``: mean loss of the quantile [1]; ``exceeded``: share of outcomes beyond the
        forecast; ``less learned, low, high``: its pinball loss less that of the learned one, with a 95 % interval
        from dates drawn in blocks; > 0 where learning is better.
    coverage : DataFrame
        Index coin, at the last date; share of each position to hedge, a column a method and ``chosen``.
    chosen : str
        The learned one only if it beats both others beyond chance, else the simple rule.
    forecasts : DataFrame
        Index date and coin, out of sample; ``loss`` and a column a method.
    trained : tuple of Timestamp
        When it was trained; each time on outcomes that were over by then.
    """

    table: pd.DataFrame
    coverage: pd.DataFrame
    chosen: str
    forecasts: pd.DataFrame
    trained: tuple[pd.Timestamp, ...]

    @property
    def verdict(self) -> str:
        """Whether learning paid, as a sentence."""
        if self.chosen == LEARNED:
            return "The learned quantile beats both rules beyond chance."
        return f"The learned quantile does not beat both rules beyond chance: the default stays {SIMPLE}."

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "methods": self.table.reset_index().to_dict(orient="records"),
            "coverage": self.coverage.reset_index().to_dict(orient="records"),
            "chosen": self.chosen,
            "verdict": self.verdict,
        }

    def _page(self) -> Page:
        methods = Table(self.table.round(4), index=True, rows=len(self.table))
        return Page(self.verdict, (methods, Table(self.coverage.round(2), index=True)))


def learned_coverage(
    prices: Prices,
    factors: Mapping[str, pd.Series[float]] | None = None,
    quantile: float = 0.95,
    *,
    floor: float = -0.15,
    horizon: int = 30,
    every: int = 7,
    retrain: int = 90,
    benchmark: str = "BTC",
    at: str | dt.date | pd.Timestamp | None = None,
    past: History | None = None,
    seed: int = 0,
) -> LearnedCoverage:
    """Learn, walking forward, how deep the next days may go, and hedge what is beyond the floor.

    Parameters
    ----------
    prices : Prices
    factors : mapping of str to Series, optional
        Outside series by date, as they were known: the last value before each date is used, never a later one.
    quantile : float
        Of the loss. [1]
    floor : float
        Loss to be kept at that quantile, < 0: coverage is ``1 - floor / loss`` where the loss is beyond it.
    horizon, every, retrain : int
        Days looked ahead, between dates, and between trainings.
    benchmark
        As in `hedging.screen.run`.
    at
        Last date; no row after it is seen.
    past : History, optional
        A history of the same prices that ends by `at`; made anew by default.
    seed : int
        Of the trees and the bootstrap.

    Returns
    -------
    LearnedCoverage

    Raises
    ------
    InputError
        If an argument breaks its rule, or there are fewer than 500 rows to learn from.
    MissingExtraError
        If the extra `allocation` is not installed.
    """
    if not 0.5 < quantile < 1.0:
        raise InputError(f"quantile must lie in (0.5, 1); got {quantile!r}.")
    if not -1.0 < floor < 0.0:
        raise InputError(f"floor must be a share, -1 < floor < 0; got {floor!r}.")
    whole("retrain", retrain)
    prices = prices.daily() if at is None else prices.daily().before(at)
    past = past or history(prices, benchmark=benchmark, every=every, horizons=(horizon,), windows=(30, 90))
    panel = past.panel[past.panel.index.get_level_values(0) <= prices.stamps[-1]]
    rows = _features(panel, max(past.windows), min(past.windows), factors or {})
    rows["ewma"] = _ewma(prices, panel.index) * np.sqrt(horizon)
    loss = 1.0 - np.exp(panel[f"drawdown_after_{horizon}"].to_numpy(dtype=float))
    forecasts, trained = _walked(rows, loss, quantile, horizon, retrain, floor, seed)
    known = forecasts[forecasts["loss"].notna()]
    table = _compared(known, quantile, horizon, every, seed)
    beaten = (table.loc[[SIMPLE, HALF], "low"] > 0.0).all()
    chosen = LEARNED if beaten else SIMPLE
    last = pd.DataFrame(forecasts.xs(forecasts.index.get_level_values(0).max(), level=0))
    coverage = last[[LEARNED, SIMPLE, HALF]].map(
        lambda deep: max(0.0, 1.0 + floor / deep) if deep > 0.0 else 0.0
    )
    coverage["chosen"] = coverage[chosen]
    return LearnedCoverage(table, coverage, chosen, forecasts, trained)


def _features(
    panel: pd.DataFrame, long: int, short: int, factors: Mapping[str, pd.Series[float]]
) -> pd.DataFrame:
    """What was known of each row."""
    names = [f"{name}_{days}" for name in FEATURES for days in (short, long)]
    rows = panel[[name for name in (*names, *ALONE) if name in panel]].copy()
    dates = pd.DatetimeIndex(panel.index.get_level_values(0))
    for name, series in factors.items():
        if not isinstance(series, pd.Series) or not isinstance(series.index, pd.DatetimeIndex):
            raise InputError(f"factor {name!r} must be a Series over dates.")
        index = series.index.tz_localize("UTC") if series.index.tz is None else series.index.tz_convert("UTC")
        ordered = series.set_axis(index).sort_index()
        place = np.asarray(ordered.index.searchsorted(dates, side="left")) - 1  # strictly before the date
        values = ordered.to_numpy(dtype=float)
        rows[f"factor {name}"] = np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
    return rows


def _ewma(prices: Prices, rows: pd.Index) -> Array:
    """Daily EWMA vol of each row, of returns up to its date."""
    closes = prices.until().closes
    moves = pd.DataFrame(np.log(closes.to_numpy()), closes.index, closes.columns).diff()
    # Not `ewma_vol` of the paths: its first variance is the mean of all returns, the later ones among them.
    vols = (moves**2).ewm(alpha=1.0 - DECAY, adjust=False, ignore_na=True).mean().pow(0.5)
    places = (
        vols.index.get_indexer(rows.get_level_values(0)),
        vols.columns.get_indexer(rows.get_level_values(1)),
    )
    return np.asarray(vols.to_numpy()[places])


def _walked(
    rows: pd.DataFrame, loss: Array, quantile: float, horizon: int, retrain: int, floor: float, seed: int
) -> tuple[pd.DataFrame, tuple[pd.Timestamp, ...]]:
    """Forecasts of each date by what was trained on outcomes that were over before it."""
    trees = require("sklearn.ensemble", "allocation").HistGradientBoostingRegressor
    dates = pd.DatetimeIndex(rows.index.get_level_values(0))
    values, ewma = rows.to_numpy(dtype=float), rows["ewma"].to_numpy(dtype=float)
    parts: list[pd.DataFrame] = []
    trained: list[pd.Timestamp] = []
    model: Any = None
    scale = np.nan
    for date in dates.unique().sort_values():
        if not trained or date - trained[-1] >= retrain * DAY:
            over = np.asarray(dates + horizon * DAY <= date) & np.isfinite(loss)
            if over.sum() < LEAST_ROWS:
                continue
            model = trees(
                loss="quantile", quantile=quantile, max_iter=100, max_leaf_nodes=8, min_samples_leaf=50,
                learning_rate=0.05, random_state=seed,
            ).fit(values[over], loss[over])  # fmt: skip
            usual = over & (ewma > 0.0)
            scale = float(np.quantile(loss[usual] / ewma[usual], quantile))
            trained.append(date)
        here = np.asarray(dates == date)
        deep = np.clip(model.predict(values[here]), 0.0, 1.0)
        found = {
            "loss": loss[here],
            LEARNED: deep,
            SIMPLE: np.clip(scale * ewma[here], 0.0, 1.0),
            HALF: -2.0 * floor,
        }
        parts.append(pd.DataFrame(found, rows.index[here]))
    if not parts:
        raise InputError(
            f"learning needs {LEAST_ROWS} rows whose {number_of(horizon, 'day')} are over, and the prices give "
            f"{int(np.isfinite(loss).sum())}; bring a longer file or more coins."
        )
    return pd.concat(parts), tuple(trained)


def pinball(loss: Array, forecast: Array, quantile: float) -> Array:
    """Loss of a quantile forecast: least in the mean where it is the quantile."""
    over = loss - forecast
    return np.asarray(np.maximum(quantile * over, (quantile - 1.0) * over))


def _compared(known: pd.DataFrame, quantile: float, horizon: int, every: int, seed: int) -> pd.DataFrame:
    """Pinball losses side by side, differences with intervals from dates drawn in blocks."""
    if known.empty:
        raise InputError("no forecast has an outcome yet; bring a longer file.")
    loss = known["loss"].to_numpy(dtype=float)
    dates = known.index.get_level_values(0)
    place = dates.unique().sort_values().get_indexer(dates)
    count = int(place.max()) + 1
    each = {
        name: pinball(loss, known[name].to_numpy(dtype=float), quantile) for name in (LEARNED, SIMPLE, HALF)
    }
    sizes = np.bincount(place, minlength=count)
    draws = block_draws(count, 2.0 * horizon / every, seed)
    rows = {}
    for name, values in each.items():
        better = np.bincount(place, values - each[LEARNED], minlength=count)
        drawn = [better[draw].sum() / sizes[draw].sum() for draw in draws]
        low, high = np.quantile(drawn, [0.025, 0.975])
        exceeded = float((loss > known[name].to_numpy(dtype=float)).mean())
        rows[name] = (
            float(values.mean()),
            exceeded,
            float((values - each[LEARNED]).mean()),
            float(low),
            float(high),
        )
    columns = ["pinball", "exceeded", "less learned", "low", "high"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("method")

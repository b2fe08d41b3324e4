"""What past cases say of a measure or a verdict, by the weakest of several tests."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._numerics.seeds import generator_of
from hedging.screen.regression import newey_west_errors, ols

__all__ = [
    "FEWEST_PERIODS",
    "block_draws",
    "false_discovery",
    "of_measures",
    "of_verdicts",
    "rank_correlations",
]

Array = npt.NDArray[np.float64]

FEWEST_PERIODS: Final = 20  # that do not overlap; below, a t is no t
FEWEST_COINS: Final = 5
FEWEST_WEEKS: Final = 3  # with cases; below, there is nothing to draw an interval from
LEVEL: Final = 0.05
DRAWS: Final = 1_000
HALF: Final = math.log(0.5)


def false_discovery(p_values: npt.ArrayLike) -> Array:
    """Benjamini-Hochberg q-values over a universe; NaN where there is no p-value. Needs `stats`."""
    p = np.asarray(p_values, dtype=float)
    there = np.isfinite(p)
    q = np.full(p.shape, np.nan)
    if there.any():
        q[there] = require("statsmodels.stats.multitest", "stats").fdrcorrection(p[there])[1]
    return q


def two_sided(t: npt.ArrayLike) -> Array:
    """Two-sided p-value of a normal t."""
    return np.asarray(2.0 * ndtr(-np.abs(np.asarray(t, dtype=float))))


def rank_correlations(panel: pd.DataFrame, measures: list[str], outcome: str) -> pd.DataFrame:
    """Spearman correlation across coins with an outcome, by date and measure.

    Parameters
    ----------
    panel : DataFrame
        Rows by date and coin.
    measures : list of str
        Columns to correlate.
    outcome : str
        Column to correlate them with.

    Returns
    -------
    DataFrame
        Dates that have the outcome by measures; NaN for fewer than five coins or a measure that is all alike.
    """
    rows = {}
    for date, of_date in panel[panel[outcome].notna()].groupby(level=0, sort=True):
        values, after = of_date[measures].to_numpy(dtype=float), of_date[outcome].to_numpy(dtype=float)
        found = np.full(len(measures), np.nan)
        there = ~np.isnan(values)
        whole = there.all(axis=0)
        found[whole] = _spearman(values[:, whole], after)
        for place in np.flatnonzero(~whole).tolist():
            rows_there = there[:, place]
            found[place] = _spearman(values[rows_there, place : place + 1], after[rows_there])[0]
        rows[date] = found
    return pd.DataFrame.from_dict(rows, orient="index", columns=measures)


def _spearman(values: Array, outcome: Array) -> Array:
    from scipy.stats import rankdata

    if len(outcome) < FEWEST_COINS:
        return np.full(values.shape[1], np.nan)
    ranks, after = rankdata(values, axis=0), rankdata(outcome)
    ranks, after = ranks - ranks.mean(axis=0), after - after.mean()
    scale = np.sqrt((ranks**2).sum(axis=0) * (after**2).sum())
    return np.asarray(after @ ranks / np.where(scale > 0.0, scale, np.nan))


def of_measures(correlations: pd.DataFrame, horizon: int, every: int, seed: int = 0) -> pd.DataFrame:
    """What is left of each measure's mean rank correlation once overlap is allowed for.

    Returns
    -------
    DataFrame
        Index measure; ``ic``: mean rank correlation; ``naive_t``: as if dates were independent; ``nw_t``:
        Newey-West, 1.5 x horizon / step lags; ``apart_t``: of dates that do not overlap, ``periods`` of them;
        ``low, high``: 95 % by the stationary bootstrap, mean block twice the horizon; ``t``: the weakest;
        ``fdr``: of `t` over the measures; ``claim``.
    """
    lags, apart = math.ceil(1.5 * horizon / every - 1e-9), math.ceil(horizon / every - 1e-9)
    rows = {}
    for measure in correlations:
        series = correlations[measure].dropna().to_numpy()
        every_apart = correlations[measure].iloc[::apart].dropna().to_numpy()
        rows[measure] = (
            series.mean() if series.size else math.nan,
            _t(series, 0, small_sample=True),
            _t(series, lags, small_sample=False),
            _t(every_apart, 0, small_sample=True),
            series.size,
            every_apart.size,
        )
    names = ["ic", "naive_t", "nw_t", "apart_t", "dates", "periods"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("measure")
    table["low"], table["high"] = _intervals(correlations.to_numpy(), 2.0 * horizon / every, seed)
    ts = table[["naive_t", "nw_t", "apart_t"]].to_numpy()
    weakest = np.abs(np.where(np.isnan(ts), np.inf, ts)).argmin(axis=1)
    table["t"] = np.where(np.isnan(ts).any(axis=1), np.nan, ts[np.arange(len(ts)), weakest])
    table["fdr"] = false_discovery(two_sided(table["t"].to_numpy()))
    table["claim"] = [_claim(row) for row in table.itertuples()]
    return table


def _t(series: Array, lags: int, *, small_sample: bool) -> float:
    """Mean over its standard error."""
    if series.size < 3:
        return math.nan
    fit = ols(series[None, :])
    error = newey_west_errors(fit, lags, small_sample=small_sample)[0, 0]
    return float(fit.coefficients[0, 0] / error)


def _claim(row: object) -> str:
    periods, t = getattr(row, "periods"), getattr(row, "t")  # noqa: B009 - a named tuple made by pandas
    low, high, fdr = getattr(row, "low"), getattr(row, "high"), getattr(row, "fdr")  # noqa: B009
    if periods < FEWEST_PERIODS:
        return f"too few: {number_of(periods, 'period')} that do not overlap"
    if not (fdr <= LEVEL and low * high > 0.0):
        return "none"
    return f"high values lag afterwards (t {t:.1f})" if t < 0 else f"high values lead afterwards (t {t:.1f})"


def _intervals(values: Array, block: float, seed: int) -> tuple[Array, Array]:
    """95 % intervals of the means of columns, dates drawn in blocks."""
    if len(values) < 3:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    there = ~np.isnan(values)
    filled = np.where(there, values, 0.0)
    draws = block_draws(len(values), block, seed)
    counts = np.stack([np.bincount(draw, minlength=len(values)) for draw in draws])
    low, high = np.full((2, values.shape[1]), np.nan)
    for place in np.flatnonzero(there.any(axis=0)).tolist():
        sizes = counts @ there[:, place]
        means = (counts @ filled[:, place])[sizes > 0] / sizes[sizes > 0]
        low[place], high[place] = np.quantile(means, [0.025, 0.975])
    return low, high


def block_draws(count: int, block: float, seed: int) -> list[npt.NDArray[np.int64]]:
    """Places drawn by the stationary bootstrap of Politis and Romano."""
    bootstrap = require("arch.bootstrap", "stats").StationaryBootstrap
    made = bootstrap(max(block, 1.0), np.arange(count), seed=generator_of(seed))
    return [drawn[0][0] for drawn in made.bootstrap(DRAWS)]


def of_verdicts(
    panel: pd.DataFrame, holds: pd.DataFrame, horizon: int, every: int, seed: int = 0
) -> pd.DataFrame:
    """What happened after each verdict.

    Parameters
    ----------
    panel : DataFrame
        Rows by date and coin, with the outcomes of `horizon`.
    holds : DataFrame of bool
        Rows as in `panel`, a column a verdict.
    horizon, every : int
        Days.
    seed : int
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Index verdict; ``cases``, ``coins``, ``weeks``: dates with a case; ``mean, median``: log-return over the
        universe's mean, with ``low, high``: 95 % of the mean with dates, not rows, drawn in blocks, NaN where
        the cases are of fewer than three dates; ``lagged``: share of cases behind the universe; ``over_benchmark``: mean; ``lost_half``: share that lost more than
        half against the benchmark; ``drawdown``: mean of the lowest close on the way, [log].
    """
    known = panel[panel[f"over_universe_{horizon}"].notna()]
    dates = known.index.get_level_values(0)
    draws = (
        block_draws(dates.nunique(), 2.0 * horizon / every, seed) if dates.nunique() >= FEWEST_WEEKS else []
    )
    places = pd.Index(dates.unique().sort_values()).get_indexer(dates)
    rows = {}
    for verdict in holds:
        cases = holds[verdict].reindex(known.index).to_numpy(dtype=bool)
        of = known[cases]
        over = of[f"over_universe_{horizon}"]
        low, high = _ratio_interval(over.to_numpy(), places[cases], dates.nunique(), draws)
        excess = of[f"forward_{horizon}"]
        rows[verdict] = (
            len(of),
            of.index.get_level_values(1).nunique(),
            of.index.get_level_values(0).nunique(),
            over.mean(),
            over.median(),
            low,
            high,
            (over < 0).mean(),
            excess.mean(),
            (excess < HALF).mean(),
            of[f"drawdown_after_{horizon}"].mean(),
        )
    names = [
        "cases",
        "coins",
        "weeks",
        "mean",
        "median",
        "low",
        "high",
        "lagged",
        "over_benchmark",
        "lost_half",
        "drawdown",
    ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).rename_axis("verdict")


def _ratio_interval(
    values: Array, dates: npt.NDArray[np.intp], count: int, draws: list[npt.NDArray[np.int64]]
) -> tuple[float, float]:
    if not draws or len(np.unique(dates)) < FEWEST_WEEKS:
        return math.nan, math.nan  # drawing one week over and over would look like certainty
    sums, sizes = np.bincount(dates, values, minlength=count), np.bincount(dates, minlength=count)
    drawn = np.array([(sums[draw].sum(), sizes[draw].sum()) for draw in draws])
    drawn = drawn[drawn[:, 1] > 0]
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return float(low), float(high)

"""How much of a backtest is luck: bootstrap intervals, tests of many strategies at once, choice out of sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._extras import require
from hedging._ground.counts import number_of
from hedging._numerics.resampling import block_length, resampled_rows
from hedging._numerics.seeds import generator_of
from hedging.backtest.result import Backtest
from hedging.errors import InputError
from hedging.units import DAYS_PER_YEAR, days_apart

__all__ = ["deflated_sharpe", "interval", "superior", "walk_forward"]

Array = npt.NDArray[np.float64]

FEWEST = 20  # periods below which a bootstrap says nothing


def interval(run: Backtest, *, draws: int = 2_000, level: float = 0.95, seed: int = 1) -> pd.DataFrame:
    """Intervals of what a run earned a year, by stationary bootstrap.

    Parameters
    ----------
    run : Backtest
    draws : int
        Samples drawn.
    level : float
        Share of them between the ends of the interval, in (0, 1).
    seed : int

    Returns
    -------
    DataFrame
        Index ``return a year, holding a year, against holding a year`` (log-returns, by elapsed time) and
        ``vol a year``; ``value, low, high``, and the mean length of the ``block`` of periods.

    Raises
    ------
    InputError
        If the run has fewer than 20 periods, or a setting is out of range.

    Notes
    -----
    Blocks of geometric length, their mean by the rule of Politis and White on the difference to holding, keep the
    clustering of vol; quantiles of the draws are the interval.
    """
    if not (0 < level < 1 and draws >= 100):
        raise InputError(f"level must lie in (0, 1) and draws be at least 100; got {level!r} and {draws!r}.")
    mine, theirs = _log_returns(run)
    elapsed = days_apart(run.times) / DAYS_PER_YEAR
    block = block_length(mine - theirs if (mine != theirs).any() else mine)
    periods = np.column_stack([mine, theirs, elapsed])
    drawn = resampled_rows(len(mine), len(mine), draws, block, generator_of(seed))
    ends = np.quantile(_yearly(periods[drawn]), [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    names = ["return a year", "holding a year", "against holding a year", "vol a year"]
    table = pd.DataFrame({"value": _yearly(periods), "low": ends[0], "high": ends[1]}, index=names)
    return table.assign(block=block)


def _yearly(periods: Array) -> Array:
    """Log-returns and vol a year of periods (strategy, holding, years), shape (..., periods, 3)."""
    mine, theirs, elapsed = np.moveaxis(periods, -1, 0)
    years = elapsed.sum(axis=-1)
    earned, held = mine.sum(axis=-1) / years, theirs.sum(axis=-1) / years
    excess = mine - earned[..., None] * elapsed
    vol = np.sqrt((excess**2).sum(axis=-1) / years)
    return np.stack([earned, held, earned - held, vol], axis=-1)


def _log_returns(run: Backtest) -> tuple[Array, Array]:
    """Log-returns of each period of a run and of holding, its first trade included in the first."""
    curves = (run.equity.to_numpy(dtype=float), run.held.to_numpy(dtype=float))
    if len(curves[0]) <= FEWEST:
        raise InputError(
            f"a bootstrap needs more than {FEWEST} periods; {run.name} has {len(curves[0]) - 1}."
        )
    if min(curve.min() for curve in curves) <= 0:
        raise InputError(f"{run.name} goes bankrupt, which no return of a period describes.")
    mine, theirs = (np.diff(np.log(curve)) for curve in curves)
    mine[0] += np.log(curves[0][0] / run.start_value)
    return mine, theirs


def superior(runs: Sequence[Backtest], *, draws: int = 2_000, seed: int = 1) -> pd.Series:
    """Test whether the best of several strategies beats holding by more than the luck of having tried them all.

    Parameters
    ----------
    runs : sequence of Backtest
        Over the same snapshots.
    draws, seed
        As in `interval`.

    Returns
    -------
    Series
        p-values ``lower, consistent, upper`` of Hansen's test of superior predictive ability.

    Raises
    ------
    MissingExtraError
        Without the extra `stats`.
    """
    bootstrap = require("arch.bootstrap", "stats")
    mine, theirs = _together(runs)
    block = max(block_length(mine[:, column] - theirs) for column in range(mine.shape[1]))
    test = bootstrap.SPA(-theirs, -mine, block_size=int(np.ceil(block)), reps=draws, seed=seed)
    test.compute()
    found: pd.Series = test.pvalues
    return found


def deflated_sharpe(runs: Sequence[Backtest]) -> pd.Series:
    """Probability that the best strategy's Sharpe ratio above holding is real, given how many were tried.

    Parameters
    ----------
    runs : sequence of Backtest
        All that were tried, over the same snapshots.

    Returns
    -------
    Series
        ``name`` of the best, its ``sharpe`` a period of returns above holding, ``probability``, ``trials``.

    Raises
    ------
    MissingExtraError
        Without the extra `allocation`.
    """
    measures = require("skfolio.measures", "allocation")
    mine, theirs = _together(runs)
    above = mine - theirs[:, None]
    spread = above.std(axis=0)
    if (spread == 0).any():
        raise InputError("a run that does what holding does has no Sharpe ratio above it; leave it out.")
    ratios = above.mean(axis=0) / spread
    best = int(ratios.argmax())
    chance = float(measures.deflated_sharpe_ratio(above[:, best], ratios))
    return pd.Series(
        {"name": runs[best].name, "sharpe": float(ratios[best]), "probability": chance, "trials": len(runs)}
    )


def walk_forward(runs: Sequence[Backtest], *, train: int = 60, test: int = 20) -> pd.DataFrame:
    """Choose the strategy that did best so far, and see how it does next, window by window.

    Parameters
    ----------
    runs : sequence of Backtest
        Over the same snapshots.
    train, test : int
        Periods to choose on and to judge on.

    Returns
    -------
    DataFrame
        One row a window: ``from, to`` (what is judged), the ``chosen`` one, its return above holding ``before`` and
        ``after``, and the ``median`` of all after. [log-return]

    Notes
    -----
    Curves are switched as they are: leaving one overlay for another would cost a roll more.
    """
    selection = require("skfolio.model_selection", "allocation")
    mine, theirs = _together(runs)
    if not (train >= 1 and test >= 1 and train + test <= len(theirs)):
        raise InputError(
            f"train and test must fit into {number_of(len(theirs), 'period')}; got {train!r} and {test!r}."
        )
    above, times, rows = mine - theirs[:, None], runs[0].times, []
    splitter: Any = selection.WalkForward(train_size=train, test_size=test)
    for before, after in splitter.split(above):
        best = int(above[before].sum(axis=0).argmax())
        rows.append(
            {
                "from": times[after[0]],
                "to": times[after[-1] + 1],
                "chosen": runs[best].name,
                "before": float(above[before, best].sum()),
                "after": float(above[after, best].sum()),
                "median": float(np.median(above[after].sum(axis=0))),
            }
        )
    return pd.DataFrame(rows)


def _together(runs: Sequence[Backtest]) -> tuple[Array, Array]:
    """Log-returns of several runs, shape (periods, runs), and of holding."""
    if not runs:
        raise InputError("at least one run is needed; got none.")
    first = runs[0]
    for done in runs[1:]:
        if not done.times.equals(first.times) or not np.array_equal(done.held, first.held):
            raise InputError(
                f"{first.name} and {done.name} do not run over the same snapshots from the same book."
            )
    each = [_log_returns(done) for done in runs]
    return np.column_stack([mine for mine, _ in each]), each[0][1]

"""The honest test: what each measure and verdict was followed by, at dates that knew nothing of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging._ground.forms import meant
from hedging._ground.shown import Shown
from hedging._ground.tables import Page, Table
from hedging.errors import InputError
from hedging.prices import Prices
from hedging.prices.bar import DAY
from hedging.screen import evidence
from hedging.screen.breaks import BREAK_DAYS, BREAK_WINDOW
from hedging.screen.measures import check_windows, measure
from hedging.screen.rules import Rules, criteria, judge, rule_holds
from hedging.screen.window import EQUAL, VOLUME

__all__ = ["History", "history"]

WARM_UP: Final = 30  # days beyond the longest window before the first date
DATES_A_TASK: Final = 16


@dataclass(frozen=True, eq=False, repr=False)
class History(Shown):
    """Measures at past dates beside what came next.

    Attributes
    ----------
    panel : DataFrame
        Index date and coin. Every measure, the ``verdict``, and for each horizon of h days ``forward_h``: the
        log-return over the benchmark's, ``over_universe_h``: over the mean of all coins, ``drawdown_after_h``: the
        lowest close on the way, ``recovery_h``: from there to the end. [log] A coin that stopped trading keeps
        its last price.
    benchmark, source : str
    every : int
        Days between dates.
    horizons, windows : tuple of int
    rules : Rules
    complete : bool
        False if it was interrupted; what was done is here.
    seed : int
        Of the bootstrap.
    """

    panel: pd.DataFrame
    benchmark: str
    source: str
    every: int
    horizons: tuple[int, ...]
    windows: tuple[int, ...]
    rules: Rules
    complete: bool = True
    seed: int = 0

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The as-of dates."""
        return pd.DatetimeIndex(self.panel.index.get_level_values(0).unique())

    @property
    def measures(self) -> list[str]:
        """Columns of the panel that were known at the date."""
        after = (
            "forward_",
            "over_universe_",
            "recovery_",
            *(f"drawdown_after_{days}" for days in self.horizons),
        )
        return [
            name for name in map(str, self.panel.columns) if name != "verdict" and not name.startswith(after)
        ]

    @cached_property
    def table(self) -> pd.DataFrame:
        """What each measure is good for: index horizon and measure; see `hedging.screen.evidence.of_measures`."""
        parts = {}
        for days in self.horizons:
            found = evidence.rank_correlations(self.panel, self.measures, f"forward_{days}")
            parts[days] = evidence.of_measures(found, days, self.every, self.seed)
        return pd.concat(parts, names=["horizon"])

    @cached_property
    def drawdowns(self) -> pd.DataFrame:
        """The same of the lowest close on the way, which risk ranks better than return."""
        parts = {}
        for days in self.horizons:
            found = evidence.rank_correlations(self.panel, self.measures, f"drawdown_after_{days}")
            parts[days] = evidence.of_measures(found, days, self.every, self.seed)
        return pd.concat(parts, names=["horizon"])

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """What came after each verdict, wherever its rule held: index horizon and verdict."""
        asked = criteria(self.windows, self.rules, volume=self._has_volume)
        holds = pd.DataFrame(
            {name: rule_holds(self.panel, groups) for name, groups in asked.items()}, self.panel.index
        )
        holds["all"] = True
        parts = {
            days: evidence.of_verdicts(self.panel, holds, days, self.every, self.seed)
            for days in self.horizons
        }
        return pd.concat(parts, names=["horizon"])

    @property
    def _has_volume(self) -> bool:
        return f"volume_surge_{max(self.windows)}" in self.panel

    def episodes(self, verdict: str, apart: int = 30) -> pd.DataFrame:
        """First dates of a verdict, with what came next; a case within `apart` days of the last belongs to it.

        Raises
        ------
        InputError
            If there is no such verdict.
        """
        asked = criteria(self.windows, self.rules, volume=self._has_volume)
        if verdict not in asked:
            raise InputError(
                f"verdict must be one of {', '.join(asked)}; got {verdict!r}{meant(str(verdict), asked) or '.'}"
            )
        cases = self.panel[rule_holds(self.panel, asked[verdict])].swaplevel().sort_index()
        dates, coins = pd.DatetimeIndex(cases.index.get_level_values(1)), cases.index.get_level_values(0)
        new = np.ones(len(cases), dtype=bool)
        new[1:] = (coins[1:] != coins[:-1]) | (np.diff(dates.as_unit("ns").asi8) > apart * DAY.value)
        return cases[new].swaplevel().sort_index()

    def to_frame(self) -> pd.DataFrame:
        """What each measure is good for, one row a horizon and measure: `table`."""
        return self.table.reset_index()

    def to_dict(self) -> dict[str, Any]:
        """Plain values: both tables and how they were made."""
        from hedging.screen._plain import records

        return {
            "source": self.source,
            "benchmark": self.benchmark,
            "every": self.every,
            "dates": [str(self.dates[0].date()), str(self.dates[-1].date()), len(self.dates)],
            "complete": self.complete,
            "measures": records(self.table.reset_index()),
            "verdicts": records(self.verdicts.reset_index()),
        }

    def _page(self) -> Page:
        claimed = self.table[~self.table["claim"].str.startswith(("none", "too few"))]
        what = ["ic", "naive_t", "nw_t", "apart_t", "low", "high", "fdr", "claim"]
        ranked = claimed.reindex(claimed["t"].abs().sort_values(ascending=False).index)[what]
        few = self.table["claim"].str.startswith("too few").all()
        none = "none: too few periods that do not overlap" if few else "none"
        state = "" if self.complete else " (interrupted: what was done)"
        head = (
            f"{self.source}: {number_of(len(self.dates), 'date')} from {self.dates[0]:%Y-%m-%d} to {self.dates[-1]:%Y-%m-%d}, "
            f"against {self.benchmark}{state}"
        )
        rank = (
            f"measures that rank what comes next, by the weakest test ({len(claimed)} of {len(self.table)}):"
        )
        after = "after each verdict, log-return over the universe:"
        units = {"horizon": "days"}
        shown = Table(ranked.round(3), units, index=True, caption=rank) if len(ranked) else f"{rank} {none}"
        verdicts = Table(self.verdicts.round(3), units, index=True, caption=after, rows=len(self.verdicts))
        return Page(head, (shown, verdicts))


def history(
    prices: Prices,
    *,
    benchmark: str = "BTC",
    every: int = 7,
    horizons: Sequence[int] = (30, 90),
    windows: Sequence[int] = (30, 60, 90),
    start: str | dt.date | None = None,
    factors: Mapping[str, pd.Series[float]] | None = None,
    rules: Rules | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], object] | None = None,
    seed: int = 0,
) -> History:
    """Screen the past at many dates, each with data up to it only, and look at what came next.

    Parameters
    ----------
    prices : Prices
    benchmark, windows, factors, rules
        As in `run`.
    every : int
        Days between dates, counted back from the last bar.
    horizons : sequence of int
        Days to look ahead.
    start : str or date, optional
        First date; by default thirty days after the longest window is full.
    executor : Executor, optional
        Of `concurrent.futures`; the result is the same to the bit.
    progress : callable, optional
        Called with dates done and in all.
    seed : int
        Of the bootstrap.

    Returns
    -------
    History
        After Ctrl-C of what was done by then, if anything was.

    Raises
    ------
    InputError
        If a number of days is none, or the file holds no date with the windows before it.
    """
    windows = check_windows(windows)
    must_be("horizons", horizons, Iterable, hint="Write (30, 90), or (30,) for one.")
    for name, days in (("every", every), *(("horizons", days) for days in horizons)):
        if isinstance(days, bool) or not isinstance(days, (int, np.integer)) or days < 1:
            raise InputError(f"{name} must be whole numbers of days >= 1; got {days!r}.")
    if not horizons:
        raise InputError("horizons must name at least one number of days.")
    rules = rules or Rules()
    prices = prices.daily()
    stamps = _dates(prices, every, windows, start)
    parts, complete = _screened(prices, stamps, (benchmark, windows, factors), executor, progress)
    panel = pd.concat(parts, names=["date", "coin"])
    panel = panel.join(_outcomes(prices, panel.index, benchmark, horizons))
    panel["verdict"] = judge(panel, criteria(windows, rules, volume=f"volume_surge_{max(windows)}" in panel))
    return History(
        panel, benchmark, prices.source, int(every), tuple(horizons), windows, rules, complete, seed
    )


def _dates(
    prices: Prices, every: int, windows: Sequence[int], start: str | dt.date | None
) -> pd.DatetimeIndex:
    """As-of dates, counted back from the last bar; those with a hole of the file in the window fall out."""
    warm = max(*windows, BREAK_WINDOW) + (WARM_UP if start is None else 0)
    stamps = prices.stamps
    count = int((stamps[-1] - stamps[0] - warm * DAY) // (every * DAY))
    wanted = pd.DatetimeIndex([stamps[-1] - place * every * DAY for place in range(count, -1, -1)])
    if start is not None:
        try:
            first = pd.Timestamp(start, tz="UTC")
        except (TypeError, ValueError) as error:
            raise InputError(f"start must be a date, such as 2024-01-31; got {start!r}.") from error
        wanted = wanted[wanted >= first]
    back = max(*windows, BREAK_WINDOW + BREAK_DAYS) if start is None else max(windows)
    whole = [date for date in wanted if _whole(stamps, date, back)]
    if not whole:
        raise InputError(
            f"{prices.source} has no date with {number_of(back, 'day')} in a row before it; it runs from {stamps[0]:%Y-%m-%d} to "
            f"{stamps[-1]:%Y-%m-%d}. Shorten windows, or bring a longer file."
        )
    return pd.DatetimeIndex(whole)


def _whole(stamps: pd.DatetimeIndex, date: pd.Timestamp, days: int) -> bool:
    last = int(stamps.searchsorted(date))
    return last - days >= 0 and stamps[last] == date and stamps[last - days] == date - days * DAY


def _screened(
    prices: Prices,
    dates: pd.DatetimeIndex,
    how: tuple[str, Sequence[int], Mapping[str, pd.Series[float]] | None],
    executor: Executor | None,
    progress: Callable[[int, int], object] | None,
) -> tuple[dict[pd.Timestamp, pd.DataFrame], bool]:
    """Measures at every date, and whether all of them were done."""
    done: dict[pd.Timestamp, pd.DataFrame] = {}
    tasks = [dates[first : first + DATES_A_TASK] for first in range(0, len(dates), DATES_A_TASK)]
    try:
        for found in _results(prices, tasks, how, executor):
            done |= found
            if progress is not None:
                progress(len(done), len(dates))
    except KeyboardInterrupt:
        if not done:
            raise
        return done, False
    return done, True


def _results(
    prices: Prices,
    tasks: list[pd.DatetimeIndex],
    how: tuple[str, Sequence[int], Mapping[str, pd.Series[float]] | None],
    executor: Executor | None,
) -> Iterator[dict[pd.Timestamp, pd.DataFrame]]:
    if executor is None:
        for task in tasks:
            yield _measured(prices, task, how)
        return
    futures = [executor.submit(_measured, prices, task, how) for task in tasks]
    try:
        for future in futures:
            yield future.result()
    finally:
        for future in futures:
            future.cancel()


def _measured(
    prices: Prices,
    dates: pd.DatetimeIndex,
    how: tuple[str, Sequence[int], Mapping[str, pd.Series[float]] | None],
) -> dict[pd.Timestamp, pd.DataFrame]:
    """Measures at some dates; each sees what `Prices.until` hands it."""
    return {date: measure(prices.until(date.date()), *how).table for date in dates}


def _outcomes(prices: Prices, rows: pd.Index, benchmark: str, horizons: Sequence[int]) -> pd.DataFrame:
    """What came after each row: hindsight, and kept apart from all that was measured."""
    whole = prices.until()
    logs = pd.DataFrame(np.log(whole.fields["close"]), whole.stamps, list(whole.coins)).ffill()
    found: dict[str, list[pd.Series[float]]] = {}
    for key, of_date in rows.to_frame(index=False).groupby("date", sort=False):
        date = pd.Timestamp(str(key))
        first = int(whole.stamps.searchsorted(date))
        coins = list(of_date["coin"])
        for days in horizons:
            last = first + days
            there = last < len(whole) and whole.stamps[last] == date + days * DAY
            path = logs.iloc[first : last + 1] - logs.iloc[first]
            end = path.iloc[-1] if there else path.iloc[-1] * math.nan
            of_universe = end[coins].mean()
            low = path[coins].min() if there else end[coins]
            values = {
                f"forward_{days}": end[coins]
                - _benchmark_end(end, coins, benchmark, whole.fields, first, whole.coins),
                f"over_universe_{days}": end[coins] - of_universe,
                f"drawdown_after_{days}": low,
                f"recovery_{days}": end[coins] - low,
            }
            for name, series in values.items():
                found.setdefault(name, []).append(series)
    return pd.DataFrame({name: np.concatenate(parts) for name, parts in found.items()}, rows)


def _benchmark_end(
    end: pd.Series[float],
    coins: list[str],
    benchmark: str,
    fields: Mapping[str, Any],
    first: int,
    names: tuple[str, ...],
) -> pd.Series[float] | float:
    """Log-return of the benchmark over a horizon; of the other coins where it is their mean."""
    if benchmark not in (EQUAL, VOLUME):
        return float(end[benchmark])
    weights = pd.Series(1.0, coins)
    if benchmark == VOLUME:
        traded = (
            fields["quote_volume"][first]
            if "quote_volume" in fields
            else (fields["volume"] * fields["close"])[first]
        )
        weights = pd.Series(traded, list(names))[coins].fillna(0.0)
    return ((weights * end[coins]).sum() - weights * end[coins]) / (weights.sum() - weights)

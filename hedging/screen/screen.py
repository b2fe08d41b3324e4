"""Bottom performers: which coins decline, why, and what that was worth knowing before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtr

from hedging._extras import require
from hedging._ground.arguments import whole
from hedging._ground.cells import SHARE
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import ROWS_SHOWN, Page, Table
from hedging.errors import InputError
from hedging.prices import Event, Prices
from hedging.screen._plain import plain, records
from hedging.screen._reading_order import UNITS, evidence_of_decay, summarised, weakest_first
from hedging.screen.evidence import false_discovery, two_sided
from hedging.screen.history import History
from hedging.screen.measures import check_windows, measure
from hedging.screen.rules import UNCLEAR, Rules, criteria, judge
from hedging.screen.strength import z_scores

__all__ = ["Screen", "Verdict", "Vote", "run"]

NORMAL_TS: Final = ("velocity_t", "acceleration_t", "break", "break_peers")
CAUTION: Final = "It shows what is, not what comes: a long window sees decay, never a run, and past losers do not go on losing."


@dataclass(frozen=True, slots=True, repr=False)
class Vote(Shown):
    """One measure of one coin against the threshold of a verdict.

    Attributes
    ----------
    verdict, measure : str
    value : float
    relation : str
        ``<``, ``<=``, ``>`` or ``>=``.
    threshold : float
    holds : bool
    """

    verdict: str
    measure: str
    value: float
    relation: str
    threshold: float
    holds: bool

    def __str__(self) -> str:
        return f"{self.measure} {self.value:+.2f} {self.relation} {self.threshold:g}: {'yes' if self.holds else 'no'}"


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(Shown):
    """What a coin's decline looks like, with every vote for and against.

    Attributes
    ----------
    coin, word : str
    votes : tuple of Vote
        Of all verdicts.
    past : mapping of str to float, or None
        What came after the same verdict in a `History`, by its shortest horizon: ``cases``, ``mean``, ``low``,
        ``high`` over the universe, share that ``lagged`` and that ``lost_half``.
    """

    coin: str
    word: str
    votes: tuple[Vote, ...]
    past: Mapping[str, float] | None = None

    @property
    def deciding(self) -> tuple[Vote, ...]:
        """The votes on the verdict that was given."""
        return tuple(vote for vote in self.votes if vote.verdict == self.word)

    def __str__(self) -> str:
        why = "; ".join(map(str, self.deciding)) or "no rule holds"
        return f"{self.coin}: {self.word} ({why}){self._past_text()}"

    def _past_text(self) -> str:
        if self.past is None:
            return ""
        cases, low, high = (self.past[name] for name in ("cases", "low", "high"))
        if not cases:
            return ". No past case"
        interval = "too few weeks for an interval" if math.isnan(low) else f"{low:+.1%} to {high:+.1%}"
        return (
            f". After {number_of(cases, 'past case')}: {self.past['mean']:+.1%} over the universe "
            f"({interval}), {self.past['lagged']:.0%} lagged, "
            f"{self.past['lost_half']:.1%} lost half against the benchmark"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Screen(Shown):
    """Measures and verdicts of every coin at one instant.

    Attributes
    ----------
    table : DataFrame
        Index coin; a column a measure, those of a window with its days. Beside strength its cross-sectional
        ``z`` and ``rank`` (1 is the weakest), beside each t and z its false discovery rate, ``_fdr``.
    excluded : DataFrame
        ``coin, window, reason``.
    events : tuple of Event
        What was odd about the prices by then.
    verdicts : mapping of str to Verdict
    as_of : Timestamp
        Time of the last bar.
    benchmark, source : str
    windows : tuple of int
    rules : Rules
    """

    table: pd.DataFrame
    excluded: pd.DataFrame
    events: tuple[Event, ...]
    verdicts: Mapping[str, Verdict]
    as_of: pd.Timestamp
    benchmark: str
    source: str
    windows: tuple[int, ...]
    rules: Rules

    def rank(self, name: str) -> pd.Series[float]:
        """Ranks by a measure, 1 the lowest.

        Raises
        ------
        InputError
            If there is no such measure.
        """
        if name not in self.table:
            raise InputError(f"there is no measure {name!r}; the table has {', '.join(self.table.columns)}.")
        return self.table[name].rank(method="min")

    def weakest(self, count: int | None = None) -> list[str]:
        """Coins from the weakest verdict on, within one by t of alpha over the longest window."""
        if count is not None:
            whole("count", count, least=0)
        return weakest_first(self.table, self._words, self.windows)[:count]

    @property
    def _words(self) -> dict[str, str]:
        return {coin: verdict.word for coin, verdict in self.verdicts.items()}

    def summary(self) -> pd.DataFrame:
        """The columns that a reader looks at first, weakest coin first."""
        return summarised(self.table, self._words, self.windows)

    def to_frame(self) -> pd.DataFrame:
        """The whole table with the verdicts."""
        words = [self.verdicts[coin].word for coin in self.table.index]
        return pd.concat([pd.Series(words, self.table.index, name="verdict"), self.table], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON holds them; null is what is not there or has no bound."""
        return {
            "as_of": str(self.as_of),
            "source": self.source,
            "benchmark": self.benchmark,
            "windows": list(self.windows),
            "rules": {name: getattr(self.rules, name) for name in Rules.__dataclass_fields__},
            "coins": records(self.to_frame().reset_index()),
            "verdicts": [
                {
                    "coin": verdict.coin,
                    "verdict": verdict.word,
                    "votes": [
                        {name: plain(getattr(vote, name)) for name in Vote.__slots__}
                        for vote in verdict.votes
                    ],
                    "past": None if verdict.past is None else {k: plain(v) for k, v in verdict.past.items()},
                }
                for verdict in self.verdicts.values()
            ],
            "excluded": records(self.excluded),
            "events": [
                {name: plain(getattr(event, name)) for name in Event.__slots__} for event in self.events
            ],
        }

    def _heading(self) -> str:
        excluded = self.excluded["coin"].nunique()
        return (
            f"{number_of(len(self.table), 'coin')} against {self.benchmark}, last bar {self.as_of:%Y-%m-%d} ({self.source}); "
            f"{number_of(excluded, 'coin')} without a window, {number_of(len(self.events), 'event')}"
        )

    def _page(self) -> Page:
        table = self.summary()
        verdicts = [self.verdicts[coin] for coin in table.index[:ROWS_SHOWN]]
        given = [str(verdict) for verdict in verdicts if verdict.word != UNCLEAR][:5]
        units, said = {"own vol": SHARE}, filter(None, [evidence_of_decay(table)])
        return Page(
            self._heading(), (Table(table.round(3), units, index=True), UNITS, *given, *said, CAUTION)
        )


def run(
    prices: Prices,
    benchmark: str = "BTC",
    at: str | dt.date | pd.Timestamp | None = None,
    windows: Sequence[int] = (30, 60, 90),
    *,
    factors: Mapping[str, pd.Series[float]] | None = None,
    rules: Rules | None = None,
    history: History | None = None,
) -> Screen:
    """Screen coins for decline, with what was known at a time.

    Parameters
    ----------
    prices : Prices
        Daily bars, or shorter ones, of which days are made.
    benchmark : str
        A coin, ``"equal"`` (mean of the other coins) or ``"volume"`` (the same, by the volume of the day before).
    at : str, date or Timestamp, optional
        As in `Prices.until`; by default all bars.
    windows : sequence of int
        Days, at least ten each.
    factors : mapping of str to Series, optional
        Further daily series beside the benchmark, by date: changes of a dollar index, a liquidity measure. Each
        needs a value on every day of a window, as it was known then.
    rules : Rules, optional
        Thresholds of the verdicts.
    history : History, optional
        Past cases to put beside the verdicts; see `hedging.screen.history`.

    Returns
    -------
    Screen

    Raises
    ------
    InputError
        If the benchmark is absent or has holes, a window is longer than the file, no coin can be measured, or
        `at` lies outside the file.
    MissingExtraError
        If the extra `stats` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> days = pd.date_range("2026-01-01", periods=150)
    >>> rng = np.random.default_rng(1)
    >>> moves = rng.normal(0, 0.03, (150, 4)).cumsum(axis=0)
    >>> table = pd.DataFrame(100 * np.exp(moves), days, ["BTC", "ETH", "SOL", "DOGE"])
    >>> found = run(Prices.from_frame(table), windows=(30, 90))
    >>> found.as_of, len(found.table)
    (Timestamp('2026-05-30 00:00:00+0000', tz='UTC'), 3)
    """
    require("statsmodels.stats.multitest", "stats")
    if not isinstance(prices, Prices):
        raise InputError(f"prices must be Prices, as read_prices gives them; got {type(prices).__name__}.")
    windows = check_windows(windows)
    rules = rules or Rules()
    past = prices.daily().until(at)
    measured = measure(past, benchmark, windows, factors)
    table = _beside(measured.table, windows, 2 + len(factors or {}))
    asked = criteria(windows, rules, volume=f"volume_surge_{max(windows)}" in table)
    words = judge(table, asked).to_dict()
    evidence = None if history is None else history.verdicts.xs(min(history.horizons), level="horizon")
    verdicts = {}
    for coin, row in table.to_dict(orient="index").items():
        word = words[coin]
        votes = tuple(
            Vote(name, test.measure, row.get(test.measure, np.nan), test.relation, test.threshold, bool(held))
            for name, groups in asked.items()
            for group in groups
            for test in group.tests
            for held in test.holds(pd.Series([row.get(test.measure, np.nan)]))
        )
        beside: dict[str, float] | None = None
        if evidence is not None and word in evidence.index:
            beside = {
                name: float(value)
                for name, value in zip(evidence, evidence.loc[word].to_numpy(), strict=True)
            }
        verdicts[str(coin)] = Verdict(str(coin), word, votes, beside)
    noted = tuple(event for event in prices.noted if event.first <= past.at)
    return Screen(
        table,
        measured.excluded,
        (*noted, *past.events),
        verdicts,
        past.as_of,
        benchmark,
        prices.source,
        windows,
        rules,
    )


def _beside(table: pd.DataFrame, windows: Sequence[int], regressors: int) -> pd.DataFrame:
    """Put z and rank beside strength, and a false discovery rate beside each t and z."""
    added: dict[str, Any] = {}
    for days in windows:
        for name in ("strength", "beta_strength"):
            column = table.get(f"{name}_{days}")
            if column is not None:
                added[f"{name}_z_{days}"] = z_scores(column.to_numpy(dtype=float))
                added[f"{name}_rank_{days}"] = column.rank(method="min").to_numpy()
        t = table.get(f"alpha_t_{days}")
        if t is not None:
            p = 2.0 * stdtr(days - regressors, -np.abs(t.to_numpy(dtype=float)))
            added[f"alpha_t_{days}_fdr"] = false_discovery(p)
        for kind in ("vr2", "vr5", "residual_vr2", "residual_vr5"):
            z = table.get(f"{kind}_z_{days}")
            if z is not None:
                added[f"{kind}_z_{days}_fdr"] = false_discovery(two_sided(z.to_numpy(dtype=float)))
    for name in NORMAL_TS:
        if name in table:
            added[f"{name}_fdr"] = false_discovery(two_sided(table[name].to_numpy(dtype=float)))
    return pd.concat([table, pd.DataFrame(added, table.index)], axis=1)

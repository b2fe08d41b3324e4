"""Strategies side by side, each from many first days: one start is luck."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from hedging._ground.cells import SIGNED_SHARE, formatted
from hedging._ground.counts import number_of
from hedging._ground.shown import Shown, plain
from hedging._ground.tables import Page, Table
from hedging.backtest.intervals import interval
from hedging.backtest.remarks import UNUSED
from hedging.backtest.result import Backtest
from hedging.backtest.rules import Rules
from hedging.backtest.run import check_kinds, check_strategy, replayed
from hedging.backtest.state import Strategy, name_of
from hedging.backtest.strategies import Hold, hold
from hedging.backtest.sweep import Row, refused_starts, sweep, swept, table_of
from hedging.backtest.tape import Tape
from hedging.book import Book
from hedging.errors import InputError
from hedging.margin import MarginModel

__all__ = ["Comparison", "Starts", "compare", "comparing", "starts"]

STARTS = 28  # four weeks: each weekday and each place in the month of expiries
SHOWN = ("return", "against holding", "max drawdown", "coins at the end")


@dataclass(frozen=True, eq=False, repr=False)
class Starts(Shown):
    """One strategy begun on many days.

    Attributes
    ----------
    name : str
    table : DataFrame
        One row a start; see `sweep`.
    """

    name: str
    table: pd.DataFrame

    @property
    def spread(self) -> pd.DataFrame:
        """``mean, worst, best`` over the starts: return, return above holding, drawdown."""
        numbers = self.table[["return", "against holding", "max drawdown"]]
        return pd.DataFrame({"mean": numbers.mean(), "worst": numbers.min(), "best": numbers.max()})

    def _page(self) -> Page:
        kind = "" if "quotes" not in self.table else f", {self.table['quotes'].iloc[0]} quotes"
        spread = self.spread.rename_axis("over the starts")
        shown = Table(spread, dict.fromkeys(spread.columns, SIGNED_SHARE), index=True)
        refused = refused_starts(
            {"start": f"{row['start']:%Y-%m-%d}", "refused": row.get("refused")}
            for row in self.table.to_dict("records")
        )
        begun = number_of(len(self.table) - len(refused), "day")
        return Page(
            f"{self.name}, begun on each of {begun}{kind}", (shown, *_left_out(refused, len(self.table)))
        )


def starts(
    book: Book,
    tape: Tape,
    strategy: Strategy,
    count: int | None = None,
    *,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
) -> Starts:
    """Run the same strategy begun on each of the first days.

    Parameters
    ----------
    book, tape, strategy, rules, account
        As in `run`.
    count : int, optional
        How many days; each begins at its first snapshot and runs to the end of the tape. By default 28, or half of
        the tape's days if that is fewer, so that no run is shorter than half of it.
    executor : Executor, optional
        As in `sweep`.

    Raises
    ------
    InputError
        As `run`, and if the tape has not so many days.
    """
    name = name_of(strategy)
    count = _usual(tape) if count is None else count
    table = sweep(book, tape, {name: strategy}, starts=count, rules=rules, account=account, executor=executor)
    return Starts(name, table)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Strategies side by side.

    Attributes
    ----------
    runs : tuple of Backtest
        Each from the first snapshot; holding comes first.
    rows : tuple of mapping
        Numbers of each start of each strategy; `starts` is their table.
    names : tuple of str
        The strategies that were asked for, some of which may be missing in what was interrupted.
    count : int
        How many days each is begun on.
    """

    runs: tuple[Backtest, ...]
    rows: tuple[Row, ...]
    names: tuple[str, ...]
    count: int

    @cached_property
    def starts(self) -> pd.DataFrame:
        """One row a strategy and start; see `sweep`."""
        return table_of(self.rows)

    @property
    def table(self) -> pd.DataFrame:
        """One row a strategy: the run from the first day, and mean, worst and best return above holding of all starts."""
        rows = {}
        for done in self.runs:
            found = done.numbers()
            row = {name: found[name] for name in SHOWN}
            row["cost a year"] = found["spread a year"] + found["fees a year"] + found["funding a year"]
            row["crash captured"] = done.crash.captured
            row["hours without overlay"] = found["hours without overlay"]
            each = pd.Series([begun.get("against holding") for begun in self._of(done.name)], dtype=float)
            row |= {"mean": each.mean(), "worst": each.min(), "best": each.max()}
            rows[done.name] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strategy")

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """One row a strategy that traded: ``value, low, high`` of its log-return above holding a year; see `interval`.

        Runs too short for a bootstrap, and bankrupt ones, have none.
        """
        found = {}
        for done in self.runs:
            if done.holding is not None and any(entry.kind == "open" for entry in done.entries):
                with suppress(InputError):
                    found[done.name] = interval(done).loc["against holding a year", ["value", "low", "high"]]
        table = pd.DataFrame.from_dict(found, orient="index", columns=["value", "low", "high"])
        return table.rename_axis("strategy")

    def _of(self, name: str) -> list[Row]:
        return [row for row in self.rows if row["variant"] == name]

    @property
    def unfinished(self) -> str:
        """What was asked for and is not done, as an interruption leaves it; empty where all is."""
        said = []
        for done in self.runs:
            begun = len(self._of(done.name))
            if begun < self.count:
                said.append(f"{begun} of {number_of(self.count, 'start')} of {done.name} done")
        known = {done.name for done in self.runs}
        if missing := [name for name in self.names if name not in known]:
            said.append(f"{', '.join(missing)} not begun")
        return "; ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it."""
        found: dict[str, Any] = plain(
            {
                "quotes": self.runs[0].tape.kind,
                "starts": self.count,
                "table": self.table.reset_index().to_dict("records"),
                "intervals": self.intervals.reset_index().to_dict("records"),
                "left out": list(self.runs[0].tape.skipped),
                "unusable": {when.isoformat(): why for when, why in self.runs[0].tape.unusable},
                "each start": self.starts.to_dict("records"),
                "runs": [done.to_dict() for done in self.runs],
            }
        )
        return found

    def shown(self) -> pd.DataFrame:
        """`table` as text."""
        table = self.table
        percent = [*SHOWN[:3], "mean", "worst", "best"]
        forms = dict.fromkeys(percent, "+.2%") | {
            "coins at the end": ".6f",
            "cost a year": ",.0f",
            "crash captured": ".0%",
            "hours without overlay": ".1f",
        }
        return pd.DataFrame(
            {name: [formatted(value, forms[name]) for value in table[name]] for name in table.columns},
            index=table.index,
        )

    def _head(self) -> str:
        first, last = self.runs[0], max(done.times[-1] for done in self.runs)
        refused = len(refused_starts(self.rows))
        over = (
            f"over {f'{self.count - refused} of ' if refused else ''}{number_of(self.count, 'start')}"
            if self.count > 1
            else "of one start, which is luck: begin on more days"
        )
        return (
            f"{first.tape.asset}, {first.times[0]:%Y-%m-%d} to {last:%Y-%m-%d}, {first.tape.kind} quotes; "
            f"cost a year against holding; mean, worst and best return above holding {over}"
        )

    def _page(self) -> Page:
        shown = self.shown().rename_axis("strategy")
        units = {"cost a year": self.runs[0].tape.currency, "coins at the end": self.runs[0].tape.asset}
        table = Table(shown, units, index=True, right=tuple(shown.columns))
        refused = _left_out(refused_starts(self.rows), self.count)
        unfinished = [f"Interrupted: {self.unfinished}."] if self.unfinished else []
        margin = [f"Margin: {each}." for each in dict.fromkeys(done.margin for done in self.runs) if each]
        said = (*margin, *unfinished, *refused, *self._ended(), *self._idle(), *self._remarks())
        return Page(self._head(), (table, *_shown_intervals(self.intervals), *said))

    def _remarks(self) -> list[str]:
        """What is to be known of the runs, each thing said once."""
        by_text: dict[str, list[str]] = {}
        for done in self.runs:
            for text in done.remarks:
                by_text.setdefault(text, []).append(done.name)
        for text in [text for text, names in by_text.items() if text.startswith(UNUSED)]:
            if len(by_text[text]) < len(self.runs):  # another run has used it
                del by_text[text]
        return [f"{', '.join(names)}: {text}" for text, names in by_text.items()]

    def _ended(self) -> list[str]:
        """Runs that end before the tape does, and why."""
        early: dict[str, list[str]] = {}
        for done in self.runs:
            if done.times[-1] < done.tape.times[-1]:
                early.setdefault(done.ended, []).append(done.name)
        return [f"{', '.join(names)}: ended early, as {why}{_way_past(why)}." for why, names in early.items()]

    def _idle(self) -> list[str]:
        """Strategies that never traded, and why: they would look like holding."""
        said = []
        for done in self.runs:
            if not isinstance(done.strategy, Hold) and not any(
                entry.kind == "open" for entry in done.entries
            ):
                asked = {what: n for what, n in done.counts.items() if what.startswith(("waited", "refused"))}
                why = max(asked, key=lambda what: asked[what], default="nothing was asked for")
                head, _, reason = why.partition(": ")
                why = f"{head}: {done.waits.get(reason, reason)}" if reason else why
                said.append(f"{done.name} never traded ({why}).")
        return said


def compare(
    book: Book,
    tape: Tape,
    strategies: Mapping[str, Strategy] | Iterable[Strategy],
    *,
    starts: int | None = None,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Replay strategies side by side, each also begun on each of the first days.

    Parameters
    ----------
    book, tape, rules, account
        As in `run`.
    strategies : mapping of name to Strategy, or several of them
        Holding is added in front if it is not among them.
    starts : int, optional
        How many days to begin on; by default as in `hedging.backtest.starts`.
    executor : Executor, optional
        As in `sweep`.

    Raises
    ------
    InputError
        As `run`; and if two strategies have one name, or the tape has not so many days.
    """
    growing = comparing(
        book, tape, strategies, starts=starts, rules=rules, account=account, executor=executor
    )
    return deque(growing, maxlen=1)[0]


def comparing(
    book: Book,
    tape: Tape,
    strategies: Mapping[str, Strategy] | Iterable[Strategy],
    *,
    starts: int | None = None,
    rules: Rules | None = None,
    account: MarginModel | None = None,
    executor: Executor | None = None,
) -> Iterator[Comparison]:
    """Comparison that grows run by run: who is interrupted keeps the last one, who waits sees how far it is.

    Parameters
    ----------
    book, tape, strategies, starts, rules, account, executor
        As in `compare`.

    Yields
    ------
    Comparison
        What is done so far; the last one is that of `compare`.

    Raises
    ------
    InputError
        As `compare`, when the first is asked for.
    """
    check_kinds(book, tape, hold, rules, account)
    named = _named(strategies)
    for each in named.values():
        check_strategy(each)
    rules = rules or Rules()
    count = _usual(tape) if starts is None else starts
    runs: tuple[Backtest, ...] = ()
    rows: tuple[Row, ...] = ()
    holds: dict[int, Backtest] = {}  # by first snapshot: every strategy is held against the same runs
    # Here one strategy after the other is finished; workers get all of them at once, to be busy to the end.
    groups = [named] if executor is not None else [{name: each} for name, each in named.items()]
    for group in groups:
        runs += tuple(
            replayed(book, tape, each, rules, account, 0, holds, name) for name, each in group.items()
        )
        yield Comparison(runs, rows, tuple(named), count)
        done: dict[int, Row] = {}
        for place, row in swept(
            book,
            tape,
            group,
            starts=count,
            rules=rules,
            account=account,
            executor=executor,
            holds=holds,
        ):
            done[place] = row
            yield Comparison(runs, (*rows, *(done[at] for at in sorted(done))), tuple(named), count)
        rows += tuple(done[at] for at in sorted(done))


def _left_out(refused: Mapping[str, str], count: int) -> list[str]:
    """Starts that are left out, the first three by name."""
    if not refused:
        return []
    named = [f"{when[:10]} ({why})" for when, why in list(refused.items())[:3]]
    more = f" and {len(refused) - 3} more" if len(refused) > 3 else ""
    return [f"{len(refused)} of {number_of(count, 'start')} left out: {', '.join(named)}{more}."]


def _shown_intervals(table: pd.DataFrame) -> list[Table | str]:
    """The intervals as a table below the first; nothing where there are none."""
    if table.empty:
        return []
    said = table.rename(columns={"value": "against holding a year"})
    said = said.rename_axis("95 % of the stationary bootstrap, log-return")
    return ["", Table(said, dict.fromkeys(said.columns, SIGNED_SHARE), index=True)]


def _way_past(why: str) -> str:
    """The way past a hole, where one ended a run."""
    return ": longest_gap= of the rules goes across longer ones" if why.startswith("a hole") else ""


def _usual(tape: Tape) -> int:
    """Days to begin on, unless said otherwise: 28, or half of those there are."""
    return max(1, min(STARTS, tape.times.normalize().nunique() // 2))


def _named(strategies: Mapping[str, Strategy] | Iterable[Strategy]) -> dict[str, Strategy]:
    """Strategies by name, holding first."""
    found = dict(strategies) if isinstance(strategies, Mapping) else {}
    if not isinstance(strategies, Mapping):
        for strategy in strategies:
            check_strategy(strategy)
            name = name_of(strategy)
            if name in found:
                raise InputError(f"two strategies are called {name!r}; pass a mapping of names.")
            found[name] = strategy
    if not found:
        raise InputError("a comparison needs at least one strategy; got none.")
    if not any(isinstance(strategy, Hold) for strategy in found.values()):
        found = {hold.name: hold, **found}
    return found

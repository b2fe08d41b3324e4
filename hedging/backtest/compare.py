"""Strategies side by side, each from many first days: one start is luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.shown import Shown
from hedging._ground.tables import frame_text
from hedging.backtest.result import Backtest, plain
from hedging.backtest.rules import Rules
from hedging.backtest.run import run
from hedging.backtest.state import Strategy
from hedging.backtest.strategies import Hold, hold
from hedging.backtest.sweep import sweep
from hedging.backtest.tape import Tape
from hedging.book import Book
from hedging.errors import InputError
from hedging.margin import MarginModel

__all__ = ["Comparison", "Starts", "compare", "name_of", "starts"]

STARTS = 28
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

    def __repr__(self) -> str:
        shown = self.spread.map("{:+.1%}".format)
        return f"{self.name}, begun on each of {number_of(len(self.table), 'day')}\n{frame_text(shown)}"

    def _repr_html_(self) -> str:
        shown = self.spread.map("{:+.1%}".format).to_html(border=0)
        return f"<b>{escape(self.name)}, begun on each of {number_of(len(self.table), 'day')}</b>{shown}"


def starts(
    book: Book,
    tape: Tape,
    strategy: Strategy,
    count: int = STARTS,
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
    count : int
        How many days; each begins at its first snapshot and runs to the end of the tape.
    executor : Executor, optional
        As in `sweep`.

    Raises
    ------
    InputError
        As `run`, and if the tape has not so many days.
    """
    name = name_of(strategy)
    table = sweep(book, tape, {name: strategy}, starts=count, rules=rules, account=account, executor=executor)
    return Starts(name, table)


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown):
    """Strategies side by side.

    Attributes
    ----------
    runs : tuple of Backtest
        Each from the first snapshot; holding comes first.
    starts : DataFrame
        One row a strategy and start; see `sweep`.
    count : int
        How many days each was begun on.
    """

    runs: tuple[Backtest, ...]
    starts: pd.DataFrame
    count: int

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
            each = self.starts.loc[self.starts["variant"] == done.name, "against holding"]
            row |= {"mean": each.mean(), "worst": each.min(), "best": each.max()}
            rows[done.name] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strategy")

    def joined(self, other: Comparison) -> Comparison:
        """These strategies and those of another comparison over the same tape and starts; what both have counts once."""
        known = {done.name for done in self.runs}
        new = tuple(done for done in other.runs if done.name not in known)
        rows = other.starts[other.starts["variant"].isin([done.name for done in new])]
        return Comparison(self.runs + new, pd.concat([self.starts, rows], ignore_index=True), self.count)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON knows it."""
        found: dict[str, Any] = plain(
            {
                "quotes": self.runs[0].tape.kind,
                "starts": self.count,
                "table": self.table.reset_index().to_dict("records"),
                "each start": self.starts.to_dict("records"),
                "runs": [done.to_dict() for done in self.runs],
            }
        )
        return found

    def shown(self) -> pd.DataFrame:
        """`table` as text."""
        table = self.table
        percent = [*SHOWN[:3], "mean", "worst", "best"]
        text = {name: table[name].map("{:+.2%}".format) for name in percent}
        text["coins at the end"] = table["coins at the end"].map("{:.6f}".format)
        text["cost a year"] = table["cost a year"].map("{:,.0f}".format)
        text["crash captured"] = table["crash captured"].map("{:.0%}".format)
        text["hours without overlay"] = table["hours without overlay"].map("{:.1f}".format)
        return pd.DataFrame({name: text[name] for name in table.columns})

    def _head(self) -> str:
        first = self.runs[0]
        return (
            f"{first.tape.asset}, {first.times[0]:%Y-%m-%d} to {first.times[-1]:%Y-%m-%d}, {first.tape.kind} quotes; "
            f"mean, worst and best return above holding over {number_of(self.count, 'start')}"
        )

    def __repr__(self) -> str:
        return f"{self._head()}\n{frame_text(self.shown())}"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self._head())}</b></p>{self.shown().to_html(border=0)}"


def compare(
    book: Book,
    tape: Tape,
    strategies: Mapping[str, Strategy] | Iterable[Strategy],
    *,
    starts: int = STARTS,
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
    starts : int
        How many days to begin on.
    executor : Executor, optional
        As in `sweep`.

    Raises
    ------
    InputError
        As `run`; and if two strategies have one name, or the tape has not so many days.
    """
    named = _named(strategies)
    runs = tuple(
        run(book, tape, strategy, rules=rules, account=account, name=name) for name, strategy in named.items()
    )
    table = sweep(book, tape, named, starts=starts, rules=rules, account=account, executor=executor)
    return Comparison(runs, table, starts)


def _named(strategies: Mapping[str, Strategy] | Iterable[Strategy]) -> dict[str, Strategy]:
    """Strategies by name, holding first."""
    if isinstance(strategies, Mapping):
        found = dict(strategies)
    else:
        found = {}
        for strategy in strategies:
            name = name_of(strategy)
            if name in found:
                raise InputError(f"two strategies are called {name!r}; pass a mapping of names.")
            found[name] = strategy
    if not found:
        raise InputError("a comparison needs at least one strategy; got none.")
    if not any(isinstance(strategy, Hold) for strategy in found.values()):
        found = {hold.name: hold, **found}
    return found


def name_of(strategy: Strategy) -> str:
    """What a strategy is called in tables."""
    return str(getattr(strategy, "name", "") or getattr(strategy, "__name__", "strategy"))

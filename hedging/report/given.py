"""A screen and a backtest that were run before, as their files tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pandas as pd

from hedging._ground.file_kinds import kind_of_value
from hedging.errors import InputError
from hedging.plots.legends import legend
from hedging.plots.style import MARKERS, SERIES
from hedging.report.blocks import ROWS_SHOWN, Block, Column, Notice, Section, Text, tabled
from hedging.report.pictures import Studio
from hedging.report.subject import Subject
from hedging.report.words import NOTHING, exact, per_cent, read
from hedging.screen._reading_order import UNITS, evidence_of_decay, summarised
from hedging.screen.rules import UNCLEAR
from hedging.screen.screen import Verdict, Vote
from hedging.units import utc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["backtest", "check_given", "screen"]

Records: TypeAlias = Sequence[Mapping[str, Any]]

# What a file must have to be one, lists of rows first, and the command that writes it.
KINDS: Final = {
    "backtest": (("table", "runs", "starts"), "hedging backtest ... --json FILE"),
    "screen": (("coins", "verdicts", "benchmark"), "hedging screen ... --json FILE"),
}
SHARES: Final = ("return", "against holding", "max drawdown", "crash captured", "mean", "worst", "best")
NAMES: Final = {"own vol": "own vol [% a year]", "hours without overlay": "without overlay [hours]"}


def check_given(kind: str, content: object) -> Mapping[str, Any]:
    """A result as plain values, if it is one of that kind.

    Raises
    ------
    InputError
        If it is not.
    """
    needed, how = KINDS[kind]
    if isinstance(content, str | Path):
        raise InputError(
            f"the {kind} must be read before: it is the name of a file, {str(content)!r}; json.loads(Path(...).read_text())."
        )
    plain = content.to_dict() if hasattr(content, "to_dict") else content
    if not (isinstance(plain, Mapping) and all(name in plain for name in needed)):
        is_one = kind_of_value(plain) or "none"
        raise InputError(f"the {kind} is {is_one}: it must have {', '.join(needed)}, as {how} writes it.")
    for name in needed[:2]:
        rows = plain[name]
        if not (isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows)):
            raise InputError(f"{name} of the {kind} must be rows, as {how} writes them.")
    return plain


def backtest(found: Mapping[str, Any], subject: Subject, studio: Studio) -> Section:
    """The section of a backtest: of which asset over which days first."""
    runs = found["runs"]
    assets = _told(runs, "asset")
    of = f"Of {' and '.join(assets) or 'an asset that the file does not name'}, {_period(runs)}"
    said = (
        f"{of}, on {found.get('quotes', 'recorded')} quotes. Return, drawdown and costs are of the run from the first "
        f"day; mean, worst and best are the return above holding of {found['starts']} starts."
    )
    units = {"cost a year": _told(runs, "currency"), "coins at the end": assets}
    names = list(dict.fromkeys(name for row in found["table"] for name in row))
    rows = [[_cell(row.get(name), share=name in SHARES) for name in names] for row in found["table"]]
    heads = [
        Column(_head(name, units.get(name, [])), place > 0) for place, name in enumerate(names or ["nothing"])
    ]
    blocks: list[Block] = [Text(said), tabled("Strategies side by side", heads, rows)]
    other = [asset for asset in assets if asset not in subject.assets]
    if other:
        told = f"it is of {' and '.join(other)}, and the page of {' and '.join(subject.assets)}: its returns are not those of this book."
        blocks.insert(0, Notice("Another asset", told))
    curves = dict(_curves(runs))
    if curves:
        blocks.append(_equity(curves, studio))
    return Section("backtest", "Backtest", tuple(blocks))


def _told(runs: Records, name: str) -> list[str]:
    """What the runs say of themselves, each once."""
    return list(dict.fromkeys(str(run[name]) for run in runs if run.get(name)))


def _period(runs: Records) -> str:
    """From the first point of any run to the last."""
    times = [time for _, (found, _) in _curves(runs) for time in (found[0], found[-1])]
    return (
        f"{min(times):%Y-%m-%d} to {max(times):%Y-%m-%d}"
        if times
        else "over days that the file does not name"
    )


def _head(name: str, units: Sequence[str]) -> str:
    """A column with its unit."""
    return f"{name} [{', '.join(units)}]" if units else NAMES.get(name, name)


def _curves(runs: Records) -> Iterable[tuple[str, tuple[list[Any], list[float]]]]:
    """Time and equity over that of the first day, of each run that has them."""
    for run in runs[: len(SERIES)]:
        try:
            points = [(utc(str(point["time"])), float(point["equity"])) for point in run["points"]]
        except (KeyError, TypeError, ValueError):
            continue
        if points and points[0][1] > 0.0:
            times, equity = zip(*points, strict=True)
            yield str(run.get("name")), (list(times), [each / equity[0] for each in equity])


def _equity(curves: Mapping[str, tuple[list[Any], list[float]]], studio: Studio) -> Block:
    ends = "; ".join(f"{name} ends at {per_cent(equity[-1], 0)}" for name, (_, equity) in curves.items())

    def draw(figure: Figure) -> None:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        ax = figure.subplots()
        for (name, (times, equity)), color, marker in zip(curves.items(), SERIES, MARKERS, strict=False):
            every = max(1, len(times) // 8)
            ax.plot(times, equity, color=color, marker=marker, markevery=every, label=name)
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        ax.set(ylabel="equity, the first day being 1")
        legend(ax)

    alt = f"Equity of each strategy over time, as a share of the first day's. {ends}."
    return studio.picture(draw, (7.6, 3.8), alt=alt, caption="Equity by strategy")


def screen(found: Mapping[str, Any], subject: Subject) -> Section:
    """The section of a screen."""
    verdicts = {str(row.get("coin")): str(row.get("verdict")) for row in found["coins"]}
    own = "; ".join(_verdict(found, asset, verdicts.get(asset)) for asset in subject.assets)
    said = (
        f"Against {found['benchmark']}, last bar {str(found.get('as_of', 'unknown'))[:10]} "
        f"({found.get('source', 'no source')}): {own}. A screen describes; it forecasts nothing."
    )
    return Section("screen", "Screen", (Text(said), *_coins(found, subject)))


def _verdict(found: Mapping[str, Any], asset: str, word: str | None) -> str:
    """The verdict on one asset with the votes that decided it, where the file has them."""
    if word is None:
        return f"{asset} is " + ("what it is against" if asset == found["benchmark"] else "not in it")
    rows: Records = [row for row in found["verdicts"] if row.get("coin") == asset]
    try:
        votes = tuple(Vote(**vote) for vote in rows[0]["votes"])
        return str(Verdict(asset, word, votes, rows[0].get("past")))
    except (IndexError, KeyError, TypeError, ValueError):
        return f"{asset}: {word}"


def _coins(found: Mapping[str, Any], subject: Subject) -> tuple[Block, ...]:
    """The table that the command prints: own coins first, then weakest first, every coin that is flagged."""
    windows = [each for each in found.get("windows", ()) if isinstance(each, int) and each > 0]
    if not windows:
        raise InputError(
            "windows of the screen must be whole days, as hedging screen ... --json FILE writes them."
        )
    frame = pd.DataFrame(list(found["coins"]))
    coins = [str(row.get("coin", "")) for row in found["coins"]]
    frame = frame.apply(pd.to_numeric, errors="coerce").set_axis(pd.Index(coins), axis=0)
    frame = frame[~frame.index.duplicated()]
    words = {coin: str(row.get("verdict")) for coin, row in zip(coins, found["coins"], strict=True)}
    shown = summarised(frame, words, windows)
    own = shown.index.isin(subject.assets)
    shown = pd.concat([shown[own], shown[~own]])
    heads = [
        Column("coin", False),
        Column("verdict", False),
        *(Column(_head(str(name), [])) for name in shown.columns[1:]),
    ]
    rows = [
        (
            str(coin),
            str(word),
            *(_measure(name, value) for name, value in zip(shown.columns[1:], values, strict=True)),
        )
        for coin, word, *values in shown.itertuples(name=None)
    ]
    flagged = sum(word != UNCLEAR for word in words.values()) + int(own.sum())
    caption = f"Coins by verdict, over {max(windows)} days: {UNITS}"
    evidence = evidence_of_decay(shown)
    table = tabled(caption, heads, rows, most=max(ROWS_SHOWN, flagged))
    return (table, Text(f"Here {evidence}.")) if evidence else (table,)


def _measure(name: str, value: Any) -> str:
    number = float(value) if isinstance(value, int | float) else float("nan")
    return per_cent(number) if name == "own vol" else exact(round(number, 3), 4)


def _cell(value: object, *, share: bool = False) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, int | float) and not isinstance(value, bool):
        return per_cent(float(value), sign=True) if share else exact(float(value), 4)
    return read(value)

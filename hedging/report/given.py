"""A screen and a backtest that were run before, as their files tell them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from hedging._ground.file_kinds import kind_of_value
from hedging.errors import InputError
from hedging.plots.style import MARKERS, SERIES
from hedging.report.blocks import Block, Column, Section, Table, Text, tabled
from hedging.report.pictures import Studio
from hedging.report.subject import Subject
from hedging.report.words import NOTHING, exact, per_cent, read
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
# Of a screen's dozens of measures, by window, with their units.
MEASURES: Final = {
    "alpha_t": "t of alpha",
    "strength": "over the benchmark [log]",
    "drawdown": "to the high [log]",
    "beta": "beta",
    "vol": "vol a year",
}


def check_given(kind: str, content: object) -> Mapping[str, Any]:
    """A result as plain values, if it is one of that kind.

    Raises
    ------
    InputError
        If it is not.
    """
    needed, how = KINDS[kind]
    plain = content.to_dict() if hasattr(content, "to_dict") else content
    if not (isinstance(plain, Mapping) and all(name in plain for name in needed)):
        is_one = kind_of_value(plain) or "none"
        raise InputError(f"the {kind} is {is_one}: it must have {', '.join(needed)}, as {how} writes it.")
    for name in needed[:2]:
        rows = plain[name]
        if not (isinstance(rows, list | tuple) and all(isinstance(row, Mapping) for row in rows)):
            raise InputError(f"{name} of the {kind} must be rows, as {how} writes them.")
    return plain


def backtest(found: Mapping[str, Any], studio: Studio) -> Section:
    """The section of a backtest."""
    said = (
        f"On {found.get('quotes', 'recorded')} quotes. Return, drawdown and costs are of the run from the first day; mean, "
        f"worst and best are the return above holding of {found['starts']} starts."
    )
    names = list(dict.fromkeys(name for row in found["table"] for name in row))
    rows = [[_cell(row.get(name), share=name in SHARES) for name in names] for row in found["table"]]
    heads = [Column(name, place > 0) for place, name in enumerate(names or ["nothing"])]
    blocks: list[Block] = [Text(said), tabled("Strategies side by side", heads, rows)]
    curves = dict(_curves(found["runs"]))
    if curves:
        blocks.append(_equity(curves, studio))
    return Section("backtest", "Backtest", tuple(blocks))


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
        ax.legend(loc="best")

    alt = f"Equity of each strategy over time, as a share of the first day's. {ends}."
    return studio.picture(draw, (7.6, 3.8), alt=alt, caption="Equity by strategy")


def screen(found: Mapping[str, Any], subject: Subject) -> Section:
    """The section of a screen; coins that the page is about stand first."""
    verdicts = {str(row.get("coin")): str(row.get("verdict")) for row in found["coins"]}
    own = ", ".join(f"{asset} {verdicts.get(asset, 'is not in it')}" for asset in subject.assets)
    said = (
        f"Against {found['benchmark']}, last bar {str(found.get('as_of', 'unknown'))[:10]} "
        f"({found.get('source', 'no source')}): {own}. A screen describes; it forecasts nothing."
    )
    ranked = sorted(
        found["coins"],
        key=lambda row: (str(row.get("coin")) not in subject.assets, str(row.get("verdict")) == "unclear"),
    )
    return Section("screen", "Screen", (Text(said), _coins(ranked, _longest(found))))


def _longest(found: Mapping[str, Any]) -> str:
    windows = [each for each in found.get("windows", ()) if isinstance(each, int)]
    return str(max(windows, default=""))


def _coins(rows: Records, window: str) -> Table:
    names = {f"{name}_{window}": text for name, text in MEASURES.items()}
    heads = [Column("coin", False), Column("verdict", False), *map(Column, names.values())]
    cells = [
        (_cell(row.get("coin")), _cell(row.get("verdict")), *(_cell(row.get(name)) for name in names))
        for row in rows
    ]
    return tabled(f"Coins by verdict, over {window or 'all'} days", heads, cells)


def _cell(value: object, *, share: bool = False) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, int | float) and not isinstance(value, bool):
        return per_cent(float(value), sign=True) if share else exact(float(value), 4)
    return read(value)

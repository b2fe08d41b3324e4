"""Pictures of screens: who is weakest, since when, and how far below the highs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be, whole
from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.plots.legends import legend, under
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    SERIES,
    UNHEDGED,
    axes_or_new,
    check_drawable,
    date_axis,
    money,
    percent,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hedging.screen import Decision, Screen
    from hedging.screen.ways import Way

__all__ = ["decision", "drawdowns", "ranking", "rolling_alpha"]

# A colour and a mark a verdict: neither alone has to carry it.
LOOKS: Final = {
    "break": ("#D55E00", "X"),
    "liquidity trap": ("#CC79A7", "D"),
    "structural decay": ("#0072B2", "s"),
    "recovering": ("#009E73", "^"),
    "sector fall": ("#E69F00", "v"),
    "unclear": ("0.55", "o"),
}
UNITS: Final = {
    "alpha": "alpha [log per year]",
    "alpha_t": "t of alpha, Newey-West [1]",
    "strength": "strength over the benchmark [log]",
    "drawdown": "distance to the high [log]",
    "velocity": "velocity [log per day]",
    "acceleration": "acceleration [log per day²]",
    "break": "break, net of the benchmark [standard deviations]",
    "break_peers": "break, net of benchmark and peers [standard deviations]",
}


def ranking(screen: Screen, measure: str | None = None, *, count: int = 20, ax: Axes | None = None) -> Axes:
    """Coins with the lowest values of a measure, lowest on top, marked by verdict.

    Parameters
    ----------
    screen : Screen
    measure : str, optional
        A column of the screen's table; by default t of alpha over the longest window.
    count : int
        Coins shown.
    ax : Axes, optional

    Returns
    -------
    Axes
        A line of marks for each verdict that occurs.

    Raises
    ------
    InputError
        If the screen has no such measure, or no coin has one.
    """
    from hedging.screen import Screen

    must_be("screen", screen, Screen, hint="One comes from hedging.screen.run.")
    whole("count", count)
    measure = measure or f"alpha_t_{max(screen.windows)}"
    ranks = screen.rank(measure)
    values = screen.table.loc[ranks.index, measure].dropna().sort_values(kind="stable").iloc[:count]
    check_drawable(measure, values)
    places = np.arange(len(values))
    words = [screen.verdicts[str(coin)].word for coin in values.index]
    with styled(ax):
        ax = axes_or_new(ax)
        ax.hlines(
            places,
            np.minimum(values, 0.0),
            np.maximum(values, 0.0),
            color=QUIET,
            alpha=0.35,
            linewidth=2.0,
            zorder=1,
        )
        ax.axvline(0.0, color=QUIET, linewidth=0.8)
        for word, (colour, marker) in LOOKS.items():
            of = [place for place, each in enumerate(words) if each == word]
            if of:
                ax.plot(values.iloc[of], places[of], marker, color=colour, markersize=6, label=word)
        ax.set_yticks(places, [str(coin) for coin in values.index], fontsize=8 if len(values) < 25 else 6)
        ax.set_ylim(len(values) - 0.4, -0.6)
        ax.grid(axis="y", visible=False)
        ax.set(
            xlabel=_unit(measure),
            title=f"lowest {len(values)} of {number_of(len(ranks), 'coin')}, {screen.as_of:%Y-%m-%d}, against {screen.benchmark}",
        )
        legend(ax)
    return ax


def _unit(measure: str) -> str:
    name, _, days = measure.rpartition("_")
    if days.isdecimal() and name in UNITS:
        return f"{UNITS[name]}, {number_of(int(days), 'day')}"
    return UNITS.get(measure, measure)


def rolling_alpha(
    found: pd.DataFrame, *, measure: str = "t", window: int | None = None, ax: Axes | None = None
) -> Axes:
    """Alpha or its t, day by day; see `hedging.screen.rolling_alpha`.

    Parameters
    ----------
    found : DataFrame
        As that function returns it.
    measure : {'t', 'alpha'}
    window : int, optional
        Days of each regression, for the title.
    ax : Axes, optional

    Returns
    -------
    Axes
        A line a coin; for t the band in which nothing is to be seen.

    Raises
    ------
    InputError
        If the measure is neither, or no number of it is finite.
    """
    if measure not in ("t", "alpha"):
        raise InputError(f"measure must be 't' or 'alpha'; got {measure!r}.")
    if "measure" not in must_be("found", found, pd.DataFrame).columns.names:
        raise InputError("found must be a table of hedging.screen.rolling_alpha.")
    values = pd.DataFrame(found.xs(measure, axis=1, level="measure"))
    check_drawable(f"the {measure} of the table", values)
    with styled(ax):
        ax = axes_or_new(ax)
        if measure == "t":
            ax.axhspan(-2.0, 2.0, color=QUIET, alpha=0.12, linewidth=0.0, zorder=0, label="|t| < 2")
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        _lines(ax, values)
        of_window = "" if window is None else f" over {number_of(window, 'day')}"
        ax.set(
            ylabel="t of alpha [1]" if measure == "t" else "alpha [log per year]",
            title=f"alpha{of_window}, with data up to each day",
        )
        legend(ax)
    return ax


def drawdowns(found: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Distance to the high so far, day by day; see `hedging.screen.drawdowns`.

    Parameters
    ----------
    found : DataFrame
        Dates by coins, shares <= 0.
    ax : Axes, optional

    Returns
    -------
    Axes
        A line a coin; a gap where there is no close.

    Raises
    ------
    InputError
        If it is no such table, or none of its numbers is finite.
    """
    must_be("found", found, pd.DataFrame, hint="One comes from hedging.screen.drawdowns.")
    check_drawable("the table of drawdowns", found)
    with styled(ax):
        ax = axes_or_new(ax)
        _lines(ax, found)
        ax.set_ylim(top=0.0)
        ax.yaxis.set_major_formatter(percent)
        ax.set(ylabel="below the highest close before [share]", title="drawdowns")
        legend(ax)
    return ax


def decision(found: Decision, *, ax: Axes | None = None) -> Axes:
    """What each way out of each laggard leaves, in a crash and at worst, against the floor.

    Parameters
    ----------
    found : Decision
    ax : Axes, optional

    Returns
    -------
    Axes
        Three rows of marks: ``crash, nothing done``, ``crash, this way`` and ``worst, this way``; a row a way, with
        its cost and carry beside it. A way that does not exist has no mark.

    Raises
    ------
    InputError
        If no laggard is held.
    """
    from matplotlib.ticker import MaxNLocator

    from hedging.screen import Decision

    must_be("found", found, Decision, hint="One comes from hedging.screen.decide.")
    if not found.ways:
        raise InputError("there is nothing to draw: no laggard is held.")

    names = [f"{way.coin}: {way.way}" for way in found.ways]
    rows = np.arange(len(names))
    marks = (
        ("crash", "crash, nothing done", "o", UNHEDGED, "none"),
        ("crash_left", "crash, this way", "o", HEDGED, HEDGED),
        ("worst_left", "worst, this way", "X", OVERLAY, OVERLAY),
    )
    with styled(ax):
        ax = axes_or_new(ax)
        floor = f"floor {percent(found.floor)}"
        ax.axvline(found.floor, color=QUIET, linestyle="--", linewidth=1.2, label=floor)
        for name, label, marker, edge, face in marks:
            values = np.array([getattr(way, name) for way in found.ways], dtype=float)  # none: no mark
            ax.plot(values, rows, marker, color=edge, markerfacecolor=face, markersize=6, label=label)
        for row, way in zip(rows, found.ways, strict=True):
            text = _said(way, found.currency)
            ax.annotate(text, (1.01, row), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
        for place in range(1, len(names)):
            if found.ways[place].coin != found.ways[place - 1].coin:
                ax.axhline(place - 0.5, color=QUIET, alpha=0.5, linewidth=0.8)
        ax.set_yticks(rows, names, fontsize=8)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.grid(axis="y", visible=False)
        ax.xaxis.set_major_locator(MaxNLocator(3))
        ax.xaxis.set_major_formatter(percent)
        title = f"ways out over {number_of(found.horizon, 'day')}"
        ax.set(xlabel="loss [share of the position]", title=title)
        ax.legend(
            loc="upper center",
            bbox_to_anchor=(0.4, 0.0),
            bbox_transform=under(ax),
            borderaxespad=0.0,
            ncols=2,
        )
    return ax


def _said(way: Way, currency: str) -> str:
    """What stands beside a way: what it costs, or why there is none."""
    if way.worst_left is not None:
        return (
            f"cost {money(round(way.execution, 2))} {currency},\ncarry {percent(round(way.carry, 3))} a year"
        )
    return "does not exist" if way.residual is None else "refused"


def _lines(ax: Axes, table: pd.DataFrame) -> None:
    """One line a column, told apart by colour and by a few marks."""
    every = max(1, len(table) // 8)
    for place, coin in enumerate(table):
        ax.plot(
            table.index,
            table[coin].to_numpy(),
            color=SERIES[place % len(SERIES)],
            marker=MARKERS[place % len(MARKERS)],
            markevery=(place % every, every),
            markersize=4,
            label=str(coin),
        )
    date_axis(ax)

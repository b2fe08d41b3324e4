"""Pictures of backtests: equity and the way under its high, cost against protection, rolls, the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.arguments import must_be
from hedging._ground.counts import number_of
from hedging.errors import InputError
from hedging.plots.legends import legend
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    OVERLAY,
    QUIET,
    SERIES,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    date_axis,
    figure_or_new,
    money,
    money_axis,
    percent,
    styled,
    width_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hedging.backtest import Backtest, Comparison

__all__ = ["backtest", "cost_against_protection", "equity", "holdings", "rolls", "underwater", "waterfall"]

WIDE = 9.0  # inches from which panels stand two by two

Array = npt.NDArray[np.float64]

STEPS = {"start": QUIET, "gain": OVERLAY, "cost": UNHEDGED, "end": HEDGED}


def equity(runs: Sequence[Backtest], *, ax: Axes | None = None) -> Axes:
    """Equity of some runs as a share of their start, beside holding.

    Parameters
    ----------
    runs : sequence of Backtest
        All from the same book over the same time.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    runs = _runs(runs)
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8, zorder=1)
        _curves(ax, runs, lambda done, values: values / done.start_value - 1.0)
        ax.set_title(f"Equity on {runs[0].tape.asset}{_kind(runs[0])}")
        ax.set_ylabel("change since the start")
        legend(ax)
        return ax


def underwater(runs: Sequence[Backtest], *, ax: Axes | None = None) -> Axes:
    """How far below its last high the equity stands; parameters as in `equity`."""
    runs = _runs(runs)
    with styled(ax):
        ax = axes_or_new(ax)

        def below(done: Backtest, values: Array) -> Array:
            return np.asarray(values / np.maximum(np.maximum.accumulate(values), done.start_value) - 1.0)

        _curves(ax, runs, below)
        ax.set_title(f"Fall from the last high{_kind(runs[0])}")
        ax.set_ylabel("below the high")
        legend(ax)
        return ax


def cost_against_protection(comparison: Comparison, *, ax: Axes | None = None) -> Axes:
    """Return above holding, its spread over the starts, against how much of the crash was taken.

    Parameters
    ----------
    comparison : Comparison
    ax : Axes, optional

    Returns
    -------
    Axes
        Bars reach from the worst to the best start; the mark is their mean.
    """
    _check_comparison(comparison)
    table, colours = comparison.table, _colours(comparison.runs)
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8, zorder=1)
        for place, (name, row) in enumerate(table.iterrows()):
            colour, marker = colours[place], MARKERS[place % len(MARKERS)]
            x, mean = row["crash captured"], row["mean"]
            spread = [[mean - row["worst"]], [row["best"] - mean]]
            ax.errorbar(
                x, mean, yerr=spread, color=colour, marker=marker, capsize=4, linewidth=1.5, label=str(name)
            )
        if table["crash captured"].isna().all():
            ax.text(0.5, 0.5, "holding did not fall", transform=ax.transAxes, ha="center", va="bottom")
        ax.xaxis.set_major_formatter(lambda x, _: f"{100 * x:g} %")
        ax.yaxis.set_major_formatter(percent)
        ax.set_xlabel("share of holding's crash that was taken")
        ax.set_ylabel("return above holding")
        ax.set_title(
            f"Protection and its cost, {number_of(comparison.count, 'start')}{_kind(comparison.runs[0])}"
        )
        legend(ax)
        return ax


def rolls(run: Backtest, *, ax: Axes | None = None) -> Axes:
    """The price, and the strikes held from each opening to its end: puts below, calls above.

    Parameters
    ----------
    run : Backtest
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    table = _run(run).rolls
    with styled(ax):
        ax = axes_or_new(ax)
        ax.plot(run.times, run.index, color=QUIET, linewidth=1.4, label=run.tape.asset)
        said: set[str] = set()
        for row in table.to_dict("records"):
            symbol = str(row["instrument"])
            strike, flag = _strike(symbol)
            if strike is None:
                continue
            end: Any = run.times[-1] if pd.isna(row["ended"]) else row["ended"]
            kind = f"{'long' if row['quantity'] > 0 else 'short'} {'put' if flag == 'P' else 'call'}"
            colour = {"P": HEDGED, "C": UNHEDGED}[flag]
            dashes = "-" if row["quantity"] > 0 else UNHEDGED_DASHES
            label = None if kind in said else kind
            said.add(kind)
            ax.plot(
                [row["opened"], end],
                [strike, strike],
                color=colour,
                linestyle=dashes,
                label=label,
                marker="." if end == row["opened"] else None,  # a line of no length is not seen
                solid_capstyle="butt",
            )
            if row["how"] == "settle":
                ax.plot([end], [row["delivery"]], marker="o", color=colour, markersize=4)
        money_axis(ax.yaxis)
        ax.set_ylabel(f"{run.tape.currency} per {run.tape.asset}")
        ax.set_title(f"Rolls of {run.name}{_kind(run)}")
        date_axis(ax)
        legend(ax)
        return ax


def waterfall(run: Backtest, *, ax: Axes | None = None) -> Axes:
    """From what holding would be worth to what the run is worth, by kind of cost; parameters as in `rolls`."""
    parts = _run(run).costs["money"]
    parts = parts[parts.abs() > 0.005]
    start, end = float(run.held.iloc[-1]), float(run.equity.iloc[-1])
    names = ["holding", *parts.index, run.name]
    with styled(ax):
        ax = axes_or_new(ax)
        level = start
        ax.bar(0, start, color=STEPS["start"])
        level = steps(ax, parts, level, first=1, text=lambda value: money(float(f"{value:.3g}")))
        ax.bar(len(names) - 1, end, color=STEPS["end"])
        low, high = min(start, end, level), max(start, end, level)
        reach = max(float(parts.abs().sum()), 0.02 * high)
        ax.set_ylim(low - reach, high + reach)
        ax.set_xticks(
            range(len(names)), [name.replace(" (", "\n(") for name in names], rotation=25, ha="right"
        )
        money_axis(ax.yaxis)
        ax.grid(visible=False, axis="x")
        ax.set_ylabel(f"{run.tape.currency} at the end; axis cut")
        ax.set_title(f"What {run.name} cost and saved{_kind(run)}")
        return ax


def steps(ax: Axes, parts: pd.Series, level: float, *, first: int, text: Callable[[float], str]) -> float:
    """Bars that stand on each other, from a level on; returns the level they end at."""
    for place, value in enumerate(parts, start=first):
        ax.bar(place, value, bottom=level, color=STEPS["gain" if value >= 0 else "cost"])
        ax.annotate(
            f"{'+' if value > 0 else ''}{text(value)}",
            (place, max(level, level + value)),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )
        level += value
    return level


def backtest(comparison: Comparison, *, figure: Figure | None = None) -> Figure:
    """Equity, fall, cost against protection of a comparison, and rolls and ledger of each strategy, on one page.

    Parameters
    ----------
    comparison : Comparison
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.
    """
    _check_comparison(comparison)
    strategies = comparison.runs[1:] or comparison.runs
    count = 3 + 2 * len(strategies)
    with styled(figure):
        columns = 2 if width_of(figure) >= WIDE else 1
        rows = -(-count // columns)
        figure = figure_or_new(figure, (0.8 if columns == 2 else 0.9) * rows)
        panels = list(np.ravel(figure.subplots(rows, columns)))
    for spare in panels[count:]:
        spare.set_axis_off()
    equity(comparison.runs, ax=panels[0])
    underwater(comparison.runs, ax=panels[1])
    cost_against_protection(comparison, ax=panels[2])
    for place, run in enumerate(strategies):
        rolls(run, ax=panels[3 + 2 * place])
        waterfall(run, ax=panels[4 + 2 * place])
    return figure


def holdings(run: Backtest, *, ax: Axes | None = None) -> Axes:
    """What the book of a run was made of over time: coins, options, perpetuals and futures, cash, and the whole.

    Parameters
    ----------
    run : Backtest
    ax : Axes, optional
    """
    table = _run(run).to_frame()
    parts = {
        "coins": table["coins"] * table["index"],
        "options, at their marks": table["options"],
        "gains of perpetuals and futures": table["linear"],
        "cash": table["cash"],
    }
    with styled(ax):
        ax = axes_or_new(ax)
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        for (name, values), color, dashes in zip(
            parts.items(), SERIES[1:], ("-", "--", "-.", ":"), strict=False
        ):
            if (values != 0.0).any():
                ax.plot(
                    run.times, values.to_numpy(), color=color, linestyle=dashes, linewidth=1.4, label=name
                )
        ax.plot(run.times, table["equity"].to_numpy(), color=HEDGED, label="all of it")
        money_axis(ax.yaxis)
        ax.set_ylabel(f"value [{run.tape.currency}]")
        ax.set_title(f"Position over time: {run.name} on {run.tape.asset}{_kind(run)}")
        date_axis(ax)
        legend(ax)
        return ax


def _check_comparison(comparison: Any) -> None:
    from hedging.backtest import Comparison

    must_be("comparison", comparison, Comparison, hint="One comes from hedging.backtest.compare.")


def _run(run: Any) -> Backtest:
    from hedging.backtest import Backtest

    found: Backtest = must_be("run", run, Backtest, hint="One comes from hedging.backtest.replay.")
    return found


def _runs(runs: Any) -> Sequence[Backtest]:
    """Runs, at least one."""
    found = runs if isinstance(runs, Sequence) else [runs]
    if not found:
        raise InputError("there is nothing to draw: no run is given.")
    return [_run(each) for each in found]


def _curves(ax: Axes, runs: Sequence[Backtest], shape: Callable[[Backtest, Array], Array]) -> None:
    """One line a run; holding, where none of them is it, dashed."""
    first = runs[0]
    known = any(done.holding is None for done in runs)
    if not known:
        ax.plot(
            first.times,
            shape(first, first.held.to_numpy()),
            color=UNHEDGED,
            linestyle=UNHEDGED_DASHES,
            label="hold",
        )
    for done, colour in zip(runs, _colours(runs), strict=True):
        style = UNHEDGED_DASHES if done.holding is None else "-"
        ax.plot(
            done.times, shape(done, done.equity.to_numpy()), color=colour, linestyle=style, label=done.name
        )
    ax.yaxis.set_major_formatter(percent)
    date_axis(ax)


def _colours(runs: Sequence[Backtest]) -> list[str]:
    """The colour of each run, the same in every picture: holding has that of what is not hedged."""
    others = iter([colour for colour in SERIES if colour != UNHEDGED] * len(runs))
    return [UNHEDGED if done.holding is None else next(others) for done in runs]


def _strike(symbol: str) -> tuple[float | None, str]:
    """Strike and flag that a name of Deribit's style says; None where it is no option's."""
    parts = symbol.split("-")
    if len(parts) != 4 or parts[3] not in ("C", "P"):
        return None, ""
    return float(parts[2].replace("d", ".")), parts[3]


def _kind(run: Backtest) -> str:
    """The word that pictures of quotes which no market made carry."""
    return "" if run.tape.kind == "recorded" else f", {run.tape.kind} quotes"

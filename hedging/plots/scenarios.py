"""Pictures of gains over spot, over time and over both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hedging import scenario
from hedging.book.book import Book
from hedging.book.legs import Leg
from hedging.margin import Survival
from hedging.market.market import Chains
from hedging.plots.style import (
    HEDGED,
    MARKERS,
    QUIET,
    SERIES,
    UNHEDGED,
    UNHEDGED_DASHES,
    axes_or_new,
    money,
    money_axis,
    percent,
    styled,
)
from hedging.scenario import ScenarioResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["crash_fan", "heatmap", "payoff", "pnl_paths"]

ANNOTATED_CELLS = 120


def payoff(
    book: Book,
    market: Chains,
    overlay: Iterable[Leg] | Any = None,
    *,
    spot_moves: Sequence[float] | None = None,
    days: Sequence[float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Gain over spot on several days, with the overlay and without.

    Parameters
    ----------
    book, market, overlay, spot_moves, days
        As in `hedging.scenario.payoff`, which is what is drawn; over the move of several assets alike.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    result = scenario.payoff(book, market, overlay, spot_moves=spot_moves, days=days)
    with styled():
        ax = axes_or_new(ax)
        asset, *others = result.spot
        now, spot = result.spot_now[asset], result.spot[asset][:, 0]
        if others:
            now, spot = 0.0, spot / now - 1.0
        _zero_lines(ax, now)
        dates = _day_names(result.days)
        shades = np.linspace(0.45, 1.0, result.days.size)
        for date, (name, shade) in enumerate(zip(dates, shades, strict=True)):
            last = date == result.days.size - 1
            if last or not np.allclose(result.position[:, date], result.position[:, -1]):
                ax.plot(
                    spot,
                    result.position[:, date],
                    color=UNHEDGED,
                    alpha=shade,
                    linestyle=UNHEDGED_DASHES,
                    label="position alone" if last else None,
                    zorder=1.5,
                )
            if result.has_overlay:
                ax.plot(
                    spot,
                    result.total[:, date],
                    color=HEDGED,
                    alpha=shade,
                    linestyle="-" if last else [":", "-."][date % 2],
                    label=f"with overlay, {name}",
                )
        names = " and ".join(result.spot)
        ax.set(
            xlabel=f"move of {names} alike" if others else f"{asset} spot [{result.money}]",
            ylabel=f"gain since today [{result.currency}]",
            title=f"{names}: gain over spot",
            xlim=(spot[0], spot[-1]),
        )
        money_axis(ax.yaxis)
        if others:
            ax.xaxis.set_major_formatter(percent)
        else:
            money_axis(ax.xaxis)
            _moves_on_top(ax, now)
        ax.legend(loc="upper left" if result.position[-1, -1] > 0 else "best")
    return ax


def pnl_paths(result: ScenarioResult, *, scenarios: int = 6, ax: Axes | None = None) -> Axes:
    """Gain over time, one colour a scenario: dashed the position alone, solid with the overlay.

    Parameters
    ----------
    result : ScenarioResult
    scenarios : int
        How many to draw, from the first on.
    ax : Axes, optional
    """
    with styled():
        ax = axes_or_new(ax)
        shown = range(min(scenarios, len(result.labels), len(SERIES)))
        ax.axhline(0.0, color=QUIET, linewidth=0.8)
        for i in shown:
            style: dict[str, Any] = {"color": SERIES[i], "marker": MARKERS[i], "markevery": _sparse(result)}
            if result.has_overlay:
                ax.plot(result.days, result.position[i], linestyle=UNHEDGED_DASHES, alpha=0.75, **style)
            ax.plot(result.days, result.total[i], label=result.labels[i], **style)
        ax.set(xlabel="days from now", ylabel=f"gain since today [{result.currency}]")
        ax.margins(x=0.01)
        money_axis(ax.yaxis)
        ax.set_title("solid: with the overlay, dashed: position alone" if result.has_overlay else "gain")
        if len(result.labels) > 1:
            ax.legend(loc="best")
    return ax


def crash_fan(
    result: ScenarioResult, *, survival: Survival | None = None, figure: Figure | None = None
) -> Figure:
    """Several falls side by side: the price above, the gain with and without the overlay below.

    Parameters
    ----------
    result : ScenarioResult
        Of a few scenarios, such as `hedging.paths.fan`.
    survival : Survival, optional
        Of the same scenarios; each liquidation is marked on its price.
    figure : Figure, optional
        An empty one to draw on; by default a new one through pyplot.
    """
    with styled():
        if figure is None:
            from matplotlib import pyplot as plt

            figure = plt.figure(figsize=(8.0, 7.2))
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
        asset, spot = next(iter(result.spot.items()))
        for i in range(min(len(result.labels), len(SERIES))):
            upper.plot(
                result.days,
                spot[i],
                color=SERIES[i],
                marker=MARKERS[i],
                markevery=_sparse(result),
                label=result.labels[i],
            )
        if survival is not None:
            day, price = survival.first()
            upper.plot(
                day, price, linestyle="none", marker="x", markersize=11, color="black", label="liquidation"
            )
        upper.set(
            ylabel=f"{asset} spot [{result.money}]",
            ylim=(0.0, None),
            title=f"{asset}: the fall, faster and faster",
        )
        money_axis(upper.yaxis)
        upper.legend(loc="lower left")
        pnl_paths(result, scenarios=len(SERIES), ax=lower)
        legend = lower.get_legend()
        if legend is not None:
            legend.remove()
        upper.set_xlabel("")
    return figure


def heatmap(table: pd.DataFrame, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Gain over spot moves and vol shifts, or over spot moves and days; see `hedging.scenario.table`.

    Parameters
    ----------
    table : DataFrame
        Index ``spot_move``, columns ``vol_shift`` or ``day``. [currency]
    currency : str
        What the gains are in, for the label.
    ax : Axes, optional
    """
    from matplotlib.colors import TwoSlopeNorm

    with styled():
        ax = axes_or_new(ax)
        values = table.to_numpy(dtype=float)
        reach = float(np.abs(values).max()) or 1.0
        # Equal cells, whatever the steps between the moves; rows from the worst fall upward.
        mesh = ax.pcolormesh(values, cmap="PuOr", norm=TwoSlopeNorm(0.0, -reach, reach), rasterized=True)
        by_vol = table.columns.name == "vol_shift"
        ax.set_xticks(
            np.arange(values.shape[1]) + 0.5,
            [f"{100 * x:+g}".replace("-", "−") if by_vol else f"{x:g}" for x in table.columns],
        )
        ax.set_yticks(np.arange(values.shape[0]) + 0.5, [percent(float(x)) for x in table.index])
        ax.set(
            xlabel="shift of the 30-day vol [points]" if by_vol else "days from now",
            ylabel="move of spot",
            title=f"gain over spot and {'vol' if by_vol else 'time'}",
        )
        ax.grid(False)
        if values.size <= ANNOTATED_CELLS:
            for (row, column), value in np.ndenumerate(values):
                shade = "white" if abs(value) > 0.65 * reach else "black"
                ax.text(
                    column + 0.5,
                    row + 0.5,
                    money(float(f"{value:.3g}")),
                    ha="center",
                    va="center",
                    color=shade,
                    fontsize=8,
                )
        bar = ax.figure.colorbar(mesh, ax=ax, format=money)
        bar.set_label(f"gain [{currency}]")
    return ax


def _day_names(days: Sequence[float] | Any) -> list[str]:
    return ["today" if day == 0 else f"day {day:.3g}" for day in days]


def _sparse(result: ScenarioResult) -> int:
    """Markers on about eight of the dates."""
    return max(1, result.days.size // 8)


def _zero_lines(ax: Axes, spot: float) -> None:
    ax.axhline(0.0, color=QUIET, linewidth=0.8)
    ax.axvline(spot, color=QUIET, linewidth=0.8, linestyle=":")


def _moves_on_top(ax: Axes, spot: float) -> None:
    """A second axis above, in per cent of today's spot."""
    to_move: tuple[Callable[[Any], Any], Callable[[Any], Any]] = (
        lambda x: x / spot - 1.0,
        lambda m: (1.0 + m) * spot,
    )
    top = ax.secondary_xaxis("top", functions=to_move)
    top.xaxis.set_major_formatter(percent)
    top.grid(False)

"""Pictures of plans: what protection costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from hedging._ground.arguments import must_be
from hedging.planner import Frontier
from hedging.plots.legends import legend, legend_of_all
from hedging.plots.style import (
    HEDGED,
    OVERLAY,
    QUIET,
    UNHEDGED,
    axes_or_new,
    check_drawable,
    figure_or_new,
    money,
    percent,
    share,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frontier"]


def frontier(found: Frontier, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Cost of a plan against one limit, with the premium and the upside given up; see `hedging.planner.frontier`.

    Parameters
    ----------
    found : Frontier
    currency : str
        For the label.
    ax : Axes, optional
        Takes the execution cost alone. Without, a new figure has the premium and the upside given up below it.

    Returns
    -------
    Axes
        Of the execution cost: two lines, ``whole lots`` with the number of legs beside each point, and ``relaxed``.

    Raises
    ------
    InputError
        If nothing meets any level.
    """
    must_be("found", found, Frontier, hint="One comes from hedging.frontier.")
    table = found.table
    check_drawable("the cost, as nothing meets any level,", table["cost"])
    if ax is not None:
        with styled(ax):
            legend(_costs(axes_or_new(ax), found, currency))
        return ax
    with styled():
        figure = figure_or_new(None, 1.6)
        panels: tuple[Axes, Axes, Axes] = figure.subplots(3, 1, sharex=True, height_ratios=(2, 1, 1))
        upper, middle, lower = panels
    with styled(upper):
        _costs(upper, found, currency)
        upper.set_xlabel("")
        _line(middle, table, found.over, "premium", UNHEDGED, "s")
        middle.set_ylabel(f"net premium\n[{currency}]")
        middle.yaxis.set_major_formatter(money)
        _line(lower, table, found.over, "given_up", OVERLAY, "^")
        lower.set_ylabel("upside given up\nat +50 % [book]")
        lower.yaxis.set_major_formatter(share)
        lower.set_xlabel(f"{found.over} [share of the book]")
    with styled(figure):
        legend_of_all(figure)
    return upper


def _costs(ax: Axes, found: Frontier, currency: str) -> Axes:
    """Execution cost, in whole lots and relaxed."""
    table = found.table
    ax.plot(table[found.over], table["cost"], color=HEDGED, marker="o", label="whole lots")
    ax.plot(
        table[found.over],
        table["relaxed"],
        color=QUIET,
        linestyle="--",
        label="relaxed: no plan costs less",
    )
    met = table[table["cost"].notna()]
    for level, cost, legs in zip(met[found.over], met["cost"], met["legs"], strict=True):
        ax.annotate(
            f"{legs}", (level, cost), xytext=(0, 6), textcoords="offset points", ha="center", fontsize="small"
        )
    ax.xaxis.set_major_formatter(percent)
    ax.yaxis.set_major_formatter(money)
    if found.view is None:  # under a view costs may well be negative
        dearest = met["cost"].max()
        ax.set_ylim(0.0, 1.1 * dearest if dearest > 0.0 else None)  # room for the numbers of legs
    net = "" if found.view is None else ", less what the view expects"
    ax.set(
        xlabel=f"{found.over} [share of the book]",
        ylabel=f"execution cost{net} [{currency}]",
        title=f"what the {found.over} costs (legs at each point)",
    )
    return ax


def _line(ax: Axes, table: pd.DataFrame, over: str, name: str, color: str, marker: str) -> None:
    ax.axhline(0.0, color=QUIET, linewidth=0.8)
    ax.plot(table[over], table[name], color=color, marker=marker)

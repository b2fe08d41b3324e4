"""Pictures of plans: what protection costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedging.planner import Frontier
from hedging.plots.style import HEDGED, QUIET, axes_or_new, money, percent, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["frontier"]


def frontier(found: Frontier, *, currency: str = "USD", ax: Axes | None = None) -> Axes:
    """Cost of a plan against one limit, in whole lots and relaxed; see `hedging.planner.frontier`.

    Parameters
    ----------
    found : Frontier
    currency : str
        For the label.
    ax : Axes, optional

    Returns
    -------
    Axes
        Two lines, ``whole lots`` with the number of legs beside each point, and ``relaxed``.
    """
    table = found.table
    with styled():
        ax = axes_or_new(ax)
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
                f"{legs}", (level, cost), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8
            )
        ax.xaxis.set_major_formatter(percent)
        ax.yaxis.set_major_formatter(money)
        if found.view is None:  # under a view costs may well be negative
            dearest = met["cost"].max()  # NaN where nothing meets any level
            ax.set_ylim(0.0, 1.1 * dearest if dearest > 0.0 else None)  # room for the numbers of legs
        net = "" if found.view is None else ", less what the view expects"
        ax.set(
            xlabel=f"{found.over} [share of the book]",
            ylabel=f"execution cost{net} [{currency}]",
            title=f"what the {found.over} costs (legs at each point)",
        )
        ax.legend()
    return ax

"""Pictures of what happened after the plan: what earned what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hedging.errors import InputError
from hedging.plots.backtests import STEPS, steps
from hedging.plots.style import axes_or_new, money, money_axis, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hedging.monitor import Explanation

__all__ = ["explanation"]

SHOWN = 1e-4  # of the largest part: less is no bar that can be seen


def explanation(explained: Explanation, *, ax: Axes | None = None) -> Axes:
    """Waterfall of a P&L by what earned it; the last bar is the whole.

    Parameters
    ----------
    explained : Explanation
        As `hedging.monitor.explain` gave it.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if not hasattr(explained, "parts"):
        raise InputError(f"explained must be an Explanation, as hedging.explain gives it; got {explained!r}.")
    parts = explained.parts
    parts = parts[parts.abs() > SHOWN * parts.abs().max()]
    in_money = explained.unit not in explained.spots

    def text(value: float) -> str:
        rounded = float(f"{value:.3g}")
        return money(rounded) if in_money else f"{rounded:g}"

    with styled(ax):
        ax = axes_or_new(ax)
        steps(ax, parts, 0.0, first=0, text=text)
        ax.bar(len(parts), explained.total, color=STEPS["end"])
        at = max(explained.total, 0.0)
        ax.annotate(
            text(explained.total),
            (len(parts), at),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize="small",
        )
        ax.axhline(0.0, color=STEPS["start"], linewidth=0.8)
        ax.set_xticks(range(len(parts) + 1), [*parts.index, "P&L"], rotation=35, ha="right")
        levels = [0.0, explained.total, *parts.cumsum()]
        room = 0.1 * (max(levels) - min(levels))
        ax.set_ylim(min(levels) - room, max(levels) + room)
        ax.set_xlabel(f"{explained.start:%d %b} to {explained.end:%d %b %Y}")
        if in_money:
            money_axis(ax.yaxis)
        ax.grid(visible=False, axis="x")
        ax.set_ylabel(f"{explained.unit}, added up from the left")
        ax.set_title("What earned what")
        return ax

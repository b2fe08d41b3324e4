"""Legends below a panel, or at its foot in room of their own: never over what is drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hedging.plots.style import is_ours, width_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["legend", "legend_of_all", "under"]

MOST_LEGEND: Final = 0.45  # of the height of a panel that its legend may take
USUAL_LEGEND: Final = 0.15  # of it, where a figure grows for its legend
LEAST_PANEL: Final = 1.5  # inches that a panel needs above its legend, with its own labels
LEFT_BY_LABELS: Final = 0.7  # of the height of a small panel, once there is room for its labels


def legend(ax: Axes) -> None:
    """Names below the panel where the figure makes room for them, else inside; never over what is drawn.

    Where they would leave the panel no height, a figure of ours grows, and a caller's has the first names alone.
    """
    handles, names = _once(ax)
    if not names:
        return
    import matplotlib as mpl

    figure: Any = ax.figure
    size = float(mpl.rcParams["legend.fontsize"]) / 72.0  # inches
    columns = _columns(names, width_of(ax) - 6.0 * size, size)  # right of ticks and label
    height = ax.bbox.height / float(figure.dpi)  # of a figure within a figure too
    need = _height(len(names), columns, size)
    ours, laid_out = is_ours(figure), figure.get_layout_engine() is not None
    below = laid_out and (ours or height - need >= LEAST_PANEL)
    if not below:
        height *= LEFT_BY_LABELS
    if ours and need > MOST_LEGEND * height:
        figure.set_figheight(figure.get_figheight() + need - USUAL_LEGEND * height)
    elif need > MOST_LEGEND * height:
        handles, names = _first(handles, names, int((MOST_LEGEND * height / size - 1.2) / 1.6) * columns)
    if not below:
        _within(ax, handles, names, columns, _height(len(names), columns, size) / height)
        return
    ax.legend(
        handles,
        names,
        loc="upper left",
        bbox_to_anchor=(0.0, 0.0),
        bbox_transform=under(ax),
        borderaxespad=0.0,
        ncols=columns,
        columnspacing=1.2,
        alignment="left",
    )


def legend_of_all(figure: Any) -> None:
    """Names of the first of several panels, which are those of all, below them."""
    first = figure.axes[0]
    if figure.get_layout_engine() is None:
        legend(first)
        return
    import matplotlib as mpl

    handles, names = _once(first)
    size = float(mpl.rcParams["legend.fontsize"]) / 72.0  # inches
    columns = _columns(names, float(figure.get_figwidth()), size)
    figure.legend(handles, names, loc="outside lower left", ncols=columns)


def _once(ax: Axes) -> tuple[list[Any], list[str]]:
    """What is drawn and its names, each name once: a panel may be drawn into again."""
    handles, names = ax.get_legend_handles_labels()
    first = {name: handle for handle, name in zip(reversed(handles), reversed(names), strict=True)}
    kept = list(dict.fromkeys(names))
    return [first[name] for name in kept], kept


def _columns(names: Sequence[str], room: float, size: float) -> int:
    """How many names stand side by side."""
    return int(np.clip(room / (0.55 * size * max(map(len, names)) + 4.5 * size), 1, min(4, len(names))))


def _height(names: int, columns: int, size: float) -> float:
    """Height of so many names in letters of a size. [inches]"""
    return (1.6 * math.ceil(names / columns) + 1.2) * size


def _first(handles: Sequence[Any], names: Sequence[str], count: int) -> tuple[list[Any], list[str]]:
    """The first of some names, and how many more there are in the last of the places."""
    from matplotlib.lines import Line2D

    kept = max(1, count - 1)
    none = Line2D([], [], linestyle="none")
    return [*handles[:kept], none], [*names[:kept], f"and {len(names) - kept} more"]


def under(ax: Axes) -> Any:
    """Coordinates of a panel whose zero lies below its label, whatever its height."""
    import matplotlib as mpl
    from matplotlib.transforms import ScaledTranslation

    # Ticks and their pads keep their size, texts follow the panel's; a date axis has its year where a label would be.
    points = 18.0 + 2.6 * float(mpl.rcParams["axes.labelsize"])
    figure: Any = ax.figure
    return ax.transAxes + ScaledTranslation(0.0, -points / 72.0, figure.dpi_scale_trans)


def _within(ax: Axes, handles: Sequence[Any], names: Sequence[str], columns: int, share: float) -> None:
    """The legend at the foot of a panel whose figure makes no room around it: below what is drawn, in room of its own."""
    if ax.get_yscale() != "linear" or ax.yaxis_inverted():
        ax.legend(handles, names, loc="best")
        return
    if ax.get_legend() is None:  # else the room is there
        low, high = ax.get_ylim()
        ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high])  # none beside the names
        ax.set_ylim(low - (high - low) * share / (1.0 - share), high)
    ax.legend(handles, names, loc="lower left", ncols=columns, columnspacing=1.2)

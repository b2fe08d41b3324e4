"""Margins of a caller's figure that no layout engine keeps: wide enough for what is written at its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["widen_margins"]

SPARE: Final = 0.01  # of the figure, beside what is written
LEAST: Final = 0.3  # of it, for the panels themselves
ROUNDS: Final = 2  # with narrower panels other ticks are drawn


def widen_margins(target: Axes | Figure) -> None:
    """Move the edges of the panels inward where labels would be cut; what has room stays as it is.

    A figure with a layout engine does so itself. Panels that were placed by hand stay where they are.
    """
    figure: Any = target.get_figure(root=True)
    if figure is None or figure.get_layout_engine() is not None:
        return
    for _ in range(ROUNDS):
        boxes = [ax.get_tightbbox(for_layout_only=True) for ax in figure.axes if ax.get_subplotspec()]
        boxes = [box for box in boxes if box is not None]
        if not boxes:
            return
        wide, high, now = figure.bbox.width, figure.bbox.height, figure.subplotpars
        cut = {
            "left": min(box.x0 for box in boxes) / wide,
            "right": 1.0 - max(box.x1 for box in boxes) / wide,
            "bottom": min(box.y0 for box in boxes) / high,
            "top": 1.0 - max(box.y1 for box in boxes) / high,
        }
        inward = {
            side: getattr(now, side) + (SPARE - room) * (1.0 if side in ("left", "bottom") else -1.0)
            for side, room in cut.items()
            if room < 0.0
        }
        new = {side: inward.get(side, getattr(now, side)) for side in cut}
        if not inward or new["right"] - new["left"] < LEAST or new["top"] - new["bottom"] < LEAST:
            return
        figure.subplots_adjust(**inward)

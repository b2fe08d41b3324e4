"""Legends lie over nothing that is drawn, and in the figure, however small it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from cases.pictures import PICTURES, book_of, collar_of, market_of
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from hedging import Market, plots, samples


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("width", [3.4, 4.6])
def test_a_legend_lies_over_nothing_that_is_drawn(picture: str, width: float) -> None:
    with plt.rc_context({"figure.figsize": (width, 0.7 * width)}):
        drawn = PICTURES[picture]("SOL", {})
    figure = getattr(drawn, "figure", drawn)
    figure.canvas.draw()
    assert figure.get_figwidth() == width
    for legend in _legends(figure):
        box = legend.get_window_extent()
        assert _inside(box, figure.bbox)
        assert not [each for ax in figure.axes for each in _drawn(ax) if _meets(each, box)]


@pytest.mark.parametrize("engine", [None, "constrained", "tight"])
@pytest.mark.parametrize("size", [(3.4, 2.4), (8.0, 2.0)])
def test_on_a_small_figure_of_the_callers_names_are_left_out_and_counted(
    size: tuple[float, float], engine: Any
) -> None:
    figure = Figure(figsize=size, layout=engine)
    ax = plots.payoff(book_of("SOL"), market_of("SOL"), collar_of("SOL"), ax=figure.subplots())
    figure.canvas.draw()
    named = ax.get_legend_handles_labels()[1]
    told = [each.get_text() for each in ax.get_legend().get_texts()]
    assert tuple(figure.get_size_inches()) == size
    assert told[0] == named[0]
    assert told == named or told[-1] == f"and {len(named) - len(told) + 1} more"
    box = ax.get_legend().get_window_extent()
    assert _inside(box, figure.bbox)
    curves = [line for line in ax.get_lines() if len(line.get_xdata()) > 2]
    assert not [line for line in curves if _meets(_points(line), box)]


def _legends(figure: Figure) -> list[Any]:
    return [*figure.legends, *(ax.get_legend() for ax in figure.axes if ax.get_legend())]


def _inside(box: Bbox, whole: Bbox) -> bool:
    return bool(box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1)


def _drawn(ax: Any) -> Iterator[Any]:
    """Points along what a panel shows; rulers across the whole of it are none."""
    for line in ax.get_lines():
        if line.get_transform() == ax.transData:
            yield _points(line)
    for patch in ax.patches:
        box = Bbox.intersection(patch.get_window_extent(), ax.bbox)
        if box is not None:
            yield np.stack(np.meshgrid(np.linspace(*box.intervalx, 20), np.linspace(*box.intervaly, 20)), -1)


def _points(line: Line2D) -> Any:
    data = np.column_stack([line.get_xdata(orig=False), line.get_ydata(orig=False)]).astype(float)
    corners = line.get_transform().transform(data)
    if line.get_linestyle() == "None" or len(corners) < 2:
        return corners
    return np.concatenate([np.linspace(a, b, 30) for a, b in pairwise(corners)])


def _meets(points: Any, box: Bbox) -> bool:
    x, y = np.moveaxis(np.asarray(points).reshape(-1, 2), -1, 0)
    return bool(((x > box.x0) & (x < box.x1) & (y > box.y0) & (y < box.y1)).any())


@pytest.mark.parametrize(
    "draw",
    [plots.smile, plots.term_structure, lambda market, ax: plots.payoff(samples.book(), market, ax=ax)],
)
def test_a_panel_drawn_into_again_names_all_once_and_has_ticks_only_where_data_can_be(draw) -> None:
    ax = plt.figure(figsize=(5.0, 3.4)).subplots()  # of the caller, and makes no room
    for _ in range(2):
        draw(Market.of(samples.chain()), ax=ax)
        names = [text.get_text() for text in ax.get_legend().get_texts()]
        assert len(names) == len(set(names))
        least = min(
            np.nanmin(line.get_ydata()) for line in ax.get_lines() if line.get_transform() == ax.transData
        )
        step = np.diff(ax.get_yticks()).min()
        assert ax.get_ylim()[0] < least - step  # the room of the names
        assert ax.get_yticks().min() > least - step

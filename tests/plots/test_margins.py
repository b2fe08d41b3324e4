"""Small figures of a caller's that nothing lays out: no label is cut at an edge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from matplotlib.figure import Figure

from hedging import overlays, paths, plots, samples, scenario
from hedging.market import Market

BOOK, CHAIN = samples.book(), samples.chain()
MARKET = Market.of(CHAIN)
ON_AXES: dict[str, Callable[[Any], object]] = {
    "payoff": lambda ax: plots.payoff(BOOK, MARKET, overlays.collar(BOOK, CHAIN), ax=ax),
    "overlays": lambda ax: plots.overlays(overlays.compare(BOOK, MARKET), ax=ax),
    "table": lambda ax: plots.payoff_table(BOOK, MARKET, ax=ax),
    "smile": lambda ax: plots.smile(MARKET, ax=ax),
}


def cut(figure: Figure) -> float:
    """How far something written reaches beyond an edge. [inches]"""
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return float(max(-box.x0, -box.y0, box.x1 - width, box.y1 - height))


@pytest.mark.parametrize("picture", ON_AXES)
def test_labels_are_whole_on_small_axes(picture: str) -> None:
    figure = Figure(figsize=(4.6, 3.4))
    ON_AXES[picture](figure.subplots())
    assert cut(figure) < 0.01


def test_axes_with_room_or_an_engine_or_placed_by_hand_stay_where_they_are() -> None:
    roomy, tight = Figure(figsize=(12, 9)), Figure(figsize=(4.6, 3.4), layout="constrained")
    by_hand = Figure(figsize=(4.6, 3.4))
    for ax in (roomy.subplots(), tight.subplots(), by_hand.add_axes((0.05, 0.05, 0.9, 0.9))):
        before = ax.get_position().bounds
        plots.smile(MARKET, ax=ax)
        assert ax.get_position().bounds == before


def test_a_caller_s_empty_figure_lays_out_its_panels() -> None:
    figure = Figure(figsize=(4.6, 3.4))
    plots.crash_fan(scenario.run(BOOK, MARKET, paths.fan(-0.02, -0.004, 5)), figure=figure)
    assert figure.get_layout_engine() is not None
    figure.draw_without_rendering()
    upper, lower = (ax.get_tightbbox() for ax in figure.axes)
    assert lower.y1 <= upper.y0 + 1.0
    assert cut(figure) < 0.01

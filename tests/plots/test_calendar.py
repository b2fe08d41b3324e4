"""Ticks of dates: at least two, none upon its neighbour, whatever the span and however narrow the panel."""

from __future__ import annotations

import re
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from hedging.plots.style import date_axis, dates, styled

SPANS = (0.3, 1.0, 3.0, 12.0, 30.0, 45.0, 75.0, 320.0, 700.0, 1500.0)


@pytest.mark.parametrize("start", ["2026-05-11T12:19Z", "2026-12-03T00:00Z", "2026-01-01T00:00Z"])
@pytest.mark.parametrize(("width", "panels"), [(2.4, 1), (4.6, 1), (4.6, 2), (9.0, 1)])
def test_dates_stand_apart(width: float, panels: int, start: str) -> None:
    with mpl.rc_context({"figure.figsize": (width, 0.6 * width)}), styled():
        figure = Figure(layout=None)
        places = figure.subplots(len(SPANS), panels, squeeze=False, gridspec_kw={"wspace": 0.4})
    for span, ax in zip(SPANS, places[:, 0], strict=True):
        with styled(ax):
            ax.plot(dates(pd.Timestamp(start), np.linspace(0.0, span, 9)), np.linspace(-1e6, 1e6, 9))
            date_axis(ax)
    figure.set_size_inches(width, 40.0)
    figure.draw_without_rendering()
    for span, ax in zip(SPANS, places[:, 0], strict=True):
        low, high = ax.get_xlim()
        shown = [each for each in ax.get_xticklabels() if low <= each.get_position()[0] <= high]
        boxes = [each.get_window_extent() for each in shown]
        assert len(boxes) >= 2, span
        told = [ax.xaxis.get_offset_text().get_text(), *(each.get_text() for each in shown)]
        assert any(re.search(r"\b20\d\d\b", each) for each in told), (span, told)
        assert all(first.x1 < second.x0 for first, second in pairwise(boxes)), (
            span,
            [each.get_text() for each in shown],
        )

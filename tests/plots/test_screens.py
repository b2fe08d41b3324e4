"""Pictures of screens: the numbers drawn are the screen's."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from cases.coins import walks
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose

from hedging import Prices, plots
from hedging.errors import InputError
from hedging.screen import Screen, drawdowns, rolling_alpha, run


@pytest.fixture(autouse=True)
def _nothing_global() -> Iterator[None]:
    before = dict(mpl.rcParams)
    yield
    assert not {key for key in before if mpl.rcParams[key] != before[key]}
    plt.close("all")


@pytest.fixture(scope="module")
def prices() -> Prices:
    table = walks(coins=10, days=200)
    table.loc[table.index[-3:], "C07"] *= 0.4
    return Prices.from_frame(table)


@pytest.fixture(scope="module")
def screen(prices: Prices) -> Screen:
    return run(prices)


def test_ranking_draws_the_lowest_by_verdict(screen: Screen) -> None:
    ax = plots.ranking(screen, "break_peers", count=4)
    lowest = screen.table["break_peers"].nsmallest(4)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(lowest.index)
    lines = {line.get_label(): line for line in ax.get_lines() if not line.get_label().startswith("_")}
    assert set(lines) == {screen.verdicts[coin].word for coin in lowest.index}
    assert_allclose(lines["break"].get_xdata(), screen.table.loc[["C07"], "break_peers"])
    drawn = np.sort(np.concatenate([line.get_xdata() for line in lines.values()]))
    assert_allclose(drawn, lowest)
    assert "standard deviations" in ax.get_xlabel()
    assert plots.ranking(screen, ax=ax) is ax
    with pytest.raises(InputError, match="no measure"):
        plots.ranking(screen, "alfa")


@pytest.mark.parametrize("measure", ["t", "alpha"])
def test_rolling_alpha_ends_at_the_screens(prices: Prices, screen: Screen, measure: str) -> None:
    found = rolling_alpha(prices, ["C01", "C07"], window=90, days=40)
    assert len(found) == 40
    ax = plots.rolling_alpha(found, measure=measure, window=90)
    column = "alpha_t_90" if measure == "t" else "alpha_90"
    for line in ax.get_lines():
        if line.get_label() in ("C01", "C07"):
            assert line.get_ydata()[-1] == screen.table.loc[line.get_label(), column]
    with pytest.raises(InputError, match="'t' or 'alpha'"):
        plots.rolling_alpha(found, measure="beta")


def test_drawdowns_are_drawn_as_measured(prices: Prices) -> None:
    found = drawdowns(prices, ["C01", "C07"], days=120)
    closes = prices.closes["C07"].iloc[-120:]
    assert found["C07"].iloc[-1] == pytest.approx(closes.iloc[-1] / closes.max() - 1)
    ax = plots.drawdowns(found)
    assert_allclose(ax.get_lines()[1].get_ydata(), found["C07"])
    with pytest.raises(InputError, match="coins must name some of"):
        drawdowns(prices, ["XYZ"])


def test_rolling_needs_the_window(prices: Prices) -> None:
    with pytest.raises(InputError, match="none of the last 10 days"):
        rolling_alpha(prices, ["C01"], window=199, at="2024-06-01", days=10)


def test_a_panel_of_a_part_of_a_figure_is_drawn_on(screen: Screen) -> None:
    from matplotlib import pyplot as plt

    part = plt.figure(figsize=(10.0, 6.0)).subfigures(2, 1)[1]
    ax = plots.ranking(screen, ax=part.subplots())
    assert ax.get_figure() is part
    plt.close("all")

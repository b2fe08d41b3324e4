"""Pictures: the numbers drawn are the numbers given, and nothing global is touched."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from markets import flat_market, option
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from hedging import plots, scenario
from hedging.book import Book, Holding
from hedging.legs import Leg, option_leg
from hedging.market import Market
from hedging.paths import fan

BOOK = Book(Holding.spot("BTC", 10.0))


@pytest.fixture(autouse=True)
def _nothing_global() -> Iterator[None]:
    before = dict(mpl.rcParams)
    yield
    changed = {key for key in before if mpl.rcParams[key] != before[key]}
    plt.close("all")
    assert not changed


@pytest.fixture(scope="module")
def market() -> Market:
    return flat_market(half_spread=0.02)


@pytest.fixture(scope="module")
def puts(market: Market) -> list[Leg]:
    return [option_leg(market.chain, option(market, "p", 90.0, 30.0).symbol, 10.0)]


def test_payoff_draws_position_and_overlay_on_every_day(market: Market, puts: list[Leg]) -> None:
    ax = plots.payoff(BOOK, market, puts)
    result = scenario.payoff(BOOK, market, puts)
    lines = {line.get_label(): line for line in ax.get_lines()}
    assert_allclose(lines["position alone"].get_ydata(), result.position[:, -1])
    for date, name in enumerate(["today", "day 15", "day 30"]):
        line = lines[f"with overlay, {name}"]
        assert_allclose(line.get_xdata(), result.spot["BTC"][:, 0])
        assert_allclose(line.get_ydata(), result.total[:, date])
    assert ax.get_xlabel() == "BTC spot [USD]"
    assert ax.get_ylabel() == "gain since today [USD]"


def test_payoff_without_overlay_is_one_line_where_time_changes_nothing(market: Market) -> None:
    ax = plots.payoff(BOOK, market)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["position alone"]


def test_pnl_paths_draws_both_groups_of_each_scenario(market: Market, puts: list[Leg]) -> None:
    result = scenario.run(BOOK, market, fan(-0.02, -0.004, 10), puts)
    ax = result.plot()
    drawn = [line.get_ydata() for line in ax.get_lines()[1:]]
    expected = [row for i in range(4) for row in (result.position[i], result.total[i])]
    assert_allclose(np.array(drawn), np.array(expected))


def test_crash_fan_has_prices_above_and_gains_below(market: Market, puts: list[Leg]) -> None:
    result = scenario.run(BOOK, market, fan(-0.02, -0.004, 10), puts)
    figure = plots.crash_fan(result)
    upper, lower = figure.axes
    assert_allclose([line.get_ydata() for line in upper.get_lines()], result.spot["BTC"])
    assert len(lower.get_lines()) == 1 + 2 * 4
    assert [text.get_text() for text in upper.get_legend().get_texts()] == list(result.labels)


def test_given_axes_and_figures_are_drawn_on_without_pyplot(market: Market, puts: list[Leg]) -> None:
    figure = Figure()
    ax = figure.subplots()
    assert plots.payoff(BOOK, market, puts, ax=ax) is ax
    result = scenario.run(BOOK, market, fan(-0.02, -0.004, 10), puts)
    assert plots.pnl_paths(result, ax=figure.add_subplot()).figure is figure
    other = Figure()
    assert plots.crash_fan(result, figure=other) is other
    assert plt.get_fignums() == []


def test_ticks_of_money_are_short(market: Market, puts: list[Leg]) -> None:
    ax = plots.payoff(Book(Holding.spot("BTC", 40_000.0)), market, puts)
    ax.figure.canvas.draw()
    assert any(label.get_text().endswith("M") for label in ax.get_yticklabels())


def test_coin_result_says_so(market: Market) -> None:
    ax = plots.payoff(Book(Holding.perpetual("BTC", 10.0, 100.0), numeraire="BTC"), market)
    assert ax.get_ylabel() == "gain since today [BTC]"
    assert ax.get_xlabel() == "BTC spot [USD]"

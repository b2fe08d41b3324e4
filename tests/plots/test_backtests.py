"""Pictures of backtests, by the numbers they draw."""

from __future__ import annotations

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from cases.strategies import falling
from cases.tapes import random_tape
from numpy.testing import assert_allclose

import hedging as hg
from hedging import backtest as bt
from hedging import plots
from hedging.plots.style import date_axis, styled


@pytest.fixture(scope="module")
def comparison():
    book = hg.Book([hg.Holding.spot("BTC", 2.0)])
    strategies = {name: bt.rolled(name, (3.0, 60.0)) for name in ("put", "collar")}
    return bt.compare(book, random_tape(61, missing=0.0), strategies, starts=2)


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_equity_and_underwater_draw_the_curves(comparison) -> None:
    ax = plots.equity(comparison.runs)
    drawn = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    for run in comparison.runs:
        assert_allclose(drawn[run.name], run.equity / run.start_value - 1.0)
    below = {line.get_label(): line.get_ydata() for line in plots.underwater(comparison.runs).get_lines()}
    for run in comparison.runs:
        assert_allclose(np.min(below[run.name]), run.drawdown.depth, atol=1e-12)
    alone = plots.equity([comparison.runs[1]])
    assert "hold" in [line.get_label() for line in alone.get_lines()]


def test_one_colour_a_strategy_in_all_pictures(comparison) -> None:
    lines = {line.get_label(): line.get_color() for line in plots.equity(comparison.runs).get_lines()}
    ax = plots.cost_against_protection(comparison)
    for container in ax.containers:
        assert container.lines[0].get_color() == lines[container.get_label()]


def test_spread_over_starts_is_the_bar(comparison) -> None:
    ax = plots.cost_against_protection(comparison)
    for container, (_, row) in zip(ax.containers, comparison.table.iterrows(), strict=True):
        ends = container.lines[2][0].get_segments()[0][:, 1]
        assert_allclose(sorted(ends), [row["worst"], row["best"]], atol=1e-12)


def test_rolls_draw_each_strike_while_it_was_held(comparison) -> None:
    run = comparison.runs[2]
    ax = plots.rolls(run)
    strikes = [line.get_ydata()[0] for line in ax.get_lines()[1:] if len(line.get_ydata()) == 2]
    assert sorted(strikes) == sorted(float(name.split("-")[2]) for name in run.rolls["instrument"])


def test_the_waterfall_ends_where_the_run_does(comparison) -> None:
    run = comparison.runs[1]
    bars = plots.waterfall(run).patches
    assert_allclose(bars[0].get_height(), run.held.iloc[-1])
    assert_allclose(bars[-1].get_height(), run.equity.iloc[-1])
    assert_allclose(
        bars[0].get_height() + sum(bar.get_height() for bar in bars[1:-1]), bars[-1].get_height(), atol=0.1
    )


def test_a_page_takes_a_figure(comparison) -> None:
    figure = plt.figure(figsize=(4.6, 4.6))
    assert plots.backtest(comparison, figure=figure) is figure
    titles = [ax.get_title(loc="left") for ax in figure.axes if ax.axison]
    assert titles[3:] == [
        "Rolls of put",
        "What put cost and saved",
        "Rolls of collar",
        "What collar cost and saved",
    ]


def test_holdings_draw_the_parts_that_add_up_to_the_equity(comparison) -> None:
    run = comparison.runs[-1]
    drawn = {line.get_label(): line.get_ydata() for line in plots.holdings(run).get_lines()[1:]}
    whole = drawn.pop("all of it")
    assert_allclose(whole, run.equity)
    assert_allclose(sum(drawn.values()), whole)


@pytest.mark.parametrize("hours", [0.1, 5.0, 24.0, 60.0])
@pytest.mark.parametrize("width", [4.5, 6.4, 9.0])
def test_dates_of_a_short_run_do_not_touch(hours, width) -> None:
    times = pd.to_datetime(
        ["2026-01-05T09:13Z", pd.Timestamp("2026-01-05T09:13Z") + pd.Timedelta(hours=hours)]
    )
    figure, ax = plt.subplots(figsize=(width, 3.0), layout="constrained")
    with styled(ax):
        ax.plot(times, [0.0, 1.0])
        date_axis(ax)
    figure.canvas.draw()
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    shown = [label.get_window_extent() for at, label in ticks if low <= at <= high]
    plt.close(figure)
    assert len(shown) >= 2
    assert all(right.x0 > left.x1 for left, right in pairwise(shown))


def test_holding_that_did_not_fall_is_said_where_no_point_can_stand() -> None:
    book, rising = hg.Book([hg.Holding.spot("BTC", 2.0)]), falling(80_000.0, 81_000.0, 82_000.0)
    up = bt.compare(book, rising, [bt.hold], starts=1)
    ax = plots.cost_against_protection(up)
    assert "holding did not fall" in [text.get_text() for text in ax.texts]

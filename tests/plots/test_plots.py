"""Pictures: the numbers drawn are the numbers given, and nothing global is touched."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_market, option
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.testing import assert_allclose

from hedging import margin, overlays, plots, risk, samples, scenario
from hedging.book.book import Book, Holding
from hedging.book.legs import Leg, Orders, option_leg
from hedging.market.market import Market
from hedging.paths.crash import crash_path, fan
from hedging.planner import Frontier

BOOK = Book(Holding.spot("BTC", 10.0))


def _days(line, market):
    """Where a line lies on an axis of dates, in days from now."""
    return (pd.DatetimeIndex(line.get_xdata(), tz="UTC") - market.as_of) / pd.Timedelta(days=1)


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
    for date, name in enumerate(["today", "21 Feb", "8 Mar"]):
        line = lines[f"with overlay, {name}"]
        assert_allclose(line.get_xdata(), result.spot["BTC"][:, 0])
        assert_allclose(line.get_ydata(), result.total[:, date])
    assert ax.get_xlabel() == "BTC spot [USD]"
    assert ax.get_ylabel() == "gain since today [USD]"


def test_payoff_without_overlay_is_one_line_where_time_changes_nothing(market: Market) -> None:
    ax = plots.payoff(BOOK, market)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["position alone", "breakeven: 100"]


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
    assert [text.get_text() for text in lower.get_legend().get_texts()] == [
        label.replace("-", "−") for label in result.labels
    ]


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


def test_heatmap_shows_every_gain_of_the_table(market: Market, puts: list[Leg]) -> None:
    table = scenario.table(
        BOOK, market, puts, spot_moves=[-0.3, 0.1 * 3 - 0.3, 0.2], vol_shifts=[-0.1, 0.0, 0.3], days=5.0
    )
    ax = plots.heatmap(table)
    assert_allclose(ax.collections[0].get_array().reshape(table.shape), table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["70  −30 %", "100  0 %", "120  +20 %"]
    assert ax.get_ylabel() == "BTC spot [USD]"
    assert len(ax.texts) == 9
    low, high = ax.collections[0].get_clim()
    assert low == -high  # nothing is white, gains and losses are as strong
    by_day = plots.heatmap(
        scenario.table(BOOK, market, puts, spot_moves=np.linspace(-0.5, 0.2, 41), days=[0.0, 9.0, 30.0])
    )
    assert [label.get_text() for label in by_day.get_xticklabels()] == ["today", "15 Feb", "8 Mar"]
    assert not by_day.texts
    bare = table.copy()
    bare.attrs = {}
    assert plots.heatmap(bare).get_ylabel() == "move of spot"  # nobody says what spot is


def test_distribution_marks_the_numbers_of_the_risk_table() -> None:
    random = np.random.default_rng(1)
    gains = {"position alone": random.normal(0, 100, 4_000), "with overlay": random.normal(0, 30, 4_000)}
    table = risk.tail_risk(gains, levels=(0.99,))
    ax = plots.distribution(gains, table, currency="BTC")
    marks = {line.get_label(): line.get_xdata()[0] for line in ax.get_lines() if ":" in str(line.get_label())}
    for name in gains:
        assert marks[f"{name}: VaR 99 %"] == -table.loc[(name, 0.99), "VaR"]
        assert marks[f"{name}: ES 99 %"] == -table.loc[(name, 0.99), "ES"]
    heights = [patch.get_height() for patch in ax.patches]
    assert_allclose(sum(heights), 2.0)  # two histograms of shares
    assert ax.get_xlabel() == "gain [BTC]"


def test_waterfall_ends_at_the_total(market: Market, puts: list[Leg]) -> None:
    table = risk.attribution(BOOK + puts, market, crash_path(-0.03, days=5, step=0.5))
    ax = plots.attribution(table)
    bars = ax.patches
    assert_allclose([bar.get_height() for bar in bars], table.loc["total"])
    assert_allclose(bars[-2].get_y() + bars[-2].get_height(), table.loc["total", "total"])


def test_greeks_profile_draws_each_book_in_each_panel(market: Market, puts: list[Leg]) -> None:
    profiles = {
        "position alone": risk.profile(BOOK, market),
        "with overlay": risk.profile(BOOK + puts, market),
    }
    figure = plots.greeks_profile(profiles, asset="BTC")
    for ax, name in zip(figure.axes, ("delta", "gamma", "vega", "theta"), strict=True):
        for line, table in zip(ax.get_lines(), profiles.values(), strict=False):
            assert_allclose(line.get_ydata(), table[name])
    assert figure.axes[2].get_ylabel() == "vega [USD per vol point]"


def test_headroom_marks_the_liquidation(market: Market, puts: list[Leg]) -> None:
    levered = Book(Holding.spot("BTC", 1.0), Holding.perpetual("BTC", 3.0, 100.0))
    falls = fan(-0.02, -0.004, 12)
    accounts = {
        "alone": margin.survive(levered, market, falls, margin.DERIBIT_BTC),
        "with puts": margin.survive(levered, market, falls, margin.DERIBIT_BTC_2024, puts),
    }
    ax = plots.headroom(accounts, scenario=1)
    dead, cross, alive, _zero = ax.get_lines()
    account = accounts["alone"]
    day, price = (values[1] for values in account.first())
    before = account.days < day
    assert_allclose(dead.get_ydata(), [*account.headroom[1][before], 0.0])  # nothing after it died
    assert_allclose(_days(dead, market), [*account.days[before], day])
    assert_allclose(_days(cross, market), day)
    assert str(dead.get_label()).endswith(f"at {price:.5g}")
    assert_allclose(alive.get_ydata(), accounts["with puts"].headroom[1])
    assert plots.headroom(accounts["alone"]).get_ylabel() == "balance less maintenance [BTC]"
    at_once = replace(account, maintenance=account.balance + 1.0)
    shown = np.ptp(plots.headroom(at_once).get_xlim())  # days
    assert 12.0 <= shown <= 1.2 * 12.0
    figure = plots.crash_fan(scenario.run(levered, market, falls), survival=accounts["alone"])
    drawn = next(line for line in figure.axes[0].get_lines() if line.get_label() == "liquidation")
    ends = accounts["alone"].first()[0]
    assert_allclose(_days(drawn, market), ends[1:])  # the slowest fall is lived through


def test_overlays_bars_are_floor_and_cap() -> None:
    table = overlays.compare(samples.book(), samples.chain())
    ax = plots.overlays(table)
    floors = [patch.get_width() for patch in ax.patches[: len(table)]]
    assert_allclose(floors, table["floor"])
    caps = np.array([patch.get_width() for patch in ax.patches[len(table) :]])
    bounded = np.isfinite(table["cap"].to_numpy(dtype=float))
    assert_allclose(caps[bounded], table["cap"][bounded])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(table.index)


def test_overlays_show_rallies_and_end_the_bar_of_a_collar_for_coin() -> None:
    table = overlays.compare(samples.book(), samples.chain())
    ax = plots.overlays(table)
    drawn = {line.get_label(): line for line in ax.get_lines()}
    for column, share in overlays.RALLIES.items():
        assert_allclose(drawn[f"spot +{100 * share:.0f} %"].get_xdata(), table[column])
    caps = np.array([patch.get_width() for patch in ax.patches[len(table) :]])
    slight = overlays.nearly_capped(table).to_numpy()
    assert slight.sum() == 4
    assert_allclose(caps[slight], table["gain_100"][slight])
    arrows = np.asarray(drawn["no cap"].get_ydata())
    open_ended = np.isinf(table["cap"].to_numpy(dtype=float)) & ~slight
    assert arrows.tolist() == np.arange(len(table))[::-1][open_ended].tolist()
    named = [text.get_text() for text in ax.texts]
    assert "premium | execution\n[USD]" in named
    assert "70k | 1.81k" in named


def test_smile_draws_quotes_and_the_surface() -> None:
    chain = samples.chain()
    fitted = Market.of(chain).smile
    ax = plots.smile(chain, fitted, expiries=[2])
    points, line, _spot = ax.get_lines()
    quotes = chain.quotes[chain.quotes["expiry"] == chain.expiries["expiry"][2]]
    assert set(points.get_ydata()) <= set(quotes["mark_vol"])
    time, forward = quotes["time_to_expiry"].iloc[0], quotes["forward"].iloc[0]
    assert_allclose(line.get_ydata(), fitted.vol_at(np.log(line.get_xdata() / forward), time))
    assert set(points.get_xdata()) <= set(quotes["strike"])
    assert len(plots.smile(chain, fitted).get_lines()) == 2 * 6 + 1
    by_date = plots.smile(chain, expiries="2026-03-13").get_lines()[1]
    assert by_date.get_label() == "13 Mar 2026"
    assert_allclose(by_date.get_ydata(), line.get_ydata())


def test_surface_is_the_smile_at_every_point() -> None:
    fitted = Market.of(samples.chain()).smile
    ax = plots.surface(fitted, reach=0.2)
    mesh = ax.collections[0]
    corner = fitted.vol_at(-0.2, fitted.times[0])
    assert_allclose(mesh.get_array().ravel()[0], 100 * corner)
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "strike [quote currency]"  # a surface alone does not know it
    assert plots.surface(Market.of(samples.chain())).get_xlabel() == "strike [USD]"


def test_style_stays_inside_but_a_backend_that_turns_interactive_is_left_on() -> None:
    import matplotlib as mpl

    before = mpl.rcParams["axes.titlelocation"]
    assert not mpl.is_interactive()
    try:
        with plots.style.styled():
            mpl.interactive(True)  # as a notebook's backend does when the first figure loads it
        assert mpl.is_interactive()
        assert mpl.rcParams["axes.titlelocation"] == before
    finally:
        mpl.interactive(False)


def test_frontier_draws_both_curves_and_the_legs() -> None:
    table = pd.DataFrame(
        {
            "floor": [-0.1, -0.2],
            "relaxed": [90.0, 40.0],
            "cost": [100.0, 50.0],
            "legs": [3, 1],
            "premium": [20.0, -5.0],
            "given_up": [0.2, 0.1],
            "bound": [99.0, 50.0],
        }
    )
    ax = plots.frontier(Frontier("floor", table, ((), ()), 1_000.0))
    whole, relaxed = ax.get_lines()
    assert whole.get_xydata().tolist() == [[-0.1, 100.0], [-0.2, 50.0]]
    assert relaxed.get_ydata().tolist() == [90.0, 40.0]
    assert [text.get_text() for text in ax.texts] == ["3", "1"]
    assert ax.get_ylabel() == "execution cost [USD]"
    _, premium, upside = ax.figure.axes
    assert premium.get_lines()[1].get_ydata().tolist() == [20.0, -5.0]
    assert upside.get_lines()[1].get_ydata().tolist() == [0.2, 0.1]
    alone = plt.subplots()[1]
    assert plots.frontier(Frontier("floor", table, ((), ()), 1_000.0), ax=alone) is alone
    flat = plots.frontier(Frontier("floor", table.assign(cost=100.0, relaxed=95.0), ((), ()), 1_000.0))
    assert flat.get_ylim() == pytest.approx((0.0, 110.0))  # the numbers over the points are inside
    assert plots.frontier(Frontier("floor", table.assign(cost=0.0), ((), ()), 1_000.0)).get_ylim()[0] == 0.0


@pytest.mark.parametrize("name", ["$", "$$", "$^$", "a$_$b", r"$\frac$", "$x^2$", "{}", "#%&_^~"])
def test_a_name_is_text_and_no_formula(name):
    with plots.style.styled():
        figure, ax = plt.subplots()
        ax.set_title(name)
        ax.plot([0, 1], [0, 1], label=name)
        ax.legend()
    figure.canvas.draw()
    assert ax.get_title() in (name, "") or ax.get_title(loc="left") == name


def test_a_notebook_leaves_the_ground_of_a_picture_to_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    inline = pytest.importorskip("matplotlib_inline.backend_inline")
    monkeypatch.setattr("matplotlib.get_backend", lambda: "module://matplotlib_inline.backend_inline")
    figure = plots.term_structure(samples.chain()).figure
    # Behind a figure without colour it would put white, in its dark theme too.
    assert inline._fetch_figure_metadata(figure) is None
    kept = io.BytesIO()
    figure.savefig(kept, format="png", facecolor=figure.get_facecolor())
    kept.seek(0)
    assert plt.imread(kept)[0, 0, 3] == 0.0


def test_a_loss_without_bound_is_no_empty_bar() -> None:
    # Five calls are sold already: whatever sells ten more loses by five coins for each coin that spot rises.
    naked = Book(Holding.spot("BTC", 10.0), Holding.option("BTC", "call", 80_000.0, "2026-03-27", -5.0))
    table = overlays.compare(naked, samples.chain())
    worst = table["floor"].to_numpy(dtype=float)
    endless = np.isneginf(worst)
    assert endless.any()
    assert not endless.all()
    ax = plots.overlays(table)
    (arrows,) = [line for line in ax.get_lines() if line.get_label() == "no floor"]
    assert np.asarray(arrows.get_ydata()).tolist() == np.arange(len(table))[::-1][endless].tolist()
    bars = np.array([patch.get_width() for patch in ax.patches[: len(table)]])
    assert_allclose(bars[~endless], worst[~endless])
    assert (bars[endless] <= np.append(worst[~endless], -0.6).min()).all()  # no bounded loss is longer
    assert ax.get_xlim()[0] <= bars[endless].min()


def test_orders_of_older_quotes_say_so_in_every_picture_of_gains() -> None:
    chain = samples.chain()
    plan = Orders(overlays.collar(samples.book(), chain).legs, chain.as_of)
    later = replace(chain, as_of=chain.as_of + pd.Timedelta(hours=1))
    result = scenario.run(samples.book(), later, fan(-0.02, -0.004, 5), plan)
    told = f"orders: since their fills, {chain.as_of:%d %b %Y}"
    for ax in (
        plots.payoff(samples.book(), later, plan),
        plots.pnl_paths(result),
        plots.crash_fan(result).axes[1],
    ):
        assert told in ax.get_legend_handles_labels()[1]
        assert "since today" not in ax.get_ylabel()
    table = plots.heatmap(scenario.table(samples.book(), later, plan, days=1.0))
    assert told in table.figure.axes[-1].get_ylabel()
    assert any(
        "at prices of" in label for label in plots.orders(later, plan).axes[0].get_legend_handles_labels()[1]
    )
    assert plots.payoff(samples.book(), chain, plan).get_ylabel() == "gain since today [USD]"

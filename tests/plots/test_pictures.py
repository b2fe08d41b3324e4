"""What holds of every picture: its size is the caller's, its ground is none, and nothing is drawn of nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

import hedging as hg
from hedging import margin, overlays, paths, plots, risk, samples, scenario
from hedging.book import Ladder
from hedging.errors import InputError

CHAIN, BOOK = samples.chain(), samples.book()
LEVERED = hg.Book(hg.Holding.spot("BTC", 1.0), hg.Holding.perpetual("BTC", 3.0, entry=70_000.0))
LADDER = Ladder(bids=((0.045, 10.0), (0.044, 20.0)), asks=((0.046, 10.0), (0.047, 20.0)))
COLLAR = {"BTC-27MAR26-62000-P": 25.0, "BTC-27MAR26-80000-C": -25.0}


@functools.cache
def _market() -> hg.Market:
    return hg.Market.of(CHAIN)


@functools.cache
def _collar() -> overlays.Overlay:
    return overlays.of_contracts(CHAIN, COLLAR)


@functools.cache
def _falls() -> scenario.ScenarioResult:
    return scenario.run(BOOK, _market(), paths.fan(-0.02, -0.004, 10), _collar())


@functools.cache
def _lives() -> margin.Survival:
    return margin.survive(LEVERED, _market(), paths.fan(-0.02, -0.004, 10), margin.DERIBIT_BTC)


PICTURES: dict[str, Callable[[], Any]] = {
    "payoff": lambda: plots.payoff(BOOK, _market(), _collar()),
    "payoff_table": lambda: plots.payoff_table(BOOK, _market(), _collar()),
    "pnl_paths": lambda: plots.pnl_paths(_falls()),
    "crash_fan": lambda: plots.crash_fan(_falls()),
    "headroom": lambda: plots.headroom(_lives()),
    "greeks_profile": lambda: plots.greeks_profile(risk.profile(BOOK + _collar(), _market())),
    "over_time": lambda: plots.over_time(risk.over_time(BOOK + _collar(), _market(), [0, 10, 20])),
    "distribution": lambda: plots.distribution({"a": np.arange(50.0), "b": np.arange(50.0) / 2}),
    "smile": lambda: plots.smile(_market()),
    "surface": lambda: plots.surface(_market()),
    "term_structure": lambda: plots.term_structure(_market()),
    "orders": lambda: plots.orders(_market(), _collar()),
    "depth": lambda: plots.depth(CHAIN, _collar()),
    "order_book": lambda: plots.order_book(LADDER, name="A", quantity=15.0),
}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("width", [4.6, 7.0])
def test_texts_lie_inside_the_picture_and_tick_labels_apart(name: str, width: float) -> None:
    with mpl.rc_context({"figure.figsize": (width, 0.7 * width)}):
        drawn = PICTURES[name]()
    figure = getattr(drawn, "figure", drawn)
    assert figure.get_figwidth() == width
    assert figure.get_facecolor()[3] == 0.0
    figure.canvas.draw()
    whole = figure.bbox
    for ax in figure.axes:
        for labels in (ax.get_xticklabels(), ax.get_yticklabels()):
            boxes = [each.get_window_extent() for each in labels if each.get_text() and each.get_visible()]
            inside = [box for box in boxes if box.width > 0]
            assert not any(
                first.overlaps(second) and _shown(first, ax) and _shown(second, ax)
                for place, first in enumerate(inside)
                for second in inside[place + 1 :]
            ), name
        legend = ax.get_legend()
        if legend is not None:
            box = legend.get_window_extent()
            assert min(box.x0, box.y0) >= -1, name
            assert box.y1 <= whole.y1 + 1, name
            assert box.x1 <= whole.x1 + 1, name


def _shown(box: Any, ax: Any) -> bool:
    """Whether a tick label belongs to a tick inside the axes: those outside are not drawn."""
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    return bool(
        ax.bbox.x0 - 1 <= middle[0] <= ax.bbox.x1 + 1 or ax.bbox.y0 - 1 <= middle[1] <= ax.bbox.y1 + 1
    )


def _luminance(color: Any) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("name", ["payoff", "crash_fan", "over_time", "orders", "term_structure"])
def test_texts_are_read_on_white_and_on_black(name: str) -> None:
    drawn = PICTURES[name]()
    figure = getattr(drawn, "figure", drawn)
    texts = [each for each in figure.findobj(plt.Text) if each.get_text() and each.get_visible()]
    for text in texts:
        light = _luminance(text.get_color())
        assert 1.05 / (light + 0.05) >= 4.5, text
        assert (light + 0.05) / 0.05 >= 4.5, text


def test_colours_that_the_caller_chose_stay() -> None:
    with plt.style.context("dark_background"):
        ax = plots.payoff(BOOK, _market(), _collar())
    assert to_rgb(ax.figure.get_facecolor()) == (0.0, 0.0, 0.0)
    assert to_rgb(ax.title.get_color()) == (1.0, 1.0, 1.0)


def test_axes_of_the_callers_keep_their_ground_and_their_names_inside() -> None:
    figure, ax = plt.subplots()
    assert plots.payoff(BOOK, _market(), _collar(), ax=ax) is ax
    assert to_rgb(figure.get_facecolor()) == (1.0, 1.0, 1.0)
    figure.canvas.draw()
    assert ax.get_legend().get_window_extent().y0 >= 0.0


def test_payoff_names_what_decides() -> None:
    plan = SimpleNamespace(
        legs=_collar().legs, inputs={"target": {"floor": -0.2}}, base=1_750_000.0, base_name="book value"
    )
    ax = plots.payoff(BOOK, _market(), plan)
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    gains = scenario.payoff(BOOK, _market(), plan)
    put = lines["buy 25 BTC-27MAR26-62000-P"]
    call = lines["sell 25 BTC-27MAR26-80000-C"]
    assert (put.get_xdata()[0], call.get_xdata()[0]) == (62_000.0, 80_000.0)
    at_put = scenario.payoff(BOOK, _market(), plan, spot_moves=[62_000 / 70_000 - 1]).total[0, -1]
    assert put.get_ydata()[0] == pytest.approx(at_put, rel=2e-2)
    assert lines["entry of BTC: 88,000"].get_xdata()[0] == 88_000.0
    assert lines["floor asked: −20 % of book value"].get_ydata()[0] == -350_000.0
    breakeven = next(line for name, line in lines.items() if name.startswith("breakeven"))
    (found,) = gains.breakevens()
    assert breakeven.get_xdata().tolist() == [found]
    gain = scenario.payoff(BOOK, _market(), plan, spot_moves=[found / 70_000 - 1.0]).total[0, -1]
    assert gain == pytest.approx(0.0, abs=250.0)  # of 1.75 million, between two of the lines' nodes
    worst = plots.payoff(BOOK, _market(), _collar()).get_lines()[-1]
    assert worst.get_ydata()[0] == pytest.approx(float(f"{gains.total[:, -1].min():.6g}"), rel=1e-5)


def test_payoff_of_two_assets_has_the_legs_of_both_at_their_moves() -> None:
    ether = hg.Market.bare("ETH", 2_500.0, CHAIN.as_of)
    bitcoin = hg.Holding.spot("BTC", 25.0, entry=84_000.0)
    book = hg.Book(bitcoin, hg.Holding.spot("ETH", 300.0, entry=3_000.0))
    ax = plots.payoff(book, [_market(), ether], _collar())
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    assert lines["buy 25 BTC-27MAR26-62000-P"].get_xdata()[0] == pytest.approx(62 / 70 - 1)
    assert lines["entry of BTC: 84,000"].get_xdata()[0] == pytest.approx(0.2)
    assert lines["entry of ETH: 3,000"].get_xdata()[0] == pytest.approx(0.2)


def test_many_paths_are_bands_of_all_of_them() -> None:
    drawn = scenario.draw(CHAIN, horizon=20, scenarios=200, seed=3)
    result = scenario.run(BOOK, _market(), drawn, _collar())
    ax = plots.pnl_paths(result)
    lines = {str(line.get_label()): line for line in ax.get_lines()}
    np.testing.assert_allclose(lines["with overlay, median"].get_ydata(), np.median(result.total, axis=0))
    np.testing.assert_allclose(
        lines["position alone, median"].get_ydata(), np.median(result.position, axis=0)
    )
    outer = ax.collections[2].get_paths()[0].vertices[:, 1]
    assert outer.min() == pytest.approx(np.quantile(result.total, 0.05, axis=0).min())
    assert outer.max() == pytest.approx(np.quantile(result.total, 0.95, axis=0).max())


def test_dates_stand_on_axes_of_time() -> None:
    ax = plots.pnl_paths(_falls())
    ax.figure.canvas.draw()
    assert any("Mar" in label.get_text() for label in ax.get_xticklabels())
    days = [label.get_text() for label in plots.payoff_table(BOOK, _market(), _collar()).get_xticklabels()]
    assert days[0] == "today"
    assert days[-1] == "27 Mar"


def test_a_fan_stops_where_each_account_does() -> None:
    falls = paths.fan(-0.02, -0.004, 14)
    result = scenario.run(LEVERED, _market(), falls, _collar())
    account = margin.survive(LEVERED, _market(), falls, margin.DERIBIT_BTC)
    lower = plots.crash_fan(result, survival={"position alone": account}).axes[1]
    ends = account.first()[0]
    assert np.isfinite(ends[1:]).all()
    ends = np.where(np.isnan(ends), result.days[-1], ends)
    dashed = [
        line for line in lower.get_lines() if line.get_linestyle() == "--" and len(line.get_xdata()) > 1
    ]
    for line, end, gain in zip(dashed, ends, result.position, strict=True):
        last = (pd.Timestamp(line.get_xdata()[-1], tz="UTC") - CHAIN.as_of) / pd.Timedelta(days=1)
        assert last == pytest.approx(end)
        assert line.get_ydata()[-1] == pytest.approx(np.interp(end, result.days, gain))


def test_orders_stand_at_the_side_they_trade_at_and_bars_reach_from_bid_to_ask() -> None:
    figure = plots.orders(CHAIN, _collar())
    (ax,) = figure.axes
    vols = hg.market.quoted_vols(CHAIN).set_index("symbol")
    lines = {str(line.get_label()).partition(" at ")[0]: line for line in ax.get_lines()}
    assert lines["buy 25 BTC-27MAR26-62000-P"].get_ydata()[0] == vols["ask_vol"]["BTC-27MAR26-62000-P"]
    assert lines["sell 25 BTC-27MAR26-80000-C"].get_ydata()[0] == vols["bid_vol"]["BTC-27MAR26-80000-C"]
    bars = {bar[0, 0]: (bar[0, 1], bar[1, 1]) for bar in ax.collections[0].get_segments()}
    assert bars[62_000.0] == tuple(vols.loc["BTC-27MAR26-62000-P", ["bid_vol", "ask_vol"]])


def test_depth_shows_the_sizes_of_both_sides_and_the_orders() -> None:
    ax = plots.depth(CHAIN, _collar())
    quote = CHAIN.row("BTC-27MAR26-62000-P")
    heights = {round(bar.get_x() + bar.get_width() / 2): [] for bar in ax.patches}
    for bar in ax.patches:
        heights[round(bar.get_x() + bar.get_width() / 2)].append(bar.get_height())
    assert heights[62_000] == [quote["ask_size"], -quote["bid_size"]]
    ordered = {
        line.get_xdata()[0]: line.get_ydata()[0] for line in ax.get_lines() if "BTC-" in str(line.get_label())
    }
    assert ordered == {62_000.0: 25.0, 80_000.0: -25.0}
    assert "13 Mar 2026" in plots.depth(CHAIN, expiry="2026-03-13").get_title(loc="left")


def test_an_order_book_adds_its_sizes_and_marks_what_an_order_reaches() -> None:
    ax = plots.order_book(LADDER, quantity=-15.0)
    bids, asks, mark = ax.get_lines()
    assert bids.get_xydata().tolist() == [[0.045, 0.0], [0.045, 10.0], [0.044, 30.0]]
    assert asks.get_xydata().tolist() == [[0.046, 0.0], [0.046, 10.0], [0.047, 30.0]]
    assert mark.get_xydata().tolist() == [[0.044, 15.0]]


def test_term_structure_is_the_surface_at_three_strikes() -> None:
    ax = plots.term_structure(CHAIN)
    smile = _market().smile
    line = next(each for each in ax.get_lines() if each.get_label() == "at the forward")
    assert line.get_ydata()[0] == pytest.approx(float(smile.vol_at(0.0, smile.times[0])))
    assert line.get_ydata()[-1] == pytest.approx(float(smile.vol_at(0.0, smile.times[-1])))
    days = np.asarray(ax.get_xticks())
    assert set(np.round(days, 6)) <= set(np.round(365.0 * smile.times, 6))  # of the expiries, by their names
    at = CHAIN.as_of + pd.Timedelta(days=float(days[-1]))
    assert ax.get_xticklabels()[-1].get_text() == f"{at:%d %b %y}"


def test_prices_of_a_table_have_one_form() -> None:
    spot = 81_109.3
    table = scenario.table(BOOK, _market(), spot_moves=[-0.5, -0.1, 0.0, 0.4], days=[0, 5])
    table.attrs["spot"] = {"BTC": spot}
    texts = [each.get_text() for each in plots.heatmap(table).get_yticklabels()]
    assert [each.split()[0] for each in texts] == [f"{spot * (1 + move):,.0f}" for move in table.index]


NAN = np.array([np.nan, np.nan])


def _alphas(values: list[float]) -> pd.DataFrame:
    columns = pd.MultiIndex.from_tuples([("BTC", "t"), ("BTC", "alpha")], names=["coin", "measure"])
    return pd.DataFrame(np.reshape(np.repeat(values, 2), (-1, 2)), columns=columns)


REFUSED: dict[str, Callable[[], Any]] = {
    "no axes": lambda: plots.payoff(BOOK, _market(), ax="here"),  # type: ignore[arg-type]
    "no figure": lambda: plots.crash_fan(_falls(), figure=3),  # type: ignore[arg-type]
    "text": lambda: plots.payoff(BOOK, _market(), ["BTC"]),  # type: ignore[list-item]
    "no result": lambda: plots.pnl_paths(CHAIN),  # type: ignore[arg-type]
    "no scenarios": lambda: plots.pnl_paths(_falls(), scenarios=0),
    "fan of a chain": lambda: plots.crash_fan(CHAIN),  # type: ignore[arg-type]
    "survival of others": lambda: plots.crash_fan(_falls(), survival={"me": 5}),  # type: ignore[dict-item]
    "survival of another run": lambda: plots.crash_fan(
        scenario.run(BOOK, _market(), hg.crash_path(-0.02, days=3)), survival=_lives()
    ),
    "heatmap of a list": lambda: plots.heatmap([[1.0]]),  # type: ignore[arg-type]
    "empty heatmap": lambda: plots.heatmap(pd.DataFrame()),
    "heatmap of NaN": lambda: plots.heatmap(pd.DataFrame({0.0: NAN})),
    "heatmap of words": lambda: plots.heatmap(pd.DataFrame({0.0: ["a", "b"]})),
    "no gains": lambda: plots.distribution({}),
    "empty gains": lambda: plots.distribution({"a": []}),
    "no bins": lambda: plots.distribution({"a": [1.0, 2.0]}, bins=0),
    "risk of another table": lambda: plots.distribution({"a": [1.0, 2.0]}, pd.DataFrame({"VaR": [1.0]})),
    "a billion bins": lambda: plots.distribution({"a": [1.0, 2.0]}, bins=10**9),
    "half a bin": lambda: plots.distribution({"a": [1.0, 2.0]}, bins=0.5),  # type: ignore[arg-type]
    "NaN gains": lambda: plots.distribution({"a": [1.0, np.nan]}),
    "no attribution": lambda: plots.attribution(pd.DataFrame({"delta": [1.0]})),
    "profile of nothing": lambda: plots.greeks_profile({}),
    "profile of another table": lambda: plots.greeks_profile(pd.DataFrame({"delta": [1.0]})),
    "profile of text": lambda: plots.greeks_profile("delta"),  # type: ignore[arg-type]
    "profile over time": lambda: plots.over_time(risk.profile(BOOK, _market())),
    "no accounts": lambda: plots.headroom({}),
    "headroom of a chain": lambda: plots.headroom({"a": CHAIN}),  # type: ignore[dict-item]
    "headroom of scenario 9": lambda: plots.headroom(_lives(), scenario=9),
    "overlays of another table": lambda: plots.overlays(pd.DataFrame({"floor": [1.0]})),
    "overlays of nothing": lambda: plots.overlays(overlays.compare(BOOK, CHAIN, [])[:0]),
    "smile on no expiry": lambda: plots.smile(CHAIN, expiries="2026-03-28"),
    "smile of expiry 99": lambda: plots.smile(CHAIN, expiries=[99]),
    "smile of no expiries": lambda: plots.smile(CHAIN, expiries=[]),
    "smile on a word": lambda: plots.smile(CHAIN, expiries=["soon"]),
    "smile of a book": lambda: plots.smile(BOOK),  # type: ignore[arg-type]
    "smile without options": lambda: plots.smile(hg.Market.bare("DOGE", 0.1, CHAIN.as_of)),
    "term structure without options": lambda: plots.term_structure(hg.Market.bare("DOGE", 0.1, CHAIN.as_of)),
    "surface of a book": lambda: plots.surface(BOOK),  # type: ignore[arg-type]
    "surface of no reach": lambda: plots.surface(CHAIN, reach=0.0),
    "orders of nothing": lambda: plots.orders(CHAIN, []),
    "orders over several markets": lambda: plots.orders({"BTC": _market()}, _collar()),  # type: ignore[arg-type]
    "depth on no expiry": lambda: plots.depth(CHAIN, expiry="2026-03-28"),
    "depth without options": lambda: plots.depth(hg.Market.bare("DOGE", 0.1, CHAIN.as_of)),
    "empty order book": lambda: plots.order_book(Ladder()),
    "order book of a chain": lambda: plots.order_book(CHAIN),  # type: ignore[arg-type]
    "too large an order": lambda: plots.order_book(LADDER, quantity=99.0),
    "drawdowns of nothing": lambda: plots.drawdowns(pd.DataFrame()),
    "drawdowns of NaN": lambda: plots.drawdowns(pd.DataFrame({"BTC": NAN})),
    "drawdowns of words": lambda: plots.drawdowns(pd.DataFrame({"BTC": ["a"]})),
    "drawdowns of a list": lambda: plots.drawdowns([1.0]),  # type: ignore[arg-type]
    "alphas of NaN": lambda: plots.rolling_alpha(_alphas([np.nan, np.nan])),
    "alphas of nothing": lambda: plots.rolling_alpha(_alphas([])),
    "frontier of a table": lambda: plots.frontier(pd.DataFrame()),  # type: ignore[arg-type]
    "equity of nothing": lambda: plots.equity([]),
    "equity of a chain": lambda: plots.equity([CHAIN]),  # type: ignore[list-item]
    "rolls of a chain": lambda: plots.rolls(CHAIN),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_named(name: str) -> None:
    with pytest.raises(InputError):
        REFUSED[name]()
    assert not plt.get_fignums()  # and leaves no empty one behind


def test_one_point_is_drawn() -> None:
    payoff = plots.payoff(BOOK, _market(), _collar(), spot_moves=[0.0], days=[0.0])
    assert payoff.get_lines()[2].get_marker() == "o"
    assert plots.distribution({"a": [5.0]}).patches
    assert plots.heatmap(scenario.table(BOOK, _market(), spot_moves=[-0.1], days=[0.0])).texts
    one = scenario.run(BOOK, _market(), paths.grid([-0.1]))
    for drawn in (plots.pnl_paths(one), plots.crash_fan(one)):
        getattr(drawn, "figure", drawn).canvas.draw()
    assert plots.greeks_profile(risk.profile(BOOK, _market(), [0.0]))


def test_gaps_in_a_table_are_left_blank() -> None:
    table = scenario.table(BOOK, _market(), spot_moves=[-0.1, 0.1], days=[0.0, 5.0])
    table.iloc[0, 0] = np.nan
    assert len(plots.heatmap(table).texts) == 3


def test_figures_given_are_drawn_on_without_pyplot() -> None:
    for draw in (
        lambda figure: plots.orders(CHAIN, _collar(), figure=figure),
        lambda figure: plots.over_time(risk.over_time(BOOK, _market(), [0, 5]), figure=figure),
    ):
        figure = Figure()
        assert draw(figure) is figure
    assert not plt.get_fignums()


def test_the_legend_on_small_axes_of_the_caller_lies_below_what_is_drawn() -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.2, 3.2))
    bars = plots.overlays(overlays.compare(BOOK, CHAIN), ax=left)
    lines = plots.payoff(BOOK, CHAIN, _collar(), ax=right)
    figure.canvas.draw()
    top = bars.get_legend().get_window_extent().y1
    assert top <= min(bar.get_window_extent().y0 for bar in bars.patches)
    top = lines.get_legend().get_window_extent().y1
    drawn = [line for line in lines.lines if str(line.get_label()).startswith(("position", "with overlay"))]
    assert len(drawn) >= 2
    assert top <= min(lines.transData.transform(line.get_xydata())[:, 1].min() for line in drawn)
    plt.close(figure)

"""Sliders without a browser: what they show is what a scenario run along the same path gives."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import pytest

import hedging as hg
from hedging import overlays, paths, plots, risk, samples, scenario
from hedging.errors import InputError, MissingExtraError

pytest.importorskip("ipywidgets", reason="the extra interactive is not installed")

CHAIN, BOOK = samples.chain(), samples.book()
COLLAR = {"BTC-27MAR26-62000-P": 25.0, "BTC-27MAR26-80000-C": -25.0}


@pytest.fixture(scope="module")
def market() -> hg.Market:
    return hg.Market.of(CHAIN)


@pytest.fixture(autouse=True)
def _undrawn(request, monkeypatch) -> None:
    """Numbers are read from the table: a picture at every step of a slider would be most of the time."""
    if "picture" not in request.node.name:
        monkeypatch.setattr(plots.Explorer, "_show", lambda *_: None)


def _number(explorer: plots.Explorer, name: str) -> float:
    return float(explorer.to_frame().set_index("name")["value"][name])


@pytest.mark.parametrize(
    ("spot", "vol", "day", "acceleration"),
    [
        (-0.2, 0.0, 0.0, 0.0),
        (-0.2, 0.1, 0.0, 0.004),  # nothing gets faster at once
        (-0.3, 0.1, 7.0, 0.0),
        (-0.1, -0.05, 12.0, -0.004),
        (0.2, 0.0, 20.0, 0.001),
    ],
)
def test_numbers_are_those_of_a_run_to_the_cent(
    market: hg.Market, spot: float, vol: float, day: float, acceleration: float
) -> None:
    collar = overlays.of_contracts(CHAIN, COLLAR)
    explorer = plots.explore(BOOK, market, collar)
    explorer.date.value = day
    explorer.spot.value, explorer.vol.value, explorer.acceleration.value = spot, vol, acceleration
    if day:
        path = hg.crash_path(
            math.log1p(spot) / day, acceleration, day, depth=0.97, step=day / 20, reaction=paths.STILL
        ).with_vol_shift(vol)
        path = replace(path, averaged=False)
    else:
        path = hg.grid([spot], [vol])
    run = scenario.run(BOOK, market, path, collar)
    assert _number(explorer, "BTC spot") == pytest.approx(run.spot["BTC"][0, -1], abs=0.005)
    assert _number(explorer, "gain of the position") == pytest.approx(run.position[0, -1], abs=0.005)
    assert _number(explorer, "gain of the overlay") == pytest.approx(run.overlay[0, -1], abs=0.005)
    assert _number(explorer, "gain of both") == pytest.approx(run.total[0, -1], abs=0.005)
    if not acceleration:
        moved = scenario.run(BOOK, market, hg.grid([spot], [vol], [day]), collar)
        assert run.total[0, -1] == pytest.approx(
            moved.total[0, -1], abs=0.005
        )  # as the curve and a report have it
    end = run.spot["BTC"][0, -1] / market.spot - 1.0
    greeks = risk.profile(BOOK + collar, market, [end], day=day, vol_shift=vol).iloc[0]
    for name in ("delta", "gamma", "vega", "theta"):
        assert _number(explorer, name) == pytest.approx(greeks[name], rel=1e-12)


def test_moving_a_slider_redraws_table_and_picture(market: hg.Market) -> None:
    explorer = plots.explore(BOOK, market, overlays.of_contracts(CHAIN, COLLAR))
    table, image = explorer._table.value, explorer._image.value
    explorer.spot.value = -0.25
    assert explorer._table.value != table
    assert explorer._image.value != image
    assert bytes(explorer._image.value).startswith(b"\x89PNG")
    assert f">{_number(explorer, 'gain of both'):,.0f}<" in explorer._table.value


def test_the_strike_moves_the_first_option_and_leaves_the_rest(market: hg.Market) -> None:
    collar = overlays.of_contracts(CHAIN, COLLAR)
    explorer = plots.explore(BOOK, market, collar)
    assert explorer.strike.value == 62_000.0
    assert explorer.overlay == collar.legs
    explorer.strike.value = 66_000.0
    moved = overlays.of_contracts(CHAIN, {"BTC-27MAR26-66000-P": 25.0, "BTC-27MAR26-80000-C": -25.0})
    assert explorer.overlay == moved.legs


def test_without_an_overlay_a_put_on_all_coins_can_be_tried(market: hg.Market) -> None:
    explorer = plots.explore(BOOK, market)
    assert explorer.strike.value == 0.0
    assert _number(explorer, "gain of the overlay") == 0.0
    explorer.strike.value = 66_000.0
    (leg,) = explorer.overlay
    assert (leg.instrument.strike, leg.quantity, leg.instrument.flag) == (66_000.0, 25.0, "p")


def test_acceleration_is_bounded_by_the_date(market: hg.Market) -> None:
    explorer = plots.explore(BOOK, market)
    explorer.acceleration.value = -0.01
    explorer.date.value = explorer.date.options[-1][1]
    explorer.spot.value = -0.7
    assert explorer.acceleration.value * explorer.date.value**2 / 2 >= -1.5 - 1e-9
    assert explorer.result.spot["BTC"][0, -1] >= 0.03 * market.spot * (1 - 1e-9)


def test_in_a_notebook_it_is_a_widget_and_elsewhere_it_prints(market: hg.Market) -> None:
    explorer = plots.explore(BOOK, market)
    bundle = explorer._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "sliders show in a notebook" in repr(explorer)
    assert explorer.to_dict()["sliders"]["spot"] == 0.0


def test_a_coin_without_options_has_no_strike() -> None:
    doge = hg.Market.bare("DOGE", 0.1, CHAIN.as_of)
    explorer = plots.explore(hg.Book(hg.Holding.spot("DOGE", 1_000.0)), doge)
    explorer.spot.value = -0.5
    assert _number(explorer, "gain of both") == pytest.approx(-50.0)


def test_other_books_and_a_missing_library_are_named(market: hg.Market, monkeypatch) -> None:
    with pytest.raises(InputError):
        plots.explore(hg.Book(hg.Holding.spot("ETH", 1.0)), market)
    with pytest.raises(InputError):
        plots.explore(BOOK, BOOK)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(MissingExtraError, match="interactive"):
        plots.explore(BOOK, market)


def test_several_assets_are_told_that_one_moves():
    two = hg.Book([hg.Holding.spot("BTC", 1), hg.Holding.spot("ETH", 1)])
    chain = hg.samples.chain()
    with pytest.raises(InputError, match="explore moves one asset, and got a book of BTC and ETH"):
        hg.plots.explore(two, chain)
    with pytest.raises(InputError, match="explore moves one asset, and got several chains"):
        hg.plots.explore(hg.samples.book(), [chain, chain])

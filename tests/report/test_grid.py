"""The grid behind the sliders: nodes are full revaluations, and the error between them is the one stated."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from cases.markets import flat_chain
from cases.pages import BOOK

import hedging as hg
from hedging.report.explorer import COLUMNS, _dates
from hedging.report.grid import MOST, Axes, axes_of, grid_of, interpolated, refined
from hedging.report.subject import Subject
from hedging.report.words import day_name

SMALL = Axes(np.array([-0.3, -0.1, 0.0, 0.2]), np.array([-0.1, 0.0, 0.2]), np.array([0.0, 5.0, 20.0]))


def gains(subject: Subject, move: float, vol: float, day: float) -> tuple[float, float]:
    """One node by itself."""
    found = hg.scenario.run(subject.book, subject.markets, hg.grid([move], [vol], [day]), subject.plan)
    return float(found.position[0, 0]), float(found.total[0, 0])


def test_every_node_is_a_revaluation_of_its_own(subject: Subject) -> None:
    found = grid_of(subject, SMALL)
    for (i, move), (j, vol), (k, day) in product(*map(enumerate, (SMALL.moves, SMALL.vols, SMALL.days))):
        alone, hedged = gains(subject, move, vol, day)
        assert found.values["position"][i, j, k] == pytest.approx(alone, abs=1e-9)
        assert found.values["hedged"][i, j, k] == pytest.approx(hedged, abs=1e-9)


def test_greeks_are_the_slopes_of_the_gains(subject: Subject) -> None:
    found, spot = grid_of(subject, SMALL).values, subject.markets[0].spot
    for (i, move), (j, vol), (k, day) in product(*map(enumerate, (SMALL.moves, SMALL.vols, SMALL.days))):
        step = 1e-4
        up, here, down = (gains(subject, move + h, vol, day)[1] for h in (step, 0.0, -step))
        # Up to the slope that the fitted surface has over strikes, which a Greek at one vol leaves out.
        assert found["delta BTC hedged"][i, j, k] == pytest.approx((up - down) / (2 * step * spot), abs=2e-3)
        gamma = (up - 2 * here + down) / (step * spot) ** 2
        assert found["gamma BTC hedged"][i, j, k] == pytest.approx(gamma, abs=1e-3)
    assert (found["delta BTC position"] == 10.0).all()


def test_vega_is_the_slope_over_vol_of_an_option_of_thirty_days(chain: hg.OptionChain) -> None:
    symbol = chain.quotes.loc[
        (chain.quotes["strike"] == 90.0) & (chain.quotes["flag"] == "p"), "symbol"
    ].iloc[-1]
    subject = Subject.of(hg.Book([hg.Holding(chain.option(symbol), 3.0)]), chain, None)
    assert subject.expiries == (30.0,)
    found = grid_of(subject, Axes(np.array([-0.1, 0.1]), np.array([0.0, 0.2]), np.array([0.0, 0.5]))).values
    for (i, move), (j, vol) in product(enumerate((-0.1, 0.1)), enumerate((0.0, 0.2))):
        up, down = (gains(subject, move, vol + h, 0.0)[0] for h in (0.001, -0.001))
        assert found["vega position"][i, j, 0] == pytest.approx((up - down) / 0.2, rel=2e-3)
        later, sooner = (gains(subject, move, vol, day)[0] for day in (0.02, 0.0))
        if vol == 0.0:  # a shift grows as the tenor shrinks, which a Greek at one vol leaves out
            assert found["theta position"][i, j, 0] == pytest.approx((later - sooner) / 0.02, rel=1e-2)


def test_straight_lines_are_exact_for_what_is_straight_in_each_direction() -> None:
    x, y, z = np.meshgrid([0.0, 1.0, 4.0], [-2.0, 3.0], [0.0, 0.5, 7.0], indexing="ij")

    def values(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
        return 3.0 + 2.0 * x - y + 0.5 * z + x * y - 4.0 * x * z + x * y * z

    middles = np.meshgrid([0.5, 2.5], [0.5], [0.25, 3.75], indexing="ij")
    assert interpolated(values(x, y, z)) == pytest.approx(values(*middles))


def test_the_error_stated_is_the_largest_in_the_middle_of_a_cell(subject: Subject) -> None:
    found = grid_of(subject, SMALL)
    axes, values = SMALL.middles(), found.values["hedged"]
    worst = 0.0
    for (i, move), (j, vol), (k, day) in product(*map(enumerate, (axes.moves, axes.vols, axes.days))):
        line = values[i : i + 2, j : j + 2, k : k + 2].mean()
        worst = max(worst, abs(line - gains(subject, move, vol, day)[1]))
    assert worst > 1.0
    assert found.largest["hedged"] == pytest.approx(worst, abs=1e-9)
    assert found.usual["hedged"] <= found.largest["hedged"]
    assert found.largest["position"] == pytest.approx(0.0, abs=1e-9)  # coins gain by a straight line


def test_strikes_and_expiries_are_nodes_and_so_is_the_horizon(subject: Subject) -> None:
    axes = axes_of(subject)
    for leg in subject.legs:
        assert np.abs(axes.moves - (leg.instrument.strike / 100.0 - 1.0)).min() < 1e-9
    for day in (0.0, 20.0, *subject.expiries):
        assert np.abs(axes.days - day).min() < 1e-9


@pytest.mark.parametrize("off", [-16.1, -16.0, -1.1, -0.9, -0.2, -0.01, 0.0, 0.1, 0.9, 1.1])
def test_the_horizon_is_a_node_or_the_expiry_that_counts_as_it(
    plan: hg.HedgePlan, chain: hg.OptionChain, off: float
) -> None:
    """Gains at it are revaluations: the nearest of other nodes was a date that nobody named."""
    expiry = Subject.of(BOOK, chain, plan).expiries[0]
    inputs = {**plan.inputs, "horizon_days": expiry + off}
    subject = Subject.of(BOOK, chain, replace(plan, inputs=inputs))
    at = expiry if abs(off) < 1.0 else expiry + off
    assert subject.end == pytest.approx(at)
    assert np.abs(refined(subject, axes_of(subject)).days - at).min() < 1e-6


@pytest.mark.parametrize("expiries", [1, 5])
def test_no_two_columns_of_the_table_are_one_date(expiries: int) -> None:
    chain = flat_chain(days=(20.2, *range(30, 25 + 5 * expiries, 5)))
    puts = [
        hg.Holding(chain.option(symbol), 1.0)
        for symbol in chain.quotes.query("flag == 'p' and strike == 90")["symbol"]
    ]
    subject = Subject.of(hg.Book([hg.Holding.spot("BTC", 2.0), *puts]), chain, None)
    late = replace(axes_of(subject), days=np.array([0.0, 20.0, 20.2, 20.4, *range(30, 61, 5)]))
    columns = _dates(subject, late.days)
    dates = [day_name(subject.as_of, float(late.days[k])) for k in columns]
    assert len(dates) == len(set(dates)) == COLUMNS
    assert dates[0] == "today"
    assert 20.2 in late.days[columns]  # of a date that several nodes share, the expiry


def test_more_nodes_come_where_gains_bend_and_never_too_many(subject: Subject) -> None:
    plain = axes_of(subject)
    finer = refined(subject, plain)
    assert grid_of(subject, finer).largest["hedged"] <= grid_of(subject, plain).largest["hedged"]
    assert set(plain.moves) <= set(finer.moves)
    assert np.prod(plain.shape) < np.prod(finer.shape) <= MOST[1]


def test_a_book_without_options_needs_no_more_nodes(chain: hg.OptionChain) -> None:
    subject = Subject.of(hg.Book([hg.Holding.spot("BTC", 2.0)]), chain, None)
    plain = axes_of(subject)
    assert refined(subject, plain).shape == plain.shape
    assert list(grid_of(subject, plain).values) == [
        "position",
        *(f"{name} position" for name in ("vega", "theta", "delta BTC", "gamma BTC")),
    ]


def test_deltas_of_many_assets_are_put_together_in_money() -> None:
    prices = {"A": 2.0, "B": 3.0, "C": 5.0, "D": 7.0}
    markets = [hg.Market.bare(name, spot, "2026-01-15T08:00Z") for name, spot in prices.items()]
    subject = Subject.of(hg.Book([hg.Holding.spot(name, 10.0) for name in prices]), markets, None)
    found = grid_of(subject, SMALL).values
    assert not any(key.startswith(("delta A", "gamma A")) for key in found)
    worth = 170.0 * (1.0 + SMALL.moves)
    assert found["delta_value position"] == pytest.approx(np.broadcast_to(worth[:, None, None], SMALL.shape))

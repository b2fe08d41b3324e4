"""The one pass over scenarios: numpy against the compiled loop, and both against the long way round."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging import greeks
from hedging._numerics import revaluation, svi
from hedging._numerics.revaluation_formulas import Moves, OptionColumns
from hedging.book import pricer as valuation
from hedging.book.pricer import Pricer, unit_values
from hedging.paths.paths import Paths

NONE = float("nan")


def legs(random: np.random.Generator, count: int) -> OptionColumns:
    """Options from at the money to a thousandfold away, from minutes to years, on steep and flat slices."""
    time = np.exp(random.uniform(np.log(1e-6), np.log(3.0), count))
    log_strike = random.choice([0.0, 1e-9, 1.0, 10.0], count) * random.normal(0, 0.7, count)
    slices = [
        np.stack(
            [random.uniform(0.01, 2, count), random.uniform(0, 1, count), random.uniform(-0.99, 0.99, count)]
            + [random.normal(0, 0.3, count), random.uniform(1e-4, 1, count)]
        )
        for _ in range(2)
    ]
    sign = random.choice([-1.0, 1.0], count)
    columns = (
        sign,
        np.ones(count),
        100 * np.exp(log_strike),
        log_strike,
        np.sqrt(time),
        *slices[0],
        *slices[1],
    )
    return OptionColumns(*(column[:, None] for column in columns))


def moves(random: np.random.Generator, count: int, *, skewed: bool) -> Moves:
    log_spot, log_carry = (
        random.normal(0, random.choice([1e-9, 0.1, 2.0], count)),
        random.normal(0, 0.2, count),
    )
    return Moves(
        spot=100 * np.exp(log_spot),
        money=np.exp(-log_carry),
        log_forward=log_spot + log_carry,
        slide=0.5 * log_spot,
        vol_shift=random.normal(0, random.choice([0.0, 0.1, 5.0], count)),
        skew_shift=random.normal(0, 0.3, count) if skewed else None,
    )


@pytest.mark.parametrize("skewed", [False, True])
def test_compiled_loop_agrees_with_numpy_to_rounding(skewed: bool) -> None:
    pytest.importorskip("numba")
    random = np.random.default_rng(3)
    leg, moved = legs(random, 200), moves(random, 1_100, skewed=skewed)
    arrays, machine = (revaluation.values(leg, moved, compiled=flag) for flag in (False, True))
    assert np.isfinite(arrays).all()
    k = leg.log_strike - moved.log_forward
    sd = revaluation.vol(leg, moved) * leg.root
    # Far out the value is exp(-h^2 / 2): a rounding of h comes back h^2 times.
    steepness = 1.0 + np.minimum((k / sd) ** 2, 1500.0)
    size = np.maximum(leg.spot_leg * moved.spot, leg.strike_leg * moved.money)
    assert (np.abs(machine - arrays) <= 1e-14 * steepness * arrays + 1e-15 * size).all()
    usual = steepness < 10
    assert usual.mean() > 0.2
    assert_allclose(machine[usual], arrays[usual], rtol=1e-13, atol=1e-13)


def test_compiled_loop_gives_a_scenario_the_same_bits_in_any_company() -> None:
    pytest.importorskip("numba")
    random = np.random.default_rng(4)
    leg, moved = legs(random, 5), moves(random, 1_100, skewed=True)
    whole = revaluation.values(leg, moved, compiled=True)
    for start, stop in [(0, 1), (3, 10), (500, 530), (7, 1_100)]:
        part = Moves(*(np.asarray(row)[start:stop] for row in moved))
        assert np.array_equal(revaluation.values(leg, part, compiled=True), whole[:, start:stop])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_value_is_black_on_the_shifted_surface_step_by_step(settlement: str, compiled: bool) -> None:
    if compiled:
        pytest.importorskip("numba")
    market = flat_market(settlement, carry=0.06, skew=0.3, days=(10.0, 40.0))  # type: ignore[arg-type]
    put = option(market, "p", 90.0, 40.0)
    random = np.random.default_rng(5)
    shape = (50, 1)
    paths = Paths(
        days=np.array([15.0]),
        spot=np.exp(random.normal(0, 0.3, shape)),
        vol_shift=np.abs(random.normal(0, 0.2, shape)),
        labels=tuple(map(str, range(50))),
        carry_shift=random.normal(0, 0.1, shape),
        stickiness=0.4,
        tenor_power=0.0,
    )
    table, time = market.table([put]), 25.0 / 365.0
    spot = 100.0 * paths.spot[:, 0]
    carry = 0.06 + paths.carry_shift[:, 0]  # type: ignore[index]
    forward = spot * np.exp(carry * time)
    k = np.log(90.0 / forward) + 0.4 * np.log(spot / 100.0)
    vol = market.smile.vol_at(k, time) * table.vol / table.smile_vol + paths.vol_shift[:, 0]
    discount = spot / forward if settlement == "coin" else np.exp(-0.06 * time)
    expected = greeks.black76_price("p", forward, 90.0, time, 0.0, vol) * discount
    found = replace(Pricer.of([put], [NONE], market), compiled=compiled).values(paths)[:, 0, 0]
    assert_allclose(found, expected, rtol=1e-11)


def test_slices_at_a_time_sum_to_the_square_of_the_vol() -> None:
    smile = flat_market(skew=0.3, days=(10.0, 40.0)).smile
    k = np.linspace(-1.0, 1.0, 9)
    for day in (1.0, 10.0, 25.0, 40.0, 200.0):
        both = svi.total_variance(smile.slices_at(day / 365.0), k).sum(axis=0)
        assert_allclose(np.sqrt(both), smile.vol_at(k, day / 365.0), rtol=1e-14)


def test_a_run_of_many_nodes_takes_the_compiled_loop_whatever_its_legs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(valuation, "COMPILED", 20)
    market = flat_market(skew=0.3)
    options = [option(market, "p", strike, 30.0) for strike in (80.0, 90.0)]
    paths = Paths(np.array([1.0]), np.linspace(0.5, 1.5, 30)[:, None], np.zeros((30, 1)), tuple("x" * 30))
    together = unit_values(options, [NONE] * 2, market, paths)
    for column, item in enumerate(options):
        assert np.array_equal(unit_values([item], [NONE], market, paths)[..., 0], together[..., column])

"""The density integrates to one with the forward as its mean; touching has its closed form where vol is flat."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import ndtr

from hedging._numerics import svi
from hedging.errors import InputError
from hedging.market import density, fitting, probability_below, smile, touch_probability
from hedging.market.density import _local_variance
from hedging.venues import read_chain

DAY = 1 / 365
AS_OF = pd.Timestamp("2026-01-01T08:00Z")
EXPIRY = "2026-04-01T08:00Z"


def flat(vol: float, forwards=(100.0, 100.0)) -> smile.Smile:
    """A surface of one vol, as SVI slices without any slope."""
    times = np.array([30.0, 90.0]) * DAY
    slices = np.array([[vol**2 * t, 1e-12, 0.0, 0.0, 0.1] for t in times])
    return smile.Smile("XYZ", AS_OF, 100.0, times, np.array(forwards), slices)


def skewed() -> smile.Smile:
    times = np.array([30.0, 90.0]) * DAY
    theta = 0.6**2 * times
    slices = svi.raw_from_ssvi(theta, np.array(-0.4), 0.9 / np.sqrt(theta))
    return smile.Smile("XYZ", AS_OF, 100.0, times, np.array([101.0, 103.0]), slices)


def grid(width: float = 40.0) -> np.ndarray:
    return np.exp(np.linspace(-width, width, 80_001)) * 100.0


def test_a_flat_surface_has_the_lognormal_density():
    level, deviation = np.array([50.0, 100.0, 180.0]), 0.5 * np.sqrt(90 * DAY)
    x = (np.log(level / 100) + deviation**2 / 2) / deviation
    expected = np.exp(-x * x / 2) / np.sqrt(2 * np.pi) / (level * deviation)
    assert_allclose(density(flat(0.5), level, EXPIRY), expected, rtol=1e-9)
    assert_allclose(probability_below(flat(0.5), level, EXPIRY), ndtr(x), rtol=1e-9)


@pytest.mark.parametrize("expiry", ["2026-01-11T08:00Z", "2026-02-20T08:00Z", EXPIRY, "2026-08-01T08:00Z"])
def test_the_density_integrates_to_one_and_to_the_forward(expiry):
    surface, level = skewed(), grid()
    p = density(surface, level, expiry)
    assert (p >= 0).all()
    assert_allclose(np.trapezoid(p, level), 1.0, atol=2e-4)
    forward = surface.forward((pd.Timestamp(expiry) - AS_OF).days * DAY)
    assert_allclose(np.trapezoid(p * level, level), forward, rtol=2e-3)


def test_probability_below_is_the_integral_of_the_density():
    surface, level = skewed(), grid()
    p = density(surface, level, EXPIRY)
    inside = level <= 80.0
    integral = np.trapezoid(p[inside], level[inside])
    assert_allclose(probability_below(surface, level[inside][-1], EXPIRY), integral, atol=2e-4)


def first_passage(spot: float, level: float, vol: float, carry: float, time: float) -> float:
    """Chance that a geometric Brownian motion touches a level; Shreve, Stochastic Calculus for Finance II, 7.2."""
    drift, deviation, far = carry - vol**2 / 2, vol * np.sqrt(time), np.log(level / spot)
    sign = np.sign(far)
    direct = ndtr(sign * (drift * time - far) / deviation)
    mirrored = np.exp(2 * drift * far / vol**2) * ndtr(sign * (-far - drift * time) / deviation)
    return float(direct + mirrored)


@pytest.mark.parametrize("level", [60.0, 80.0, 95.0, 105.0, 130.0])
@pytest.mark.parametrize("carry", [0.0, 0.1])
def test_touching_a_level_has_its_closed_form_at_a_flat_vol(level, carry):
    time = 90 * DAY
    surface = flat(0.5, forwards=(100 * np.exp(carry * 30 * DAY), 100 * np.exp(carry * time)))
    expected = first_passage(100.0, level, 0.5, carry, time)
    assert_allclose(touch_probability(surface, level, EXPIRY), expected, atol=2e-3)


def test_touching_is_likelier_than_ending_beyond_and_certain_where_spot_is():
    surface = skewed()
    for level in (60.0, 80.0, 90.0):
        assert touch_probability(surface, level, EXPIRY) > probability_below(surface, level, EXPIRY)
    assert touch_probability(surface, 100.0, EXPIRY) == 1.0


def test_touching_agrees_with_paths_of_the_same_local_vol():
    surface, rng = skewed(), np.random.default_rng(7)
    steps, time = 360, 90 * DAY
    dt = time / steps
    spot, low = np.full(20_000, 100.0), np.full(20_000, 100.0)
    for i in range(steps):
        middle = (i + 0.5) * dt
        forward = surface.forward(np.array([i * dt, middle, (i + 1) * dt]))
        vol = np.sqrt(_local_variance(surface, np.log(spot / forward[1]), middle))
        drift = np.log(forward[2] / forward[0]) - vol**2 * dt / 2
        before, spot = spot, spot * np.exp(drift + vol * np.sqrt(dt) * rng.standard_normal(spot.size))
        # The lowest point between two dates, drawn from the bridge between them.
        gap = np.log(spot / before)
        bridge = (gap - np.sqrt(gap**2 - 2 * vol**2 * dt * np.log(rng.random(spot.size)))) / 2
        low = np.minimum(low, before * np.exp(bridge))
    assert_allclose(touch_probability(surface, 75.0, EXPIRY), (low <= 75.0).mean(), atol=0.012)  # 3 sd


def test_bad_levels_and_times_are_named():
    with pytest.raises(InputError, match="level must be > 0"):
        density(flat(0.5), [100.0, -1.0], EXPIRY)
    with pytest.raises(InputError, match="expiry must lie after"):
        touch_probability(flat(0.5), 90.0, "2025-01-01T08:00Z")


@pytest.mark.parametrize("nodes", [0, -3, 1, 49, 100.0, "400"])
def test_too_few_nodes_are_refused(nodes):
    with pytest.raises(InputError, match="nodes must be a whole number >= 50"):
        touch_probability(flat(0.5), 90.0, EXPIRY, nodes=nodes)


def test_the_fewest_nodes_still_give_two_digits():
    closed = first_passage(100.0, 70.0, 0.5, 0.0, 90 * DAY)
    assert_allclose(touch_probability(flat(0.5), 70.0, EXPIRY, nodes=50), closed, atol=0.01)


def test_a_probability_stays_one_where_the_surface_has_arbitrage():
    times = np.array([90.0]) * DAY
    steep = np.array([[-0.0410, 0.1331, 0.3060, 0.3586, 0.4153]])  # Vogt's slice: g < 0 near k = 0.8
    surface = smile.Smile("XYZ", AS_OF, 100.0, times, np.array([100.0]), steep)
    level = np.exp(np.linspace(-3, 3, 601)) * 100.0
    assert (density(surface, level, EXPIRY) < 0).any()
    below = probability_below(surface, level, EXPIRY)
    assert ((below >= 0) & (below <= 1)).all()
    # Unclipped it would exceed 1: the slope of the put's price in the strike, by differences.
    variance = svi.total_variance(steep[0], k := np.log(level / 100.0))
    d1 = -k / np.sqrt(variance) + np.sqrt(variance) / 2
    put = level * ndtr(-(d1 - np.sqrt(variance))) - 100.0 * ndtr(-d1)
    assert np.gradient(put, level).max() > 1.0


def test_real_surfaces_have_densities_that_integrate_to_one(shared_data):
    for file in ("deribit_full_20260206T043012Z.csv.gz", "deribit_full_20260511T121945Z.csv.gz"):
        chain = read_chain(shared_data / "chains" / file, asset="BTC")
        surface = fitting.fit(chain)
        level = np.exp(np.linspace(-60, 60, 200_001)) * chain.spot
        for expiry in chain.expiries["expiry"]:
            p = density(surface, level, expiry)
            near = np.abs(np.log(level / chain.spot)) < 2  # where arbitrage was looked for
            assert (p[near] >= 0).all()
            assert_allclose(np.trapezoid(p, level), 1.0, atol=5e-3)

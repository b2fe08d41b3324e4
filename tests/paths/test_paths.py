"""Paths: closed forms of the accelerating fall, hitting times, stalls and rebounds, grids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hedging._numerics.vol_moves import shifted_vol, skew_bend
from hedging.errors import InputError
from hedging.paths.crash import crash_path, fan, hitting_time
from hedging.paths.joint import couple
from hedging.paths.paths import Paths, along, grid, join
from hedging.paths.reactions import BTC, ETH, STILL, Reaction, remembered_fall, tenor_scale


def test_log_price_of_the_crash_is_the_parabola() -> None:
    path = crash_path(velocity=-0.02, acceleration=-0.004, days=21)
    t = np.arange(22.0)
    assert_allclose(path.days, t)
    assert_allclose(np.log(path.spot[0]), -(0.02 * t + 0.004 * t**2 / 2), rtol=1e-13)


def test_last_date_is_the_end_even_where_steps_do_not_fit() -> None:
    assert crash_path(-0.01, days=2.5).days.tolist() == [0.0, 1.0, 2.0, 2.5]
    assert crash_path(-0.01, days=0.3, step=0.1).days.size == 4  # 3 * 0.1 is 0.30000000000000004


FORGETS_NOTHING = {"memory": np.inf, "grace": 0.0}


def test_vol_rises_with_what_is_remembered_of_a_fall() -> None:
    # 5 % a day; what is remembered of a steady fall is speed / rate * (1 - 2^(-days / half-life)).
    rule = Reaction(vol_rise=0.08, vol_speed=0.02, grace=0.1, memory=7.0, speed_grace=0.01, speed_memory=0.5)
    path = crash_path(-0.05, days=4, reaction=rule)
    remembered = [0.05 * h / np.log(2) * (1 - 0.5 ** (np.arange(5) / h)) for h in (7.0, 0.5)]
    expected = 0.8 * np.maximum(remembered[0] - 0.1, 0) + 0.2 * np.maximum(remembered[1] - 0.01, 0)
    assert_allclose(path.vol_shift[0], expected, rtol=1e-12)


def test_a_fast_fall_moves_vol_more_than_a_slow_one_and_both_fade() -> None:
    fast, slow = (crash_path(v, days=60, depth=0.25).vol_shift[0] for v in (-0.10, -0.02))
    assert fast.max() > 1.3 * slow.max() > 0
    # From the peak on nothing falls: what is beyond the grace fades by half of the whole in a memory.
    peak = int(fast.argmax())
    r = fast[peak + 3 :] / BTC.vol_rise * 0.1 + BTC.grace  # sudden part is gone
    alive = fast[peak + 3 :] > 0
    assert_allclose(r[1:][alive[1:]], r[:-1][alive[1:]] * 0.5 ** (1 / BTC.memory), rtol=2e-2)
    assert fast[-1] == 0


@given(st.floats(0.2, 40.0), st.integers(2, 9), st.floats(-0.1, 0.1))
def test_a_fall_cut_into_finer_steps_is_remembered_alike(half_life: float, pieces: int, move: float) -> None:
    days = np.array([0.0, 2.0, 5.0])
    coarse = np.array([[0.0, move - 0.3, move - 0.4]])
    fine_days = np.unique(np.concatenate([np.linspace(a, b, pieces + 1) for a, b in ((0, 2), (2, 5))]))
    fine = np.interp(fine_days, days, coarse[0])[None, :]
    found = remembered_fall(fine_days, fine, half_life)[0, -1]
    assert_allclose(found, remembered_fall(days, coarse, half_life)[0, -1], rtol=1e-9)


def test_calm_markets_have_further_to_go() -> None:
    assert_allclose(BTC.at(0.60 / 2**0.4).vol_rise, 2 * BTC.vol_rise)  # (60 % / vol)^2.5
    assert BTC.at(0.60) == BTC
    assert BTC.at(0.15) == BTC.at(0.30)  # neither coin was ever calmer
    with pytest.raises(InputError, match="vol must be a number > 0"):
        BTC.at(0.0)


def test_paths_say_whose_market_their_rules_were_fitted_to() -> None:
    assert crash_path(-0.02).fitted_to == "BTC"
    assert crash_path(-0.02, reaction=Reaction()).fitted_to == ""
    assert grid([0.1]).fitted_to == ""
    assert couple(crash_path(-0.02), ["BTC", "ETH", "SOL"])["SOL"].fitted_to == "ETH"
    with pytest.raises(InputError, match="same rules"):
        join(crash_path(-0.02), crash_path(-0.02, reaction=replace(BTC, fitted_to="")))


def test_nothing_has_moved_today() -> None:
    path = crash_path(-0.05, -0.01, days=4)
    assert path.vol_shift[0, 0] == 0
    assert path.spread is not None
    assert path.skew_shift is not None
    assert (path.spread[0, 0], path.skew_shift[0, 0]) == (1, 0)


def test_skew_spread_and_funding_follow_their_own_slopes() -> None:
    rule = Reaction(
        vol_rise=0.1, vol_speed=0.0, skew_rise=0.3, spread_rise=0.5, spread_speed=1.0, funding_fall=0.002,
        funding_memory=np.inf, funding_cap=0.004, carry_speed=0.04, **FORGETS_NOTHING,
    )  # fmt: skip
    path = crash_path(-0.1, -0.1, days=2, reaction=rule)  # falls by 0.15 on day 1, by 0.25 on day 2
    assert path.spread is not None
    assert_allclose(path.vol_shift, [[0, 0.15, 0.40]])
    assert_allclose(path.skew_shift, [[0, -0.045, -0.12]])
    assert_allclose(path.spread, [[1, 1 + 0.75 + 1.5, 1 + 2.0 + 2.5]])
    assert_allclose(path.funding_shift, [[0, -0.003, -0.004]])
    assert_allclose(path.carry_shift, [[0, -0.06, -0.10]])


def test_still_market_moves_nothing_but_the_price() -> None:
    path = crash_path(-0.05, days=3, reaction=STILL)
    assert not path.vol_shift.any()
    assert set(path.arrays()) == {"spot", "vol_shift"}


def test_rise_lowers_no_vol_and_a_fall_after_it_counts_from_the_high() -> None:
    rule = Reaction(vol_rise=0.12, vol_speed=0.0, **FORGETS_NOTHING)
    path = crash_path(
        velocity=0.04, acceleration=-0.02, days=6, reaction=rule
    )  # 0.04 up on day 2, 0 on day 4
    assert_allclose(path.vol_shift[0, :3], 0.0)
    assert_allclose(path.vol_shift[0, 4], 0.12 * 0.04 / 0.10, rtol=1e-12)


def test_coupled_assets_fall_by_their_betas_with_their_own_reactions() -> None:
    crash = crash_path(-0.05, days=3)
    both = couple(crash, ["BTC", "ETH"], betas={"BTC": 1.0, "ETH": 2.0})
    assert both["BTC"] is crash
    assert_allclose(both["ETH"].spot, crash.spot**2)
    alone = crash_path(-0.1, days=3, reaction=ETH)
    assert_allclose(both["ETH"].vol_shift, alone.vol_shift)
    with pytest.raises(InputError, match="no stress beta is known for PEPE"):
        couple(crash, ["PEPE"])
    with pytest.raises(InputError, match="its own grid"):
        couple(grid([0.1]), ["ETH"])


def test_given_log_prices_become_paths() -> None:
    made = along([1.0, 2.0], [[-0.1, -0.2], [0.0, 0.1]])
    assert made.labels == ("0", "1")
    assert_allclose(np.log(made.spot), [[-0.1, -0.2], [0.0, 0.1]], atol=1e-15)
    with pytest.raises(InputError, match="one column a date"):
        along([1.0], [[-0.1, -0.2]])


@given(st.floats(-0.3, 0.1), st.floats(-0.05, 0.02), st.floats(0.01, 0.95))
def test_price_at_the_hitting_time_is_the_depth(velocity: float, acceleration: float, depth: float) -> None:
    t = hitting_time(velocity, acceleration, depth)
    if np.isfinite(t) and t < 1e4:
        assert_allclose(velocity * t + acceleration * t * t / 2, np.log1p(-depth), rtol=1e-7)
    elif not np.isfinite(t):
        # Never: the whole parabola stays above the depth for all later times.
        low = -(velocity**2) / (2 * acceleration) if acceleration > 0 and velocity < 0 else 0.0
        assert acceleration > -1e-300
        assert low > np.log1p(-depth)


def test_hitting_time_tends_to_depth_over_speed() -> None:
    expected = -np.log1p(-0.3) / 0.02
    for acceleration in (0.0, -1e-18, 1e-18, -1e-12):
        assert_allclose(hitting_time(-0.02, acceleration, 0.3), expected, rtol=1e-9)


def test_fall_stops_at_its_depth_and_half_of_the_rebound_comes_in_a_half_life() -> None:
    t = hitting_time(-0.02, -0.004, 0.3)
    path = crash_path(-0.02, -0.004, 40, depth=0.3, stall=2, rebound=0.6, half_life=5, step=0.001)
    log_price = np.log(path.spot[0])
    low = np.log(0.7)
    assert_allclose(log_price.min(), low, rtol=1e-13)
    at = lambda day: log_price[np.argmin(np.abs(path.days - day))]  # noqa: E731
    assert_allclose(at(t + 1.99), low)
    assert_allclose(at(t + 7), low * (1 - 0.6 * 0.5), rtol=1e-3)
    assert_allclose(at(t + 12), low * (1 - 0.6 * 0.75), rtol=1e-3)


def test_braked_fall_stalls_where_its_speed_is_gone() -> None:
    path = crash_path(velocity=-0.02, acceleration=0.004, days=10)
    assert_allclose(np.log(path.spot[0, 5:]), -(0.02**2) / (2 * 0.004), rtol=1e-12)


def test_time_runs_c_times_as_fast_under_c_v_and_c_squared_a() -> None:
    rule = Reaction(vol_speed=0.0, memory=np.inf)  # depth alone knows no time
    slow = crash_path(-0.01, -0.002, 12, step=1.0, reaction=rule)
    fast = crash_path(-0.03, -0.018, 4, step=1 / 3, reaction=rule)
    assert_allclose(fast.spot, slow.spot, rtol=1e-12)
    assert_allclose(fast.vol_shift, slow.vol_shift, rtol=1e-9, atol=1e-14)


def test_fan_holds_the_same_fall_at_multiples_of_its_acceleration() -> None:
    paths = fan(-0.02, -0.004, 10, multiples=(1, 2))
    assert_allclose(paths.spot[1], crash_path(-0.02, -0.008, 10).spot[0])
    assert len(paths) == 2
    steady = fan(-0.02, 0.0, 10)  # whatever the multiple, the same fall
    assert len(steady) == 1
    assert_allclose(steady.spot, crash_path(-0.02, 0.0, 10).spot)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"velocity": np.nan}, "velocity must be a finite number"),
        ({"days": 0}, "days must be a number > 0"),
        ({"depth": 40}, "depth must be a share of today's price between 0 and 1; got 40"),
        ({"rebound": 1.5}, "rebound must be a share"),
        ({"stall": -1}, "stall must be a number of days >= 0"),
        ({"velocity": -2.0}, r"log-price by .*velocity is a move a day: -0.02 is 2 %"),
    ],
)
def test_crash_path_refuses(changes: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        crash_path(**({"velocity": -0.02} | changes))  # type: ignore[arg-type]


def test_grid_has_every_combination() -> None:
    paths = grid([-0.5, 0.0, 0.2], [0.0, 0.3], [0, 7])
    assert paths.spot[:, 0].tolist() == [0.5, 0.5, 1.0, 1.0, 1.2, 1.2]
    assert paths.vol_shift[:, 1].tolist() == [0.0, 0.3] * 3
    assert paths.straight


@pytest.mark.parametrize("shift", [10, -7.5, 5.1])
def test_points_or_days_in_the_place_of_shifts_of_vol_are_refused(shift: float) -> None:
    with pytest.raises(InputError, match=r"vol_shifts must be decimals.*got .*Days come after them"):
        grid([0.0], [0.1, shift])
    with pytest.raises(InputError, match="vol_shift must be decimals"):
        grid([0.0]).with_vol_shift(shift)


def test_spot_on_the_way_is_log_linear() -> None:
    path = Paths(np.array([2.0, 4.0]), np.array([[0.81, 0.5]]), np.zeros((1, 2)), ("x",))
    # From 1 today to 0.81 on day 2: 0.9 on day 1, whichever node is asked for.
    assert_allclose(path.spot_at(1.0), [[0.9, 0.9]])
    # A node before the day asked for knows nothing beyond itself.
    assert_allclose(path.spot_at(3.0), [[0.81, np.sqrt(0.81 * 0.5)]])
    straight = Paths(path.days, path.spot, path.vol_shift, ("x",), straight=True)
    assert_allclose(straight.spot_at(1.0), [[0.9, 0.5**0.25]])


def test_join_and_select_are_inverse() -> None:
    parts = [crash_path(-0.01 * i, days=3) for i in (1, 2, 3)]
    joined = join(*parts)
    assert joined.select([1]).labels == parts[1].labels
    assert_allclose(joined.select(slice(1, 3)).spot, np.vstack([parts[1].spot, parts[2].spot]))
    with pytest.raises(InputError, match="3 scenarios, from 0; got 3"):
        joined.select([0, 3])


def test_join_refuses_other_days() -> None:
    with pytest.raises(InputError, match="same days"):
        join(crash_path(-0.01, days=3), crash_path(-0.01, days=4))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": np.array([1.0, 1.0])}, "ascending"),
        ({"spot": np.array([[1.0, 0.0]])}, "multiples > 0"),
        ({"vol_shift": np.zeros((2, 2))}, "vol_shift must have shape"),
        ({"spread": np.array([[1.0, np.nan]])}, "spread must be finite"),
    ],
)
def test_paths_refuse(changes: dict[str, np.ndarray], message: str) -> None:
    given = {
        "days": np.array([0.0, 1.0]),
        "spot": np.ones((1, 2)),
        "vol_shift": np.zeros((1, 2)),
        "labels": ("x",),
    }
    with pytest.raises(InputError, match=message):
        Paths(**(given | changes))  # type: ignore[arg-type]


def test_tenor_scale_meets_the_slopes_it_was_measured_from() -> None:
    # Points per -10 % at 7, 30 and 90 days: 20.7, 12.0, 6.5 measured.
    assert_allclose(12.0 * tenor_scale(np.array([7, 30, 90]) / 365), [20.7, 12.0, 6.5], atol=2.5)
    assert tenor_scale(30 / 365) == 1.0
    assert tenor_scale(1e-9) == tenor_scale(1 / 365)


def test_shifted_vol_adds_upward_and_stays_above_zero_downward() -> None:
    vol = np.array([0.5])
    assert_allclose(shifted_vol(vol, np.array([0.2])), 0.7)
    assert_allclose(shifted_vol(vol, np.array([-1e-6])), 0.5 - 1e-6, atol=1e-11)
    assert shifted_vol(vol, np.array([-5.0]))[0] > 0


def test_skew_bend_is_one_risk_reversal_at_25_delta_and_bounded() -> None:
    call, put = (skew_bend(z * 0.23, 0.23) for z in (0.6744897501960817, -0.6744897501960817))
    assert_allclose(call - put, 1.0, rtol=1e-12)
    assert_allclose(call, -put)
    assert abs(skew_bend(-9.0, 0.23)) < 2.0


def test_reaction_must_be_finite() -> None:
    with pytest.raises(InputError, match="vol_rise of a reaction"):
        Reaction(vol_rise=np.inf)
    with pytest.raises(InputError, match="memory of a reaction must be a number of days > 0"):
        Reaction(memory=0.0)
    with pytest.raises(InputError, match="grace of a reaction must be >= 0"):
        Reaction(grace=-0.1)


def test_drawdown_counts_from_today_at_least() -> None:
    drawdown = remembered_fall(np.arange(1.0, 4.0), np.array([[-0.1, 0.1, -0.2]]), np.inf)
    assert_allclose(drawdown, [[0.1, 0.0, 0.3]])

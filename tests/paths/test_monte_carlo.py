"""Random scenarios: moments, tails, dependence, seeds to the bit, and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from hedging import paths as simulate
from hedging.errors import InputError
from hedging.paths import _drawing
from hedging.paths.reactions import STILL

STEADY = {"BTC": STILL, "ETH": STILL}
RHO = np.array([[1.0, 0.8], [0.8, 1.0]])
TWO = {"BTC": 0.6, "ETH": 0.8}


def history(rows: int = 800, seed: int = 9) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    moves = random.standard_t(4, (rows, 2)) @ np.array([[0.02, 0.02], [0.0, 0.015]])
    index = pd.date_range("2023-01-01", periods=rows, freq="D")
    return pd.DataFrame(np.exp(np.cumsum(moves, axis=0)), index, columns=["BTC", "ETH"])


def log_moves(paths: dict, asset: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.diff(np.log(paths[asset].spot), axis=1, prepend=0.0)


@pytest.mark.parametrize("degrees", [3.5, 5.0, np.inf])
def test_student_t_has_the_stated_deviation_at_any_degrees(degrees: float) -> None:
    paths = simulate.student_t(
        TWO, [1.0, 3.0], 200_000, 1, degrees=degrees, correlation=RHO, reactions=STEADY
    )
    for asset, vol in TWO.items():
        moves = log_moves(paths, asset)
        expected = vol * np.sqrt(np.array([1.0, 2.0]) / 365)
        assert_allclose(moves.std(axis=0), expected, rtol=0.05)
    joint = np.corrcoef(log_moves(paths, "BTC")[:, 0], log_moves(paths, "ETH")[:, 0])[0, 1]
    assert_allclose(joint, 0.8, atol=0.03)


def test_fewer_degrees_have_fatter_tails_and_crash_together() -> None:
    def tail(degrees: float) -> tuple[float, float]:
        paths = simulate.student_t(TWO, [1.0], 200_000, 3, degrees=degrees, reactions=STEADY)
        btc, eth = (log_moves(paths, a)[:, 0] / v for a, v in TWO.items())
        crash = btc < np.quantile(btc, 0.002)
        return float((btc**4).mean() / (btc**2).mean() ** 2), float(
            (eth[crash] < np.quantile(eth, 0.02)).mean()
        )

    (normal_kurtosis, normal_joint), (fat_kurtosis, fat_joint) = tail(np.inf), tail(5.0)
    assert_allclose(normal_kurtosis, 3.0, atol=0.1)
    assert fat_kurtosis > 5
    assert fat_joint > 3 * normal_joint  # uncorrelated, yet not independent


def test_jumps_have_mertons_moments() -> None:
    paths = simulate.jump_diffusion(
        {"BTC": 0.5}, [30.0], 400_000, 7, jumps=12.0, jump_mean=-0.1, jump_deviation=0.05, reactions=STEADY
    )
    x = np.log(paths["BTC"].spot[:, 0])
    year = 30 / 365
    lost = 12 * year * np.expm1(-0.1 + 0.05**2 / 2)  # which the normal part makes up for
    assert_allclose(x.mean(), 12 * year * -0.1 - lost - year * 0.25 / 2, atol=2e-4)
    assert_allclose(x.var(), year * (0.25 + 12 * (0.1**2 + 0.05**2)), rtol=0.01)
    third = 12 * year * (-(0.1**3) - 3 * 0.1 * 0.05**2)
    assert_allclose(((x - x.mean()) ** 3).mean(), third, rtol=0.05)


def test_jumps_hit_all_assets_by_their_betas() -> None:
    paths = simulate.jump_diffusion(
        {"BTC": 0.0, "ETH": 0.0}, [365.0], 500, 7, jumps=5.0, betas={"ETH": 1.5}, reactions=STEADY
    )
    apart = {asset: np.log(paths[asset].spot) - np.log(paths[asset].spot).mean() for asset in paths}
    assert_allclose(apart["ETH"], 1.5 * apart["BTC"], atol=1e-12)


@pytest.mark.parametrize(
    "draw",
    [
        lambda seed: simulate.student_t(TWO, [1.0, 2.0], 50, seed, correlation=RHO),
        lambda seed: simulate.jump_diffusion(TWO, [1.0, 2.0], 50, seed),
        lambda seed: simulate.filtered_historical(history(), 5, 50, seed),
        lambda seed: simulate.block_bootstrap(history(), 5, 50, seed),
    ],
)
def test_seed_gives_the_same_bits_and_another_other_ones(draw) -> None:  # type: ignore[no-untyped-def]
    one, again, generator, other = draw(5), draw(5), draw(np.random.default_rng(5)), draw(6)
    for asset in TWO:
        for name, values in one[asset].arrays().items():
            assert np.array_equal(values, again[asset].arrays()[name])
            assert np.array_equal(values, generator[asset].arrays()[name])
        assert not np.array_equal(one[asset].spot, other[asset].spot)


def _offset(drawn: np.ndarray, past: np.ndarray) -> np.ndarray:
    """The one shift that makes every drawn return of a day a past one."""
    tries = past - drawn[0]
    misses = [np.abs((drawn + shift)[:, None] - past).sum(axis=-1).min(axis=1).max() for shift in tries]
    return tries[int(np.argmin(misses))]


def test_bootstrap_draws_past_days_of_both_assets_together() -> None:
    prices = history(60)
    past = np.diff(np.log(prices.to_numpy()), axis=0)
    paths = simulate.block_bootstrap(prices, 8, 100, 2, reactions=STEADY)
    drawn = np.stack([log_moves(paths, asset) for asset in prices], axis=-1)
    # What is taken off to keep the mean of spot is the same for all scenarios of a day: their differences are the past's.
    offset = np.stack([_offset(drawn[:, day], past) for day in range(drawn.shape[1])])
    drawn = drawn + offset
    nearest = np.abs(drawn[:, :, None] - past).sum(axis=-1)
    assert_allclose(nearest.min(axis=2), 0.0, atol=1e-12)
    # Runs of mean length 5 mostly go on with the next day, round the end.
    place = nearest.argmin(axis=2)
    goes_on = (place[:, 1:] == (place[:, :-1] + 1) % len(past)).mean()
    assert_allclose(goes_on, 0.8, atol=0.05)


def test_filtered_history_has_todays_vol_not_the_pasts() -> None:
    prices = history()
    returns = np.log(prices).diff().dropna()
    calm = pd.concat([returns, returns.iloc[-200:] * 0.2])
    quiet = pd.DataFrame(
        np.exp(calm.cumsum().to_numpy()),
        pd.date_range("2023-01-01", periods=len(calm), freq="D"),
        columns=prices.columns,
    )
    paths = simulate.filtered_historical(quiet, 1, 20_000, 4, reactions=STEADY)
    drawn = log_moves(paths, "BTC")[:, 0].std()
    today = simulate.ewma_vol(np.log(quiet).diff().dropna())["BTC"].iloc[-1]
    assert_allclose(drawn, today, rtol=0.15)
    assert drawn < 0.5 * returns["BTC"].std()


def test_ewma_is_the_recursion_by_hand() -> None:
    vol = simulate.ewma_vol(pd.DataFrame({"x": [0.02, -0.01]}), decay=0.9)["x"].to_numpy()
    first = (0.0004 + 0.0001) / 2
    second = 0.9 * first + 0.1 * 0.0004
    assert_allclose(vol**2, [first, second, 0.9 * second + 0.1 * 0.0001])


def test_garch_vol_comes_back_from_a_garch_series() -> None:
    pytest.importorskip("arch")
    random = np.random.default_rng(8)
    vol, moves = np.empty(3_001), np.empty(3_000)
    vol[0] = 0.02
    for i in range(3_000):
        moves[i] = vol[i] * random.standard_normal()
        vol[i + 1] = np.sqrt(0.00001 + 0.1 * moves[i] ** 2 + 0.87 * vol[i] ** 2)
    found = simulate.garch_vol(pd.DataFrame({"BTC": moves}))["BTC"].to_numpy()
    assert found.size == 3_001
    assert np.corrcoef(found[200:], vol[200:])[0, 1] > 0.97
    assert_allclose(found[-1], vol[-1], rtol=0.15)


MODELS = {
    "t of 3 degrees": lambda seed: simulate.student_t(
        TWO, [1.0, 9.0, 30.0], 20_000, seed, degrees=3.0, correlation=RHO
    ),
    "t of 4 degrees, 90 days": lambda seed: simulate.student_t(TWO, [45.0, 90.0], 20_000, seed),
    "normal": lambda seed: simulate.student_t(TWO, [1.0, 30.0], 20_000, seed, degrees=np.inf),
    "jumps": lambda seed: simulate.jump_diffusion(TWO, [2.0, 30.0], 20_000, seed, betas={"ETH": 1.4}),
    "filtered": lambda seed: simulate.filtered_historical(history(), 30, 10_000, seed),
    "bootstrap": lambda seed: simulate.block_bootstrap(history(), 30, 10_000, seed),
}


@pytest.mark.parametrize("model", MODELS)
def test_mean_of_spot_is_the_forward_on_every_date(model: str) -> None:
    for asset, paths in MODELS[model](3).items():
        assert_allclose(paths.spot.mean(axis=0), 1.0, rtol=1e-12, err_msg=asset)


@pytest.mark.parametrize("model", MODELS)
def test_mean_of_spot_is_the_forward_before_it_is_matched(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Three errors of a hundred thousand scenarios: what is taken off is the exact mean, not the sample's.
    # Vol that feeds on its own shocks has a mean that rare scenarios decide, whose error a sample understates.
    errors = 8.0 if model == "filtered" else 3.0
    monkeypatch.setattr(_drawing, "MATCHED", 10**9)
    draws = [MODELS[model](seed) for seed in range(5)]
    for asset in draws[0]:
        spot = np.concatenate([drawn[asset].spot for drawn in draws])
        error = spot.std(axis=0) / np.sqrt(len(spot))
        assert (np.abs(spot.mean(axis=0) - 1.0) < errors * error).all(), asset


def test_forwards_and_vols_may_differ_by_date() -> None:
    days, vols, drift = np.array([10.0, 40.0]), np.array([0.5, 0.4]), np.array([0.05, 0.10])
    paths = simulate.student_t({"BTC": vols}, days, 100_000, 5, drift=drift, reactions=STEADY)["BTC"]
    error = paths.spot.std(axis=0) / np.sqrt(len(paths))
    assert (np.abs(paths.spot.mean(axis=0) - np.exp(drift * days / 365)) < 2.0 * error).all()
    assert_allclose(np.log(paths.spot).std(axis=0), vols * np.sqrt(days / 365), rtol=0.02)
    with pytest.raises(InputError, match="less total variance"):
        simulate.student_t({"BTC": [0.5, 0.1]}, days, 10, 1)
    with pytest.raises(InputError, match="one until each of 2 dates"):
        simulate.student_t({"BTC": [0.5, 0.1, 0.2]}, days, 10, 1)


@pytest.mark.parametrize("model", MODELS)
def test_vol_is_drawn_both_ways_around_the_surface_and_rises_in_falls(model: str) -> None:
    for asset, paths in MODELS[model](4).items():
        shift, move = paths.vol_shift[:, -1], np.log(paths.spot[:, -1])
        assert paths.ageing == "expiry"
        assert abs(shift.mean()) < 0.1 * shift.std()
        assert 0.35 < (shift < 0).mean() < 0.65
        assert -0.7 < np.corrcoef(shift, move)[0, 1] < -0.03, asset
        fallen = move < np.quantile(move, 0.02)
        assert shift[fallen].mean() > 0


def test_noise_of_vol_grows_to_its_size_and_is_none_today() -> None:
    rule = replace(STILL, noise=0.2, noise_half_life=10.0)
    paths = simulate.student_t({"BTC": 0.5}, [0.0, 10.0, 200.0], 50_000, 2, reactions={"BTC": rule})["BTC"]
    assert (paths.vol_shift[:, 0] == 0).all()
    sizes = np.log1p(paths.vol_shift / 0.5).std(axis=0)
    assert_allclose(sizes[1:], [0.2 * np.sqrt(0.75), 0.2], rtol=0.02)
    assert paths.skew_shift is None
    assert paths.term_shift is None


@pytest.mark.parametrize("stress", [0.0, 0.4, 1.0])
def test_stressed_correlation_stays_valid(stress: float) -> None:
    random = np.random.default_rng(3)
    raw = random.normal(size=(6, 3))
    matrix = np.corrcoef(raw @ raw.T + 0.1 * np.eye(6))
    found = simulate.stressed_correlation(matrix, stress)
    assert np.linalg.eigvalsh(found)[0] > -1e-12
    assert_allclose(np.diag(found), 1.0)
    assert (found >= matrix - 1e-12).all()


def test_correlation_of_one_moves_all_alike() -> None:
    paths = simulate.student_t({"A": 0.5, "B": 1.0}, [5.0], 100, 1, correlation=np.ones((2, 2)))
    a, b = (np.log(paths[asset].spot) for asset in "AB")
    assert_allclose(b - b.mean(), 2 * (a - a.mean()), atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate.student_t(TWO, [1.0], 5, 1, degrees=2), "degrees must be > 2"),
        (lambda: simulate.student_t({}, [1.0], 5, 1), "vols must give"),
        (lambda: simulate.student_t({"BTC": 60}, [2.0, 1.0], 5, 1), "ascending"),
        (lambda: simulate.student_t(TWO, [1.0], 0, 1), "scenarios must be >= 1"),
        (
            lambda: simulate.student_t(TWO, [1.0], 5, 1, correlation=[[1, 2], [2, 1]]),
            "no negative eigenvalue",
        ),
        (lambda: simulate.student_t(TWO, [1.0], 5, 1, correlation=[[1, 0.5], [0.2, 1]]), "symmetric"),
        (lambda: simulate.student_t(TWO, [1.0], 5, 1, correlation=np.eye(3)), "must be 2 x 2"),
        (lambda: simulate.stressed_correlation(RHO, 1.2), "stress must lie"),
        (lambda: simulate.jump_diffusion(TWO, [1.0], 5, 1, jumps=-1), "jumps and jump_deviation"),
        (lambda: simulate.block_bootstrap(history(), 5, 5, 1, mean_block=0.5), "mean_block"),
        (lambda: simulate.block_bootstrap(history().replace(1.0, np.nan) * np.nan, 5, 5, 1), "without gaps"),
        (lambda: simulate.block_bootstrap(history().iloc[::7], 5, 5, 1), "prices must be daily"),
        (lambda: simulate.filtered_historical(history(), 5, 5, 1, decay=1.0), "decay must lie"),
        (lambda: simulate.filtered_historical(history(), 0, 5, 1), "whole numbers >= 1"),
    ],
)
def test_bad_input_is_refused(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        call()

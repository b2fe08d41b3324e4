"""Own sums against statsmodels, arch and bidask, published vectors, and what a measure is on made series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases.coins import bars, walks

import hedging as hg
from hedging.prices import Prices
from hedging.screen import breaks, liquidity, market_model, persistence, regression, strength, vol
from hedging.screen.window import window_of

sm = pytest.importorskip("statsmodels.api")
unitroot = pytest.importorskip("arch.unitroot")


@pytest.mark.parametrize("days", [30, 60, 90])
@pytest.mark.parametrize("seed", range(3))
def test_the_market_model_is_that_of_statsmodels(days: int, seed: int) -> None:
    past = Prices.from_frame(walks(days=150, seed=seed)).until()
    factor = pd.Series(np.random.default_rng(100 + seed).normal(size=150), past.stamps)
    window = window_of(past, days, "BTC", {"factor": factor})
    found = market_model.measure(window, market_model.fit(window))
    for place in range(len(window.coins)):
        design = sm.add_constant(np.column_stack([window.benchmark[place], window.factors["factor"]]))
        how = {"maxlags": 5, "use_correction": True}
        fit = sm.OLS(window.returns[place], design).fit(cov_type="HAC", cov_kwds=how)
        expected = {
            "alpha": 365 * fit.params[0],
            "alpha_t": fit.tvalues[0],
            "beta": fit.params[1],
            "beta_error": fit.bse[1],
            "beta_factor": fit.params[2],
            "beta_factor_error": fit.bse[2],
            "r2": fit.rsquared,
            "idiosyncratic_vol": np.sqrt(365 * fit.scale),
        }
        for name, value in expected.items():
            assert found[name][place] == pytest.approx(value, rel=1e-10, abs=1e-12), name


@pytest.mark.parametrize("lags", [0, 3, 20])
def test_errors_without_the_small_sample_factor_too(lags: int) -> None:
    series = np.random.default_rng(lags).normal(0.1, 1.0, (1, 200)).cumsum(axis=1)
    fit = sm.OLS(series[0], np.ones(200)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
    )
    error = regression.newey_west_errors(regression.ols(series), lags, small_sample=False)
    assert error[0, 0] == pytest.approx(fit.bse[0], rel=1e-10)


def test_collinear_regressors_and_exact_fits_are_nothing_not_noise() -> None:
    rng = np.random.default_rng(0)
    market = rng.normal(size=(1, 60))
    assert np.isnan(regression.ols(rng.normal(size=(1, 60)), market, 2 * market).coefficients).all()
    exact = regression.ols(0.001 + 1.5 * market, market)
    assert np.isnan(regression.newey_west_errors(exact)).all()
    np.testing.assert_allclose(exact.coefficients, [[0.001, 1.5]])


@pytest.mark.parametrize("lags", [2, 5])
@pytest.mark.parametrize("days", [30, 90, 400])
def test_the_variance_ratio_is_that_of_arch(lags: int, days: int) -> None:
    returns = np.random.default_rng(days).standard_t(4, (5, days))
    ratio, z = persistence.variance_ratio(returns, lags)
    for place in range(5):
        test = unitroot.VarianceRatio(np.concatenate(([0.0], returns[place].cumsum())), lags)
        assert ratio[place] == pytest.approx(test.vr, rel=1e-10)
        assert z[place] == pytest.approx(test.stat, rel=1e-10)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3])
def test_the_variance_ratio_of_two_is_one_plus_the_autocorrelation(rho: float) -> None:
    shocks = np.random.default_rng(1).normal(size=200_000)
    returns = np.empty_like(shocks)
    returns[0] = shocks[0]
    for place in range(1, shocks.size):
        returns[place] = rho * returns[place - 1] + shocks[place]
    assert persistence.variance_ratio(returns, 2)[0] == pytest.approx(1 + rho, abs=0.01)
    assert persistence.autocorrelation(returns) == pytest.approx(rho, abs=0.01)


@pytest.mark.parametrize("lags", [2, 5])
def test_white_noise_is_rejected_as_often_as_stated(lags: int) -> None:
    returns = np.random.default_rng(7).normal(size=(2_000, 400))
    rejected = (np.abs(persistence.variance_ratio(returns, lags)[1]) > 1.959964).mean()
    assert rejected == pytest.approx(0.05, abs=0.015)  # three errors of 2,000 draws


@pytest.mark.parametrize("days", [1.0, 5.0, 20.0])
def test_the_half_life_of_a_made_gap_comes_back(days: float) -> None:
    kept = 0.5 ** (1.0 / days)
    shocks = np.random.default_rng(3).normal(size=50_000)
    gap = np.empty_like(shocks)
    gap[0] = 0.0
    for place in range(1, shocks.size):
        gap[place] = kept * gap[place - 1] + shocks[place]
    assert persistence.half_life(gap[None])[0] == pytest.approx(days, rel=0.1)
    rising = np.exp(0.01 * np.arange(60.0))[None]
    assert np.isinf(persistence.half_life(rising)[0])


# The toy vector of the reference; values printed there to six digits.
TOY = {
    "open": np.array([100, 102, 101, 105, 103, 98.0]),
    "high": np.array([103, 104, 106, 107, 104, 101.0]),
    "low": np.array([99, 100, 100, 102, 97, 95.0]),
    "close": np.array([102, 101, 105, 103, 98, 99.0]),
}


def test_realised_vols_of_the_toy_vector() -> None:
    o, h, low, c = TOY.values()
    assert vol.close_to_close(c) == pytest.approx(0.631945, abs=5e-7)
    assert vol.parkinson(h, low) == pytest.approx(0.617855, abs=5e-7)
    assert vol.garman_klass(o, h, low, c) == pytest.approx(0.642620, abs=5e-7)
    assert vol.rogers_satchell(o, h, low, c) == pytest.approx(0.622700, abs=5e-7)
    assert vol.yang_zhang(o, h, low, c) == pytest.approx(0.647765, abs=5e-7)


def test_range_vols_agree_on_a_walk_seen_often() -> None:
    steps = np.random.default_rng(5).normal(0, 0.6 / np.sqrt(365 * 2_000), (400, 2_000))
    paths = np.concatenate((np.zeros((400, 1)), steps.cumsum(axis=1)), axis=1)
    level = np.concatenate(([0.0], paths[:, -1].cumsum()[:-1]))[:, None]
    prices = 100 * np.exp(level + paths)
    o, h, low, c = prices[:, 0], prices.max(axis=1), prices.min(axis=1), prices[:, -1]
    for found in (
        vol.close_to_close(c),
        vol.parkinson(h, low),
        vol.garman_klass(o, h, low, c),
        vol.rogers_satchell(o, h, low, c),
        vol.yang_zhang(o, h, low, c),
    ):
        assert found == pytest.approx(0.6, rel=0.08)


def test_liquidity_by_hand() -> None:
    returns, volume = np.array([[0.02, -0.01, 0.03]]), np.array([[2e6, 0.0, 1e6]])
    assert liquidity.amihud(returns, volume)[0] == pytest.approx((0.02 / 2 + 0.03 / 1) / 2)
    assert liquidity.kyle_obizhaeva(returns, volume)[0] == pytest.approx(np.cbrt(returns.var(ddof=1) / 1e6))
    assert np.isnan(liquidity.amihud(returns, 0 * volume)[0])
    assert np.isnan(liquidity.kyle_obizhaeva(returns, 0 * volume)[0])


def test_liquidity_ranks_with_volume_on_recorded_bars_and_the_spread_of_btc_is_small(
    shared_data: Path,
) -> None:
    prices = hg.read_prices(shared_data / "prices" / "daily_ohlcv_binance_2021_2022.parquet")
    window = window_of(prices.until("2022-04-30"), 365, "ETH")
    found = pd.DataFrame(liquidity.measure(window), list(window.coins))
    volume = pd.Series(window.quote_volume[:, 1:].mean(axis=1), list(window.coins))  # type: ignore[index]
    for name in ("amihud", "kyle_obizhaeva"):
        assert -found[name].corr(volume, method="spearman") > 0.93
    assert found.loc["BTC", "spread"] < 0.002


@pytest.mark.parametrize("day", range(1, 8))
def test_a_break_is_the_week_beside_the_ninety_days_before(day: int) -> None:
    table = walks(days=150)
    table.loc[table.index[-day:], "C01"] *= 0.7
    window = window_of(Prices.from_frame(table).until(), 97, "BTC")
    found = breaks.measure(window)
    place = window.coins.index("C01")
    moves = np.log(table).diff().iloc[-97:]
    before, week = moves.iloc[:90], moves.iloc[90:].sum()
    others = [coin for coin in window.coins if coin != "C01"]
    design = sm.add_constant(np.column_stack([before["BTC"], before[others].mean(axis=1)]))
    fit = sm.OLS(before["C01"].to_numpy(), design).fit()
    expected = week["C01"] - fit.params[1] * week["BTC"] - fit.params[2] * week[others].mean()
    assert found["break_peers"][place] == pytest.approx(expected / np.sqrt(7 * fit.scale), rel=1e-9)


def test_momentum_and_highs_by_hand() -> None:
    close = np.exp(np.random.default_rng(0).normal(size=(2, 120)))
    close[1, -30] = np.nan
    found = strength.momentum(close)
    logs = np.log(close)
    assert found["momentum_3w"][0] == pytest.approx(logs[0, -1] - logs[0, -22])
    assert found["momentum_3w_skip"][0] == pytest.approx(logs[0, -2] - logs[0, -23])
    assert found["week_high"][0] == pytest.approx(logs[0, -1] - logs[0, -8:].max())
    assert found["momentum_16w"][0] == pytest.approx(logs[0, -1] - logs[0, -113])
    assert np.isfinite(found["momentum_4w"][1])
    assert np.isnan(found["momentum_8w"][1])


def test_downside_beta_is_the_slope_below_the_mean() -> None:
    window = window_of(Prices.from_frame(bars()).until(), 60, "BTC")
    found = market_model.measure(window, market_model.fit(window))["downside_beta"]
    low = window.benchmark[0] < window.benchmark[0].mean()
    expected = hg.planner.proxy(window.returns[2], window.benchmark[2]).downside_beta
    assert found[2] == pytest.approx(np.polyfit(window.benchmark[2][low], window.returns[2][low], 1)[0])
    assert found[2] == pytest.approx(expected)

"""The surface gives back what it was fitted to, has no arbitrage, and moves by its rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from hedging._numerics import svi
from hedging.errors import ChainError, InputError
from hedging.market import _smile_fit, fit_quality, fitting, smile
from hedging.market.chain import OptionChain
from hedging.venues import read_chain, snapshots

DAY = 1 / 365
# Gatheral and Jacquier (2014), section 3.1, after A. Vogt: a raw SVI slice with butterfly arbitrage near k = 0.8.
VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])


def chain_of(vols: dict[str, object], forward: float = 100.0, **columns: object) -> OptionChain:
    """A cash-settled chain of out-of-the-money options; `vols` per expiry, a number or a function of k."""
    strikes = np.exp(np.arange(-0.6, 0.61, 0.05)) * forward
    k = np.log(strikes / forward)
    frames = [
        pd.DataFrame(
            {"flag": np.where(k < 0, "p", "c"), "strike": strikes, "expiry": day, "forward": forward}
        ).assign(mark_vol=vol(k) if callable(vol) else vol, **columns)
        for day, vol in vols.items()
    ]
    return OptionChain.from_frame(
        pd.concat(frames, ignore_index=True),
        asset="XYZ",
        as_of="2026-01-01T08:00Z",
        units={"price": "money", "vol": "decimal"},
    )


def skewed(level: float, skew: float = -0.2):
    """Vols of an SSVI-like slice: a level, and a slope at the money."""
    return lambda k: level * np.sqrt(0.5 + 0.5 * np.sqrt((1.5 * k) ** 2 + 1)) + skew * level * k


# --- formulas ---------------------------------------------------------------------------------------


def test_ssvi_slices_as_raw_svi_have_the_variance_of_the_ssvi_formula():
    theta, rho, phi = np.array([0.01, 0.2]), np.array([-0.4, -0.4]), np.array([5.0, 1.2])
    k = np.linspace(-1, 1, 7)
    t, p = theta[:, None], phi[:, None]
    formula = t / 2 * (1 - 0.4 * p * k + np.sqrt((p * k - 0.4) ** 2 + 1 - 0.16))
    assert_allclose(svi.total_variance(svi.raw_from_ssvi(theta, rho, phi), k), formula, rtol=1e-12)


def test_free_coordinates_lead_back_to_the_slice():
    slices = np.array([[0.01, 0.1, -0.3, 0.05, 0.2], VOGT])
    assert_allclose(svi.from_free(svi.to_free(slices)), slices, rtol=1e-9)
    k = np.linspace(-3, 3, 6001)
    lowest = k[svi.total_variance(slices[0], k).argmin()]
    least, where = svi.to_free(slices[0])[:2]
    assert_allclose([np.exp(least), where], [svi.total_variance(slices[0], k).min(), lowest], atol=1e-3)


@settings(max_examples=200)
@given(st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=5))
def test_any_free_coordinates_are_a_slice_of_positive_variance_whose_wings_stay_below_lees_bound(free):
    got = svi.from_free(np.array(free))
    assert (svi.wings(got) <= svi.STEEPEST * (1 + 1e-9)).all()
    assert svi.STEEPEST < 2.0
    assert np.isfinite(got).all()


@settings(max_examples=200)
@given(
    st.floats(0.01, 0.3),
    st.floats(-0.9, 0.9),
    st.floats(0.1, 4.0),
    st.floats(0.01, 1.0),
)
def test_a_slice_without_butterfly_arbitrage_has_none_scaled_down(theta, rho, phi, share):
    slice_ = svi.raw_from_ssvi(np.array(theta), np.array(rho), np.array(phi))
    k = np.linspace(-2, 2, 401)
    if (svi.butterfly(*svi.variance_slopes(slice_, k), k) >= 0).all():
        scaled = slice_ * np.array([share, share, 1, 1, 1])
        assert (svi.butterfly(*svi.variance_slopes(scaled, k), k) >= -1e-12).all()


def test_a_slice_with_arbitrage_is_made_sound_by_as_little_as_will_do():
    later = svi.raw_from_ssvi(np.array(0.5), np.array(-0.2), np.array(0.8))
    for above in (None, later):
        got = _smile_fit._made_sound(VOGT, 0.3, above)
        butterfly, gain = _smile_fit.margins(got, None)
        assert butterfly >= 0
        assert gain > 0
        assert above is None or _smile_fit.margins(above, got)[1] >= 0
    sound = svi.raw_from_ssvi(np.array(0.2), np.array(-0.2), np.array(0.8))
    assert_allclose(_smile_fit._made_sound(sound, 0.2, later), sound, rtol=1e-9)


def test_slopes_of_variance_are_its_derivatives():
    k, h = np.linspace(-1, 1, 9), 1e-5
    _, slope, curvature = svi.variance_slopes(VOGT, k)
    up, mid, down = (svi.total_variance(VOGT, k + d) for d in (h, 0, -h))
    assert_allclose(slope, (up - down) / (2 * h), atol=1e-9)
    assert_allclose(curvature, (up - 2 * mid + down) / h**2, atol=1e-4)


def test_the_published_slice_with_butterfly_arbitrage_is_found_out():
    k = np.linspace(-1.5, 1.5, 301)
    g = svi.butterfly(*svi.variance_slopes(VOGT, k), k)
    assert g.min() < 0
    assert 0.6 < k[g.argmin()] < 1.1  # figure 1 of the paper


# --- fits -------------------------------------------------------------------------------------------


def test_vols_of_an_svi_slice_are_given_back():
    truth = np.array([0.01, 0.08, -0.35, 0.02, 0.25])
    time = 30 * DAY
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": lambda k: np.sqrt(svi.total_variance(truth, k) / time)}))
    k = np.linspace(-0.6, 0.6, 25)
    assert_allclose(got.vol_at(k, time), np.sqrt(svi.total_variance(truth, k) / time), atol=5e-4)


def test_a_fit_to_arbitrageable_vols_has_no_arbitrage():
    got = fitting.fit(chain_of({"2027-01-01T08:00Z": lambda k: np.sqrt(svi.total_variance(VOGT, k + 0.2))}))
    assert got.arbitrage()["butterfly"].min() >= 0


def test_a_calendar_arbitrage_in_the_quotes_is_fitted_away():
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": 0.8, "2026-03-02T08:00Z": 0.5}))  # 0.64 * 30 > 0.25 * 60
    assert got.arbitrage()["calendar"].min() >= 0
    assert got.arbitrage()["butterfly"].min() >= 0


def test_vols_lie_inside_the_quote_where_the_mark_does_not():
    from hedging.greeks import black76_price

    base = chain_of({"2026-01-31T08:00Z": 0.5}).quotes
    flag, forward, strike, time = (
        base[c].to_numpy() for c in ("flag", "forward", "strike", "time_to_expiry")
    )
    low, high = (black76_price(flag, forward, strike, time, 0.0, vol) for vol in (0.51, 0.52))
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": 0.5}, bid=low, ask=high))
    near = (base["strike"] / 100 - 1).abs() < 0.2
    assert (got.vol_at(np.log(strike / forward), time)[near] > 0.505).all()


def test_ssvi_has_one_shape_for_all_expiries():
    got = fitting.fit_ssvi(chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-07-01T08:00Z": skewed(0.6)}))
    assert_allclose(got.slices[:, 2], got.slices[0, 2])
    assert (got.arbitrage()[["butterfly", "calendar"]] >= 0).all(axis=None)


def test_a_chain_without_vols_cannot_be_fitted():
    with pytest.raises(ChainError, match="no out-of-the-money quote with a vol"):
        fitting.fit(chain_of({"2026-01-31T08:00Z": np.nan}, bid=1.0))


def test_a_single_quote_is_enough_for_a_slice():
    whole = chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-03-02T08:00Z": skewed(0.5)})
    one = whole.quotes[(whole.quotes["expiry"] < "2026-02-15") | (whole.quotes["strike"] == 100.0)]
    got = fitting.fit(OptionChain("XYZ", whole.as_of, whole.spot, one.reset_index(drop=True), whole.rejected))
    assert_allclose(got.vol_at(0.0, 60 * DAY), 0.5, atol=0.005)


# --- between and beyond the slices ------------------------------------------------------------------


def test_total_variance_is_linear_in_time_between_expiries_and_beyond_as_stated():
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-04-01T08:00Z": skewed(0.4)}))
    early, late = 30 * DAY, 90 * DAY
    for k in (-0.3, 0.0, 0.2):
        ends = [got.vol_at(k, t) ** 2 * t for t in (early, late)]
        assert_allclose(got.vol_at(k, 60 * DAY) ** 2 * 60 * DAY, np.mean(ends), rtol=1e-12)
        assert_allclose(got.vol_at(k, 0.5 * DAY), got.vol_at(k, early), rtol=1e-12)
        grown = got.vol_at(k, late) ** 2 * late + got.vol_at(0.0, late) ** 2 * (3.0 - late)
        assert_allclose(got.vol_at(k, 3.0) ** 2 * 3.0, grown, rtol=1e-12)


def test_array_and_scalar_times_agree():
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-04-01T08:00Z": skewed(0.4)}))
    k = np.linspace(-0.5, 0.5, 11)
    times = np.array([1.0, 30.0, 45.0, 90.0, 400.0])[:, None] * DAY
    assert_allclose(got.vol_at(k, times), [got.vol_at(k, float(t[0])) for t in times], rtol=1e-14)


@pytest.mark.parametrize("days", [10.0, 30.0, 45.0, 90.0, 200.0])
def test_slopes_at_are_the_derivatives_of_total_variance(days):
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-04-01T08:00Z": skewed(0.4)}))
    k, time, h = np.linspace(-0.4, 0.4, 5), days * DAY, 1e-4
    up, mid, down = (got.vol_at(k + d, time) ** 2 * time for d in (h, 0, -h))
    variance, slope, curvature = got.slopes_at(k, time)
    assert_allclose(variance, mid, rtol=1e-12)
    assert_allclose(slope, (up - down) / (2 * h), atol=1e-8)
    assert_allclose(curvature, (up - 2 * mid + down) / h**2, atol=1e-5)


def test_vol_of_a_strike_uses_the_forward_between_expiries():
    chain = chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-04-01T08:00Z": skewed(0.4)})
    got = smile.Smile(
        "XYZ",
        chain.as_of,
        100.0,
        np.array([30, 90]) * DAY,
        np.array([101.0, 103.0]),
        fitting.fit(chain).slices,
    )
    assert_allclose(got.forward(60 * DAY), np.sqrt(101 * 103))
    assert_allclose(got.forward(180 * DAY), 100 * 1.03**2)
    assert_allclose(
        got.vol(110.0, "2026-03-02T08:00Z"), got.vol_at(np.log(110 / np.sqrt(101 * 103)), 60 * DAY)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: s.vol_at(0.0, 0.0), "must be > 0 years"),
        (lambda s: s.vol_at(0.0, np.nan), "must be > 0 years"),
        (lambda s: s.vol_at(np.nan, 0.1), "log_moneyness must be finite"),
        (lambda s: s.vol_at(1e200, 0.1), "log_moneyness must lie within"),
        (lambda s: s.vol_at([0.0, 0.1], [0.1, 0.2, 0.3]), r"must broadcast; got shapes \(2,\) and \(3,\)"),
        (lambda s: s.vol_at("x", 0.1), "log_moneyness must be real numbers"),
        (lambda s: s.vol("x", "2026-02-01T08:00Z"), "strike must be real numbers"),
        (lambda s: s.vol(0.0, "2026-02-01T08:00Z"), "strike must be > 0"),
        (lambda s: s.vol(100.0, "2025-02-01T08:00Z"), "expiry must lie after"),
        (lambda s: s.vol(100.0, "2026-02-01T08:00"), "must carry a time zone"),
        (lambda s: s.move(-1.0), "must be a relative move > -1"),
        (lambda s: s.move("x"), "must be a relative move > -1"),
        (lambda s: s.move(0.1, [1.0]), "rule must be one of sticky_moneyness, sticky_strike"),
        (lambda s: s.move(0.1, "sticky_tape"), "rule must be one of sticky_moneyness, sticky_strike"),
    ],
)
def test_bad_input_is_named(call, message):
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": 0.5}))
    with pytest.raises(InputError, match=message):
        call(got)


# --- moves ------------------------------------------------------------------------------------------


def test_sticky_strike_keeps_each_strikes_vol_and_sticky_moneyness_each_k():
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": skewed(0.5), "2026-04-01T08:00Z": skewed(0.4)}))
    strikes, expiry = np.array([70.0, 90.0, 110.0]), "2026-02-20T08:00Z"
    assert_allclose(
        got.move(-0.2, "sticky_strike").vol(strikes, expiry), got.vol(strikes, expiry), rtol=1e-12
    )
    moved = got.move(-0.2, "sticky_moneyness")
    assert_allclose(moved.vol(0.8 * strikes, expiry), got.vol(strikes, expiry), rtol=1e-12)
    assert_allclose([moved.spot, *moved.forwards], 0.8 * np.array([got.spot, *got.forwards]))


@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, 2.0])
def test_the_at_the_money_vol_slides_along_the_skew_by_the_ratio(ratio):
    got = fitting.fit(chain_of({"2026-01-31T08:00Z": skewed(0.5)}))
    time, h = 30 * DAY, 1e-5
    skew = (got.vol_at(h, time) - got.vol_at(-h, time)) / (2 * h)
    change = (got.move(h, ratio).vol_at(0.0, time) - got.move(-h, ratio).vol_at(0.0, time)) / (2 * h)
    assert_allclose(change, ratio * skew, atol=1e-6)


# --- real chains ------------------------------------------------------------------------------------

CALM = [
    ("deribit_full_20260511T121945Z.csv.gz", {"asset": "BTC"}),
    ("deribit_full_20260511T121945Z.csv.gz", {"asset": "ETH"}),
    ("deribit_btc_book_summary_20250614.json.gz", {}),
    ("deribit_full_20260111T091434Z.csv.gz", {"asset": "BTC"}),
    ("deribit_btc_daily_20251230_20260531.parquet", {"at": "2026-04-15"}),
]
CRASH = [
    ("deribit_full_20260206T043012Z.csv.gz", {"asset": "BTC"}),
    ("deribit_full_20260206T043012Z.csv.gz", {"asset": "ETH"}),
    ("deribit_crash_6h_20260129_20260208.parquet", {"asset": "BTC", "at": "2026-02-05T23:59Z"}),
]


@pytest.mark.parametrize(
    ("file", "pick", "bound"), [(*case, 0.3) for case in CALM] + [(*case, 1.1) for case in CRASH]
)
def test_real_chains_are_fitted_to_the_stated_error_without_arbitrage(shared_data, file, pick, bound):
    chain = read_chain(shared_data / "chains" / file, **pick)
    report = fit_quality(fitting.fit(chain), chain)
    slices = report[report["days"] > 2]  # closer to expiry, the settlement average bends Black-76 itself
    assert np.sqrt((slices["rmse"] ** 2).mean()) < bound
    assert (report[["butterfly", "calendar"]] >= 0).all(axis=None)


def test_forty_eight_expiries_of_an_index_are_fitted_without_arbitrage(shared_data):
    chain = read_chain(shared_data / "chains/cboe_spx_20220610.csv.gz")
    report = fit_quality(fitting.fit(chain), chain)
    assert len(report) == 48
    assert np.sqrt((report["rmse"] ** 2).mean()) < 0.6
    assert (report[["butterfly", "calendar"]] >= 0).all(axis=None)


@pytest.mark.parametrize(("file", "pick"), CALM + CRASH)
def test_the_ssvi_surface_of_real_chains_has_no_arbitrage(shared_data, file, pick):
    surface = fitting.fit_ssvi(read_chain(shared_data / "chains" / file, **pick))
    assert (surface.arbitrage()[["butterfly", "calendar"]] >= 0).all(axis=None)


def reports(shared_data, file, step, asset):
    """Reports of every `step`-th chain of an asset in a file, after a look for arbitrage."""
    path = shared_data / "chains" / file
    rows = pd.read_parquet(path, columns=["instrument_name", "timestamp"])
    times = snapshots(rows.loc[rows["instrument_name"].str.startswith(asset), "timestamp"])[::step]
    chains = {time: read_chain(path, at=time, asset=asset) for time in times}
    table = pd.concat(
        {time: fit_quality(fitting.fit(chain), chain) for time, chain in chains.items()}, names=["as_of"]
    )
    assert (table[["butterfly", "calendar"]] >= 0).all(axis=None)
    return table


def rms(errors: pd.Series) -> float:
    return float(np.sqrt((errors**2).mean()))


@pytest.mark.slow  # surfaces of 30 recorded chains
@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_calm_days_are_fitted_to_the_stated_error_and_inside_the_quotes(shared_data, coin):
    table = reports(shared_data, f"deribit_{coin.lower()}_daily_20251230_20260531.parquet", 5, coin)
    day = table.index.get_level_values("as_of")
    calm = table[(day < "2026-01-29") | (day > "2026-02-09")]
    assert calm.index.get_level_values("as_of").nunique() == 28
    # Closer to expiry the settlement average bends Black-76 itself.
    assert rms(calm.loc[calm["days"] > 2, "rmse"]) < 0.3
    assert (calm["inside"] * calm["two_sided"]).sum() / calm["two_sided"].sum() > 0.95


@pytest.mark.slow  # surfaces of 7 recorded chains of many strikes
@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_no_chain_of_the_crash_is_missed_by_more_than_stated(shared_data, coin):
    table = reports(shared_data, "deribit_crash_6h_20260129_20260208.parquet", 7, coin)
    worst = table[table["days"] > 2].groupby("as_of")["rmse"].agg(rms)
    assert len(worst) == 7
    assert worst.max() < 1.1


@pytest.mark.parametrize(
    ("file", "pick"),
    [
        # Marks far from their quotes: the worst fit of all recorded chains.
        ("deribit_crash_6h_20260129_20260208.parquet", {"asset": "BTC", "at": "2026-02-05T21:29:38Z"}),
        # Expiries of few strikes between others of many, which must not flatten their wings.
        ("deribit_crash_6h_20260129_20260208.parquet", {"asset": "ETH", "at": "2026-02-04T15:54:02Z"}),
    ],
)
def test_the_hardest_chains_of_the_crash_are_fitted_to_the_stated_error(shared_data, file, pick):
    chain = read_chain(shared_data / "chains" / file, **pick)
    report = fit_quality(fitting.fit(chain), chain)
    assert rms(report.loc[report["days"] > 2, "rmse"]) < 1.1
    assert (report[["butterfly", "calendar"]] >= 0).all(axis=None)


@pytest.mark.parametrize("day", ["2026-05-08", "2026-04-08", "2026-03-17", "2026-02-13", "2026-01-13"])
def test_days_that_are_hard_to_fit_have_no_arbitrage(shared_data, day):
    chain = read_chain(shared_data / "chains/deribit_btc_daily_20251230_20260531.parquet", at=day)
    assert (fitting.fit(chain).arbitrage()[["butterfly", "calendar"]] >= 0).all(axis=None)


def test_the_test_exchange_with_odd_vols_still_gives_a_surface(shared_data):
    chain = read_chain(shared_data / "chains/testnet_deribit_eth_ticker_20210211.csv.gz")
    report = fit_quality(fitting.fit(chain), chain)
    assert (report[["butterfly", "calendar"]] >= 0).all(axis=None)

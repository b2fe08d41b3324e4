"""The synthetic sample: the same to the bit, and a market that nobody can get rich on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hedging import OptionChain, samples


def test_a_seed_gives_the_same_chain_to_the_bit_and_another_seed_another() -> None:
    one, two, other = samples.chain(3), samples.chain(3), samples.chain(4)
    pd.testing.assert_frame_equal(one.quotes, two.quotes, check_exact=True)
    assert not one.quotes["ask"].equals(other.quotes["ask"])
    # Only spreads, sizes and interest are random: prices follow a formula.
    pd.testing.assert_series_equal(one.quotes["mark"], other.quotes["mark"], check_exact=True)


def test_it_says_that_it_is_synthetic_and_rejects_nothing(sample: OptionChain) -> None:
    assert sample.source == "synthetic sample (no market data)"
    assert sample.rejected.empty
    assert samples.book().assets == (sample.asset,) == ("BTC",)


def test_quotes_stand_around_the_mark_on_ticks(sample: OptionChain) -> None:
    quotes = sample.quotes
    bid, ask, mark = (quotes[f"{name}_quoted"].to_numpy() for name in ("bid", "ask", "mark"))
    assert (ask >= mark).all()
    known = ~np.isnan(bid)
    assert (bid[known] <= mark[known]).all()
    assert (bid[known] > 0).all()
    assert np.isnan(bid).any(), "far puts have no bid, as on the exchange"
    for prices in (bid[known], ask):
        # Deribit's rule: 0.0001 up to 0.005, then 0.0005.
        step = np.where(prices <= 0.005, 0.0001, 0.0005)
        assert np.abs(prices / step - np.round(prices / step)).max() < 1e-6


def test_marks_keep_put_call_parity(sample: OptionChain) -> None:
    sides = sample.quotes.pivot_table(index=["expiry", "strike"], columns="flag", values="mark_quoted")
    forward = sample.quotes.groupby(["expiry", "strike"])["forward"].first()
    # In coin, Deribit's marks obey C - P = 1 - K / F.
    expected = 1.0 - forward.index.get_level_values("strike") / forward
    np.testing.assert_allclose(sides["c"] - sides["p"], expected, atol=1e-12)


@pytest.mark.parametrize("flag", ["c", "p"])
def test_marks_fall_and_bend_as_prices_without_arbitrage_do(sample: OptionChain, flag: str) -> None:
    for _, rows in sample.quotes[sample.quotes["flag"] == flag].groupby("expiry"):
        strike, value = rows["strike"].to_numpy(), (rows["mark"] / rows["discount"]).to_numpy()
        slope = np.diff(value) / np.diff(strike)
        direction = -1.0 if flag == "c" else 1.0
        assert ((direction * slope >= -1e-9) & (direction * slope <= 1.0)).all()
        assert (np.diff(slope) >= -1e-9).all(), "a butterfly has no negative price"


def test_total_variance_rises_with_time_at_every_moneyness(sample: OptionChain) -> None:
    for k in (-0.3, -0.1, 0.0, 0.1, 0.3):
        times = np.array([1.0, 4.0, 11.0, 18.0, 25.0, 60.0, 116.0]) / 365.0
        total = [samples._vol(np.array([k]), t)[0] ** 2 * t for t in times]
        assert (np.diff(total) > 0).all()

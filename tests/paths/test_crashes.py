"""Replays: the stated facts come back, own series too, and February 2026 is met by the recorded chains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_market, option
from numpy.testing import assert_allclose

from hedging import scenario
from hedging.book.book import Book, Holding
from hedging.errors import InputError
from hedging.paths import crashes as replays
from hedging.paths.reactions import ETH, Reaction

SPOT = Book(Holding.spot("BTC", 10.0))


@pytest.mark.parametrize("name", replays.REPLAYS)
def test_every_stated_hour_and_price_is_on_the_path(name: str) -> None:
    item = replays.replay(name)
    for asset, prices in item.price.items():
        path = item.paths(asset)
        at = np.searchsorted(path.days, np.array(item.hours) / 24 - 1e-9)
        assert_allclose(path.days[at] * 24, item.hours, atol=1e-9)
        assert_allclose(100 * path.spot[0, at], prices, rtol=1e-12)
        assert path.vol_shift[0, 0] == 0
    assert item.source
    assert pd.Timestamp(item.start).tzinfo is not None


def test_stated_vol_replaces_the_rule_and_the_rest_follows_it() -> None:
    luna = replays.replay("luna-2022")
    btc, eth = luna.paths("BTC"), luna.paths("ETH")
    at = np.argmin(np.abs(btc.days - 174 / 24))
    assert_allclose(btc.vol_shift[0, at], 1.31 - 0.60)
    assert_allclose(eth.vol_shift[0, :2], 0.0, atol=0.01)
    assert_allclose(eth.vol_shift, ETH.along(eth.days, np.log(eth.spot))["vol_shift"])  # none stated: the rule
    assert eth.vol_shift.max() > 0.1
    assert btc.skew_shift is not None


def test_funding_of_ftx_is_what_was_paid() -> None:
    path = replays.replay("ftx-2022").paths("BTC")
    assert path.funding_shift is not None
    at = np.argmin(np.abs(path.days * 24 - 104))
    assert_allclose(path.funding_shift[0, at], -0.00119, rtol=0.1)


def test_replay_runs_on_any_book() -> None:
    market = flat_market(days=(30.0,))
    put = Holding(option(market, "p", 90.0, 30.0), 10.0)
    result = scenario.run(Book(SPOT.holdings, put), market, replays.replay("mar-2020").paths())
    assert_allclose(result.pnl[0, :, 0].min(), 1000 * (0.512 - 1))
    assert result.total.min() > result.pnl[0, :, 0].min() + 200


def test_unknown_names_and_assets_are_refused() -> None:
    with pytest.raises(InputError, match=r"no replay is called 'mtgox'; there are mar-2020"):
        replays.replay("mtgox")
    with pytest.raises(InputError, match="has prices of BTC, ETH; got 'SOL'"):
        replays.replay("mar-2020").paths("SOL")
    with pytest.raises(InputError, match="step must be"):
        replays.replay("mar-2020").paths("BTC", step=0)


def test_own_series_is_replayed_with_its_own_vol() -> None:
    index = pd.date_range("2026-01-01", periods=4, freq="12h", tz="UTC")
    prices = pd.Series([200.0, 180.0, 150.0, 160.0], index)
    path = replays.from_prices(prices, pd.Series([0.5, 0.8], index[[0, 2]]))
    assert_allclose(path.spot, [[1.0, 0.9, 0.75, 0.8]])
    assert_allclose(path.days, [0, 0.5, 1, 1.5])
    assert_allclose(path.vol_shift, [[0, 0.15, 0.3, 0.3]])
    ruled = replays.from_prices(prices, reaction=Reaction(vol_rise=0.1, vol_speed=0.0, memory=np.inf, grace=0.0))
    assert_allclose(ruled.vol_shift[0, 2], -np.log(0.75))
    with pytest.raises(InputError, match="at least two numbers"):
        replays.from_prices(prices.iloc[:1])
    with pytest.raises(InputError, match="ascend"):
        replays.from_prices(prices.iloc[::-1])

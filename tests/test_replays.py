"""Replays: the stated facts come back, own series too, and February 2026 is met by the recorded chains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markets import AS_OF, flat_chain, flat_market, option
from numpy.testing import assert_allclose

from hedging import overlays, read_chain, replays, scenario
from hedging.book import Book, Holding
from hedging.chain import OptionChain
from hedging.errors import InputError
from hedging.reactions import BTC, ETH, STILL, Reaction

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
    assert eth.vol_shift.max() > ETH.vol_rise * -np.log(0.624) / 0.1 * 0.99  # none stated: depth and speed
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
    ruled = replays.from_prices(prices, reaction=Reaction(vol_rise=0.1, vol_speed=0.0))
    assert_allclose(ruled.vol_shift[0, 2], -np.log(0.75))
    with pytest.raises(InputError, match="at least two numbers"):
        replays.from_prices(prices.iloc[:1])
    with pytest.raises(InputError, match="ascend"):
        replays.from_prices(prices.iloc[::-1])


def later(chain: OptionChain, days: float, spot: float, vol: float) -> OptionChain:
    """The same contracts some days later, at another spot and vol."""
    moved = flat_chain("cash", spot=spot, vol=vol, days=(30.0 - days,))
    quotes = moved.quotes.assign(expiry=chain.quotes["expiry"].max())
    return replace(moved, as_of=AS_OF + pd.Timedelta(days=days), quotes=quotes)


def test_error_is_split_exactly_and_named_by_its_cause() -> None:
    first = flat_chain("cash", days=(30.0,))
    put = option(flat_market("cash", days=(30.0,)), "p", 90.0, 30.0)
    second = later(first, 5.0, 80.0, 0.6)
    table = replays.predicted_against_actual(Book(Holding(put, 4.0)), [first, second], STILL)
    row = table.iloc[0]
    assert_allclose(row["error"], 0.0, atol=1e-3)  # same vol, same spot: foreseen
    third = later(first, 10.0, 80.0, 0.7)
    row = replays.predicted_against_actual(Book(Holding(put, 4.0)), [first, third], STILL).iloc[0]
    assert_allclose(row["error"], row["basis"] + row["vol"] + row["mark"], atol=1e-12)
    assert_allclose(row["vol"], row["error"], rtol=1e-3)
    assert row["vol_actual"] == pytest.approx(0.7)


def test_check_needs_chains_in_order() -> None:
    with pytest.raises(InputError, match="at least two chains"):
        replays.predicted_against_actual(SPOT, [flat_chain()])


@pytest.fixture(scope="module")
def crash(shared_data: Path) -> dict[str, list[OptionChain]]:
    file = shared_data / "chains" / "deribit_crash_6h_20260129_20260208.parquet"
    stamps = pd.read_parquet(file, columns=["timestamp"])["timestamp"].drop_duplicates().sort_values()
    return {
        asset: [read_chain(file, asset=asset, at=at) for at in stamps.iloc[1::4]] for asset in ("BTC", "ETH")
    }


@pytest.mark.parametrize(("asset", "rule"), [("BTC", BTC), ("ETH", ETH)])
@pytest.mark.parametrize("name", ["protective_put", "put_spread", "collar"])
def test_february_2026_is_foreseen_within_a_few_per_cent(
    crash: dict[str, list[OptionChain]], asset: str, rule: Reaction, name: str
) -> None:
    # Bought on 29 January, revalued along the spot that came, against the marks that came.
    chains = crash[asset]
    legs = getattr(overlays, name)(Book(Holding.spot(asset, 25.0)), chains[0], days=(25, 62))

    def error(reaction: Reaction) -> tuple[float, float]:
        table = replays.predicted_against_actual(Book() + legs, chains, reaction)
        sums = table.groupby("as_of")[["predicted", "actual", "error"]].sum()
        return float(np.sqrt((sums["error"] ** 2).mean())), float(np.ptp(sums["actual"]))

    (ruled, span), (still, _) = error(rule), error(STILL)
    assert ruled < 0.05 * span
    assert ruled < 0.75 * still

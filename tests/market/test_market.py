"""What prices contracts: forwards between and beyond expiries, quirks of listed ones, refusals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases.markets import flat_chain, flat_market, option

from hedging import ContractTerms, InputError, Market, Option, OptionChain
from hedging.book.pricer import unit_values_now
from hedging.market.market import markets_of


def test_carry_is_that_of_the_quoted_forwards_and_flat_beyond() -> None:
    market = flat_market(carry=0.05, days=(10.0, 40.0))
    for days in (0.001, 5.0, 10.0, 25.0, 40.0, 400.0):
        assert float(market.carry(days / 365)) == pytest.approx(0.05, rel=1e-12)


def test_between_expiries_the_log_forward_is_linear_in_time() -> None:
    market = flat_market(days=(10.0, 40.0))
    log_forward = np.array([0.02, 0.006])
    smile = replace(market.smile, times=np.array([0.1, 0.3]), forwards=100.0 * np.exp(log_forward))
    market = replace(market, smile=smile)
    # 0.1 * 0.20 = 0.02 and 0.3 * 0.02 = 0.006: halfway in time, 0.013.
    assert float(market.carry(0.2)) == pytest.approx(0.013 / 0.2)
    assert market.carry([0.05, 0.1, 0.3, 0.9]).tolist() == pytest.approx([0.20, 0.20, 0.02, 0.02])
    assert float(market.carry(0.0)) == pytest.approx(0.20)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_listed_contracts_are_worth_their_mark(settlement) -> None:  # type: ignore[no-untyped-def]
    market = flat_market(settlement, carry=0.08, skew=0.3)
    quotes = market.chain.quotes
    options = [market.chain.option(symbol) for symbol in quotes["symbol"]]
    value = unit_values_now(options, [math.nan] * len(options), market)
    np.testing.assert_allclose(value, quotes["mark"], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("settlement", ["coin", "cash"])
def test_an_unlisted_strike_keeps_put_call_parity(settlement) -> None:  # type: ignore[no-untyped-def]
    market = flat_market(settlement, carry=0.08)
    expiry = market.as_of + pd.Timedelta(days=17)
    terms = ContractTerms(settlement=settlement)
    call, put = unit_values_now(
        [Option("BTC", flag, 93.7, expiry, terms) for flag in ("c", "p")], [math.nan] * 2, market
    )
    forward = 100.0 * math.exp(0.08 * 17 / 365)
    # A coin at expiry is worth a coin today, so money that settles in coin is discounted by spot / forward.
    discount = 100.0 / forward if settlement == "coin" else 1.0
    assert call - put == pytest.approx(discount * (forward - 93.7), rel=1e-9)


def test_an_option_of_the_other_settlement_is_not_the_listed_one() -> None:
    market = flat_market("coin", carry=0.08)
    listed = option(market, "c", 100.0, 30.0)
    other = replace(listed, terms=ContractTerms(settlement="cash"))
    table = market.table([listed, other])
    assert table.coin.tolist() == [True, False]
    assert table.rate.tolist() == pytest.approx([0.08, 0.0])


def test_a_contract_without_a_mark_vol_takes_the_surface(sample: OptionChain) -> None:
    whole = Market.of(sample)
    symbol = "BTC-27MAR26-60000-P"
    quotes = sample.quotes.copy()
    quotes.loc[quotes["symbol"] == symbol, "mark_vol"] = np.nan
    table = replace(whole, chain=replace(sample, quotes=quotes)).table([sample.option(symbol)])
    assert table.vol[0] == table.smile_vol[0] > 0
    assert whole.table([sample.option(symbol)]).vol[0] == sample.row(symbol)["mark_vol"]


def test_no_options_are_an_empty_table(market: Market) -> None:
    assert market.table([]).strike.shape == (0,)


def test_what_the_market_cannot_price_is_named(market: Market) -> None:
    gone = Option("BTC", "p", 60_000.0, market.as_of)
    with pytest.raises(InputError, match="expired before the chain of 2026-03-02 12:00 UTC"):
        market.table([gone])
    with pytest.raises(InputError, match="is no option on BTC"):
        market.table([Option("ETH", "p", 2_000.0, market.as_of + pd.Timedelta(days=30))])


def test_one_market_per_asset_whatever_names_them() -> None:
    btc, eth = flat_chain(), flat_chain(asset="ETH")
    made = Market.of(eth, funding_8h=1e-4)
    for given in ([btc, made], {"BTC": btc, "ETH": made}, (chain for chain in (btc, made))):
        found = markets_of(given)
        assert list(found) == ["BTC", "ETH"]
        assert found["ETH"] is made
    assert list(markets_of(btc)) == ["BTC"]
    with pytest.raises(InputError, match="at least one"):
        markets_of([])
    with pytest.raises(InputError, match="each chain must say its venue"):
        markets_of([btc, btc])


def test_a_bare_date_is_the_expiry_that_the_chain_has_on_it() -> None:
    made = flat_chain("cash", carry=0.05)
    late = replace(made, quotes=made.quotes.assign(expiry=made.quotes["expiry"] + pd.Timedelta(hours=12)))
    late.quotes["time_to_expiry"] += 0.5 / 365.0
    late.quotes["forward"] = 100.0 * np.exp(0.05 * late.quotes["time_to_expiry"])
    market = Market.of(late)
    assert market.forward("2026-03-08") == pytest.approx(100.0 * np.exp(0.05 * 30.5 / 365.0))
    assert market.forward("2026-03-07") == pytest.approx(
        100.0 * np.exp(0.05 * 29.0 / 365.0)
    )  # none: 08:00 UTC
    # By two ways to the same time, which differ by the last digit of a year where dates count in microseconds.
    by_date, by_time = (market.smile.vol(100.0, day) for day in ("2026-03-08", "2026-03-08T20:00Z"))
    assert by_date == pytest.approx(by_time, rel=1e-12)

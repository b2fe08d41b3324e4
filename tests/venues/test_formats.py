"""Formats of which no recording is at hand, in the shape their publishers document."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from cases.tables import SUMMARY_AS_OF as AS_OF
from cases.tables import rows

from hedging.errors import ChainError, InputError
from hedging.market.chain import ChainRules
from hedging.market.contracts import ContractTerms
from hedging.venues import bybit, ccxt, read_chain, read_chains
from hedging.venues.deribit import terms_from_instrument

MILLISECONDS = int(AS_OF.timestamp() * 1000)


def saved(folder, content, name="file.json"):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


# --- tardis.dev -------------------------------------------------------------------------------------

TARDIS = (
    "exchange,symbol,timestamp,local_timestamp,type,strike_price,expiration,open_interest,last_price,bid_price,"
    "bid_amount,bid_iv,ask_price,ask_amount,ask_iv,mark_price,mark_iv,underlying_index,underlying_price,delta,"
    "gamma,vega,theta,rho"
)
# The line of the publisher's own documentation, and later states of it and of a second contract.
LINE = (
    "deribit,BTC-9JUN20-9875-P,1591574399413000,1591574400196008,put,9875,1591689600000000,0.1,0.0295,0.0205,30,"
    "50.91,0.0235,30,74.19,0.02210436,62.89,SYN.BTC-9JUN20,9756.36,-0.61752,0.00103,2.24964,-53.05655,-0.22796"
)
SECOND = 1_000_000


def tardis(*changes: dict[str, object]) -> str:
    names, cells = TARDIS.split(","), LINE.split(",")
    lines = [
        ",".join(str(change.get(name, cell)) for name, cell in zip(names, cells, strict=True))
        for change in changes
    ]
    return "\n".join([TARDIS, *lines])


def test_a_tardis_file_is_read_as_of_a_moment(tmp_path):
    start = 1_591_574_399_413_000
    text = tardis(
        {},
        {"timestamp": start + 10 * SECOND, "bid_price": 0.021, "ask_price": ""},
        {"timestamp": start + 20 * SECOND, "symbol": "BTC-9JUN20-9500-P", "strike_price": 9500, "bid_price": 0.01,
         "ask_price": 0.012, "mark_price": 0.011, "mark_iv": 70},
    )  # fmt: skip
    path = saved(tmp_path, text, "options.csv")
    last = read_chain(path)
    assert last.as_of == pd.Timestamp("2020-06-08T00:00:19.413Z")
    row = last.row("BTC-9JUN20-9875-P")
    assert (row["bid_quoted"], row["mark_vol"], row["bid_size"]) == (0.021, 0.6289, 30)
    assert np.isnan(row["ask"])
    first = read_chain(path, at="2020-06-08T00:00:00Z")
    assert first.quotes["ask_quoted"].tolist() == [0.0235]
    with pytest.raises(ChainError, match="starts at 2020-06-07 23:59:59 UTC, after"):
        read_chain(path, at="2020-06-07T00:00Z")


def test_a_tardis_file_is_walked_through_in_steps(tmp_path):
    start = 1_591_574_399_413_000  # 23:59:59.413
    text = tardis(*({"timestamp": start + i * 10 * SECOND, "bid_price": 0.020 + 0.001 * i} for i in range(3)))
    path = saved(tmp_path, text, "options.csv")
    chains = list(read_chains(path, every="5s"))
    assert [f"{chain.as_of:%H:%M:%S}" for chain in chains] == ["00:00:00", "00:00:05", "00:00:10", "00:00:15"]
    bids = [chain.quotes["bid_quoted"].item() for chain in chains]
    np.testing.assert_allclose(bids, [0.020, 0.020, 0.021, 0.021])  # the last update by then
    with pytest.raises(ChainError, match="holds single updates, no snapshots; pass every="):
        read_chains(path)
    with pytest.raises(ChainError, match="in which no multiple of 12h lies"):
        read_chains(saved(tmp_path, tardis({}, {"timestamp": start + 1}), "options.csv"), every="12h")
    for wrong in ("often", "0s", "-1h"):
        with pytest.raises(ChainError, match="every must be a time such as '1h', longer than 0"):
            read_chains(path, every=wrong)


def test_a_tardis_file_of_another_exchange_is_refused(tmp_path):
    with pytest.raises(ChainError, match="holds options of huobi-dm-options"):
        read_chain(saved(tmp_path, tardis({"exchange": "huobi-dm-options"}), "options.csv"))


def test_a_tardis_file_of_no_exchange_or_without_the_asset_is_refused(tmp_path):
    path = saved(tmp_path, tardis({}, {"exchange": ""}), "options.csv")
    with pytest.raises(ChainError, match="holds options of deribit, no exchange"):
        read_chain(path)
    with pytest.raises(ChainError, match="it has no ETH"):
        read_chains(saved(tmp_path, tardis({}), "options.csv"), every="5s", asset="ETH")


# --- Bybit's API ------------------------------------------------------------------------------------


def bybit_reply(**columns: object) -> dict:
    base = {
        "symbol": "BTC-27MAR26-70000-C-USDT",
        "bid1Price": "5600",
        "bid1Size": "1.5",
        "ask1Price": "5700",
        "ask1Size": "0",
        "markPrice": "5650",
        "markIv": "0.55",
        "underlyingPrice": "70500",
        "indexPrice": "70000",
        "openInterest": "12.5",
        "volume24h": "3",
    }
    return {
        "retCode": 0,
        "retMsg": "SUCCESS",
        "time": MILLISECONDS,
        "result": {"category": "option", "list": [base | columns]},
    }


def test_a_reply_of_bybits_tickers_is_linear_with_decimal_vols(tmp_path):
    chain = read_chain(saved(tmp_path, bybit_reply()))
    assert (chain.asset, chain.spot, chain.as_of) == (
        "BTC",
        70_000.0,
        pd.Timestamp(MILLISECONDS, unit="ms", tz="UTC"),
    )
    row = chain.quotes.iloc[0]
    assert (row["bid"], row["mark_vol"], row["discount"], row["bid_size"]) == (5_600.0, 0.55, 1.0, 1.5)
    assert np.isnan(row["ask_size"])
    assert (chain.terms.currency, chain.terms.lot) == ("USDT", 0.01)
    old_name = read_chain(saved(tmp_path, bybit_reply(symbol="BTC-27MAR26-70000-C")))
    assert old_name.terms.currency == "USDC"


def test_an_error_of_bybits_is_no_chain(tmp_path):
    with pytest.raises(ChainError, match="error reply"):
        read_chain(
            saved(tmp_path, {"retCode": 10001, "retMsg": "params error", "result": {}, "time": MILLISECONDS})
        )


def test_terms_of_an_unknown_coin_are_refused():
    with pytest.raises(InputError, match="known are BTC, ETH, SOL"):
        bybit.option_terms("DOGE", AS_OF)


# --- ccxt -------------------------------------------------------------------------------------------


def from_ccxt(row: dict, settle: str = "BTC") -> tuple[str, dict]:
    """An option as ccxt unifies it, by its documentation of fetchOptionChain."""
    _, day, strike, flag = row["instrument_name"].split("-")
    date = pd.to_datetime(day, format="%d%b%y")
    symbol = f"BTC/USD:{settle}-{date:%y%m%d}-{strike}-{flag}"
    return symbol, {
        "symbol": symbol,
        "timestamp": None,
        "impliedVolatility": None,
        "openInterest": row["open_interest"],
        "bidPrice": row["bid_price"],
        "askPrice": row["ask_price"],
        "markPrice": row["mark_price"],
        "underlyingPrice": row["underlying_price"],
        "baseVolume": row["volume"],
        "info": row,
    }


def test_ccxts_dictionaries_give_the_chain_of_the_exchanges_own_rows(tmp_path):
    own = read_chain(saved(tmp_path, rows()))
    for chain in (
        ccxt.read_option_chain(dict(map(from_ccxt, rows()))),
        read_chain(saved(tmp_path, dict(map(from_ccxt, rows())))),
    ):
        assert (chain.asset, chain.as_of, chain.spot, chain.terms) == (
            own.asset,
            own.as_of,
            own.spot,
            own.terms,
        )
        columns = own.quotes.columns.drop("symbol")
        pd.testing.assert_frame_equal(chain.quotes[columns], own.quotes[columns], check_exact=True)


def test_ccxts_dictionaries_of_another_exchange_need_time_and_terms_and_take_vols_from_quotes():
    options = {symbol: option | {"info": {}} for symbol, option in map(from_ccxt, rows())}
    with pytest.raises(ChainError, match="no option carries a time; pass as_of="):
        ccxt.read_option_chain(options)
    terms = ContractTerms(settlement="coin", venue="okx")
    chain = ccxt.read_option_chain(options, as_of=AS_OF, terms=terms)
    assert chain.terms.venue == "okx"
    out = chain.quotes[(chain.quotes["flag"] == "c") == (chain.quotes["strike"] > chain.quotes["forward"])]
    assert out["mark_vol"].between(0.54, 0.56).all()  # the rows were made at 55 %


def test_an_empty_dictionary_is_no_chain():
    with pytest.raises(ChainError, match="no option of ccxt's"):
        ccxt.read_option_chain({})


@pytest.mark.parametrize(
    "content",
    [
        lambda: tardis({"ask_price": ""}),
        lambda: bybit_reply(ask1Price="0"),
        lambda: dict(map(from_ccxt, [rows()[0] | {"ask_price": None}])),
    ],
    ids=["tardis", "bybit", "ccxt"],
)
def test_rules_hold_for_these_formats_too(tmp_path, content):
    path = saved(tmp_path, content())
    assert len(read_chain(path).quotes) == 1
    with pytest.raises(ChainError, match=r"rejected: {'no two-sided quote': 1}"):
        read_chain(path, rules=ChainRules(two_sided=True))


# --- terms the exchange states ----------------------------------------------------------------------


def test_terms_of_recorded_instruments_are_the_tabled_ones(shared_data):
    from hedging.venues.deribit import option_terms

    entries = json.loads((shared_data / "api/deribit_result_get_instruments_option_xrp_btc.json").read_text())
    for asset, name in (("XRP_USDC", "XRP_USDC-21SEP26-1d25-C"), ("BTC", "BTC-21SEP26-70000-P")):
        entry = next(entry for entry in entries if entry["instrument_name"] == name)
        assert terms_from_instrument(entry) == option_terms(asset, "2026-09-20T00:00Z")


@pytest.mark.parametrize(
    ("change", "message"),
    [({"kind": "future"}, "is of kind 'future', not an option"), ({"tick_size": None}, "cannot be read")],
)
def test_an_instrument_that_is_none_is_named(change, message):
    entry = {
        "instrument_name": "BTC-27MAR26-70000-C", "kind": "option", "instrument_type": "reversed",
        "contract_size": 1.0, "counter_currency": "USD", "min_trade_amount": 0.1, "tick_size": 0.0001,
        "tick_size_steps": [], "taker_commission": 0.0003,
    }  # fmt: skip
    assert terms_from_instrument(entry).lot == 0.1
    with pytest.raises(ChainError, match=message):
        terms_from_instrument(entry | change)

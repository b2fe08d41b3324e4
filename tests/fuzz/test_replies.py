"""Damaged replies of exchanges: a venue, chain or input error, or numbers within their ranges; never an endless call."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cases.mutations import damaged
from cases.outcomes import attempt, tries
from hypothesis import given

from hedging.errors import ChainError, InputError, VenueError
from hedging.market import OptionChain
from hedging.venues import ccxt
from hedging.venues._http import Transport
from hedging.venues.deribit import Client

START = 1_767_225_600_000  # 2026-01-01T00:00Z
HOUR = 3_600_000
QUOTE = {
    "bid_price": 0.05, "ask_price": 0.055, "mark_price": 0.052, "mark_iv": 55.0, "underlying_price": 70_500.0,
    "estimated_delivery_price": 70_000.0, "creation_timestamp": START, "open_interest": 1.0, "volume": 0.0,
}  # fmt: skip
NAMES = ["BTC-27FEB26-70000-C", "BTC-27FEB26-70000-P", "BTC-27MAR26-65000-P"]
REPLIES: dict[str, Any] = {
    "get_index_price": {"index_price": 70_000.0},
    "get_book_summary_by_currency": [QUOTE | {"instrument_name": name} for name in NAMES],
    "get_instruments": [
        {"instrument_name": NAMES[0], "kind": "option", "instrument_type": "reversed", "contract_size": 1.0,
         "counter_currency": "USD", "quote_currency": "BTC", "min_trade_amount": 0.1, "tick_size": 0.0001,
         "tick_size_steps": [{"tick_size": 0.0005, "above_price": 0.005}], "taker_commission": 0.0003}
    ],
    "get_order_book": {"instrument_name": NAMES[0], "bids": [[0.05, 1.0], [0.04, 2.0]], "asks": [[0.06, 1.0]]},
    "get_funding_rate_history": [
        {"timestamp": START + HOUR, "index_price": 7e4, "interest_1h": 1e-5, "interest_8h": 1e-4}
    ],
    "get_volatility_index_data": {"data": [[START + HOUR, 50.0, 51.0, 49.0, 50.0]], "continuation": None},
    "get_tradingview_chart_data": {"status": "ok", "ticks": [START], "open": [1.0], "high": [1.0], "low": [1.0],
                                   "close": [1.0], "volume": [1.0]},
    "get_delivery_prices": {"records_total": 1, "data": [{"date": "2026-01-01", "delivery_price": 7e4}]},
}  # fmt: skip
OPTION = {
    "symbol": "BTC/USD:BTC-260327-70000-C", "timestamp": START, "bidPrice": 0.05, "askPrice": 0.055, "markPrice": 0.052,
    "underlyingPrice": 70_500.0, "openInterest": 1.0, "baseVolume": 0.0, "impliedVolatility": 55.0,
    "info": {"instrument_name": "BTC-27MAR26-70000-C", "mark_iv": 55.0, "estimated_delivery_price": 7e4,
             "creation_timestamp": START},
}  # fmt: skip
LIKE_BYBIT = {
    "BTC/USDT:USDT-260327-70000-C": OPTION
    | {
        "symbol": "BTC/USDT:USDT-260327-70000-C",
        "bidPrice": 3_500.0,
        "askPrice": 3_600.0,
        "markPrice": 3_550.0,
        "info": {},
    }
}
MOST_CALLS = 60


class EndlessError(Exception):
    """A client that asks on and on."""


class Served(Transport):
    """Replies as given, through JSON as an exchange would send them; counts what is asked."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        super().__init__(sleep=lambda _: None)
        self.replies, self.calls = replies, 0

    def get(self, url: str, params: Mapping[str, Any], **_: Any) -> Any:  # noqa: ARG002 - as the client calls it
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise EndlessError(url)
        return {"result": json.loads(json.dumps(self.replies[url.rsplit("/", 1)[1]]))}


def use(client: Client, method: str) -> Any:
    start, end = (pd.Timestamp(START + hours * HOUR, unit="ms", tz="UTC") for hours in (0, 20))
    return {
        "get_index_price": lambda: client.index("BTC"),
        "get_book_summary_by_currency": lambda: client.chain("BTC"),
        "get_instruments": lambda: client.chain("BTC"),
        "get_order_book": lambda: client.depth([NAMES[0]]),
        "get_funding_rate_history": lambda: client.funding("BTC-PERPETUAL", start, end),
        "get_volatility_index_data": lambda: client.dvol("BTC", start, end),
        "get_tradingview_chart_data": lambda: client.candles("BTC-PERPETUAL", start, end),
        "get_delivery_prices": lambda: client.delivery_prices(),
    }[method]()


def assert_in_range(chain: OptionChain) -> None:
    """Numbers of a chain that was taken: finite where they must be, of their sign."""
    quotes = chain.quotes
    assert np.isfinite(chain.spot)
    assert chain.spot > 0.0
    for name in ("strike", "forward", "discount", "time_to_expiry"):
        assert np.isfinite(quotes[name]).all()
        assert (quotes[name] > 0.0).all()
    for name in ("bid", "ask", "mark", "mark_vol", "bid_size", "ask_size", "open_interest", "volume"):
        assert not (quotes[name] < 0.0).any()
        assert not np.isinf(quotes[name]).any()
    assert not (quotes["bid"] > quotes["ask"]).any()


@pytest.mark.parametrize("method", REPLIES)
def test_deribit(method: str) -> None:
    @tries(30)
    @given(damaged(REPLIES[method]))
    def run(reply: Any) -> None:
        client = Client(transport=Served(REPLIES | {method: reply}))
        found = attempt(f"replies, {method[4:]}", lambda: use(client, method), VenueError, ChainError)
        if isinstance(found, OptionChain):
            assert_in_range(found)

    run()


@pytest.mark.parametrize("whole", [{OPTION["symbol"]: OPTION}, LIKE_BYBIT], ids=["deribit", "bybit"])
def test_ccxt(whole: dict[str, Any]) -> None:
    @tries(30)
    @given(damaged(whole))
    def run(reply: Any) -> None:
        found = attempt("replies, ccxt", lambda: ccxt.read_option_chain(copy.deepcopy(reply)), InputError)
        if isinstance(found, OptionChain):
            assert_in_range(found)

    run()

"""Chains through ccxt against a local exchange: replayed replies, and every way of misbehaving."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from decimal import InvalidOperation
from http.server import BaseHTTPRequestHandler

import pytest
from cases.exchange import Exchange, cut_off, dripping, raw, reset, serving, silent

from hedging.errors import ChainError, InputError, VenueError
from hedging.venues import fetch_chain
from hedging.venues._http import Transport

pytest.importorskip("ccxt")

TIME = 1_770_364_800_000  # 2026-02-06T08:00Z
BYBIT = {
    "symbol": "BTC-27MAR26-70000-{}-USDT",
    "bid1Price": "5506",
    "bid1Size": "3",
    "ask1Price": "5735",
    "ask1Size": "2",
    "markPrice": "5620.5",
    "indexPrice": "70000",
    "markIv": "0.55",
    "underlyingPrice": "70000",
    "openInterest": "10",
    "volume24h": "1",
}
OKX = {
    "instType": "OPTION",
    "instId": "BTC-USD-260327-70000-{}",
    "bidPx": "0.0785",
    "bidSz": "30",
    "askPx": "0.082",
    "askSz": "20",
    "volCcy24h": "1",
    "ts": str(TIME),
}
SUMMARY = {
    "instId": "BTC-USD-260327-70000-{}",
    "uly": "BTC-USD",
    "markVol": "0.55",
    "fwdPx": "70000",
    "ts": str(TIME),
}
BINANCE = {
    "symbol": "BTC-260327-70000-{}",
    "bidPrice": "5506",
    "askPrice": "5735",
    "exercisePrice": "70000",
    "closeTime": TIME,
}
MARKS = {"symbol": "BTC-260327-70000-{}", "markPrice": "5620.5", "markIV": "0.55"}


def both(row: dict) -> list[dict]:
    """The call and the put of a strike at its forward, which are worth the same."""
    return [
        {name: value.format(flag) if isinstance(value, str) else value for name, value in row.items()}
        for flag in "CP"
    ]


def bybit(rows: list[dict], code: int = 0, message: str = "OK"):
    content = {
        "retCode": code,
        "retMsg": message,
        "result": {"category": "option", "list": rows},
        "time": TIME,
    }
    return raw(200, json.dumps(content).encode())


def plain(content: object):
    return raw(200, json.dumps(content).encode())


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with serving() as made:
        yield made


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetch(exchange, pauses):
    address = exchange.url.removesuffix("/api/v2")

    def done(venue: str, asset: str = "BTC", **more):
        transport = Transport(timeout=0.3, deadline=0.5, attempts=3, backoff=0.01, sleep=pauses.append)
        return fetch_chain(venue, asset, url=address, transport=transport, **more)

    return done


def test_bybit(exchange, fetch) -> None:
    exchange.replies["tickers"] = [bybit(both(BYBIT))]
    chain = fetch("bybit")
    assert exchange.calls == [("tickers", {"category": "option", "baseCoin": "BTC"})]
    assert (chain.asset, chain.terms.venue, chain.terms.currency) == ("BTC", "bybit", "USDT")
    assert chain.as_of.value == TIME * 10**6
    assert chain.quotes[["bid", "ask", "ask_size", "mark_vol"]].iloc[0].tolist() == [5506, 5735, 2, 0.55]


def test_okx_gives_quotes_and_vols_in_two_replies(exchange, fetch) -> None:
    exchange.replies["tickers"] = [plain({"code": "0", "data": both(OKX)})]
    exchange.replies["opt-summary"] = [plain({"code": "0", "data": both(SUMMARY)})]
    chain = fetch("okx")
    assert {name for name, _ in exchange.calls} == {"tickers", "opt-summary"}
    assert (chain.terms.venue, chain.terms.settlement, chain.terms.multiplier) == ("okx", "coin", 0.01)
    assert chain.quotes[["bid_quoted", "ask_quoted", "mark_vol"]].iloc[0].tolist() == [0.0785, 0.082, 0.55]


def test_binance_gives_all_coins(exchange, fetch) -> None:
    other = [row | {"symbol": row["symbol"].replace("BTC", "ETH")} for row in both(BINANCE)]
    exchange.replies["ticker"] = [plain(both(BINANCE) + other)]
    exchange.replies["mark"] = [plain(both(MARKS))]
    chain = fetch("binance")
    assert chain.quotes["symbol"].tolist() == ["BTC-260327-70000-C", "BTC-260327-70000-P"]
    assert (chain.terms.venue, chain.as_of.value) == ("binance", TIME * 10**6)
    assert chain.quotes[["bid", "ask", "mark_vol"]].iloc[0].tolist() == [5506, 5735, 0.55]


def test_a_coin_without_known_terms_takes_those_given(exchange, fetch) -> None:
    rows = [row | {"symbol": row["symbol"].replace("BTC", "XRP")} for row in both(BYBIT)]
    exchange.replies["tickers"] = [bybit(rows)]
    with pytest.raises(ChainError, match="no terms are known for Bybit options on 'XRP'"):
        fetch("bybit", "XRP")
    assert fetch("bybit", "XRP", terms={"lot": 1, "ticks": 0.0001}).terms.ticks == ((0.0, 0.0001),)


def test_two_settlements_are_told_apart(exchange, fetch) -> None:
    linear = [row | {"symbol": row["symbol"].removesuffix("-USDT")} for row in both(BYBIT)]
    exchange.replies["tickers"] = [bybit(both(BYBIT) + linear)]
    with pytest.raises(ChainError, match="asset='BTC_USDT' and asset='BTC_USDC'"):
        fetch("bybit")
    assert fetch("bybit", "BTC_USDC").terms.currency == "USDC"


BUSY = raw(503, b"<html>busy</html>")


@pytest.mark.parametrize(
    "first", [BUSY, cut_off, reset, silent, dripping, bybit([], 10006, "Too many visits!")]
)
def test_what_is_worth_another_try_is_tried_again(exchange, fetch, pauses, first) -> None:
    exchange.replies["tickers"] = [first, bybit(both(BYBIT))]
    assert len(fetch("bybit").quotes) == 2
    assert len(pauses) == 1


@pytest.mark.parametrize("reply", [BUSY, cut_off, reset, silent, dripping])
def test_an_exchange_that_stays_away_is_named_in_time(exchange, fetch, reply) -> None:
    exchange.replies["tickers"] = [reply]
    with pytest.raises(VenueError, match="no usable reply after 3 tries"):
        fetch("bybit")


def test_a_deadline_covers_all_requests_of_a_chain(exchange) -> None:
    def slow(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        time.sleep(0.4)
        plain({"code": "0", "data": both(OKX)})(handler, query)

    exchange.replies = {"tickers": [slow], "opt-summary": [dripping]}
    transport = Transport(timeout=5.0, deadline=1.0, attempts=1)
    with pytest.raises(VenueError, match=r"took longer than 0\.[1-6]"):
        fetch_chain("okx", "BTC", url=exchange.url.removesuffix("/api/v2"), transport=transport)


@pytest.mark.parametrize(
    "error",
    [IndexError("list index out of range"), InvalidOperation("a number of letters"), RecursionError()],
)
def test_what_ccxt_stumbles_over_is_told_as_ours(exchange, fetch, monkeypatch, error) -> None:
    import ccxt

    def stumbling(*_: object) -> None:
        raise error

    monkeypatch.setattr(ccxt.gate, "fetch_option_chain", stumbling)
    with pytest.raises(VenueError, match=f"no reply of its own: {type(error).__name__}"):
        fetch("gate")


@pytest.mark.parametrize(
    ("reply", "error", "match"),
    [
        (raw(200, b"<html>welcome</html>"), VenueError, "no JSON"),
        (bybit([], 10001, "params error"), VenueError, "bybit refused: .*params error"),
        (raw(403, b'{"retCode": 10010, "retMsg": "unmatched ip"}'), VenueError, "HTTP 403"),
        (raw(302, b"{}", Location="http://127.0.0.1:9/"), VenueError, "HTTP 302"),
        (bybit([]), ChainError, "holds no options of BTC"),
        (plain([1, 2]), (ChainError, VenueError), "bybit"),
        (plain({"retCode": 0, "result": {"list": "soon"}}), ChainError, "holds no options of BTC"),
        (
            bybit([row | {"symbol": "ETH-27MAR26-70000-C"} for row in both(BYBIT)]),
            ChainError,
            "it has no BTC",
        ),
    ],
)
def test_what_is_no_chain_is_refused(exchange, fetch, reply, error, match) -> None:
    exchange.replies["tickers"] = [reply]
    with pytest.raises(error, match=match):
        fetch("bybit")


@pytest.mark.parametrize("data", [None, {}, "soon", [[1]], [{"instId": 5}]])
def test_okx_replies_of_another_form_are_refused(exchange, fetch, data) -> None:
    exchange.replies["tickers"] = [plain({"code": "0", "data": data})]
    exchange.replies["opt-summary"] = [plain({"code": "0"})]
    with pytest.raises((ChainError, VenueError), match="okx"):
        fetch("okx")


def test_a_venue_without_options_is_refused_with_those_that_have_them() -> None:
    for venue in ("kraken", "nowhere", "Exchange"):
        with pytest.raises(InputError, match=r"deribit or by ccxt .*bybit.*okx"):
            fetch_chain(venue, "BTC")


def test_any_other_exchange_by_what_ccxt_makes_of_it(exchange, fetch, monkeypatch) -> None:
    import ccxt

    option = {"timestamp": TIME, "bidPrice": 5506, "askPrice": 5735, "markPrice": 5620.5, "info": {}}
    made = {f"BTC/USDT:USDT-260327-70000-{flag}": dict(option) for flag in "CP"}
    monkeypatch.setattr(ccxt.gate, "fetch_option_chain", lambda *_: made)
    with pytest.raises(ChainError, match="their rows do not say of which exchange they are"):
        fetch("gate")
    chain = fetch("gate", terms={"multiplier": 0.01, "lot": 1, "ticks": 1, "fee": 0.0003})
    assert (len(chain.quotes), chain.as_of.value) == (2, TIME * 10**6)


def test_one_that_answers_nothing_it_is_asked_is_named(exchange, fetch) -> None:
    with pytest.raises(VenueError, match="no usable reply after 3 tries"):
        fetch("gate")

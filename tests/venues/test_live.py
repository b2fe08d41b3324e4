"""The live client against a local exchange that misbehaves in every way real ones do."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import numpy as np
import pandas as pd
import pytest
from cases.exchange import (
    INSTRUMENT,
    Exchange,
    cut_off,
    dripping,
    error,
    raw,
    reset,
    result,
    serving,
    silent,
)

from hedging.errors import ChainError, InputError, VenueError
from hedging.venues._http import Credits, Transport, without_secrets
from hedging.venues.deribit import Client

HOUR = 3_600_000
START = 1_767_225_600_000  # 2026-01-01T00:00Z


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with serving() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def client(exchange: Exchange, pauses: list[float]) -> Iterator[Client]:
    transport = Transport(timeout=0.3, deadline=1.6, attempts=3, backoff=0.1, sleep=pauses.append)
    with Client(exchange.url, transport=transport) as made:
        yield made


GOOD = result({"index_price": 70_000.0, "estimated_delivery_price": 70_000.0})


@pytest.mark.parametrize(
    "fault",
    [
        reset,
        silent,
        dripping,
        cut_off,
        error(429, 10028, "too_many_requests"),
        error(400, 10028, "too_many_requests"),
        error(200, 13888, "timed_out"),
        error(503, 11051, "system_maintenance"),
        raw(429, b"slow down", Content_Type="text/plain"),
        raw(502, b"<html>Bad gateway</html>", Content_Type="text/html"),
    ],
    ids=[
        "reset",
        "silent",
        "dripping",
        "cut off",
        "429",
        "10028 in a 400",
        "timed out",
        "maintenance",
        "429 text",
        "502",
    ],
)
def test_a_passing_fault_is_tried_again_and_a_lasting_one_named(exchange, client, pauses, fault):
    exchange.replies["get_index_price"] = [fault, GOOD]
    assert client.index("BTC") == 70_000.0
    assert len(exchange.calls) == 2
    assert 0.05 <= pauses[0] <= 0.1
    exchange.replies["get_index_price"] = [fault]
    with pytest.raises(VenueError, match="no usable reply after 3 tries; the last: "):
        client.index("BTC")
    assert len(exchange.calls) == 5


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (error(400, -32602, "Invalid params"), "refused get_index_price .* -32602 Invalid params"),
        (error(401, 13009, "unauthorized"), "13009 unauthorized"),
        (raw(200, b"<html>Hello</html>", Content_Type="text/html"), "HTTP 200 with a body that is no JSON"),
        (raw(301, b"", Location="http://127.0.0.1:1/"), "HTTP 301 with a body that is no JSON"),
        (raw(200, b"[1, 2]"), "without a result"),
        (raw(200, b'{"jsonrpc": "2.0"}'), "without a result"),
        (result({}), "index_price: field required"),
        (result({"index_price": None}), "index_price: input should be a valid number"),
    ],
)
def test_a_refusal_is_not_tried_again(exchange, client, reply, message):
    exchange.replies["get_index_price"] = [reply]
    with pytest.raises(VenueError, match=message):
        client.index("BTC")
    assert len(exchange.calls) == 1


def test_the_pause_a_server_asks_for_is_kept_and_a_silly_one_bounded(exchange, client, pauses):
    client.transport.deadline = 120.0
    exchange.replies["get_index_price"] = [
        error(429, 10028, Retry_After="7"),
        error(429, 10028, Retry_After="9e9"),
        GOOD,
    ]
    client.index("BTC")
    assert pauses == [7.0, 30.0]


def test_nobody_listening_is_a_venue_error(pauses):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(VenueError, match="no usable reply after 2 tries"):
        Client(f"http://127.0.0.1:{port}", transport=Transport(attempts=2, sleep=pauses.append)).index("BTC")


def test_credits_are_spent_and_waited_for():
    now = [0.0]
    bucket = Credits(1_000, 100, clock=lambda: now[0])
    assert [bucket.wait_for(500) for _ in range(3)] == [0.0, 0.0, 5.0]
    now[0] = 100.0
    assert bucket.wait_for(500) == 0.0
    assert bucket.left == 500  # full, not overflowing, before it was spent


def test_a_burst_waits_for_its_credits(exchange, client, pauses):
    exchange.replies["get_index_price"] = [GOOD]
    client._credits = Credits(1_000, 10_000, clock=lambda: 0.0)  # a second has 10,000, a request costs 500
    for _ in range(4):
        client.index("BTC")
    assert pauses == [0.05, 0.1]


# --- chains -----------------------------------------------------------------------------------------


def summary(names: list[str], **columns: object) -> list[dict]:
    base = {
        "bid_price": 0.05,
        "ask_price": 0.055,
        "mark_price": None,
        "mark_iv": None,
        "underlying_price": 70_500.0,
        "estimated_delivery_price": 70_000.0,
        "creation_timestamp": START,
        "open_interest": 1.0,
        "volume": 0.0,
    }
    return [base | columns | {"instrument_name": name} for name in names]


def serve_chain(exchange: Exchange, options: list[dict], futures: list[dict] | None = None) -> None:
    exchange.replies["get_book_summary_by_currency"] = [
        result(lambda query: options if query["kind"] == "option" else (futures or []))
    ]
    exchange.replies["get_instruments"] = [result([INSTRUMENT])]
    exchange.replies["get_index_price"] = [GOOD]


def test_a_chain_comes_with_index_futures_and_the_terms_the_exchange_states(exchange, client):
    options = summary(["BTC-27FEB26-70000-C", "BTC-27FEB26-70000-P"], bid_price=0.06, ask_price=0.07)
    futures = summary(["BTC-PERPETUAL", "BTC-27FEB26"], mark_price=70_100.0, funding_8h=1e-4)
    serve_chain(exchange, options, futures)
    chain = client.chain("BTC")
    assert (chain.asset, chain.spot, len(chain.quotes)) == ("BTC", 70_000.0, 2)
    assert chain.as_of == pd.Timestamp("2026-01-01T00:00Z")
    assert chain.terms.lot == 0.1
    assert chain.terms.ticks == ((0.0, 0.0001), (0.005, 0.0005))
    assert chain.futures["symbol"].tolist() == ["BTC-27FEB26", "BTC-PERPETUAL"]
    assert chain.futures["expiry"].isna().tolist() == [False, True]


def test_options_of_another_pair_in_the_same_currency_are_left_out(exchange, client):
    options = summary(
        ["SOL_USDC-27FEB26-70000-C", "XRP_USDC-27FEB26-1d5-C"], bid_price=2_000.0, ask_price=2_100.0
    )
    serve_chain(exchange, options)
    exchange.replies["get_instruments"] = [
        result([INSTRUMENT | {"instrument_name": "SOL_USDC-27FEB26-70000-C", "instrument_type": "linear",
                              "quote_currency": "USDC", "contract_size": 10, "min_trade_amount": 10}])
    ]  # fmt: skip
    chain = client.chain("SOL_USDC")
    assert (chain.asset, chain.terms.currency, chain.terms.multiplier, chain.terms.lot) == (
        "SOL",
        "USDC",
        10.0,
        1.0,
    )
    assert chain.quotes["symbol"].tolist() == ["SOL_USDC-27FEB26-70000-C"]
    assert dict(exchange.calls)["get_book_summary_by_currency"]["currency"] == "USDC"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (summary(["ETH-27FEB26-2000-C"]), "was asked for BTC and sent 'ETH-27FEB26-2000-C'"),
        ([], "lists no option on BTC"),
        ({}, "not what it says it sends: file: input should be a valid list"),
    ],
)
def test_a_reply_for_another_currency_or_for_none_is_refused(exchange, client, options, message):
    serve_chain(exchange, options)
    with pytest.raises(VenueError, match=message):
        client.chain("BTC")


def test_quotes_without_a_usable_row_are_a_chain_error(exchange, client):
    serve_chain(exchange, summary(["BTC-27FEB25-70000-C"]))
    with pytest.raises(ChainError, match=r"rejected: \{'expired': 1\}"):
        client.chain("BTC")


def test_depth_lists_levels_and_refuses_the_book_of_another(exchange, client):
    book = {"instrument_name": "BTC-27FEB26-70000-C", "bids": [[0.05, 3.0], [0.049, 1.0]], "asks": []}
    exchange.replies["get_order_book"] = [result(book)]
    depth = client.depth(["BTC-27FEB26-70000-C"])
    assert depth.to_dict("list") == {
        "symbol": ["BTC-27FEB26-70000-C"] * 2,
        "side": ["bid", "bid"],
        "level": [0, 1],
        "price": [0.05, 0.049],
        "amount": [3.0, 1.0],
    }
    with pytest.raises(VenueError, match="sent the book of 'BTC-27FEB26-70000-C'"):
        client.depth(["BTC-27FEB26-80000-C"])


# --- histories --------------------------------------------------------------------------------------


def hourly(query: dict[str, str], most: int = 744) -> list[int]:
    """Hours an exchange would return: within the window, both ends included, at most so many."""
    low, high = int(query["start_timestamp"]), int(query["end_timestamp"])
    first = -(-low // HOUR) * HOUR
    return list(range(first, high + 1, HOUR))[-most:]


def test_funding_is_paged_to_its_end_with_no_hour_lost_or_doubled(exchange, client):
    exchange.replies["get_funding_rate_history"] = [
        result(
            lambda query: [
                {"timestamp": t, "index_price": 1.0, "interest_1h": 0.0, "interest_8h": 0.0}
                for t in hourly(query)
            ]
        )
    ]
    got = client.funding("BTC-PERPETUAL", "2026-01-01T00:00Z", "2026-06-01T00:00Z")
    hours = 151 * 24 + 1
    assert len(got) == hours
    assert (got["time"].diff().dropna() == pd.Timedelta(hours=1)).all()
    assert len(exchange.calls) == -(-(hours - 1) // 700)


def test_candles_are_paged_and_gaps_stay_gaps(exchange, client):
    def bars(query: dict[str, str]) -> dict:
        ticks = [t for t in hourly(query, 5_000) if t % (24 * HOUR)]  # no bar at midnight
        return {"status": "ok", "ticks": ticks} | {
            name: np.ones(len(ticks)).tolist() for name in ("open", "high", "low", "close", "volume")
        }

    exchange.replies["get_tradingview_chart_data"] = [result(bars)]
    got = client.candles("BTC-PERPETUAL", "2026-01-01T00:00Z", "2026-04-11T00:00Z")
    assert len(got) == 100 * 23
    assert got["time"].is_monotonic_increasing
    assert got["time"].is_unique
    exchange.replies["get_tradingview_chart_data"] = [result({"status": "no_data"})]
    assert client.candles("BTC-PERPETUAL", "2026-01-01T00:00Z", "2026-01-02T00:00Z").empty


def test_dvol_follows_its_continuation_and_refuses_to_run_in_circles(exchange, client):
    def page(query: dict[str, str]) -> dict:
        hours = hourly(query, 1_000)
        more = hours[0] > int(query["start_timestamp"])
        return {
            "data": [[t, 50.0, 51.0, 49.0, 50.5] for t in hours],
            "continuation": hours[0] if more else None,
        }

    exchange.replies["get_volatility_index_data"] = [result(page)]
    got = client.dvol("BTC", "2026-01-01T00:00Z", "2026-06-01T00:00Z")
    assert len(got) == 151 * 24 + 1
    assert (got["time"].diff().dropna() == pd.Timedelta(hours=1)).all()
    exchange.replies["get_volatility_index_data"] = [
        result(lambda query: {"data": [], "continuation": int(query["end_timestamp"])})
    ]
    with pytest.raises(VenueError, match="do not go back in time"):
        client.dvol("BTC", "2026-01-01T00:00Z", "2026-06-01T00:00Z")


def test_delivery_prices_are_whole_even_if_a_day_is_added_while_reading(exchange, client):
    days = [f"{day:%Y-%m-%d}" for day in pd.date_range("2020-01-01", periods=2_501)][::-1]

    def page(query: dict[str, str]) -> dict:
        offset = int(query["offset"])
        listed = days[1:] if offset == 0 else days  # the newest day appears after the first page
        return {
            "records_total": len(listed),
            "data": [{"date": d, "delivery_price": 1.0} for d in listed[offset : offset + 1000]],
        }

    exchange.replies["get_delivery_prices"] = [result(page)]
    got = client.delivery_prices()
    assert got["date"].is_unique
    assert got["date"].tolist() == sorted(days[1:])


# --- promises that are kept whatever an exchange sends ----------------------------------------------


def head_drips(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    try:
        for number in range(100):
            handler.wfile.write(f"X-{number}: a\r\n".encode())
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass  # the client has had enough
    handler.close_connection = True


@pytest.mark.parametrize("fault", [head_drips, dripping, silent])
def test_a_deadline_covers_a_reply_from_connecting_to_its_last_byte(exchange, pauses, fault):
    exchange.replies["get_index_price"] = [fault]
    transport = Transport(timeout=5.0, deadline=0.3, attempts=2, backoff=0.0, sleep=pauses.append)
    began = time.monotonic()
    with (
        Client(exchange.url, transport=transport) as client,
        pytest.raises(VenueError, match="no usable reply"),
    ):
        client.index("BTC")
    assert time.monotonic() - began < 0.3 + 1.0


@pytest.mark.parametrize("fault", [silent, error(429, 10028, Retry_After="20"), raw(503, b"")])
def test_a_deadline_covers_all_tries_and_pauses(exchange, fault):
    exchange.replies["get_index_price"] = [fault]
    transport = Transport(timeout=5.0, deadline=0.8, attempts=50, backoff=0.1)
    began = time.monotonic()
    with (
        Client(exchange.url, transport=transport) as client,
        pytest.raises(VenueError, match="no usable reply"),
    ):
        client.index("BTC")
    assert time.monotonic() - began < 0.8 + 1.0


def test_a_deadline_covers_all_requests_of_a_chain(exchange):
    def slow_summary(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        time.sleep(0.4)
        result(summary(["BTC-27JUN25-70000-C"]))(handler, query)

    exchange.replies = {
        "get_book_summary_by_currency": [slow_summary],
        "get_instruments": [silent],
        "get_index_price": [silent],
    }
    transport = Transport(timeout=5.0, deadline=1.0, attempts=3, backoff=0.0)
    began = time.monotonic()
    with Client(exchange.url, transport=transport) as client, pytest.raises(VenueError):
        client.chain("BTC")
    assert time.monotonic() - began < 1.0 + 1.0


def test_after_a_deadline_the_next_reply_is_heard(exchange, client):
    exchange.replies["get_index_price"] = [head_drips, GOOD]
    assert client.index("BTC") == 70_000.0


def test_a_status_counts_more_than_a_body(exchange, client):
    good = json.dumps({"result": {"index_price": 70_000.0}}).encode()
    for status in (301, 400, 401, 403, 404, 418, 451):
        exchange.replies["get_index_price"] = [raw(status, good)]
        with pytest.raises(VenueError, match=f"HTTP {status}"):
            client.index("BTC")


@pytest.mark.parametrize("part", ["user:s3cret@", "s3cret@"])
def test_credentials_in_an_address_are_never_shown(exchange, pauses, part):
    url = exchange.url.replace("://", f"://{part}") + "?key=s3cret#s3cret"
    transport = Transport(timeout=0.3, attempts=1, sleep=pauses.append)
    for reply in (reset, silent, raw(404, b"{}"), raw(500, b""), raw(200, b"<html>"), result({})):
        exchange.replies = {key: [reply] for key in ("get_index_price", "v2?key=s3cret", "v2")}
        with Client(url, transport=transport) as client, pytest.raises(VenueError) as caught:
            client.index("BTC")
        shown: BaseException | None = caught.value
        assert "s3cret" not in str(shown)
    assert without_secrets("https://u:p@host/api?key=x#y") == "https://host/api"
    assert without_secrets("host/api?key=x") == "host/api"
    for bad in ("ftp://user:s3cret@host", "https://user:s3cret@", "http://user:s3cret@[", "s3cret"):
        with (
            Client(bad.replace("s3cret", "pw-s3cret"), transport=transport) as client,
            pytest.raises(VenueError) as caught,
        ):
            client.index("BTC")
        assert bad == "s3cret" or "pw-s3cret" not in str(caught.value)


def test_histories_that_do_not_end_are_ended(exchange, client):
    start, end = pd.Timestamp(START, unit="ms", tz="UTC"), pd.Timestamp(START + 5 * HOUR, unit="ms", tz="UTC")
    day = iter(range(10**9))
    exchange.replies["get_delivery_prices"] = [
        result(
            lambda query: {
                "records_total": int(query["offset"]) + 1_000,
                "data": [{"date": f"d{next(day)}", "delivery_price": 1.0} for _ in range(100)],
            }
        )
    ]
    with pytest.raises(VenueError, match="do not come to an end"):
        client.delivery_prices()
    same = {"records_total": 3, "data": [{"date": "2026-01-01", "delivery_price": 1.0}]}
    exchange.replies["get_delivery_prices"] = [result(same)]
    with pytest.raises(VenueError, match="do not come to an end"):
        client.delivery_prices()
    for following in (
        lambda query: int(query["end_timestamp"]) - 1,
        lambda query: int(query["end_timestamp"]) + 1,
    ):
        exchange.replies["get_volatility_index_data"] = [
            result(lambda query, following=following: {"data": [], "continuation": following(query)})
        ]
        with pytest.raises(VenueError, match="do not go back in time"):
            client.dvol("BTC", start, end)
    for following in ("nan", float("nan"), 1e300, True, -1):
        exchange.replies["get_volatility_index_data"] = [result({"data": [], "continuation": following})]
        with pytest.raises(VenueError, match=r"continuation|no JSON"):
            client.dvol("BTC", start, end)
    for resolution in ("0", "-1", "", 0, None, "1e9"):
        with pytest.raises(InputError, match="resolution must be one of"):
            client.candles("BTC-PERPETUAL", start, end, resolution)
        with pytest.raises(InputError, match="resolution must be one of"):
            client.dvol("BTC", start, end, resolution)
    with pytest.raises(InputError, match="more than 10,000 requests"):
        client.candles("BTC-PERPETUAL", "1970-01-01T00:00Z", "2100-01-01T00:00Z", "1")


def test_columns_of_candles_have_one_length(exchange, client):
    page = {
        "status": "ok",
        "ticks": [START],
        "open": [1.0],
        "high": [1.0],
        "low": [1.0],
        "close": [],
        "volume": [1.0],
    }
    exchange.replies["get_tradingview_chart_data"] = [result(page)]
    with pytest.raises(VenueError, match="unequal length"):
        client.candles("BTC-PERPETUAL", "2026-01-01T00:00Z", "2026-01-01T01:00Z")


@pytest.mark.parametrize(
    ("field", "value"),
    [("creation_timestamp", ...), ("creation_timestamp", "now"), ("creation_timestamp", 1e300),
     ("creation_timestamp", -1), ("bid_price", "0.05"), ("bid_price", [0.05]), ("instrument_name", None),
     ("instrument_name", 7), ("mark_iv", {}), ("underlying_price", True)],
)  # fmt: skip
def test_a_row_without_its_fields_is_named(exchange, client, field, value):
    options = summary(["BTC-27FEB26-70000-C"])
    options[0] |= {field: value}
    if value is ...:
        del options[0][field]
    serve_chain(exchange, options)
    with pytest.raises(VenueError, match=rf"0\.{field}: "):
        client.chain("BTC")


@pytest.mark.parametrize(
    "book",
    [None, {}, {"instrument_name": "A"}, {"instrument_name": "A", "bids": None, "asks": []},
     {"instrument_name": "A", "bids": "none", "asks": []}, {"instrument_name": "A", "bids": {"0.1": 1}, "asks": []},
     {"instrument_name": "A", "bids": [[0.1]], "asks": []}, {"instrument_name": "A", "bids": [[10**400, 1]], "asks": []},
     {"instrument_name": "A", "bids": [["new", 0.1, 1.0]], "asks": []}],
)  # fmt: skip
def test_depth_that_is_none(exchange, client, book):
    exchange.replies["get_order_book"] = [result(book)]
    with pytest.raises(VenueError):
        client.depth(["A"])

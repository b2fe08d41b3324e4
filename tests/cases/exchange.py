"""A local exchange that answers as Deribit does, for the live client and the commands that use it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from hedging.market.chain import OptionChain

Reply = Callable[[BaseHTTPRequestHandler, dict[str, str]], None]


class Exchange(ThreadingHTTPServer):
    """Answers each method with the next reply of its list; the last one repeats."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: dict[str, list[Reply]] = {}
        self.calls: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, *args: object) -> None:
        """Keep quiet: clients hang up on these replies on purpose."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api/v2"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 2**16  # head and body leave together, or each call waits for a delayed acknowledgement

    def do_GET(self) -> None:
        parsed = urlparse(self.path)
        method = parsed.path.rsplit("/", 1)[1]
        query = {key: value[0] for key, value in parse_qs(parsed.query).items()}
        self.server.calls.append((method, query))
        replies = self.server.replies[method]
        (replies.pop(0) if len(replies) > 1 else replies[0])(self, query)

    def log_message(self, *args: object) -> None:
        pass


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in (
        {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
    ).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def result(content: object) -> Reply:
    return lambda handler, query: send(
        handler,
        200,
        json.dumps({"jsonrpc": "2.0", "result": content(query) if callable(content) else content}).encode(),
    )


INSTRUMENT = {
    "instrument_name": "BTC-27FEB26-70000-C",
    "kind": "option",
    "instrument_type": "reversed",
    "contract_size": 1.0,
    "counter_currency": "USD",
    "quote_currency": "BTC",
    "min_trade_amount": 0.1,
    "tick_size": 0.0001,
    "tick_size_steps": [{"tick_size": 0.0005, "above_price": 0.005}],
    "taker_commission": 0.0003,
}


@contextmanager
def serving() -> Iterator[Exchange]:
    """An exchange that answers until the end of the block."""
    server = Exchange()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def summary_of(chain: OptionChain) -> list[dict[str, object]]:
    """Rows of get_book_summary_by_currency that show the options of a coin-settled chain."""
    time = int(chain.as_of.timestamp() * 1000)
    return [
        {
            "instrument_name": row.symbol,
            "bid_price": round(row.bid / chain.spot, 4) or None,
            "ask_price": round(row.ask / chain.spot, 4) or None,
            "mark_price": row.mark / chain.spot,
            "mark_iv": 100.0 * row.mark_vol,
            "underlying_price": row.forward,
            "estimated_delivery_price": chain.spot,
            "creation_timestamp": time,
            "open_interest": 1.0,
            "volume": 0.0,
        }
        for row in chain.quotes.itertuples()
    ]


def error(status: int, code: int, message: str = "", **headers: str) -> Reply:
    body = json.dumps({"jsonrpc": "2.0", "error": {"code": code, "message": message, "data": None}}).encode()
    return lambda handler, _: send(handler, status, body, **headers)


def raw(status: int, body: bytes, **headers: str) -> Reply:
    return lambda handler, _: send(handler, status, body, **headers)


def reset(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    handler.connection.close()
    handler.close_connection = True


def silent(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
    time.sleep(0.6)
    handler.close_connection = True


def dripping(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    try:
        for _ in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass  # the client has had enough
    handler.close_connection = True


def cut_off(handler: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
    body = json.dumps({"result": {"index_price": 70_000.0}}).encode()
    send(handler, 200, body[:20], Content_Length=str(len(body)))
    handler.close_connection = True

"""Deribit's public API: the chain as it is now, depth, and histories paged to their end. Needs no account.

Limits and codes as the exchange's documentation states them: a request costs 500 credits of a pool of 50,000
that refills by 10,000 a second; ``get_instruments`` costs 10,000 of a pool of 500,000 of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from hedging._ground import clock
from hedging._ground.counts import number_of
from hedging.errors import VenueError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.venues._http import Credits, Json, Transport, without_secrets
from hedging.venues._times import epoch
from hedging.venues.deribit import replies
from hedging.venues.deribit.histories import check_resolution, history, milliseconds, windows
from hedging.venues.deribit.names import named, parse_name
from hedging.venues.deribit.rows import SUMMARY_COLUMNS, chain_from_rows, futures_from_rows
from hedging.venues.deribit.terms import terms_from_instrument

__all__ = ["TEST_URL", "URL", "Client", "fetch_chain"]

URL: Final = "https://www.deribit.com/api/v2"
TEST_URL: Final = "https://test.deribit.com/api/v2"

# Too many requests, retry, settlement in progress, queue full, too many at once, maintenance, internal error,
# and three names of temporarily unavailable.
_TRANSIENT_CODES: Final = frozenset({10028, 10040, 10041, 10047, 10066, 11051, 11094, 13028, 13503, 13888})
_HOUR: Final = 3_600_000  # milliseconds
_FUNDING_PAGE: Final = 700 * _HOUR  # the exchange returns at most 744 hourly rows a call
_BARS_A_PAGE: Final = 1_000
_DAYS_ADDED: Final = 10  # to a history while it is read
_MINUTE: Final = 60_000  # milliseconds
_DVOL_BARS: Final = {"1": 1_000, "60": _MINUTE, "3600": _HOUR, "43200": 12 * _HOUR, "1D": 24 * _HOUR}
_CANDLE_BARS: Final = {
    str(minutes): minutes * _MINUTE for minutes in (1, 3, 5, 10, 15, 30, 60, 120, 180, 360, 720)
} | {"1D": 24 * _HOUR}
_CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")


class Client:
    """Deribit's public API.

    Parameters
    ----------
    url : str
        Address of the API; `TEST_URL` for the test exchange.
    transport : Transport, optional
        Time-outs and retries.

    Examples
    --------
    ::

        with Client() as client:
            chain = client.chain("BTC")
            book = client.depth(chain.select(days=(20, 40), delta=(0.2, 0.3)).quotes["symbol"])
    """

    def __init__(self, url: str = URL, *, transport: Transport | None = None) -> None:
        self.url = url.rstrip("/")
        self.transport = transport or Transport()
        self._credits = Credits(50_000, 10_000, self.transport.clock)
        self._instrument_credits = Credits(500_000, 10_000, self.transport.clock)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *details: object) -> None:
        self.transport.close()

    def call(self, method: str, **params: Any) -> Json:
        """Call a public method and return its ``result``.

        Parameters
        ----------
        method : str
            Name behind ``public/``.
        **params
            Its parameters; None leaves one out.

        Raises
        ------
        VenueError
            If the exchange refuses, or does not answer with a result in the tries there are.
        """
        costly = method == "get_instruments"
        bucket = self._instrument_credits if costly else self._credits
        if wait := bucket.wait_for(10_000 if costly else 500):
            self.transport.sleep(wait)
        query = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in params.items()
            if value is not None
        }
        reply = self.transport.get(f"{self.url}/public/{method}", query, transient=_is_transient)
        if isinstance(reply, dict) and isinstance(reply.get("error"), dict):
            error = reply["error"]
            raise VenueError(
                f"Deribit refused {method} {query}: {error.get('code')} {error.get('message')} {error.get('data') or ''}".rstrip()
            )
        if not isinstance(reply, dict) or "result" not in reply:
            raise VenueError(f"Deribit answered {method} {query} without a result: {str(reply)[:200]}")
        return reply["result"]

    def chain(self, asset: str, *, terms: ContractTerms | None = None) -> OptionChain:
        """Whole option chain of an asset, with its index price and futures; all requests within one deadline.

        Parameters
        ----------
        asset : str
            ``"BTC"``, ``"ETH"``, or a pair such as ``"SOL_USDC"``.
        terms : ContractTerms, optional
            By default those the exchange states for its instruments right now.

        Raises
        ------
        VenueError
            If the exchange does not answer with that asset's options.
        """
        with clock.until(clock.now() + self.transport.deadline):
            return self._chain(asset, terms)

    def _chain(self, asset: str, terms: ContractTerms | None) -> OptionChain:
        currency = _currency(asset)
        options = self._summary(asset, "option")
        if terms is None:
            entries = self.call("get_instruments", currency=currency, kind="option", expired=False)
            terms = terms_from_instrument(_one_of(entries, asset))
        rows = named(pd.DataFrame(options + self._summary(asset, "future", required=False)))
        times = epoch(rows["creation_timestamp"], "ms", "Deribit")
        return chain_from_rows(
            rows,
            asset=asset,
            as_of=times[rows["flag"] != ""].max(),
            columns=SUMMARY_COLUMNS,
            spot=self.index(asset),
            terms=terms,
            source=f"{without_secrets(self.url)}/public/get_book_summary_by_currency",
        )

    def index(self, asset: str) -> float:
        """Index price of an asset now. [money]"""
        name = asset.lower() if "_" in asset else f"{asset.lower()}_usd"
        reply = self.call("get_index_price", index_name=name)
        return float(replies.checked(replies.Index, reply, "get_index_price").index_price)

    def futures(self, asset: str) -> pd.DataFrame:
        """Futures and perpetual of an asset now, in `hedging.market.chain.FUTURES_COLUMNS`."""
        return futures_from_rows(named(pd.DataFrame(self._summary(asset, "future"))))

    def depth(self, symbols: Iterable[str], levels: int = 10) -> pd.DataFrame:
        """Order books of some contracts.

        Parameters
        ----------
        symbols : iterable of str
            Names of contracts.
        levels : {1, 5, 10, 20, 50, 100, 1000, 10000}
            Levels a side.

        Returns
        -------
        DataFrame
            ``symbol, side`` (``'bid'`` or ``'ask'``), ``level`` (0 is the best), ``price`` [as quoted],
            ``amount`` [units of underlying; USD for inverse futures].

        Raises
        ------
        VenueError
            If a reply is not the book that was asked for.
        """
        rows = []
        for symbol in symbols:
            reply = self.call("get_order_book", instrument_name=symbol, depth=levels)
            book = replies.checked(replies.Book, reply, "get_order_book")
            if book.instrument_name != symbol:
                raise VenueError(f"Deribit sent the book of {book.instrument_name!r}, not of {symbol!r}.")
            for side, quotes in (("bid", book.bids), ("ask", book.asks)):
                rows += [(symbol, side, level, price, amount) for level, (price, amount) in enumerate(quotes)]
        return pd.DataFrame(rows, columns=["symbol", "side", "level", "price", "amount"])

    def funding(self, symbol: str, start: str | pd.Timestamp, end: str | pd.Timestamp) -> pd.DataFrame:
        """Hourly funding of a perpetual, every hour in ``[start, end]`` once.

        Parameters
        ----------
        symbol : str
            ``"BTC-PERPETUAL"``.
        start, end : str or Timestamp
            With a time zone.

        Returns
        -------
        DataFrame
            ``time, index_price, interest_1h, interest_8h``; interest is a share, positive where longs pay.
        """
        pages = [
            self.call(
                "get_funding_rate_history", instrument_name=symbol, start_timestamp=low, end_timestamp=high
            )
            for low, high in windows(start, end, _FUNDING_PAGE)
        ]
        columns = ["timestamp", "index_price", "interest_1h", "interest_8h"]
        rows = [
            [getattr(row, name) for name in columns]
            for page in pages
            for row in replies.checked(replies.Funding, page, "get_funding_rate_history")
        ]
        return history(pd.DataFrame(rows, columns=columns), start, end)

    def dvol(
        self, currency: str, start: str | pd.Timestamp, end: str | pd.Timestamp, resolution: str = "3600"
    ) -> pd.DataFrame:
        """Volatility index, every bar in ``[start, end]`` once.

        Parameters
        ----------
        currency : {'BTC', 'ETH'}
            Whose.
        start, end : str or Timestamp
            With a time zone.
        resolution : {'1', '60', '3600', '43200', '1D'}
            Length of a bar. [seconds]

        Returns
        -------
        DataFrame
            ``time, open, high, low, close`` [per cent a year].

        Raises
        ------
        VenueError
            If the pages do not lead back in time.
        """
        check_resolution(resolution, _DVOL_BARS)
        low, until = milliseconds(start), milliseconds(end)
        bars = max(until - low, 0) // _DVOL_BARS[resolution] + 1
        rows: list[list[float]] = []
        while True:
            reply = self.call(
                "get_volatility_index_data",
                currency=currency,
                resolution=resolution,
                start_timestamp=low,
                end_timestamp=until,
            )
            page = replies.checked(replies.Dvol, reply, "get_volatility_index_data")
            rows += page.data
            following = page.continuation
            if following is None or following < low:
                break
            # One bar at least goes back with every page, and no bar comes twice but where two pages meet.
            if following > until - _DVOL_BARS[resolution] or len(rows) > 2 * bars + _BARS_A_PAGE:
                raise VenueError(
                    f"Deribit's pages of DVOL do not go back in time: {until} is followed by {following}."
                )
            until = following
        return history(pd.DataFrame(rows, columns=["timestamp", "open", "high", "low", "close"]), start, end)

    def candles(
        self, symbol: str, start: str | pd.Timestamp, end: str | pd.Timestamp, resolution: str = "60"
    ) -> pd.DataFrame:
        """Price bars of a contract, every bar in ``[start, end]`` once.

        Parameters
        ----------
        symbol : str
            Name of a contract.
        start, end : str or Timestamp
            With a time zone.
        resolution : {'1', '3', '5', '10', '15', '30', '60', '120', '180', '360', '720', '1D'}
            Length of a bar. [minutes]

        Returns
        -------
        DataFrame
            ``time`` (a bar's start), ``open, high, low, close, volume``.
        """
        check_resolution(resolution, _CANDLE_BARS)
        tables = []
        for low, high in windows(start, end, _CANDLE_BARS[resolution] * _BARS_A_PAGE):
            reply = self.call(
                "get_tradingview_chart_data",
                instrument_name=symbol,
                start_timestamp=low,
                end_timestamp=high,
                resolution=resolution,
            )
            page = replies.checked(replies.Candles, reply, "get_tradingview_chart_data")
            columns = {"timestamp": page.ticks} | {name: getattr(page, name) for name in _CANDLE_COLUMNS}
            counts = {name: len(column) for name, column in columns.items()}
            if len(set(counts.values())) > 1:
                raise VenueError(f"Deribit sent columns of {symbol} candles of unequal length: {counts}.")
            if page.status != "no_data":
                tables.append(pd.DataFrame(columns))
        empty = pd.DataFrame(columns=["timestamp", *_CANDLE_COLUMNS], dtype=float)
        return history(pd.concat(tables) if tables else empty, start, end)

    def delivery_prices(self, index_name: str = "btc_usd") -> pd.DataFrame:
        """All daily delivery prices of an index: ``date, delivery_price``, oldest first, every day once."""
        rows: list[tuple[str, float]] = []
        days: set[str] = set()
        first = total = 1
        while len(rows) < total:
            reply = self.call("get_delivery_prices", index_name=index_name, offset=len(rows), count=1000)
            page = replies.checked(replies.Deliveries, reply, "get_delivery_prices")
            first, total = (first if rows else page.records_total), page.records_total
            fresh = {row.date for row in page.data} - days
            if total > first + _DAYS_ADDED or (page.data and not fresh):
                raise VenueError(
                    f"Deribit's pages of delivery prices do not come to an end: {number_of(len(rows), 'day')} read, {total} said to be "
                    f"there after {first}."
                )
            if not page.data:
                break
            days |= fresh
            rows += [(row.date, row.delivery_price) for row in page.data]
        # A day that is added while the pages are read moves the rest by one: the repeated row goes.
        table = pd.DataFrame(rows, columns=["date", "delivery_price"]).drop_duplicates("date")
        return table.sort_values("date").reset_index(drop=True)

    def _summary(self, asset: str, kind: str, *, required: bool = True) -> list[dict[str, Any]]:
        """Rows of the book summary that belong to an asset."""
        currency = _currency(asset)
        reply = self.call("get_book_summary_by_currency", currency=currency, kind=kind)
        rows = [
            row.model_dump()
            for row in replies.checked(replies.Summary, reply, "get_book_summary_by_currency")
        ]
        mine = [row for row in rows if _asset(row) == asset]
        foreign = [row for row in rows if not _settles_in(row, currency)]
        if foreign:
            raise VenueError(
                f"Deribit was asked for {currency} and sent {foreign[0].get('instrument_name')!r} among {number_of(len(rows), 'row')}."
            )
        if required and not mine:
            raise VenueError(
                f"Deribit lists no {kind} on {asset}; it sent {number_of(len(rows), 'row')} of {currency}."
            )
        return mine


def fetch_chain(asset: str, *, url: str = URL) -> OptionChain:
    """Whole option chain of an asset as Deribit shows it now; see `Client.chain`.

    Parameters
    ----------
    asset : str
        ``"BTC"``, ``"ETH"``, or a pair such as ``"SOL_USDC"``.
    url : str
        Address of the API.
    """
    with Client(url) as client:
        return client.chain(asset)


def _is_transient(reply: Json) -> bool:
    error = reply.get("error") if isinstance(reply, dict) else None
    return isinstance(error, dict) and error.get("code") in _TRANSIENT_CODES


def _currency(asset: str) -> str:
    """What the API files an asset under: the coin, or what a pair settles in."""
    return asset.partition("_")[2] or asset


def _asset(row: dict[str, Any]) -> str | None:
    name = parse_name(str(row.get("instrument_name")))
    return name.asset if name else None


def _settles_in(row: dict[str, Any], currency: str) -> bool:
    asset = _asset(row)
    return asset is None or _currency(asset) == currency


def _one_of(entries: Json, asset: str) -> dict[str, Any]:
    for entry in replies.checked(replies.Listed, entries, "get_instruments"):
        if _asset(entry) == asset and entry.get("kind") == "option":
            return entry
    raise VenueError(f"Deribit lists no option on {asset} among its instruments.")

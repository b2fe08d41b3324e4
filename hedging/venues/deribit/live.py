"""Deribit's public API: the chain as it is now, depth, and histories paged to their end. Needs no account.

Limits and codes as the exchange's documentation states them: a request costs 500 credits of a pool of 50,000
that refills by 10,000 a second; ``get_instruments`` costs 10,000 of a pool of 500,000 of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pandas as pd

from hedging.errors import InputError, VenueError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.units import utc
from hedging.venues._http import Credits, Json, Transport
from hedging.venues._times import epoch
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
        """Whole option chain of an asset, with its index price and futures.

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
            source=f"{self.url}/public/get_book_summary_by_currency",
        )

    def index(self, asset: str) -> float:
        """Index price of an asset now. [money]"""
        name = asset.lower() if "_" in asset else f"{asset.lower()}_usd"
        price = _field(self.call("get_index_price", index_name=name), "index_price", "get_index_price")
        if not (isinstance(price, int | float) and price > 0):
            raise VenueError(f"Deribit gave no index price of {name}: {price!r}")
        return float(price)

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
            book = self.call("get_order_book", instrument_name=symbol, depth=levels)
            if _field(book, "instrument_name", "get_order_book") != symbol:
                raise VenueError(f"Deribit sent the book of {book['instrument_name']!r}, not of {symbol!r}.")
            for side in ("bid", "ask"):
                for level, entry in enumerate(_field(book, f"{side}s", "get_order_book")):
                    rows.append((symbol, side, level, float(entry[0]), float(entry[1])))
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
            for low, high in _windows(start, end, _FUNDING_PAGE)
        ]
        rows = [row for page in pages for row in _list(page, "get_funding_rate_history")]
        columns = ["timestamp", "index_price", "interest_1h", "interest_8h"]
        return _history(pd.DataFrame(rows, columns=columns), start, end)

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
        low, until = _milliseconds(start), _milliseconds(end)
        rows: list[Any] = []
        while True:
            page = self.call(
                "get_volatility_index_data",
                currency=currency,
                resolution=resolution,
                start_timestamp=low,
                end_timestamp=until,
            )
            rows += _list(_field(page, "data", "get_volatility_index_data"), "get_volatility_index_data")
            following = page.get("continuation")
            if following is None or following < low:
                break
            if following >= until:
                raise VenueError(
                    f"Deribit's pages of DVOL do not go back in time: {until} is followed by {following}."
                )
            until = following
        return _history(pd.DataFrame(rows, columns=["timestamp", "open", "high", "low", "close"]), start, end)

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
        minutes = 1_440 if resolution == "1D" else int(resolution)
        tables = []
        for low, high in _windows(start, end, minutes * 60_000 * _BARS_A_PAGE):
            page = self.call(
                "get_tradingview_chart_data",
                instrument_name=symbol,
                start_timestamp=low,
                end_timestamp=high,
                resolution=resolution,
            )
            columns = {"timestamp": "ticks"} | {
                name: name for name in ("open", "high", "low", "close", "volume")
            }
            if _field(page, "status", "get_tradingview_chart_data") != "no_data":
                tables.append(
                    pd.DataFrame({ours: _field(page, theirs, "candles") for ours, theirs in columns.items()})
                )
        empty = pd.DataFrame(columns=["timestamp", "open", "high", "low", "close", "volume"], dtype=float)
        return _history(pd.concat(tables) if tables else empty, start, end)

    def delivery_prices(self, index_name: str = "btc_usd") -> pd.DataFrame:
        """All daily delivery prices of an index: ``date, delivery_price``, oldest first, every day once."""
        rows: list[Any] = []
        total = 1
        while len(rows) < total:
            page = self.call("get_delivery_prices", index_name=index_name, offset=len(rows), count=1000)
            total = int(_field(page, "records_total", "get_delivery_prices"))
            fresh = _list(_field(page, "data", "get_delivery_prices"), "get_delivery_prices")
            if not fresh:
                break
            rows += fresh
        # A day that is added while the pages are read moves the rest by one: the repeated row goes.
        table = pd.DataFrame(rows, columns=["date", "delivery_price"]).drop_duplicates("date")
        return table.sort_values("date").reset_index(drop=True)

    def _summary(self, asset: str, kind: str, *, required: bool = True) -> list[dict[str, Any]]:
        """Rows of the book summary that belong to an asset."""
        currency = _currency(asset)
        rows = _list(
            self.call("get_book_summary_by_currency", currency=currency, kind=kind),
            "get_book_summary_by_currency",
        )
        mine = [row for row in rows if isinstance(row, dict) and _asset(row) == asset]
        foreign = [row for row in rows if isinstance(row, dict) and not _settles_in(row, currency)]
        if foreign:
            raise VenueError(
                f"Deribit was asked for {currency} and sent {foreign[0].get('instrument_name')!r} among {len(rows)} rows."
            )
        if required and not mine:
            raise VenueError(f"Deribit lists no {kind} on {asset}; it sent {len(rows)} rows of {currency}.")
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
    for entry in _list(entries, "get_instruments"):
        if isinstance(entry, dict) and _asset(entry) == asset and entry.get("kind") == "option":
            return entry
    raise VenueError(f"Deribit lists no option on {asset} among its instruments.")


def _field(reply: Json, name: str, method: str) -> Any:
    if not isinstance(reply, dict) or name not in reply:
        raise VenueError(f"Deribit's reply to {method} has no {name!r}: {str(reply)[:200]}")
    return reply[name]


def _list(reply: Json, method: str) -> list[Any]:
    if not isinstance(reply, list):
        raise VenueError(f"Deribit's reply to {method} is no list: {str(reply)[:200]}")
    return reply


def _milliseconds(value: str | pd.Timestamp) -> int:
    return utc(value).value // 1_000_000


def _windows(start: str | pd.Timestamp, end: str | pd.Timestamp, width: int) -> Iterator[tuple[int, int]]:
    """Windows of time that cover ``[start, end]`` and share their ends, so that no bar falls between two."""
    low, last = _milliseconds(start), _milliseconds(end)
    if low > last:
        raise InputError(f"start must not lie after end; got {start} and {end}.")
    while True:
        high = min(low + width, last)
        yield low, high
        if high >= last:
            return
        low = high


def _history(rows: pd.DataFrame, start: str | pd.Timestamp, end: str | pd.Timestamp) -> pd.DataFrame:
    """Order rows by time, each once, within ``[start, end]``."""
    times = epoch(rows["timestamp"], "ms", "Deribit")
    table = rows.assign(timestamp=times).rename(columns={"timestamp": "time"})
    inside = table["time"].between(utc(start), utc(end))
    return table[inside].drop_duplicates("time").sort_values("time").reset_index(drop=True)

"""The chain an exchange shows now: Deribit's by its own client, others by what ccxt knows of them.

ccxt says where an exchange's replies are and how they are asked for; they are got as Deribit's are, with a deadline, and
with tries of what is worth trying again. Of Bybit, OKX and Binance the replies themselves are read, by the readers of
saved ones: units and terms are theirs. Of any other exchange whose options ccxt has, its unified chain is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

import pandas as pd

from hedging._extras import require
from hedging._ground import clock
from hedging._ground.forms import meant
from hedging.errors import ChainError, HedgingError, InputError, VenueError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.venues import binance, bybit, okx
from hedging.venues._formats import Format, Pick
from hedging.venues._http import Json, Transport
from hedging.venues._opening import QuoteFile
from hedging.venues.ccxt import read_option_chain
from hedging.venues.deribit.live import URL, Client

__all__ = ["fetch_chain"]


def _of_bybit(exchange: Any, asset: str) -> Json:
    coin = asset.partition("_")[0]
    return exchange.publicGetV5MarketTickers({"category": "option", "baseCoin": coin})


def _of_okx(exchange: Any, asset: str) -> Json:
    pair = asset if "-" in asset else f"{asset}-USD"
    return {
        "tickers": exchange.publicGetMarketTickers({"instType": "OPTION", "uly": pair})["data"],
        "summary": exchange.publicGetPublicOptSummary({"uly": pair})["data"],
    }


def _of_binance(exchange: Any, asset: str) -> Json:
    del asset  # a reply is of all coins
    return {"tickers": exchange.eapiPublicGetTicker(), "marks": exchange.eapiPublicGetMark()}


_READ: Final[dict[str, tuple[Callable[[Any, str], Json], Format]]] = {
    "bybit": (_of_bybit, bybit.TICKERS),
    "okx": (_of_okx, okx.REPLIES),
    "binance": (_of_binance, binance.ROWS),
}


def fetch_chain(
    venue: str,
    asset: str,
    *,
    url: str | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    transport: Transport | None = None,
) -> OptionChain:
    """Whole option chain of an asset as an exchange shows it now.

    Parameters
    ----------
    venue : str
        ``"deribit"``; or, with the extra ``ccxt``, one of its exchanges that has options: ``"bybit"``, ``"okx"``,
        ``"binance"``, ``"gate"`` ...
    asset : str
        ``"BTC"``; on Deribit also a pair such as ``"SOL_USDC"``, on Bybit ``"BTC_USDT"`` where it settles in several.
    url : str, optional
        Another address than the exchange's own, such as that of its test exchange.
    terms : ContractTerms or mapping, optional
        In place of the venue's, or completing what is not known of them here.
    transport : Transport, optional
        Time-outs and retries; its deadline is one for all requests together.

    Raises
    ------
    InputError
        If the venue is none that has options.
    VenueError
        If it refuses, or does not answer in the tries there are.
    ChainError
        If what it answers is no chain of that asset.
    MissingExtraError
        If ccxt is not installed, and the venue is another than Deribit.
    """
    carrier = transport or Transport()
    if venue == "deribit":
        with Client(url or URL, transport=carrier) as client:
            chain = client.chain(asset, terms=terms if isinstance(terms, ContractTerms) else None)
        return chain.with_terms(**terms) if isinstance(terms, Mapping) else chain
    exchange = _exchange(venue, url, carrier)
    asked = _READ.get(venue)
    try:
        with _in_our_words(venue), clock.until(clock.now() + carrier.deadline):  # of all requests together
            reply = asked[0](exchange, asset) if asked else exchange.fetch_option_chain(asset)
    finally:
        carrier.close()
    source = f"{venue} by ccxt"
    now = pd.Timestamp.now("UTC")
    if not asked:
        return _unified(reply, asset, now, terms, source)
    return _read(asked[1], QuoteFile(source, "", reply), Pick(None, asset, terms=terms), now)


def _read(reader: Format, file: QuoteFile, pick: Pick, now: pd.Timestamp) -> OptionChain:
    if not reader.matches(file):
        raise ChainError(f"{file.name}: the reply holds no options of {pick.asset}: {_short(file.content)}")
    with suppress(ChainError):
        return reader.read(file, pick)
    return reader.read(file, replace(pick, at=now))  # of replies that do not say their time


def _unified(
    reply: Any, asset: str, now: pd.Timestamp, terms: ContractTerms | Mapping[str, Any] | None, source: str
) -> OptionChain:
    if not isinstance(reply, dict) or not reply:
        raise ChainError(f"{source}: the reply holds no options of {asset}: {_short(reply)}")
    timed = any(option.get("timestamp") for option in reply.values())
    return read_option_chain(reply, asset=asset, as_of=None if timed else now, terms=terms, source=source)


@cache
def _having(ccxt: Any) -> list[str]:
    """Exchanges of ccxt that have options; each has to be made, which takes a second for all of them."""
    return [name for name in ccxt.exchanges if name in _READ or getattr(ccxt, name)().has["fetchOptionChain"]]


def _exchange(venue: str, url: str | None, carrier: Transport) -> Any:
    """Ccxt's exchange, whose requests go through our own transport."""
    ccxt = require("ccxt", "ccxt")
    kind = getattr(ccxt, venue, None) if venue in ccxt.exchanges else None
    exchange = None if kind is None else kind({"enableRateLimit": True})
    if exchange is None or not (venue in _READ or exchange.has.get("fetchOptionChain")):
        have = _having(ccxt)
        raise InputError(
            f"venue must be one that has options, deribit or by ccxt {', '.join(have)}; got {venue!r}"
            f"{meant(venue, ['deribit', *have]) or '.'}"
        )
    if url is not None:
        exchange.urls["api"] = _addressed(exchange.urls["api"], url.rstrip("/"))

    def told(reply: Json, address: str) -> None:
        exchange.handle_errors(200, "", address, "GET", {}, json.dumps(reply), reply, {}, None)

    def fetch(address: str, method: str = "GET", headers: Any = None, body: Any = None) -> Json:
        del method, body  # nothing is asked for but what is public

        def transient(reply: Json) -> bool:
            try:
                told(reply, address)
            except ccxt.NetworkError:
                return True
            except ccxt.BaseError:
                return False
            return False

        reply = carrier.get(address, {}, transient=transient, headers=headers)
        told(reply, address)
        return reply

    exchange.fetch = fetch
    return exchange


def _addressed(api: Any, url: str) -> Any:
    """The same paths at another address."""
    if isinstance(api, Mapping):
        return {name: _addressed(each, url) for name, each in api.items()}
    return url + urlsplit(api).path


@contextmanager
def _in_our_words(venue: str) -> Iterator[None]:
    """What ccxt raises told as our own."""
    ccxt = require("ccxt", "ccxt")
    try:
        yield
    except ccxt.BaseError as error:
        raise VenueError(f"{venue} refused: {str(error) or type(error).__name__:.300}") from error
    except HedgingError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError) as error:
        raise VenueError(f"{venue} answered something that is no reply of its own: {error!r:.200}") from error


def _short(reply: Any) -> str:
    return repr(reply)[:120]

"""Frames of ``yfinance.Ticker(...).option_chain(...)``, as they are or put together and saved.

Names are of the OSI form and say expiry, strike and side; ``underlyingPrice`` is spot where someone added it.
Yahoo's ``impliedVolatility`` is not used: after hours it is absurd. No column says when the quotes were taken: while
contracts trade it is within seconds of the last trade of any of them, which is taken where several traded shortly
before it; else the time must be given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import pandas as pd

from hedging._ground.reading import foreign
from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms
from hedging.venues._formats import PRICING, Pick, given_time, known_by_columns, of_another_time
from hedging.venues._opening import QuoteFile
from hedging.venues._times import moments
from hedging.venues._us import ZONE, Seen, at_or_session_end, named, only_asset, us_chain

__all__ = ["FRAMES", "read_option_chain"]

_ACTIVE: Final = 5  # contracts that traded in the last quarter of an hour: a session was on
_LATELY: Final = pd.Timedelta(minutes=15)


def read_option_chain(
    frames: Any,
    *,
    asset: str | None = None,
    as_of: str | pd.Timestamp | None = None,
    spot: float | None = None,
    rate: float | None = None,
    terms: ContractTerms | None = None,
    source: str = "yfinance",
) -> OptionChain:
    """Build a chain from what ``Ticker.option_chain`` returns.

    Parameters
    ----------
    frames : DataFrame, or what ``option_chain`` returns, or several of these
        ``Options(calls, puts, underlying)`` of one expiry or of many; a frame of calls, of puts, or of both.
    asset : str, optional
        Which underlying, where there are several.
    as_of : str or Timestamp, optional
        Time of the quotes, where too few contracts traded lately to tell.
    spot, rate, terms : optional
        As in `hedging.read_chain`. Spot is that of ``underlying`` if it is there.
    source : str
        Name for messages and records.

    Raises
    ------
    ChainError
        If a frame is none of yfinance's, or no time can be told.
    """
    with foreign(source, ChainError, ours=False):
        found = list(_frames(frames))
        if not found:
            raise ChainError(f"{source}: no frame of calls or puts among {type(frames).__name__}.")
        table = pd.concat(found, ignore_index=True)
        if missing := sorted({*_COLUMNS} - {*table.columns}):
            raise ChainError(f"{source}: columns {missing} are missing.")
        price = _price(frames) if spot is None else spot
        if price is not None:
            table = table.assign(underlyingPrice=price)
        return _read(QuoteFile(source, "", table), Pick(as_of, asset, terms=terms, spot=spot, rate=rate))


def _frames(frames: Any) -> Iterable[pd.DataFrame]:
    """All frames in a nest of tuples and lists."""
    if isinstance(frames, pd.DataFrame):
        yield frames
    elif isinstance(frames, tuple | list):
        for each in frames:
            yield from _frames(each)


def _price(frames: Any) -> float | None:
    """The price of the underlying beside a pair, None where there is none."""
    underlying = getattr(frames, "underlying", None)
    if isinstance(underlying, dict):
        return underlying.get("regularMarketPrice")
    if isinstance(frames, tuple | list) and not hasattr(frames, "calls"):
        return next((price for price in map(_price, frames) if price is not None), None)
    return None


def _read(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = named(file.content.rename(columns={"contractSymbol": "symbol", "openInterest": "open_interest"}))
    asset = only_asset(rows["asset"].dropna().unique().tolist(), pick, file.name)
    mine = rows[(rows["asset"] == asset) | rows["asset"].isna()]
    when, closed, notes = at_or_session_end(pick, _last_trade(mine, pick, file.name), file.name)
    return us_chain(mine, file, pick, Seen(asset, when, _spot(mine), closed=closed, notes=notes))


def _last_trade(rows: pd.DataFrame, pick: Pick, name: str) -> pd.Timestamp:
    """Time of the last trade, where it tells when the quotes were taken."""
    trades = moments(rows["lastTradeDate"].dropna(), name, pick.timezone or ZONE)
    last: pd.Timestamp = trades.max()
    if int((trades > last - _LATELY).sum()) < _ACTIVE:
        if pick.at is not None and not pick.of_day:  # hours or days after the last trade, but not before it
            asked = given_time(pick, name)
            if asked < last.floor("s"):
                raise of_another_time(name, last, pick, same_day=True)
            return asked
        raise ChainError(
            f"{name} does not say when its quotes were taken, and too few contracts traded shortly before the last "
            f"trade, {last:%Y-%m-%d %H:%M} UTC, for it to tell: pass at= (--at), as 2026-02-11T17:30Z."
        )
    return last


def _spot(rows: pd.DataFrame) -> float | None:
    if "underlyingPrice" not in rows.columns:
        return None
    return _as_quoted(float(pd.to_numeric(rows["underlyingPrice"], errors="coerce").median()))


def _as_quoted(price: float) -> float:
    """The price that was quoted, where Yahoo gives it as a float of 32 bits, as 279.510009765625.

    Examples
    --------
    >>> _as_quoted(279.510009765625), _as_quoted(279.513)
    (279.51, 279.513)
    """
    short = np.float32(price)
    return float(str(short)) if float(short) == price else price


_COLUMNS: Final = ("contractSymbol", "lastTradeDate", "bid", "ask")
_ALSO: Final = ("openInterest", "underlyingPrice")
FRAMES: Final = known_by_columns("yfinance", _COLUMNS, _read, heeds=PRICING, also=_ALSO)

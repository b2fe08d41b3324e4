"""Bybit's linear options, settled in USDT or USDC: ``BTC-26SEP25-300000-C-USDT``, ``BTC-26SEP25-300000-C``.

Vols are decimals here, unlike Deribit's. A price of 0 means none. Recorded tables without an underlying price
get their forwards from put-call parity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import pandas as pd

from hedging.errors import ChainError, InputError
from hedging.market.chain import OptionChain
from hedging.market.contracts import ContractTerms, FeeRule
from hedging.venues._bybit_orders import orders
from hedging.venues._formats import (
    Format,
    Pick,
    columns_there,
    given_time,
    known_by_columns,
    own_time,
    pick_asset,
    pick_snapshot,
)
from hedging.venues._opening import QuoteFile
from hedging.venues._terms import agreed, fields_of
from hedging.venues._times import epoch, held, moments
from hedging.venues.deribit.names import named

__all__ = ["TABLE", "TICKERS", "agreed_terms", "option_terms", "orders"]


class _Product(NamedTuple):
    lot: float  # contracts
    ticks: tuple[tuple[float, float], ...]


# Lots: help pages. Ticks: BTC and SOL as every price of the recorded chain of 2 July 2025 has them; that of
# ETH is the same share of its price as BTC's, rounded, and no recorded price confirms it.
_PRODUCTS: Final = {
    "BTC": _Product(0.01, ((0.0, 5.0),)),
    "ETH": _Product(0.1, ((0.0, 0.1),)),
    "SOL": _Product(1.0, ((0.0, 0.01),)),
}
_TIME_COLUMNS: Final = ("time", "timestamp", "download_date")
# 0.03 % of the index, at most 12.5 % of the premium; the cap is 7 % in the schedules of 2025.
_FEE: Final = {"2020-01-01": FeeRule(0.0003, 0.125), "2025-01-01": FeeRule(0.0003, 0.07)}


def option_terms(asset: str, as_of: str | pd.Timestamp, currency: str = "USDT") -> ContractTerms:
    """Terms of Bybit's options on `asset` that held at `as_of`.

    Parameters
    ----------
    asset : str
        ``"BTC"``, ``"ETH"`` or ``"SOL"``.
    as_of : str or Timestamp
        When; with a time zone.
    currency : {'USDT', 'USDC'}
        What they settle in.

    Raises
    ------
    InputError
        If the terms for that asset are not known here.

    Examples
    --------
    >>> option_terms("BTC", "2025-07-02T00:00Z").fee
    FeeRule(rate=0.0003, cap=0.07)
    """
    product = _PRODUCTS.get(asset)
    if product is None:
        raise InputError(
            f"no terms are known for Bybit options on {asset!r}; known are {', '.join(_PRODUCTS)}."
        )
    return ContractTerms(
        settlement="cash",
        currency=currency,
        lot=product.lot,
        ticks=product.ticks,
        fee=held(_FEE, as_of),
        venue="bybit",
    )


def agreed_terms(
    asset: str,
    as_of: str | pd.Timestamp,
    currency: str = "USDT",
    given: ContractTerms | Mapping[str, Any] | None = None,
) -> ContractTerms:
    """Terms of Bybit's options with those given in their place, or completing what is not known here.

    Raises
    ------
    ChainError
        If the coin is not known here and its lot or ticks are not given.
    """
    if isinstance(given, ContractTerms):
        return given
    if asset in _PRODUCTS:
        return agreed(given, fields_of(option_terms(asset, as_of, currency)))
    known = {"settlement": "cash", "currency": currency, "fee": held(_FEE, as_of), "venue": "bybit"}
    who = f"Bybit options on {asset!r}; known are {', '.join(_PRODUCTS)}"
    return agreed(given, known, missing=("lot", "ticks"), who=who)


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Add what the names say: Deribit's shape, with the currency behind where it is USDT."""
    parts = rows["symbol"].astype(str).str.extract(r"^(?P<plain>.*-[CP])(?:-(?P<currency>USDT|USDC))?$")
    read = named(rows.assign(plain=parts["plain"]), "plain")
    return read.assign(currency=parts["currency"].fillna("USDC"))


def _chain(
    rows: pd.DataFrame, pick: Pick, file: QuoteFile, as_of: pd.Timestamp, columns: dict[str, str]
) -> OptionChain:
    asked, _, currency = (pick.asset or "").partition("_")
    asset = pick_asset(rows["asset"], replace(pick, asset=asked or None), file.name)
    of_asset = rows["asset"] == asset
    wanted = of_asset & (rows["currency"] == currency) if currency else of_asset
    mine = rows[wanted | rows["asset"].isna()]
    currencies = mine.loc[mine["asset"].notna(), "currency"].unique()
    if len(currencies) != 1:
        several = " and ".join(f"asset='{asset}_{each}'" for each in currencies)
        raise ChainError(
            f"{file.name} holds options on {asset} settled in {', '.join(currencies) or currency}; choose between "
            f"{several} (--asset)."
        )
    return OptionChain.from_frame(
        mine,
        asset=asset,
        as_of=as_of,
        units={"price": "money", "vol": "decimal"},
        columns=columns,
        terms=agreed_terms(asset, as_of, currencies[0], pick.terms),
        reject=mine["contradiction"],
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def _minutes(file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of one asset's rows. A download takes some seconds; its rows make one chain, at the last of its times."""
    rows = _named(file.content)
    minutes = moments(rows["download_date"], file.name, pick.timezone).dt.floor("min")
    mine: pd.Series = minutes[rows["asset"] == pick_asset(rows["asset"], pick, file.name)]
    return mine


def _read_table(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _named(file.content)
    when = pick_snapshot(_minutes(file, pick), pick, file.name)
    minutes = moments(rows["download_date"], file.name, pick.timezone).dt.floor("min")
    last = moments(rows["download_date"], file.name, pick.timezone)[minutes == when].max()
    return _chain(rows[minutes == when], pick, file, last, {"mark_vol": "iv"})


def _entries(content: Any) -> list[dict[str, Any]]:
    if not isinstance(content, dict) or not isinstance(content.get("result"), dict):
        return []
    entries = content["result"].get("list")
    whole = isinstance(entries, list) and bool(entries) and all(isinstance(entry, dict) for entry in entries)
    return entries if whole else []


def _ticker_rows(file: QuoteFile) -> pd.DataFrame:
    """Rows of a reply, or of the table that was saved of one."""
    if isinstance(file.content, pd.DataFrame):
        return file.content
    entries = _entries(file.content) or (file.content if isinstance(file.content, list) else [])
    return pd.DataFrame(entries if all(isinstance(entry, dict) for entry in entries) else [])


def _ticker_time(rows: pd.DataFrame, file: QuoteFile, pick: Pick) -> pd.Timestamp:
    """Time of the reply; of a saved table that of its own column, or the one asked for."""
    if isinstance(file.content, dict) and "time" in file.content:
        sent: pd.Timestamp = epoch(pd.Series([file.content["time"]], name="time"), "ms", file.name).iloc[0]
        return sent
    column = next((name for name in _TIME_COLUMNS if name in rows.columns), None)
    if column is None:
        return given_time(pick, file.name)
    latest: pd.Timestamp = moments(rows[column], file.name, pick.timezone).max()
    return own_time(pick, latest, file.name)


def _read_tickers(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _named(_ticker_rows(file))
    when = _ticker_time(rows, file, pick)
    theirs = {
        "bid": "bid1Price",
        "ask": "ask1Price",
        "bid_size": "bid1Size",
        "ask_size": "ask1Size",
        "mark": "markPrice",
        "mark_vol": "markIv",
        "forward": "underlyingPrice",
        "index": "indexPrice",
        "open_interest": "openInterest",
        "volume": "volume24h",
    }
    columns = columns_there(theirs, rows, file.name)
    return _chain(rows, pick, file, when, columns)


TABLE: Final = known_by_columns(
    "bybit-table",
    ("symbol", "bid", "ask", "iv", "download_date"),
    _read_table,
    _minutes,
)
TICKERS: Final = Format(
    "bybit-tickers",
    lambda file: {"symbol", "bid1Price"} <= set(_ticker_rows(file).columns),
    _read_tickers,
)

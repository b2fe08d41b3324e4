"""Recorded Deribit quotes in the shapes people keep them: API replies and research tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import OptionChain
from hedging.market.snapshots import Snapshots
from hedging.venues._formats import Format, Pick, known_by_columns, pick_asset, pick_snapshot
from hedging.venues._opening import QuoteFile
from hedging.venues._times import moments, reply_times, stamps
from hedging.venues.deribit.names import named
from hedging.venues.deribit.rows import API_COLUMNS, SUMMARY_COLUMNS, chain_from_rows, snapshots_from_rows

__all__ = ["DAILY", "FULL", "QUOTES", "SNAPSHOT", "SUMMARY", "TICKER", "TICKER_TABLE"]

Row = Mapping[str, Any]

TICKER_COLUMNS: Final = API_COLUMNS | {
    "bid": "best_bid_price",
    "ask": "best_ask_price",
    "bid_size": "best_bid_amount",
    "ask_size": "best_ask_amount",
}
"""Our columns and what replies of ticker and get_order_book call them."""


def _option_asset(rows: pd.DataFrame, pick: Pick, file: QuoteFile) -> str:
    return pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name)


def _rows(content: Any) -> list[Row]:
    """Return the rows of a reply, with or without its JSON-RPC envelope; [] if there are none.

    A reply that is one row, and a collection of replies by name, count as rows too.
    """
    if isinstance(content, dict) and "instrument_name" not in content:
        content = content.get("result", list(content.values()))
    if isinstance(content, dict):
        by_column = isinstance(content.get("instrument_name"), dict | list)
        content = [] if by_column else [content]
    if not isinstance(content, list):
        return []
    # A collection of whole replies, each in its envelope.
    unwrapped = [row.get("result", row) if isinstance(row, dict) else row for row in content]
    return unwrapped if unwrapped and all(isinstance(row, dict) for row in unwrapped) else []


def _keys(file: QuoteFile) -> set[str]:
    """Return the keys of the first row of a reply."""
    rows = _rows(file.content) if not isinstance(file.content, pd.DataFrame) else []
    return set(rows[0]) if rows else set()


def _summary(file: QuoteFile) -> pd.DataFrame:
    """Rows of a book summary, as the API gives it or as it is saved from a DataFrame."""
    content = file.content
    return named(content if isinstance(content, pd.DataFrame) else pd.DataFrame(_rows(content)))


def _summary_times(file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of one asset's rows.

    A reply is of one moment, whose rows may be some milliseconds apart; where names repeat, several were put together.
    """
    rows = _summary(file)
    rows = rows[(rows["asset"] == _option_asset(rows, pick, file)) | rows["asset"].isna()]
    times = reply_times(rows["creation_timestamp"], file.name, pick.timezone)
    if rows["instrument_name"].duplicated().any():
        minutes: pd.Series = times.dt.floor("min")
        return minutes
    return pd.Series(times.max(), index=rows.index)


def _read_summary(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = _summary(file)
    asset = _option_asset(rows, pick, file)
    moments = _summary_times(file, pick)
    if moments.nunique() > 1:
        rows = rows.loc[moments.index[moments == pick_snapshot(moments, pick, file.name)]]
    return chain_from_rows(
        rows,
        asset=asset,
        as_of=reply_times(rows["creation_timestamp"], file.name, pick.timezone).max(),
        columns=SUMMARY_COLUMNS,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


def _read_ticker(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = pd.DataFrame(_rows(file.content))
    if "stats" in rows.columns:
        stats = [entry if isinstance(entry, dict) else {} for entry in rows["stats"]]
        rows["volume"] = [entry.get("volume") for entry in stats]
    return _from_tickers(rows, file, pick)


def _read_ticker_table(file: QuoteFile, pick: Pick) -> OptionChain:
    return _from_tickers(file.content.rename(columns={"stats.volume": "volume"}), file, pick)


def _from_tickers(rows: pd.DataFrame, file: QuoteFile, pick: Pick) -> OptionChain:
    """Build a chain of tickers, which are polled one after the other: the latest time is the chain's."""
    rows = named(rows).assign(timestamp=reply_times(rows["timestamp"], file.name, pick.timezone))
    asset = _option_asset(rows, pick, file)
    # Where a contract was polled twice the later quote stays.
    rows = rows.sort_values("timestamp", ascending=False, kind="stable")
    return chain_from_rows(
        rows,
        asset=asset,
        as_of=rows.loc[rows["asset"] == asset, "timestamp"].max(),
        columns=TICKER_COLUMNS,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


def _snapshot_times(rows: pd.DataFrame, file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of the snapshots that rows are of: their own, or the ends of the steps they lie in."""
    times = moments(rows["timestamp"], file.name, pick.timezone)
    return times if pick.step is None else times.dt.ceil(pick.step)


def _asset_times(file: QuoteFile, pick: Pick) -> pd.Series:
    """Times of the rows of one asset, and of those whose name says nothing, which its chain rejects."""
    rows = named(file.content)
    times = _snapshot_times(rows, file, pick)
    return times[(rows["asset"] == _option_asset(rows, pick, file)) | rows["asset"].isna()]


def _read_full(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = named(file.content)
    when = pick_snapshot(_asset_times(file, pick), pick, file.name)
    return chain_from_rows(
        rows[moments(rows["timestamp"], file.name, pick.timezone) == when],
        asset=_option_asset(rows, pick, file),
        as_of=when,
        columns=API_COLUMNS | {"forward": "underlying", "mark_vol": "implied_volatility"},
        vol="decimal",  # unlike Deribit's own per cent
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


def _of_currency(file: QuoteFile, pick: Pick) -> pd.DataFrame:
    """Rows of one currency, and of none: what those are, their names say."""
    rows: pd.DataFrame = file.content
    if "currency" not in rows.columns or rows["currency"].isna().all():
        return rows
    currency = rows["currency"]
    return rows[(currency == pick_asset(currency, pick, file.name)) | currency.isna()]


def _read_daily(file: QuoteFile, pick: Pick) -> OptionChain:
    mine = _of_currency(file, pick)
    times = moments(mine["timestamp"], file.name, pick.timezone)
    when = pick_snapshot(times, pick, file.name)
    # Names are read of one snapshot only: files of years hold hundreds.
    rows = named(mine[times == when])
    return chain_from_rows(
        rows,
        asset=_option_asset(rows, pick, file),
        as_of=when,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


def _read_all_daily(file: QuoteFile, pick: Pick, times: pd.DatetimeIndex) -> Snapshots:
    """Read all snapshots in one pass; those that no time of the file's own belongs to are left out."""
    mine = _of_currency(file, pick)
    number = times.get_indexer(pd.DatetimeIndex(_snapshot_times(mine, file, pick)))
    rows = named(mine.assign(snapshot=number)[number >= 0])
    if pick.step is not None:
        order = moments(rows["timestamp"], file.name, pick.timezone).argsort(kind="stable")
        rows = rows.iloc[order].drop_duplicates(["snapshot", "instrument_name"], keep="last")
    return snapshots_from_rows(
        rows,
        times,
        asset=_option_asset(rows, pick, file),
        rules=pick.rules,
        terms=pick.terms,
        source=file.name,
        sha256=file.sha256,
    )


def _passes(file: QuoteFile, pick: Pick) -> pd.Series:
    return moments(file.content["timestamp"], file.name, pick.timezone)


def _read_quotes(file: QuoteFile, pick: Pick) -> OptionChain:
    """Read passes over the quotes of some minutes; `timestamp` names the pass, each row has its own time."""
    rows = named(file.content)
    asset = _option_asset(rows, pick, file)
    passes = _passes(file, pick)
    mine = rows[passes == pick_snapshot(passes, pick, file.name)]
    columns = {"bid": "bid_btc", "ask": "ask_btc", "mark": "mark_btc", "forward": "underlying"}
    return chain_from_rows(
        mine,
        asset=asset,
        as_of=moments(mine["quote_timestamp"], file.name, pick.timezone).max(),
        columns=API_COLUMNS | columns | {"bid_size": "bid_size", "ask_size": "ask_size"},
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


def _read_snapshot(file: QuoteFile, pick: Pick) -> OptionChain:
    """Read quotes and forwards that are kept as separate lists of one object."""
    content = file.content
    try:
        rows = named(pd.DataFrame(content["option_quotes"]))
        forwards = pd.DataFrame(content["forwards"])
        expiries = stamps(forwards["expiry"], file.name, pick.timezone)
        for theirs in ("forward_price", "index_price"):
            rows[theirs] = rows["expiry"].map(dict(zip(expiries, forwards[theirs], strict=True)))
        when = stamps(pd.Series([content["snapshot_time"]]), file.name, pick.timezone).iloc[0]
        if content.get("funding_rates"):
            perpetuals = named(pd.DataFrame(content["funding_rates"]))
            perpetuals["funding_8h"] = pd.to_numeric(perpetuals["funding_rate_8h"])
            rows = pd.concat([rows, perpetuals], ignore_index=True)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChainError(
            f"{file.name}: a part of the snapshot is missing or misshapen: {error!r}."
        ) from error
    columns = {
        "bid": "best_bid",
        "ask": "best_ask",
        "mark_vol": "deribit_mark_iv",
        "forward": "forward_price",
    }
    return chain_from_rows(
        rows,
        asset=_option_asset(rows, pick, file),
        as_of=when,
        columns=API_COLUMNS | columns,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
        terms=pick.terms,
    )


_SUMMARY_KEYS: Final = ("instrument_name", "creation_timestamp", "bid_price")
SUMMARY: Final = Format(
    "deribit-summary",
    lambda file: {*_SUMMARY_KEYS} <= _keys(file) | file.columns,
    _read_summary,
    _summary_times,
    columns=_SUMMARY_KEYS,
)
TICKER: Final = Format(
    "deribit-ticker",
    lambda file: {"instrument_name", "timestamp", "best_bid_price"} <= _keys(file),
    _read_ticker,
)
SNAPSHOT: Final = Format(
    "deribit-snapshot",
    lambda file: isinstance(file.content, dict) and {"option_quotes", "forwards"} <= set(file.content),
    _read_snapshot,
)
TICKER_TABLE: Final = known_by_columns(
    "deribit-ticker-table",
    ("instrument_name", "timestamp", "best_bid_price", "mark_iv"),
    _read_ticker_table,
)
QUOTES: Final = known_by_columns(
    "deribit-quotes",
    ("instrument_name", "timestamp", "quote_timestamp", "bid_btc"),
    _read_quotes,
    _asset_times,
)
FULL: Final = known_by_columns(
    "deribit-full",
    ("instrument_name", "underlying", "implied_volatility", "timestamp"),
    _read_full,
    _asset_times,
)
DAILY: Final = known_by_columns(
    "deribit-daily",
    ("instrument_name", "underlying_price", "mark_iv", "timestamp", "expiry"),
    _read_daily,
    _asset_times,
    read_all=_read_all_daily,
    steps=True,
)

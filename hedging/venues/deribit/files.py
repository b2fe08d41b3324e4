"""Recorded Deribit quotes in the shapes people keep them: API replies and research tables."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from hedging.chain import OptionChain
from hedging.errors import ChainError
from hedging.venues._files import Format, Pick, QuoteFile, pick_asset, pick_snapshot
from hedging.venues.deribit.names import named
from hedging.venues.deribit.rows import API_COLUMNS, chain_from_rows

__all__ = ["DAILY", "FULL", "SUMMARY"]


def _result(file: QuoteFile) -> list[dict[str, Any]]:
    """Return the rows of an API reply, with or without its JSON-RPC envelope; [] if it has none."""
    content = file.content
    if isinstance(content, dict):
        content = content.get("result")
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return content
    return []


def _is_summary(file: QuoteFile) -> bool:
    rows = _result(file)
    return bool(rows) and {"instrument_name", "creation_timestamp", "bid_price"} <= set(rows[0])


def _read_summary(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = named(pd.DataFrame(_result(file)))
    asset = pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name)
    stamps = pd.to_numeric(rows["creation_timestamp"], errors="coerce")
    return chain_from_rows(
        rows,
        asset=asset,
        as_of=_milliseconds(stamps.max(), file.name),
        # In a book summary the estimated delivery price is the index price.
        columns=API_COLUMNS | {"index": "estimated_delivery_price"},
        source=file.name,
        sha256=file.sha256,
    )


def _milliseconds(value: float, name: str) -> pd.Timestamp:
    if not 1e12 < value < 4e12:
        raise ChainError(f"{name}: a time must be in milliseconds since 1970, 2001 to 2096; got {value!r}.")
    return pd.Timestamp(int(value), unit="ms", tz="UTC")


def _times(rows: pd.DataFrame, file: QuoteFile) -> pd.Series:
    """Return the `timestamp` column as UTC times."""
    times: pd.Series = rows["timestamp"]
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        times = pd.to_datetime(times, errors="coerce", format="ISO8601")
        if not isinstance(times.dtype, pd.DatetimeTZDtype):
            raise ChainError(
                f"{file.name}: column timestamp must carry a time zone, as in 2026-02-06T04:30:12Z."
            )
    utc_times: pd.Series = times.dt.tz_convert("UTC")
    return utc_times


_FULL_COLUMNS: Final = API_COLUMNS | {"forward": "underlying", "mark_vol": "implied_volatility"}


def _read_full(file: QuoteFile, pick: Pick) -> OptionChain:
    rows = named(file.content)
    asset = pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name)
    when = pick_snapshot(_times(rows[rows["asset"] == asset], file), pick, file.name)
    return chain_from_rows(
        rows,
        asset=asset,
        as_of=when,
        columns=_FULL_COLUMNS,
        vol="decimal",  # unlike Deribit's own per cent
        source=file.name,
        sha256=file.sha256,
    )


def _read_daily(file: QuoteFile, pick: Pick) -> OptionChain:
    rows: pd.DataFrame = file.content
    if "currency" in rows.columns:
        rows = rows[rows["currency"] == pick_asset(rows["currency"], pick, file.name)]
    times = _times(rows, file)
    when = pick_snapshot(times, pick, file.name)
    rows = named(rows[times == when])
    return chain_from_rows(
        rows,
        asset=pick_asset(rows.loc[rows["flag"] != "", "asset"], pick, file.name),
        as_of=when,
        source=file.name,
        sha256=file.sha256,
    )


SUMMARY: Final = Format("deribit-summary", _is_summary, _read_summary)
FULL: Final = Format(
    "deribit-full",
    lambda file: {"instrument_name", "underlying", "implied_volatility", "timestamp"} <= file.columns,
    _read_full,
)
DAILY: Final = Format(
    "deribit-daily",
    lambda file: {"instrument_name", "underlying_price", "mark_iv", "timestamp", "expiry"} <= file.columns,
    _read_daily,
)

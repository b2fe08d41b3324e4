"""Files of funding rates: one row a time, as exchanges and their collectors publish them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from hedging.errors import InputError
from hedging.venues._opening import open_file, refuse_another

__all__ = ["read_funding"]

TIMES = ("time", "timestamp", "date", "datetime", "fundingtime")
RATES = ("interest_8h", "funding_8h", "funding_rate", "fundingrate", "rate")
"""Columns of a rate per 8 hours, the surest name first."""
ASSETS = ("asset", "ticker", "coin", "symbol", "pair", "instrument_name")
WHICH = ("exchange", "venue", "contract", "pair")
"""Columns that tell one perpetual from another on the same coin."""


def read_funding(path: str | Path, *, asset: str | None = None) -> pd.Series:
    """Read a history of funding rates per 8 hours from a file.

    Parameters
    ----------
    path : str or Path
        CSV (may be packed), Parquet, or the rows of Deribit's ``get_funding_rate_history`` as JSON.
    asset : str, optional
        Which coin, in a file of several.

    Returns
    -------
    Series
        Share of spot that longs pay per 8 hours, by time in UTC.

    Raises
    ------
    InputError
        If the file has no such columns, a time or rate that is none, or rates of several perpetuals.

    Examples
    --------
    >>> read_funding("binance_funding_8h.csv.gz", asset="BTC")  # doctest: +SKIP
    """
    file = open_file(Path(path))
    refuse_another(file, "funding rates are a table with columns of times and rates", "funding")
    table = _table(file.content, file.name)
    theirs = {str(name).lower(): name for name in table.columns}
    time, rate = (
        _column(theirs, names, what, file.name) for names, what in ((TIMES, "time"), (RATES, "rate"))
    )
    table = _of_asset(table, theirs, asset, file.name)
    index = pd.DatetimeIndex(_times(table[time], file.name))
    rates = pd.to_numeric(table[rate], errors="coerce")
    given = table[rate].notna()  # spot rows beside a perpetual's have none
    if rates[given].isna().any():
        bad = rates[given].isna().idxmax()
        raise InputError(f"{file.name}: {rate} must be a rate per 8 hours; got {table.loc[bad, rate]!r}.")
    found: pd.Series = pd.Series(rates.to_numpy(dtype=float), index=index, name="funding_8h")[
        given.to_numpy()
    ].sort_index()
    if found.index.has_duplicates:
        kinds = [str(theirs[name]) for name in WHICH if name in theirs]
        raise InputError(
            f"{file.name} has several rates of one time: give one perpetual, "
            f"{'the rows of one ' + ' and '.join(kinds) if kinds else 'or the asset'}."
        )
    return found


def _table(content: Any, name: str) -> pd.DataFrame:
    if isinstance(content, dict):
        content = content.get("result", content)
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        content = pd.DataFrame(content)
    if not isinstance(content, pd.DataFrame) or content.empty:
        raise InputError(f"{name} must be a table of funding rates, CSV, Parquet or JSON rows; it is none.")
    return content


def _column(theirs: dict[str, Any], names: tuple[str, ...], what: str, file: str) -> Any:
    found = next((theirs[name] for name in names if name in theirs), None)
    if found is None:
        raise InputError(
            f"{file}: no column of the {what}, one of {', '.join(names)}; it has {', '.join(map(str, theirs.values()))}."
        )
    return found


def _of_asset(table: pd.DataFrame, theirs: dict[str, Any], asset: str | None, file: str) -> pd.DataFrame:
    named = next((theirs[name] for name in ASSETS if name in theirs), None)
    if named is None:
        return table
    coins = table[named].astype(str).str.upper()
    if asset is None:
        if coins.nunique() > 1:
            raise InputError(
                f"{file} has funding of {', '.join(sorted(coins.unique())[:5])}: say which asset."
            )
        return table
    mine = coins.str.match(rf"{asset.upper()}(?:$|[-_/]|USD)")
    if not mine.any():
        raise InputError(f"{file} has no funding of {asset}; it has {', '.join(sorted(coins.unique())[:5])}.")
    kept: pd.DataFrame = table[mine]
    return kept


def _times(column: pd.Series, file: str) -> pd.Series:
    """Times in UTC: texts, or milliseconds since 1970."""
    numbers = pd.to_numeric(column, errors="coerce")
    whole = numbers.notna().all() and not pd.api.types.is_datetime64_any_dtype(column)
    times = (
        pd.to_datetime(numbers, unit="ms", utc=True)
        if whole
        else pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    )
    if times.isna().any():
        raise InputError(f"{file}: {column.name} must be a time; got {column[times.isna()].iloc[0]!r}.")
    return times

"""Rows with Deribit's names, from its API or from a recorded table, made into a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging.errors import ChainError
from hedging.market._cleaning import unread
from hedging.market._judging import Source
from hedging.market.chain import FUTURES_COLUMNS, ChainRules, OptionChain, in_columns, no_futures
from hedging.market.contracts import ContractTerms
from hedging.market.snapshots import Snapshots
from hedging.venues._formats import columns_there
from hedging.venues.deribit.terms import agreed_terms

__all__ = ["API_COLUMNS", "SUMMARY_COLUMNS", "chain_from_rows", "futures_from_rows", "snapshots_from_rows"]

API_COLUMNS: Final = {
    "symbol": "instrument_name",
    "forward": "underlying_price",
    "index": "index_price",
    "bid": "bid_price",
    "ask": "ask_price",
    "mark": "mark_price",
    "bid_size": "bid_amount",
    "ask_size": "ask_amount",
    "mark_vol": "mark_iv",
    "open_interest": "open_interest",
    "volume": "volume",
}
"""Our columns and what Deribit calls them."""

SUMMARY_COLUMNS: Final = API_COLUMNS | {"index": "estimated_delivery_price"}
"""Our columns and what a book summary calls them: its estimated delivery price is the index price."""


_SIZES: Final = ("bid_size", "ask_size")
INDEX_NAMED: Final = ("underlying_index", "underlying_name")
"""Columns that say what an underlying is; ``index_price`` is spot itself, near expiries."""


def chain_from_rows(
    rows: pd.DataFrame,
    *,
    asset: str,
    as_of: pd.Timestamp,
    columns: Mapping[str, str] = API_COLUMNS,
    vol: Literal["percent", "decimal"] = "percent",
    terms: ContractTerms | Mapping[str, Any] | None = None,
    **keywords: Any,
) -> OptionChain:
    """Build the chain of `asset` from rows with Deribit's names.

    Parameters
    ----------
    rows : DataFrame
        One row an instrument, as `named` returns it. Futures of the asset become the chain's `futures`;
        a row whose name says nothing is rejected, not dropped.
    asset : str
        Which product to keep: ``"BTC"``, ``"SOL_USDC"``; the chain's asset is the coin, ``"SOL"``.
    as_of : Timestamp
        Time of the quotes.
    columns : mapping
        Our columns and what they are called in `rows`; those that `rows` lacks are left out.
    vol : {'percent', 'decimal'}
        Unit of the vols in `rows`.
    terms : ContractTerms or mapping, optional
        By default those that Deribit had at `as_of`; a mapping changes or completes some fields.
    **keywords
        Passed on to `OptionChain.from_frame`.

    Raises
    ------
    ChainError
        If no row is usable.
    """
    terms = agreed_terms(asset, as_of, terms)
    source = keywords.get("source", "table")
    mine, there = _mine(rows, asset, columns, terms, source)
    made = OptionChain.from_frame(
        mine,
        asset=asset.partition("_")[0],  # exposure to SOL is exposure to SOL, whatever it settles in
        as_of=as_of,
        units=_units(terms, vol),
        columns=there,
        terms=terms,
        reject=mine["contradiction"] if "contradiction" in mine.columns else None,
        futures=futures_from_rows(rows[rows["asset"] == asset]),
        **keywords,
    )
    sizes = pd.DataFrame({ours: rows[there[ours]] for ours in _SIZES if ours in there})
    return replace(made, notes=(*_made_of_quotes(mine, columns, there), *unread(sizes), *made.notes))


def _made_of_quotes(
    mine: pd.DataFrame, columns: Mapping[str, str], there: Mapping[str, str]
) -> tuple[str, ...]:
    """A note where a column that prices are made of is not there, or empty."""
    wanted = {ours: columns[ours] for ours in ("forward", "index", "mark", "mark_vol") if ours in columns}
    lost = [repr(theirs) for ours, theirs in wanted.items() if ours not in there]
    empty = [
        repr(theirs)
        for ours, theirs in wanted.items()
        if ours in there and pd.to_numeric(mine[there[ours]], errors="coerce").isna().all()
    ]
    told = [f"no column {' nor '.join(lost)}"] if lost else []
    told += [f"nothing in column {' nor '.join(empty)}"] if empty else []
    return tuple(f"{each}: what it would say is made of quotes" for each in told)


def snapshots_from_rows(
    rows: pd.DataFrame,
    times: pd.DatetimeIndex,
    *,
    asset: str,
    columns: Mapping[str, str] = API_COLUMNS,
    vol: Literal["percent", "decimal"] = "percent",
    terms: ContractTerms | Mapping[str, Any] | None = None,
    rules: ChainRules | None = None,
    source: str = "table",
    sha256: str = "",
) -> Snapshots:
    """Build the chains of `asset` at several times in one pass; parameters as in `chain_from_rows`.

    `rows` has a column ``snapshot``, the number of its own among `times`.
    """
    each = [agreed_terms(asset, when, terms) for when in times]
    mine, there = _mine(rows, asset, columns, each[0], source)
    futures = rows[(rows["asset"] == asset) & (rows["flag"] == "")]
    curve = pd.concat(
        [no_futures().assign(snapshot=0)]
        + [futures_from_rows(part).assign(snapshot=k) for k, part in futures.groupby("snapshot")]
    )
    return Snapshots.from_frame(
        mine,
        mine["snapshot"].to_numpy(dtype=np.intp),
        list(times),
        source=Source(
            asset.partition("_")[0], source, _units(each[0], vol), there, 0.0, rules or ChainRules()
        ),
        terms=each,
        futures=curve,
        sha256=sha256,
        reject=mine["contradiction"].to_numpy() if "contradiction" in mine.columns else None,
    )


def _units(terms: ContractTerms, vol: str) -> dict[str, str]:
    return {"price": "coin" if terms.settlement == "coin" else "money", "vol": vol}


def _mine(
    rows: pd.DataFrame, asset: str, columns: Mapping[str, str], terms: ContractTerms, source: str
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Options of one asset, and rows whose name says nothing; and our columns that are there, by theirs."""
    mine = rows[((rows["asset"] == asset) & (rows["flag"] != "")) | rows["asset"].isna()]
    if mine.empty:
        raise ChainError(f"{source}: no option on {asset} among {number_of(len(rows), 'row')}.")
    there = columns_there(columns, mine, source)
    # What is theirs by one of our names is another thing: ``mark`` in money beside ``mark_btc``.
    mine = mine.drop(
        columns=[ours for ours in columns if ours in mine.columns and ours not in there.values()]
    )
    mine = _with_own_index(mine, there)
    for size in {there.get(ours) for ours in _SIZES} - {None}:
        # Amounts are units of underlying, sizes contracts.
        mine = mine.assign(**{str(size): pd.to_numeric(mine[size], errors="coerce") / terms.multiplier})
    return mine, there


def _with_own_index(mine: pd.DataFrame, there: dict[str, str]) -> pd.DataFrame:
    """Put the index of those rows whose underlying it is in the place of one polled at another moment."""
    name = next((each for each in INDEX_NAMED if each in mine.columns), None)
    forward = there.get("forward")
    if name is None or forward is None:
        return mine
    own = pd.to_numeric(mine[forward], errors="coerce").where(mine[name] == "index_price")
    if own.isna().all():
        return mine
    index = there.setdefault("index", "index_price")
    snapshot = mine["snapshot"] if "snapshot" in mine.columns else pd.Series(0, index=mine.index)
    found = own.groupby(snapshot).transform("median")
    return mine.assign(**{index: found.fillna(mine[index]) if index in mine.columns else found})


def futures_from_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Futures and the perpetual among named rows of a book summary, in `FUTURES_COLUMNS`."""
    mine = rows[rows["flag"] == ""]
    if mine.empty:
        return no_futures()
    theirs = {"symbol": "instrument_name", "bid": "bid_price", "ask": "ask_price", "mark": "mark_price"}
    table = pd.DataFrame(
        {
            name: mine[theirs.get(name, name)] if theirs.get(name, name) in mine.columns else float("nan")
            for name in FUTURES_COLUMNS
        }
    )
    # The perpetual, without an expiry, comes last.
    return in_columns(table.sort_values("expiry", na_position="last", kind="stable"), "futures")

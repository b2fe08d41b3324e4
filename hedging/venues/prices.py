"""Files of prices: daily or hourly, one row a coin and time or one column a coin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from hedging.errors import InputError
from hedging.prices import Bar, Prices
from hedging.venues._opening import QuoteFile, open_file, refuse_another, repeated_columns, shape_of

__all__ = ["read_prices"]


def read_prices(
    path: str | Path,
    *,
    layout: Literal["long", "wide"] | None = None,
    asset: str | Sequence[str] | None = None,
    timezone: str | None = None,
    bar: Bar | None = None,
) -> Prices:
    """Read prices of many coins from a file.

    Parameters
    ----------
    path : str or Path
        CSV (may be packed) or Parquet, long or wide; see `hedging.prices.Prices.from_frame`.
    layout : {'long', 'wide'}, optional
        By default as the columns say.
    asset : str or sequence of str, optional
        Which coins; for a file of one coin that does not name it, its name.
    timezone : str, optional
        Zone of times that carry none. Without it they are taken as UTC, which the events say.
    bar : Bar, optional
        Length and stamp of a bar, where the file does not tell.

    Returns
    -------
    Prices

    Raises
    ------
    InputError
        If the file cannot be read or used; the message names file, coin, date and rule.

    Examples
    --------
    >>> prices = read_prices("daily_close_utc.parquet")  # doctest: +SKIP
    >>> prices.until("2022-05-09").as_of  # doctest: +SKIP
    Timestamp('2022-05-09 00:00:00+0000', tz='UTC')
    """
    file = open_file(Path(path))
    if not file.columns & {"close", "price"}:
        refuse_another(file, "prices are a table of closes or bars, CSV or Parquet", "prices")
    content = file.content
    if twice := repeated_columns(file.text):
        raise InputError(
            f"{file.name}: {', '.join(twice)} stands in more than one column; which one is meant?"
        )
    if not isinstance(content, pd.DataFrame):
        raise InputError(
            f"{file.name} must be a table of prices, CSV or Parquet; it holds {shape_of(file)}. With pandas, "
            "table.to_csv(path) makes one."
        )
    if _has_index(file):
        content = pd.read_parquet(path)
        content = content if isinstance(content.index, pd.DatetimeIndex) else content.reset_index()
    return Prices.from_frame(
        content, layout=layout, asset=asset, timezone=timezone, bar=bar, source=file.name
    )


def _has_index(file: QuoteFile) -> bool:
    """Whether a Parquet file keeps columns as an index, as pandas writes times: `open_file` leaves those out."""
    stored = json.loads(file.metadata.get("pandas", "{}")).get("index_columns", [])
    return any(isinstance(each, str) for each in stored)

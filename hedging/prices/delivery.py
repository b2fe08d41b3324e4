"""The price an option settles at: published, or the end of the hour that ends with it; never guessed from another time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from hedging._extras import require
from hedging._ground.arguments import must_be
from hedging._ground.file_kinds import kind_of_bytes
from hedging._ground.nearest import meant, why_not
from hedging._ground.shown import Shown
from hedging.errors import ChainError
from hedging.units import utc

__all__ = ["Delivery", "Settlement", "at_open", "deliveries_of", "read_delivery"]

HOUR = pd.Timedelta(hours=1)
EXPIRY_TIME = pd.Timedelta(hours=8)  # of Deribit's delivery prices, which carry a day only
AT_CLOSE, AT_OPEN = ", its close", ", its open"
EDGES = ("open_time", "close_time")
_LOOKED_AT: Final = 2_000_000  # bytes, for what a file of another kind is
ENDINGS = (".json", ".csv", ".csv.gz", ".parquet")


class Settlement(NamedTuple):
    """A delivery price of one expiry.

    Attributes
    ----------
    price : float
        [money]
    other : float
        The other edge of the same hour, where the price is one of a bar; else NaN. [money]
    source : str
        Where it comes from, in words.
    """

    price: float
    other: float
    source: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Delivery(Shown):
    """Prices by the time they hold for.

    Attributes
    ----------
    prices : Series
        Price by UTC time, ascending: of a bar its close, by the time it ends. [money]
    opens : Series or None
        Of bars the open, by the time the bar ends.
    source : str
        What they are, for results: ``published`` or ``hour bar``, and the name of the file.
    """

    prices: pd.Series
    opens: pd.Series | None
    source: str

    def at(self, expiry: pd.Timestamp) -> Settlement | None:
        """The price at an expiry; None if there is none."""
        if expiry not in self.prices.index:
            return None
        other = float("nan") if self.opens is None else float(self.opens[expiry])
        return Settlement(float(self.prices[expiry]), other, self.source)


def at_open(source: str) -> str:
    """What a settlement at the open of an hour bar is called, from what one at its close is."""
    return f"{source.removesuffix(AT_CLOSE)}{AT_OPEN}"


Deliveries: TypeAlias = "str | Path | pd.Series | Delivery | Iterable[str | Path | pd.Series | Delivery]"


def deliveries_of(given: Deliveries | None, asset: str) -> tuple[Delivery, ...]:
    """Delivery prices of whatever names them, published ones first.

    Parameters
    ----------
    given : path, Series, Delivery, or several of them, optional
        A Series is published prices by UTC expiry.
    asset : str
        Which coin, where a file has several.

    Raises
    ------
    ChainError
        As `read_delivery`, and if a Series is no prices by time.
    """
    if given is None:
        return ()
    must_be(
        "delivery",
        given,
        str,
        Path,
        pd.Series,
        Delivery,
        Iterable,
        hint="One comes from hedging.backtest.read_delivery.",
    )
    items: list[Any] = [given] if isinstance(given, str | Path | pd.Series | Delivery) else list(given)
    made = [_delivery(item, asset) for item in items]
    return tuple(sorted(made, key=lambda each: not each.source.startswith("published")))


def _delivery(item: Any, asset: str) -> Delivery:
    if isinstance(item, Delivery):
        return item
    if isinstance(item, pd.Series):
        if not (isinstance(item.index, pd.DatetimeIndex) and item.index.tz is not None):
            raise ChainError("delivery prices must be a Series by expiry, with a time zone.")
        return Delivery(_checked(item.tz_convert("UTC"), "delivery prices"), None, "published prices")
    return read_delivery(item, asset)


def read_delivery(
    path: str | Path, asset: str, *, stamped: str | None = None, timezone: str = "UTC"
) -> Delivery:
    """Read delivery prices that an exchange published, or hour bars.

    Parameters
    ----------
    path : str or Path
        The reply of Deribit's ``get_delivery_prices`` (JSON), or a table of hour bars (CSV or Parquet) with
        ``open, close`` and ``open_time`` or ``close_time``; where it has a ``ticker``, that of `asset`.
    asset : str
        The underlying.
    stamped : {'open_time', 'close_time'}, optional
        What a column ``time``, ``timestamp`` or ``date`` means, which the file itself does not say.
    timezone : str
        Zone of bar times that carry none; exchanges write UTC.

    Returns
    -------
    Delivery

    Raises
    ------
    ChainError
        If it cannot be read, holds no hour bars, or does not say whether bars are stamped at open or close.
    """
    path = Path(path)
    if path.is_dir():
        raise ChainError(
            f"{path} is a folder: delivery prices are read of one file, such as one of hour bars in it."
        )
    if not path.name.endswith(ENDINGS):
        raise ChainError(
            f"the file {path.name} must end in {', '.join(ENDINGS)} to be read as delivery prices."
        )
    try:
        _check_kind(path)
        if path.name.endswith(".json"):
            return _published(json.loads(path.read_text(encoding="utf-8")), path.name)
        if path.name.endswith(".parquet"):
            require("pyarrow", "parquet")
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path)
    except OSError as error:
        raise ChainError(f"{path.name} cannot be read: {why_not(path, error)}.") from error
    except UnicodeDecodeError as error:
        raise ChainError(f"{path.name} is no text in UTF-8: byte {error.start + 1} is none.") from error
    except ChainError:
        raise
    except Exception as error:  # pyarrow's and pandas' own, which share no base
        raise ChainError(f"{path.name} holds no table of prices: {error}.") from error
    return _bars(table, path.name, asset, stamped, timezone)


def _check_kind(path: Path) -> None:
    """Refuse a file of another kind: quotes, a plan, a book."""
    with path.open("rb") as stream:
        kind = kind_of_bytes(stream.read(_LOOKED_AT))
    if kind and not kind.startswith(("a table of prices", "a table in Parquet", "a file, packed")):
        raise ChainError(f"{path.name} is {kind}; delivery prices are hour bars, or a venue's list of them.")


def _published(reply: Any, name: str) -> Delivery:
    rows = reply.get("result", reply) if isinstance(reply, dict) else reply
    rows = rows.get("data", rows) if isinstance(rows, dict) else rows
    try:
        days = [utc(f"{row['date']}T00:00Z", "date") + EXPIRY_TIME for row in rows]
        prices = pd.Series([float(row["delivery_price"]) for row in rows], index=pd.DatetimeIndex(days))
    except (TypeError, KeyError, ValueError) as error:
        raise ChainError(
            f"{name} holds no delivery prices: rows with date and delivery_price are expected; {error!r}."
        ) from error
    return Delivery(_checked(prices, name), None, f"published prices of {name}")


def _bars(table: pd.DataFrame, name: str, asset: str, stamped: str | None, timezone: str) -> Delivery:
    if stamped is not None and stamped not in EDGES:
        raise ChainError(
            f"stamped must be one of {', '.join(EDGES)}; got {stamped!r}{meant(str(stamped), EDGES) or '.'}"
        )
    edge = next((column for column in EDGES if column in table.columns), None)
    column = edge or next((word for word in ("time", "timestamp", "date") if word in table.columns), None)
    edge = edge or stamped
    if edge is None or column is None or not {"open", "close"} <= set(table.columns):
        raise ChainError(
            f"{name} must hold hour bars with open, close and open_time or close_time (in Python stamped= says which it is); it has "
            f"{list(map(str, table.columns))[:12]}."
        )
    if "ticker" in table.columns:
        there = sorted(set(table["ticker"].astype(str)))
        table = table[table["ticker"] == asset]
        if table.empty:
            raise ChainError(f"{name} has no {asset}; its tickers are {', '.join(there[:12])}.")
    times = pd.DatetimeIndex(pd.to_datetime(table[column]))
    times = (times.tz_localize(timezone) if times.tz is None else times).tz_convert("UTC").as_unit("ns")
    if len(times) > 1 and pd.Series(times).sort_values().diff().median() != HOUR:
        raise ChainError(f"{name} must hold hour bars; its rows are most often another time apart.")
    ends = times + HOUR if edge == "open_time" else times
    close, opened = (pd.Series(table[side].to_numpy(dtype=float), index=ends) for side in ("close", "open"))
    return Delivery(_checked(close, name), _checked(opened, name), f"hour bar of {name}{AT_CLOSE}")


def _checked(prices: pd.Series, name: str) -> pd.Series:
    """Prices in the order of time, each time once, all of them above 0."""
    prices = prices.astype(float)
    bad = ~((prices > 0) & np.isfinite(prices))
    if bad.any():
        raise ChainError(
            f"{name}: a price must be > 0; got {prices[bad].iloc[0]!r} at {prices.index[bad][0]}."
        )
    if prices.index.has_duplicates:
        twice = prices.index[prices.index.duplicated()][0]
        raise ChainError(f"{name}: the time {twice} occurs more than once; which price is meant?")
    index = pd.DatetimeIndex(prices.index).as_unit("ns")
    return prices.set_axis(index).sort_index()

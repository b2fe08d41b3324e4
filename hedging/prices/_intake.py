"""From a table to `Prices`: which column is what, what a stamp means, what cannot be a price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from numbers import Real
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from hedging._ground.names import check_name
from hedging.errors import InputError
from hedging.prices.bar import DAY, FIELDS, Bar
from hedging.prices.events import Event, restarts

__all__ = ["parts_of"]

Array = npt.NDArray[np.float64]

Parts: TypeAlias = tuple[pd.DatetimeIndex, tuple[str, ...], dict[str, Array], Bar, tuple[Event, ...], str]
"""The fields of `Prices`, in their order."""

COIN_COLUMNS: Final = ("ticker", "symbol", "coin", "asset")
TIME_COLUMNS: Final = ("date", "open_time", "close_time", "time", "timestamp", "datetime")
STAMPS: Final = {"open_time": "open", "close_time": "close"}
NAMED: Final = 3  # rows shown in one message


def parts_of(
    frame: pd.DataFrame,
    *,
    layout: str | None,
    asset: str | Sequence[str] | None,
    timezone: str | None,
    bar: Bar | None,
    source: str,
) -> Parts:
    """What `Prices` are made of, from a table; see `Prices.from_frame`."""
    frame, time_name = _with_times(frame, source)
    coin_name = next((name for name in COIN_COLUMNS if name in frame.columns), None)
    layout = layout or ("long" if coin_name or "close" in frame.columns else "wide")
    if layout not in ("long", "wide"):
        raise InputError(f"layout must be 'long' or 'wide'; got {layout!r}.")
    times, assumed = _times(frame[time_name], timezone, source)
    wanted = (asset,) if isinstance(asset, str) else None if asset is None else tuple(asset)
    if layout == "long":
        tables = _from_long(frame, times, coin_name, wanted, source)
    else:
        tables = {"close": _from_wide(frame.drop(columns=time_name), times, wanted, source)}
    stamps = pd.DatetimeIndex(tables["close"].index)
    bar = bar or _bar(stamps, time_name, source)
    coins = [str(coin) for coin in tables["close"].columns]
    fields = {name: table.to_numpy(dtype=float).copy() for name, table in tables.items()}
    noted = list(assumed) + _reject(fields, coins, stamps)
    if not np.isfinite(fields["close"]).any():
        raise InputError(f"{source} holds no close that is a number > 0.")
    return _parted(stamps, coins, fields, bar, noted, source)


def _with_times(frame: pd.DataFrame, source: str) -> tuple[pd.DataFrame, str]:
    """The table with its times as a column, and that column's name."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"{source}: prices must be a DataFrame; got {type(frame).__name__}.")
    if isinstance(frame.index, pd.DatetimeIndex):
        name = str(frame.index.name or "date")
        frame = frame.rename_axis(index=name).reset_index()
    columns = [str(column).strip() for column in frame.columns]
    known = _known(frame, columns)
    lowered = [column.lower() if column.lower() in known else column for column in columns]
    frame = frame.set_axis(lowered, axis=1)
    if twice := sorted({column for column in lowered if lowered.count(column) > 1}):
        raise InputError(f"{source}: {', '.join(twice)} stands in more than one column; which one is meant?")
    if frame.empty:
        raise InputError(f"{source} has no rows.")
    if lowered[0].startswith("Unnamed: "):  # pandas' word for the index of a table written without its name
        lowered[0] = "date"
        frame = frame.set_axis(lowered, axis=1)
    name = next((column for column in TIME_COLUMNS if column in lowered), "")
    if lowered[0].startswith("# hedging-chain"):
        raise InputError(
            f"{source} is a chain of option quotes; prices are a table of closes or bars by date and coin."
        )
    if not name:
        raise InputError(
            f"{source} has no column of times ({', '.join(TIME_COLUMNS)}); it has {', '.join(f'{each:.40}' for each in lowered[:12])}."
        )
    return frame, name


def _known(frame: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """Names that say what a column is, in whatever case: without closes, COIN and LOW are coins with prices."""
    if "close" in (column.lower() for column in columns):
        return (*COIN_COLUMNS, *TIME_COLUMNS, *FIELDS)
    texts = [not pd.api.types.is_numeric_dtype(frame.iloc[:, place]) for place in range(len(columns))]
    told = [column.lower() for column, text in zip(columns, texts, strict=True) if text]
    return (*TIME_COLUMNS, *(name for name in COIN_COLUMNS if name in told))


def _times(
    column: pd.Series, timezone: str | None, source: str
) -> tuple[pd.DatetimeIndex, tuple[Event, ...]]:
    """Times as UTC, and what was taken for granted about them."""
    try:
        dated = pd.api.types.is_datetime64_any_dtype(column.dtype)
        if not dated and pd.api.types.is_numeric_dtype(column.dtype):
            raise ValueError("numbers are no times; convert them, whose unit is yours to know")
        found = pd.DatetimeIndex(column if dated else pd.to_datetime(column.map(str), format="ISO8601"))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(
            f"{source}: column {column.name!r} must hold times such as 2026-02-06; {_no_time(column, error)}."
        ) from error
    if found.hasnans:
        raise InputError(
            f"{source}: column {column.name!r} has no time in row {int(np.argmax(found.isna()))}."
        )
    assumed: tuple[Event, ...] = ()
    if found.tz is None:
        bare_dates = bool((found == found.normalize()).all())
        if timezone is None and not bare_dates:
            text = "times carry no zone: taken as UTC; pass timezone= if they are not"
            first, last = found.min().tz_localize("UTC"), found.max().tz_localize("UTC")
            assumed = (Event("assumed", "", first, last, text),)
        try:
            found = found.tz_localize(timezone or "UTC")
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{source}: timezone {timezone!r} does not fit the times: {error}") from error
    return found.tz_convert("UTC").as_unit("ns"), assumed


def _no_time(column: pd.Series, error: Exception) -> str:
    """The first entry that is no time, or why none of them is."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return str(error)
    found = pd.to_datetime(column.map(str), format="ISO8601", errors="coerce", utc=True)
    row = int(np.argmax(found.isna()))
    return f"got {column.iloc[row]!r} in row {row}" if found.isna().any() else f"got {error}"


def _numbers(column: pd.Series, times: pd.DatetimeIndex, what: str, source: str) -> Array:
    """A column as floats; text is refused with its place."""
    if not pd.api.types.is_bool_dtype(column.dtype) and pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)
    bad = (column.notna() & ~column.map(_is_number)).to_numpy(dtype=bool)
    if bad.any():
        unread = bad & pd.to_numeric(column, errors="coerce").isna().to_numpy()
        bad = unread if unread.any() else bad
        row = int(np.argmax(bad))
        raise InputError(
            f"{source}: {what} must be numbers; got {column.iloc[row]!r} on {times[row]:%Y-%m-%d %H:%M} ({bad.sum()} such)."
        )
    return pd.to_numeric(column).to_numpy(dtype=float, na_value=np.nan)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _from_long(
    frame: pd.DataFrame,
    times: pd.DatetimeIndex,
    coin_name: str | None,
    wanted: tuple[str, ...] | None,
    source: str,
) -> dict[str, pd.DataFrame]:
    """One table a field from one row a coin and time."""
    if "close" not in frame.columns:
        raise InputError(f"{source} has no column close; it has {', '.join(map(str, frame.columns[:12]))}.")
    if coin_name is None:
        if wanted is None or len(wanted) != 1:
            raise InputError(f"{source} does not name its coin; pass asset= with the one it is of.")
        coins = pd.Series(wanted[0], index=frame.index)
    else:
        coins = frame[coin_name].map(str).str.strip()
    picked = np.ones(len(frame), dtype=bool) if wanted is None else coins.isin(wanted).to_numpy()
    _check_wanted(wanted, coins.unique(), source)
    index = pd.MultiIndex.from_arrays([times, coins])
    twice = index.duplicated(keep=False) & picked
    if twice.any():
        row = int(np.argmax(twice))
        raise InputError(
            f"{source}: {coins.iloc[row]} has more than one row on {times[row]:%Y-%m-%d %H:%M} "
            f"({int(twice.sum())} rows repeat); keep one of each."
        )
    tables = {}
    for name in FIELDS:
        if name in frame.columns:
            values = _numbers(frame[name], times, name, source)
            tables[name] = (
                pd.Series(values[picked], index=index[picked]).unstack().sort_index().sort_index(axis=1)
            )
    return tables


def _from_wide(
    frame: pd.DataFrame, times: pd.DatetimeIndex, wanted: tuple[str, ...] | None, source: str
) -> pd.DataFrame:
    """Closes from one column a coin."""
    if times.has_duplicates:
        when = times[times.duplicated()][0]
        raise InputError(f"{source}: {when:%Y-%m-%d %H:%M} stands in more than one row; keep one of each.")
    _check_wanted(wanted, frame.columns, source)
    names = [str(name) for name in frame.columns if wanted is None or name in wanted]
    if not names:
        raise InputError(f"{source} has no column of prices.")
    values = {name: _numbers(frame[name], times, f"prices of {name}", source) for name in names}
    return pd.DataFrame(values, index=times).sort_index().sort_index(axis=1)


def _check_wanted(wanted: tuple[str, ...] | None, there: Iterable[object], source: str) -> None:
    held = sorted(map(str, there))
    missing = [name for name in wanted or () if name not in held]
    if missing:
        raise InputError(f"{source} has no {', '.join(missing)}; it has {', '.join(held)}.")


def _bar(stamps: pd.DatetimeIndex, time_name: str, source: str) -> Bar:
    """Length from the commonest step, which all others must be whole multiples of; meaning from the name."""
    if len(stamps) < 2:
        raise InputError(f"{source} has one time only; pass bar= with the length of a bar.")
    steps = np.diff(stamps.asi8)
    values, counts = np.unique(steps, return_counts=True)
    length = int(values[np.argmax(counts)])
    odd = np.flatnonzero(steps % length)
    if odd.size:
        raise InputError(
            f"{source}: bars must be whole multiples of one length apart, here {pd.Timedelta(length)}; from "
            f"{stamps[odd[0]]} to {stamps[odd[0] + 1]} they are not."
        )
    stamp = STAMPS.get(time_name)
    if stamp is None and pd.Timedelta(length) >= DAY:
        stamp = "open"  # a date names the day of a bar
    if stamp is None:
        raise InputError(
            f"{source}: does column {time_name!r} hold the times at which bars open or close? Name it open_time or "
            "close_time, or pass bar=."
        )
    return Bar(pd.Timedelta(length), "open" if stamp == "open" else "close")


def _reject(fields: dict[str, Array], coins: list[str], stamps: pd.DatetimeIndex) -> list[Event]:
    """Take out what can be no price or volume, and ranges that do not hold their closes; list each."""
    noted: list[Event] = []

    def take_out(bad: npt.NDArray[np.bool_], names: Sequence[str], why: str) -> None:
        for column in np.flatnonzero(bad.any(axis=0)).tolist():
            rows = np.flatnonzero(bad[:, column])
            shown = ", ".join(
                f"{fields[names[0]][row, column]:g} on {stamps[row]:%Y-%m-%d %H:%M}" for row in rows[:NAMED]
            )
            more = f" and {rows.size - NAMED} more" if rows.size > NAMED else ""
            done = f"{names[0]} {why}: {shown}{more}; taken out, not filled"
            noted.append(Event("rejected", coins[column], stamps[rows[0]], stamps[rows[-1]], done))
        for name in names:
            fields[name][bad] = np.nan

    for name, values in fields.items():
        if name in ("volume", "quote_volume"):
            take_out((values < 0) | np.isinf(values), [name], "must be >= 0 and finite")
        else:
            take_out((values <= 0) | np.isinf(values), [name], "must be > 0 and finite")
    if {"high", "low"} <= fields.keys():
        top = np.fmax(fields["close"], fields.get("open", fields["close"]))
        bottom = np.fmin(fields["close"], fields.get("open", fields["close"]))
        slack = 1.0 + 1e-9  # rounding of a file's decimals
        bad = (fields["high"] * slack < top) | (fields["low"] > bottom * slack)
        take_out(bad, ["high", "low"], "must lie at or above open and close, and low at or below")
    gone = ~np.isfinite(fields["close"])
    for name, values in fields.items():
        if name != "close":
            values[gone] = np.nan
    return noted


def _parted(
    stamps: pd.DatetimeIndex,
    coins: list[str],
    fields: dict[str, Array],
    bar: Bar,
    noted: list[Event],
    source: str,
) -> Parts:
    """Give every restart of a symbol a column of its own."""
    per_day = DAY / bar.length
    columns: list[tuple[str, int, int, int]] = []  # name, column, first row, row after the last
    for column, coin in enumerate(coins):
        cuts = [0, *restarts(fields["close"][:, column], per_day), len(stamps)]
        for part, (first, after) in enumerate(pairwise(cuts)):
            name = coin if part == 0 else f"{coin}@{stamps[first]:%Y-%m-%d}"
            columns.append((name, column, first, after))
    names = tuple(check_name(f"{source}: a coin", name) for name, *_ in columns)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{source}: {twice} stands for two coins; rename one.")
    order = sorted(range(len(names)), key=lambda place: names[place])
    parted = {}
    for field, values in fields.items():
        made = np.full((len(stamps), len(columns)), np.nan)
        for place, which in enumerate(order):
            _, column, first, after = columns[which]
            made[first:after, place] = values[first:after, column]
        parted[field] = made
    there = np.isfinite(parted["close"]).any(axis=0)
    kept = tuple(names[which] for which, has in zip(order, there, strict=True) if has)
    return (
        stamps,
        kept,
        {name: values[:, there].copy() for name, values in parted.items()},
        bar,
        tuple(noted),
        source,
    )

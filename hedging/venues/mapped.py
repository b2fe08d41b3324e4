"""Any other table of quotes, read by a map: which column is what, in which units, at what time, under which terms.

A map is a TOML file, or its content as a mapping::

    asset = "SPX"                     # or a column, under [columns]
    as_of = "2024-11-11T21:00:00Z"    # or a column; read_chain(at=) comes before both
    timezone = "America/New_York"     # of times that carry none
    expiry_time = "16:00"             # of expiries that are days, in that zone
    dates = "%m-%d-%Y"                # how days and times are written, where not as 2026-03-27; "excel" counts days
    decimal = ","                     # what stands before decimals in texts, where they have commas
    spot = 6001.35                    # where no column has it; with rate it makes forwards where nothing better does
    rate = 0.045
    units = {price = "money", vol = "percent"}

    [columns]                         # our names and those of the table: hedging.market.QUOTE_COLUMNS, and index, as_of
    flag = "Option Type"
    strike = "Strike"
    expiry = "Expiry Date"
    bid = "Bid"
    ask = "Ask"

    [terms]                           # fields of ContractTerms; ticks may be one step, fee a rate or [rate, cap]
    multiplier = 100
    lot = 1
    ticks = 0.05

A table with calls beside puts has ``[calls]`` and ``[puts]`` for the columns of either; of a name that stands twice the
second is called ``Bid.1``. Where names of the OSI form, ``SPY260327C00500000``, say side, strike and expiry, ``symbol``
is enough. Whatever a map does not say is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.file_kinds import kind_of_value, kind_of_values
from hedging._ground.reading import read_text
from hedging._ground.toml import parse_toml
from hedging.errors import ChainError, InputError
from hedging.market._cleaning import NUMBER_COLUMNS, RAW_COLUMNS, VENDORS_NONE, percent_signs
from hedging.market.chain import OptionChain
from hedging.units import utc
from hedging.venues import _us
from hedging.venues._formats import PRICING, Format, Pick, given_time, pick_asset, pick_snapshot, snapshots
from hedging.venues._opening import QuoteFile, shape_of
from hedging.venues._steps import check_rows
from hedging.venues._terms import agreed
from hedging.venues._texts import DAYS_OF_SHEETS, as_numbers, records_of, text_table
from hedging.venues._times import moments

__all__ = ["mapped", "table_of"]

_OURS: Final = (*RAW_COLUMNS, "as_of", "asset")
_TEXTS: Final = ("asset", "as_of", "timezone", "expiry_time", "dates", "decimal")
_NUMBERS: Final = ("spot", "rate")
_TABLES: Final = ("units", "columns", "calls", "puts", "terms")
_COUNTED: Final = {*NUMBER_COLUMNS, "strike", "forward", "index", "discount"}
_NAMED: Final = ("flag", "strike", "expiry")  # what names of the OSI form say
_OFFSET: Final = r"\d\d:\d\d.*(?:[Zz]|[+-]\d\d(?::?\d\d)?)$"


@dataclass(frozen=True, slots=True)
class _Map:
    """What a map says, checked."""

    name: str
    asset: str | None = None
    as_of: str | None = None
    timezone: str | None = None
    expiry_time: str | None = None
    dates: str | None = None
    decimal: str | None = None
    spot: float | None = None
    rate: float | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    puts: Mapping[str, str] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)


def mapped(source: str | Path | Mapping[str, Any]) -> Format:
    """A format of files that are read by a map.

    Parameters
    ----------
    source : str, Path or mapping
        A TOML file, or its content.

    Raises
    ------
    InputError
        If it is no map: a key that is none, or left open.
    """
    said = _checked(source)
    return Format(
        "map",
        lambda _: True,
        lambda file, pick: _read(file, pick, said),
        heeds=PRICING,
        silent=said.asset is None
        and not any("asset" in each for each in (said.columns, said.calls, said.puts)),
    )


def _checked(source: str | Path | Mapping[str, Any]) -> _Map:
    name = "map" if isinstance(source, Mapping) else Path(source).name
    content = dict(source) if isinstance(source, Mapping) else parse_toml(read_text(source), name)
    known = (*_TEXTS, *_NUMBERS, *_TABLES)
    if unknown := sorted(map(str, set(content) - set(known))):
        rule = f"{', '.join(unknown)} is no key of a map; it has {', '.join(known)}"
        other = kind_of_values(content)
        raise InputError(f"{name} is {other}; {rule}." if other else f"{name}: {rule}.")
    for key, value in content.items():
        kind = Mapping if key in _TABLES else (int | float) if key in _NUMBERS else str
        if not isinstance(value, kind):
            raise InputError(f"{name}: {key} must be {_kind(key)}; got {value!r}.")
    for key in ("columns", "calls", "puts"):
        if strange := sorted(set(content.get(key, {})) - set(_OURS)):
            raise InputError(f"{name}: [{key}] may name {', '.join(_OURS)}; got {', '.join(strange)}.")
    flat = {key: content[key] for key in _TEXTS if key in content}
    inner = {f"[{key}] {each}": text for key in _TABLES for each, text in content.get(key, {}).items()}
    if left := [key for key, value in (flat | inner).items() if value == ""]:
        raise InputError(f"{name}: {', '.join(left)} is left open; fill it in, or take the line out.")
    if content.get("decimal", ".") not in (".", ","):
        raise InputError(f"{name}: decimal must be '.' or ','; got {content['decimal']!r}.")
    return _Map(name, **content)


def _kind(key: str) -> str:
    return "a table" if key in _TABLES else "a number" if key in _NUMBERS else "text"


def _read(file: QuoteFile, pick: Pick, said: _Map) -> OptionChain:
    rows = _laid_out(table_of(file, as_written=said.decimal == ","), file, said)
    if "asset" in rows:
        rows = rows.assign(asset=_tickers(rows["asset"], file))
    asset = _asset(rows, file, pick, said)
    rows = rows if "asset" not in rows else rows[(rows["asset"] == asset) | rows["asset"].isna()]
    when, rows = _moment(rows, file, pick, said)
    rows = rows.assign(expiry=_expiries(rows["expiry"], file, pick, said))
    given = pick.terms if pick.terms is not None else said.terms
    spot = said.spot if pick.spot is None else pick.spot
    rate = said.rate if pick.rate is None else pick.rate
    coin = said.units.get("price") == "coin"
    terms = agreed(given, {"settlement": "coin" if coin else "cash"})
    if terms.exercise == "american" and "forward" not in rows:
        if "index" in rows and spot is None:
            spot = float(pd.to_numeric(rows["index"], errors="coerce").median())
        vols = rows.get("mark_vol")
        rows = rows if vols is None else rows.assign(mark_vol=_decimal(vols, said.units.get("vol", "")))
        told = Pick(pick.at, asset, pick.timezone, pick.rules, terms, pick.spot, rate, pick.dividends)
        return _us.us_chain(_with_symbols(rows), file, told, _us.Seen(asset, when, spot))
    if pick.dividends is not None:
        raise ChainError(
            f"{file.name}: dividends= is for American options; the map says exercise = {terms.exercise!r}."
        )
    return OptionChain.from_frame(
        rows,
        asset=asset,
        as_of=when,
        units={"vol": "decimal"} | dict(said.units) if "mark_vol" not in rows else said.units,
        terms=terms,
        spot=spot,
        rate=0.0 if rate is None else rate,
        source=file.name,
        sha256=file.sha256,
        rules=pick.rules,
    )


def table_of(file: QuoteFile, *, as_written: bool = False) -> pd.DataFrame:
    """The table in a file: text parted by commas, semicolons, tabs or bars, Excel, Parquet, or rows or columns of JSON.

    Parameters
    ----------
    file : QuoteFile
    as_written : bool
        Whether numbers of texts stay as they are written.

    Raises
    ------
    ChainError
        If it holds none.
    """
    if isinstance(file.content, pd.DataFrame) and (not file.written or (_is_whole(file) and not as_written)):
        table: pd.DataFrame | None = file.content
    elif isinstance(file.content, list | dict):
        table = records_of(file.content)
    else:
        table = text_table(file.written, as_written=as_written and not file.sheet)
    if table is not None:
        return table
    if kind := kind_of_value(file.content):
        raise ChainError(f"{file.name} is {kind}; a map is of a table of quotes.")
    raise ChainError(f"{file.name} holds {shape_of(file)}, no table that a map could read.")


def _is_whole(file: QuoteFile) -> bool:
    """Whether a text was parted by commas from its first line on."""
    content = file.content
    return (
        file.written == file.text
        and isinstance(content.index, pd.RangeIndex)
        and len(content.columns) >= len(_NAMED)
    )


def _laid_out(table: pd.DataFrame, file: QuoteFile, said: _Map) -> pd.DataFrame:
    """The table in our names; calls and puts of one line as two rows."""
    _check_told(table, file, said)
    if not (said.calls or said.puts):
        rows = _named(table, said.columns, file, said)
        return rows if "symbol" not in rows or set(_NAMED) & set(rows) else _us.named(rows)
    sides = [
        _named(table, {**said.columns, **columns}, file, said).assign(flag=flag)
        for flag, columns in (("c", said.calls), ("p", said.puts))
        if columns
    ]
    return pd.concat(sides, ignore_index=True)


def _check_told(table: pd.DataFrame, file: QuoteFile, said: _Map) -> None:
    """Refuse a map that does not say which column is side, strike or expiry, nor where names say it."""
    told = {*said.columns} | ({*said.calls, *said.puts, "flag"} if said.calls or said.puts else set())
    missing = [name for name in _NAMED if name not in told]
    if missing and (len(missing) < len(_NAMED) or "symbol" not in told):
        raise ChainError(
            f"{file.name}: {said.name} names no column of {', '.join(missing)}; the table has "
            f"{', '.join(map(repr, map(str, table.columns)))}. Names of the OSI form, as symbol, say all three."
        )


def _named(table: pd.DataFrame, columns: Mapping[str, str], file: QuoteFile, said: _Map) -> pd.DataFrame:
    there = {str(name): name for name in table.columns}
    if missing := [f"{ours} = {theirs!r}" for ours, theirs in columns.items() if theirs not in there]:
        raise ChainError(
            f"{file.name} has no column for {', '.join(missing)} of {said.name}; its columns are {list(there)}."
        )
    whole = pd.DataFrame({ours: table[there[theirs]].to_numpy() for ours, theirs in columns.items()})
    for ours in filter(_COUNTED.__contains__, columns):
        where = f"{file.name}, column {columns[ours]!r}: {said.name} must say"
        whole[ours] = as_numbers(whole[ours], said.decimal, where)
    return whole


def _asset(rows: pd.DataFrame, file: QuoteFile, pick: Pick, said: _Map) -> str:
    if "asset" in rows:
        return pick_asset(rows["asset"], pick, file.name)
    asset = pick.asset or said.asset
    if said.asset is not None and asset != said.asset:
        raise ChainError(f"{file.name} is of {said.asset}, as {said.name} says, not of {asset}.")
    if asset is None:
        raise ChainError(
            f"{file.name}: neither {said.name} nor asset= (--asset) says which underlying it holds."
        )
    return asset


def _tickers(column: pd.Series, file: QuoteFile) -> pd.Series:
    """Names of underlyings as texts, as 700 of Hong Kong is one too; none stands for another's."""
    whole = pd.api.types.is_numeric_dtype(column.dtype) and (column.dropna() % 1 == 0).all()
    texts = (column.astype("Int64") if whole else column).astype(str).str.strip()
    named: pd.Series = texts.where(column.notna() & (texts != ""), None)
    if named.isna().any() and named.nunique() > 1:
        raise ChainError(
            f"{file.name}: {number_of(int(named.isna().sum()), 'row')} of {len(named)} say no asset, of a table that has "
            f"{', '.join(map(repr, named.dropna().unique()[:5]))}: write it into each row (of merged cells the first alone has "
            "it)."
        )
    return named


def _moment(rows: pd.DataFrame, file: QuoteFile, pick: Pick, said: _Map) -> tuple[pd.Timestamp, pd.DataFrame]:
    """Time of the quotes, and the rows of it."""
    if "as_of" not in rows:
        return (
            utc(said.as_of, "as_of") if pick.at is None and said.as_of else given_time(pick, file.name)
        ), rows
    days = _parsed(rows["as_of"], file, said)
    if isinstance(days.dtype, pd.DatetimeTZDtype) or not (days.dt.normalize() == days).all():
        times = moments(days, file.name, _zone(pick, said))
        check_rows(times, snapshots(times), file.name, steps=False)
    elif pick.at is not None and len(str(pick.at).strip()) > 10 and days.nunique() == 1:
        when, day = given_time(pick, file.name), days.iloc[0]  # the file says the day, the caller the time
        if when.tz_convert(_zone(pick, said) or "UTC").date() != day.date():
            raise ChainError(
                f"{file.name} is of {day:%Y-%m-%d}, not of {pick.at}: pass at= with a time of that day."
            )
        return when, rows
    else:
        raise ChainError(
            f"{file.name}: column as_of holds days without a time of day; pass at= (--at) with a time, or leave as_of "
            "out of the columns of the map and write it there as 2024-11-11T21:00:00Z."
        )
    when = pick_snapshot(times, pick, file.name)
    return when, rows[times == when]


def _expiries(column: pd.Series, file: QuoteFile, pick: Pick, said: _Map) -> pd.Series:
    """Expiries in UTC; days at the hour that the map says."""
    times = _parsed(column, file, said)
    zone = _zone(pick, said)
    if isinstance(times.dtype, pd.DatetimeTZDtype):
        return times
    days = times.dt.normalize() == times  # each by itself: a table may have both
    if days.any():
        if said.expiry_time is None:
            raise ChainError(
                f"{file.name}: expiries are days, such as {column[days].iloc[0]}: {said.name} must say expiry_time, as "
                "'16:00', and the timezone it is in."
            )
        times = times.where(~days, times + _time_of_day(said))
    if zone is None:
        raise ChainError(f"{file.name}: expiries carry no zone: {said.name} must say timezone, as 'UTC'.")
    try:
        moved: pd.Series = times.dt.tz_localize(zone).dt.tz_convert("UTC")
    except (ValueError, LookupError, OSError) as error:
        raise ChainError(f"{file.name}: timezone {zone!r} does not fit the expiries: {error}") from error
    return moved


def _zone(pick: Pick, said: _Map) -> str | None:
    """Of times in the table that carry none: as its map says, whatever zone the caller's time is in."""
    return said.timezone or pick.timezone


def _time_of_day(said: _Map) -> pd.Timedelta:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", said.expiry_time or "")
    if match is None or int(match[1]) > 23 or int(match[2]) > 59:
        raise InputError(
            f"{said.name}: expiry_time must be a time of day such as '16:00'; got {said.expiry_time!r}."
        )
    return pd.Timedelta(hours=int(match[1]), minutes=int(match[2]))


def _parsed(column: pd.Series, file: QuoteFile, said: _Map) -> pd.Series:
    """Times as they are written; counts since 1970 by their size."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return column
    if said.dates is None and pd.api.types.is_numeric_dtype(column.dtype) and (column > 1e8).all():
        return moments(column, file.name)
    if said.dates == DAYS_OF_SHEETS and pd.api.types.is_numeric_dtype(column.dtype):
        return pd.to_datetime(column, unit="D", origin="1899-12-30")
    texts = column.astype(str).str.strip().where(column.notna())
    plain = texts.dropna().str.match(r"\d{4}-\d\d-\d\d").all()  # which no other form means
    form = "ISO8601" if said.dates is None or plain else said.dates
    # Cells that say their own offset may be of both sides of a clock change.
    own = texts.dropna().str.contains(_OFFSET).all()
    try:
        found: pd.Series = pd.to_datetime(texts, format=form, errors="coerce", utc=bool(own))
    except ValueError as error:  # some with a zone, some without
        raise ChainError(
            f"{file.name}: column {column.name!r} has times with a zone beside times without one; write all alike."
        ) from error
    if (bad := texts[found.isna() & texts.notna()]).size:
        written = f"dates = {said.dates!r}" if said.dates else "2026-03-27"
        raise ChainError(
            f"{file.name}: column {column.name!r} has {bad.iloc[0]!r}, which is not written as {written}; say how in "
            f"{said.name}, as dates = '%m-%d-%Y'."
        )
    return found


def _decimal(vols: pd.Series, unit: str) -> pd.Series:
    if unit not in ("decimal", "percent"):
        raise ChainError(f"the map's units must say vol as 'decimal' or 'percent'; got {unit!r}.")
    divisor = 100.0 if unit == "percent" else 1.0
    plain = pd.to_numeric(percent_signs(vols, divisor), errors="coerce")
    return plain.where(plain != VENDORS_NONE) / divisor


def _with_symbols(rows: pd.DataFrame) -> pd.DataFrame:
    """Sides in one letter, as parity looks for them."""
    sides = (
        rows["flag"].astype(str).str.strip().str.lower().map({"c": "c", "call": "c", "p": "p", "put": "p"})
    )
    return rows.assign(flag=sides, strike=pd.to_numeric(rows["strike"], errors="coerce")).reset_index(
        drop=True
    )

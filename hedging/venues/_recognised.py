"""Open a quote file and find out what it is: the first format that it matches, or what it is instead."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

import pandas as pd

from hedging._ground.forms import meant
from hedging._ground.reading import foreign
from hedging.errors import ChainError, InputError
from hedging.venues._formats import Format
from hedging.venues._opening import QuoteFile, known_kind, open_file, repeated_columns, shape_of
from hedging.venues._texts import records_of, text_table

__all__ = ["FORMATS", "guarded_reader", "recognised"]

Given = ParamSpec("Given")
Read = TypeVar("Read")

FORMATS: Final = {
    "hedging": "hedging.venues.own:OWN",
    "deribit-summary": "hedging.venues.deribit.files:SUMMARY",
    "deribit-ticker": "hedging.venues.deribit.files:TICKER",
    "deribit-snapshot": "hedging.venues.deribit.files:SNAPSHOT",
    "deribit-ticker-table": "hedging.venues.deribit.files:TICKER_TABLE",
    "deribit-quotes": "hedging.venues.deribit.files:QUOTES",
    "tardis-options-chain": "hedging.venues.tardis:OPTIONS_CHAIN",
    "bybit-table": "hedging.venues.bybit:TABLE",
    "bybit-tickers": "hedging.venues.bybit:TICKERS",
    "cboe-quotes": "hedging.venues.cboe:QUOTES",
    "ccxt-option-chain": "hedging.venues.ccxt:OPTION_CHAIN",
    "deribit-full": "hedging.venues.deribit.files:FULL",
    "deribit-daily": "hedging.venues.deribit.files:DAILY",
    "deribit-export": "hedging.venues.deribit.export:EXPORT",
    "okx": "hedging.venues.okx:REPLIES",
    "binance": "hedging.venues.binance:ROWS",
    "cboe-delayed": "hedging.venues.cboe_delayed:DELAYED",
    "yfinance": "hedging.venues.yfinance:FRAMES",
    "schwab": "hedging.venues.schwab:REPLY",
    "thinkorswim": "hedging.venues.thinkorswim:EXPORT",
    "optionsdx": "hedging.venues.optionsdx:TEXT",
    "end-of-day": "hedging.venues.end_of_day:TABLE",
}
"""Every format by name, and where it lives; a file is read by the first one that matches it."""


def recognised(path: str | Path, format: str | None) -> tuple[QuoteFile, Format]:  # noqa: A002 - as in read_chain
    """Open a file and find the first format that it is of."""
    if not isinstance(path, str | os.PathLike):
        raise ChainError(f"path must be the path of a file; got {path!r}.")
    if format is not None and not (isinstance(format, str) and format in FORMATS):
        raise ChainError(
            f"format must be one of {', '.join(FORMATS)}; got {format!r}{meant(str(format), FORMATS) or '.'}"
        )
    file = open_file(Path(path))
    readers = [_load(name) for name in (FORMATS if format is None else (format,))]
    for reader in readers:
        if reader.matches(file):
            return file, reader
    for each in (file, _as_table(file)):
        for reader in readers:
            if reader.matches(plain := _in_case(each, reader)):
                return plain, reader
    if twice := repeated_columns(file.text) if file.content is None else []:
        raise ChainError(f"{file.name}: columns {twice} occur more than once; which one is meant?")
    if kind := known_kind(file):
        raise ChainError(f"{file.name} is {kind}; it holds no quotes of options.")
    wanted = f"is not of format {format}" if format else f"is of no known format ({', '.join(FORMATS)})"
    typed = "-" if file.name == "stdin" else shlex.quote(str(path))
    how = f"`hedging chain map {typed}` begins a map of it."
    raise ChainError(f"{file.name} {wanted}; it holds {shape_of(file)}. {_nearly(file, readers)}{how}")


def _as_table(file: QuoteFile) -> QuoteFile:
    """The table in JSON rows or columns, or below lines that are none of it; the file as it is where there is none."""
    table = records_of(file.content) if isinstance(file.content, list | dict) else text_table(file.text)
    if table is None or any(str(name).endswith(".1") for name in table.columns):  # a column that stands twice
        return file
    return replace(file, content=table)


def _in_case(file: QuoteFile, reader: Format) -> QuoteFile:
    """The file with columns as the format writes them, where they differ in capitals and blanks alone."""
    if not reader.columns or not isinstance(file.content, pd.DataFrame):
        return file
    known = {name.lower(): name for name in (*reader.columns, *reader.also)}
    plain = [str(name).strip().lower() for name in file.content.columns]
    if len(set(plain)) < len(plain):  # which of two is meant?
        return file
    return replace(file, content=file.content.set_axis([known.get(name, name) for name in plain], axis=1))


def _nearly(file: QuoteFile, readers: Sequence[Format]) -> str:
    """Which format a table would be of but for a column or two, and those columns."""
    lacking: list[tuple[int, str, str]] = []
    for reader in readers:
        there = _in_case(file, reader).columns
        missing = [name for name in reader.columns if name not in there]
        if 0 < len(missing) <= max(1, len(reader.columns) // 2):
            lacking.append((len(missing), reader.name, ", ".join(map(repr, missing))))
    if not lacking:
        return ""
    _, name, columns = min(lacking)
    return f"Of {name} it lacks {columns}. "


def _load(name: str) -> Format:
    module, attribute = FORMATS[name].split(":")
    found: Format = getattr(import_module(module), attribute)
    return replace(
        found,
        matches=guarded_reader(found.matches),
        read=guarded_reader(found.read),
        times=found.times and guarded_reader(found.times),
        read_all=found.read_all and guarded_reader(found.read_all),
    )


def guarded_reader(
    read: Callable[Concatenate[QuoteFile, Given], Read],
) -> Callable[Concatenate[QuoteFile, Given], Read]:
    """The same reader, what a parser throws at a cell that nobody thought of turned into a `ChainError`."""

    def guarded(file: QuoteFile, /, *given: Given.args, **named: Given.kwargs) -> Read:
        try:
            with foreign(file.name, ChainError, ours=False):
                return read(file, *given, **named)
        except ChainError:
            raise
        except InputError as error:  # of a formula deep below, which knows no file
            raise ChainError(f"{file.name}: {error}") from error

    return guarded

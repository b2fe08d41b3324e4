"""Chains out of a quote file, by the reader of its format: one of them, several, or all in one pass."""

from __future__ import annotations

import builtins
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hedging.errors import ChainError
from hedging.market.chain import ChainRules, OptionChain
from hedging.market.contracts import ContractTerms
from hedging.market.snapshots import Snapshots
from hedging.units import utc
from hedging.venues._formats import Format, Pick, check_heeded, of_another_time, snapshots
from hedging.venues._opening import QuoteFile, open_file
from hedging.venues._recognised import FORMATS, guarded_reader, recognised
from hedging.venues._steps import check_rows, step_of

__all__ = [
    "FORMATS",
    "QuoteFile",
    "read_chain",
    "read_chains",
    "read_snapshots",
]

_LOG: Final = logging.getLogger(__name__)
_MOST_AT_ONCE: Final = 128  # snapshots of a pass: some 100 MB of tables on the way


def read_chain(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the word users look for
    at: str | pd.Timestamp | None = None,
    asset: str | None = None,
    timezone: str | None = None,
    rules: ChainRules | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    spot: float | None = None,
    rate: float | None = None,
    dividends: Mapping[str, float] | None = None,
    map: str | Path | Mapping[str, Any] | None = None,  # noqa: A002 - the word users look for
    beside: str | Path | None = None,
    named: bool = False,
) -> OptionChain:
    """Read one option chain from a recorded quote file.

    Parameters
    ----------
    path : str or Path
        JSON, JSON lines, CSV (these may be packed by gzip, bzip2, xz or zip), Parquet, or Excel with one sheet.
    format : str, optional
        One of `FORMATS`; by default the file is recognised by what it holds.
    at : str or Timestamp, optional
        Which snapshot, where a file has several: a date picks the only one of that day, a time the last
        one not after it on the same day. The time of the quotes, where the file does not say it.
    asset : str, optional
        Which underlying, where a file has several, or names none.
    timezone : str, optional
        Zone of times that carry none, such as ``"Europe/Rome"``; without it they are refused.
    rules : ChainRules, optional
        Limits beyond which a quote is rejected.
    terms : ContractTerms or mapping, optional
        Terms in place of the venue's; a mapping changes or completes some of its fields, as
        ``{"lot": 1, "ticks": 0.001, "fee": 0.0003}``.
    spot, rate, dividends : optional
        Of the underlying of US options, in place of what the file says or its quotes imply: price [money],
        continuous rate [1/year], and cash a share by ex-date, ``{"2026-03-20": 1.78}`` [money].
    map : str, Path or mapping, optional
        How to read a table of no known format; a TOML file, or its content. See `hedging.venues.mapped`.
    beside : str or Path, optional
        A second file that belongs to the first: OKX's opt-summary to its tickers, Binance's marks to its tickers.
    named : bool
        Whether the file itself must say that it is of `asset`: some formats do not, and take any name.

    Returns
    -------
    OptionChain

    Raises
    ------
    ChainError
        If the file cannot be used: not there, cut off, of no known format, without a usable quote, or
        with several chains and none picked.
    """
    pick = Pick(at, asset, timezone, rules, terms, spot, rate, dividends)
    file, reader = _with_reader(path, format, pick, map, beside)
    _check_named(reader, file.name, asset, named)
    chain = reader.read(file, pick)
    _check_day(chain, pick, file, reader)
    _LOG.info(
        "%s is %s: %d quotes kept, %d rejected",
        file.name,
        reader.name,
        len(chain.quotes),
        len(chain.rejected),
    )
    return chain


def _with_reader(
    path: str | Path,
    format: str | None,  # noqa: A002 - as in read_chain
    pick: Pick,
    map: str | Path | Mapping[str, Any] | None,  # noqa: A002
    beside: str | Path | None,
) -> tuple[QuoteFile, Format]:
    """A file, with what belongs to it, and what reads it: a map, or the first format that it is of."""
    if map is not None:
        from hedging.venues.mapped import mapped

        made = mapped(map)
        check_heeded(made, Path(path).name, beside=beside)
        return open_file(Path(path)), replace(made, read=guarded_reader(made.read))
    file, reader = recognised(path, format)
    check_heeded(reader, file.name, pick, beside=beside)
    return file if beside is None else replace(file, beside=open_file(Path(beside))), reader


def _check_day(chain: OptionChain, pick: Pick, file: QuoteFile, reader: Format) -> None:
    """Refuse a file whose one chain is of another day than the one asked for, or from after the time asked for.

    A day is one of UTC, or of the zone given; a time is meant to the second, as messages tell it. A snapshot that the
    file itself dates no later is not too late, though its last quotes came in afterwards.
    """
    if pick.at is None:
        return
    taken = chain.as_of.floor("s")
    if pick.of_day:
        same = any(pick.on_day(pd.DatetimeIndex([taken]), zone)[0] for zone in pick.zones)
        late = False
    else:
        asked = utc(pick.at, "at")
        same, late = taken.normalize() == asked.normalize(), taken > asked
        if late and reader.times is not None:
            late = not (snapshots(reader.times(file, pick)) <= asked).any()
    if not same or late:
        raise of_another_time(file.name, taken, pick, same_day=same)


def _check_named(reader: Format, name: str, asset: str | None, named: bool) -> None:
    """Refuse a file that does not name its underlying, where it must: it would pass for any."""
    if named and reader.silent:
        raise ChainError(
            f"{name} does not name its underlying; if it is of {asset}, say so for it alone by asset= (--asset), or write "
            "a copy that names it by hedging chain convert."
        )


def _check_step(reader: Format, name: str, every: str | pd.Timedelta | None, pick: Pick) -> Pick:
    """What is asked for, with the step of a format that brings rows together."""
    if every is not None and not (reader.running or reader.steps):
        raise ChainError(f"{name} has snapshots of its own; every= is for files of single updates.")
    return replace(pick, step=step_of(every)) if every is not None and reader.steps else pick


def read_chains(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the word users look for
    every: str | pd.Timedelta | None = None,
    asset: str | None = None,
    timezone: str | None = None,
    rules: ChainRules | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    spot: float | None = None,
    rate: float | None = None,
    dividends: Mapping[str, float] | None = None,
    map: str | Path | Mapping[str, Any] | None = None,  # noqa: A002 - as in read_chain
    beside: str | Path | None = None,
) -> Iterator[OptionChain]:
    """Read the option chains of a recorded quote file one after the other, in the order of time.

    Parameters
    ----------
    path : str or Path
        As in `read_chain`; a file of one chain gives that one.
    format : str, optional
        As in `read_chain`.
    every : str or Timedelta, optional
        How far apart the chains are, such as ``"1h"``, for a file of single updates, which has no snapshots of
        its own: there it must be given, and a chain stands at each whole multiple of it. Deribit's daily rows that
        were stamped one by one are brought together by it: the last of each contract within a step, at its end.
    asset : str, optional
        Which underlying, where the file has several.
    timezone : str, optional
        As in `read_chain`.
    rules, terms, spot, rate, dividends, map, beside : optional
        As in `read_chain`, for all of them.

    Yields
    ------
    OptionChain
        One a snapshot; each is read when it is asked for.

    Raises
    ------
    ChainError
        At once if the file cannot be used, or has nothing of `asset`; with the time of the snapshot when its
        turn comes, if it is that which cannot. None is left out: the next one can be asked for after an error.

    Examples
    --------
    >>> for chain in read_chains("deribit_btc_daily.parquet"):  # doctest: +SKIP
    ...     print(chain.as_of, len(chain.quotes))
    """
    pick = Pick(None, asset, timezone, rules, terms, spot, rate, dividends)
    file, reader = _with_reader(path, format, pick, map, beside)
    pick = _check_step(reader, file.name, every, pick)
    if reader.times is None:
        return iter((reader.read(file, pick),))
    times = snapshots(reader.times(file, pick))
    if reader.running:
        times = _multiples(times, every, file.name)
    # A generator would be spent by its first error; map goes on to the next time.
    if reader.read_all is not None:
        return builtins.map(partial(_cut_at, _Blocks(reader.read_all, file, pick, times)), range(len(times)))
    return builtins.map(partial(_read_at, reader, file, pick), times)


def read_snapshots(
    path: str | Path,
    *,
    asset: str | None = None,
    rules: ChainRules | None = None,
    named: bool = False,
    every: str | pd.Timedelta | None = None,
    timezone: str | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    spot: float | None = None,
    rate: float | None = None,
    dividends: Mapping[str, float] | None = None,
    map: str | Path | Mapping[str, Any] | None = None,  # noqa: A002 - as in read_chain
) -> Snapshots:
    """Read all chains of a recorded quote file in one pass, where its format allows.

    Parameters
    ----------
    path, asset, rules, every, timezone, terms, spot, rate, dividends, map
        As in `read_chains`.
    named : bool
        Whether the file itself must say that it is of `asset`: some formats do not, and take any name.

    Returns
    -------
    Snapshots
        In the order of time; what cannot be used is named in its `errors`.

    Raises
    ------
    ChainError
        As `read_chains` at once.
    """
    pick = Pick(None, asset, timezone, rules, terms, spot, rate, dividends)
    file, reader = _with_reader(path, None, pick, map, None)
    pick = _check_step(reader, file.name, every, pick)
    _check_named(reader, file.name, asset, named)
    if reader.times is None:
        return Snapshots.of([reader.read(file, pick)])
    stamped = reader.times(file, pick)
    times = snapshots(stamped)
    if reader.running:
        times = _multiples(times, every, file.name)
    elif every is None:
        check_rows(stamped, times, file.name, steps=reader.steps)
    if reader.read_all is not None:
        return reader.read_all(file, pick, times)
    return Snapshots.of(_read_at(reader, file, pick, time) for time in times)


@dataclass(slots=True)
class _Blocks:
    """Snapshots read some at a time: the first soon, all of them in a few passes."""

    read: Callable[[QuoteFile, Pick, pd.DatetimeIndex], Snapshots]
    file: QuoteFile
    pick: Pick
    times: pd.DatetimeIndex
    start: int = 0
    block: Snapshots | None = None

    def at(self, number: int) -> OptionChain:
        """The chain of one time; asked for in ascending order."""
        if self.block is None or number >= self.start + len(self.block):
            self.start = number
            count = 2 if self.block is None else min(4 * len(self.block), _MOST_AT_ONCE)
            self.block = self.read(self.file, self.pick, self.times[number : number + count])
        return self.block.chain(number - self.start)


def _cut_at(blocks: _Blocks, number: int) -> OptionChain:
    """Cut out one of several chains; what is wrong with it is told with its time."""
    try:
        return blocks.at(number)
    except ChainError as error:
        raise ChainError(f"the chain of {blocks.times[number]} cannot be read. {error}") from error


def _multiples(times: pd.DatetimeIndex, every: str | pd.Timedelta | None, name: str) -> pd.DatetimeIndex:
    """Whole multiples of a step between the first and the last update of a file."""
    if every is None:
        raise ChainError(
            f"{name} holds single updates, no snapshots; pass every= with the time between chains."
        )
    step = step_of(every)
    found = pd.date_range(times[0].ceil(step), times[-1].floor(step), freq=step)
    if found.empty:
        raise ChainError(f"{name} spans {times[0]} to {times[-1]}, in which no multiple of {every} lies.")
    return found


def _read_at(reader: Format, file: QuoteFile, pick: Pick, time: pd.Timestamp) -> OptionChain:
    """Read one of several chains; what is wrong with it is told with its time."""
    try:
        return reader.read(file, replace(pick, at=time))
    except ChainError as error:
        raise ChainError(f"the chain of {time} cannot be read. {error}") from error

"""Tapes read from files and folders: every recorded snapshot of one underlying, in the order of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hedging._ground.counts import number_of
from hedging._ground.nearest import meant
from hedging.backtest.saved import is_saved, load_tape
from hedging.backtest.tape import ENDINGS, Paths, Tape
from hedging.errors import ChainError
from hedging.market.chain import OTHER_QUOTE, ChainRules
from hedging.market.contracts import ContractTerms
from hedging.market.snapshots import Snapshots
from hedging.prices.delivery import Deliveries, deliveries_of
from hedging.venues import read_snapshots

__all__ = ["read_tape"]


def read_tape(
    path: Paths,
    *,
    asset: str | None = None,
    start: str | pd.Timestamp | None = None,
    end: str | pd.Timestamp | None = None,
    delivery: Deliveries | None = None,
    rules: ChainRules | None = None,
    every: str | pd.Timedelta | None = None,
    timezone: str | None = None,
    terms: ContractTerms | Mapping[str, Any] | None = None,
    spot: float | None = None,
    rate: float | None = None,
    dividends: Mapping[str, float] | None = None,
    map: str | Path | Mapping[str, Any] | None = None,  # noqa: A002 - as in read_chain
    named: bool = False,
) -> Tape:
    """Read every recorded snapshot of one underlying.

    Parameters
    ----------
    path : str, Path or several of them
        Files as `read_chains` takes them, a tape's own saved form, or a folder, of which every file with such
        an ending is read and those of other assets are left out and named, as are those that do not name theirs
        where others do.
    asset : str, optional
        Which underlying, where there are several.
    start, end : str or Timestamp, optional
        As in `Tape.between`.
    delivery : path, Series, or several of them, optional
        Delivery prices; see `read_delivery`.
    rules : ChainRules, optional
        Limits beyond which a quote is rejected.
    every, timezone, terms, spot, rate, dividends, map : optional
        What the files do not say, or say otherwise than holds for you, as in `read_chains`, for all of them.
    named : bool
        Whether every file itself must say that it is of `asset`, as in `read_chain`.

    Returns
    -------
    Tape

    Raises
    ------
    ChainError
        If a file cannot be used or is of another asset, no snapshot is usable, or two files show one time with
        different quotes.

    Examples
    --------
    >>> tape = read_tape("chains/btc.parquet", delivery="prices/hourly.parquet")  # doctest: +SKIP
    """
    files, of_folder = _files(path)
    said = {
        "rules": rules,
        "every": every,
        "timezone": timezone,
        "terms": terms,
        "spot": spot,
        "rate": rate,
        "dividends": dividends,
        "map": map,
    }
    said = {name: value for name, value in said.items() if value is not None}
    if of_folder:
        parts, skipped = _parts_of_folder(files, asset, said, named)
    else:
        parts, skipped = [_part(file, asset, said, named=named) for file in files], []
    if not parts:
        raise ChainError(
            f"{path} holds no chain that can be used: {'; '.join(each.rstrip('.') for each in skipped) or 'no file'}."
        )
    tape = _joined(parts, skipped)
    given = deliveries_of(delivery, tape.asset)
    return replace(tape, deliveries=given or tape.deliveries).between(start, end)


def _parts_of_folder(
    files: Sequence[Path], asset: str | None, said: Mapping[str, Any], always: bool
) -> tuple[list[Tape], list[str]]:
    """Tapes of the files that can be used, and why the others cannot.

    A file that does not name its underlying could be of any: it counts only where none of the folder does, and
    never where it `always` must.
    """
    for named in (True,) if always else (True, False):
        parts: list[Tape] = []
        skipped: list[str] = []
        for file in files:
            try:
                parts.append(_part(file, asset, said, named=named))
            except ChainError as error:
                skipped.append(str(error))
        if parts:
            break
    return parts, skipped


def _part(file: Path, asset: str | None, said: Mapping[str, Any], *, named: bool = False) -> Tape:
    """The tape of one file."""
    if not is_saved(file):
        return _usable(read_snapshots(file, asset=asset, named=named, **said), file.name)
    if said:
        raise ChainError(
            f"{file.name} is a saved tape, whose quotes were judged when they were first read: "
            f"leave {' and '.join(f'{name}=' for name in said)} out."
        )
    found = Tape(*load_tape(file))
    if asset not in (None, found.asset):
        raise ChainError(
            f"{file.name} holds {found.asset}, not {asset}{meant(str(asset), [found.asset]) or '.'}"
        )
    return found


def _files(path: Paths) -> tuple[list[Path], bool]:
    """The files that are meant, and whether they are those of a folder."""
    if isinstance(path, str | Path):
        found = Path(path)
        if not found.is_dir():
            return [found], False
        inside = sorted(each for each in found.iterdir() if each.is_file() and each.name.endswith(ENDINGS))
        if not inside:
            raise ChainError(f"the folder {found} holds no file that ends in {', '.join(ENDINGS)}.")
        return inside, True
    try:
        several = [Path(each) for each in path]
    except TypeError:
        raise ChainError(f"a tape is read of a file, a folder or several files; got {path!r:.80}.") from None
    if not several:
        raise ChainError("a tape needs at least one file; got none.")
    return several, False


def _usable(found: Snapshots, name: str) -> Tape:
    """The tape of those snapshots that can be used."""
    good = [number for number, error in enumerate(found.errors) if not error]
    if not good:
        raise ChainError(f"{name} has no snapshot that can be used: {found.errors[0]}")
    bad = tuple((found.times[k], error) for k, error in enumerate(found.errors) if error)
    used = found if len(good) == len(found) else found.take(good)
    return Tape(used, unusable=bad, skipped=_contradicted(used, name))


def _contradicted(found: Snapshots, name: str) -> tuple[str, ...]:
    """What a file quotes twice at one time and otherwise, of which the first row counts."""
    rows = np.flatnonzero(found.rejected["detail"].astype(str).str.endswith(OTHER_QUOTE).to_numpy())
    if not rows.size:
        return ()
    when = found.times[int(np.searchsorted(found.rejected_ends, rows[0], side="right")) - 1]
    symbol = found.rejected["symbol"].iat[int(rows[0])]
    return (
        f"{number_of(rows.size, 'row')} of {name} that quote a contract otherwise than another row of the same time, the "
        f"first of {symbol} at {when:%Y-%m-%d %H:%M:%S} UTC; leave one of them out",
    )


def _joined(parts: list[Tape], skipped: list[str]) -> Tape:
    """One tape of several, in the order of time; a snapshot that two files have alike counts once."""
    assets = {part.asset: part.sources[0] for part in parts}
    if len(assets) > 1:
        held = ", ".join(f"{asset} ({name})" for asset, name in assets.items())
        raise ChainError(f"a tape is of one underlying; the files hold {held}. Pass asset= to pick one.")
    whole = parts[0].snapshots
    for part in parts[1:]:
        whole = whole.joined(part.snapshots)
    order = np.argsort(whole.times.asi8, kind="stable")
    kept: list[int] = []
    for number in map(int, order):
        if kept and whole.times[number] == whole.times[kept[-1]]:
            _alike(whole, kept[-1], number)
            skipped.append(f"{whole.times[number]} of {whole.sources[number][0]} is there twice")
            continue
        kept.append(number)
    if kept != list(range(len(whole))):
        whole = whole.take(kept)
    return Tape(
        whole,
        tuple(each for part in parts for each in part.deliveries),
        tuple(each for part in parts for each in part.unusable),
        (*(what for part in parts for what in part.skipped), *skipped),
        parts[0].kind if len({part.kind for part in parts}) == 1 else "recorded and modelled",
    )


def _alike(found: Snapshots, first: int, second: int) -> None:
    """Refuse two snapshots of one time that show different quotes."""
    one, other = found.chain(first), found.chain(second)
    if one.spot != other.spot or not one.quotes.equals(other.quotes):
        names = " and ".join(sorted({one.source, other.source}))
        raise ChainError(
            f"{names} show different quotes of {found.asset} at {one.as_of}; leave one of them out."
        )

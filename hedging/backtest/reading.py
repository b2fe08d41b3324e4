"""Tapes read from files and folders: every recorded snapshot of one underlying, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from hedging._ground.arguments import must_be
from hedging.backtest.saved import is_saved, load_tape
from hedging.backtest.tape import ENDINGS, Paths, Tape
from hedging.errors import ChainError
from hedging.market.chain import ChainRules
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
) -> Tape:
    """Read every recorded snapshot of one underlying.

    Parameters
    ----------
    path : str, Path or several of them
        Files as `read_chains` takes them, a tape's own saved form, or a folder, of which every file with such
        an ending is read and those of other assets are left out and named.
    asset : str, optional
        Which underlying, where there are several.
    start, end : str or Timestamp, optional
        As in `Tape.between`.
    delivery : path, Series, or several of them, optional
        Delivery prices; see `read_delivery`.
    rules : ChainRules, optional
        Limits beyond which a quote is rejected.

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
    skipped: list[str] = []
    parts: list[Tape] = []
    for file in files:
        try:
            if is_saved(file):
                if rules is not None:
                    raise ChainError(f"{file.name} holds quotes that were judged when they were first read.")
                part = Tape(*load_tape(file))
                if asset not in (None, part.asset):
                    raise ChainError(f"{file.name} holds {part.asset}, not {asset}.")
            else:
                part = _usable(read_snapshots(file, asset=asset, rules=rules), file.name)
        except ChainError as error:
            if not of_folder:
                raise
            skipped.append(str(error))
            continue
        parts.append(part)
    if not parts:
        raise ChainError(f"{path} holds no chain that can be used: {'; '.join(skipped) or 'no file'}.")
    tape = _joined(parts, skipped)
    given = deliveries_of(delivery, tape.asset)
    return replace(tape, deliveries=given or tape.deliveries).between(start, end)


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
    several = [
        Path(must_be("a path", each, str, Path)) for each in must_be("path", path, str, Path, Iterable)
    ]
    if not several:
        raise ChainError("a tape needs at least one file; got none.")
    return several, False


def _usable(found: Snapshots, name: str) -> Tape:
    """The tape of those snapshots that can be used."""
    good = [number for number, error in enumerate(found.errors) if not error]
    if not good:
        raise ChainError(f"{name} has no snapshot that can be used: {found.errors[0]}")
    bad = tuple((found.times[k], error) for k, error in enumerate(found.errors) if error)
    return Tape(found if len(good) == len(found) else found.take(good), unusable=bad)


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

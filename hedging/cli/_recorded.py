"""Recorded chains of the assets of a plan, each read when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hedging.cli._streams import complain
from hedging.errors import ChainError, HedgingError, InputError

if TYPE_CHECKING:
    import pandas as pd

    from hedging.market import OptionChain

__all__ = ["Source", "fail", "recorded"]

Source: TypeAlias = "Callable[[], list[OptionChain]]"


def recorded(files: Sequence[str], assets: Sequence[str]) -> list[tuple[pd.Timestamp, Source]]:
    """Times at which every asset has a chain, ascending, with what reads them; and those of chains that cannot be used.

    Raises
    ------
    InputError
        If there is no such time, or no file brings an asset.
    """
    tapes = _tapes(list(dict.fromkeys(files)), assets)
    for why in dict.fromkeys(each for tape in tapes for each in tape.skipped):
        complain(f"left out: {why}")
    places = [{when: number for number, when in enumerate(tape.times)} for tape in tapes]
    shared = [when for when in places[0] if all(when in each for each in places)]
    if not shared:
        raise InputError(
            "the assets of the plan have no chains of the same time; hold it against them with audit."
        )

    def read(when: pd.Timestamp) -> list[OptionChain]:
        return [tape.shared_chain(place[when]) for tape, place in zip(tapes, places, strict=True)]

    found: list[tuple[pd.Timestamp, Source]] = [(when, partial(read, when)) for when in shared]
    bad = {when: why for tape in tapes for when, why in tape.unusable}
    found += [(when, partial(fail, ChainError(f"{when}: {why}"))) for when, why in bad.items()]
    return sorted(found, key=lambda each: each[0])


def _tapes(files: Sequence[str], assets: Sequence[str]) -> list[Any]:
    """The chains of each asset, from all files that have some; a file that has none of any is refused."""
    from hedging.backtest import read_tape

    found: dict[str, dict[str, Any]] = {asset: {} for asset in assets}
    why: dict[str, HedgingError] = {}
    for file in files:
        for asset in assets:
            try:
                found[asset][file] = read_tape(file, asset=asset, named=len(assets) > 1)
            except HedgingError as error:
                why[file] = error
    for file in files:
        if not any(file in tapes for tapes in found.values()):
            raise why[file]
    if missing := next((asset for asset, tapes in found.items() if not tapes), None):
        raise InputError(f"no --chain brings {missing}, which the plan is of: {why[files[-1]]}")
    return [_joined(tapes, asset) for asset, tapes in found.items()]


def _joined(tapes: dict[str, Any], asset: str) -> Any:
    """One tape of all files of an asset."""
    from hedging.backtest import read_tape

    if len(tapes) > 1 and (folder := next((file for file in tapes if Path(file).is_dir()), None)):
        raise InputError(f"--chain {folder} is a folder: give it alone, or the files in it.")
    return next(iter(tapes.values())) if len(tapes) == 1 else read_tape([*tapes], asset=asset)


def fail(error: Exception) -> list[OptionChain]:
    """What reads a chain that cannot be read."""
    raise error

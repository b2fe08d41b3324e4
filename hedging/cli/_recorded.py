"""Recorded chains of the assets of a plan, each read when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
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
    tapes = [_tape(files, asset) for asset in assets]
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


def _tape(files: Sequence[str], asset: str) -> Any:
    """The chains of one asset, from the first file or folder that has some."""
    from hedging.backtest import read_tape

    for file in files[:-1]:
        try:
            return read_tape(file, asset=asset)
        except HedgingError:
            continue
    return read_tape(files[-1], asset=asset)


def fail(error: Exception) -> list[OptionChain]:
    """What reads a chain that cannot be read."""
    raise error

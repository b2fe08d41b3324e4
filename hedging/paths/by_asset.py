"""Scenarios of several assets: one set of paths each, scenario by scenario the same state of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from hedging._ground.arguments import must_be
from hedging.errors import InputError
from hedging.paths.paths import Paths

__all__ = ["PathsBy", "leading", "paths_by_asset", "paths_of_asset", "selected"]

PathsBy: TypeAlias = Paths | Mapping[str, Paths]
"""Paths of one asset, or of each by name."""


def paths_by_asset(paths: PathsBy, assets: Sequence[str]) -> dict[str, Paths]:
    """Paths of each asset.

    Raises
    ------
    InputError
        If an asset has none, there is one set for several, or they differ in dates or number.
    """
    if isinstance(paths, Paths):
        if len(assets) > 1:
            raise InputError(
                f"one set of paths was given for {', '.join(assets)}, which move apart: give paths of each by name, as "
                "hedging.paths.couple and hedging.scenario.draw do."
            )
        return dict.fromkeys(assets, paths)
    must_be("paths", paths, Paths, Mapping)
    missing = [asset for asset in assets if asset not in paths]
    if missing:
        raise InputError(
            f"no paths are given for {', '.join(missing)}; got {', '.join(map(str, paths)) or 'none'}."
        )
    first = paths[assets[0]] if assets else None
    for name, each in paths.items():
        if first is not None and (len(each) != len(first) or not np.array_equal(each.days, first.days)):
            raise InputError(f"paths of {name} must have the scenarios and dates of those of {assets[0]}.")
    return dict(paths)


def paths_of_asset(paths: PathsBy, asset: str) -> Paths:
    """Those of one asset; one set is that of all, moving by the same shares."""
    return paths if isinstance(paths, Paths) else paths[asset]


def leading(paths: PathsBy) -> Paths:
    """The first of them, whose dates, labels and number are those of all."""
    return paths if isinstance(paths, Paths) else next(iter(paths.values()))


def selected(paths: PathsBy, scenarios: slice | Sequence[int]) -> PathsBy:
    """Some of the scenarios, by position."""
    if isinstance(paths, Paths):
        return paths.select(scenarios)
    return {asset: each.select(scenarios) for asset, each in paths.items()}

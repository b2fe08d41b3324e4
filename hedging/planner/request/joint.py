"""How several assets move under a floor, where the others follow the first by a beta and a residual.

The beta is that of log-prices, as in `hedging.paths.couple`, read at some moves of the first asset and straight
between them: so what has expired is piecewise linear in the first asset's level wherever in its band each other is,
and a floor that holds at the nodes named here holds between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from hedging._numerics.types import Array
from hedging.errors import InputError
from hedging.paths.by_asset import PathsBy
from hedging.paths.joint import stress_betas
from hedging.paths.paths import Paths
from hedging.planner.request.default_scenarios import HIGH, NEAR_ZERO, SPOT_MOVES
from hedging.planner.request.target import Target

__all__ = ["KNOTS", "Link", "linked_paths", "links_of"]

KNOTS: Final = np.unique(
    np.round(
        [NEAR_ZERO, 0.01, 0.025, 0.05, 0.15, *(1.0 + np.asarray(SPOT_MOVES)), 2.5, 4, 5, 7, 10, 20, 100], 12
    )
)
"""Levels of the first asset between which the others' lie on straight lines, as multiples of today's."""


@dataclass(frozen=True, slots=True)
class Link:
    """What one asset does where the first is at some level.

    Attributes
    ----------
    beta : float
        Of its log-price to that of the first asset.
    residual : float
        How far from there it may be to either side, as a share of the price there. [1]
    """

    beta: float
    residual: float

    def middle(self, lead: Array) -> Array:
        """Its level without a residual, at levels of the first."""
        return np.asarray(np.interp(lead, KNOTS, KNOTS**self.beta))

    def band(self, lead: Array, lowest: float) -> tuple[Array, Array]:
        """Least and greatest level, neither below some lowest one."""
        low, high = ((1.0 + side * self.residual) * self.middle(lead) for side in (-1.0, 1.0))
        return np.maximum(low, lowest), np.maximum(high, lowest)

    def crossings(self, levels: Array) -> Array:
        """Levels of the first asset at which an end of the band is at one of some levels."""
        scaled = np.concatenate([levels / (1.0 + side * self.residual) for side in (-1.0, 1.0)])
        return np.asarray(np.interp(scaled, KNOTS**self.beta, KNOTS))

    def leading(self, levels: Array, lowest: float) -> Array:
        """Nodes of the first asset that this one asks for, given its own: knots, and where its band meets them."""
        found = np.concatenate((KNOTS, self.crossings(np.append(levels, lowest))))
        return found[(found >= lowest) & (found <= HIGH)]


def links_of(target: Target, assets: Sequence[str]) -> dict[str, Link]:
    """How each asset but the first follows it; none where they do not.

    Raises
    ------
    InputError
        If no beta is known of an asset, or one is given of an asset that is not there.
    """
    if target.joint != "beta" or len(assets) < 2:
        return {}
    unknown = [asset for asset in target.betas if asset not in assets[1:]]
    if unknown:
        raise InputError(
            f"betas are of the assets that follow {assets[0]}, the first: {', '.join(assets[1:])}; got "
            f"{', '.join(unknown)}."
        )
    asked = [assets[0], *(asset for asset in assets[1:] if asset not in target.betas)]
    betas = (stress_betas(asked) if len(asked) > 1 else {}) | dict(target.betas)
    return {asset: Link(betas[asset], target.residual) for asset in assets[1:]}


def linked_paths(paths: Paths, assets: Sequence[str], links: dict[str, Link]) -> PathsBy:
    """Scenarios of the first asset, and what the others do in them without a residual; the same for all where none follows."""
    if not links:
        return paths
    moved = {
        asset: replace(paths, spot=np.maximum(link.middle(paths.spot), NEAR_ZERO))
        for asset, link in links.items()
    }
    return {assets[0]: paths} | moved

"""Several assets along one set of scenarios: the others move by beta and a residual of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hedging.errors import InputError
from hedging.paths.paths import Paths, along
from hedging.paths.reactions import STRESS_BETA, Reaction, measured

__all__ = ["couple", "stress_betas"]


def stress_betas(assets: Sequence[str]) -> dict[str, float]:
    """Log-price lost in stress per log-price lost by the first of some assets.

    Raises
    ------
    InputError
        If none is known of an asset; see `hedging.paths.STRESS_BETA`.

    Examples
    --------
    >>> stress_betas(["ETH", "BTC"])["BTC"]
    0.7407407407407407
    """
    unknown = [asset for asset in assets if asset not in STRESS_BETA]
    if unknown:
        raise InputError(_unknown(unknown))
    return {asset: STRESS_BETA[asset] / STRESS_BETA[assets[0]] for asset in assets}


def couple(
    paths: Paths,
    assets: Sequence[str],
    *,
    betas: Mapping[str, float] = STRESS_BETA,
    reactions: Mapping[str, Reaction] | None = None,
) -> dict[str, Paths]:
    """Paths of several assets in one crash, for `hedging.scenario.run`.

    Parameters
    ----------
    paths : Paths
        Of the asset that leads, whose beta is 1; they must follow each other in time (no grid).
    assets : sequence of str
        Whose paths are wanted.
    betas : mapping
        Log-price lost per log-price lost by the leader.
    reactions : mapping, optional
        What moves with each asset; by default as fitted to BTC, and ETH's for all others, which
        the result then says.

    Raises
    ------
    InputError
        If an asset has no beta, or the paths are a grid.

    Examples
    --------
    >>> from hedging.paths.crash import crash_path
    >>> both = couple(crash_path(-0.05, days=2), ["BTC", "ETH"])
    >>> np.log(both["ETH"].spot).round(4).tolist()
    [[0.0, -0.0675, -0.135]]
    """
    unknown = [asset for asset in assets if asset not in betas]
    if unknown:
        raise InputError(_unknown(unknown))
    if paths.straight:
        raise InputError(
            "a grid says where each asset is, not how it gets there; give each asset its own grid."
        )
    return {
        asset: paths
        if betas[asset] == 1.0 and asset not in (reactions or {})
        else along(paths.days, betas[asset] * np.log(paths.spot), paths.labels, measured(asset, reactions))
        for asset in assets
    }


def _unknown(assets: Sequence[str]) -> str:
    return f"no stress beta is known for {', '.join(assets)}; pass betas={{{assets[0]!r}: ...}}."

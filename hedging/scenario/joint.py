"""How the assets of several markets move together: in one fall, and in a crash that happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hedging.market.market import Market
from hedging.paths import Paths, couple, replay, stress_betas
from hedging.scenario.rule import rule_of

__all__ = ["falls", "replayed"]


def falls(markets: Sequence[Market], make: Callable[..., Paths]) -> dict[str, Paths]:
    """Paths of the first asset, made with its reaction, and those of the others by their stress betas to it.

    Parameters
    ----------
    markets : sequence of Market
    make : callable
        Takes ``reaction``, that of an asset's vol at its own level; such as `hedging.paths.crash_path` with its speed.

    Returns
    -------
    dict of str to Paths
        By asset.
    """
    reactions = {market.asset: rule_of(market) for market in markets}
    first, *others = reactions
    lead = make(reaction=reactions[first])
    if not others:
        return {first: lead}
    return couple(lead, list(reactions), betas=stress_betas(list(reactions)), reactions=reactions)


def replayed(markets: Sequence[Market], name: str) -> dict[str, Paths]:
    """Paths of a crash that happened, of each asset by its own prices or its stress beta."""
    return {market.asset: replay(name).paths(market.asset, reaction=rule_of(market)) for market in markets}

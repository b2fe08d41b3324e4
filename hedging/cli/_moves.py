"""How the assets of a book move together, on the command line: one fall, a crash that happened, drawn paths."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from hedging.cli import _console as console

if TYPE_CHECKING:
    from hedging.market import Market
    from hedging.paths import Paths

__all__ = ["add_correlation", "drawn", "falls", "replayed"]


def add_correlation(command: console.Parser | argparse._ArgumentGroup) -> None:
    """How closely drawn assets follow each other."""
    command.add_argument(
        "--correlation",
        type=console.share,
        default=0.8,
        metavar="SHARE",
        help="of any two assets that are drawn (default 80%%, that of BTC and ETH day by day in 2021 to 2025)",
    )


def drawn(
    markets: Sequence[Market],
    days: float,
    count: int,
    seed: int,
    correlation: float,
    tails: str = "student-t",
) -> dict[str, Paths]:
    """Paths with the distributions that the chains quote, by asset, judged at each expiry and at the end."""
    import numpy as np

    from hedging.paths import stressed_correlation
    from hedging.scenario import draw

    together = stressed_correlation(np.eye(len(markets)), correlation)
    return draw(list(markets), days, count, seed, tails=tails, correlation=together)  # type: ignore[arg-type]


def falls(markets: Sequence[Market], make: Callable[..., Paths]) -> dict[str, Paths]:
    """Paths of the first asset, made with its reaction, and those of the others by their stress betas to it."""
    from hedging.paths import couple, stress_betas
    from hedging.scenario import rule_of

    reactions = {market.asset: rule_of(market) for market in markets}
    first, *others = reactions
    lead = make(reaction=reactions[first])
    if not others:
        return {first: lead}
    return couple(lead, list(reactions), betas=stress_betas(list(reactions)), reactions=reactions)


def replayed(markets: Sequence[Market], name: str) -> dict[str, Paths]:
    """A crash that happened, of each asset by its own prices or its stress beta."""
    from hedging.paths import replay
    from hedging.scenario import rule_of

    return {market.asset: replay(name).paths(market.asset, reaction=rule_of(market)) for market in markets}

"""How the assets of a book move together, on the command line: the correlation of drawn paths."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hedging._ground import forms
from hedging.cli import _console as console

if TYPE_CHECKING:
    from hedging.market import Market
    from hedging.paths import Paths

__all__ = ["add_correlation", "drawn"]


def add_correlation(command: console.Parser | argparse._ArgumentGroup) -> None:
    """How closely drawn assets follow each other."""
    command.add_argument(
        "--correlation",
        type=forms.share,
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
